//! How long an answer counts.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;
use tower_jwt_auth::JwtVerifier;
use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::limits::INTROSPECTION_FAILURES;
use tower_jwt_auth::test_util::Fault;

use super::{Scene, TOKEN, asking};
use crate::support::{RESOURCE, seconds, until};

#[tokio::test(start_paused = true)]
async fn pop_i28_a_revoked_token_works_for_max_age_at_most() {
    let mut scene = Scene::usual();
    scene.accepts("asked", TOKEN).await;
    scene.endpoint.revoke(TOKEN);
    scene.pass(seconds(40)).await;
    scene.accepts("kept", TOKEN).await;
    assert_eq!(scene.endpoint.calls_for(TOKEN), 1);
    scene.pass(seconds(20)).await;
    scene.refuses("max_age is over", TOKEN).await;
    assert_eq!(scene.endpoint.calls_for(TOKEN), 2);
    scene.refuses("kept too", TOKEN).await;
    assert_eq!(scene.endpoint.calls_for(TOKEN), 2);
}

#[tokio::test(start_paused = true)]
async fn pop_i28_forgotten_on_command() {
    let scene = Scene::usual();
    scene.accepts("asked", TOKEN).await;
    scene.endpoint.revoke(TOKEN);
    scene.accepts("kept", TOKEN).await;
    scene.layer.introspection().forget(TOKEN);
    scene.refuses("asked again", TOKEN).await;
    // The answer "not active" is forgotten as well.
    scene.endpoint.answer(TOKEN, scene.good_with("x", 1));
    scene.refuses("kept", TOKEN).await;
    scene.layer.introspection().forget(TOKEN);
    scene.accepts("asked again", TOKEN).await;
    scene.layer.introspection().forget("unknown");
    assert_eq!(scene.endpoint.calls(), 3);
}

/// A call that is under way when its token is forgotten keeps nothing.
#[tokio::test(start_paused = true)]
async fn pop_i28_forgotten_during_a_call() {
    let scene = Scene::usual();
    scene.endpoint.fail_next(Fault::Hang, 1);
    let verifier = scene.layer.verifier();
    let waiting = tokio::spawn(async move { verifier.verify(TOKEN).await });
    until("it is asked", || scene.endpoint.calls() == 1).await;
    scene.layer.introspection().forget(TOKEN);
    scene.endpoint.recover();
    scene.accepts("another call", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 2);
    scene.endpoint.revoke(TOKEN);
    waiting.abort();
    scene.accepts("kept", TOKEN).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i29_never_past_exp() {
    let mut scene = Scene::configured(|config, endpoint| {
        config.introspection(asking(endpoint)).leeway(seconds(5))
    });
    let exp = scene.unix() + 10;
    let token = scene.answers(scene.good_with("exp", exp));
    scene.accepts("at first", &token).await;
    scene.pass(seconds(9)).await;
    scene.accepts("kept", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 1);
    // From `exp` to `exp` and the leeway, each request asks.
    scene.pass(seconds(2)).await;
    scene.accepts("within the leeway", &token).await;
    scene.accepts("asked again", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 3);
    scene.pass(seconds(5)).await;
    scene.refuses("over", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 4);
    scene.refuses("kept", &token).await;
    assert_eq!(scene.endpoint.calls_for(&token), 4);
}

#[tokio::test(start_paused = true)]
async fn pop_i29_no_call_before_it_is_over() {
    let mut scene = Scene::usual();
    let token = scene.answers(scene.good_with("exp", scene.unix() + 10));
    scene.accepts("at first", &token).await;
    scene.pass(seconds(71)).await;
    assert_eq!(scene.endpoint.calls_for(&token), 1);
    scene.refuses("exp and the leeway are over", &token).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i30_the_checks_of_the_application_run_each_time() {
    let allowed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let seen = allowed.clone();
    let scene = Scene::configured(move |config, endpoint| {
        config.introspection(asking(endpoint)).check(move |_| {
            match seen.load(std::sync::atomic::Ordering::Relaxed) {
                true => Ok(()),
                false => Err(CheckError::Forbidden),
            }
        })
    });
    scene.accepts("at first", TOKEN).await;
    allowed.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(scene.status(TOKEN).await, 403);
    allowed.store(true, std::sync::atomic::Ordering::Relaxed);
    scene.accepts("afterwards", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn pop_i31_an_endpoint_that_is_down() {
    let mut scene = Scene::usual();
    scene.accepts("at first", TOKEN).await;
    scene.endpoint.fail(Fault::Status(503));
    scene.pass(seconds(59)).await;
    scene.accepts("max_age is not over", TOKEN).await;
    until("it is asked in the background", || {
        scene.health().failures == 1
    })
    .await;
    scene.pass(seconds(1)).await;
    scene.unavailable("it is", TOKEN).await;
    scene.endpoint.recover();
    scene.accepts("back", TOKEN).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i31_stale_answers_if_that_is_allowed() {
    let stale = || Scene::with(|it| it.danger_max_stale(seconds(120)));
    let mut scene = stale();
    let ending = scene.answers(scene.good_with("exp", scene.unix() + 100));
    scene.accepts("at first", TOKEN).await;
    scene.accepts("at first", &ending).await;
    scene.endpoint.fail(Fault::Status(500));
    scene.pass(seconds(70)).await;
    scene.accepts("stale", TOKEN).await;
    scene.accepts("stale", &ending).await;
    scene.unavailable("new", "other").await;
    scene.pass(seconds(31)).await;
    scene.accepts("stale", TOKEN).await;
    scene.unavailable("never past exp", &ending).await;
    scene.pass(seconds(79)).await;
    scene.unavailable("never past max_stale", TOKEN).await;

    // Whatever is wrong with the endpoint.
    let json = [("content-type", "application/json")];
    for (status, headers, body) in [
        (400, &[][..], ""),
        (404, &[], ""),
        (302, &[("location", "/other")], ""),
        (429, &[("retry-after", "7")], ""),
        (200, &[], "<html>"),
        (200, &json, ""),
        (200, &json, r#"{"active":"false"}"#),
    ] {
        let mut scene = stale();
        scene.accepts("at first", TOKEN).await;
        scene.endpoint.answer_all(status, headers, body.as_bytes());
        scene.pass(seconds(70)).await;
        let what = format!("{status} {body}");
        scene.accepts(&what, TOKEN).await;
        scene.unavailable(&what, "other").await;
        // What is forgotten is not used either.
        scene.layer.introspection().forget(TOKEN);
        scene.unavailable(&what, TOKEN).await;
    }

    // An endpoint that refuses us works.
    for status in [401, 403] {
        let mut scene = stale();
        scene.accepts("at first", TOKEN).await;
        scene.endpoint.fail(Fault::Status(status));
        scene.pass(seconds(70)).await;
        // Also once so many calls have failed that the endpoint is known to fail.
        for _ in 0..INTROSPECTION_FAILURES + 3 {
            scene.unavailable(&format!("{status}"), TOKEN).await;
        }
    }
    // Nor does it follow "not active".
    let mut scene = stale();
    scene.accepts("at first", TOKEN).await;
    scene.pass(seconds(70)).await;
    scene.endpoint.revoke(TOKEN);
    scene.refuses("revoked", TOKEN).await;
    scene.endpoint.fail(Fault::Status(500));
    scene.pass(seconds(5)).await;
    scene.unavailable("no answer", TOKEN).await;
}

/// Once the endpoint is known to fail, nobody waits for it who has a stale answer.
#[tokio::test(start_paused = true)]
async fn pop_i31_stale_answers_need_no_wait() {
    let mut scene = Scene::with(|it| it.danger_max_stale(seconds(600)));
    scene.accepts("at first", TOKEN).await;
    scene.endpoint.fail(Fault::Status(503));
    scene.pass(seconds(60)).await;
    for _ in 0..5 {
        scene.accepts("stale", TOKEN).await;
    }
    assert!(scene.health().pause.is_some());
    let calls = scene.endpoint.calls();
    scene.endpoint.fail(Fault::Hang);
    for _ in 0..10 {
        scene.accepts("at once", TOKEN).await;
    }
    until("one asks in the background", || {
        scene.endpoint.calls() == calls + 1
    })
    .await;
    scene.endpoint.recover();
}

#[tokio::test(start_paused = true)]
async fn pop_i39_a_token_that_was_issued_a_moment_ago() {
    let mut scene = Scene::usual();
    scene.refuses("not known yet", "new").await;
    scene.endpoint.answer("new", scene.good_with("x", 1));
    scene.pass(Duration::from_millis(4900)).await;
    scene.refuses("kept", "new").await;
    assert_eq!(scene.endpoint.calls_for("new"), 1);
    scene.pass(Duration::from_millis(100)).await;
    scene.accepts("after five seconds", "new").await;

    let none = Scene::with(|it| it.negative_max_age(Duration::ZERO));
    none.refuses("not known yet", "new").await;
    none.endpoint.answer("new", none.good_with("x", 1));
    none.accepts("at once", "new").await;
}

/// A token whose time comes is not kept as refused.
#[tokio::test(start_paused = true)]
async fn pop_i18_a_token_whose_time_comes() {
    let mut scene = Scene::usual();
    let now = scene.unix();
    for name in ["nbf", "iat"] {
        let token = scene.answers(scene.good_with(name, scene.unix() + 62));
        scene.refuses(name, &token).await;
        scene.pass(seconds(3)).await;
        scene.accepts(name, &token).await;
    }
    assert!(scene.unix() > now);
}

#[tokio::test(start_paused = true)]
async fn pop_i28_a_max_age_of_zero_asks_each_time() {
    let scene = Scene::with(|it| it.max_age(Duration::ZERO));
    for calls in 1..=3 {
        scene.accepts("asked", TOKEN).await;
        assert_eq!(scene.endpoint.calls(), calls);
    }
    scene.endpoint.revoke(TOKEN);
    scene.refuses("revoked", TOKEN).await;
}

/// After three quarters of `max_age` a token that is used is asked about in the background.
#[tokio::test(start_paused = true)]
async fn pop_i28_busy_callers_never_wait() {
    let mut scene = Scene::usual();
    scene.accepts("at first", TOKEN).await;
    scene.pass(Duration::from_millis(44_900)).await;
    scene.accepts("early", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 1);
    scene.pass(Duration::from_millis(100)).await;
    // A hundred at once make one call, and none of them waits for it.
    scene.endpoint.fail_next(Fault::Hang, 1);
    for _ in 0..100 {
        scene.accepts("due", TOKEN).await;
    }
    until("it is asked", || scene.endpoint.calls() == 2).await;
    // That call fails at its timeout; a later one succeeds.
    scene.pass(seconds(6)).await;
    until("it has failed", || scene.health().failures == 1).await;
    scene.accepts("still kept", TOKEN).await;
    until("it is asked again", || scene.endpoint.calls() == 3).await;
    until("it is kept", || scene.health().last_error.is_none()).await;
    scene.pass(seconds(44)).await;
    scene.accepts("for another minute", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 3);
    // A revoked token is refused as soon as that is known.
    scene.endpoint.revoke(TOKEN);
    scene.pass(seconds(2)).await;
    scene.accepts("not known yet", TOKEN).await;
    until("it is asked", || scene.endpoint.calls() == 4).await;
    until("it is known", || scene.health().answers_kept == 0).await;
    scene.refuses("known", TOKEN).await;
    assert_eq!(scene.endpoint.calls(), 4);
}

/// An answer without `exp` ends with `max_age`, and a scope that the issuer has taken away with it.
#[tokio::test(start_paused = true)]
async fn pop_w21_an_answer_without_exp() {
    let mut scene = Scene::usual();
    let token = scene.answers(scene.good_with("exp", Value::Null));
    for calls in 1..=3 {
        scene.accepts("vouched for", &token).await;
        assert_eq!(scene.endpoint.calls(), calls);
        scene.pass(seconds(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pop_s05_the_clock_is_set() {
    let mut scene = Scene::usual();
    scene.accepts("at first", TOKEN).await;
    let now = scene.now();
    for step in [-30_i64, 30, -3600, 0] {
        let by = seconds(step.unsigned_abs());
        scene.set_clock(if step < 0 { now - by } else { now + by });
        // An hour back, the token is not issued yet.
        let want = if step == -3600 { 401 } else { 200 };
        assert_eq!(scene.status(TOKEN).await, want, "{step}");
    }
}

/// How often a token allocates that was seen before.
async fn allocations(verifier: &JwtVerifier, token: &str) -> u64 {
    // The first request asks, or verifies, and the second one makes what later ones share.
    for _ in 0..2 {
        verifier.verify(token).await.unwrap();
    }
    let measured = allocation_counter::measure(|| {
        let mut context = Context::from_waker(Waker::noop());
        let verdict = pin!(verifier.verify(token)).poll(&mut context);
        assert!(matches!(verdict, Poll::Ready(Ok(_))), "{verdict:?}");
    });
    measured.count_total
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_hand_allocates_no_more_than_a_remembered_jwt() {
    let scene = Scene::usual();
    let verifier = scene.layer.verifier();
    let jwt = scene.issuer.mint(RESOURCE).sign();
    let of_jwt = allocations(&verifier, &jwt).await;
    assert!(of_jwt > 0, "nothing is counted");
    assert!(allocations(&verifier, TOKEN).await <= of_jwt);
}
