use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The key set of one issuer and when it was fetched, for a process that must start while its
/// issuer is down.
///
/// [`JwtVerifier::export_keys`](crate::JwtVerifier::export_keys) creates it, and
/// [`initial_jwks`](crate::config::JwtAuthConfigBuilder::initial_jwks) takes it in another process.
/// A party that can write a snapshot decides whose tokens are accepted: protect it like the
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySnapshot {
    pub(crate) issuer: String,
    pub(crate) fetched_at: u64,
    pub(crate) jwks: String,
}

impl KeySnapshot {
    /// The issuer whose keys these are.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When the keys were fetched or confirmed last. They serve until `max_stale` after that.
    ///
    /// Serialized as whole seconds since the Unix epoch.
    #[must_use]
    pub fn fetched_at(&self) -> SystemTime {
        let since = Duration::from_secs(self.fetched_at);
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// The JWK Set, as the issuer published it.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}
