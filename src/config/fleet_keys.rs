//! What a fleet shares of keys that are fetched.

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::keys::Sharing;
use crate::store::keys::SharedIssuer;

/// `source` describes where the keys come from: only processes that agree about it share them, so
/// that none gets keys that its own settings would not have brought.
pub(super) fn share_keys(
    fleet: &Fleet,
    issuer: &str,
    source: &[&[u8]],
    leeway: Duration,
) -> Option<Sharing> {
    let keys = SharedIssuer::new(fleet.store().clone(), issuer, source)?;
    Some(Sharing {
        keys: Arc::new(keys),
        leeway,
    })
}
