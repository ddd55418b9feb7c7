//! What is reported about the keys of each issuer: plain values, which keep no keys alive.

use std::time::Duration;

use super::snapshot::Snapshot;
use crate::crypto::Algorithm;
use crate::jwks::SkippedKey;

/// The state of the keys of each issuer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeysHealth {
    /// One entry for each configured issuer, by name.
    pub issuers: Vec<IssuerHealth>,
    /// Whether tokens get 503 because this process has not read the list of revocations yet.
    #[cfg(feature = "redis")]
    pub revocations_unread: bool,
}

impl KeysHealth {
    /// Whether tokens of every issuer can be verified now. For a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        #[cfg(feature = "redis")]
        if self.revocations_unread {
            return false;
        }
        self.issuers.iter().all(|issuer| issuer.ready)
    }
}

/// The state of the keys of one issuer, for readiness probes, dashboards and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuerHealth {
    /// The issuer, as configured.
    pub issuer: String,
    /// Whether tokens of this issuer can be verified now.
    pub ready: bool,
    /// Whether the keys are older than `max_age` because refreshes fail. They serve until
    /// `max_stale`.
    pub stale: bool,
    /// The number of different key sets so far; 0 before the first.
    pub generation: u64,
    /// Time since the keys were last confirmed; `None` for static keys and before the first fetch.
    pub age: Option<Duration>,
    /// The `kid` of each usable key; `None` stands for a key without `kid`.
    pub keys: Vec<Option<String>>,
    /// The algorithms that these keys verify. A token needs one that `algorithms` allows as well.
    pub algorithms: Vec<Algorithm>,
    /// The keys of the set that are not used, with reasons.
    pub skipped: Vec<SkippedKey>,
    /// The number of members of the set beyond [`MAX_KEYS`](crate::limits::MAX_KEYS), which were
    /// not read.
    pub beyond_limit: usize,
    /// Why the last fetch failed; `None` when it did not.
    pub last_error: Option<String>,
    /// Time until the next fetch; `None` for static keys and before first use.
    pub next_attempt: Option<Duration>,
    /// The number of fetches started.
    pub fetches: u64,
    /// The number of fetches that failed or returned no usable set.
    pub failures: u64,
    /// Why the keys could not be written to `snapshot_file` the last time; `None` when they were,
    /// and before the first time.
    pub snapshot_error: Option<String>,
}

impl IssuerHealth {
    pub(super) fn new(issuer: &str, snapshot: Option<&Snapshot>) -> Self {
        let keys = snapshot.map(|snapshot| &snapshot.keys);
        Self {
            issuer: issuer.to_owned(),
            ready: snapshot.is_some(),
            stale: false,
            generation: snapshot.map_or(0, |snapshot| snapshot.generation),
            age: None,
            keys: keys
                .map(|keys| keys.kids().map(|kid| kid.map(ToOwned::to_owned)).collect())
                .unwrap_or_default(),
            algorithms: keys.map_or_else(Vec::new, |keys| keys.algorithms()),
            skipped: keys.map_or_else(Vec::new, |keys| keys.skipped().to_vec()),
            beyond_limit: keys.map_or(0, |keys| keys.beyond_limit()),
            last_error: None,
            next_attempt: None,
            fetches: 0,
            failures: 0,
            snapshot_error: None,
        }
    }
}
