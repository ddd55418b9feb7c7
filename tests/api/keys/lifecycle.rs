//! The life of a key set, with an issuer on a socket: first use, rotation, outage, recovery.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::advance;
use tower_jwt_auth::config::{Issuer, JwksCache};
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtAuthLayer};

use super::seconds;
use crate::support::served::{Served, issuer_with, status};
use crate::support::{Counting, RESOURCE, call, layer, request, until};

#[tokio::test]
async fn nothing_is_fetched_before_first_use() {
    let served = Served::discovered();
    let answer = call(&served.layer, &Counting::default(), request(None)).await;
    assert_eq!(answer.status, 401);
    assert_eq!(served.status("junk").await, 401);
    let elsewhere = served.issuer.mint("elsewhere").sign();
    assert_eq!(served.status(&elsewhere).await, 401);
    assert!(!served.layer.keys_health().is_ready());
    let fetches = || (served.issuer.fetches(), served.issuer.metadata_fetches());
    assert_eq!(fetches(), (0, 0));
    assert_eq!(served.status_of_new_token().await, 200);
    assert_eq!(served.issuer.fetches(), 1);
    assert!(served.layer.keys_health().is_ready());
}

/// Sends one token in many requests at once; all must be good.
async fn all_good(served: &Served, requests: usize) {
    let token = served.token();
    let mut running = JoinSet::new();
    for _ in 0..requests {
        let (layer, token) = (served.layer.clone(), token.clone());
        running.spawn(async move { status(&layer, &token).await });
    }
    assert_eq!(running.join_all().await, vec![200; requests]);
}

#[tokio::test]
async fn a_thousand_first_requests_make_one_fetch() {
    let served = Served::discovered();
    served.issuer.serve_after(Duration::from_millis(100));
    all_good(&served, 1000).await;
    assert_eq!(served.issuer.fetches(), 1);
}

#[tokio::test]
async fn two_hundred_requests_with_a_new_kid_make_one_fetch() {
    let served = Served::discovered().ready().await;
    served.issuer.rotate();
    served.issuer.serve_after(Duration::from_millis(100));
    all_good(&served, 200).await;
    assert_eq!(served.issuer.fetches(), 2);
}

#[tokio::test]
async fn a_rotated_key_works_at_once_and_the_old_one_no_more() {
    let issuer = TestIssuer::with_algorithm(Algorithm::RS256);
    let served = Served::by(issuer, |config, _| config);
    let old = served.token();
    assert_eq!(served.status(&old).await, 200);
    served.issuer.rotate();
    assert_eq!(served.status_of_new_token().await, 200);
    // The new set replaced the old one in full.
    assert_eq!(served.status(&old).await, 401);
    assert_eq!(served.health().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_kids_are_bounded_and_never_hold_up_good_tokens() {
    let served = Served::discovered();
    let good = served.token();
    assert_eq!(served.status(&good).await, 200);
    for n in 0..50 {
        let junk = served.junk(&format!("junk-{n}"));
        let answer = served.answer(&junk).await;
        assert_eq!(answer.status, if n < 2 { 401 } else { 429 });
        let retry_after = answer.headers.get("retry-after");
        let (has_challenge, is_late) = (answer.challenge().is_some(), n >= 2);
        assert_eq!((has_challenge, retry_after.is_some()), (!is_late, is_late));
        assert!(!is_late || answer.json()["error"] == "too_many_requests");
        assert_eq!(served.status(&good).await, 200);
    }
    let fetches = served.issuer.fetches();
    assert_eq!(fetches, 1 + 2, "the first, and two for unknown kids");
    advance(seconds(30)).await;
    let junk = served.junk("more-junk");
    assert_eq!(served.status(&junk).await, 401);
    assert_eq!(served.status(&junk).await, 401);
    let fetches = served.issuer.fetches();
    assert_eq!(fetches, 1 + 2 + 1, "one more for each cooldown");
}

#[tokio::test(start_paused = true)]
async fn one_junk_kid_before_a_rotation_costs_nothing() {
    let served = Served::discovered().ready().await;
    let junk = served.junk("junk");
    for _ in 0..5 {
        assert_eq!(served.status(&junk).await, 401);
    }
    let fetches = served.issuer.fetches();
    assert_eq!(fetches, 2, "the same kid is not asked for twice at once");
    advance(seconds(1)).await;
    assert_eq!(served.status(&junk).await, 401);
    assert_eq!(served.issuer.fetches(), 3, "a second later it is");
    served.issuer.rotate();
    assert_eq!(served.status_of_new_token().await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_at_start() {
    let served = Served::discovered();
    served.issuer.go_down();
    let error = served.fails_to_start().await;
    assert!(
        error.contains(served.issuer.issuer()) && error.contains("well-known"),
        "{error}"
    );
    let token = served.token();
    let answer = served.answer(&token).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");

    served.issuer.come_up();
    let early = served.status(&token).await;
    assert_eq!(early, 503, "not before the pause is over");
    advance(seconds(1)).await;
    until("the keys are there", || served.health().ready).await;
    assert_eq!(served.status(&token).await, 200);
}

#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_ahead_and_without_traffic() {
    let served = Served::discovered().ready().await;
    let old = served.token();
    served.issuer.rotate();
    advance(seconds(600 * 8 / 10)).await;
    until("the keys are refreshed", || {
        served.issuer.fetches() == 2 && served.health().generation == 2
    })
    .await;
    let status = served.status(&old).await;
    assert_eq!(status, 401, "a key that is gone is gone");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_served_through_until_max_stale() {
    let times = JwksCache::new()
        .max_age(seconds(60))
        .max_stale(seconds(3600));
    let served = Served::by(TestIssuer::start(), |config, _| config.jwks_cache(times))
        .ready()
        .await;
    let token = served.token();
    served.issuer.fail(Fault::Reset);
    for minute in 1..60 {
        let before = served.health().failures;
        advance(seconds(60)).await;
        until("the refresh fails", || served.health().failures > before).await;
        assert_eq!(served.status(&token).await, 200, "minute {minute}");
    }
    assert!(served.health().stale);
    advance(seconds(60)).await;
    until("the task has noticed", || !served.health().ready).await;
    assert_eq!(served.status(&token).await, 503);

    served.issuer.recover();
    advance(seconds(30)).await;
    until("the keys are back", || served.health().ready).await;
    assert_eq!(served.status(&token).await, 200);
}

#[tokio::test]
async fn answers_that_are_no_good_set_change_nothing() {
    let served = Served::discovered();
    let token = served.token();
    assert_eq!(served.status(&token).await, 200);
    let documents = [
        "<html></html>",
        "",
        "{\"keys\":[",
        "[]",
        "{}",
        "{\"keys\":null}",
        "{\"keys\":[]}",
    ];
    for (n, document) in documents.into_iter().enumerate() {
        served.issuer.serve_document(Some(document.as_bytes()));
        let unknown = served.junk(&format!("k{n}"));
        // The first finds out, the others meet the back-off: the issuer may know the key, we cannot
        // ask.
        assert_eq!(served.status(&unknown).await, 503, "{document}");
        assert_eq!(served.status(&token).await, 200);
    }
    assert_eq!(served.issuer.fetches(), 2);
    assert_eq!(served.health().failures, 1);
}

/// A client that obeys `Retry-After` must not stay away until the next scheduled refresh.
#[tokio::test]
async fn a_failed_fetch_for_a_new_kid_says_to_come_back_soon() {
    let served = Served::discovered().ready().await;
    served.issuer.rotate();
    served.issuer.fail(Fault::Status(500));
    let token = served.token();
    for _ in 0..2 {
        let answer = served.answer(&token).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["retry-after"], "1");
    }
}

#[tokio::test]
async fn a15_one_bad_key_takes_no_other_down() {
    let served = Served::discovered();
    let mut set = served.issuer.jwks();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.insert(0, serde_json::json!({"kty": "XYZ", "kid": "odd"}));
    keys.insert(0, serde_json::json!(null));
    let document = set.to_string();
    served.issuer.serve_document(Some(document.as_bytes()));
    assert_eq!(served.status_of_new_token().await, 200);
    let health = served.health();
    let skipped = health.skipped.iter();
    let skipped: Vec<_> = skipped
        .map(|key| (key.kid.as_deref(), key.reason.to_string()))
        .collect();
    assert_eq!(
        skipped,
        [
            (None, "not a JSON object of the right shape".to_owned()),
            (Some("odd"), "kty or crv is not supported".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_no_fetch() {
    let served = Served::discovered();
    served.issuer.serve_after(Duration::from_millis(50));
    let token = served.token();
    {
        let mut first = std::pin::pin!(served.status(&token));
        // Polled once, so that it waits, and then dropped.
        tokio::select! {
            biased;
            early = &mut first => panic!("{early}"),
            () = std::future::ready(()) => {}
        }
    }
    until("the fetch ends all the same", || served.health().ready).await;
    assert_eq!(served.issuer.fetches(), 1);
}

#[tokio::test]
async fn a45_an_issuer_in_trouble_leaves_the_other_alone() {
    let (well, ill) = (TestIssuer::start(), issuer_with(Fault::Hang));
    let impatient = JwksCache::new().timeout(Duration::from_millis(100));
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(Issuer::new(well.issuer()))
        .add_issuer(Issuer::new(ill.issuer()).jwks_cache(impatient))
        .build()
        .unwrap();
    let layer = JwtAuthLayer::new(config);
    for (issuer, expected) in [(&well, 200), (&ill, 503), (&well, 200)] {
        let token = issuer.mint(RESOURCE).sign();
        assert_eq!(status(&layer, &token).await, expected);
    }
    let health = layer.keys_health();
    let ready = |issuer: &TestIssuer| {
        let mut issuers = health.issuers.iter();
        issuers.any(|health| health.issuer == issuer.issuer() && health.ready)
    };
    assert_eq!(health.issuers.len(), 2);
    assert!(ready(&well) && !ready(&ill), "{health:?}");
}

#[test]
fn the_next_request_restarts_a_task_whose_runtime_is_gone() {
    let issuer = TestIssuer::start();
    // Made outside any runtime.
    let layer = layer(&issuer);
    let run = |token: String| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(status(&layer, &token))
    };
    assert_eq!(run(issuer.mint(RESOURCE).sign()), 200);
    issuer.rotate();
    assert_eq!(run(issuer.mint(RESOURCE).sign()), 200);
}
