use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::persist::file::KeySnapshot;
use super::snapshot::Snapshot;
use crate::jwks::{KeySet, SkipReason};
use crate::telemetry::{self, KeyCounts};

/// How the keys of each issuer are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeysHealth {
    /// One entry for each configured issuer, by name.
    pub issuers: Vec<IssuerHealth>,
}

impl KeysHealth {
    /// Whether tokens of every issuer can be verified now: for a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.issuers.iter().all(|issuer| issuer.ready)
    }

    /// The keys in use of each issuer that has fetched some, to start another process with.
    #[must_use]
    pub fn export(&self) -> Vec<KeySnapshot> {
        self.issuers
            .iter()
            .filter_map(|issuer| issuer.export())
            .collect()
    }
}

/// How the keys of one issuer are: for readiness probes, dashboards and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuerHealth {
    /// The issuer, as configured.
    pub issuer: String,
    /// Whether tokens of this issuer can be verified now.
    pub ready: bool,
    /// Whether the keys are older than `max_age` because refreshes fail. They serve until `max_stale`.
    pub stale: bool,
    /// Counts the key sets so far that differed; 0 before the first.
    pub generation: u64,
    /// Time since the keys were last confirmed; `None` for static keys and before the first fetch.
    pub age: Option<Duration>,
    /// The `kid` of each usable key; `None` for a key without one.
    pub keys: Vec<Option<String>>,
    /// Keys of the set that are not used, and why.
    pub skipped: Vec<SkippedKey>,
    /// Members of the set beyond [`MAX_KEYS`](crate::limits::MAX_KEYS), which were not read.
    pub beyond_limit: usize,
    /// Why the last fetch failed; `None` when it did not.
    pub last_error: Option<String>,
    /// Time until the next fetch; `None` for static keys and before first use.
    pub next_attempt: Option<Duration>,
    /// Fetches started.
    pub fetches: u64,
    /// Fetches that failed, or brought nothing usable.
    pub failures: u64,
    pub(super) exportable: Option<Exportable>,
}

/// What an export is made of: a probe that asks for the health must not copy a document.
#[derive(Clone)]
pub(super) struct Exportable(pub(super) Arc<Snapshot>);

impl fmt::Debug for Exportable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exportable(..)")
    }
}

/// A key that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its `kid`, where it has one.
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: SkipReason,
}

impl IssuerHealth {
    /// The keys in use, for [`initial_jwks`](crate::JwtAuthConfigBuilder::initial_jwks) of a process to
    /// come; `None` for static keys and before the first set.
    #[must_use]
    pub fn export(&self) -> Option<KeySnapshot> {
        self.exportable.as_ref()?.0.export(&self.issuer)
    }

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
            skipped: keys
                .map(|keys| {
                    let of_set = keys.skipped().iter();
                    of_set
                        .map(|key| SkippedKey {
                            kid: key.kid.clone(),
                            reason: key.reason,
                        })
                        .collect()
                })
                .unwrap_or_default(),
            beyond_limit: keys.map_or(0, |keys| keys.beyond_limit()),
            last_error: None,
            next_attempt: None,
            fetches: 0,
            failures: 0,
            exportable: None,
        }
    }
}

/// How many keys of a set can be used.
pub(super) fn counts(keys: &KeySet) -> KeyCounts {
    KeyCounts {
        usable: keys.len(),
        skipped: keys.skipped().len(),
    }
}

/// An event for each thing that the operator should know of a set that is now in use.
pub(super) fn report_faults(issuer: &str, keys: &KeySet) {
    if keys.beyond_limit() > 0 {
        telemetry::too_many_keys(issuer, keys.beyond_limit());
    }
    for key in keys.skipped() {
        telemetry::key_skipped(issuer, key.kid.as_deref(), &key.reason);
    }
    if keys.leaks_private() {
        telemetry::private_key_published(issuer);
    }
}
