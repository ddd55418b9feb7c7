//! Processes of a fleet in one test, on a store in memory.

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::store::Store;
pub use crate::store::memory::{Fault, MemoryStore};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;

/// A process of the fleet `namespace` on `store`. Each call makes another process.
#[must_use]
pub fn fleet(store: &MemoryStore, namespace: &str, secrets: &[&[u8]], clock: &FakeClock) -> Fleet {
    let seals = Seals::new(namespace, secrets.iter().copied());
    let timeout = Duration::from_millis(250);
    Fleet::assemble(Store::new(
        Arc::new(store.clone()),
        seals,
        clock.as_clock(),
        timeout,
    ))
}
