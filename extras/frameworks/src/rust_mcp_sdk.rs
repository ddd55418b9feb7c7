//! rust-mcp-sdk. It creates new requests without the extensions of the original ones, so a tower
//! layer in front of it can refuse callers, but cannot tell it who they are. [`JwtVerifier`] goes
//! into its `AuthProvider` instead. Refused callers then get the SDK's own responses, which name no
//! scopes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::{Request, Response};
use rust_mcp_axum::mcp_routes;
use rust_mcp_sdk::auth::{Audience, AuthInfo, AuthProvider, AuthenticationError, OauthEndpoint};
use rust_mcp_sdk::id_generator::{FastIdGenerator, UuidGenerator};
use rust_mcp_sdk::mcp_http::middleware::AuthMiddleware;
use rust_mcp_sdk::mcp_http::{
    DEFAULT_MAX_LISTEN_STREAMS, GenericBody, GenericBodyExt as _, McpAppState, McpHttpError,
    McpHttpHandler, McpMountOptions,
};
use rust_mcp_sdk::mcp_server::{ServerHandler, ToMcpServerHandler as _};
use rust_mcp_sdk::schema::{
    CallToolRequestParams, CallToolResult, Implementation, ServerCapabilities,
    ServerCapabilitiesTools, ServerResult, TextContent, schema_utils::CallToolError,
};
use rust_mcp_sdk::{McpServer, RequestContext, ServerDetails};
use serde_json::Map;
use tower_jwt_auth::error::RejectionKind;
use tower_jwt_auth::service::ResourceMetadata;
use tower_jwt_auth::{JwtVerifier, Rejection};

pub fn app(verifier: JwtVerifier, metadata: &ResourceMetadata) -> Router {
    let metadata_url = metadata.url().to_owned();
    let provider = Provider {
        verifier,
        metadata_url,
    };
    let auth = AuthMiddleware::new(Arc::new(provider));
    // The SDK's own router serves the metadata, below.
    let handler = McpHttpHandler::new(None, vec![Arc::new(auth)], None);
    mcp_routes(Arc::new(state()), &McpMountOptions::default(), handler).merge(metadata.router())
}

struct Provider {
    verifier: JwtVerifier,
    metadata_url: String,
}

#[async_trait]
impl AuthProvider for Provider {
    async fn verify_token(&self, token: String) -> Result<AuthInfo, AuthenticationError> {
        match self.verifier.verify(&token).await {
            Ok(auth) => Ok(theirs(&auth)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }

    fn protected_resource_metadata_url(&self) -> Option<&str> {
        Some(&self.metadata_url)
    }

    fn auth_endpoints(&self) -> Option<&HashMap<String, OauthEndpoint>> {
        None
    }

    async fn handle_request(
        &self,
        _: Request<&str>,
        _: Arc<McpAppState>,
    ) -> Result<Response<GenericBody>, McpHttpError> {
        Ok(GenericBody::create_404_response())
    }
}

fn theirs(auth: &tower_jwt_auth::AuthInfo) -> AuthInfo {
    let text = |name| auth.claim(name)?.as_str().map(ToOwned::to_owned);
    AuthInfo {
        // Never the token itself, because this value is serialized.
        token_unique_id: text("jti").unwrap_or_default(),
        client_id: Some(auth.client_id().to_owned()),
        user_id: auth.subject().map(ToOwned::to_owned),
        scopes: Some(auth.scopes().iter().map(ToString::to_string).collect()),
        expires_at: Some(auth.expires_at()),
        audience: Some(Audience::Multiple(
            auth.audience().iter().map(ToString::to_string).collect(),
        )),
        // A subject and a client mean something at their issuer only, so whoever keeps data for a
        // user needs this one too.
        extra: Some(Map::from_iter([("iss".to_owned(), auth.issuer().into())])),
    }
}

/// An error with the status that the layer would send.
fn refused(rejection: &Rejection) -> AuthenticationError {
    match rejection.kind() {
        RejectionKind::InsufficientScope => AuthenticationError::InsufficientScope,
        RejectionKind::KeysUnavailable => AuthenticationError::TokenVerificationFailed {
            description: "The issuer's keys cannot be had".to_owned(),
            status_code: Some(rejection.status().as_u16()),
        },
        _ => AuthenticationError::InvalidToken {
            description: "The access token is invalid",
        },
    }
}

fn state() -> McpAppState {
    let server_details = ServerDetails {
        server_info: Implementation {
            name: "whoami".to_owned(),
            version: "1".to_owned(),
            title: None,
            description: None,
            icons: Vec::new(),
            website_url: None,
        },
        capabilities: ServerCapabilities {
            tools: Some(ServerCapabilitiesTools { list_changed: None }),
            ..ServerCapabilities::default()
        },
        instructions: None,
        meta: None,
    };
    McpAppState {
        id_generator: Arc::new(UuidGenerator {}),
        stream_id_gen: Arc::new(FastIdGenerator::new(Some("s_"))),
        server_details: Arc::new(server_details),
        handler: Whoami.to_mcp_server_handler(),
        ping_interval: Duration::from_secs(12),
        transport_options: Arc::default(),
        enable_json_response: true,
        message_observer: None,
        extensions: Arc::default(),
        active_listen_streams: Arc::default(),
        max_listen_streams: DEFAULT_MAX_LISTEN_STREAMS,
    }
}

struct Whoami;

#[async_trait]
impl ServerHandler for Whoami {
    async fn handle_call_tool_request(
        &self,
        _: CallToolRequestParams,
        _: &RequestContext,
        runtime: Arc<dyn McpServer>,
    ) -> Result<ServerResult, CallToolError> {
        let auth = runtime.auth_info_cloned().await;
        let user = auth.and_then(|auth| {
            let issuer = auth.extra?.get("iss")?.as_str()?.to_owned();
            Some(format!("{} of {issuer}", auth.user_id?))
        });
        let user = user.ok_or_else(|| CallToolError::from_message("nobody is calling"))?;
        Ok(CallToolResult::text_content(vec![TextContent::from(user)]).into())
    }
}

#[cfg(test)]
mod tests {
    use tower_jwt_auth::test_util::Fault;

    use crate::support::{RESOURCE, call_whoami, check_mcp_server, layer, serve};

    #[tokio::test]
    async fn the_tool_knows_its_caller() {
        let (issuer, auth) = layer();
        let metadata = auth.resource_metadata().unwrap();
        let base = serve(super::app(auth.verifier(), metadata)).await;
        check_mcp_server(&issuer, &base).await;
    }

    #[tokio::test]
    async fn the_tool_knows_the_issuer_of_its_caller() {
        let (issuer, auth) = layer();
        let metadata = auth.resource_metadata().unwrap();
        let base = serve(super::app(auth.verifier(), metadata)).await;
        for subject in ["alice", "bob"] {
            let token = issuer.mint(RESOURCE).subject(subject).scope("mcp:read");
            let (status, _, body) = call_whoami(&base, Some(&token.sign())).await;
            let user = format!("{subject} of {}", issuer.issuer());
            assert!(status == 200 && body.contains(&user), "{body}");
        }
    }

    #[tokio::test]
    async fn an_outage_is_no_bad_token() {
        let (issuer, auth) = layer();
        issuer.fail(Fault::Status(500));
        let metadata = auth.resource_metadata().unwrap();
        let base = serve(super::app(auth.verifier(), metadata)).await;
        let token = issuer.mint(RESOURCE).scope("mcp:read").sign();
        assert_eq!(call_whoami(&base, Some(&token)).await.0, 503);
    }
}
