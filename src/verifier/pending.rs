//! A verdict that depends on something under way: keys that are being fetched, an issuer that is
//! asked about the token, the list of revocations, or a shared memory of proofs.

use std::sync::Arc;

use crate::introspection::Introspected;
use crate::keys::{DemandOutcome, FetchId, KeyDemand};
use crate::proof::possession::Possession;
use crate::token::TokenError;
use crate::token::verified::Verified;
#[cfg(feature = "redis")]
use crate::verifier::issuers::Found;
use crate::verifier::issuers::TrustedIssuer;
use crate::verifier::possession::{PendingUse, Unauthorized};
use crate::wire::answers::Answers;
use crate::wire::rejection::Rejection;

/// No verdict yet, or a rejection.
#[derive(Debug)]
pub(crate) enum Undecided {
    Pending(Box<Pending>),
    Rejected(Rejection),
}

#[derive(Debug)]
pub(crate) enum Pending {
    Introspection(PendingIntrospection),
    Keys(PendingKeys),
    #[cfg(feature = "redis")]
    Revocations(Found),
    Use(PendingUse),
}

/// A token that cannot be verified with the available keys, but perhaps with the keys that are
/// being fetched.
#[derive(Debug)]
pub(crate) struct PendingKeys {
    issuer: Arc<TrustedIssuer>,
    demand: OwnedDemand,
    fetch: FetchId,
    error: TokenError,
    possession: Option<Box<Possession>>,
}

/// A token whose issuer must be asked.
#[derive(Debug)]
pub(crate) struct PendingIntrospection {
    pub(super) issuer: Arc<Introspected>,
    pub(super) answers: Arc<Answers>,
    /// The token, if it is a JWT that was verified here.
    pub(super) jwt: Option<Arc<Verified>>,
    /// What the request shows of the key that the token may be bound to.
    pub(super) possession: Option<Box<Possession>>,
}

/// A demand that outlives the header of the request.
#[derive(Debug)]
enum OwnedDemand {
    Key { kid: Option<String>, seen: u64 },
    Signature { seen: u64 },
}

impl PendingKeys {
    pub(super) fn new(
        issuer: Arc<TrustedIssuer>,
        demand: KeyDemand<'_>,
        fetch: FetchId,
        error: TokenError,
        possession: Option<Box<Possession>>,
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
            possession,
        }
    }

    /// The issuer whose keys are being fetched.
    pub(super) fn issuer(&self) -> &TrustedIssuer {
        &self.issuer
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

    /// What the request showed of the key that its token is bound to.
    pub(super) fn into_possession(self) -> Option<Box<Possession>> {
        self.possession
    }
}

impl From<Rejection> for Undecided {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Unauthorized> for Undecided {
    fn from(unauthorized: Unauthorized) -> Self {
        match unauthorized {
            Unauthorized::Rejected(rejection) => Self::Rejected(rejection),
            Unauthorized::Pending(pending) => Pending::Use(pending).into(),
        }
    }
}

impl From<Pending> for Undecided {
    fn from(pending: Pending) -> Self {
        Self::Pending(Box::new(pending))
    }
}
