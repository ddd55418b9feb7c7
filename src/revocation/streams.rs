//! The open event streams. They are looked at together, at most twice a second, when something has
//! changed, so that ten thousand of them cost little.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::list::Revocations;
use crate::base::clock::{Now, later};
use crate::token::verified::Verified;

#[derive(Default)]
pub(super) struct Streams(Mutex<Open>);

#[derive(Default)]
struct Open {
    streams: HashMap<u64, Stream>,
    /// The number of the next one.
    next: u64,
    /// The version of the list that all were looked for in.
    looked_at: u64,
    /// When they may be looked at again.
    rest_until: Option<Instant>,
}

struct Stream {
    token: Arc<Verified>,
    end: oneshot::Sender<()>,
}

/// Removes a stream when it has ended.
struct Place {
    revocations: Arc<Revocations>,
    number: u64,
}

impl Revocations {
    /// Returns when the token is revoked. The token is watched from the first poll on, until the
    /// future is dropped.
    pub(crate) async fn revoked(self: Arc<Self>, token: Arc<Verified>) {
        let (end, ended) = oneshot::channel();
        let stream = Stream {
            token: token.clone(),
            end,
        };
        let number = self.streams.lock().add(stream);
        let place = Place {
            revocations: self,
            number,
        };
        // It may have been revoked between the verdict and now.
        let list = &place.revocations;
        if list.has_passed(&token) || !list.has_revoked(&token, list.clock.now()) {
            // `place` keeps the list, and with it the other end.
            let _ = ended.await;
        }
    }

    /// The number of streams that are watched.
    #[cfg(feature = "test-util")]
    pub(crate) fn open_streams(&self) -> usize {
        self.streams.lock().streams.len()
    }

    /// Ends the streams of tokens that are revoked.
    pub(super) fn end_streams(&self, now: Now) {
        let mut open = self.streams.lock();
        let version = self.version();
        let is_resting = open.rest_until.is_some_and(|until| now.monotonic < until);
        if open.looked_at == version || is_resting {
            return;
        }
        let is_revoked = |token: &Verified| !self.has_passed(token) && self.has_revoked(token, now);
        let revoked = open
            .streams
            .extract_if(|_, stream| is_revoked(&stream.token));
        let revoked: Vec<_> = revoked.map(|(_, stream)| stream.end).collect();
        open.looked_at = version;
        open.rest_until = Some(later(now.monotonic, REST));
        // A stream that ends removes itself, for which it needs the lock.
        drop(open);
        for end in revoked {
            // The receiver is gone if the stream has ended by itself.
            let _ = end.send(());
        }
    }
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn add(&mut self, stream: Stream) -> u64 {
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.streams.insert(number, stream);
        number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.revocations.streams.lock().streams.remove(&self.number);
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// The pause between two looks at all streams.
const REST: Duration = Duration::from_millis(500);
