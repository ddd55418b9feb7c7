use std::future::pending;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::super::Replay::StoreUnavailable;
use super::*;

#[derive(Clone, Copy, Debug)]
enum Does {
    Fails,
    NeverAnswers,
    PanicsAtOnce,
    PanicsLater,
    Remembers(Duration),
}

/// What a fleet shares.
#[derive(Debug)]
struct Store {
    does: Does,
    proofs: Mutex<Vec<(ProofId, SystemTime)>>,
}

impl Store {
    fn new(does: Does) -> Arc<Self> {
        let proofs = Mutex::default();
        Arc::new(Self { does, proofs })
    }

    fn record(&self, proof: ProofId, until: SystemTime) -> bool {
        let mut proofs = self.proofs.lock().unwrap();
        let is_new = proofs.iter().all(|(one, _)| *one != proof);
        proofs.push((proof, until));
        is_new
    }
}

impl ReplayStore for Store {
    fn first_use(&self, proof: ProofId, until: SystemTime) -> ReplayFuture<'_> {
        match self.does {
            Does::Fails => Box::pin(async { Err(ReplayStoreError::new("it is down")) }),
            Does::NeverAnswers => Box::pin(pending()),
            Does::PanicsAtOnce => panic!("at once"),
            Does::PanicsLater => Box::pin(async {
                sleep(Duration::from_millis(10)).await;
                panic!("later")
            }),
            Does::Remembers(after) => Box::pin(async move {
                sleep(after).await;
                Ok(self.record(proof, until))
            }),
        }
    }
}

impl Replays {
    async fn asks_the_store(&self, jkt: &[u8; 32], jti: &str, now: f64) -> Result<(), Replay> {
        let last_second = at(NOW + 60.0).unix_seconds();
        self.first_use_everywhere(jkt, jti, last_second, at(now))
            .await
    }

    fn with_store(store: &Arc<Store>) -> Self {
        Self::new(1024, RESOURCE, Some(store.clone()))
    }

    async fn uses_everywhere(&self, jkt: &[u8; 32], jti: &str) -> Result<(), Replay> {
        self.uses(jkt, jti, NOW, NOW)?;
        self.asks_the_store(jkt, jti, NOW).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_works_once_in_all_processes() {
    let store = Store::new(Does::Remembers(Duration::ZERO));
    let [one, other] = [(); 2].map(|()| Replays::with_store(&store));
    assert!(one.has_store());
    assert_eq!(one.uses_everywhere(&ALICE, "a").await, Ok(()));
    assert_eq!(one.uses_everywhere(&ALICE, "a").await, Err(Used));
    assert_eq!(store.proofs.lock().unwrap().len(), 1, "this process knew");
    assert_eq!(other.uses_everywhere(&ALICE, "a").await, Err(Used));
    assert_eq!(other.uses_everywhere(&BOB, "a").await, Ok(()));
    assert_eq!(other.uses_everywhere(&ALICE, "b").await, Ok(()));
    let without = replays(1024);
    assert_eq!(without.uses_everywhere(&ALICE, "a").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_nothing_is_accepted() {
    for (does, want) in [
        (Does::Remembers(Duration::from_millis(999)), Ok(())),
        (
            Does::Remembers(Duration::from_millis(2000)),
            Err(StoreUnavailable),
        ),
        (Does::NeverAnswers, Err(StoreUnavailable)),
        (Does::Fails, Err(StoreUnavailable)),
        (Does::PanicsAtOnce, Err(StoreUnavailable)),
        (Does::PanicsLater, Err(StoreUnavailable)),
    ] {
        let replays = Replays::with_store(&Store::new(does));
        let began = Instant::now();
        assert_eq!(replays.uses_everywhere(&ALICE, "a").await, want, "{does:?}");
        assert!(began.elapsed() <= Duration::from_secs(1), "{does:?}");
        // It may have been recorded.
        assert_eq!(
            replays.uses_everywhere(&ALICE, "a").await,
            Err(Used),
            "{does:?}"
        );
    }
}

/// As a runtime that is not tokio's.
#[test]
fn a_runtime_without_a_timer_is_a_store_that_does_not_answer() {
    let replays = Replays::with_store(&Store::new(Does::Remembers(Duration::ZERO)));
    let asked = std::pin::pin!(replays.uses_everywhere(&ALICE, "a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let verdict = asked.poll(&mut context);
    assert_eq!(verdict, std::task::Poll::Ready(Err(StoreUnavailable)));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_has_used_the_proof() {
    let store = Store::new(Does::Remembers(Duration::from_millis(500)));
    let replays = Replays::with_store(&store);
    let call = replays.uses_everywhere(&ALICE, "a");
    assert!(
        tokio::time::timeout(Duration::from_millis(100), call)
            .await
            .is_err()
    );
    assert!(store.proofs.lock().unwrap().is_empty());
    assert_eq!(replays.uses_everywhere(&ALICE, "a").await, Err(Used));
}

/// The store still knows what this process has forgotten.
#[tokio::test(start_paused = true)]
async fn with_a_store_the_floor_does_not_answer() {
    let store = Store::new(Does::Remembers(Duration::ZERO));
    let replays = Replays::with_store(&store);
    assert_eq!(replays.uses_everywhere(&ALICE, "old").await, Ok(()));
    for i in 0..4096_u32 {
        let key = [(i % 256) as u8; 32];
        let iat = NOW + f64::from(i / 512);
        assert_eq!(replays.uses(&key, &i.to_string(), iat, NOW), Ok(()));
    }
    assert!(replays.held() <= 1024);
    assert_eq!(
        replays.uses(&ALICE, "old", NOW, NOW),
        Ok(()),
        "it was forgotten"
    );
    assert_eq!(replays.uses_everywhere(&ALICE, "old").await, Err(Used));
    assert_eq!(replays.uses_everywhere(&ALICE, "new").await, Ok(()));
    // What the store cannot hold any more is not asked about.
    assert_eq!(
        replays.uses(&ALICE, "ended", NOW, NOW + 61.0),
        Err(BelowFloor)
    );
}

/// A store forgets a proof at its end, and would take a replay for the first use.
#[tokio::test(start_paused = true)]
async fn a_store_is_not_asked_about_a_proof_that_has_ended() {
    let store = Store::new(Does::Remembers(Duration::ZERO));
    let replays = Replays::with_store(&store);
    assert_eq!(
        replays.asks_the_store(&ALICE, "a", NOW + 60.9).await,
        Ok(())
    );
    let ended = replays.asks_the_store(&ALICE, "b", NOW + 61.0).await;
    assert_eq!(ended, Err(BelowFloor));
    assert_eq!(store.proofs.lock().unwrap().len(), 1);
}

/// The hash was computed with another implementation of SHA-256.
#[tokio::test(start_paused = true)]
async fn the_store_is_told_which_proof_and_until_when() {
    let store = Store::new(Does::Remembers(Duration::ZERO));
    let replays = Replays::with_store(&store);
    replays.uses_everywhere(&[7; 32], "jti-1").await.unwrap();
    let (proof, until) = store.proofs.lock().unwrap()[0];
    let id = "85d39c2faf49d4fdbe2f4a374e9b5e148864e063fae889319f3b144e71adff0e";
    assert_eq!(proof.to_string(), id);
    assert_eq!(format!("{proof:?}"), format!("ProofId({id})"));
    // The end of the last second, and the second in which the store answers.
    let since = until.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(since, Duration::from_secs(NOW as u64 + 62));
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_proof_counts() {
    let store = Store::new(Does::Remembers(Duration::ZERO));
    for (resource, key, jti) in [
        ("https://a.example", ALICE, "j"),
        ("https://a.example/", ALICE, "j"),
        ("https://a.example", BOB, "j"),
        ("https://a.example", ALICE, "j\0"),
        ("https://a.example", ALICE, ""),
    ] {
        let replays = Replays::new(1024, resource, Some(store.clone()));
        let verdict = replays.uses_everywhere(&key, jti).await;
        assert_eq!(verdict, Ok(()), "{resource} {jti:?}");
    }
}

#[test]
fn the_text_of_an_error_and_its_cause() {
    let error = ReplayStoreError::new("connection refused");
    assert_eq!(error.to_string(), "the replay store failed");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "connection refused");
}
