//! What the operator is told of a key set that is now in use.

use crate::jwks::KeySet;
use crate::telemetry::{self, KeyCounts};

/// The number of keys of a set that can and cannot be used.
pub(super) fn counts(keys: &KeySet) -> KeyCounts {
    KeyCounts {
        usable: keys.len(),
        skipped: keys.skipped().len(),
    }
}

/// Emits an event for each fault of a set that is now in use.
pub(super) fn report_faults(issuer: &str, keys: &KeySet) {
    if keys.beyond_limit() > 0 {
        telemetry::too_many_keys(issuer, keys.beyond_limit());
    }
    for key in keys.skipped() {
        telemetry::key_skipped(issuer, key.kid.as_deref(), &key.reason);
    }
    if keys.leaks_private() {
        telemetry::private_key_published(issuer);
    }
}
