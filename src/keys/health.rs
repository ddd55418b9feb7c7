//! What is reported about the keys of each issuer: plain values, which keep no keys alive.

use std::sync::Arc;
use std::time::Duration;

use super::snapshot::Snapshot;
use crate::crypto::Algorithm;
use crate::jwks::{KeySet, SkippedKey};

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
    /// The algorithms that the keys of the set verify, whether the setting `algorithms` allows them
    /// or not.
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
    /// `allowed` are the algorithms that tokens of the issuer may have.
    pub(super) fn new(issuer: &str, snapshot: Option<&Snapshot>, allowed: &[Algorithm]) -> Self {
        let keys = snapshot.map(|snapshot| &snapshot.keys);
        let skipped = |keys: &Arc<KeySet>| {
            let others = keys.not_allowed(allowed);
            keys.skipped().iter().cloned().chain(others).collect()
        };
        Self {
            issuer: issuer.to_owned(),
            ready: keys.is_some_and(|keys| verifies(keys, allowed)),
            stale: false,
            generation: snapshot.map_or(0, |snapshot| snapshot.generation),
            age: None,
            keys: keys
                .map(|keys| {
                    let kids = keys.kids_for(allowed);
                    kids.map(|kid| kid.map(ToOwned::to_owned)).collect()
                })
                .unwrap_or_default(),
            algorithms: keys.map_or_else(Vec::new, |keys| keys.algorithms()),
            skipped: keys.map_or_else(Vec::new, skipped),
            beyond_limit: keys.map_or(0, |keys| keys.beyond_limit()),
            last_error: None,
            next_attempt: None,
            fetches: 0,
            failures: 0,
            snapshot_error: None,
        }
    }
}

/// Whether a token can be verified with `keys`. A set without keys is that of an issuer who is
/// asked about each token.
pub(super) fn verifies(keys: &KeySet, allowed: &[Algorithm]) -> bool {
    keys.len() == 0 || keys.kids_for(allowed).next().is_some()
}
