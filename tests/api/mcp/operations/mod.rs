//! Scopes per operation of an MCP server: decided by headers that a server must check, or by the
//! body.

mod batches;
mod bodies;
mod challenges;
mod headers;
mod public_server;
mod targets;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use tower::ServiceExt as _;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::test_util::TestIssuer;

use crate::support::{Answer, RESOURCE, config, read};

/// A server behind the layers that returns each body, and counts its calls.
struct Server {
    issuer: TestIssuer,
    app: Router,
    calls: Arc<AtomicU64>,
}

impl Server {
    fn start(scopes: McpScopesLayer) -> Self {
        Self::configured(scopes, |config| config)
    }

    fn configured(
        scopes: McpScopesLayer,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        let issuer = TestIssuer::start();
        let config = change(config(&issuer).required_scopes(["base"]));
        let calls = Arc::new(AtomicU64::new(0));
        let count = calls.clone();
        let echo = any(move |body: Bytes| async move {
            count.fetch_add(1, Ordering::SeqCst);
            body
        });
        let app = Router::new()
            .route("/mcp", echo.layer(scopes))
            .layer(JwtAuthLayer::for_mcp(config.build().unwrap()));
        Self { issuer, app, calls }
    }

    async fn send(&self, scope: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send_as("POST", scope, headers, body).await
    }

    async fn send_as(
        &self,
        method: &str,
        scope: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let token = self.issuer.mint(RESOURCE).scope(scope).sign();
        let mut request = http::Request::builder()
            .method(method)
            .uri("/mcp")
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = axum::body::Body::from(body.to_owned());
        let request = request.body(body).unwrap();
        read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

fn scopes() -> McpScopesLayer {
    McpScopesLayer::new()
        .tool("look", ["mcp:read"])
        .tool("write", ["mcp:write"])
        .method("tools/list", ["mcp:list"])
}

fn call(tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
    )
}

const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const OLD: (&str, &str) = ("mcp-protocol-version", "2025-11-25");
const CALL: (&str, &str) = ("mcp-method", "tools/call");
const LOOK: (&str, &str) = ("mcp-name", "look");
const WRITE: (&str, &str) = ("mcp-name", "write");
