//! A real MCP server (rmcp, streamable HTTP) that only lets callers with a good access token in.
//!
//! With a development issuer on this machine, a token and `curl` lines to paste:
//!
//! ```sh
//! cargo run --example mcp_server
//! ```
//!
//! With a real identity provider, configured in a JSON file (see the README):
//!
//! ```sh
//! cargo run --example mcp_server -- --config auth.json --bind 127.0.0.1:3000
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use rmcp::model::{ErrorData, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,tower_jwt_auth=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime could be started: {error}")),
    };
    let outcome = Options::parse(std::env::args_os().skip(1))
        .and_then(|options| runtime.block_on(run(&options)));
    // Streams that clients keep open must not keep the process alive.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("mcp_server: {message}");
    ExitCode::from(2)
}

struct Options {
    config: Option<String>,
    bind: String,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Self, String> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|odd| format!("{odd:?} is no UTF-8; {USAGE}"))
        });
        let mut options = Self {
            config: None,
            bind: "127.0.0.1:3000".to_owned(),
        };
        while let Some(name) = arguments.next().transpose()? {
            let mut value = || {
                let missing = || format!("{name} needs a value; {USAGE}");
                arguments.next().unwrap_or_else(|| Err(missing()))
            };
            match name.as_str() {
                "--config" => options.config = Some(value()?),
                "--bind" => options.bind = value()?,
                _ => return Err(format!("unknown argument {name:?}; {USAGE}")),
            }
        }
        Ok(options)
    }
}

async fn run(options: &Options) -> Result<(), String> {
    let configured = options.config.as_deref().map(read_config).transpose()?;
    let listener = TcpListener::bind(&options.bind)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.bind))?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("cannot listen on {}: {error}", options.bind))?;
    let base = format!("http://{address}");

    let (config, issuer) = match configured {
        Some(config) => (config, None),
        None if address.ip().is_loopback() => {
            let issuer = TestIssuer::start();
            let config = development_config(&issuer, &format!("{base}/mcp"))
                .map_err(sentence("the development set-up"))?;
            (config, Some(issuer))
        }
        None => {
            return Err(format!(
                "{address} is not a loopback address: the development issuer is for this machine alone, pass --config FILE"
            ));
        }
    };
    let auth = JwtAuthLayer::new(config);
    let stop = CancellationToken::new();
    let app = app(&auth, &stop);

    println!("listening on {base}");
    print_what_to_do(&base, issuer.as_ref());
    let server = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        ended = async { server.await } => ended.map_err(sentence("the server failed")),
        () = asked_to_stop(&stop) => Ok(()),
    }
}

fn read_config(path: &str) -> Result<JwtAuthConfig, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path:?}: {error}"))?;
    serde_json::from_str(&text).map_err(sentence(&format!("{path:?}")))
}

fn development_config(
    issuer: &TestIssuer,
    resource: &str,
) -> Result<JwtAuthConfig, tower_jwt_auth::ConfigError> {
    JwtAuthConfig::builder()
        .resource(resource)
        .issuer(issuer.issuer())
        .required_scopes(["mcp:read"])
        .build()
}

/// What went wrong, on one line.
fn sentence<E: Display>(what: &str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {}", error.to_string().replace('\n', " "))
}

fn app(auth: &JwtAuthLayer, stop: &CancellationToken) -> Router {
    let mcp = StreamableHttpService::new(
        || Ok(Whoami),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default()
            .with_allowed_hosts(allowed_hosts(auth))
            .with_cancellation_token(stop.child_token()),
    );
    let protected = Router::new()
        .route_service("/mcp", mcp)
        .route("/whoami", get(whoami))
        .route_layer(auth.clone());
    let keys = auth.clone();
    let open = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(move || readiness(keys.clone())));
    let metadata = auth
        .resource_metadata()
        .map(|metadata| metadata.router())
        .unwrap_or_default();
    protected.merge(open).merge(metadata)
}

/// rmcp answers only these hosts, against DNS rebinding: this machine, and the host of `resource`.
fn allowed_hosts(auth: &JwtAuthLayer) -> Vec<String> {
    let public = auth.resource_metadata().and_then(|metadata| {
        let uri: axum::http::Uri = metadata.url().parse().ok()?;
        uri.host().map(ToOwned::to_owned)
    });
    ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .map(ToOwned::to_owned)
        .chain(public)
        .collect()
}

async fn whoami(Extension(auth): Extension<AuthInfo>) -> Json<AuthInfo> {
    Json(auth)
}

/// Has the keys fetched if nobody did yet, and waits for them a moment: the keys of a server that gets
/// no traffic before it is ready would never come otherwise.
async fn readiness(auth: JwtAuthLayer) -> (StatusCode, &'static str) {
    let fetched = tokio::time::timeout(Duration::from_secs(1), auth.ready()).await;
    match fetched.is_ok() && auth.keys().is_ready() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "waiting for keys"),
    }
}

/// The MCP server: one tool.
#[derive(Clone, Debug)]
struct Whoami;

#[tool_router]
impl Whoami {
    #[tool(description = "Says who is calling, as JSON")]
    async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        // Each call carries its own request: never take the identity from the session.
        let auth = context
            .extensions
            .get::<axum::http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<AuthInfo>())
            .ok_or_else(|| ErrorData::internal_error("JwtAuthLayer is missing", None))?;
        serde_json::to_string(auth)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }
}

#[tool_handler]
impl ServerHandler for Whoami {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_instructions("Ask whoami who you are")
    }
}

fn print_what_to_do(base: &str, issuer: Option<&TestIssuer>) {
    let token = match issuer {
        Some(issuer) => {
            let token = issuer
                .mint(&format!("{base}/mcp"))
                .scope("mcp:read")
                .client_id("curl")
                .sign();
            println!(
                "\nA token of the development issuer {}, good for one hour:\n\n{token}\n",
                issuer.issuer()
            );
            token
        }
        None => {
            println!("\nPut a token of your identity provider into TOKEN, then:\n");
            "$TOKEN".to_owned()
        }
    };
    let body = r#"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"whoami\",\"arguments\":{},\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientInfo\":{\"name\":\"curl\",\"version\":\"1\"},\"io.modelcontextprotocol/clientCapabilities\":{}}}}"#;
    println!("Who am I, over HTTP:\n\ncurl -H \"Authorization: Bearer {token}\" {base}/whoami\n");
    println!(
        "Who am I, as an MCP tool:\n\ncurl -H \"Authorization: Bearer {token}\" \
         -H \"Content-Type: application/json\" -H \"Accept: application/json, text/event-stream\" \
         -H \"MCP-Protocol-Version: 2026-07-28\" -H \"Mcp-Method: tools/call\" -H \"Mcp-Name: whoami\" \
         -d \"{body}\" {base}/mcp\n"
    );
    println!("What a client without a token is told:\n\ncurl -i {base}/whoami\n");
}

/// Returns once the server had its chance to end in order.
async fn asked_to_stop(stop: &CancellationToken) {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
        terminate.recv().await;
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

const USAGE: &str = "usage: mcp_server [--config FILE] [--bind ADDR]";
