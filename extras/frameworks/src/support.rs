#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use serde_json::json;
use tokio::net::TcpListener;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

pub(crate) fn layer() -> (TestIssuer, JwtAuthLayer) {
    layer_with(|config| config)
}

/// A layer with further settings.
pub(crate) fn layer_with(
    further: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
) -> (TestIssuer, JwtAuthLayer) {
    let issuer = TestIssuer::start();
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .required_scopes(["mcp:read"]);
    let config = further(config).build().unwrap();
    (issuer, JwtAuthLayer::new(config))
}

pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

pub(crate) async fn serve(app: Router) -> String {
    let (listener, base) = listen().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}

/// Calls the tool `whoami` and returns the status, the challenge and the body of the response.
pub(crate) async fn call_whoami(base: &str, token: Option<&str>) -> (u16, Option<String>, String) {
    let version = "2026-07-28";
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "whoami",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let mut request = reqwest::Client::new()
        .post(format!("{base}/mcp"))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", version)
        .header("mcp-method", "tools/call")
        .header("mcp-name", "whoami")
        .json(&call);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let challenge = answer.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    (status, challenge, answer.text().await.unwrap())
}

/// Tests an MCP server with the tool `whoami` at `/mcp`: the tool knows its caller, and a refused
/// caller gets a challenge with the URL of the metadata.
pub(crate) async fn check_mcp_server(issuer: &TestIssuer, base: &str) {
    let good = issuer.mint(RESOURCE).subject("alice").scope("mcp:read");
    let (status, _, body) = call_whoami(base, Some(&good.sign())).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("alice"), "{body}");

    let elsewhere = good.clone().claim("aud", "https://other.example").sign();
    let narrow = good.without("scope").sign();
    for (token, expected) in [(None, 401), (Some(elsewhere), 401), (Some(narrow), 403)] {
        let (status, challenge, body) = call_whoami(base, token.as_deref()).await;
        assert_eq!(status, expected, "{body}");
        assert!(!body.contains("alice"), "{body}");
        let challenge = challenge.unwrap();
        let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
        let metadata = format!("resource_metadata=\"{metadata}\"");
        assert!(challenge.contains(&metadata), "{challenge}");
    }

    let url = format!("{base}/.well-known/oauth-protected-resource/mcp");
    let metadata = reqwest::get(url).await.unwrap();
    assert_eq!(metadata.status(), 200);
    let metadata: serde_json::Value = metadata.json().await.unwrap();
    assert_eq!(metadata["resource"], RESOURCE);
}
