//! Event names, fields, levels and redaction: the only user of `tracing`.
//!
//! Nothing here takes a token. A `kid` is an attacker's text: `{:?}` escapes it, and it is cut short.

use std::time::Duration;

use crate::jwks::KeySet;
use crate::keys::FetchError;
use crate::token::TokenError;

pub(crate) fn refused(error: &TokenError) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: TARGET, event = "token_refused", reason = %error, "token refused");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}

pub(crate) fn keys_unavailable(issuer: &str, retry_after: Duration) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "keys_unavailable",
        issuer,
        retry_after_seconds = retry_after.as_secs(),
        "a token cannot be verified: its issuer's keys cannot be had"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (issuer, retry_after);
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

pub(crate) fn fetch_failed(issuer: &str, error: &FetchError, age: Option<Duration>) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "fetch_failed",
        issuer,
        %error,
        age_seconds = age.map(|age| age.as_secs()),
        "keys could not be fetched"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (issuer, error, age);
}

pub(crate) fn no_runtime(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "no_runtime", issuer, "keys can only be fetched inside a tokio runtime");
    #[cfg(not(feature = "tracing"))]
    let _ = issuer;
}

pub(crate) fn layer_missing(what: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "layer_missing", "{what} runs without JwtAuthLayer in front of it");
    #[cfg(not(feature = "tracing"))]
    let _ = what;
}

#[cfg(feature = "tracing")]
fn shown(text: &str) -> String {
    let short: String = text.chars().take(LONGEST_SHOWN).collect();
    // ASCII only: a right-to-left override can rearrange a log line too.
    short.escape_default().to_string()
}

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";

#[cfg(feature = "tracing")]
const LONGEST_SHOWN: usize = 64;
