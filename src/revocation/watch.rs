//! The tokens of open streams, watched for as long as the streams are open.

use std::sync::Arc;

use super::list::Revocations;
use crate::base::clock::Now;
use crate::token::verified::Verified;

/// Removes a stream when it has ended.
struct Place {
    revocations: Arc<Revocations>,
    number: u64,
}

impl Revocations {
    /// Returns when the token is revoked. The token is watched from the first poll on, until the
    /// future is dropped.
    pub(crate) async fn revoked(self: Arc<Self>, token: Arc<Verified>) {
        let (number, ended) = self.streams.add(token.clone());
        let place = Place {
            revocations: self,
            number,
        };
        // It may have been revoked between the verdict and now.
        let list = &place.revocations;
        if list.has_passed(&token) || !list.has_revoked(&token, || list.clock.now()) {
            // `place` keeps the list, and with it the other end.
            let _ = ended.await;
        }
    }

    /// The number of streams that are watched.
    #[cfg(feature = "test-util")]
    pub(crate) fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// Ends the streams of tokens that are revoked.
    pub(super) fn end_streams(&self, now: Now) {
        let is_revoked =
            |token: &Verified| !self.has_passed(token) && self.has_revoked(token, || now);
        self.streams.end_if(is_revoked, self.version(), now);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.revocations.streams.remove(self.number);
    }
}
