//! Connections that are refused, reset, or hang; and the client that makes them.

use std::time::Duration;

use tokio::time::advance;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use super::seconds;
use crate::support::served::{Served, issuer_with, status};
use crate::support::{config, until};

#[tokio::test(start_paused = true)]
async fn a04_ready_fails_with_url_and_cause() {
    let served = Served::fetched();
    served.issuer.go_down();
    let error = served.fails_to_start().await;
    assert!(
        error.contains(served.issuer.jwks_uri()) && error.contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a08_a_tls_failure_is_a_failed_fetch() {
    let issuer = TestIssuer::start();
    let uri = issuer.jwks_uri().replace("http:", "https:");
    let served = Served::by(issuer, |config, _| config.jwks_uri(&uri));
    let error = served.fails_to_start().await;
    assert!(error.contains(&uri), "{error}");
    assert_eq!(served.status_of_new_token().await, 503);
    assert_eq!(served.issuer.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a10_a11_hangs_and_drips_end_at_the_deadline() {
    for fault in [Fault::Hang, Fault::Drip] {
        let served = Served::fetched_from(issuer_with(fault));
        let (layer, token) = (served.layer.clone(), served.token());
        let waiting = tokio::spawn({
            let token = token.clone();
            async move { status(&layer, &token).await }
        });
        until("the fetch is under way", || served.issuer.fetches() == 1).await;
        advance(Duration::from_millis(4900)).await;
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "{fault:?}");
        advance(Duration::from_millis(200)).await;
        assert_eq!(waiting.await.unwrap(), 503, "{fault:?}");
        served.issuer.recover();
        advance(seconds(1)).await;
        until("it recovers", || served.health().ready).await;
        assert_eq!(served.status(&token).await, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a39_a_reset_is_tried_once_more_at_once() {
    let issuer = TestIssuer::start();
    let mut served = Served::fetched_from(issuer);
    for (name, fault, times, expected, fetches) in [
        ("a reset", Fault::Reset, 1, 200, 2),
        ("a second reset", Fault::Reset, 2, 503, 2),
        ("in the middle of a body", Fault::Cut, 1, 200, 2),
        ("an answer, however bad", Fault::Status(500), 1, 503, 1),
    ] {
        let before = served.issuer.fetches();
        served.issuer.fail_next(fault, times);
        assert_eq!(served.status_of_new_token().await, expected, "{name}");
        assert_eq!(served.issuer.fetches() - before, fetches, "{name}");
        served = Served::fetched_from(served.issuer);
    }
}

#[tokio::test]
async fn a16_an_injected_client_that_follows_redirects_is_not_believed() {
    let (issuer, elsewhere) = (issuer_with(Fault::Status(302)), TestIssuer::start());
    issuer.serve_headers(&[("location", elsewhere.jwks_uri())]);
    let served = Served::by(issuer, |config, issuer| {
        config
            .jwks_uri(issuer.jwks_uri())
            .http_client(reqwest::Client::new())
    });
    let error = served.fails_to_start().await;
    assert!(error.contains("was redirected"), "{error}");
}

#[tokio::test]
async fn a40_an_injected_client_is_the_one_that_fetches() {
    let served = Served::fetched().ready().await;
    let sent = |name| served.issuer.last_header(name).unwrap();
    assert!(sent("user-agent").starts_with("tower-jwt-auth/"));
    assert_eq!(sent("accept"), "application/jwk-set+json, application/json");

    let client = reqwest::Client::builder().user_agent("ours");
    let config = config(&served.issuer).http_client(client.build().unwrap());
    let injected = JwtAuthLayer::new(config.build().unwrap());
    injected.wait_for_keys().await.unwrap();
    assert_eq!(sent("user-agent"), "ours");
}
