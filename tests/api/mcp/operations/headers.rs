//! Operations that the headers decide, where the server must compare them with the body.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::test_util::TestIssuer;

use super::{CALL, LOOK, NEW, OLD, Server, WRITE, call, scopes};
use crate::support::{RESOURCE, config};

/// Row S9 of `tests/CATALOGUE.md`, and the attack that it prevents: a harmless name in the header,
/// a privileged one in the body.
#[tokio::test]
async fn s9_headers_count_only_where_the_server_must_check_them() {
    let server = Server::start(scopes());
    let (look, write, new) = (call("look"), call("write"), call("new"));
    let batch = format!("[{look},{write}]");
    let twice = look.replace(r#""params""#, r#""params":{"name":"write"},"params""#);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let encoded = ("mcp-name", "=?base64?bG9vaw==?=");
    let encoded_write = ("mcp-name", "=?base64?d3JpdGU=?=");
    let cases: [(&str, &[(&str, &str)], &str, u16); 22] = [
        ("the body is read", &[], &look, 200),
        ("and decides", &[], &write, 403),
        ("the headers decide", &[NEW, CALL, LOOK], &look, 200),
        ("the headers decide", &[NEW, CALL, WRITE], &write, 403),
        // The server must compare headers and body, and refuses this itself.
        ("so the body is not read", &[NEW, CALL, LOOK], "{", 200),
        ("a name in base64", &[NEW, CALL, encoded], &look, 200),
        ("a name in base64", &[NEW, CALL, encoded_write], &write, 403),
        ("forged, old version", &[OLD, CALL, LOOK], &write, 403),
        ("not forged, old version", &[OLD, CALL, LOOK], &look, 200),
        ("forged, no version", &[CALL, LOOK], &write, 403),
        ("forged, two versions", &[NEW, OLD, CALL, LOOK], &write, 403),
        ("forged, two versions", &[OLD, NEW, CALL, LOOK], &write, 403),
        (
            "forged, two methods",
            &[NEW, ("mcp-method", "ping"), CALL, LOOK],
            &write,
            403,
        ),
        ("forged, two names", &[NEW, CALL, LOOK, WRITE], &write, 403),
        (
            "two names, and the body",
            &[NEW, CALL, LOOK, WRITE],
            &look,
            200,
        ),
        ("a batch with one privileged call", &[], &batch, 403),
        ("a tool that is not listed", &[], &new, 403),
        ("parameters twice", &[], &twice, 403),
        ("malformed JSON", &[], "{", 403),
        ("no JSON at all", &[], "", 403),
        ("a method with a rule", &[], list, 403),
        ("a method without", &[], r#"{"method":"ping"}"#, 200),
    ];
    for (name, headers, body, want) in cases {
        let before = server.calls();
        let answer = server.send("base mcp:read", headers, body).await;
        assert_eq!(answer.status, want, "{name}: {headers:?} {body}");
        assert_eq!(server.calls() - before, u64::from(want == 200), "{name}");
        if want == 200 {
            assert_eq!(answer.body, body, "{name}");
        }
        // Only the scopes differ.
        let all = "base mcp:read mcp:write mcp:list";
        let answer = server.send(all, headers, body).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, body),
            "{name}"
        );
    }
}

#[tokio::test]
async fn without_the_layer_it_is_closed() {
    let app: Router = Router::new().route("/mcp", any(|| async { "open" }).layer(scopes()));
    let request = http::Request::post("/mcp").body(axum::body::Body::empty());
    assert_eq!(app.oneshot(request.unwrap()).await.unwrap().status(), 500);
}

#[tokio::test]
async fn resources_by_uri_and_what_leads_elsewhere() {
    let server = Server::start(
        McpScopesLayer::new()
            .resources_under("file:///public/", ["read"])
            .resources_under("file:///private/", ["admin"])
            .prompt("p", ["prompt"]),
    );
    let read = |uri: &str| format!(r#"{{"method":"resources/read","params":{{"uri":"{uri}"}}}}"#);
    let listen = |uri: &str| {
        format!(
            r#"{{"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":["{uri}"]}}}}}}"#
        )
    };
    let complete = |uri: &str| {
        format!(
            r#"{{"method":"completion/complete","params":{{"ref":{{"type":"ref/resource","uri":"{uri}"}}}}}}"#
        )
    };
    let (public, private) = ("file:///public/x", "file:///private/x");
    let listening = [NEW, ("mcp-method", "subscriptions/listen")];
    let cases: [(&[(&str, &str)], String, u16); 10] = [
        (&[], read(public), 200),
        (&[], read(private), 403),
        (&[], read("file:///public/../private/x"), 403),
        (&[], read("file:///public/%2e%2E/private/x"), 403),
        (&[], listen(public), 200),
        (&[], listen(private), 403),
        (&listening, listen(public), 200),
        (&listening, listen(private), 403),
        (&[], complete(private), 403),
        (
            &[],
            r#"{"method":"prompts/get","params":{"name":"p"}}"#.to_owned(),
            403,
        ),
    ];
    for (headers, body, want) in cases {
        let answer = server.send("base read", headers, &body).await;
        assert_eq!(answer.status, want, "{headers:?} {body}");
        let answer = server.send("base read admin prompt", headers, &body).await;
        assert_eq!(answer.status, 200, "{headers:?} {body}");
    }
}

/// The layer may trust headers because rmcp refuses headers that differ from the body.
#[tokio::test]
async fn rmcp_refuses_forged_headers_that_the_layer_trusts() {
    use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
    use rmcp::transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
    };

    #[derive(Clone, Debug)]
    struct Plain;

    impl rmcp::ServerHandler for Plain {}

    let issuer = TestIssuer::start();
    let mcp = StreamableHttpService::new(
        || Ok(Plain),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let app = Router::new()
        .route_service("/mcp", scopes().layer(mcp))
        .layer(JwtAuthLayer::for_mcp(config(&issuer).build().unwrap()));
    let url = format!("{}/mcp", crate::support::serve(app).await);
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;
    let body = |tool: &str| {
        call(tool).replace(r#""arguments":{}"#, &format!(r#""arguments":{{}},{meta}"#))
    };
    let token = issuer.mint(RESOURCE).scope("mcp:read").sign();
    for (tool, forged) in [("look", false), ("write", true)] {
        let answer = reqwest::Client::new()
            .post(&url)
            .bearer_auth(&token)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", "look")
            .body(body(tool))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        // -32020: the headers do not match the body.
        assert_eq!(text.contains("-32020"), forged, "{tool}: {status} {text}");
        assert_eq!(status == 400, forged, "{tool}: {status} {text}");
    }
}
