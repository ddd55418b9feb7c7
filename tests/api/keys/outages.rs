//! An issuer that fails or hangs while its keys are in use.

use tower_jwt_auth::config::JwksCache;

use super::{Good, Scenario, Unavailable, pass, seconds};
use crate::support::issuer_in_memory::{Answer, InMemoryIssuer, key};
use crate::support::until;

#[tokio::test(start_paused = true)]
async fn a08_a09_an_outage_costs_nobody_anything_until_max_stale() {
    let times = JwksCache::new()
        .max_age(seconds(60))
        .max_stale(seconds(3600));
    let scenario = Scenario::timed(["k"], times).ready().await;
    scenario.fails();
    for _ in 0..3599 {
        scenario.expect("k", Good).await;
        pass(seconds(1)).await;
    }
    let health = scenario.health();
    assert!(health.ready && health.stale, "{health:?}");
    let fetches = scenario.fetches();
    assert!(
        fetches < 180,
        "one for each step of the back-off: {fetches}"
    );

    pass(seconds(2)).await;
    assert!(!scenario.health().ready);
    scenario.expect("k", Unavailable).await;
    scenario.publish(["k"]);
    pass(seconds(30)).await;
    scenario.expect("k", Good).await;
    let health = scenario.health();
    assert!(health.ready && !health.stale, "{health:?}");
}

#[tokio::test(start_paused = true)]
async fn a10_a_fetch_that_hangs_ends_and_blocks_no_reader() {
    let scenario = Scenario::started(["k"]).await;
    scenario.hangs();
    pass(seconds(480)).await;
    for _ in 0..100 {
        scenario.expect_at_once("k", Good).await;
        pass(seconds(1)).await;
    }
    let error = scenario.health().last_error.unwrap();
    assert!(error.contains("within the timeout of 5s"), "{error}");
    scenario.publish(["k"]);
    pass(seconds(40)).await;
    assert_eq!(scenario.health().last_error, None);
}

#[tokio::test(start_paused = true)]
async fn a34_the_task_ends_with_the_last_clone() {
    let Scenario {
        issuer, verifier, ..
    } = Scenario::publishing(["k"]);
    let clones: Vec<_> = (0..10).map(|_| verifier.clone()).collect();
    for clone in &clones {
        clone.wait_for_keys().await.unwrap();
    }
    assert_eq!(issuer.fetches(), 1, "clones share one task");
    drop(verifier);
    pass(seconds(6000)).await;
    assert!(issuer.fetches() > 5);
    // In the middle of a fetch, too.
    issuer.answer(Answer::Hangs);
    pass(seconds(500)).await;
    drop(clones);
    until("nothing holds the source any more", || {
        issuer.holders() == 1
    })
    .await;
    let fetches = issuer.fetches();
    pass(seconds(6000)).await;
    assert_eq!(issuer.fetches(), fetches);
}

#[tokio::test(start_paused = true)]
async fn a46_health_tells_what_there_is_to_know() {
    let scenario = Scenario::publishing(["k"]);
    let before = scenario.health();
    assert_eq!(
        (before.ready, before.generation, before.fetches),
        (false, 0, 0)
    );
    assert_eq!((before.age, before.next_attempt), (None, None));
    let scenario = scenario.ready().await;
    pass(seconds(100)).await;
    let fresh = scenario.health();
    assert_eq!(
        (fresh.ready, fresh.stale, fresh.generation, fresh.age),
        (true, false, 1, Some(seconds(100)))
    );
    assert_eq!(
        (fresh.keys, fresh.fetches, fresh.failures),
        (vec![Some("k".to_owned())], 1, 0)
    );
    let next = fresh.next_attempt.unwrap();
    assert!(next >= seconds(332) && next <= seconds(380), "{next:?}");
    scenario.issuer.answer(Answer::FailsFor(seconds(120)));
    pass(seconds(600)).await;
    let failing = scenario.health();
    assert!(failing.ready && failing.stale && failing.failures >= 1);
    assert_eq!(failing.last_error.as_deref(), Some("memory: not now"));
    assert!(failing.next_attempt.unwrap() <= seconds(120));
}

#[tokio::test(start_paused = true)]
async fn field_f15_a_rate_limit_at_the_first_fetch_costs_a_minute_and_a_half() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.answer(Answer::FailsFor(seconds(3600)));
    scenario.expect("k", Unavailable).await;
    let next = scenario.health().next_attempt.unwrap();
    assert!((seconds(60)..=seconds(90)).contains(&next), "{next:?}");
    let rejection = scenario.verifier.verify(&scenario.token("k")).await;
    let told = rejection.unwrap_err().retry_after();
    assert_eq!(told, Some(next), "the caller is told the same");
    scenario.publish(["k"]);
    pass(seconds(59)).await;
    assert_eq!(scenario.fetches(), 1);
    scenario.expect("k", Unavailable).await;
    pass(seconds(32)).await;
    scenario.expect("k", Good).await;
}

#[tokio::test(start_paused = true)]
async fn field_f15_with_keys_the_limit_is_max_age() {
    let scenario = Scenario::started(["k"]).await;
    scenario.issuer.answer(Answer::FailsFor(seconds(3600)));
    while scenario.fetches() < 2 {
        pass(seconds(1)).await;
    }
    let next = scenario.health().next_attempt.unwrap();
    assert!((seconds(599)..=seconds(600)).contains(&next), "{next:?}");
    scenario.expect_at_once("k", Good).await;
}

/// A wait that was granted while keys served does not outlast them.
#[tokio::test(start_paused = true)]
async fn field_f15_no_wait_outlasts_the_keys() {
    let times = JwksCache::new()
        .max_age(seconds(600))
        .max_stale(seconds(660));
    let scenario = Scenario::timed(["k"], times).ready().await;
    scenario.issuer.answer(Answer::FailsFor(seconds(3600)));
    pass(seconds(659)).await;
    scenario.expect_at_once("k", Good).await;
    scenario.publish(["k"]);
    pass(seconds(91)).await;
    scenario.expect_at_once("k", Good).await;
}

#[tokio::test(start_paused = true)]
async fn field_f15_a_hundred_processes_do_not_come_back_together() {
    let key = key("k");
    let issuers: Vec<_> = (0..100)
        .map(|_| InMemoryIssuer::publishing(&[&key]))
        .collect();
    let verifiers: Vec<_> = issuers.iter().map(InMemoryIssuer::verifier).collect();
    for (issuer, verifier) in issuers.iter().zip(&verifiers) {
        issuer.answer(Answer::FailsFor(seconds(60)));
        verifier.wait_for_keys().await.unwrap_err();
    }
    pass(seconds(91)).await;
    let mut back_after: Vec<_> = issuers
        .iter()
        .map(|issuer| issuer.pauses()[0].as_secs())
        .collect();
    back_after.sort_unstable();
    assert!(
        back_after[0] >= 60 && back_after[99] <= 90,
        "{back_after:?}"
    );
    back_after.dedup();
    assert!(back_after.len() > 10, "{back_after:?}");
}
