use std::sync::Arc;

use crate::keys::{DemandOutcome, FetchId, KeyDemand};
use crate::token::TokenError;
use crate::verifier::issuers::TrustedIssuer;
use crate::wire::rejection::Rejection;

/// No verdict yet, or a rejection.
#[derive(Debug)]
pub(crate) enum Undecided {
    Pending(Box<Pending>),
    Rejected(Rejection),
}

/// A token that cannot be verified with the available keys, but perhaps with the keys that are
/// being fetched.
#[derive(Debug)]
pub(crate) struct Pending {
    issuer: Arc<TrustedIssuer>,
    demand: OwnedDemand,
    fetch: FetchId,
    error: TokenError,
}

/// A demand that outlives the header of the request.
#[derive(Debug)]
enum OwnedDemand {
    Key { kid: Option<String>, seen: u64 },
    Signature { seen: u64 },
}

impl Pending {
    pub(super) fn new(
        issuer: Arc<TrustedIssuer>,
        demand: KeyDemand<'_>,
        fetch: FetchId,
        error: TokenError,
    ) -> Self {
        let demand = match demand {
            KeyDemand::Key { kid, seen } => OwnedDemand::Key {
                kid: kid.map(ToOwned::to_owned),
                seen,
            },
            KeyDemand::Signature { seen } => OwnedDemand::Signature { seen },
        };
        Self {
            issuer,
            demand,
            fetch,
            error,
        }
    }

    pub(super) const fn error(&self) -> TokenError {
        self.error
    }

    pub(super) fn demand(&self) -> KeyDemand<'_> {
        match &self.demand {
            OwnedDemand::Key { kid, seen } => KeyDemand::Key {
                kid: kid.as_deref(),
                seen: *seen,
            },
            OwnedDemand::Signature { seen } => KeyDemand::Signature { seen: *seen },
        }
    }

    /// Waits for the fetch, at most the fetch timeout.
    pub(super) async fn wait(&self) -> DemandOutcome {
        self.issuer.keys.wait(self.demand(), self.fetch).await
    }
}

impl From<Rejection> for Undecided {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
