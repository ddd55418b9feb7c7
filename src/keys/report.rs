//! What the operator is told of a key set that is now in use.

use crate::crypto::Algorithm;
use crate::jwks::KeySet;
use crate::telemetry::{self, KeyCounts};

/// The number of keys of a set that can and cannot be used for tokens with algorithms of `allowed`.
pub(super) fn counts(keys: &KeySet, allowed: &[Algorithm]) -> KeyCounts {
    let not_allowed = keys.not_allowed(allowed).count();
    KeyCounts {
        usable: keys.len().saturating_sub(not_allowed),
        skipped: keys.skipped().len().saturating_add(not_allowed),
    }
}

/// Emits an event for each fault of a set that is now in use.
pub(super) fn report_faults(issuer: &str, keys: &KeySet, allowed: &[Algorithm]) {
    if keys.beyond_limit() > 0 {
        telemetry::too_many_keys(issuer, keys.beyond_limit());
    }
    let not_allowed = keys.not_allowed(allowed);
    for key in keys.skipped().iter().cloned().chain(not_allowed) {
        telemetry::key_skipped(issuer, key.kid.as_deref(), &key.reason);
    }
    if keys.leaks_private() {
        telemetry::private_key_published(issuer);
    }
}
