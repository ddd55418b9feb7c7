//! tower-mcp. Its transport is an axum router, which passes on only the extensions that it is told
//! about.

use axum::Router;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};
use tower_mcp::extract::{Context, RawArgs};
use tower_mcp::{CallToolResult, Error, HttpTransport, McpRouter, ToolBuilder};

pub fn app(auth: &JwtAuthLayer) -> Router {
    let mcp = HttpTransport::new(mcp_router())
        .bridge_extension::<AuthInfo>()
        // A session belongs to the caller who opened it, not to the token, which is refreshed.
        // Callers of one issuer whose token names nobody share theirs with each other.
        .session_principal_from_extension(|auth: &AuthInfo| {
            format!("{} {:?}", auth.issuer(), auth.principal())
        })
        .into_router_at("/mcp");
    auth.protect(mcp)
}

fn mcp_router() -> McpRouter {
    let whoami = ToolBuilder::new("whoami")
        .description("Says who is calling")
        .read_only()
        .extractor_handler((), async |context: Context, RawArgs(_): RawArgs| {
            let auth = context
                .extension::<AuthInfo>()
                .ok_or_else(|| Error::internal("JwtAuthLayer is missing, or not bridged"))?;
            let subject = auth.subject().unwrap_or("nobody");
            Ok(CallToolResult::text(subject.to_owned()))
        })
        .build();
    McpRouter::new().server_info("whoami", "1").tool(whoami)
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
