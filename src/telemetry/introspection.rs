//! Calls to introspection endpoints.

#[cfg(feature = "tracing")]
use super::TARGET;
#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use crate::base::escape::shown;
use std::fmt::Display;

/// Counts the calls to introspection endpoints. `outcome` is one of a few fixed labels.
pub(crate) fn introspection_called(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::introspection_called(outcome);
    let _ = outcome;
}

/// Counts the tokens that were looked up among the kept answers. `outcome` is one of a few fixed
/// labels.
pub(crate) fn introspection_looked_up(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::introspection_looked_up(outcome);
    let _ = outcome;
}

/// The introspection endpoint gave no verdict that can be used. `is_refusal`: it refuses this
/// server, and somebody must change the set-up. The caller limits how often this happens.
pub(crate) fn introspection_failed(issuer: &str, error: &dyn Display, is_refusal: bool) {
    #[cfg(feature = "tracing")]
    if is_refusal {
        tracing::error!(target: TARGET, event = "introspection_refused", issuer, %error, "the introspection endpoint refuses this server, or there is none to ask");
    } else {
        tracing::error!(target: TARGET, event = "introspection_failed", issuer, %error, "tokens could not be introspected");
    }
    let _ = (issuer, error, is_refusal);
}

/// The first verdict after calls to the introspection endpoint had paused.
pub(crate) fn introspection_recovered(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "introspection_recovered", issuer, "tokens can be introspected again");
    let _ = issuer;
}

/// The client's id or secret for the introspection endpoint has characters that form-encoding
/// changes.
pub(crate) fn introspection_secret_encoded(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "introspection_secret_encoded",
        issuer = %shown(issuer),
        "the client id or secret for introspection has characters that form-encoding changes \
         (RFC 6749 section 2.3.1): if the endpoint refuses it, set introspection.auth to \
         basic_unencoded or post"
    );
    let _ = issuer;
}
