//! Tokens that every process refuses from now on.

use super::Fleet;
use crate::base::numeric_date::NumericDate;
use crate::revocation::Revocation;
pub use crate::store::revoked::{RevokeError, Revoked, StoreFault};

impl Fleet {
    /// Refuses the tokens that `revocation` names, in every process of the fleet, although they
    /// have not expired. The others hear of it well within a second.
    ///
    /// It holds in this process at once, also when the store does not answer. It is forgotten after
    /// `revocation_keep`, or at [`Revocation::until`].
    ///
    /// ```
    /// use tower_jwt_auth::fleet::{Fleet, Revocation, RevokeError};
    ///
    /// async fn sign_out(fleet: &Fleet, user: &str) -> Result<(), RevokeError> {
    ///     let user = Revocation::subject("https://tenant.auth0.com/", user);
    ///     fleet.revoke(user).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`NotShared`](RevokeError::NotShared): the store did not take it, so the other processes
    ///   do not know. Call again.
    /// - [`RevocationsFull`](RevokeError::RevocationsFull),
    ///   [`CutAhead`](RevokeError::CutAhead), [`UntilTooLate`](RevokeError::UntilTooLate) and
    ///   [`TurnedOff`](RevokeError::TurnedOff): nothing was revoked.
    pub async fn revoke(&self, revocation: Revocation) -> Result<Revoked, RevokeError> {
        let (list, stream) = self.0.revoking.as_ref().ok_or(RevokeError::TurnedOff)?;
        stream.revoke(list, &revocation).await
    }

    /// The same with a cut at `cut`, but adds no second entry if the store has this one.
    pub(super) async fn revoke_once(
        &self,
        revocation: Revocation,
        cut: NumericDate,
    ) -> Result<(), RevokeError> {
        let (list, stream) = self.0.revoking.as_ref().ok_or(RevokeError::TurnedOff)?;
        stream.revoke_once(list, revocation, cut).await
    }

    /// Reads the list of revocations, and waits until that is done or `revocations_at_start` is
    /// over; for ever if that is `"required"` and the store is down. Returns at once without
    /// revocations.
    ///
    /// The first request starts reading too, but must wait for the list.
    /// [`JwtAuthLayer::wait_for_keys`](crate::JwtAuthLayer::wait_for_keys) waits for the list and
    /// the keys.
    pub async fn ready(&self) {
        if let Some((list, _)) = &self.0.revoking {
            list.ready().await;
        }
    }
}
