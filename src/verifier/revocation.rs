//! The look at the list of revocations: for each request, after the signature or the memory of
//! verified tokens and the answers of issuers, before the proof of possession, the checks of the
//! application and the use of a proof.

use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::Clock;
use crate::revocation::{Looked, Revocations};
use crate::token::TokenErrorKind;
use crate::token::verified::Verified;
use crate::verifier::issuers::{Admitted, Found, Issuers};
use crate::verifier::pending::{Pending, Undecided};
use crate::wire::credentials::Scheme;
use crate::wire::rejection::Rejection;
use crate::wire::revocation_watch::{Revoked, Watch};

impl Issuers {
    /// `found`, unless it is revoked.
    pub(super) fn unless_revoked(
        &self,
        found: Found,
        scheme: Scheme,
        clock: &Clock,
    ) -> Result<Found, Undecided> {
        let Some(list) = &self.revocations else {
            return Ok(found);
        };
        let (admitted, _) = &found;
        if list.has_passed(&admitted.0) {
            return Ok(found);
        }
        match list.look(&admitted.0, || clock.now()) {
            Looked::NotRevoked => Ok(found),
            Looked::Revoked => Err(revoked(admitted, scheme).into()),
            Looked::Wait => Err(Pending::Revocations(found).into()),
        }
    }

    /// The same, and waits if there is no list to judge by.
    pub(super) async fn unless_revoked_at_last(
        &self,
        found: Found,
        scheme: Scheme,
        clock: &Clock,
    ) -> Result<Found, Rejection> {
        let Some(list) = &self.revocations else {
            return Ok(found);
        };
        let (admitted, _) = &found;
        let now = self.now(clock);
        let looked = match list.look(&admitted.0, || now) {
            Looked::Wait if list.wait().await => list.judge(&admitted.0, || clock.now()),
            looked => looked,
        };
        match looked {
            Looked::NotRevoked => Ok(found),
            Looked::Revoked => Err(revoked(admitted, scheme)),
            Looked::Wait => Err(admitted.1.revocations_unread(RETRY_AFTER)),
        }
    }
}

impl Watch for Revocations {
    fn watch(self: Arc<Self>, token: Arc<Verified>) -> Revoked {
        Box::pin(self.revoked(token))
    }
}

fn revoked((_, answers): &Admitted, scheme: Scheme) -> Rejection {
    answers.invalid_token(scheme, Some(TokenErrorKind::Revoked.into()))
}

/// The list is read as soon as the store answers.
const RETRY_AFTER: Duration = Duration::from_secs(1);
