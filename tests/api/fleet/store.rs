//! What a process tells of its store.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tower_jwt_auth::AuthInfo;
use tower_jwt_auth::fleet::Fleet;
use tower_jwt_auth::mcp::SessionStore as _;
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::fleet::{Fault, MemoryStore, fleet};

use super::{A, B};
use crate::support::{Log, capture};

const MINUTE: Duration = Duration::from_secs(60);

struct Process {
    store: MemoryStore,
    fleet: Fleet,
    log: Log,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Process {
    fn with(secrets: &[&[u8]]) -> Self {
        let (log, _guard) = capture();
        let store = MemoryStore::default();
        let fleet = fleet(
            &store,
            "ns",
            secrets,
            &FakeClock::at(SystemTime::UNIX_EPOCH),
        );
        Self {
            store,
            fleet,
            log,
            _guard,
        }
    }

    /// Begins a session. Whether the store took it.
    async fn ask(&self) -> bool {
        let auth = AuthInfo::for_tests(serde_json::json!({"sub": "alice"}));
        let alice = auth.principal().unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        let sessions = self.fleet.sessions();
        sessions.bind("session", &alice, day).await.is_ok()
    }

    fn told(&self) -> [usize; 5] {
        ["down", "up", "full", "filling", "evicts"]
            .map(|event| self.log.counts(&format!("store_{event}")))
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_once_and_so_is_its_end() {
    let process = Process::with(&[A]);
    assert!(!process.fleet.health().reachable, "nobody has asked");
    assert!(process.ask().await);
    for outage in 1..=2 {
        process.store.set_fault(Some(Fault::Down));
        for _ in 0..20 {
            assert!(!process.ask().await);
            sleep(Duration::from_secs(1)).await;
        }
        let health = process.fleet.health();
        assert!(!health.reachable);
        assert_eq!(health.last_error.as_deref(), Some("connection refused"));
        assert_eq!(process.told(), [outage, outage - 1, 0, 0, 0]);
        assert_eq!(process.log.counts("store_refuses"), 0, "it is silent");
        process.store.set_fault(None);
        for _ in 0..20 {
            assert!(process.ask().await);
        }
        assert_eq!(process.told(), [outage, outage, 0, 0, 0]);
        let health = process.fleet.health();
        assert!(health.reachable);
        assert_eq!(health.last_error, None);
    }
}

#[tokio::test(start_paused = true)]
async fn memory_is_told_when_it_is_first_seen() {
    let process = Process::with(&[A]);
    process.store.set_memory(Some(100), 79, "noeviction", 0);
    assert!(process.ask().await);
    sleep(MINUTE).await;
    assert_eq!(process.told(), [0; 5]);
    assert_eq!(process.fleet.health().fullness, Some(0.79));
    process.store.set_memory(Some(100), 80, "noeviction", 0);
    sleep(MINUTE * 3).await;
    assert_eq!(process.told(), [0, 0, 0, 1, 0], "once");
    assert!(!process.fleet.health().evicts);

    process.store.set_memory(Some(100), 80, "allkeys-lru", 0);
    sleep(MINUTE * 3).await;
    assert_eq!(process.told(), [0, 0, 0, 1, 1], "once");
    assert!(process.fleet.health().evicts);
    process.store.set_memory(Some(100), 80, "allkeys-lru", 7);
    sleep(MINUTE * 3).await;
    assert_eq!(process.told(), [0, 0, 0, 1, 2], "names were evicted");
    process.store.set_memory(Some(0), 80, "allkeys-lru", 7);
    sleep(MINUTE).await;
    assert!(!process.fleet.health().evicts, "no limit");
    assert_eq!(process.fleet.health().fullness, None);
}

/// Each request says it, and a log has it once a minute.
#[tokio::test(start_paused = true)]
async fn a_full_store_is_told_once_a_minute() {
    let process = Process::with(&[A]);
    process.store.set_fault(Some(Fault::Full));
    let began = Instant::now();
    while began.elapsed() < MINUTE * 2 + MINUTE / 2 {
        assert!(!process.ask().await);
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(process.told(), [0, 0, 3, 0, 0]);
    assert_eq!(process.log.counts("store_refuses"), 0, "it has no room");
    assert!(process.fleet.health().reachable, "it answers");
}

/// A user who may not do everything: the other calls go on, so that the store is not down.
#[tokio::test(start_paused = true)]
async fn what_the_store_refuses_is_told_once_a_minute() {
    let process = Process::with(&[A]);
    process.store.set_fault(Some(Fault::Refused));
    for told in [1, 2] {
        for _ in 0..3 {
            process.store.set_fault(Some(Fault::Refused));
            assert!(!process.ask().await);
            process.store.set_fault(None);
            assert!(process.ask().await);
        }
        assert_eq!(process.log.counts("store_refuses"), told);
        sleep(MINUTE).await;
    }
    assert_eq!(process.told(), [0; 5]);
}

#[tokio::test(start_paused = true)]
async fn while_there_are_two_secrets_health_says_how_long() {
    let needed = |secrets| {
        Process::with(secrets)
            .fleet
            .health()
            .old_secret_needed_until
    };
    assert_eq!(needed(&[A]), None);
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(needed(&[A, B]), Some(SystemTime::UNIX_EPOCH + day));
}
