//! Whether there is a list to judge by: it was read once since the process started, and the process
//! has not stood still since.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::clock::{Now, later};

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
    /// Seconds from the first tick to the moment from which the last one is too old.
    too_old: AtomicU64,
    /// Bits of an `f64` of Unix seconds.
    wall: AtomicU64,
}

impl Ticks {
    pub(super) fn set(&self, now: Now) {
        let first = self.first.get().copied().unwrap_or(now.monotonic);
        let since = now.monotonic.saturating_duration_since(first).as_secs();
        let too_old = since.saturating_add(STILL_SECONDS).saturating_add(1);
        self.too_old.store(too_old, Ordering::Relaxed);
        let second = now.wall.unix_seconds() as f64;
        self.wall.store(second.to_bits(), Ordering::Relaxed);
        // Last: from now on, the others count.
        self.first.get_or_init(|| first);
    }

    /// Whether the last tick is as recent as it has to be, and not in the future. `true` before the
    /// first one: who does not tick cannot stand still. For each request: adding to a moment costs
    /// half of what the time between two moments costs.
    #[inline]
    pub(super) fn fit(&self, now: Now) -> bool {
        let Some(first) = self.first.get() else {
            return true;
        };
        let too_old = Duration::from_secs(self.too_old.load(Ordering::Relaxed));
        !self.are_ahead(now)
            && self.since_by_wall(now) < STILL_SECONDS as f64 + 1.0
            && now.monotonic < later(*first, too_old)
    }

    /// Whether the wall clock was set back by more than that.
    pub(super) fn are_ahead(&self, now: Now) -> bool {
        self.since_by_wall(now) < -(STILL_SECONDS as f64)
    }

    fn since_by_wall(&self, now: Now) -> f64 {
        let second = f64::from_bits(self.wall.load(Ordering::Relaxed));
        now.wall.since_second(second)
    }
}

/// Without a tick for longer than this, the process stood still; with one that is further in the
/// future, its clock was ahead.
const STILL_SECONDS: u64 = 15;
