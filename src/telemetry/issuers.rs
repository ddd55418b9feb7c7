//! Issuers: exchanges with one, the task that fetches its keys, and a new list of them.

#[cfg(feature = "tracing")]
use super::{LastEvent, MINUTE, TARGET};
#[cfg(feature = "tracing")]
use crate::base::escape::shown;
use std::fmt::Display;
use std::time::Duration;

/// How a list of issuers differs from the one before it.
#[derive(Default)]
pub(crate) struct IssuerChanges {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
    pub(crate) unchanged: usize,
}

impl IssuerChanges {
    pub(crate) const fn are_none(&self) -> bool {
        matches!(
            self,
            Self {
                added: 0,
                changed: 0,
                removed: 0,
                unchanged: _
            }
        )
    }
}

/// A new list of issuers is in use. It is more than the old list in another order.
pub(crate) fn issuers_replaced(changes: &IssuerChanges) {
    #[cfg(feature = "tracing")]
    {
        let IssuerChanges {
            added,
            changed,
            removed,
            unchanged,
        } = changes;
        tracing::info!(target: TARGET, event = "issuers_replaced", added, changed, removed, unchanged, "other issuers are trusted from now on");
    }
    let _ = changes;
}

/// A new list of issuers is not used.
pub(crate) fn issuers_refused(error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "issuers_refused", %error, "the new list of issuers is not used; the old issuers are still trusted");
    let _ = error;
}

/// What came of one HTTP exchange with an issuer.
pub(crate) struct Exchanged<'e> {
    pub(crate) method: &'e str,
    pub(crate) url: &'e str,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Answered<'e>, &'e dyn Display>,
}

/// What an answer says about itself.
#[cfg_attr(
    not(feature = "tracing"),
    allow(dead_code, reason = "read for an event")
)]
pub(crate) struct Answered<'e> {
    pub(crate) status: u16,
    pub(crate) bytes: usize,
    pub(crate) date: Option<&'e str>,
    pub(crate) age: Option<&'e str>,
}

/// An HTTP exchange with an issuer is over.
pub(crate) fn exchanged(exchange: &Exchanged<'_>) {
    let Exchanged {
        method,
        url,
        took,
        outcome,
    } = exchange;
    #[cfg(feature = "tracing")]
    {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Answered {
                status,
                bytes,
                date,
                age,
            }) => {
                let (date, age) = (date.map(shown), age.map(shown));
                tracing::debug!(target: TARGET, event = "exchanged", method, url, milliseconds, status, bytes, date = date.as_deref(), age = age.as_deref(), "the issuer has answered");
            }
            Err(error) => {
                tracing::debug!(target: TARGET, event = "exchanged", method, url, milliseconds, %error, "the issuer has not answered");
            }
        }
    }
    let _ = (method, url, took, outcome);
}

/// The metadata of an issuer was found. `outcomes` names each URL where it may be.
pub(crate) fn metadata_found(issuer: &str, outcomes: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: TARGET, event = "metadata_found", issuer, %outcomes, "the metadata of the issuer was found");
    let _ = (issuer, outcomes);
}

/// A file with certificates or credentials has changed and cannot be used.
pub(crate) fn credentials_not_replaced(issuer: &str, error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "credentials_not_replaced", issuer, %error, "a file for requests to the issuer cannot be used; its old content serves on");
    let _ = (issuer, error);
}

/// The runtime that ran the task has ended or is not driven; the next request starts the task
/// again.
pub(crate) fn task_lost(issuer: &str, why: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "task_lost", issuer, "{why}");
    let _ = (issuer, why);
}

/// The issuer is needed outside a tokio runtime. `what` cannot be done there.
pub(crate) fn no_runtime(issuer: &str, what: &'static str) {
    #[cfg(feature = "tracing")]
    if LAST_NO_RUNTIME.is_older_than(MINUTE) {
        tracing::error!(target: TARGET, event = "no_runtime", issuer, "{what} inside a tokio runtime");
    }
    let _ = (issuer, what);
}

#[cfg(feature = "tracing")]
static LAST_NO_RUNTIME: LastEvent = LastEvent::never();
