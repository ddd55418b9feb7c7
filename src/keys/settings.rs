//! Where one issuer's keys come from, and how long they serve.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "redis")]
use super::shared::SharedKeys;
use super::source::KeySource;
use crate::crypto::Algorithm;
use crate::jwks::KeySet;
use crate::telemetry::IssuerLabels;

/// The settings of one issuer whose keys are fetched.
#[derive(Clone, Debug)]
pub(crate) struct KeyOrigin {
    pub(crate) issuer: Arc<str>,
    /// Those that tokens of the issuer may have. They decide what is said about a key, and not
    /// which keys there are: layers with other algorithms may share them.
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) source: Arc<dyn KeySource>,
    pub(crate) times: Times,
    /// Keys that serve until the first fetch.
    pub(crate) seed: Option<Seed>,
    /// The file that keeps the last good set for the next start of the process.
    pub(crate) snapshot_file: Option<PathBuf>,
    /// Whether the set in the file is no set to start with: it may be one of another source.
    pub(crate) ignores_file: bool,
    pub(crate) labels: IssuerLabels,
    /// `None`: every process fetches by itself.
    #[cfg(feature = "redis")]
    pub(crate) shared: Option<Sharing>,
}

/// How a process shares the keys of an issuer with the others of its fleet.
#[cfg(feature = "redis")]
#[derive(Clone, Debug)]
pub(crate) struct Sharing {
    pub(crate) keys: Arc<dyn SharedKeys>,
    /// How much the clocks of two processes may differ.
    pub(crate) leeway: Duration,
}

impl KeyOrigin {
    /// The issuer, and whether metrics name it.
    pub(super) fn labelled(&self) -> (&str, &IssuerLabels) {
        (&self.issuer, &self.labels)
    }
}

/// Keys that the configuration gives, to serve before the first fetch.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) keys: Arc<KeySet>,
    pub(crate) document: Vec<u8>,
    /// Unix seconds. Without it the keys count as fetched when the process started.
    pub(crate) fetched_at: Option<u64>,
}

/// The settings of `jwks_cache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) min_age: Duration,
    pub(crate) max_age: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) timeout: Duration,
}

impl Times {
    /// How long a set stays fresh. The server may shorten `max_age` down to `min_age`, and never
    /// lengthen it.
    pub(super) fn lifetime(&self, server_max_age: Option<Duration>) -> Duration {
        let floor = self.min_age.min(self.max_age);
        server_max_age.map_or(self.max_age, |asked| asked.clamp(floor, self.max_age))
    }
}
