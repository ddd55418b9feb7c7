//! Event names, fields, levels and redaction: the only user of `tracing`.
//!
//! Nothing here takes a token. Text from outside is escaped and cut short.

use std::time::Duration;

use crate::jwks::KeySet;
use crate::keys::{FetchError, SnapshotFault};
use crate::rejection::Rejection;
#[cfg(feature = "tracing")]
use crate::shown::shown;

/// Debug, because callers cause it at will.
pub(crate) fn refused(rejection: &Rejection) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "request_refused",
        kind = ?rejection.kind(),
        reason = rejection.token_error().map(tracing::field::display),
        "request refused"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = rejection;
}

pub(crate) fn keys_refreshed(issuer: &str, generation: u64, keys: &KeySet, changed: bool) {
    #[cfg(feature = "tracing")]
    {
        if !changed {
            tracing::debug!(target: TARGET, event = "keys_renewed", issuer, generation, "keys are still current");
            return;
        }
        tracing::info!(
            target: TARGET,
            event = "keys_replaced",
            issuer,
            generation,
            usable = keys.len(),
            skipped = keys.skipped().len(),
            "new keys are in use"
        );
        if keys.beyond_limit() > 0 {
            tracing::error!(target: TARGET, event = "too_many_keys", issuer, beyond_limit = keys.beyond_limit(), "the key set holds more keys than are read");
        }
        for key in keys.skipped() {
            let kid = key.kid.as_deref().map(shown);
            tracing::warn!(target: TARGET, event = "key_skipped", issuer, kid = kid.as_deref(), reason = %key.reason, "a key is not used");
        }
        if keys.leaks_private() {
            tracing::error!(target: TARGET, event = "private_key_published", issuer, "the key set holds private members: replace those keys");
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (
        issuer,
        generation,
        keys.len(),
        keys.leaks_private(),
        changed,
    );
}

/// Once per attempt, and attempts are spaced by the back-off. An error when requests are turned away.
pub(crate) fn fetch_failed(issuer: &str, error: &FetchError, age: Option<Duration>, serving: bool) {
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.map(|age| age.as_secs());
        if serving {
            tracing::warn!(target: TARGET, event = "fetch_failed", issuer, %error, age_seconds, "keys could not be fetched; the old ones serve on");
        } else {
            tracing::error!(target: TARGET, event = "keys_unavailable", issuer, %error, age_seconds, "keys could not be fetched, and none may serve");
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (issuer, error, age, serving);
}

pub(crate) fn no_runtime(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "no_runtime", issuer, "keys can only be fetched inside a tokio runtime");
    #[cfg(not(feature = "tracing"))]
    let _ = issuer;
}

/// A first start has no snapshot yet, which is worth no warning.
pub(crate) fn snapshot_ignored(issuer: &str, fault: &SnapshotFault) {
    #[cfg(feature = "tracing")]
    match fault {
        SnapshotFault::Absent => {
            tracing::debug!(target: TARGET, event = "snapshot_ignored", issuer, reason = %fault, "no snapshot of keys to start with")
        }
        _ => {
            tracing::warn!(target: TARGET, event = "snapshot_ignored", issuer, reason = %fault, "the snapshot of keys is not used")
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (issuer, fault);
}

pub(crate) fn snapshot_not_written(issuer: &str, error: &std::io::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "snapshot_not_written", issuer, %error, "the snapshot of keys could not be written");
    #[cfg(not(feature = "tracing"))]
    let _ = (issuer, error);
}

pub(crate) fn layer_missing(what: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "layer_missing", "{what} runs without JwtAuthLayer in front of it");
    #[cfg(not(feature = "tracing"))]
    let _ = what;
}

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";
