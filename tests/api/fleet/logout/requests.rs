//! Who sends slowly, too much or something else, and who does not wait for the answer.

use std::convert::Infallible;

use http_body_util::channel::Channel;
use tokio::time::{Instant, sleep, timeout};
use tower_jwt_auth::config::Issuer;

use super::*;
use crate::support::Log;

/// A response that says what is wrong with the request, besides 400.
fn is_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    assert_eq!(answer.json()["error"], "invalid_request", "{what}");
}

/// Sends these parts with a pause before each; `end`: and then the end.
async fn send_slowly(
    logout: &BackChannelLogout,
    parts: Vec<Bytes>,
    pause: Duration,
    end: bool,
) -> (Answer, Duration) {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let sending = tokio::spawn(async move {
        for part in parts {
            sleep(pause).await;
            if sender.send_data(part).await.is_err() {
                return;
            }
        }
        if !end {
            std::future::pending::<()>().await;
        }
    });
    let request = Request::post("/logout").header("content-type", FORM);
    let began = Instant::now();
    let response = logout.clone().oneshot(request.body(body).unwrap()).await;
    let took = began.elapsed();
    sending.abort();
    (read(response.unwrap()).await, took)
}

#[tokio::test(start_paused = true)]
async fn a_slow_sender_has_five_seconds_for_the_whole_body() {
    let world = World::new();
    let process = world.process();
    let form = format!("logout_token={}", world.logout().sign());
    let bytes = |size: usize| -> Vec<Bytes> {
        let chunks = form.as_bytes().chunks(size);
        chunks.map(Bytes::copy_from_slice).collect()
    };
    let whole = form.len();
    for (what, parts, pause, end) in [
        ("nothing", Vec::new(), seconds(0), false),
        ("no end", bytes(whole), seconds(0), false),
        ("too late", bytes(whole), seconds(6), true),
        ("octet by octet", bytes(1), seconds(1), true),
    ] {
        let (answer, took) = timeout(
            seconds(3600),
            send_slowly(&process.logout, parts, pause, end),
        )
        .await
        .unwrap_or_else(|_| panic!("{what}: no answer"));
        is_refused(&answer, 408, what);
        assert_eq!(took, seconds(5), "{what}");
    }
    assert_eq!(world.entries(), 0);
    let pause = Duration::from_millis(4_900);
    let (answer, _) = send_slowly(&process.logout, bytes(whole), pause, true).await;
    is_done(&answer, "in time");
}

#[tokio::test(start_paused = true)]
async fn the_status_says_what_is_wrong_with_a_request() {
    let world = World::new();
    let process = world.process();
    let logout = &process.logout;
    let form = format!("logout_token={}", world.logout().sign());
    let long = |bytes: usize| format!("x={}&{form}", "x".repeat(bytes - form.len() - 3));
    for content_type in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded2"),
        Some("application/x-www-form-urlencoded, text/plain"),
        Some("multipart/form-data; boundary=x"),
    ] {
        let answer = send(logout, "POST", content_type, &form).await;
        is_refused(&answer, 415, &format!("{content_type:?}"));
    }
    let twice = Request::post("/logout")
        .header("content-type", FORM)
        .header("content-type", FORM);
    let twice = twice.body(Full::<Bytes>::from(form.clone())).unwrap();
    let answer = read(logout.clone().oneshot(twice).await.unwrap()).await;
    is_refused(&answer, 415, "two types");

    let answer = send(logout, "POST", Some(FORM), &long(16 * 1024 + 1)).await;
    is_refused(&answer, 413, "too large");
    // Nobody waits for what is known to be too large.
    let parts = vec![Bytes::from(long(16 * 1024 + 1))];
    let (answer, took) = send_slowly(logout, parts, seconds(0), false).await;
    is_refused(&answer, 413, "too large, without an end");
    assert_eq!(took, seconds(0));
    assert_eq!(world.entries(), 0);
    let answer = send(logout, "POST", Some(FORM), &long(16 * 1024)).await;
    is_done(&answer, "the largest");
}

#[tokio::test(start_paused = true)]
async fn a_logout_whose_sender_has_left_reaches_the_others() {
    let world = World::new();
    let (process, other) = (world.process(), world.process());
    for process in [&process, &other] {
        process.fleet.ready().await;
    }
    world.store.set_delay(Duration::from_millis(100));
    let logout = world.logout().claim("sid", "s1").sign();
    let left = timeout(Duration::from_millis(50), process.log_out(&logout)).await;
    left.unwrap_err();
    pass(seconds(1)).await;
    let of_session = world.token("bob").claim("sid", "s1");
    for (what, token) in [("sid", of_session), ("sub", world.token("alice"))] {
        assert_eq!(other.status(&token).await, 401, "{what}");
    }
    assert_eq!(other.status(&world.token("bob")).await, 200);
    assert_eq!(world.entries(), 2);
}

fn told(log: &Log) -> [usize; 2] {
    ["logout_refused", "logout_not_stored"].map(|event| log.counts(event))
}

#[tokio::test(start_paused = true)]
async fn logouts_that_are_not_done_are_told() {
    let (log, _guard) = capture();
    let world = World::new();
    let process = world.process();
    process.fleet.ready().await;
    let good = world.logout().sign();
    is_done(&process.log_out(&good).await, "good");
    assert_eq!(told(&log), [0, 0]);

    let bad = world.logout().claim("nonce", "n").sign();
    is_invalid(&process.log_out(&bad).await, "a nonce");
    assert_eq!(told(&log), [1, 0]);
    assert!(
        log.text().contains("nonce is not allowed"),
        "{}",
        log.text()
    );
    let answer = send(&process.logout, "POST", None, "x").await;
    is_refused(&answer, 415, "no type");
    assert_eq!(told(&log), [2, 0]);

    world.store.set_fault(Some(Fault::Down));
    let later = world.logout().subject("bob").sign();
    for _ in 0..2 {
        is_later(&process.log_out(&later).await, "down");
    }
    assert_eq!(told(&log), [2, 1], "once a minute");
    pass(seconds(60)).await;
    is_later(&process.log_out(&later).await, "down");
    assert_eq!(told(&log), [2, 2]);
    for secret in ["alice", "bob", good.as_str(), bad.as_str()] {
        assert!(!log.text().contains(secret), "{secret}");
    }
}

/// Tokens of one issuer have a `sid`, those of another have none.
#[tokio::test(start_paused = true)]
async fn a_session_that_no_token_of_its_issuer_names_is_told() {
    let (log, _guard) = capture();
    let (store, clock) = (MemoryStore::default(), FakeClock::at(unix(NOW as f64)));
    let (with_sid, without) = (TestIssuer::start(), TestIssuer::start());
    let fleet = fleet(&store, "ns", &[A], &clock);
    let config = remembering(JwtAuthConfig::builder())
        .resource(RESOURCE)
        .clock(&clock)
        .fleet(fleet.clone());
    let config = [&with_sid, &without]
        .into_iter()
        .fold(config, |config, it| {
            config.add_issuer(Issuer::new(it.issuer()).jwks(it.jwks()))
        });
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let logout = BackChannelLogout::new(fleet, layer.verifier()).audience(CLIENT);
    for (issuer, sid) in [(&with_sid, Some("s1")), (&without, None)] {
        let token = issuer.mint(RESOURCE).valid(NOW, seconds(60));
        let token = match sid {
            Some(sid) => token.claim("sid", sid),
            None => token,
        };
        let request = request(Some(&token.sign()));
        assert_eq!(
            call(&layer, &Counting::default(), request).await.status,
            200
        );
    }
    for (issuer, told) in [(&with_sid, 0), (&without, 1)] {
        let token = issuer.mint(CLIENT).valid(NOW, seconds(60));
        let token = token.header("typ", "logout+jwt").claim("sid", "s2");
        let token = token.claim("events", json!({EVENT: {}})).without("sub");
        is_done(&post(&logout, &token.sign()).await, issuer.issuer());
        assert_eq!(log.counts("logout_without_effect"), told);
    }
    assert!(log.text().contains(without.issuer()));
}

/// Tokens of this issuer are accepted 5 minutes ahead, and so are its logouts.
#[tokio::test(start_paused = true)]
async fn the_leeway_of_an_issuer_holds_for_its_logouts() {
    let world = World::new();
    let fleet = fleet(&world.store, "ns", &[A], &world.clock);
    let config = remembering(JwtAuthConfig::builder())
        .resource(RESOURCE)
        .issuer(world.issuer.issuer())
        .jwks(world.issuer.jwks())
        .leeway(seconds(300))
        .clock(&world.clock)
        .fleet(fleet.clone());
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let logout = BackChannelLogout::new(fleet.clone(), layer.verifier()).audience(CLIENT);
    let process = Process {
        fleet,
        layer,
        logout,
    };
    let ahead = |by| world.logout().claim("iat", NOW + by).sign();
    is_invalid(&process.log_out(&ahead(301)).await, "too far ahead");
    let token = world.token("alice").claim("iat", NOW + 200);
    assert_eq!(process.status(&token).await, 200);
    is_done(&process.log_out(&ahead(299)).await, "within the leeway");
    assert_eq!(process.status(&token).await, 401);
}
