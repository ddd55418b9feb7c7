//! An issuer that fails or hangs while its keys are in use.

use tower_jwt_auth::config::JwksCache;

use super::{Good, Scenario, Unavailable, pass, seconds};
use crate::support::issuer_in_memory::Answer;
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
