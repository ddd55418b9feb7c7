//! What the MCP authorization spec demands of a resource server, in front of a real MCP server
//! (rmcp) over a socket: pages M and S of `tests/CATALOGUE.md`, which names the tests in other
//! folders too. `guide::checklist` explains the rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::MethodRouter;
use http::HeaderValue;
use rmcp::model::{ErrorData, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use serde_json::{Value, json};
use tower::Layer as _;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::mcp::AuthInfoExt as _;
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};

use crate::support::{Answer, RESOURCE, config, read, serve};

mod answers;
mod fit;
mod metadata;
mod privacy;
mod requests;
mod tokens;

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// The tools of the MCP server.
#[derive(Clone, Debug)]
struct Tools;

#[tool_router]
impl Tools {
    #[tool(description = "Says who is calling, and what of the token is left")]
    async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let missing = || ErrorData::internal_error("JwtAuthLayer is missing", None);
        let parts = context.extensions.get::<Parts>().ok_or_else(missing)?;
        let caller = parts.auth_info().ok_or_else(missing)?;
        let seen = json!({
            "caller": caller,
            "authorization": parts.headers.contains_key("authorization"),
            "debug": format!("{parts:?} {caller:?}"),
        });
        Ok(seen.to_string())
    }

    #[tool(description = "Answers everybody alike")]
    async fn hello(&self) -> String {
        "hello".to_owned()
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

type Rmcp = StreamableHttpService<Tools, LocalSessionManager>;

fn rmcp_server(config: StreamableHttpServerConfig) -> Rmcp {
    StreamableHttpService::new(|| Ok(Tools), Arc::default(), config)
}

/// rmcp behind the layer, and how many requests reached it.
struct World {
    issuer: TestIssuer,
    auth: JwtAuthLayer,
    base: String,
    reached: Arc<AtomicU64>,
}

impl World {
    async fn start(change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder) -> Self {
        Self::outside(change, |app| app).await
    }

    /// With `wrap` outside of the layer.
    async fn outside(
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
        wrap: impl FnOnce(Router) -> Router,
    ) -> Self {
        let issuer = TestIssuer::start();
        let auth = JwtAuthLayer::for_mcp(change(config(&issuer)).build().unwrap());
        let reached = Arc::new(AtomicU64::new(0));
        let server = rmcp_server(StreamableHttpServerConfig::default());
        let app = Router::new().route_service("/mcp", counting(&reached).layer(server));
        let base = serve(wrap(app.layer(auth.clone()))).await;
        Self {
            issuer,
            auth,
            base,
            reached,
        }
    }

    fn token(&self) -> TokenBuilder {
        self.issuer.mint(RESOURCE).scope("mcp:read")
    }

    /// Calls the tool `whoami` with these `Authorization` headers.
    async fn whoami(&self, authorization: &[&str]) -> Answer {
        self.ask("POST", "/mcp", authorization, WHOAMI).await
    }

    async fn with_token(&self, token: &TokenBuilder) -> Answer {
        self.whoami(&[&bearer(token)]).await
    }

    async fn ask(&self, method: &str, path: &str, authorization: &[&str], body: &str) -> Answer {
        let url = format!("{}{path}", self.base);
        let mut headers = CALL_WHOAMI.to_vec();
        headers.extend(authorization.iter().map(|value| ("authorization", *value)));
        ask(method, &url, &headers, body).await
    }

    fn reached(&self) -> u64 {
        self.reached.load(Ordering::SeqCst)
    }
}

/// Counts the requests that reach the server.
fn counting(
    reached: &Arc<AtomicU64>,
) -> tower::util::MapRequestLayer<impl Fn(Request) -> Request + Clone + use<>> {
    let reached = reached.clone();
    tower::util::MapRequestLayer::new(move |request: Request| {
        reached.fetch_add(1, Ordering::SeqCst);
        request
    })
}

fn bearer(token: &TokenBuilder) -> String {
    format!("Bearer {}", token.sign())
}

/// One request over a socket. Values of headers may be any bytes that HTTP allows.
async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request = request.header(*name, value);
    }
    let response: http::Response<reqwest::Body> =
        request.body(body.to_owned()).send().await.unwrap().into();
    let mut answer = read(response).await;
    answer.headers.remove("date");
    answer
}

/// The answer of a tool, read from JSON or from an event stream.
fn result(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    let event = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .find(|data| data.starts_with('{'));
    let message: Value = serde_json::from_str(event.unwrap_or(&answer.body)).unwrap();
    let text = message["result"]["content"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{message}"))).unwrap()
}

/// A route that answers with the headers that reached it, values included.
fn telling_headers() -> MethodRouter {
    axum::routing::any(|headers: http::HeaderMap| async move { format!("{headers:?}") })
}

const CALL_WHOAMI: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
    ("mcp-protocol-version", "2026-07-28"),
    ("mcp-method", "tools/call"),
    ("mcp-name", "whoami"),
];

const WHOAMI: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
