//! Event names, fields, levels and redaction; metric names and labels. The only user of `tracing` and
//! `metrics`.
//!
//! Nothing here takes a token. Text from outside is escaped and cut short in events, and is never a
//! label: an attacker must not be able to make up time series.

#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "tracing")]
use tokio::time::Instant;

#[cfg(feature = "tracing")]
use crate::base::escape::shown;
use crate::base::numeric_date::NumericDate;
use crate::jwks::KeySet;
use crate::keys::{FetchError, SnapshotError};
use crate::mcp::SessionStoreError;
use crate::wire::rejection::Rejection;
#[cfg(feature = "metrics")]
use crate::wire::rejection::RejectionKind;

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
    #[cfg(feature = "metrics")]
    count_refused(rejection.kind());
    let _ = rejection;
}

/// With labels that are literals, which cost nothing to make: callers cause this at will, too.
#[cfg(feature = "metrics")]
fn count_refused(kind: RejectionKind) {
    macro_rules! count {
        ($($kind:ident => $label:literal,)*) => {
            match kind {
                $(RejectionKind::$kind => {
                    metrics::counter!("tower_jwt_auth_requests_refused_total", "kind" => $label).increment(1);
                })*
            }
        };
    }
    count! {
        AccessDenied => "access_denied",
        InsufficientScope => "insufficient_scope",
        InvalidRequest => "invalid_request",
        InvalidToken => "invalid_token",
        KeysUnavailable => "temporarily_unavailable",
        LayerMissing => "server_error",
        MissingToken => "unauthorized",
        SessionsUnavailable => "temporarily_unavailable",
    }
}

/// Debug, as for any refusal. The id is as good as a secret, and stays out.
pub(crate) fn session_refused(known: bool) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "session_refused",
        reason = if known { "it belongs to somebody else" } else { "it is not known" },
        "session refused"
    );
    #[cfg(feature = "metrics")]
    metrics::counter!("tower_jwt_auth_sessions_refused_total").increment(1);
    let _ = known;
}

pub(crate) fn session_store_failed(error: &SessionStoreError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "session_store_failed",
        error = error as &dyn std::error::Error,
        "the session store could not be asked"
    );
    let _ = error;
}

/// A good set is in use, as of `now`.
pub(crate) fn keys_refreshed(
    issuer: &str,
    generation: u64,
    keys: &KeySet,
    changed: bool,
    now: NumericDate,
) {
    #[cfg(feature = "metrics")]
    {
        let outcome = if changed { "replaced" } else { "renewed" };
        let issuer = issuer.to_owned();
        metrics::counter!("tower_jwt_auth_fetches_total", "issuer" => issuer.clone(), "outcome" => outcome).increment(1);
        metrics::gauge!("tower_jwt_auth_keys_serving", "issuer" => issuer.clone()).set(1.0);
        metrics::gauge!("tower_jwt_auth_keys_usable", "issuer" => issuer.clone())
            .set(keys.len() as f64);
        metrics::gauge!("tower_jwt_auth_keys_skipped", "issuer" => issuer.clone())
            .set(keys.skipped().len() as f64);
        metrics::gauge!("tower_jwt_auth_keys_confirmed_timestamp_seconds", "issuer" => issuer)
            .set(now.unix_seconds() as f64);
    }
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
        keys_judged(issuer, keys);
    }
    let _ = (
        issuer,
        generation,
        keys.len(),
        keys.beyond_limit(),
        keys.leaks_private(),
        changed,
        now,
    );
}

/// Keys of an earlier process are in use until the first fetch.
pub(crate) fn keys_seeded(issuer: &str, keys: &KeySet) {
    #[cfg(feature = "tracing")]
    {
        tracing::info!(target: TARGET, event = "keys_seeded", issuer, usable = keys.len(), skipped = keys.skipped().len(), "keys from a snapshot are in use");
        keys_judged(issuer, keys);
    }
    let _ = (issuer, keys);
}

#[cfg(feature = "tracing")]
fn keys_judged(issuer: &str, keys: &KeySet) {
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

/// Once per attempt, and attempts are spaced by the back-off. An error when requests are turned away.
pub(crate) fn fetch_failed(issuer: &str, error: &FetchError, age: Option<Duration>, serving: bool) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("tower_jwt_auth_fetches_total", "issuer" => issuer.to_owned(), "outcome" => "failed").increment(1);
        metrics::gauge!("tower_jwt_auth_keys_serving", "issuer" => issuer.to_owned())
            .set(if serving { 1.0 } else { 0.0 });
    }
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.map(|age| age.as_secs());
        if serving {
            tracing::warn!(target: TARGET, event = "fetch_failed", issuer, %error, age_seconds, "keys could not be fetched; the old ones serve on");
        } else {
            tracing::error!(target: TARGET, event = "keys_unavailable", issuer, %error, age_seconds, "keys could not be fetched, and none may serve");
        }
    }
    let _ = (issuer, error, age, serving);
}

/// The first good answer after failures.
pub(crate) fn keys_recovered(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "keys_recovered", issuer, "keys can be fetched again");
    let _ = issuer;
}

/// The runtime that carried the task has ended or is not driven; the next request carries it on.
pub(crate) fn task_lost(issuer: &str, why: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "task_lost", issuer, "{why}");
    let _ = (issuer, why);
}

pub(crate) fn no_runtime(issuer: &str) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_NO_RUNTIME) {
        tracing::error!(target: TARGET, event = "no_runtime", issuer, "keys can only be fetched inside a tokio runtime");
    }
    let _ = issuer;
}

/// A first start has no snapshot yet, which is worth no warning.
pub(crate) fn snapshot_ignored(issuer: &str, fault: &SnapshotError) {
    #[cfg(feature = "tracing")]
    match fault {
        SnapshotError::Absent => {
            tracing::debug!(target: TARGET, event = "snapshot_ignored", issuer, reason = %fault, "no snapshot of keys to start with");
        }
        _ => {
            tracing::warn!(target: TARGET, event = "snapshot_ignored", issuer, reason = %fault, "the snapshot of keys is not used");
        }
    }
    let _ = (issuer, fault);
}

pub(crate) fn snapshot_not_written(issuer: &str, error: &std::io::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "snapshot_not_written", issuer, %error, "the snapshot of keys could not be written");
    let _ = (issuer, error);
}

pub(crate) fn layer_missing(what: &str) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_LAYER_MISSING) {
        tracing::error!(target: TARGET, event = "layer_missing", "{what} runs without JwtAuthLayer in front of it");
    }
    let _ = what;
}

/// For mistakes of the program that every request repeats: once a minute says as much.
#[cfg(feature = "tracing")]
fn first_for_a_while(last: &Mutex<Option<Instant>>) -> bool {
    let now = Instant::now();
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let due = last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
    if due {
        *last = Some(now);
    }
    due
}

#[cfg(feature = "tracing")]
static LAST_NO_RUNTIME: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
static LAST_LAYER_MISSING: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
const PAUSE: Duration = Duration::from_secs(60);

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";
