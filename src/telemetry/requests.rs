//! Requests that were rejected, and layers that cannot work as they are set up.

#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use super::{LastEvent, MINUTE, TARGET};
#[cfg(feature = "tracing")]
use crate::base::escape::shown;
use std::fmt::Display;

/// A request was rejected. Level debug, because callers cause it at will.
///
/// `label` is the error code in the response body, `code` the stable name of the reason.
pub(crate) fn request_refused(
    label: &'static str,
    code: &'static str,
    kind: &dyn Display,
    reason: &dyn Display,
) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "request_refused",
        kind = kind.to_string().as_str(),
        code,
        reason = reason.to_string().as_str(),
        "request refused"
    );
    #[cfg(feature = "metrics")]
    meters::request_refused(label, code);
    let _ = (label, code, kind, reason);
}

/// Whether somebody reads [`request_refused`].
pub(crate) fn shows_refusals() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::enabled!(target: TARGET, tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    false
}

/// A session was rejected. Level debug, as for any rejection. The event omits the session id, which
/// is a secret.
pub(crate) fn session_refused(known: bool) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "session_refused",
        reason = if known { "it belongs to somebody else" } else { "it is not known" },
        "session refused"
    );
    #[cfg(feature = "metrics")]
    meters::session_refused();
    let _ = known;
}

/// The session store returned an error.
pub(crate) fn session_store_failed(error: &(dyn std::error::Error + 'static)) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "session_store_failed",
        error,
        "the session store could not be asked"
    );
    let _ = error;
}

/// The resource metadata lists no authorization server: no client learns where to sign in.
pub(crate) fn authorization_servers_empty(left_out: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "authorization_servers_empty",
        left_out = %shown(left_out),
        "the resource metadata lists no authorization server: set authorization_servers, or \
         advertise for an issuer at which users sign in"
    );
    let _ = left_out;
}

/// Challenges have sent clients without credentials to the metadata document at `url`, and none has
/// got it here.
#[cfg(feature = "tracing")]
pub(crate) fn metadata_unreachable(url: &str) {
    tracing::warn!(
        target: TARGET,
        event = "metadata_unreachable",
        url,
        "in ten different minutes clients without credentials were sent to the metadata document, \
         and none has got it from this server: if clients cannot sign in, serve it at this URL, for \
         example with JwtAuthLayer::protect"
    );
}

/// Code that needs `JwtAuthLayer` runs without it.
pub(crate) fn layer_missing(what: &str) {
    #[cfg(feature = "tracing")]
    if LAST_LAYER_MISSING.is_older_than(MINUTE) {
        tracing::error!(target: TARGET, event = "layer_missing", "{what} runs without JwtAuthLayer in front of it");
    }
    let _ = what;
}

/// A certificate came in a header, and nothing says from whom.
pub(crate) fn peer_address_missing(header: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "peer_address_missing",
        header,
        "no certificate of a client is accepted: insert a PeerAddress into the extensions of each \
         request, in front of JwtAuthLayer"
    );
    let _ = header;
}

#[cfg(feature = "tracing")]
static LAST_LAYER_MISSING: LastEvent = LastEvent::never();
