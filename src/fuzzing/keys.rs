//! Functions for the fuzz targets that process the headers and documents of a key server, without a
//! server.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::HeaderMap;
use tokio::time::Instant;
use url::Url;

use crate::base::clock::Clock;
use crate::base::url_rule::UrlRule;
use crate::keys::refresh::schedule::{RetryAfter, Schedule};
use crate::keys::source::discovery::DiscoveredKeys;
use crate::keys::{FetchError, FetchedAt, Times};
use crate::limits::{DEFAULT_MAX_STALE, DEFAULT_TIMEOUT, MIN_SERVER_MAX_AGE};
use crate::net::exchange::retry_after;
use crate::net::metadata::metadata_urls;
use crate::net::{ReqwestTransport, cache_control};

/// How long until the next fetch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pauses {
    /// After a response with these headers that contained keys.
    pub good: Duration,
    /// After a response with these headers that did not contain keys.
    pub failed: Duration,
}

/// The pauses that the schedule derives from the headers of a response. `jitter` is in `0.0..1.0`.
#[must_use]
pub fn pauses(
    headers: &HeaderMap,
    max_age: Duration,
    cooldown: Duration,
    failures: u8,
    jitter: f64,
) -> Pauses {
    let times = Times {
        min_age: MIN_SERVER_MAX_AGE.min(max_age),
        max_age,
        max_stale: DEFAULT_MAX_STALE.max(max_age),
        cooldown,
        timeout: DEFAULT_TIMEOUT,
    };
    let now = Clock::default().now();
    let since = |at: Instant| at.saturating_duration_since(now.monotonic);
    let mut schedule = Schedule::new(times, now.monotonic);
    schedule.succeeded(FetchedAt::now(now), cache_control::max_age(headers), jitter);
    let good = since(schedule.due(now));
    for _ in 0..=failures {
        let wait = retry_after(headers, SystemTime::now());
        let retry_after = wait.map(|asked| RetryAfter {
            asked,
            serving_for: Some(times.max_stale),
        });
        schedule.failed(now.monotonic, retry_after, jitter);
    }
    let failed = since(schedule.retry_at(now.monotonic));
    Pauses { good, failed }
}

/// The key set of an issuer that is found through its metadata.
#[derive(Debug)]
pub struct Discovery {
    keys: DiscoveredKeys,
    issuer: Url,
}

impl Discovery {
    /// `None` for an issuer that a configuration does not accept.
    #[must_use]
    pub fn new(issuer: &str, allow_http: bool, pin_host: bool) -> Option<Self> {
        let rule = UrlRule::new(allow_http);
        let url = rule.check(issuer).ok()?;
        let client = Arc::new(ReqwestTransport::default());
        Some(Self {
            keys: DiscoveredKeys::new(client, issuer.into(), &url, rule, pin_host),
            issuer: url,
        })
    }

    /// The issuer, parsed.
    #[must_use]
    pub fn issuer(&self) -> &Url {
        &self.issuer
    }

    /// The URLs at which metadata is searched.
    #[must_use]
    pub fn candidates(&self) -> Vec<Url> {
        metadata_urls(&self.issuer)
    }

    /// The URL of the keys that this document names.
    ///
    /// # Errors
    ///
    /// If it is not metadata of this issuer, or names a URL that is not allowed.
    pub fn jwks_uri(&self, document: &[u8]) -> Result<Url, FetchError> {
        self.keys.named_in(document, &self.issuer)
    }
}
