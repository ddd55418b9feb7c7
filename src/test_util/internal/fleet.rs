//! Processes of a fleet in one test, on a store in memory.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::fleet::Fleet;
use crate::limits::{
    DEFAULT_LEEWAY, DEFAULT_REVOCATION_KEEP, DEFAULT_REVOCATIONS_AT_START, DEFAULT_REVOCATIONS_LIMIT,
};
use crate::store::Store;
pub use crate::store::memory::{Fault, MemoryStore};
use crate::store::revoked::{AtStart, RevocationSettings};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;

/// A process of the fleet `namespace` on `store`. Each call makes another process.
#[must_use]
pub fn fleet(store: &MemoryStore, namespace: &str, secrets: &[&[u8]], clock: &FakeClock) -> Fleet {
    let seals = Seals::new(namespace, secrets.iter().copied());
    let timeout = Duration::from_millis(250);
    let store = Store::new(Arc::new(store.clone()), seals, clock.as_clock(), timeout);
    let revocations = RevocationSettings {
        keep: DEFAULT_REVOCATION_KEEP,
        limit: DEFAULT_REVOCATIONS_LIMIT,
        at_start: AtStart::AtMost(DEFAULT_REVOCATIONS_AT_START),
        leeway: DEFAULT_LEEWAY,
    };
    Fleet::assemble(store, Some(revocations))
}

/// The secrets of nonces that a config with this fleet has, the first of which makes nonces.
#[must_use]
pub fn nonce_secrets(fleet: &Fleet) -> Vec<String> {
    let seals = fleet.store().seals.iter();
    seals
        .map(|seal| URL_SAFE_NO_PAD.encode(seal.nonce))
        .collect()
}
