//! The wire table: status, challenge and body of each answer, byte for byte.

use bytes::Bytes;
use http::Request;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::error::RejectionKind;
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, Rejection};

use crate::support::{Counting, RESOURCE, call, config, layer, read, request};

mod hook;

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn the_wire_table() {
    let issuer = TestIssuer::start();
    // Without `iat`, so that a token can expire by its `exp` alone.
    let mint = |audience: &str| issuer.mint(audience).without("iat");
    let good = mint(RESOURCE).scope("mcp:read").sign();
    let scoped = JwtAuthLayer::new(
        config(&issuer)
            .required_scopes(["mcp:read"])
            .build()
            .unwrap(),
    );
    let bearer = |token: &str| format!("Bearer {token}");
    let invalid = format!(
        r#"Bearer error="invalid_token", scope="mcp:read", resource_metadata="{METADATA}", error_description="The access token is invalid or has expired""#
    );
    let missing = format!(r#"Bearer scope="mcp:read", resource_metadata="{METADATA}""#);
    let request_error = format!(
        r#"Bearer error="invalid_request", resource_metadata="{METADATA}", error_description="The request carries more than one Authorization header""#
    );
    let insufficient = format!(
        r#"Bearer error="insufficient_scope", scope="mcp:read", resource_metadata="{METADATA}", error_description="The access token lacks a scope that this operation needs""#
    );
    let expired = mint(RESOURCE)
        .scope("mcp:read")
        .claim("exp", 1_700_000_000)
        .sign();
    let elsewhere = mint("https://other.example").scope("mcp:read").sign();
    let unknown_kid = mint(RESOURCE)
        .scope("mcp:read")
        .header("kid", "nobody's")
        .sign();
    let unscoped = mint(RESOURCE).sign();
    let expired_and_unscoped = mint(RESOURCE).claim("exp", 1_700_000_000).sign();
    let cases: Vec<(&str, Vec<String>, u16, Option<&str>, &str)> = vec![
        ("good", vec![bearer(&good)], 200, None, ""),
        (
            "good, scheme in lower case",
            vec![format!("bearer {good}")],
            200,
            None,
            "",
        ),
        (
            "good, more spaces",
            vec![format!("Bearer   {good}")],
            200,
            None,
            "",
        ),
        ("no header", vec![], 401, Some(&missing), "unauthorized"),
        (
            "empty header",
            vec![String::new()],
            401,
            Some(&missing),
            "unauthorized",
        ),
        (
            "another scheme",
            vec!["Basic dXNlcjpwYXNz".to_owned()],
            401,
            Some(&missing),
            "unauthorized",
        ),
        (
            "DPoP",
            vec![format!("DPoP {good}")],
            401,
            Some(&missing),
            "unauthorized",
        ),
        (
            "Bearer alone",
            vec!["Bearer".to_owned()],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "two tokens in a line",
            vec![format!("Bearer {good}, Bearer {good}")],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "a word",
            vec![bearer("word")],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "expired",
            vec![bearer(&expired)],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "for another",
            vec![bearer(&elsewhere)],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "unknown kid",
            vec![bearer(&unknown_kid)],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "expired comes before scopes",
            vec![bearer(&expired_and_unscoped)],
            401,
            Some(&invalid),
            "invalid_token",
        ),
        (
            "scope missing",
            vec![bearer(&unscoped)],
            403,
            Some(&insufficient),
            "insufficient_scope",
        ),
        (
            "two headers",
            vec![bearer(&good), bearer(&good)],
            400,
            Some(&request_error),
            "invalid_request",
        ),
    ];
    for (name, authorization, status, challenge, error) in cases {
        let inner = Counting::default();
        let mut request = request(None);
        for value in &authorization {
            request
                .headers_mut()
                .append("authorization", value.parse().unwrap());
        }
        let answer = call(&scoped, &inner, request).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(answer.challenge(), challenge, "{name}");
        assert_eq!(inner.calls(), u64::from(status == 200), "{name}");
        if status != 200 {
            assert_eq!(answer.headers["content-type"], "application/json", "{name}");
            assert_eq!(answer.headers["cache-control"], "no-store", "{name}");
            assert_eq!(answer.json()["error"], error, "{name}");
            assert!(answer.json()["error_description"].is_string(), "{name}");
        }
    }
}

#[tokio::test]
async fn without_a_resource_challenges_carry_a_realm() {
    let issuer = TestIssuer::start();
    let without = || {
        JwtAuthConfig::builder()
            .issuer(issuer.issuer())
            .audience("a")
    };
    for (config, want) in [
        (without(), r#"Bearer realm="mcp""#),
        (without().realm("My notes"), r#"Bearer realm="My notes""#),
        (
            without().required_scopes(["b", "a"]),
            r#"Bearer realm="mcp", scope="b a""#,
        ),
    ] {
        let layer = JwtAuthLayer::new(config.build().unwrap());
        assert!(layer.resource_metadata().is_none());
        assert_eq!(
            call(&layer, &Counting::default(), request(None))
                .await
                .challenge(),
            Some(want)
        );
    }
}

#[tokio::test]
async fn unreachable_keys_are_503() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let layer = layer(&issuer);
    issuer.fail(Fault::Status(500));
    let inner = Counting::default();
    let answer = call(&layer, &inner, request(Some(&token))).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (503, None));
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert_eq!(inner.calls(), 0);
    // Bad tokens are still refused: that needs no keys.
    let expired = issuer.mint(RESOURCE).claim("exp", 1).claim("iat", 0).sign();
    assert_eq!(
        call(&layer, &inner, request(Some(&expired))).await.status,
        401
    );
}

/// A body that must not be read.
struct Untouchable;

impl http_body::Body for Untouchable {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        panic!("the body of a refused request was read")
    }
}

#[tokio::test]
async fn a_refused_request_reaches_nobody_and_its_body_is_not_read() {
    let issuer = TestIssuer::start();
    let inner = Counting::default();
    let service = layer(&issuer).layer(inner.clone());
    for token in [
        "",
        "junk",
        &issuer.mint("elsewhere").sign(),
        &issuer.mint(RESOURCE).header("kid", "x").sign(),
    ] {
        let request = Request::post("/mcp")
            .header("authorization", format!("Bearer {token}"))
            .body(Untouchable)
            .unwrap();
        let answer = read(service.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(inner.calls(), 0);
}

#[tokio::test]
async fn every_method_is_guarded() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    let token = issuer.mint(RESOURCE).sign();
    for method in ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "BREW"] {
        let inner = Counting::default();
        for (token, status) in [(None, 401), (Some(token.as_str()), 200)] {
            let mut request = request(token);
            *request.method_mut() = method.parse().unwrap();
            assert_eq!(
                call(&layer, &inner, request).await.status,
                status,
                "{method}"
            );
        }
        assert_eq!(inner.calls(), 1, "{method}");
    }
}

#[tokio::test]
async fn optional_passes_none_and_refuses_bad() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer).optional();
    let good = issuer.mint(RESOURCE).sign();
    for (authorization, status, body) in [
        (None, 200, Some("nobody")),
        (Some("Basic dXNlcg==".to_owned()), 200, Some("nobody")),
        (Some(String::new()), 200, Some("nobody")),
        (Some(format!("Bearer {good}")), 200, None),
        (Some("Bearer junk".to_owned()), 401, None),
        (Some("Bearer".to_owned()), 401, None),
    ] {
        let mut request = request(None);
        if let Some(value) = &authorization {
            request
                .headers_mut()
                .insert("authorization", value.parse().unwrap());
        }
        let answer = call(&layer, &Counting::default(), request).await;
        assert_eq!(answer.status, status, "{authorization:?}");
        if let Some(body) = body {
            assert_eq!(answer.body, body, "{authorization:?}");
        }
    }
}

#[tokio::test]
async fn open_paths_are_exact() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer).open_paths(["/healthz", "/login"]);
    for (path, status) in [
        ("/healthz", 200),
        ("/healthz?verbose=1", 200),
        ("/login", 200),
        ("/healthz/", 401),
        ("/healthz/x", 401),
        ("/health", 401),
        ("/HEALTHZ", 401),
        ("//healthz", 401),
        ("/%68ealthz", 401),
        ("/x/../healthz", 401),
        ("/", 401),
    ] {
        let mut request = request(None);
        *request.uri_mut() = path.parse().unwrap();
        assert_eq!(
            call(&layer, &Counting::default(), request).await.status,
            status,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_rejection_is_left_in_the_response() {
    let issuer = TestIssuer::start();
    let token = issuer.mint("elsewhere").sign();
    let response = layer(&issuer)
        .layer(Counting::default())
        .oneshot(request(Some(&token)))
        .await
        .unwrap();
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.kind(), RejectionKind::InvalidToken);
    assert_eq!(
        rejection.token_error().unwrap().to_string(),
        "aud names no accepted audience"
    );
}
