//! Events and metrics of the store of a fleet. No function takes a name, a value or a password.

use std::fmt::Display;
use std::time::Duration;

#[cfg(feature = "metrics")]
use super::meters;
#[cfg(feature = "tracing")]
use super::{LastEvent, MINUTE, TARGET};
/// The store has not answered several times in a row. The caller says it once.
pub(crate) fn store_down(error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "store_down", %error, "the store of the fleet does not answer");
    let _ = error;
}

/// The first answer after that.
pub(crate) fn store_up() {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "store_up", "the store of the fleet answers again");
}

/// The store refuses a call of this process. The caller says it once a minute.
pub(crate) fn store_refuses(error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "store_refuses",
        %error,
        "the store of the fleet refuses what this process needs: its user may do too little, or \
         the password is wrong"
    );
    let _ = error;
}

/// The store has no room for what was to be written. The caller says it once a minute.
pub(crate) fn store_full(error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "store_full",
        %error,
        "the store of the fleet is full: nothing can be revoked, and requests with DPoP proofs get \
         503; raise its maxmemory"
    );
    let _ = error;
}

/// The store will be full soon, and evicts nothing. The caller says it once.
pub(crate) fn store_filling(part: f64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "store_filling",
        percent = (part * 100.0) as u64,
        "the store of the fleet is nearly full: raise its maxmemory"
    );
    let _ = part;
}

/// The store evicts what must stay.
pub(crate) fn store_evicts(policy: &str, evicted: u64) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "store_evicts",
        policy,
        evicted,
        "the store of the fleet evicts names, so that a used DPoP proof may work again: set its \
         maxmemory-policy to noeviction"
    );
    let _ = (policy, evicted);
}

/// What is sent to the store can be read, and answers can be forged.
pub(crate) fn store_not_encrypted(store: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "store_not_encrypted",
        %store,
        "the store of the fleet is reached without TLS: whoever is between can withhold revocations, \
         and say that each DPoP proof is new; use rediss"
    );
    let _ = store;
}

/// A command got an answer, or none. `operation` and `outcome` are each one of a few fixed labels.
/// `took` is `None` for a command that waits at the server.
pub(crate) fn store_called(operation: &'static str, outcome: &'static str, took: Option<Duration>) {
    #[cfg(feature = "metrics")]
    meters::store_called(operation, outcome, took);
    let _ = (operation, outcome, took);
}

/// A value in the store was not written by a process with the secret of the fleet, or was moved
/// there. `kind` says what it should be.
pub(crate) fn store_tampered(kind: &'static str) {
    #[cfg(feature = "tracing")]
    if LAST_STORE_TAMPERED.is_older_than(MINUTE) {
        tracing::error!(target: TARGET, event = "store_tampered", kind, "a value in the store has no seal of this fleet, and is ignored: somebody else writes there, or processes of one namespace have different secrets");
    }
    let _ = kind;
}

#[cfg(feature = "tracing")]
static LAST_STORE_TAMPERED: LastEvent = LastEvent::never();
