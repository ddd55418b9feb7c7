//! Keys over time. Issuers are real and on a thread of their own; the clock of the layer is paused and
//! moves only when it is advanced.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::advance;
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{Algorithm, Issuer, JwksCache, JwtAuthConfig, JwtAuthLayer};

use crate::support::{Counting, HeldClock, RESOURCE, call, config, layer, request, until};

async fn status(layer: &JwtAuthLayer, token: &str) -> u16 {
    call(layer, &Counting::default(), request(Some(token)))
        .await
        .status
        .as_u16()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn nothing_is_fetched_before_first_use() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    assert_eq!(
        call(&layer, &Counting::default(), request(None))
            .await
            .status,
        401
    );
    assert_eq!(status(&layer, "junk").await, 401);
    assert_eq!(status(&layer, &issuer.mint("elsewhere").sign()).await, 401);
    assert!(!layer.keys().is_ready());
    assert_eq!((issuer.fetches(), issuer.metadata_fetches()), (0, 0));
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
    assert_eq!(issuer.fetches(), 1);
    assert!(layer.keys().is_ready());
}

#[tokio::test]
async fn a_thousand_first_requests_make_one_fetch() {
    let issuer = TestIssuer::start();
    issuer.serve_after(Duration::from_millis(100));
    let layer = layer(&issuer);
    let token = issuer.mint(RESOURCE).sign();
    let mut requests = JoinSet::new();
    for _ in 0..1000 {
        let (layer, token) = (layer.clone(), token.clone());
        requests.spawn(async move { status(&layer, &token).await });
    }
    assert!(
        requests
            .join_all()
            .await
            .into_iter()
            .all(|status| status == 200)
    );
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn two_hundred_requests_with_a_new_kid_make_one_fetch() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    issuer.rotate();
    issuer.serve_after(Duration::from_millis(100));
    let token = issuer.mint(RESOURCE).sign();
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let (layer, token) = (layer.clone(), token.clone());
        requests.spawn(async move { status(&layer, &token).await });
    }
    assert!(
        requests
            .join_all()
            .await
            .into_iter()
            .all(|status| status == 200)
    );
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_rotated_key_works_at_once_and_the_old_one_no_more() {
    let issuer = TestIssuer::with_algorithm(Algorithm::RS256);
    let layer = layer(&issuer);
    let old = issuer.mint(RESOURCE).sign();
    assert_eq!(status(&layer, &old).await, 200);
    issuer.rotate();
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
    // The new set replaced the old one in full.
    assert_eq!(status(&layer, &old).await, 401);
    assert_eq!(layer.keys().issuers[0].generation, 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_kids_are_bounded_and_never_hold_up_good_tokens() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    let good = issuer.mint(RESOURCE).sign();
    assert_eq!(status(&layer, &good).await, 200);
    for n in 0..50 {
        let junk = issuer
            .mint(RESOURCE)
            .header("kid", format!("junk-{n}"))
            .sign();
        assert_eq!(status(&layer, &junk).await, 401);
        assert_eq!(status(&layer, &good).await, 200);
    }
    assert_eq!(
        issuer.fetches(),
        1 + 2,
        "the first, and two for unknown kids"
    );
    advance(seconds(30)).await;
    let junk = issuer.mint(RESOURCE).header("kid", "more-junk").sign();
    assert_eq!(status(&layer, &junk).await, 401);
    assert_eq!(status(&layer, &junk).await, 401);
    assert_eq!(issuer.fetches(), 1 + 2 + 1, "one more for each cooldown");
}

#[tokio::test(start_paused = true)]
async fn one_junk_kid_before_a_rotation_costs_nothing() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    let junk = issuer.mint(RESOURCE).header("kid", "junk").sign();
    for _ in 0..5 {
        assert_eq!(status(&layer, &junk).await, 401);
    }
    assert_eq!(issuer.fetches(), 2, "the same kid is not asked for twice");
    issuer.rotate();
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_at_start() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    issuer.go_down();
    let layer = layer(&issuer);
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(
        error.contains(issuer.issuer()) && error.contains("well-known"),
        "{error}"
    );
    let token = issuer.mint(RESOURCE).sign();
    let answer = call(&layer, &Counting::default(), request(Some(&token))).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");

    issuer.come_up();
    assert_eq!(
        status(&layer, &token).await,
        503,
        "not before the pause is over"
    );
    advance(seconds(1)).await;
    until("the keys are there", || layer.keys().is_ready()).await;
    assert_eq!(status(&layer, &token).await, 200);
}

#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_ahead_and_without_traffic() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    let old = issuer.mint(RESOURCE).sign();
    issuer.rotate();
    advance(seconds(600 * 8 / 10)).await;
    until("the keys are refreshed", || {
        issuer.fetches() == 2 && layer.keys().issuers[0].generation == 2
    })
    .await;
    assert_eq!(
        status(&layer, &old).await,
        401,
        "a key that is gone is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_served_through_until_max_stale() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let times = JwksCache::new()
        .max_age(seconds(60))
        .max_stale(seconds(3600));
    let layer = JwtAuthLayer::new(config(&issuer).jwks_cache(times).build().unwrap());
    layer.ready().await.unwrap();
    let token = issuer.mint(RESOURCE).sign();
    issuer.fail(Fault::Reset);
    for minute in 1..60 {
        let before = layer.keys().issuers[0].failures;
        advance(seconds(60)).await;
        until("the refresh fails", || {
            layer.keys().issuers[0].failures > before
        })
        .await;
        assert_eq!(status(&layer, &token).await, 200, "minute {minute}");
    }
    assert!(layer.keys().issuers[0].stale);
    advance(seconds(60)).await;
    until("the task has noticed", || !layer.keys().is_ready()).await;
    assert_eq!(status(&layer, &token).await, 503);

    issuer.recover();
    advance(seconds(30)).await;
    until("the keys are back", || layer.keys().is_ready()).await;
    assert_eq!(status(&layer, &token).await, 200);
}

#[tokio::test]
async fn answers_that_are_no_good_set_change_nothing() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    let token = issuer.mint(RESOURCE).sign();
    assert_eq!(status(&layer, &token).await, 200);
    let documents: [&[u8]; 7] = [
        b"<html></html>",
        b"",
        b"{\"keys\":[",
        b"[]",
        b"{}",
        b"{\"keys\":null}",
        b"{\"keys\":[]}",
    ];
    for (n, document) in documents.into_iter().enumerate() {
        issuer.serve_document(Some(document));
        let unknown = issuer.mint(RESOURCE).header("kid", format!("k{n}")).sign();
        // The first finds out, the others meet the back-off: the issuer may know the key, we cannot ask.
        assert_eq!(
            status(&layer, &unknown).await,
            503,
            "{}",
            String::from_utf8_lossy(document)
        );
        assert_eq!(status(&layer, &token).await, 200);
    }
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(layer.keys().issuers[0].failures, 1);
}

/// A client that obeys `Retry-After` must not stay away until the next scheduled refresh.
#[tokio::test]
async fn a_failed_fetch_for_a_new_kid_says_to_come_back_soon() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    issuer.rotate();
    issuer.fail(Fault::Status(500));
    let token = issuer.mint(RESOURCE).sign();
    for _ in 0..2 {
        let answer = call(&layer, &Counting::default(), request(Some(&token))).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["retry-after"]),
            (503, &"1".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a15_one_bad_key_takes_no_other_down() {
    let issuer = TestIssuer::start();
    let mut set = issuer.jwks();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.insert(0, serde_json::json!({"kty": "XYZ", "kid": "odd"}));
    keys.insert(0, serde_json::json!(null));
    issuer.serve_document(Some(set.to_string().as_bytes()));
    let layer = layer(&issuer);
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
    let health = layer.keys();
    let skipped: Vec<_> = health.issuers[0]
        .skipped
        .iter()
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
    let issuer = TestIssuer::start();
    issuer.serve_after(Duration::from_millis(50));
    let layer = layer(&issuer);
    let token = issuer.mint(RESOURCE).sign();
    {
        let first = status(&layer, &token);
        tokio::pin!(first);
        // Polled once, so that it waits, and then dropped.
        assert!(futures_poll_once(first.as_mut()).await.is_none());
    }
    until("the fetch lands all the same", || layer.keys().is_ready()).await;
    assert_eq!(issuer.fetches(), 1);
}

async fn futures_poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut future = Some(future);
    std::future::poll_fn(|cx| {
        let polled = future.take().map(|future| future.poll(cx));
        std::task::Poll::Ready(match polled {
            Some(std::task::Poll::Ready(output)) => Some(output),
            _ => None,
        })
    })
    .await
}

#[tokio::test]
async fn a45_an_issuer_in_trouble_leaves_the_other_alone() {
    let (well, ill) = (TestIssuer::start(), TestIssuer::start());
    ill.fail(Fault::Hang);
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(Issuer::new(well.issuer()))
        .add_issuer(
            Issuer::new(ill.issuer())
                .jwks_cache(JwksCache::new().timeout(Duration::from_millis(100))),
        )
        .build()
        .unwrap();
    let layer = JwtAuthLayer::new(config);
    assert_eq!(status(&layer, &well.mint(RESOURCE).sign()).await, 200);
    assert_eq!(status(&layer, &ill.mint(RESOURCE).sign()).await, 503);
    assert_eq!(status(&layer, &well.mint(RESOURCE).sign()).await, 200);
    let ready: Vec<_> = layer
        .keys()
        .issuers
        .into_iter()
        .map(|issuer| (issuer.issuer, issuer.ready))
        .collect();
    assert!(
        ready.contains(&(well.issuer().to_owned(), true))
            && ready.contains(&(ill.issuer().to_owned(), false))
    );
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
