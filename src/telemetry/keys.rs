//! The keys of an issuer: fetched, taken from another process or from a snapshot, or missing.

#[cfg(feature = "tracing")]
use super::TARGET;
#[cfg(feature = "metrics")]
use super::meters;
use super::{IssuerLabels, KeyCounts};
#[cfg(feature = "tracing")]
use crate::base::escape::shown;
use std::fmt::Display;
use std::time::Duration;

/// A valid key set was fetched at `now`, in Unix seconds; `changed` if it differs from the last
/// one.
pub(crate) fn keys_refreshed(
    (issuer, labels): (&str, &IssuerLabels),
    generation: u64,
    counts: KeyCounts,
    changed: bool,
    took: Duration,
    now: u64,
) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "metrics")]
    meters::keys_refreshed((issuer, labels), counts, changed, took, now);
    #[cfg(feature = "tracing")]
    if changed {
        tracing::info!(target: TARGET, event = "keys_replaced", issuer, generation, usable, skipped, "new keys are in use");
    } else {
        tracing::debug!(target: TARGET, event = "keys_renewed", issuer, generation, "keys are still current");
    }
    let _ = (
        issuer, labels, generation, usable, skipped, changed, took, now,
    );
}

/// Keys of an earlier process are in use until the first fetch.
pub(crate) fn keys_seeded(issuer: &str, counts: KeyCounts) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "keys_seeded", issuer, usable, skipped, "keys from a snapshot are in use");
    let _ = (issuer, usable, skipped);
}

/// Keys that another process has fetched are in use. `fetched_at` is in Unix seconds.
#[cfg(feature = "redis")]
pub(crate) fn keys_taken(
    (issuer, labels): (&str, &IssuerLabels),
    generation: u64,
    counts: KeyCounts,
    changed: bool,
    fetched_at: u64,
    age: Duration,
) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "metrics")]
    meters::keys_taken((issuer, labels), counts, fetched_at);
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.as_secs();
        if changed {
            tracing::info!(target: TARGET, event = "keys_taken", issuer, generation, usable, skipped, age_seconds, "new keys that another process has fetched are in use");
        } else {
            tracing::debug!(target: TARGET, event = "keys_taken", issuer, generation, usable, skipped, age_seconds, "another process has confirmed the keys");
        }
    }
    let _ = (issuer, labels, generation, usable, skipped);
    let _ = (changed, fetched_at, age);
}

/// Another process of the fleet could not fetch the keys, and no process tries again before `pause`
/// has passed.
#[cfg(feature = "redis")]
pub(crate) fn keys_put_off(
    (issuer, labels): (&str, &IssuerLabels),
    pause: Duration,
    serving: bool,
) {
    #[cfg(feature = "metrics")]
    meters::keys_put_off((issuer, labels), serving);
    #[cfg(feature = "tracing")]
    {
        let pause_seconds = pause.as_secs();
        if serving {
            tracing::debug!(target: TARGET, event = "keys_put_off", issuer, pause_seconds, "another process could not fetch keys; the old ones serve on");
        } else {
            tracing::warn!(target: TARGET, event = "keys_put_off", issuer, pause_seconds, "another process could not fetch keys, and none may serve");
        }
    }
    let _ = (issuer, labels, pause, serving);
}

/// A key set is too large for the store: each process fetches by itself.
#[cfg(feature = "redis")]
pub(crate) fn keys_too_large_to_share(issuer: &str, bytes: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "keys_too_large_to_share", issuer, bytes, "the key set is too large to be shared: each process fetches it");
    let _ = (issuer, bytes);
}

/// The key set holds more keys than the limit; the others are not read.
pub(crate) fn too_many_keys(issuer: &str, beyond_limit: usize) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "too_many_keys", issuer, beyond_limit, "the key set holds more keys than are read");
    let _ = (issuer, beyond_limit);
}

/// A key of a set that is now in use cannot be used.
pub(crate) fn key_skipped(issuer: &str, kid: Option<&str>, reason: &dyn Display) {
    #[cfg(feature = "tracing")]
    {
        let kid = kid.map(shown);
        tracing::warn!(target: TARGET, event = "key_skipped", issuer, kid = kid.as_deref(), %reason, "a key is not used");
    }
    let _ = (issuer, kid, reason);
}

/// The key set publishes private members.
pub(crate) fn private_key_published(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "private_key_published", issuer, "the key set holds private members: replace those keys");
    let _ = issuer;
}

/// A fetch failed. The back-off limits how often this happens. Level error when requests are
/// rejected for lack of keys.
pub(crate) fn fetch_failed(
    (issuer, labels): (&str, &IssuerLabels),
    error: &dyn Display,
    age: Option<Duration>,
    took: Duration,
    serving: bool,
) {
    #[cfg(feature = "metrics")]
    meters::fetch_failed((issuer, labels), took, serving);
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.map(|age| age.as_secs());
        if serving {
            tracing::warn!(target: TARGET, event = "fetch_failed", issuer, %error, age_seconds, "keys could not be fetched; the old ones serve on");
        } else {
            tracing::error!(target: TARGET, event = "keys_unavailable", issuer, %error, age_seconds, "keys could not be fetched, and none may serve");
        }
    }
    let _ = (issuer, labels, error, age, took, serving);
}

/// The first successful fetch after failures.
pub(crate) fn keys_recovered(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "keys_recovered", issuer, "keys can be fetched again");
    let _ = issuer;
}

/// The snapshot of keys is not used. On the first start there is none yet, which needs no warning.
pub(crate) fn snapshot_ignored(issuer: &str, reason: &dyn Display, is_absent: bool) {
    #[cfg(feature = "tracing")]
    if is_absent {
        tracing::debug!(target: TARGET, event = "snapshot_ignored", issuer, %reason, "no snapshot of keys to start with");
    } else {
        tracing::warn!(target: TARGET, event = "snapshot_ignored", issuer, %reason, "the snapshot of keys is not used");
    }
    let _ = (issuer, reason, is_absent);
}

/// The snapshot of keys could not be written.
pub(crate) fn snapshot_not_written(issuer: &str, path: &str, error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "snapshot_not_written", issuer, path, %error, "the snapshot of keys could not be written");
    let _ = (issuer, path, error);
}
