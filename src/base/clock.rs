//! Reads the clocks. Everything else takes time as an argument.

#[cfg(feature = "test-util")]
use std::sync::Arc;
#[cfg(feature = "test-util")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::base::numeric_date::NumericDate;

/// One reading of both clocks: the times of tokens are compared with the wall clock, the age of
/// keys is measured with the monotonic clock, which cannot be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall: NumericDate,
    pub(crate) monotonic: Instant,
}

/// Reads the wall clock, or the fake clock of a test. The monotonic clock is tokio's, which tests
/// can pause.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    /// Bits of an `f64` of Unix seconds.
    #[cfg(feature = "test-util")]
    Fake(Arc<AtomicU64>),
    /// The same at a moment of tokio's clock, and then as fast as that.
    #[cfg(all(feature = "redis", feature = "test-util"))]
    Running(Arc<AtomicU64>, Instant),
}

impl Clock {
    pub(crate) fn now(&self) -> Now {
        Now {
            wall: self.wall(),
            monotonic: Instant::now(),
        }
    }

    fn wall(&self) -> NumericDate {
        let seconds = match self {
            // A clock before 1970 cannot be right: it reads as infinity, so that every token has
            // expired.
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(f64::INFINITY, |since| since.as_secs_f64()),
            #[cfg(feature = "test-util")]
            Self::Fake(bits) => f64::from_bits(bits.load(Ordering::Relaxed)),
            #[cfg(all(feature = "redis", feature = "test-util"))]
            Self::Running(bits, since) => {
                f64::from_bits(bits.load(Ordering::Relaxed)) + since.elapsed().as_secs_f64()
            }
        };
        NumericDate::new(seconds).unwrap_or(NumericDate::FAR_FUTURE)
    }
}

/// `at` and `pause` later. Settings are bounded by `MAX_DURATION`, so no sum leaves the range of
/// the clock; if one did, `at` itself only makes a fetch come early.
pub(crate) fn later(at: Instant, pause: Duration) -> Instant {
    at.checked_add(pause).unwrap_or(at)
}

/// Whether `pause` has passed since `last`, or there was no last time. If so, `now` is the last.
pub(crate) fn is_due(last: &mut Option<Instant>, pause: Duration, now: Instant) -> bool {
    let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= pause);
    if is_due {
        *last = Some(now);
    }
    is_due
}
