//! Whether there is a list to judge by: it was read once since the process started, and the process
//! has not stood still since.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use crate::base::clock::Now;

/// What is known of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// It was read from the store once.
    pub(super) read: bool,
    /// It was not, but requests have waited long enough.
    pub(super) given_up: bool,
    /// The process stood still, and has not read the list since.
    pub(super) stood_still: bool,
}

impl State {
    pub(super) const fn is_unread(self) -> bool {
        !self.read && !self.given_up
    }

    pub(super) const fn must_wait(self) -> bool {
        self.is_unread() || self.stood_still
    }
}

/// The last tick by both clocks: the monotonic one may stop with the process, and the other one can
/// be set.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    first: OnceLock<Instant>,
    /// Seconds since the first tick.
    monotonic: AtomicU64,
    /// Unix seconds.
    wall: AtomicU64,
}

impl Ticks {
    pub(super) fn set(&self, now: Now) {
        let first = *self.first.get_or_init(|| now.monotonic);
        self.monotonic.store(seconds(first, now), Ordering::Relaxed);
        self.wall.store(now.wall.unix_seconds(), Ordering::Relaxed);
    }

    /// `false` before the first tick: who does not tick cannot stand still.
    pub(super) fn are_overdue(&self, now: Now) -> bool {
        let Some(first) = self.first.get() else {
            return false;
        };
        let last = self.monotonic.load(Ordering::Relaxed);
        let since = seconds(*first, now).saturating_sub(last);
        let last = self.wall.load(Ordering::Relaxed);
        let since_by_wall = now.wall.unix_seconds().saturating_sub(last);
        since.max(since_by_wall) > STILL_SECONDS
    }

    /// Whether the wall clock was set back by more than that.
    pub(super) fn are_ahead(&self, now: Now) -> bool {
        let ahead = self.wall.load(Ordering::Relaxed);
        ahead.saturating_sub(now.wall.unix_seconds()) > STILL_SECONDS
    }
}

fn seconds(since: Instant, now: Now) -> u64 {
    now.monotonic.saturating_duration_since(since).as_secs()
}

/// Without a tick for longer than this, the process stood still; with one that is further in the
/// future, its clock was ahead.
const STILL_SECONDS: u64 = 15;
