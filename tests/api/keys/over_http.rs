//! The availability half of the catalogue, rows that need a wire: real sockets, and a paused clock that
//! is held where it is unless the test moves it.

use std::io::Write as _;
use std::time::Duration;

use tokio::time::advance;
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{JwksCache, JwtAuthLayer};

use crate::support::{Counting, HeldClock, RESOURCE, call, config, request, until};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Keys straight from `jwks_uri`, so that fetches can be counted.
fn layer(issuer: &TestIssuer) -> JwtAuthLayer {
    JwtAuthLayer::new(config(issuer).jwks_uri(issuer.jwks_uri()).build().unwrap())
}

async fn status(layer: &JwtAuthLayer, token: &str) -> u16 {
    call(layer, &Counting::default(), request(Some(token)))
        .await
        .status
        .as_u16()
}

/// Has the layer's keys refreshed, which fails; the old ones must serve on. Says why it failed.
async fn failing_refresh(layer: &JwtAuthLayer, issuer: &TestIssuer) -> String {
    let token = issuer.mint(RESOURCE).sign();
    let before = layer.keys().issuers[0].failures;
    advance(seconds(700)).await;
    until("the refresh fails", || {
        layer.keys().issuers[0].failures > before
    })
    .await;
    assert_eq!(status(layer, &token).await, 200, "the old keys serve on");
    layer.keys().issuers[0].last_error.clone().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a04_ready_fails_with_url_and_cause() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    issuer.go_down();
    let layer = layer(&issuer);
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(
        error.contains(issuer.jwks_uri()) && error.contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a08_a_tls_failure_is_a_failed_fetch() {
    let issuer = TestIssuer::start();
    let uri = issuer.jwks_uri().replace("http:", "https:");
    let layer = JwtAuthLayer::new(config(&issuer).jwks_uri(&uri).build().unwrap());
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(error.contains(&uri), "{error}");
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 503);
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a10_a11_hangs_and_drips_end_at_the_deadline() {
    let _held = HeldClock::hold();
    for fault in [Fault::Hang, Fault::Drip] {
        let issuer = TestIssuer::start();
        issuer.fail(fault);
        let layer = layer(&issuer);
        let (first, token) = (layer.clone(), issuer.mint(RESOURCE).sign());
        let waiting = tokio::spawn({
            let token = token.clone();
            async move { status(&first, &token).await }
        });
        until("the fetch is under way", || issuer.fetches() == 1).await;
        advance(Duration::from_millis(4900)).await;
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "{fault:?}");
        advance(Duration::from_millis(200)).await;
        assert_eq!(waiting.await.unwrap(), 503, "{fault:?}");
        issuer.recover();
        advance(seconds(1)).await;
        until("it recovers", || layer.keys().is_ready()).await;
        assert_eq!(status(&layer, &token).await, 200);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a12_size_is_counted_after_decompression() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    let set = issuer.jwks().to_string();
    let padded = |length: usize| format!("{set}{}", " ".repeat(length - set.len())).into_bytes();
    let huge = padded(20 * 1024 * 1024);
    let bomb = gzip(&huge);
    assert!(bomb.len() < 64 * 1024);
    for (name, document, encoding) in [
        ("20 MB", huge, "identity"),
        ("a gzip bomb", bomb, "gzip"),
        ("one byte over", padded(256 * 1024 + 1), "identity"),
        (
            "one byte over, compressed",
            gzip(&padded(256 * 1024 + 1)),
            "gzip",
        ),
    ] {
        issuer.serve_document(Some(&document));
        issuer.serve_headers(&[("content-encoding", encoding)]);
        let error = failing_refresh(&layer, &issuer).await;
        assert!(
            error.contains("larger than 262144 bytes"),
            "{name}: {error}"
        );
    }
    // What fits is taken, compressed too.
    issuer.serve_document(Some(&gzip(&padded(256 * 1024))));
    issuer.serve_headers(&[("content-encoding", "gzip")]);
    advance(seconds(700)).await;
    until("the keys are fresh", || !layer.keys().issuers[0].stale).await;
}

#[tokio::test(start_paused = true)]
async fn a13_a14_what_is_no_good_set_changes_nothing() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    let good = issuer.jwks().to_string();
    for document in [
        "<html>maintenance</html>",
        "",
        &good[..good.len() - 2],
        "[]",
        "{}",
        "null",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
    ] {
        issuer.serve_document(Some(document.as_bytes()));
        let error = failing_refresh(&layer, &issuer).await;
        assert!(error.contains("no usable key set"), "{document}: {error}");
    }
    assert_eq!(layer.keys().issuers[0].generation, 1);
}

/// What a set is called decides nothing: some issuers send `text/plain`.
#[tokio::test]
async fn a13_the_content_type_is_not_judged() {
    for content_type in [
        "text/plain",
        "text/html; charset=utf-8",
        "application/jwk-set+json",
        "",
    ] {
        let issuer = TestIssuer::start();
        issuer.serve_headers(&[("content-type", content_type)]);
        layer(&issuer).ready().await.unwrap();
    }
}

/// Replicas that disagree, over real sockets: each refresh meets another one.
#[tokio::test(start_paused = true)]
async fn flapping_replicas_over_the_wire() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let with_old = issuer.jwks().to_string();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    let token = issuer.mint(RESOURCE).sign();
    issuer.rotate();
    let without_old = issuer.jwks().to_string();
    for _ in 0..6 {
        issuer.serve_document(Some(without_old.as_bytes()));
        let generation = layer.keys().issuers[0].generation;
        advance(seconds(500)).await;
        until("the key is gone", || {
            layer.keys().issuers[0].generation > generation
        })
        .await;
        issuer.serve_document(Some(with_old.as_bytes()));
        assert_eq!(
            status(&layer, &token).await,
            200,
            "it is back with one fetch"
        );
        advance(seconds(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a16_any_status_but_200_is_a_failure_and_nothing_is_followed() {
    let _held = HeldClock::hold();
    let (issuer, elsewhere) = (TestIssuer::start(), TestIssuer::start());
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    issuer.serve_headers(&[("location", elsewhere.jwks_uri())]);
    for code in [
        201, 204, 206, 301, 302, 303, 307, 308, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503,
    ] {
        issuer.fail(Fault::Status(code));
        let error = failing_refresh(&layer, &issuer).await;
        assert!(error.contains(&code.to_string()), "{code}: {error}");
    }
    assert_eq!(elsewhere.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a16_retry_after_is_respected_and_capped() {
    let _held = HeldClock::hold();
    for (value, least, most) in [
        ("120", 119, 120),
        ("0", 0, 1),
        ("999999", 599, 600),
        ("soon", 0, 1),
    ] {
        let issuer = TestIssuer::start();
        issuer.fail(Fault::Status(503));
        issuer.serve_headers(&[("retry-after", value)]);
        let layer = layer(&issuer);
        assert!(layer.ready().await.is_err());
        let next = layer.keys().issuers[0].next_attempt.unwrap().as_secs_f64();
        assert!(
            next >= f64::from(least) && next <= f64::from(most),
            "{value}: {next}"
        );
        // The caller is told the same.
        let answer = call(
            &layer,
            &Counting::default(),
            request(Some(&issuer.mint(RESOURCE).sign())),
        )
        .await;
        let told: u64 = answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(told, (next.ceil() as u64).max(1), "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a18_a_set_that_did_not_change_is_not_sent_again() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    issuer.serve_etag();
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    for times in 1..4 {
        advance(seconds(500)).await;
        until("it is confirmed", || {
            issuer.not_modified() == times && layer.keys().issuers[0].age.unwrap() < seconds(400)
        })
        .await;
    }
    let health = &layer.keys().issuers[0];
    assert_eq!(
        (health.generation, health.failures, health.fetches),
        (1, 0, 4)
    );
    issuer.rotate();
    assert_eq!(
        status(&layer, &issuer.mint(RESOURCE).sign()).await,
        200,
        "a changed set is sent"
    );
}

#[tokio::test(start_paused = true)]
async fn a39_a_reset_is_tried_once_more_at_once() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let once = layer(&issuer);
    issuer.fail_next(Fault::Reset, 1);
    assert_eq!(status(&once, &issuer.mint(RESOURCE).sign()).await, 200);
    assert_eq!(issuer.fetches(), 2);

    let twice = layer(&issuer);
    issuer.fail_next(Fault::Reset, 2);
    assert_eq!(status(&twice, &issuer.mint(RESOURCE).sign()).await, 503);
    assert_eq!(issuer.fetches(), 4);
    // In the middle of a body, too.
    let cut = layer(&issuer);
    issuer.fail_next(Fault::Cut, 1);
    assert_eq!(status(&cut, &issuer.mint(RESOURCE).sign()).await, 200);
    assert_eq!(issuer.fetches(), 6);
    // An answer, however bad, is not asked for again.
    let refused = layer(&issuer);
    issuer.fail_next(Fault::Status(500), 1);
    assert_eq!(status(&refused, &issuer.mint(RESOURCE).sign()).await, 503);
    assert_eq!(issuer.fetches(), 7);
}

#[tokio::test(start_paused = true)]
async fn a17_a_shorter_life_is_read_off_the_wire() {
    let _held = HeldClock::hold();
    for (headers, least, most) in [
        (&[("cache-control", "public, max-age=100")][..], 71, 80),
        (
            &[("cache-control", "max-age=100"), ("age", "50")][..],
            35,
            40,
        ),
        (&[("cache-control", "no-store")][..], 21, 24),
        (&[("cache-control", "max-age=-5")][..], 431, 480),
        (&[("cache-control", "max-age=31536000")][..], 431, 480),
        (&[("expires", "0")][..], 431, 480),
        (&[][..], 431, 480),
    ] {
        let issuer = TestIssuer::start();
        issuer.serve_headers(headers);
        let layer = layer(&issuer);
        layer.ready().await.unwrap();
        let next = layer.keys().issuers[0].next_attempt.unwrap().as_secs();
        assert!((least..=most).contains(&next), "{headers:?}: {next}");
    }
}

#[tokio::test(start_paused = true)]
async fn a18_last_modified_is_sent_back() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    issuer.serve_headers(&[("last-modified", date)]);
    let layer = layer(&issuer);
    layer.ready().await.unwrap();
    assert_eq!(issuer.last_header("if-modified-since"), None);
    advance(seconds(500)).await;
    until("it is asked again", || {
        layer.keys().issuers[0].fetches == 2 && issuer.fetches() == 2
    })
    .await;
    assert_eq!(
        issuer.last_header("if-modified-since").as_deref(),
        Some(date)
    );
}

#[tokio::test]
async fn a16_an_injected_client_that_follows_redirects_is_not_believed() {
    let (issuer, elsewhere) = (TestIssuer::start(), TestIssuer::start());
    issuer.fail(Fault::Status(302));
    issuer.serve_headers(&[("location", elsewhere.jwks_uri())]);
    let following = config(&issuer)
        .jwks_uri(issuer.jwks_uri())
        .http_client(reqwest::Client::new());
    let error = JwtAuthLayer::new(following.build().unwrap())
        .ready()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("was redirected"), "{error}");
}

#[tokio::test]
async fn a40_an_injected_client_is_the_one_that_fetches() {
    let issuer = TestIssuer::start();
    let own = layer(&issuer);
    own.ready().await.unwrap();
    assert!(
        issuer
            .last_header("user-agent")
            .unwrap()
            .starts_with("tower-jwt-auth/")
    );
    assert_eq!(
        issuer.last_header("accept").unwrap(),
        "application/jwk-set+json, application/json"
    );

    let client = reqwest::Client::builder()
        .user_agent("ours")
        .build()
        .unwrap();
    let injected = JwtAuthLayer::new(config(&issuer).http_client(client).build().unwrap());
    injected.ready().await.unwrap();
    assert_eq!(issuer.last_header("user-agent").unwrap(), "ours");
}

#[tokio::test(start_paused = true)]
async fn a42_discovery_that_failed_is_tried_again() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    issuer.serve_discovery(false, false);
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(
        error.contains("set jwks_uri if it publishes none") && error.contains("404"),
        "{error}"
    );
    issuer.serve_discovery(true, true);
    advance(seconds(1)).await;
    until("the keys are there", || layer.keys().is_ready()).await;
    assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a43_a_jwks_uri_that_moves_is_followed_and_its_old_keys_are_gone() {
    let _held = HeldClock::hold();
    let (issuer, moved_to) = (TestIssuer::start(), TestIssuer::start());
    issuer.serve_etag();
    moved_to.serve_etag();
    moved_to.publish_next();
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    layer.ready().await.unwrap();
    let old = issuer.mint(RESOURCE).sign();
    issuer.serve_metadata(Some(
        serde_json::json!({"issuer": issuer.issuer(), "jwks_uri": moved_to.jwks_uri()}),
    ));
    advance(seconds(500)).await;
    until("the new place is asked", || {
        moved_to.fetches() == 1 && layer.keys().issuers[0].generation == 2
    })
    .await;
    assert_eq!(
        moved_to.last_header("if-none-match"),
        None,
        "an ETag belongs to one URL"
    );
    let new = issuer
        .mint(RESOURCE)
        .signed_by(moved_to.signing_key())
        .sign();
    assert_eq!(status(&layer, &new).await, 200);
    assert_eq!(status(&layer, &old).await, 401);
}

#[tokio::test]
async fn a43_the_host_can_be_pinned() {
    let issuer = TestIssuer::start();
    let moved = issuer.jwks_uri().replace("127.0.0.1", "localhost");
    issuer.serve_metadata(Some(
        serde_json::json!({"issuer": issuer.issuer(), "jwks_uri": moved}),
    ));
    let free = JwtAuthLayer::new(config(&issuer).build().unwrap());
    free.ready().await.unwrap();
    let pinned = JwtAuthLayer::new(config(&issuer).pin_jwks_host().build().unwrap());
    let error = pinned.ready().await.unwrap_err().to_string();
    assert!(
        error.contains("is not on the issuer's host 127.0.0.1"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn short_lives_are_lawful() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    let times = JwksCache::new()
        .max_age(seconds(1))
        .cooldown(seconds(1))
        .timeout(seconds(30));
    let layer = JwtAuthLayer::new(
        config(&issuer)
            .jwks_uri(issuer.jwks_uri())
            .jwks_cache(times)
            .build()
            .unwrap(),
    );
    layer.ready().await.unwrap();
    for _ in 0..3 {
        let before = issuer.fetches();
        advance(seconds(1)).await;
        until("it is refreshed", || issuer.fetches() > before).await;
        issuer.rotate();
        assert_eq!(status(&layer, &issuer.mint(RESOURCE).sign()).await, 200);
    }
}
