//! Events and metrics of the revocations of a fleet. No function takes a name of a token, user or
//! client.

use std::fmt::Display;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use super::{HOUR, LastEvent, MINUTE, TARGET, is_due};
#[cfg(feature = "tracing")]
use crate::base::escape::shown;

/// This process has revoked tokens. `is_shared`: the store has the revocation, for the others.
pub(crate) fn revoked(kind: &'static str, is_shared: bool) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "revoked", kind, shared = is_shared, "tokens are revoked");
    let _ = (kind, is_shared);
}

/// A token was accepted that may outlive what is remembered of its revocation. `left` and `keep`
/// are times from now. Called once an hour at most.
pub(crate) fn revocation_too_short(issuer: &str, left: Duration, keep: Duration) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "revocation_too_short",
        issuer = %shown(issuer),
        left_seconds = left.as_secs(),
        keep_seconds = keep.as_secs(),
        "a token was accepted that lives longer than revocations are remembered: set max_token_age, \
         or raise revocation_keep"
    );
    let _ = (issuer, left, keep);
}

/// What was sent as a logout is not accepted. Level debug, because anybody may send it.
pub(crate) fn logout_refused(reason: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: TARGET, event = "logout_refused", reason, "a logout is not accepted");
    let _ = reason;
}

/// A logout was answered with 503. Said once a minute at most: `last` is when it was.
pub(crate) fn logout_not_stored(error: &dyn Display, last: &Mutex<Option<Instant>>) {
    #[cfg(feature = "tracing")]
    if is_due(last, MINUTE) {
        tracing::error!(
            target: TARGET,
            event = "logout_not_stored",
            %error,
            "a logout is not known to all processes: unless the issuer sends it again, its tokens \
             may be accepted until they expire"
        );
    }
    let _ = (error, last);
}

/// An issuer ended a session by its `sid` alone, and no token of it so far had a `sid`. Called once
/// an hour at most.
pub(crate) fn logout_without_effect(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "logout_without_effect",
        issuer = %shown(issuer),
        "a logout named a session alone, and no access token of the issuer since the start had a \
         sid, so it probably refuses none: let the issuer put sid into access tokens, or sub into \
         logout tokens"
    );
    let _ = issuer;
}

/// Revocations of other processes are passed over, because more than `most` are in force.
pub(crate) fn revocations_passed_over(most: usize) {
    #[cfg(feature = "tracing")]
    if LAST_PASSED_OVER.is_older_than(MINUTE) {
        tracing::error!(
            target: TARGET,
            event = "revocations_passed_over",
            most,
            "more revocations are in force than a process remembers: their tokens are accepted"
        );
    }
    let _ = most;
}

/// The list has not been read since the start. The caller says it at once and each minute.
/// `is_required`: requests get 503 until it was read.
pub(crate) fn revocations_unread(is_required: bool) {
    #[cfg(feature = "tracing")]
    if is_required {
        tracing::error!(
            target: TARGET,
            event = "revocations_unread",
            "the store did not give the list of revocations: tokens get 503 until it does"
        );
    } else {
        tracing::error!(
            target: TARGET,
            event = "revocations_unread",
            "the store did not give the list of revocations: revoked tokens are accepted until it does"
        );
    }
    let _ = is_required;
}

/// The store tells nothing of new revocations. The caller says it at once and each minute.
pub(crate) fn revocations_behind(silent: Duration) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "revocations_behind",
        seconds = silent.as_secs(),
        "the store does not answer: what other processes revoke is not known here"
    );
    let _ = silent;
}

/// The store had lost revocations, and has them again.
pub(crate) fn revocations_healed(count: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "revocations_healed",
        count,
        "the store had lost revocations that are in force, and this process has added them again"
    );
    let _ = count;
}

/// Entries of the stream do not open: somebody else writes there, or a process with another secret.
pub(crate) fn store_foreign_records(count: usize) {
    #[cfg(feature = "tracing")]
    if LAST_FOREIGN.is_older_than(HOUR) {
        tracing::warn!(
            target: TARGET,
            event = "store_foreign_records",
            count,
            "the stream of revocations has entries that no secret of this fleet opens: give each \
             deployment a namespace of its own, and let nobody else write there"
        );
    }
    let _ = count;
}

/// The number of revocations that are known.
pub(crate) fn revocations_known(count: usize) {
    #[cfg(feature = "metrics")]
    meters::revocations_known(count);
    let _ = count;
}

/// At `now`, in Unix seconds, this process knew all that the store has.
pub(crate) fn revocations_heard(now: u64) {
    #[cfg(feature = "metrics")]
    meters::revocations_heard(now);
    let _ = now;
}

#[cfg(feature = "tracing")]
static LAST_FOREIGN: LastEvent = LastEvent::never();

#[cfg(feature = "tracing")]
static LAST_PASSED_OVER: LastEvent = LastEvent::never();
