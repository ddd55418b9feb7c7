//! DPoP proofs: what came of them, and the memory of used ones.

#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use super::{HOUR, LastEvent, MINUTE, TARGET};

/// Counts the DPoP proofs that came. `outcome` is `accepted`, or the code of what was wrong.
pub(crate) fn dpop_proof(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::dpop_proof(outcome);
    let _ = outcome;
}

/// A client was sent back for a nonce.
pub(crate) fn dpop_nonce_wanted() {
    #[cfg(feature = "metrics")]
    meters::dpop_nonce_wanted();
}

/// A proof names another URL. `public_url` is what would make it fit, if that can be told.
pub(crate) fn dpop_url_mismatch(named: &str, expected: &str, public_url: Option<&str>) {
    #[cfg(feature = "tracing")]
    {
        let advice = match public_url {
            Some(url) => {
                format!(
                    "set dpop.public_url to {url:?} if clients reach this service there; it takes \
                     the place of the origin of resource, so list all URLs that clients use"
                )
            }
            None => {
                "set dpop.public_url to where clients reach the root of this service".to_owned()
            }
        };
        if LAST_URL_MISMATCH.is_older_than(HOUR) {
            tracing::warn!(target: TARGET, event = "dpop_url_mismatch", named, expected, "{advice}");
        } else {
            tracing::debug!(target: TARGET, event = "dpop_url_mismatch", named, expected, "{advice}");
        }
    }
    let _ = (named, expected, public_url);
}

/// Nonces are required, and are made with a secret that only this process has.
pub(crate) fn nonce_secret_made_up() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "nonce_secret_made_up",
        "dpop.nonce is required, but no secret is set: if several processes serve the same clients, \
         set dpop.nonce_secret or dpop.nonce_secret_file, so that each accepts the nonces of the others"
    );
}

/// A proof was rejected because it was used before.
pub(crate) fn proof_replayed() {
    #[cfg(feature = "metrics")]
    meters::proof_replayed();
}

/// The number of remembered proofs went from `before` to `after`, in one of the memories of the
/// process.
pub(crate) fn replay_entries_changed(before: usize, after: usize) {
    #[cfg(feature = "metrics")]
    meters::replay_entries_changed(before, after);
    let _ = (before, after);
}

/// Proofs that may still be fresh were forgotten. Requests with proofs as old are rejected from now
/// on.
pub(crate) fn replay_floor_raised(entries: usize) {
    #[cfg(feature = "tracing")]
    if LAST_FLOOR_RAISED.is_older_than(MINUTE) {
        tracing::error!(
            target: TARGET,
            event = "replay_floor_raised",
            entries,
            "the memory of used DPoP proofs is full, and requests with older proofs are rejected \
             with 503: raise dpop.replay_entries, or with nonces shorten dpop.nonce_lifetime"
        );
    }
    let _ = entries;
}

/// The clock shows an earlier time than before, and proofs of the time between were forgotten.
pub(crate) fn replay_clock_set_back(seconds: u64) {
    #[cfg(feature = "tracing")]
    if LAST_CLOCK_SET_BACK.is_older_than(MINUTE) {
        tracing::error!(
            target: TARGET,
            event = "replay_clock_set_back",
            seconds,
            "the clock was set back, and requests whose DPoP proofs may have been used before are \
             rejected with 503 until it has caught up"
        );
    }
    let _ = seconds;
}

/// The store of used proofs returned an error, panicked, or did not answer in time.
pub(crate) fn replay_store_failed(error: &(dyn std::error::Error + 'static)) {
    #[cfg(feature = "tracing")]
    if LAST_STORE_FAILED.is_older_than(MINUTE) {
        tracing::error!(
            target: TARGET,
            event = "replay_store_failed",
            error,
            "the store of used DPoP proofs could not be asked"
        );
    }
    let _ = error;
}

/// A wrong `public_url` concerns every request of every client.
#[cfg(feature = "tracing")]
static LAST_URL_MISMATCH: LastEvent = LastEvent::never();

#[cfg(feature = "tracing")]
static LAST_FLOOR_RAISED: LastEvent = LastEvent::never();

#[cfg(feature = "tracing")]
static LAST_CLOCK_SET_BACK: LastEvent = LastEvent::never();

#[cfg(feature = "tracing")]
static LAST_STORE_FAILED: LastEvent = LastEvent::never();
