//! The first fetch: many requests at once, an issuer that is down, clients that hang up.

use std::time::Duration;

use super::Verdict::{Good, Unavailable};
use super::{Scenario, pass, seconds, took};
use crate::support::issuer_in_memory::Answer;

#[tokio::test(start_paused = true)]
async fn a01_a_thousand_first_requests_make_one_fetch() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.takes(seconds(1));
    let waited = took(scenario.expect_often("k", 1000, Good)).await;
    assert_eq!((scenario.fetches(), waited), (1, seconds(1)));

    // Requests that come while the fetch is under way share it.
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.takes(seconds(2));
    let first = tokio::spawn(scenario.ask_often("k", 10));
    pass(seconds(1)).await;
    scenario.expect_often("k", 1000, Good).await;
    assert_eq!(first.await.unwrap(), [Good; 10]);
    assert_eq!(scenario.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a02_while_the_issuer_is_down_each_answer_comes_within_one_timeout() {
    let scenario = Scenario::publishing(["k"]);
    scenario.hangs();
    let waited = took(scenario.expect_often("k", 200, Unavailable)).await;
    assert_eq!((scenario.fetches(), waited), (1, seconds(5)));
    // The first failure answers all that wait; whoever comes in the back-off does not wait at all.
    scenario.fails();
    scenario.issuer.takes(seconds(2));
    pass(seconds(1)).await;
    let waited = took(scenario.expect("k", Unavailable)).await;
    assert!(waited <= seconds(2), "{waited:?}");
    scenario.expect_at_once("k", Unavailable).await;
}

#[tokio::test(start_paused = true)]
async fn a03_recovers_by_itself_after_failures() {
    let scenario = Scenario::publishing([]);
    scenario.fails();
    assert!(scenario.verifier.wait_for_keys().await.is_err());
    pass(seconds(4)).await;
    assert_eq!(scenario.fetches(), 3, "after 1 s and 2 s more");
    scenario.publish(["k"]);
    pass(seconds(4)).await;
    scenario.expect("k", Good).await;
    // A long outage: attempts go on, and never further apart than the cooldown.
    scenario.fails();
    pass(seconds(3600)).await;
    let pauses = scenario.issuer.pauses();
    let longest = *pauses[4..].iter().max().unwrap();
    assert!(longest <= seconds(600), "{longest:?}");
    assert!(scenario.fetches() > 100, "{}", scenario.fetches());
    assert!(*pauses.last().unwrap() <= seconds(30));
}

#[tokio::test(start_paused = true)]
async fn a32_a_client_that_hangs_up_takes_no_fetch_with_it() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.takes(seconds(1));
    let hung_up = tokio::time::timeout(Duration::from_millis(150), scenario.ask("k")).await;
    assert!(hung_up.is_err());
    pass(seconds(1)).await;
    scenario.expect_at_once("k", Good).await;
    assert_eq!(scenario.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a33_a_panic_fails_one_fetch_and_not_the_task() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.answer(Answer::Panics);
    scenario.expect("k", Unavailable).await;
    let health = scenario.health();
    assert_eq!(health.failures, 1);
    assert!(health.last_error.unwrap().contains("panicked"));
    scenario.publish(["k"]);
    pass(seconds(1)).await;
    scenario.expect("k", Good).await;
}
