//! The server that the MCP conformance suite tests: rmcp alone, or behind every MCP layer of this
//! crate.
//!
//! `conformance_server --bind ADDR [--config FILE [--public-tools]]`: with a configuration file
//! (the example's format) every request needs a token; with `--public-tools`, only a call of the
//! tool `test_image_content` does. Without a file, no layer of this crate is used.
#![expect(
    deprecated,
    reason = "the suite still asks for logging, sampling and subscriptions of older versions"
)]

mod handler;
mod input_required;
mod resources;
mod tools;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::handler::Conformance;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut bind = "127.0.0.1:0".to_owned();
    let mut config: Option<JwtAuthConfig> = None;
    let mut public_tools = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--bind" => bind = value()?,
            "--config" => config = Some(serde_json::from_str(&std::fs::read_to_string(value()?)?)?),
            "--public-tools" => public_tools = true,
            _ => return Err(format!("unknown argument {name}").into()),
        }
    }
    let listener = TcpListener::bind(bind).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(Conformance::new()?, config, public_tools)).await?;
    Ok(())
}

fn app(server: Conformance, config: Option<JwtAuthConfig>, public_tools: bool) -> Router {
    let mcp = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default()
            .with_allowed_origins(["http://127.0.0.1:*", "http://localhost:*"]),
    );
    let Some(config) = config else {
        return Router::new().route_service("/mcp", mcp);
    };
    // A rule for a tool that does not exist, so that the layer has to read every operation.
    let needs_a_scope = if public_tools {
        "test_image_content"
    } else {
        "no_such_tool"
    };
    let scopes = McpScopesLayer::new()
        .tool(needs_a_scope, ["mcp:write"])
        .unlisted::<&str>([]);
    let (auth, sessions) = (JwtAuthLayer::for_mcp(config), SessionBindingLayer::new());
    let (auth, sessions) = match public_tools {
        // A caller without a token owns no session, and strict would refuse the one it has begun.
        true => (auth.optional(), sessions),
        false => (auth, sessions.strict()),
    };
    let metadata = auth.resource_metadata().map(|it| it.router());
    let mcp = ServiceBuilder::new()
        .layer(auth)
        .layer(sessions)
        .layer(scopes)
        .service(mcp);
    Router::new()
        .route_service("/mcp", mcp)
        .merge(metadata.unwrap_or_default())
}
