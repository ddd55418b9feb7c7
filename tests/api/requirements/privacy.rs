//! Where the token must not turn up: rows M8, M14 and N117 of `tests/CATALOGUE.md`.

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use tower::ServiceExt as _;
use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::{CALL_WHOAMI, WHOAMI, World, ask, bearer, result, rmcp_server, telling_headers};
use crate::support::capture;
use crate::support::{RESOURCE, config, read, serve};

type Preset = fn(JwtAuthConfig) -> JwtAuthLayer;

/// A service that hands its requests on to another server, headers and all, as proxies do.
async fn forwarding(layer: JwtAuthLayer) -> String {
    let upstream = serve(Router::new().fallback_service(telling_headers())).await;
    let forward = any(move |request: Request| {
        let upstream = upstream.clone();
        async move {
            let mut headers = request.headers().clone();
            headers.remove("host");
            headers.remove("content-length");
            let client = reqwest::Client::new();
            let answer = client.get(upstream).headers(headers).send().await;
            answer.unwrap().text().await.unwrap()
        }
    });
    serve(Router::new().route("/mcp", forward).layer(layer)).await
}

#[tokio::test]
async fn m8_n117_the_preset_leaves_nothing_to_pass_through() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE);
    let cases: [(Preset, bool); 2] = [(JwtAuthLayer::for_mcp, false), (JwtAuthLayer::new, true)];
    for (preset, passed) in cases {
        let base = forwarding(preset(config(&issuer).build().unwrap())).await;
        let headers = [("authorization", &*bearer(&token)), ("x-other", "kept")];
        let answer = ask("GET", &format!("{base}/mcp"), &headers, "").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("kept"), "{}", answer.body);
        assert_eq!(answer.body.contains("authorization"), passed);
        assert_eq!(answer.body.contains("eyJ"), passed);
    }
}

#[tokio::test]
async fn m8_n117_a_tool_behind_the_preset_sees_the_caller_and_no_header() {
    let world = World::start(|config| config).await;
    let seen = result(&world.with_token(&world.token()).await);
    assert_eq!(seen["authorization"], false);
    assert_eq!(seen["caller"]["subject"], "alice");
}

/// `Debug` of all that a tool can reach, and everything that this crate and rmcp log. Where the
/// header stays, it is marked sensitive.
#[tokio::test]
async fn m14_neither_debug_nor_logs_hold_a_token() {
    let cases: [(Preset, bool); 2] = [(JwtAuthLayer::for_mcp, false), (JwtAuthLayer::new, true)];
    for (preset, stays) in cases {
        let (log, _guard) = capture();
        let issuer = TestIssuer::start();
        let config = config(&issuer).required_scopes(["mcp:read"]);
        let server = tower::ServiceBuilder::new()
            .layer(preset(config.build().unwrap()))
            .layer(SessionBindingLayer::new())
            .layer(McpScopesLayer::new().tool("whoami", ["mcp:read"]))
            .service(rmcp_server(Default::default()));
        let app: Router = Router::new().route_service("/mcp", server);
        let good = issuer.mint(RESOURCE).scope("mcp:read");
        let tokens = [
            (good.clone(), 200),
            (good.clone().without("scope"), 403),
            (good.clone().claim("aud", "api"), 401),
            (good.clone().header("kid", "nobody's"), 401),
        ];
        for (token, status) in &tokens {
            let token = token.sign();
            let mut request = Request::post("/mcp")
                .header("host", "127.0.0.1")
                .header("authorization", format!("Bearer {token}"));
            for (name, value) in CALL_WHOAMI {
                request = request.header(*name, *value);
            }
            let request = request.body(axum::body::Body::from(WHOAMI)).unwrap();
            let answer = read(app.clone().oneshot(request).await.unwrap()).await;
            assert_eq!(answer.status, *status, "{answer:?}");
            let mut told = format!("{answer:?}{}", log.text());
            if *status == 200 {
                let seen = result(&answer);
                assert_eq!(seen["authorization"], stays);
                let debug = seen["debug"].as_str().unwrap();
                assert!(debug.contains("AuthInfo") && debug.contains("alice"));
                assert_eq!(debug.contains("Sensitive"), stays);
                told.push_str(debug);
            }
            for part in token.split('.') {
                assert!(!told.contains(part), "a part of the token:\n{told}");
            }
        }
        assert_eq!(log.counts("request_refused"), 3, "something is logged");
    }
}
