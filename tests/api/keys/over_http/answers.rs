//! Answers of the issuer: size, content, status, headers.

use std::io::Write as _;

use tokio::time::advance;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use super::seconds;
use crate::support::served::{Served, issuer_with};
use crate::support::until;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a12_size_is_counted_after_decompression() {
    let served = Served::fetched().ready().await;
    let set = served.issuer.jwks().to_string();
    let padded = |length: usize| format!("{set}{}", " ".repeat(length - set.len())).into_bytes();
    let serve = |document: &[u8], encoding: &str| {
        served.issuer.serve_document(Some(document));
        served
            .issuer
            .serve_headers(&[("content-encoding", encoding)]);
    };
    let huge = padded(20 * 1024 * 1024);
    let bomb = gzip(&huge);
    assert!(bomb.len() < 64 * 1024);
    let over = padded(256 * 1024 + 1);
    for (name, document, encoding) in [
        ("20 MB", huge, "identity"),
        ("a gzip bomb", bomb, "gzip"),
        ("one byte over, compressed", gzip(&over), "gzip"),
        ("one byte over", over, "identity"),
    ] {
        serve(&document, encoding);
        let error = served.failing_refresh().await;
        assert!(
            error.contains("larger than 262144 bytes"),
            "{name}: {error}"
        );
    }
    // What fits is taken, compressed too.
    serve(&gzip(&padded(256 * 1024)), "gzip");
    advance(seconds(700)).await;
    until("the keys are fresh", || !served.health().stale).await;
}

#[tokio::test(start_paused = true)]
async fn a13_a14_what_is_no_good_set_changes_nothing() {
    let served = Served::fetched().ready().await;
    let good = served.issuer.jwks().to_string();
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
        served.issuer.serve_document(Some(document.as_bytes()));
        let error = served.failing_refresh().await;
        assert!(error.contains("no usable key set"), "{document}: {error}");
    }
    assert_eq!(served.health().generation, 1);
}

/// The content type of a set decides nothing: some issuers send `text/plain`.
#[tokio::test]
async fn a13_the_content_type_is_not_judged() {
    for content_type in [
        "text/plain",
        "text/html; charset=utf-8",
        "application/jwk-set+json",
        "",
    ] {
        let served = Served::fetched();
        served
            .issuer
            .serve_headers(&[("content-type", content_type)]);
        served.ready().await;
    }
}

/// Replicas that disagree, over real sockets: each refresh meets another one.
#[tokio::test(start_paused = true)]
async fn flapping_replicas_over_the_wire() {
    let served = Served::fetched();
    let with_old = served.issuer.jwks().to_string();
    let served = served.ready().await;
    let token = served.token();
    served.issuer.rotate();
    let without_old = served.issuer.jwks().to_string();
    for _ in 0..6 {
        served.issuer.serve_document(Some(without_old.as_bytes()));
        let generation = served.health().generation;
        advance(seconds(500)).await;
        until("the key is gone", || {
            served.health().generation > generation
        })
        .await;
        served.issuer.serve_document(Some(with_old.as_bytes()));
        let status = served.status(&token).await;
        assert_eq!(status, 200, "it is back with one fetch");
        advance(seconds(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a16_any_status_but_200_is_a_failure_and_nothing_is_followed() {
    let (served, elsewhere) = (Served::fetched().ready().await, TestIssuer::start());
    let location = [("location", elsewhere.jwks_uri())];
    served.issuer.serve_headers(&location);
    for code in [
        201, 204, 206, 301, 302, 303, 307, 308, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503,
    ] {
        served.issuer.fail(Fault::Status(code));
        let error = served.failing_refresh().await;
        assert!(error.contains(&code.to_string()), "{code}: {error}");
    }
    assert_eq!(elsewhere.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a16_retry_after_is_respected_and_capped() {
    for (value, least, most) in [
        ("120", 59.0, 90.0),
        ("0", 0.0, 1.0),
        ("30", 29.0, 45.0),
        ("999999", 59.0, 90.0),
        ("soon", 0.0, 1.0),
    ] {
        let served = Served::fetched_from(issuer_with(Fault::Status(503)));
        served.issuer.serve_headers(&[("retry-after", value)]);
        served.fails_to_start().await;
        let next = served.health().next_attempt.unwrap().as_secs_f64();
        assert!((least..=most).contains(&next), "{value}: {next}");
        // The caller is told the same.
        let answer = served.answer(&served.token()).await;
        let told = answer.headers["retry-after"].to_str().unwrap();
        let told: u64 = told.parse().unwrap();
        assert_eq!(told, (next.ceil() as u64).max(1), "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a17_a_shorter_life_is_read_off_the_wire() {
    let no_headers: &[(&str, &str)] = &[];
    for (headers, least, most) in [
        (&[("cache-control", "public, max-age=100")] as &[_], 71, 80),
        (&[("cache-control", "max-age=100"), ("age", "50")], 35, 40),
        (&[("cache-control", "no-store")], 21, 24),
        (&[("cache-control", "max-age=-5")], 431, 480),
        (&[("cache-control", "max-age=31536000")], 431, 480),
        (&[("expires", "0")], 431, 480),
        (no_headers, 431, 480),
    ] {
        let times = JwksCache::new().min_age(seconds(30));
        let served = Served::by(TestIssuer::start(), |config, issuer| {
            config.jwks_uri(issuer.jwks_uri()).jwks_cache(times)
        });
        served.issuer.serve_headers(headers);
        let served = served.ready().await;
        let next = served.health().next_attempt.unwrap().as_secs();
        assert!((least..=most).contains(&next), "{headers:?}: {next}");
    }
}

#[tokio::test(start_paused = true)]
async fn a18_a_set_that_did_not_change_is_not_sent_again() {
    let served = Served::fetched();
    served.issuer.serve_etag();
    let served = served.ready().await;
    for times in 1..4 {
        advance(seconds(500)).await;
        until("it is confirmed", || {
            served.issuer.not_modified() == times && served.health().age.unwrap() < seconds(400)
        })
        .await;
    }
    let health = served.health();
    assert_eq!(
        (health.generation, health.failures, health.fetches),
        (1, 0, 4)
    );
    served.issuer.rotate();
    let status = served.status_of_new_token().await;
    assert_eq!(status, 200, "a changed set is sent");
}

#[tokio::test(start_paused = true)]
async fn a18_last_modified_is_sent_back() {
    let served = Served::fetched();
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    served.issuer.serve_headers(&[("last-modified", date)]);
    let served = served.ready().await;
    let sent_back = || served.issuer.last_header("if-modified-since");
    assert_eq!(sent_back(), None);
    advance(seconds(500)).await;
    until("it is asked again", || {
        served.health().fetches == 2 && served.issuer.fetches() == 2
    })
    .await;
    assert_eq!(sent_back().as_deref(), Some(date));
}

#[tokio::test(start_paused = true)]
async fn short_lives_are_lawful() {
    let times = JwksCache::new()
        .max_age(seconds(1))
        .cooldown(seconds(1))
        .timeout(seconds(30));
    let served = Served::by(TestIssuer::start(), |config, issuer| {
        config.jwks_uri(issuer.jwks_uri()).jwks_cache(times)
    });
    let served = served.ready().await;
    for _ in 0..3 {
        let before = served.issuer.fetches();
        advance(seconds(1)).await;
        until("it is refreshed", || served.issuer.fetches() > before).await;
        served.issuer.rotate();
        assert_eq!(served.status_of_new_token().await, 200);
    }
}
