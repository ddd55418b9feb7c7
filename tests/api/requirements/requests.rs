//! Which requests are verified: rows M9, M12, M15, M16 and M17.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _};
use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer, JwtVerifier};

use super::{CALL_WHOAMI, WHOAMI, World, ask, bearer, result, rmcp_server};
use crate::support::{RESOURCE, config, layer, serve};

const METHODS: [&str; 8] = [
    "POST", "GET", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "BREW",
];

#[tokio::test]
async fn m9_m12_m16_every_method_is_gated() {
    let world = World::start(|config| config).await;
    let token = bearer(&world.token());
    for method in METHODS {
        for (name, authorization) in [
            ("none", vec![]),
            ("bad", vec!["Bearer x"]),
            ("two", vec![&*token, &*token]),
        ] {
            let before = world.reached();
            let answer = world.ask(method, "/mcp", &authorization, WHOAMI).await;
            let want = if name == "two" { 400 } else { 401 };
            assert_eq!(answer.status, want, "{method}, {name}");
            assert_eq!(world.reached(), before, "{method}, {name}");
        }
        let before = world.reached();
        let answer = world.ask(method, "/mcp", &[&token], WHOAMI).await;
        assert!(
            answer.challenge().is_none() && answer.status != 401,
            "{method}: rmcp's own answer, {answer:?}"
        );
        assert_eq!(world.reached(), before + 1, "{method}");
    }
}

/// A body that must not be polled.
struct Untouchable;

impl http_body::Body for Untouchable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        panic!("the body of a refused request was polled")
    }
}

#[tokio::test]
async fn m9_a_refusal_polls_no_body_and_reaches_nobody() {
    let issuer = TestIssuer::start();
    let service = ServiceBuilder::new()
        .layer(layer(&issuer))
        .layer(SessionBindingLayer::new().strict())
        .layer(McpScopesLayer::new().tool("whoami", ["mcp:admin"]))
        .service_fn(
            async |_: Request<GuardedBody<Untouchable>>| -> Result<Response<Full<Bytes>>, Infallible> {
                panic!("a refused request reached the service")
            },
        );
    let good = bearer(&issuer.mint(RESOURCE).scope("mcp:read"));
    for (name, authorization, session, status) in [
        ("no token", None, None, 401),
        ("a bad one", Some("Bearer x"), None, 401),
        ("no session of theirs", Some(&*good), Some("made-up"), 404),
        ("no scope for it", Some(&*good), None, 403),
    ] {
        let mut request = Request::post("/mcp");
        for (name, value) in CALL_WHOAMI {
            request = request.header(*name, *value);
        }
        for (name, value) in [
            ("authorization", authorization),
            ("mcp-session-id", session),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(Untouchable).unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
    }
}

/// An outer layer says who is calling, and is not believed.
#[tokio::test]
async fn m9_a_caller_that_was_planted_is_removed() {
    let planted = AuthInfo::for_tests(serde_json::json!({"sub": "root", "scope": "mcp:admin"}));
    let plant = tower::util::MapRequestLayer::new(move |mut request: axum::extract::Request| {
        request.extensions_mut().insert(planted.clone());
        request
    });
    let world = World::outside(|config| config, |app| app.layer(plant)).await;
    assert_eq!(world.whoami(&[]).await.status, 401);
    assert_eq!(world.whoami(&["Bearer x"]).await.status, 401);
    assert_eq!(world.reached(), 0);
    let seen = result(&world.with_token(&world.token()).await);
    assert_eq!(seen["caller"]["subject"], "alice");
    assert_eq!(seen["caller"]["scopes"], serde_json::json!(["mcp:read"]));
}

const NOW: u64 = 1_700_000_000;

/// A session is no credential: each of its requests needs a token that is good at that time.
#[tokio::test]
async fn m12_m16_a_token_that_expires_in_mid_session_is_refused_from_then_on() {
    let clock = FakeClock::at(unix(NOW as f64));
    let world = World::start(|config| config.clock(&clock)).await;
    let token = world.token().valid(NOW, Duration::from_secs(100));
    let url = format!("{}/mcp", world.base);
    let send = async |token: &str, session: Option<&str>, body: &str| {
        let mut headers = vec![CALL_WHOAMI[0], CALL_WHOAMI[1], ("authorization", token)];
        headers.extend(session.map(|id| ("mcp-session-id", id)));
        ask("POST", &url, &headers, body).await
    };
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let first = bearer(&token);
    let began = send(&first, None, initialize).await;
    let session = began.headers["mcp-session-id"].to_str().unwrap();
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(send(&first, Some(session), initialized).await.status, 202);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    // `exp`, and the leeway of 60 s.
    clock.set(unix((NOW + 159) as f64));
    assert_eq!(send(&first, Some(session), ping).await.status, 200);
    clock.set(unix((NOW + 160) as f64));
    let reached = world.reached();
    let late = send(&first, Some(session), ping).await;
    assert_eq!(late.status, 401);
    assert!(
        late.challenge()
            .unwrap()
            .contains(r#"error="invalid_token""#)
    );
    assert_eq!(world.reached(), reached, "the session is not asked");

    let fresh = bearer(&token.valid(NOW + 160, Duration::from_secs(100)));
    assert_eq!(
        send(&fresh, Some(session), ping).await.status,
        200,
        "the session outlived the token"
    );
}

/// The server behind checks `Origin` and `Host`: both reach it unchanged, and its refusals come
/// back unchanged.
#[tokio::test]
async fn m15_origin_and_host_are_checked_behind_the_layer() {
    let issuer = TestIssuer::start();
    let server = StreamableHttpServerConfig::default()
        .with_allowed_hosts(["127.0.0.1", "mcp.example.com"])
        .with_allowed_origins(["https://app.example.com:443"]);
    let auth = JwtAuthLayer::for_mcp(config(&issuer).build().unwrap());
    let app = axum::Router::new().route_service("/mcp", auth.layer(rmcp_server(server)));
    let url = format!("{}/mcp", serve(app).await);
    let token = bearer(&issuer.mint(RESOURCE));
    for (name, value, status) in [
        ("origin", "https://app.example.com", 200),
        ("origin", "https://evil.example.com", 403),
        ("origin", "null", 403),
        ("host", "mcp.example.com", 200),
        ("host", "rebound.example.com", 403),
    ] {
        let mut headers = CALL_WHOAMI.to_vec();
        headers.extend([(name, value), ("authorization", &token)]);
        let answer = ask("POST", &url, &headers, WHOAMI).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        assert_eq!(answer.challenge(), None, "no scope mends that");
        headers.pop();
        let without = ask("POST", &url, &headers, WHOAMI).await;
        assert_eq!(without.status, 401, "{name}: {value}");
    }
}

/// The principal, which is the key for sessions, handles and `requestState`.
#[tokio::test]
async fn m17_s8_a_principal_outlives_its_token_and_is_nobody_elses() {
    let issuer = TestIssuer::start();
    let verifier = JwtVerifier::new(config(&issuer).build().unwrap());
    let token = issuer.mint(RESOURCE).scope("a");
    let principal = async |token: &tower_jwt_auth::test_util::TokenBuilder| {
        verifier.verify(&token.sign()).await.unwrap().principal()
    };
    let own = principal(&token).await;
    let refreshed = token.clone().claim("jti", "next").scope("a b");
    assert_eq!(principal(&refreshed).await, own);
    for other in [
        token.clone().subject("bob"),
        token.clone().client_id("other"),
        token.clone().without("sub"),
    ] {
        assert_ne!(principal(&other).await, own);
    }
    let anybody = token.clone().without("sub").without("client_id");
    assert_eq!(principal(&anybody).await, None, "it names nobody");
    let elsewhere = TestIssuer::start();
    let there = JwtVerifier::new(config(&elsewhere).build().unwrap());
    let same_name = there
        .verify(&elsewhere.mint(RESOURCE).sign())
        .await
        .unwrap();
    assert_ne!(same_name.principal(), own, "alice of another issuer");
}
