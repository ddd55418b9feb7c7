//! Which tokens are accepted, and what the service behind the layer sees.

use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::keys::SkipReason;
use tower_jwt_auth::mcp::Principal;
use tower_jwt_auth::test_util::{TestIssuer, TestKey};
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthConfig, JwtAuthLayer};

use crate::support::{Counting, RESOURCE, call, config, layer, request, send, serve};

#[tokio::test]
async fn every_algorithm_over_a_socket() {
    for algorithm in Algorithm::ASYMMETRIC {
        let issuer = TestIssuer::with_algorithm(*algorithm);
        let app = Router::new()
            .route(
                "/",
                get(|Extension(auth): Extension<AuthInfo>| async move { Json(auth) }),
            )
            .layer(layer(&issuer));
        let base = serve(app).await;
        let token = issuer.mint(RESOURCE).sign();
        let answer = send("GET", &base, &[&format!("Bearer {token}")]).await;
        assert_eq!(answer.status, 200, "{algorithm}: {answer:?}");
        assert_eq!(answer.json()["subject"], "alice", "{algorithm}");

        let answer = send(
            "GET",
            &base,
            &[&format!("Bearer {}", with_a_flipped_bit(&token))],
        )
        .await;
        assert_eq!(answer.status, 401, "{algorithm}");
    }
}

/// The signature with one bit of its first byte flipped, canonical base64 all the same.
fn with_a_flipped_bit(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[0] ^= 1;
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn n10_secrets_only_by_name_and_only_static() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let key = Arc::new(TestKey::generate(algorithm, "s"));
        let issuer = TestIssuer::start();
        let token = issuer
            .mint(RESOURCE)
            .header("alg", algorithm.name())
            .header("kid", "s")
            .signed_by(key.clone())
            .sign();
        let with = |algorithms: Vec<Algorithm>| {
            config(&issuer)
                .jwk(key.jwk())
                .algorithms(algorithms)
                .build()
        };

        let by_name = JwtAuthLayer::new(with(vec![algorithm]).unwrap());
        assert_eq!(
            call(&by_name, &Counting::default(), request(Some(&token)))
                .await
                .status,
            200,
            "{algorithm}"
        );
        assert!(
            with(vec![Algorithm::RS256]).is_err(),
            "{algorithm}: a secret without its algorithm listed"
        );

        // The same secret is no key at all when a fetched set publishes it.
        issuer.publish_key(TestKey::generate(algorithm, "s"));
        let fetched = layer(&issuer);
        fetched.wait_for_keys().await.unwrap();
        let health = &fetched.keys_health().issuers[0];
        assert_eq!(health.keys, [Some("key-1".to_owned())], "{algorithm}");
        assert_eq!(
            health.skipped[0].reason,
            SkipReason::Symmetric,
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn credentials_that_nobody_judged_are_not_shown_either() {
    let issuer = TestIssuer::start();
    let basic = || {
        let request = Request::post("https://mcp.example.com/mcp");
        let request = request.header("authorization", "Basic eyJhOmI=");
        request.body(Full::from("{}")).unwrap()
    };
    let mut twice = basic();
    let second = http::HeaderValue::from_static("Bearer eyJ");
    twice.headers_mut().append("authorization", second);
    let optional = layer(&issuer).optional();
    let open = layer(&issuer).open_paths(["/mcp"]);
    for (name, layer, request) in [
        (
            "another scheme, where a token is optional",
            optional,
            basic(),
        ),
        (
            "a token on an open path",
            open.clone(),
            request(Some("eyJ")),
        ),
        ("two on an open path", open, twice),
    ] {
        let inner = tower::service_fn(|request: Request<Full<bytes::Bytes>>| async move {
            let mut lines = request.headers().get_all("authorization").iter();
            assert!(lines.all(http::HeaderValue::is_sensitive));
            let shown = Full::from(format!("{:?}", request.headers()));
            Ok::<_, std::convert::Infallible>(http::Response::new(shown))
        });
        let answer = layer.layer(inner).oneshot(request).await.unwrap();
        let shown = answer.into_body().collect().await.unwrap().to_bytes();
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains("authorization"), "{name}: it went on");
        assert!(!shown.contains("eyJ"), "{name}: {shown}");
    }
}

#[tokio::test]
async fn the_service_sees_the_caller() {
    let issuer = TestIssuer::start();
    let token = issuer
        .mint(RESOURCE)
        .scope("b a b")
        .client_id("cli")
        .claim("tid", "t-1")
        .sign();
    let seen = Arc::new(std::sync::Mutex::new(None));
    let inner = tower::service_fn({
        let seen = seen.clone();
        move |request: Request<_>| {
            let _: &http_body_util::Full<bytes::Bytes> = request.body();
            *seen.lock().unwrap() = request.extensions().get::<AuthInfo>().cloned();
            assert!(request.headers()["authorization"].is_sensitive());
            let debug = format!("{request:?}");
            async move {
                assert!(
                    !debug.contains("eyJ"),
                    "a request that is logged must not show the token"
                );
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<
                    bytes::Bytes,
                >::default()))
            }
        }
    });
    layer(&issuer)
        .layer(inner)
        .oneshot(request(Some(&token)))
        .await
        .unwrap();
    let auth = seen.lock().unwrap().take().unwrap();
    assert_eq!(auth.token(), token);
    let principal = Principal::new(issuer.issuer(), Some("cli"), Some("alice"));
    assert_eq!(auth.principal(), Some(principal));
    assert_eq!(auth.scopes(), ["b", "a"]);
    assert_eq!(auth.audience(), [RESOURCE]);
    assert_eq!(auth.resource(), Some(RESOURCE));
    assert_eq!(auth.claim("tid"), Some("t-1".into()));
    assert!(auth.has_scope("a") && !auth.has_scope("c"));
}

#[tokio::test]
async fn the_header_can_be_stripped() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    for (strip, there) in [(false, true), (true, false)] {
        let config = config(&issuer);
        let config = if strip {
            config.strip_authorization()
        } else {
            config
        };
        let inner = tower::service_fn(
            move |request: Request<http_body_util::Full<bytes::Bytes>>| async move {
                assert_eq!(request.headers().contains_key("authorization"), there);
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<
                    bytes::Bytes,
                >::default()))
            },
        );
        let service = JwtAuthLayer::new(config.build().unwrap()).layer(inner);
        assert_eq!(
            service
                .oneshot(request(Some(&token)))
                .await
                .unwrap()
                .status(),
            200
        );
    }
}

#[tokio::test]
async fn n30_keys_of_several_issuers_never_mix() {
    let (a, b) = (
        TestIssuer::start(),
        TestIssuer::with_algorithm(Algorithm::EdDSA),
    );
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(tower_jwt_auth::config::Issuer::new(a.issuer()))
        .add_issuer(
            tower_jwt_auth::config::Issuer::new(b.issuer())
                .audience("api://b")
                .jwks_uri(b.jwks_uri()),
        )
        .build()
        .unwrap();
    let verifier = JwtAuthLayer::new(config).verifier();
    let verdict = |token: String| {
        let verifier = verifier.clone();
        async move {
            verifier
                .verify(&token)
                .await
                .map(drop)
                .map_err(|r| r.token_error().unwrap().kind())
        }
    };
    assert_eq!(verdict(a.mint(RESOURCE).sign()).await, Ok(()));
    assert_eq!(verdict(b.mint("api://b").sign()).await, Ok(()));
    assert_eq!(
        verdict(b.mint(RESOURCE).sign()).await,
        Err(TokenErrorKind::WrongAudience)
    );
    // The key of one under the name of the other.
    let other = TestIssuer::start();
    let forged = a.mint(RESOURCE).signed_by(other.signing_key()).sign();
    assert_eq!(verdict(forged).await, Err(TokenErrorKind::BadSignature));
    let b_key_for_a = a
        .mint(RESOURCE)
        .header("alg", "EdDSA")
        .signed_by(b.signing_key())
        .sign();
    assert_eq!(verdict(b_key_for_a).await, Err(TokenErrorKind::KeyMismatch));
    assert_eq!(
        verdict(other.mint(RESOURCE).sign()).await,
        Err(TokenErrorKind::WrongIssuer)
    );
    // No token of `other` came, so it was not asked for keys.
    assert_eq!((a.fetches(), b.fetches(), other.fetches()), (1, 1, 0));
    assert_eq!(b.metadata_fetches(), 0, "jwks_uri needs no discovery");
}

#[tokio::test]
async fn discovery_in_each_well_known_form() {
    for path in ["", "/", "/tenant", "/tenant/"] {
        for (openid, oauth) in [(true, true), (true, false), (false, true)] {
            let issuer = TestIssuer::with_path(Algorithm::ES256, path);
            issuer.serve_discovery(openid, oauth);
            let layer = layer(&issuer);
            layer
                .wait_for_keys()
                .await
                .unwrap_or_else(|error| panic!("{path:?} {openid} {oauth}: {error}"));
            let token = issuer.mint(RESOURCE).sign();
            assert_eq!(
                call(&layer, &Counting::default(), request(Some(&token)))
                    .await
                    .status,
                200
            );
        }
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    let issuer = TestIssuer::start();
    for (name, metadata) in [
        (
            "another issuer",
            serde_json::json!({"issuer": "http://127.0.0.1:1", "jwks_uri": issuer.jwks_uri()}),
        ),
        (
            "a slash more",
            serde_json::json!({"issuer": format!("{}/", issuer.issuer()), "jwks_uri": issuer.jwks_uri()}),
        ),
        (
            "no jwks_uri",
            serde_json::json!({"issuer": issuer.issuer()}),
        ),
        (
            "http elsewhere",
            serde_json::json!({"issuer": issuer.issuer(), "jwks_uri": "http://idp.example.com/jwks"}),
        ),
        ("no object", serde_json::json!([])),
    ] {
        issuer.serve_metadata(Some(metadata));
        assert!(layer(&issuer).wait_for_keys().await.is_err(), "{name}");
        assert_eq!(issuer.fetches(), 0, "{name}");
    }
    issuer.serve_metadata(None);
    layer(&issuer).wait_for_keys().await.unwrap();
}
