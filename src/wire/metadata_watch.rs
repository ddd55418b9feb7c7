//! Notices that clients are sent to a metadata document that this server does not serve.

#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "tracing")]
use std::sync::{Arc, Mutex};
#[cfg(feature = "tracing")]
use std::time::Duration;

#[cfg(feature = "tracing")]
use tokio::time::Instant;

#[cfg(feature = "tracing")]
use crate::telemetry;

/// Compares the challenges that name one metadata document with the requests for it. Clones count
/// together. Without the feature `tracing` it holds nothing.
#[derive(Clone, Debug)]
pub(crate) struct MetadataWatch {
    #[cfg(feature = "tracing")]
    counts: Arc<Counts>,
}

#[cfg(feature = "tracing")]
#[derive(Debug)]
struct Counts {
    url: String,
    /// A client got the document, or the event was emitted.
    is_over: AtomicBool,
    challenges: Mutex<Challenges>,
}

#[cfg(feature = "tracing")]
#[derive(Debug, Default)]
struct Challenges {
    counted: u32,
    last: Option<Instant>,
}

impl MetadataWatch {
    pub(super) fn new(url: &str) -> Self {
        let _ = url;
        Self {
            #[cfg(feature = "tracing")]
            counts: Arc::new(Counts {
                url: url.to_owned(),
                is_over: AtomicBool::new(false),
                challenges: Mutex::default(),
            }),
        }
    }

    /// A client got the document.
    pub(super) fn served(&self) {
        #[cfg(feature = "tracing")]
        self.counts.is_over.store(true, Ordering::Relaxed);
    }

    /// A challenge that names the document was sent to a client without credentials.
    ///
    /// One a minute counts. A person who tries the server out by hand sends many requests in a row
    /// and reads no challenge; clients that cannot sign in come back for as long as they are used.
    pub(super) fn challenged(&self) {
        #[cfg(feature = "tracing")]
        {
            let counts = &*self.counts;
            if counts.is_over.load(Ordering::Relaxed) {
                return;
            }
            // The thread that holds the lock counts for this minute.
            let Ok(mut challenges) = counts.challenges.try_lock() else {
                return;
            };
            let now = Instant::now();
            let is_recent = |last: Instant| now.saturating_duration_since(last) < MINUTE;
            if challenges.last.is_some_and(is_recent) {
                return;
            }
            challenges.last = Some(now);
            challenges.counted = challenges.counted.saturating_add(1);
            if challenges.counted >= ENOUGH && !counts.is_over.swap(true, Ordering::Relaxed) {
                telemetry::metadata_unreachable(&counts.url);
            }
        }
    }
}

/// Clients that know the issuer from an earlier run do not ask for the document, so the first
/// challenges say little.
#[cfg(feature = "tracing")]
const ENOUGH: u32 = 10;

#[cfg(feature = "tracing")]
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(all(test, not(feature = "tracing")))]
mod tests {
    use super::*;

    #[test]
    fn field_m04_without_tracing_there_is_no_state() {
        let watch = MetadataWatch::new("https://h.example/.well-known/oauth-protected-resource");
        assert_eq!(size_of_val(&watch), 0);
    }
}
