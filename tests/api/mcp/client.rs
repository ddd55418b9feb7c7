//! A real MCP client calls a real MCP server through the layer.

use axum::Router;
use axum::http::request::Parts;
use rmcp::model::{CallToolRequestParams, ErrorData, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, ServiceExt as _, tool, tool_handler, tool_router};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};

use crate::support::{RESOURCE, layer, serve};

#[derive(Clone, Debug)]
struct Whoami;

#[tool_router]
impl Whoami {
    #[tool(description = "Says who is calling")]
    async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let parts = context.extensions.get::<Parts>().unwrap();
        // rmcp hands the whole request to tools, and its own example logs it.
        assert!(!format!("{parts:?}").contains("eyJ"));
        let auth = parts
            .extensions
            .get::<AuthInfo>()
            .ok_or_else(|| ErrorData::internal_error("no caller", None))?;
        Ok(serde_json::to_string(auth).unwrap())
    }
}

#[tool_handler]
impl ServerHandler for Whoami {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

async fn serve_mcp(auth: JwtAuthLayer) -> String {
    let sessions = std::sync::Arc::new(LocalSessionManager::default());
    let mcp = StreamableHttpService::new(
        || Ok(Whoami),
        sessions,
        StreamableHttpServerConfig::default(),
    );
    let base = serve(Router::new().route_service("/mcp", mcp).layer(auth)).await;
    format!("{base}/mcp")
}

fn transport(url: &str, token: Option<&str>) -> StreamableHttpClientTransport<reqwest::Client> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.to_owned());
    if let Some(token) = token {
        config = config.auth_header(token);
    }
    StreamableHttpClientTransport::from_config(config)
}

#[tokio::test]
async fn the_tool_sees_the_caller() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer);
    let url = serve_mcp(auth.clone()).await;
    let token = issuer
        .mint(RESOURCE)
        .subject("alice")
        .scope("mcp:read")
        .sign();
    let expected = auth.verifier().verify(&token).await.unwrap();

    let client = ().serve(transport(&url, Some(&token))).await.unwrap();
    let result = client
        .call_tool(CallToolRequestParams::new("whoami"))
        .await
        .unwrap();
    let text = serde_json::to_value(&result).unwrap()["content"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(text, serde_json::to_string(&expected).unwrap());
    client.cancel().await.unwrap();

    // One thing differs: the token was not meant for us.
    let elsewhere = issuer
        .mint("https://other.example")
        .subject("alice")
        .scope("mcp:read")
        .sign();
    assert!(().serve(transport(&url, Some(&elsewhere))).await.is_err());
    assert!(().serve(transport(&url, None)).await.is_err());
}
