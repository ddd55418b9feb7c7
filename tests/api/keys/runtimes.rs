//! The task that refreshes keys, and the runtime that carries it: gone, idle, or never there.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::config::JwksCache;

use super::{Good, Scenario, UNKNOWN, Unavailable, pass, seconds};
use crate::support::issuer_in_memory::{InMemoryIssuer, key, token, verdict};

/// A runtime that works only inside `block_on`, on a clock of its own.
fn driven_by_hand() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

fn on_its_own_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Polls once, outside of any runtime.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a31_a_result_that_comes_too_late_is_discarded() {
    let (old, new) = (key("k"), key("k"));
    let issuer = InMemoryIssuer::publishing(&[&old]);
    issuer.takes(seconds(1));
    let verifier = issuer.verifier_with(JwksCache::new().timeout(seconds(2)));
    // The first runtime begins a fetch of the old set and is then not driven any more.
    let stuck = driven_by_hand();
    stuck.block_on(async {
        let token = token(&old);
        let first = verdict(&verifier, &token);
        let given_up = tokio::time::timeout(Duration::from_millis(10), first).await;
        assert!(given_up.is_err());
    });
    issuer.publish(&[&new]);
    // The second finds that out, and carries the task on.
    let driven = driven_by_hand();
    driven.block_on(async {
        let mut tries = 0;
        while verdict(&verifier, &token(&new)).await != Good {
            tries += 1;
            assert!(tries < 10);
            pass(seconds(1)).await;
        }
    });
    // Whatever the first does when it comes back.
    stuck.block_on(pass(seconds(60)));
    driven.block_on(async { assert_eq!(verdict(&verifier, &token(&new)).await, Good) });
}

#[test]
fn a35_no_runtime_is_an_answer_and_no_panic() {
    let scenario = Scenario::publishing(["k"]);
    let polled = poll_once(scenario.ask("k"));
    assert_eq!(polled, Poll::Ready(Unavailable));
    assert_eq!(scenario.fetches(), 0);
}

#[test]
fn a35_a_caller_without_a_runtime_is_answered_while_the_task_runs_elsewhere() {
    let scenario = Scenario::publishing(["old"]);
    let elsewhere = on_its_own_thread();
    elsewhere
        .block_on(scenario.verifier.wait_for_keys())
        .unwrap();
    for (kid, expected) in [("old", Good), ("new", Unavailable)] {
        let polled = poll_once(scenario.ask(kid));
        assert_eq!(polled, Poll::Ready(expected), "{kid}");
    }
}

#[test]
fn a35_waiters_outlive_the_runtime_that_carried_their_fetch() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.takes(Duration::from_millis(300));
    let carrier = on_its_own_thread();
    let warm_up = scenario.verifier.clone();
    drop(carrier.spawn(async move { warm_up.wait_for_keys().await }));
    while scenario.fetches() == 0 {
        std::thread::yield_now();
    }
    let serving = Builder::new_current_thread().enable_all().build().unwrap();
    serving.block_on(async {
        let mut waiting = pin!(scenario.ask("k"));
        tokio::select! {
            biased;
            early = &mut waiting => panic!("{early:?}"),
            () = tokio::task::yield_now() => {}
        }
        carrier.shutdown_background();
        assert_eq!(waiting.await, Good);
    });
    assert_eq!(scenario.fetches(), 2);
}

/// The fetch begins after the request has asked, so that its end would be an answer.
#[test]
fn a35_a_fetch_that_was_lost_proves_no_absence() {
    let scenario = Scenario::publishing(["old"]);
    let carrier = on_its_own_thread();
    carrier.block_on(scenario.verifier.wait_for_keys()).unwrap();
    scenario.publish(["old", "new"]);
    scenario.issuer.takes(Duration::from_millis(300));
    let serving = Builder::new_current_thread().enable_all().build().unwrap();
    serving.block_on(async {
        let mut waiting = pin!(scenario.ask("new"));
        tokio::select! {
            biased;
            early = &mut waiting => panic!("{early:?}"),
            () = tokio::task::yield_now() => {}
        }
        while scenario.fetches() < 2 {
            std::thread::yield_now();
        }
        carrier.shutdown_background();
        assert_eq!(waiting.await, Good);
    });
    assert_eq!(scenario.fetches(), 3);
}

#[test]
fn a35_a_silent_task_is_replaced_without_anybody_waiting_for_it() {
    let warm_up = driven_by_hand();
    let scenario = warm_up.block_on(Scenario::started(["kept", "withdrawn"]));
    scenario.publish(["kept"]);
    driven_by_hand().block_on(async {
        // Only tokens whose keys are known: nobody ever waits.
        for _ in 0..1300 {
            scenario.expect("kept", Good).await;
            pass(seconds(1)).await;
        }
        scenario.expect("withdrawn", UNKNOWN).await;
    });
    drop(warm_up);
}

#[test]
fn a35_a_runtime_that_nobody_drives_does_not_keep_the_task() {
    // Warmed up on one runtime, which stays alive and idle; served on another.
    let warm_up = driven_by_hand();
    let scenario = warm_up.block_on(Scenario::started(["old"]));
    scenario.publish(["old", "new"]);
    driven_by_hand().block_on(async {
        scenario.expect("old", Good).await;
        // This one finds out that nobody refreshes.
        scenario.expect("new", Unavailable).await;
        pass(seconds(30)).await;
        scenario.expect("new", Good).await;
    });
    drop(warm_up);
}
