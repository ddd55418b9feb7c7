//! The server that the MCP conformance suite tests: rmcp alone, or behind every MCP layer of this
//! crate.
//!
//! `conformance_server --bind ADDR [--config FILE]`: with a configuration file (the example's
//! format) every request needs a token; without one, no layer of this crate is used.
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
    let mut arguments = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match name.as_str() {
            "--bind" => bind = value,
            "--config" => config = Some(serde_json::from_str(&std::fs::read_to_string(value)?)?),
            _ => return Err(format!("unknown argument {name}").into()),
        }
    }
    let listener = TcpListener::bind(bind).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(Conformance::new()?, config)).await?;
    Ok(())
}

fn app(server: Conformance, config: Option<JwtAuthConfig>) -> Router {
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
    let scopes = McpScopesLayer::new()
        .tool("no_such_tool", ["mcp:write"])
        .unlisted::<&str>([]);
    let mcp = ServiceBuilder::new()
        .layer(JwtAuthLayer::for_mcp(config))
        .layer(SessionBindingLayer::new().strict())
        .layer(scopes)
        .service(mcp);
    Router::new().route_service("/mcp", mcp)
}
