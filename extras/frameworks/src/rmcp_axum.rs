//! rmcp in an axum router.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use rmcp::model::{ErrorData, Implementation, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};

pub fn app(auth: &JwtAuthLayer) -> Router {
    // Adds the metadata too, from which clients without a token learn who the issuer is.
    auth.protect(Router::new().route_service("/mcp", mcp_service()))
}

pub type McpService = StreamableHttpService<Whoami, LocalSessionManager>;

pub fn mcp_service() -> McpService {
    // Some clients parse each event as JSON, also the empty one with which rmcp begins a stream.
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.sse_retry = None;
    StreamableHttpService::new(
        || Ok(Whoami),
        Arc::new(sessions),
        // Put the public name of your server here, and the origins of web pages that may call it.
        StreamableHttpServerConfig::default()
            .with_allowed_hosts(["127.0.0.1", "localhost"])
            .enforce_origin_validation()
            .with_sse_retry(None),
    )
}

#[derive(Clone, Debug)]
pub struct Whoami;

#[tool_router]
impl Whoami {
    #[tool(description = "Says who is calling")]
    async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let auth = context
            .extensions
            .get::<Parts>()
            .and_then(|parts| parts.extensions.get::<AuthInfo>())
            .ok_or_else(|| ErrorData::internal_error("JwtAuthLayer is missing", None))?;
        Ok(auth.subject().unwrap_or("nobody").to_owned())
    }
}

#[tool_handler]
impl ServerHandler for Whoami {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("whoami", env!("CARGO_PKG_VERSION")))
    }
}

#[cfg(test)]
mod tests {
    use crate::support::{check_mcp_server, layer, serve};

    #[tokio::test]
    async fn the_tool_knows_its_caller() {
        let (issuer, auth) = layer();
        let base = serve(super::app(&auth)).await;
        check_mcp_server(&issuer, &base).await;
    }
}
