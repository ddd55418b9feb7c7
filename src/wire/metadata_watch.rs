//! Notices that clients are sent to a metadata document that this server does not serve.

#[cfg(feature = "tracing")]
use std::sync::Arc;
#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    challenges: AtomicU32,
    is_served: AtomicBool,
}

impl MetadataWatch {
    pub(super) fn new(url: &str) -> Self {
        let _ = url;
        Self {
            #[cfg(feature = "tracing")]
            counts: Arc::new(Counts {
                url: url.to_owned(),
                challenges: AtomicU32::new(0),
                is_served: AtomicBool::new(false),
            }),
        }
    }

    /// A client got the document.
    pub(super) fn served(&self) {
        #[cfg(feature = "tracing")]
        self.counts.is_served.store(true, Ordering::Relaxed);
    }

    /// A challenge that names the document was sent. The last one that is counted decides, so that
    /// there is at most one event.
    pub(super) fn challenged(&self) {
        #[cfg(feature = "tracing")]
        {
            let Counts {
                url,
                challenges,
                is_served,
            } = &*self.counts;
            if challenges.load(Ordering::Relaxed) >= ENOUGH {
                return;
            }
            let earlier = challenges.fetch_add(1, Ordering::Relaxed);
            if earlier.checked_add(1) == Some(ENOUGH) && !is_served.load(Ordering::Relaxed) {
                telemetry::metadata_unreachable(url);
            }
        }
    }
}

/// Clients that know the issuer from an earlier run do not ask for the document, so the first
/// challenges say little.
#[cfg(feature = "tracing")]
const ENOUGH: u32 = 10;

#[cfg(all(test, not(feature = "tracing")))]
mod tests {
    use super::*;

    #[test]
    fn field_m04_without_tracing_there_is_no_state() {
        let watch = MetadataWatch::new("https://h.example/.well-known/oauth-protected-resource");
        assert_eq!(size_of_val(&watch), 0);
    }
}
