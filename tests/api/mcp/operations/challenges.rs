//! What a caller is told whose token does not suffice for an operation.

use axum::Router;
use axum::routing::any;
use tower::ServiceExt as _;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestIssuer;

use super::{CALL, NEW, Server, WRITE, call, scopes};
use crate::support::{RESOURCE, config, naive_client};

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn s2_s3_s4_the_challenge_lists_base_and_operation_and_does_not_vary() {
    let server = Server::start(scopes());
    let write = call("write");
    let first = server.send("base mcp:read", &[], &write).await;
    assert_eq!(
        first.challenge(),
        Some(&*format!(
            r#"Bearer error="insufficient_scope", scope="base mcp:write", resource_metadata="{METADATA}", error_description="The access token lacks a scope that this operation needs""#
        ))
    );
    let again = server.send("base mcp:read", &[NEW, CALL, WRITE], "").await;
    assert_eq!(again.challenge(), first.challenge());
    let scope = naive_client::parameter(first.challenge().unwrap(), "scope");
    assert_eq!(scope.as_deref(), Some("base mcp:write"));

    let server = Server::configured(
        scopes(),
        JwtAuthConfigBuilder::challenge_operation_scopes_only,
    );
    let answer = server.send("base mcp:read", &[], &write).await;
    assert!(
        answer
            .challenge()
            .unwrap()
            .contains(r#", scope="mcp:write", "#)
    );
}

/// A bad token is a 401, whatever it would have been used for; validity comes before scopes.
#[tokio::test]
async fn m7_m9_an_expired_token_is_not_asked_to_step_up() {
    let server = Server::start(scopes());
    let expired = server
        .issuer
        .mint(RESOURCE)
        .scope("base")
        .valid(1, std::time::Duration::from_secs(1));
    let request = |token: String| {
        http::Request::post("/mcp")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(call("write")))
            .unwrap()
    };
    let answer = server.app.clone().oneshot(request(expired.sign())).await;
    assert_eq!(answer.unwrap().status(), 401);
    let good = server.issuer.mint(RESOURCE).scope("base");
    let answer = server.app.clone().oneshot(request(good.sign())).await;
    assert_eq!(answer.unwrap().status(), 403);
    assert_eq!(server.calls(), 0);
}

/// Row M11 of `tests/CATALOGUE.md`: a broad scope allows what its narrow ones allow, and the
/// challenge names the narrow one.
#[tokio::test]
async fn m11_broad_scopes_imply_narrow_ones() {
    let implies =
        |granted: &str, needed: &str| granted == "mcp:admin" && needed.starts_with("mcp:");
    for server in [
        Server::start(scopes().hierarchy(implies)),
        Server::configured(scopes(), |config| config.scope_hierarchy(implies)),
    ] {
        assert_eq!(
            server
                .send("base mcp:admin", &[], &call("write"))
                .await
                .status,
            200
        );
        let answer = server.send("base mcp:reader", &[], &call("write")).await;
        assert_eq!(answer.status, 403);
        assert!(
            answer
                .challenge()
                .unwrap()
                .contains(r#"scope="base mcp:write""#)
        );
    }
}

/// S7: a body that cannot be read, or a tool without a rule, makes no client ask for every scope.
#[tokio::test]
async fn s7_no_challenge_lists_every_scope_there_is() {
    let server = Server::start(scopes());
    for (body, challenged) in [
        (call("write"), true),
        (call("new"), false),
        ("{".to_owned(), false),
    ] {
        let answer = server.send("base mcp:read", &[], &body).await;
        assert_eq!(answer.status, 403, "{body}");
        assert_eq!(answer.challenge().is_some(), challenged, "{body}");
        let error = if challenged {
            "insufficient_scope"
        } else {
            "access_denied"
        };
        assert_eq!(answer.json()["error"], error, "{body}");
    }
}

#[tokio::test]
async fn who_has_no_token_may_do_what_needs_nothing() {
    let issuer = TestIssuer::start();
    let auth = JwtAuthLayer::new(config(&issuer).build().unwrap()).optional();
    let app = Router::new()
        .route("/mcp", any(|| async { "in" }).layer(scopes()))
        .layer(auth);
    for (method, name, want) in [("ping", None, 200), ("tools/call", Some("look"), 401)] {
        let mut request = http::Request::post("/mcp")
            .header(NEW.0, NEW.1)
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(
            app.clone().oneshot(request).await.unwrap().status(),
            want,
            "{method}"
        );
    }
}
