//! Keys that the processes of a fleet share.
//!
//! Each process is a verifier of its own, on one store and one issuer in memory.

mod budgets;
mod outages;
mod rotation;
mod sources;
mod start;
mod tampering;

use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_jwt_auth::JwtVerifier;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::keys::IssuerHealth;
use tower_jwt_auth::test_util::internal::fleet::{MemoryStore, fleet_of_keys, running_clock};
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestKey};

use super::{A, B};
use crate::support::issuer_in_memory::{Answer, UNKNOWN, Verdict, junk, key, token, verdict};
use crate::support::{InMemoryIssuer, pass, seconds};

/// A store, and an issuer whose keys the processes share.
struct World {
    store: MemoryStore,
    issuer: InMemoryIssuer,
    times: JwksCache,
}

impl World {
    fn publishing(keys: &[&TestKey]) -> Self {
        Self {
            store: MemoryStore::default(),
            issuer: InMemoryIssuer::publishing(keys),
            times: JwksCache::new(),
        }
    }

    fn process(&self) -> Process {
        self.process_with("fleet", &[A], Duration::ZERO)
    }

    fn processes(&self, how_many: usize) -> Vec<Process> {
        (0..how_many).map(|_| self.process()).collect()
    }

    /// A process whose clock shows this much more than the time of the test.
    fn ahead(&self, ahead: Duration) -> Process {
        self.process_with("fleet", &[A], ahead)
    }

    fn process_with(&self, namespace: &str, secrets: &[&[u8]], ahead: Duration) -> Process {
        let clock = running_clock(now() + ahead);
        let fleet = fleet_of_keys(&self.store, namespace, secrets, &clock);
        let config = self.issuer.config().jwks_cache(self.times);
        let config = config.clock(&clock).fleet(fleet);
        Process {
            verifier: JwtVerifier::new(config.build().unwrap()),
            clock,
        }
    }

    /// The name of this kind in the store.
    fn name(&self, kind: &str) -> Option<String> {
        let part = format!(":{kind}:");
        self.store
            .names()
            .into_iter()
            .find(|name| name.contains(&part))
    }

    fn fetches(&self) -> usize {
        self.issuer.fetches()
    }
}

/// The time of the test: a day of 2027, and what has passed on tokio's clock since the test began.
fn now() -> SystemTime {
    thread_local! {
        static BEGAN: Instant = Instant::now();
    }
    unix(1_800_000_000.0) + BEGAN.with(Instant::elapsed)
}

struct Process {
    verifier: JwtVerifier,
    clock: FakeClock,
}

impl Process {
    async fn verdict(&self, token: &str) -> Verdict {
        verdict(&self.verifier, token).await
    }

    async fn is_ready(&self) -> bool {
        self.verifier.wait_for_keys().await.is_ok()
    }

    fn health(&self) -> IssuerHealth {
        self.verifier.keys_health().issuers.remove(0)
    }
}

/// All processes get the same token in one moment.
async fn verdicts(processes: &[Process], token: &str) -> Vec<Verdict> {
    let mut asking = JoinSet::new();
    for (place, process) in processes.iter().enumerate() {
        let (verifier, token) = (process.verifier.clone(), token.to_owned());
        asking.spawn(async move { (place, verdict(&verifier, &token).await) });
    }
    let mut verdicts = asking.join_all().await;
    verdicts.sort_by_key(|(place, _)| *place);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// Until all processes have keys. They ask again each second.
async fn all_ready(processes: &[Process]) {
    let mut waiting = JoinSet::new();
    for process in processes {
        let verifier = process.verifier.clone();
        waiting.spawn(async move {
            while verifier.wait_for_keys().await.is_err() {
                pass(seconds(1)).await;
            }
        });
    }
    waiting.join_all().await;
}

/// The most fetches that began within one second.
fn most_in_a_second(issuer: &InMemoryIssuer, since: Instant) -> usize {
    let state = issuer.state();
    let fetches: Vec<_> = state.fetches.iter().filter(|at| **at >= since).collect();
    let within = |from: Instant| {
        let in_a_second = move |at: &&&Instant| ***at >= from && ***at < from + seconds(1);
        fetches.iter().filter(in_a_second)
    };
    fetches
        .iter()
        .map(|from| within(**from).count())
        .max()
        .unwrap_or(0)
}
