//! Processes of a fleet in one test, on a store in memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::clock::{Clock, Now};
use crate::fleet::{Fleet, FleetBuilder, Revocation};
use crate::limits::{
    DEFAULT_LEEWAY, DEFAULT_REVOCATION_KEEP, DEFAULT_REVOCATIONS_AT_START,
    DEFAULT_REVOCATIONS_LIMIT,
};
use crate::revocation::{Revocations, Terms};
use crate::store::Store;
pub use crate::store::memory::{Fault, MemoryStore};
use crate::store::revoked::{AtStart, RevocationSettings};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;

/// A process of the fleet `namespace` on `store`. Each call makes another process.
#[must_use]
pub fn fleet(store: &MemoryStore, namespace: &str, secrets: &[&[u8]], clock: &FakeClock) -> Fleet {
    let store = store_of(store, namespace, secrets, clock);
    let revocations = RevocationSettings {
        keep: DEFAULT_REVOCATION_KEEP,
        limit: DEFAULT_REVOCATIONS_LIMIT,
        at_start: AtStart::AtMost(DEFAULT_REVOCATIONS_AT_START),
        leeway: DEFAULT_LEEWAY,
    };
    Fleet::assemble(store, Some(revocations))
}

/// The same without revocations.
#[must_use]
pub fn fleet_of_keys(
    store: &MemoryStore,
    namespace: &str,
    secrets: &[&[u8]],
    clock: &FakeClock,
) -> Fleet {
    Fleet::assemble(store_of(store, namespace, secrets, clock), None)
}

/// A process of a fleet on a server, whose clock need not be that of the server.
///
/// # Errors
///
/// As [`FleetBuilder::build`].
pub fn build_with_clock(
    builder: FleetBuilder,
    clock: &FakeClock,
) -> Result<Fleet, impl std::error::Error + use<>> {
    builder.build_with(clock.as_clock())
}

fn store_of(store: &MemoryStore, namespace: &str, secrets: &[&[u8]], clock: &FakeClock) -> Store {
    let seals = Seals::new(namespace, secrets.iter().copied());
    let timeout = Duration::from_millis(250);
    Store::new(Arc::new(store.clone()), seals, clock.as_clock(), timeout)
}

/// The secrets of nonces that a config with this fleet has, the first of which makes nonces.
#[must_use]
pub fn nonce_secrets(fleet: &Fleet) -> Vec<String> {
    let seals = fleet.store().seals.iter();
    seals
        .map(|seal| URL_SAFE_NO_PAD.encode(seal.nonce))
        .collect()
}

/// The list of revocations of one process, without a store: the test is the one who fills it.
#[derive(Clone, Debug)]
pub struct RevocationList {
    list: Arc<Revocations>,
    seals: Seals,
    clock: Clock,
}

impl RevocationList {
    /// A list that was read, with `revocation_keep` of a day. `secrets` holds one or two.
    #[must_use]
    pub fn new(secrets: &[&[u8]], limit: usize, clock: &FakeClock) -> Self {
        let list = Self::unread(secrets, limit, clock);
        list.set_read();
        list
    }

    /// A list that was not read yet.
    #[must_use]
    pub fn unread(secrets: &[&[u8]], limit: usize, clock: &FakeClock) -> Self {
        let seals = Seals::new("ns", secrets.iter().copied());
        let keys = seals.iter().map(|seal| seal.revoked);
        let (day, timeout) = (Duration::from_secs(86_400), Duration::from_millis(250));
        let clock = clock.as_clock();
        let list = Arc::new(Revocations::new(keys, limit, day, timeout, clock.clone()));
        Self { list, seals, clock }
    }

    /// Revokes as a process with `secret` does, where nothing is sent to others.
    ///
    /// # Errors
    ///
    /// Returns the name of the error.
    pub fn revoke(&self, revocation: &Revocation) -> Result<bool, String> {
        let terms = Terms {
            now: self.now().wall,
            keep: self.list.keep(),
            leeway: Duration::from_secs(60),
        };
        let first = self.seals.iter().next().map(|seal| seal.revoked);
        let record = revocation
            .record(&first.unwrap_or_default(), terms)
            .map_err(|error| format!("{error:?}"))?;
        let added = self.list.add(record, self.now());
        added.map_err(|error| format!("{error:?}"))
    }

    /// Revokes the tokens of a subject that carry no `sid`.
    ///
    /// # Errors
    ///
    /// Returns the name of the error.
    pub fn revoke_subject_without_session(&self, issuer: &str, sub: &str) -> Result<bool, String> {
        self.revoke(&Revocation::subject_without_session(issuer, sub))
    }

    /// Adds what another list has, as if it had been read from the store.
    pub fn hear(&self, other: &Self) -> bool {
        self.list.apply(other.list.in_force(self.now()), self.now())
    }

    /// What the timer of the reader does.
    pub fn tick(&self) {
        self.list.tick(self.now());
    }

    /// The list was read from the store.
    pub fn set_read(&self) {
        self.list.set_read();
    }

    /// `revocations_at_start` is over.
    pub fn give_up_waiting(&self) {
        self.list.give_up_waiting();
    }

    /// Starts a reader with `start`, for the first request that waits.
    pub fn on_demand(&self, start: impl Fn() + Send + Sync + 'static) {
        self.list.on_demand(start);
    }

    /// Returns once the process was found to have stood still.
    pub async fn stood_still(&self) {
        self.list.stood_still().await;
    }

    /// The number of streams that are watched.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.list.open_streams()
    }

    /// The number of revocations in force.
    #[must_use]
    pub fn in_force(&self) -> usize {
        self.list.in_force(self.now()).len()
    }

    /// The number of revocations in memory.
    #[must_use]
    pub fn in_memory(&self) -> usize {
        self.list.len()
    }

    /// How many hold the list: this value, layers and verifiers, and open streams.
    #[must_use]
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.list)
    }

    pub(crate) fn as_list(&self) -> Arc<Revocations> {
        self.list.clone()
    }

    fn now(&self) -> Now {
        self.clock.now()
    }
}

/// A clock that shows `time` now, and goes on with tokio's clock.
#[must_use]
pub fn running_clock(time: SystemTime) -> FakeClock {
    FakeClock::running_from(time)
}
