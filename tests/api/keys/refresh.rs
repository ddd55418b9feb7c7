//! Refreshes on schedule: ahead of time, without traffic, after a sleep, and never all at once.

use std::time::Duration;

use serde_json::json;
use tower_jwt_auth::JwtAuthConfig;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::unix;

use super::{Good, Scenario, UNKNOWN, Unavailable, pass, seconds, took};
use crate::support::issuer_in_memory::{Answer, InMemoryIssuer, claims, header, key, verdict};
use crate::support::until;

#[tokio::test(start_paused = true)]
async fn a06_refresh_ahead_holds_nobody_up() {
    let scenario = Scenario::started(["k"]).await;
    scenario.issuer.takes(seconds(3));
    for _ in 0..600 {
        scenario.expect_at_once("k", Good).await;
        pass(seconds(1)).await;
    }
    let [ahead] = scenario.issuer.pauses()[..] else {
        panic!("{} fetches", scenario.fetches())
    };
    let expected = seconds(600 * 72 / 100)..=seconds(600 * 80 / 100);
    assert!(expected.contains(&ahead), "{ahead:?}");
}

#[tokio::test(start_paused = true)]
async fn a07_without_traffic_the_keys_stay_fresh() {
    let scenario = Scenario::started(["old"]).await;
    scenario.publish(["new"]);
    pass(seconds(6000)).await;
    assert!(scenario.fetches() >= 12, "{}", scenario.fetches());
    scenario.expect_at_once("new", Good).await;
}

#[tokio::test(start_paused = true)]
async fn a14_an_empty_set_is_a_failed_fetch() {
    let scenario = Scenario::started(["old"]).await;
    scenario.publish([]);
    pass(seconds(481)).await;
    scenario.expect("old", Good).await;
    assert!(scenario.health().failures >= 1);
    // It opened no cooldown: the next good set is found at the back-off's pace.
    scenario.publish(["old", "new"]);
    pass(seconds(30)).await;
    scenario.expect("new", Good).await;
}

#[tokio::test(start_paused = true)]
async fn a17_the_issuer_may_shorten_a_life_and_not_stretch_it() {
    for (max_age, said, (least, most)) in [
        (600, None, (432, 480)),
        (600, Some(0), (21, 24)),
        (600, Some(1), (21, 24)),
        (600, Some(100), (72, 80)),
        (600, Some(31_536_000), (432, 480)),
        (10, Some(0), (7, 8)),
        (1, Some(600), (0, 1)),
    ] {
        let times = JwksCache::new()
            .min_age(seconds(max_age.min(30)))
            .max_age(seconds(max_age));
        let scenario = Scenario::timed(["k"], times);
        scenario.issuer.state().max_age = said.map(seconds);
        let scenario = scenario.ready().await;
        until("it is refreshed", || scenario.fetches() == 1).await;
        while scenario.fetches() < 2 {
            pass(Duration::from_millis(100)).await;
        }
        let life = scenario.issuer.pauses()[0];
        assert!(
            (seconds(least)..=seconds(most)).contains(&life),
            "{max_age} {said:?}: {life:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn field_f16_a_short_life_is_raised_to_min_age_and_a_new_key_comes_at_once() {
    for (min_age, max_age, said, (least, most)) in [
        (None, 600, Some(15), (216, 240)),
        (None, 600, Some(0), (216, 240)),
        (None, 600, Some(400), (288, 320)),
        (None, 600, None, (432, 480)),
        (None, 100, Some(15), (72, 80)),
        (Some(60), 600, Some(15), (43, 48)),
    ] {
        let mut times = JwksCache::new().max_age(seconds(max_age));
        if let Some(min_age) = min_age {
            times = times.min_age(seconds(min_age));
        }
        let scenario = Scenario::timed(["k"], times);
        scenario.issuer.state().max_age = said.map(seconds);
        let scenario = scenario.ready().await;
        while scenario.fetches() < 2 {
            pass(Duration::from_millis(100)).await;
        }
        let life = scenario.issuer.pauses()[0];
        assert!(
            (seconds(least)..=seconds(most)).contains(&life),
            "{min_age:?} {max_age} {said:?}: {life:?}"
        );
        scenario.publish(["k", "new"]);
        scenario.expect_at_once("new", Good).await;
        assert_eq!(scenario.fetches(), 3);
    }
}

#[test]
fn field_f16_min_age_lies_between_half_a_minute_and_max_age() {
    let build = |times: serde_json::Value| {
        let file = json!({
            "issuer": "https://i.example", "audience": "a", "jwks_cache": times,
        });
        serde_json::from_value::<JwtAuthConfig>(file).map(drop)
    };
    for (good, bad) in [
        (json!({"min_age": "30s"}), json!({"min_age": "29s"})),
        (json!({"minAge": "10m"}), json!({"minAge": "601s"})),
        (
            json!({"min_age": "20s", "max_age": "20s"}),
            json!({"min_age": "21s", "max_age": "20s"}),
        ),
        (
            json!({"max_age": "20s"}),
            json!({"min_age": "19s", "max_age": "20s"}),
        ),
    ] {
        build(good).unwrap();
        let error = build(bad.clone()).unwrap_err().to_string();
        assert!(error.contains("jwks_cache.min_age is"), "{bad}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a18_not_modified_renews_and_means_nothing_without_keys() {
    let scenario = Scenario::publishing(["k"]);
    scenario.issuer.answer(Answer::NotModified);
    let error = scenario
        .verifier
        .wait_for_keys()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("not modified"), "{error}");
    scenario.publish(["k"]);
    pass(seconds(1)).await;
    scenario.expect("k", Good).await;
    scenario.issuer.answer(Answer::NotModified);
    pass(seconds(100_000)).await;
    let health = scenario.health();
    assert_eq!(
        (health.generation, health.ready, health.stale),
        (1, true, false)
    );
    scenario.expect("k", Good).await;
}

#[tokio::test(start_paused = true)]
async fn a36_n121_a_machine_that_slept_refreshes_at_once() {
    const NOW: f64 = 1_800_000_000.0;
    let clock = FakeClock::at(unix(NOW));
    let scenario = Scenario::configured(["old"], |config| config.clock(&clock));
    let scenario = scenario.ready().await;
    scenario.publish(["new"]);
    // Set back an hour, or ahead by less than max_age: the keys are as old as they are.
    for ahead in [-3600.0, 300.0] {
        clock.set(unix(NOW + ahead));
        scenario.expect("old", Good).await;
        pass(seconds(1)).await;
        assert_eq!(scenario.fetches(), 1, "{ahead}");
    }
    // Five hours of sleep, of which the monotonic clock knows nothing: stale keys serve, and are
    // refreshed at once.
    clock.set(unix(NOW + 5.0 * 3600.0));
    scenario.expect("old", Good).await;
    let one = "one refresh, and no burst of missed ones";
    until(one, || scenario.fetches() == 2).await;
    pass(seconds(1)).await;
    scenario.expect("old", UNKNOWN).await;
    scenario.expect("new", Good).await;
    let fetches = scenario.fetches();
    assert_eq!(fetches, 4, "and two for a kid that an earlier set held");
    // Two days: past max_stale. The request waits for the fetch.
    clock.set(unix(NOW + 53.0 * 3600.0));
    scenario.expect("new", Good).await;
    assert_eq!(scenario.fetches(), 5);
}

/// A `kid` that the issuer did not have a moment before the machine slept. Neither a small nor a
/// large token is refused by what was known then.
#[tokio::test(start_paused = true)]
async fn field_f09_after_a_sleep_a_large_token_waits_for_keys_too() {
    const NOW: f64 = 1_800_000_000.0;
    for groups in [1, 500] {
        let clock = FakeClock::at(unix(NOW));
        let scenario = Scenario::configured(["old"], |config| config.clock(&clock));
        let scenario = scenario.ready().await;
        let groups: Vec<_> = (0..groups).map(|n| format!("group-{n}")).collect();
        let more = json!({"groups": groups}).to_string();
        let claims = claims().replacen('{', &format!("{},", more.trim_end_matches('}')), 1);
        let token = |kid| scenario.key(kid).sign_compact(&header(kid), &claims);
        for kid in ["old", "new"] {
            let wanted = if kid == "old" { Good } else { UNKNOWN };
            assert_eq!(verdict(&scenario.verifier, &token(kid)).await, wanted);
        }
        scenario.publish(["new"]);
        assert_eq!(verdict(&scenario.verifier, &token("new")).await, UNKNOWN);
        clock.set(unix(NOW + 53.0 * 3600.0));
        let after = verdict(&scenario.verifier, &token("new")).await;
        assert_eq!(after, Good, "{} groups", groups.len());
    }
}

/// Two days of refreshes, timeouts and back-off go by in a moment: no wait is on another clock.
#[tokio::test(start_paused = true)]
async fn a37_every_wait_follows_the_paused_clock() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let began = std::time::Instant::now();
    let scenario = Scenario::started(["k"]).await;
    pass(DAY).await;
    let refreshes = scenario.fetches();
    assert!((180..=201).contains(&refreshes), "{refreshes} in a day");
    scenario.hangs();
    pass(DAY).await;
    let attempts = scenario.fetches() - refreshes;
    assert!(attempts > 2000, "{attempts} in a day");
    assert!(took(scenario.expect("k", Unavailable)).await <= seconds(5));
    assert!(began.elapsed() < seconds(60), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a38_a_hundred_processes_that_start_together_do_not_stay_together() {
    let key = key("k");
    let issuers: Vec<_> = (0..100)
        .map(|_| InMemoryIssuer::publishing(&[&key]))
        .collect();
    let verifiers: Vec<_> = issuers.iter().map(InMemoryIssuer::verifier).collect();
    for verifier in &verifiers {
        verifier.wait_for_keys().await.unwrap();
    }
    pass(seconds(500)).await;
    let mut refreshed_after: Vec<_> = issuers
        .iter()
        .map(|issuer| issuer.pauses()[0].as_secs())
        .collect();
    refreshed_after.sort_unstable();
    refreshed_after.dedup();
    assert!(refreshed_after.len() > 20, "{refreshed_after:?}");
}
