//! Processes of a fleet on the tests' own store.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod healing;
mod position;
mod reading;
mod starting;
mod unshared;
mod writing;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::{AtStart, RevocationSettings};
use crate::fleet::Fleet;
use crate::revocation::{Record, Revocation, Revocations, Terms};
use crate::store::Store;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;

const ISSUER: &str = "https://issuer.test/";
const NAME: &str = "tja1:ns:revoked";
const SECRET: [u8; 32] = [7; 32];
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);
const LEEWAY: Duration = Duration::from_secs(60);

/// A store, and what makes processes that use it.
struct World {
    store: MemoryStore,
    clock: FakeClock,
    settings: RevocationSettings,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            clock: clock_at(NOW),
            settings: RevocationSettings {
                keep: KEEP,
                limit: 10_000,
                at_start: AtStart::AtMost(seconds(10)),
                leeway: LEEWAY,
            },
        }
    }

    fn process(&self) -> Process {
        self.process_with(&self.clock, &[&SECRET])
    }

    fn process_with(&self, clock: &FakeClock, secrets: &[&[u8]]) -> Process {
        let seals = Seals::new("ns", secrets.iter().copied());
        let commands = Arc::new(self.store.clone());
        let timeout = Duration::from_millis(250);
        let store = Store::new(commands, seals, clock.as_clock(), timeout);
        Process {
            fleet: Fleet::assemble(store, Some(self.settings)),
            clock: clock.clone(),
        }
    }

    /// A process that has read the list.
    async fn started(&self) -> Process {
        let process = self.process();
        process.fleet.ready().await;
        process
    }

    /// Who waits for an answer now never gets one, and no connection breaks.
    async fn fall_silent(&self) {
        self.store.set_fault(Some(Fault::NoAnswer));
        sleep(Duration::from_millis(1)).await;
        self.store.set_fault(None);
    }

    fn entries(&self) -> usize {
        self.store.entries(NAME).len()
    }

    /// A sealed record, as any process with the secret writes it.
    fn sealed(&self, revocation: &Revocation) -> Vec<u8> {
        let seals = Seals::new("ns", [&SECRET[..]]);
        let seal = seals.iter().next().unwrap();
        let terms = Terms {
            now: self.clock.as_clock().now().wall,
            keep: KEEP,
            leeway: LEEWAY,
        };
        let record = revocation.record(&seal.revoked, terms).unwrap();
        seal.close(NAME, &record.to_bytes())
    }
}

#[derive(Clone)]
struct Process {
    fleet: Fleet,
    clock: FakeClock,
}

impl Process {
    fn list(&self) -> &Arc<Revocations> {
        self.fleet.revocations().unwrap()
    }

    async fn revoke(&self, revocation: &Revocation) {
        self.fleet.revoke(revocation.clone()).await.unwrap();
    }

    fn known(&self) -> Vec<Record> {
        self.list().in_force(self.clock.as_clock().now())
    }

    fn knows(&self, revocation: &Revocation) -> bool {
        let seals = Seals::new("ns", [&SECRET[..]]);
        let seal = seals.iter().next().unwrap();
        let terms = Terms {
            now: self.clock.as_clock().now().wall,
            keep: KEEP,
            leeway: LEEWAY,
        };
        let wanted = revocation.record(&seal.revoked, terms).unwrap();
        let is_it = |record: &Record| record.digest == wanted.digest;
        self.known().iter().any(is_it)
    }

    /// How long it takes until this process knows so many.
    async fn until_known(&self, count: usize) -> Duration {
        until(|| self.known().len() >= count).await
    }

    fn last_error(&self) -> Option<String> {
        let (_, stream) = self.fleet.revoking_for_tests().unwrap();
        stream.health(self.clock.as_clock().now()).last_error
    }
}

/// How long it takes until this is so. Looks each millisecond.
async fn until(mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < seconds(60), "it never was so");
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

fn token(number: usize) -> Revocation {
    Revocation::token(ISSUER, format!("jti-{number}"))
}

/// A record of the digest `number`. The times are seconds after 1970.
fn record(number: u8, cut: u64, until: u64) -> Record {
    let kind = Revocation::subject(ISSUER, "alice").kind();
    Record {
        kind,
        digest: [number; 16],
        cut,
        until,
    }
}

fn clock_at(seconds: u64) -> FakeClock {
    FakeClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The time at which a `MemoryStore` begins.
const NOW: u64 = 1_800_000_000;
