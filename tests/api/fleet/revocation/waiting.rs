//! A process that has not read the list, and one that stood still.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, advance};
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::test_util::internal::unix;

use super::{NOW, Process, REVOKED, RevocationList};
use crate::fleet::A;
use crate::support::{Counting, HeldClock, call, pass, request, seconds};

const TIMEOUT: Duration = Duration::from_millis(250);

fn starting() -> Process {
    Process::with(|clock| RevocationList::unread(&[A], 100, clock), |it| it)
}

/// The part of F37 that needs no store.
#[tokio::test(start_paused = true)]
async fn until_the_list_is_read_requests_wait_and_get_503() {
    let process = starting();
    let started = Arc::new(AtomicUsize::new(0));
    let count = started.clone();
    process.list.on_demand(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let token = process.token().sign();
    assert!(!process.layer.keys_health().is_ready());
    // What is refused anyway does not wait, and starts nothing.
    let expired = process.token().valid(NOW - 9000, seconds(60)).sign();
    let began = Instant::now();
    process.verdict(&expired).await.unwrap_err();
    assert_eq!(
        (began.elapsed(), started.load(Ordering::SeqCst)),
        (Duration::ZERO, 0)
    );
    for remembered in [false, true] {
        let began = Instant::now();
        let answer = call(&process.layer, &Counting::default(), request(Some(&token))).await;
        assert_eq!(answer.status, 503, "{remembered}");
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.challenge(), None);
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert_eq!(began.elapsed(), TIMEOUT);
    }
    assert!(started.load(Ordering::SeqCst) >= 1);
    assert_eq!(
        process.verdict(&token).await,
        Err("RevocationsUnread".to_owned())
    );
    process.list.give_up_waiting();
    let began = Instant::now();
    process
        .accepts("revocations_at_start is over", &token)
        .await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(process.layer.keys_health().is_ready());
    process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
    process.refuses("what is known counts", &token).await;
}

#[tokio::test(start_paused = true)]
async fn requests_go_on_as_soon_as_the_list_is_read() {
    let process = starting();
    let other = RevocationList::new(&[A], 100, &process.clock);
    other
        .revoke(&Revocation::subject(process.issuer.issuer(), "bob"))
        .unwrap();
    let verifier = process.layer.verifier();
    let ready = tokio::spawn({
        let verifier = verifier.clone();
        async move { verifier.wait_for_keys().await }
    });
    let (alice, bob) = (
        process.token().sign(),
        process.token().subject("bob").sign(),
    );
    let mut waiting = Vec::new();
    for token in [&alice, &bob, &alice] {
        let (verifier, token) = (verifier.clone(), token.clone());
        waiting.push(tokio::spawn(async move { verifier.verify(&token).await }));
    }
    pass(TIMEOUT / 2).await;
    // Dropping a request stops nothing.
    waiting.remove(2).abort();
    assert!(waiting.iter().all(|it| !it.is_finished()));
    assert!(!ready.is_finished());
    process.list.hear(&other);
    process.list.set_read();
    let began = Instant::now();
    let mut verdicts = Vec::new();
    for task in waiting {
        let verdict = task.await.unwrap();
        verdicts.push(
            verdict
                .map(drop)
                .map_err(|rejection| super::reason(&rejection)),
        );
    }
    ready.await.unwrap().unwrap();
    assert_eq!(verdicts, [Ok(()), Err(REVOKED.to_owned())]);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// The part of F38 that needs no store.
#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_reads_first() {
    let _held = HeldClock::hold();
    for by_wall_clock_alone in [false, true] {
        let process = Process::new();
        let (token, issuer) = (process.token().sign(), process.issuer.issuer());
        process.list.tick();
        process.accepts("before", &token).await;
        let other = RevocationList::new(&[A], 100, &process.clock);
        other.revoke(&Revocation::subject(issuer, "alice")).unwrap();
        let gap = seconds(16);
        process.clock.set(unix(NOW as f64) + gap);
        if !by_wall_clock_alone {
            advance(gap).await;
        }
        let verifier = process.layer.verifier();
        let waiting = tokio::spawn({
            let token = token.clone();
            async move { verifier.verify(&token).await }
        });
        // The reader is told, reads, and says so.
        process.list.stood_still().await;
        assert!(!waiting.is_finished());
        process.list.hear(&other);
        process.list.set_read();
        let rejection = waiting.await.unwrap().unwrap_err();
        assert_eq!(super::reason(&rejection), REVOKED);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_store_delays_nobody_while_the_timer_runs() {
    let process = Process::new();
    let token = process.token().sign();
    for _ in 0..100 {
        process.list.tick();
        pass(seconds(15)).await;
        let began = Instant::now();
        process.accepts("no reading, but ticks", &token).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}

/// The reading after the process stood still fails, or nobody reads: one request waits.
#[tokio::test(start_paused = true)]
async fn after_standing_still_the_outage_is_served() {
    let process = Process::new();
    let token = process.token().sign();
    process.list.tick();
    pass(seconds(17)).await;
    let mut waits = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        process.layer.verifier().verify(&token).await.unwrap();
        waits.push(began.elapsed());
    }
    assert_eq!(waits, [TIMEOUT, Duration::ZERO, Duration::ZERO]);
    // The timer that goes on after the process stood still finds it too.
    pass(seconds(17)).await;
    process.list.tick();
    let began = Instant::now();
    process.layer.verifier().verify(&token).await.unwrap();
    assert_eq!(began.elapsed(), TIMEOUT);
}
