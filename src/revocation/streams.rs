//! The open event streams. They are looked at together, at most twice a second, when something has
//! changed, so that ten thousand of them cost little.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

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

impl Streams {
    /// The number of a new stream, and what completes when it has to end.
    pub(super) fn add(&self, token: Arc<Verified>) -> (u64, oneshot::Receiver<()>) {
        let (end, ended) = oneshot::channel();
        let mut open = self.lock();
        let number = open.next;
        open.next = number.wrapping_add(1);
        open.streams.insert(number, Stream { token, end });
        (number, ended)
    }

    pub(super) fn remove(&self, number: u64) {
        let removed = self.lock().streams.remove(&number);
        drop(removed);
    }

    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.lock().streams.len()
    }

    /// Ends those whose token `is_revoked`, if the list has another version than the last time.
    pub(super) fn end_if(&self, is_revoked: impl Fn(&Verified) -> bool, version: u64, now: Now) {
        let mut open = self.lock();
        let is_resting = open.rest_until.is_some_and(|until| now.monotonic < until);
        if open.looked_at == version || is_resting {
            return;
        }
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

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// The pause between two looks at all streams.
const REST: Duration = Duration::from_millis(500);
