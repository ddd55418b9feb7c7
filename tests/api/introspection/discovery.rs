//! The endpoint that the issuer's metadata names, and where our secret may go.

use serde_json::{Value, json};
use tower_jwt_auth::introspection::Introspection;
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use super::{CLIENT, SECRET, Scene, TOKEN};
use crate::support::seconds;

fn discovering() -> Scene {
    of_issuer(TestIssuer::start())
}

fn of_issuer(issuer: TestIssuer) -> Scene {
    let introspection = Introspection::new(CLIENT, SECRET);
    Scene::of_issuer(issuer, |config, _| config.introspection(introspection))
}

#[tokio::test(start_paused = true)]
async fn pop_i50_the_endpoint_is_discovered() {
    for path in ["", "/tenant"] {
        let issuer = TestIssuer::with_path(tower_jwt_auth::Algorithm::ES256, path);
        let mut scene = of_issuer(issuer);
        scene.accepts("discovered", TOKEN).await;
        let fetches = scene.issuer.metadata_fetches();
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts("known", &token).await;
        assert_eq!(scene.issuer.metadata_fetches(), fetches, "it is read once");
        // It may move, and meanwhile the old one serves.
        scene.pass(seconds(601)).await;
        scene.accepts("ten minutes later", TOKEN).await;
        assert!(scene.issuer.metadata_fetches() > fetches);
        scene.pass(seconds(601)).await;
        scene.issuer.fail(Fault::Status(500));
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts("the metadata is gone", &token).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i50_i51_an_endpoint_elsewhere_gets_nothing() {
    let elsewhere = TestIssuer::start();
    let other = elsewhere.introspection();
    let mut scene = discovering();
    let document = |endpoint: Value| {
        json!({
            "issuer": scene.issuer.issuer(),
            "jwks_uri": scene.issuer.jwks_uri(),
            "introspection_endpoint": endpoint,
        })
    };
    let metadata = |endpoint: Option<&str>| match endpoint {
        Some(endpoint) => document(endpoint.into()),
        None => {
            json!({"issuer": scene.issuer.issuer(), "jwks_uri": scene.issuer.jwks_uri()})
        }
    };
    let port = scene.issuer.address().port();
    let own = scene.endpoint.endpoint().to_owned();
    let same_host = format!(
        "http://127.0.0.1:{}/introspect",
        port.wrapping_add(1).max(1024)
    );
    let mut documents: Vec<_> = [
        ("I50", Some(other.endpoint())),
        ("I50 another port", Some(same_host.as_str())),
        ("I50 another scheme", Some(&*own.replace("http:", "https:"))),
        (
            "I50 another name",
            Some(&*own.replace("127.0.0.1", "localhost")),
        ),
        (
            "I50 a user",
            Some(&*own.replace("127.0.0.1", "user@127.0.0.1")),
        ),
        ("I50 a fragment", Some(&*format!("{own}#x"))),
        ("I51", Some("http://idp.example.com/introspect")),
        ("I51 link-local", Some("https://169.254.169.254/introspect")),
        ("no URL", Some("/introspect")),
        ("none at all", None),
    ]
    .map(|(what, endpoint)| (what, metadata(endpoint)))
    .into();
    documents.extend([
        ("null", document(Value::Null)),
        ("a number", document(json!(5))),
        ("a list", document(json!([own]))),
    ]);
    let good = metadata(Some(&own));
    for (what, document) in documents {
        scene.issuer.serve_metadata(Some(document));
        let fetches = scene.issuer.metadata_fetches();
        scene.unavailable(what, "other").await;
        let health = scene.health();
        assert!(health.refused, "{what}: {health:?}");
        assert!(
            health
                .last_error
                .unwrap()
                .contains("introspection_endpoint"),
            "{what}"
        );
        // It is not asked again for each request.
        scene.unavailable(what, "another").await;
        assert_eq!(scene.issuer.metadata_fetches(), fetches + 1, "{what}");
        scene.pass(seconds(60)).await;
    }
    assert_eq!(
        (other.calls(), scene.endpoint.calls()),
        (0, 0),
        "nothing is sent"
    );
    scene.issuer.serve_metadata(Some(good));
    scene.accepts("the issuer's own", TOKEN).await;
    assert!(!scene.health().refused);
}

#[tokio::test(start_paused = true)]
async fn pop_i50_metadata_that_cannot_be_read() {
    let scene = discovering();
    let stranger = json!({"issuer": "https://other.example", "introspection_endpoint": scene.endpoint.endpoint()});
    scene.issuer.serve_metadata(Some(stranger));
    scene.unavailable("of another issuer", TOKEN).await;
    scene.issuer.serve_metadata(None);
    scene.issuer.serve_discovery(false, false);
    scene.unavailable("none", TOKEN).await;
    scene.issuer.serve_discovery(false, true);
    scene.accepts("one of them", TOKEN).await;
}

/// Many at once: the metadata is read once.
#[tokio::test(start_paused = true)]
async fn pop_i50_one_reading_for_all() {
    let scene = discovering();
    let tokens: Vec<_> = (0..30)
        .map(|_| scene.answers(scene.good_with("x", 1)))
        .collect();
    let mut waiting = tokio::task::JoinSet::new();
    for token in tokens {
        let verifier = scene.layer.verifier();
        waiting.spawn(async move { verifier.verify(&token).await.is_ok() });
    }
    while let Some(accepted) = waiting.join_next().await {
        assert!(accepted.unwrap());
    }
    assert_eq!(scene.issuer.metadata_fetches(), 1);
    assert_eq!(scene.endpoint.calls(), 30);
}
