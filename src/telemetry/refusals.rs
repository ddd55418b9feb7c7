//! The rejections of one server, counted for the log: at the default level, an operator who has set
//! something wrong must see why requests are rejected, and a flood must not fill the disk.

use std::fmt::Display;

/// One event for each reason and minute. Clones share their counts. Without the feature `tracing`
/// it has no state.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefusalLog(#[cfg(feature = "tracing")] counted::Counted);

impl RefusalLog {
    /// Whether [`count`](Self::count) would emit an event now.
    pub(crate) fn is_due(&self, code: &'static str) -> bool {
        #[cfg(feature = "tracing")]
        return self.0.is_due(code);
        #[cfg(not(feature = "tracing"))]
        {
            let _ = code;
            false
        }
    }

    /// Counts a rejection, and emits an event if the last one for this reason is a minute old.
    pub(crate) fn count(&self, code: &'static str, reason: &dyn Display) {
        #[cfg(feature = "tracing")]
        self.0.count(code, reason);
        let _ = (code, reason);
    }
}

#[cfg(feature = "tracing")]
mod counted {
    use std::collections::HashMap;
    use std::fmt::Display;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use tokio::time::Instant;

    use crate::telemetry::TARGET;

    /// Keyed by codes of this crate, so there are few.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Counted(Arc<Mutex<HashMap<&'static str, Count>>>);

    #[derive(Debug)]
    struct Count {
        last_event: Instant,
        /// Rejections since then.
        since: u64,
    }

    impl Counted {
        pub(super) fn is_due(&self, code: &'static str) -> bool {
            is_wanted() && {
                let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                counts.get(code).is_none_or(Count::is_due)
            }
        }

        pub(super) fn count(&self, code: &'static str, reason: &dyn Display) {
            if !is_wanted() {
                return;
            }
            let count = {
                let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                match counts.get_mut(code) {
                    None => {
                        let (last_event, since) = (now, 0);
                        counts.insert(code, Count { last_event, since });
                        1
                    }
                    Some(count) if count.is_due() => {
                        count.last_event = now;
                        std::mem::take(&mut count.since).saturating_add(1)
                    }
                    Some(count) => {
                        count.since = count.since.saturating_add(1);
                        return;
                    }
                }
            };
            tracing::warn!(
                target: TARGET,
                event = "refusals",
                code,
                count,
                example = reason.to_string().as_str(),
                "requests were refused"
            );
        }
    }

    impl Count {
        fn is_due(&self) -> bool {
            self.last_event.elapsed() >= PAUSE
        }
    }

    fn is_wanted() -> bool {
        tracing::enabled!(target: TARGET, tracing::Level::WARN)
    }

    const PAUSE: Duration = Duration::from_secs(60);
}
