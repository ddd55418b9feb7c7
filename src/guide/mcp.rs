//! Protect an rmcp server: from an open server to one on which clients sign in by themselves and step up.
//!
//! Written for rmcp 3.11, axum 0.8 and tower-http 0.7; every block on this page is compiled against them. `cargo run --example mcp_server`
//! runs the result, with a development issuer at which any MCP client signs in. Settings per identity provider are in
//! [`providers`](super::providers), what remains for you to do in [`checklist`](super::checklist).
//!
//! # 1. Close it
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # mod page {
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
//! use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
//! use rmcp::{ServerHandler, tool, tool_handler, tool_router};
//! use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer};
//!
//! #[derive(Clone)]
//! struct Notes;
//!
//! #[tool_router]
//! impl Notes {
//!     #[tool(description = "Lists the notes")]
//!     async fn list_notes(&self) -> String {
//!         "none yet".to_owned()
//!     }
//! }
//!
//! #[tool_handler]
//! impl ServerHandler for Notes {}
//!
//! pub fn app() -> Result<Router, ConfigError> {
//!     let config = JwtAuthConfig::builder()
//!         .resource("https://mcp.example.com/mcp")
//!         .issuer("https://idp.example.com")
//!         .required_scopes(["mcp:read"])
//!         .build()?;
//!     let mcp = StreamableHttpService::new(
//!         || Ok(Notes),
//!         Arc::new(LocalSessionManager::default()),
//!         StreamableHttpServerConfig::default()
//!             .with_allowed_hosts(["mcp.example.com"])
//!             .with_allowed_origins(["https://app.example.com:443"]),
//!     );
//!     Ok(Router::new()
//!         .route_service("/mcp", mcp)
//!         .layer(JwtAuthLayer::mcp(config)))
//! }
//! # }
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # page::app()?;
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! Serve it with `axum::serve`, behind TLS. That is all a client needs: it gets 401, reads from the challenge where the metadata is, finds the
//! issuer there, signs in, asks for a token for `resource`, and comes back.
//!
//! - `resource` is the URL that clients use, byte for byte. They send it as `resource` when they ask for a token (RFC 8707 §2), the issuer
//!   copies it into `aud`, and `aud` is compared with it byte for byte. The MCP spec asks for the form without a slash at the end.
//! - [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp) is [`new`](crate::JwtAuthLayer::new) with two settings: the `Authorization` header is
//!   removed from requests that are let through, so that no tool can pass it on, and streams on which a client only listens end with its
//!   token ([step 5](#5-let-no-stream-outlive-its-token)).
//! - Every method is closed: POST, GET, DELETE and all others. So is every other path of the router, but for the metadata.
//! - rmcp answers only loopback hosts unless `with_allowed_hosts` says otherwise, and checks `Origin` only when `with_allowed_origins` or
//!   `enforce_origin_validation` tells it to. The MCP spec demands that check.
//! - Prefer `route_service` to `nest_service`: the latter strips the prefix from the path, and the layer compares paths
//!   ([`open_paths`](crate::JwtAuthLayer::open_paths), the metadata) as it sees them.
//!
//! # 2. Know the caller
//!
//! rmcp puts the [`http::request::Parts`] of each request into the extensions of its `RequestContext`, and the layer has put
//! [`AuthInfo`](crate::AuthInfo) into theirs. [`AuthInfoExt`](crate::AuthInfoExt) reads it. One helper serves tools, prompts and resources:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! use http::request::Parts;
//! use rmcp::model::{
//!     ErrorData, PromptMessage, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
//!     ResourceContents, Role, ServerCapabilities, ServerConfig,
//! };
//! use rmcp::service::RequestContext;
//! use rmcp::{
//!     RoleServer, ServerHandler, prompt, prompt_handler, prompt_router, tool, tool_handler, tool_router,
//! };
//! use tower_jwt_auth::{AuthInfo, AuthInfoExt as _};
//!
//! #[derive(Clone)]
//! struct Notes;
//!
//! fn caller(context: &RequestContext<RoleServer>) -> Result<&AuthInfo, ErrorData> {
//!     context
//!         .extensions
//!         .get::<Parts>()
//!         .and_then(|parts| parts.auth_info())
//!         .ok_or_else(|| ErrorData::internal_error("JwtAuthLayer is missing", None))
//! }
//!
//! #[tool_router]
//! impl Notes {
//!     #[tool(description = "Says who is calling")]
//!     async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
//!         let auth = caller(&context)?;
//!         Ok(format!("{} by way of {}", auth.subject().unwrap_or("nobody"), auth.client_id()))
//!     }
//! }
//!
//! #[prompt_router]
//! impl Notes {
//!     #[prompt(description = "Greets the caller")]
//!     async fn greet(
//!         &self,
//!         context: RequestContext<RoleServer>,
//!     ) -> Result<Vec<PromptMessage>, ErrorData> {
//!         let text = format!("Greet {}", caller(&context)?.client_id());
//!         Ok(vec![PromptMessage::new_text(Role::User, text)])
//!     }
//! }
//!
//! #[tool_handler]
//! #[prompt_handler]
//! impl ServerHandler for Notes {
//!     fn get_info(&self) -> ServerConfig {
//!         let capabilities = ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources();
//!         ServerConfig::new(capabilities.build())
//!     }
//!
//!     async fn read_resource(
//!         &self,
//!         request: ReadResourceRequestParams,
//!         context: RequestContext<RoleServer>,
//!     ) -> Result<ReadResourceResponse, ErrorData> {
//!         let owner = caller(&context)?.principal();
//!         let text = format!("the notes of {owner:?}");
//!         Ok(ReadResourceResult::new(vec![ResourceContents::text(text, request.uri)]).into())
//!     }
//! }
//! # }
//! ```
//!
//! - Fail when it is missing, as here: then something called the server past the layer.
//! - Read it in each call and never keep it in the handler. A session outlives a token, and the factory that makes a handler sees no request.
//! - [`principal`](crate::AuthInfo::principal) is who this is across refreshes of the token: issuer, client and subject. Key what you store by
//!   it, never by the token or the session.
//! - [`token`](crate::AuthInfo::token) is for this server alone. Towards other servers use a token of your own, or token exchange (RFC 8693).
//!
//! # 3. Step up
//!
//! `required_scopes` is what every operation needs. What single tools, prompts, resources or methods need more is an
//! [`McpScopes`](crate::McpScopes), inside of the auth layer:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! # use axum::Router;
//! use tower_jwt_auth::{JwtAuthLayer, McpScopes};
//!
//! pub fn protected(mcp: Router, auth: JwtAuthLayer) -> Router {
//!     let scopes = McpScopes::new()
//!         .tool("list_notes", ["mcp:read"])
//!         .tool("add_note", ["mcp:write"])
//!         .resources_under("notes://private/", ["mcp:private"])
//!         .hierarchy(|granted, needed| granted == "mcp:admin" && needed.starts_with("mcp:"));
//!     mcp.route_layer(scopes).layer(auth)
//! }
//! # }
//! ```
//!
//! A token that lacks a scope gets this, before the server sees the request:
//!
//! ```text
//! HTTP/1.1 403 Forbidden
//! WWW-Authenticate: Bearer error="insufficient_scope", scope="mcp:read mcp:write",
//!   resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token lacks a scope that this operation needs"
//! ```
//!
//! (on one line) and a client asks its user for more, gets a new token and repeats the call. An error of a tool travels in a JSON-RPC answer
//! with status 200 or 400, and no client steps up on that.
//!
//! - The challenge lists `required_scopes` as well: clients of protocols before 2026-07-28 ask next for just what it lists, and would lose
//!   the rest. [`challenge_operation_scopes_only`](crate::JwtAuthConfigBuilder::challenge_operation_scopes_only) leaves them out.
//! - It is the same each time; clients that see it twice stop instead of asking their user for ever.
//! - A tool that no rule names needs what all listed tools need together, so that a new one is not open by oversight. Say otherwise with
//!   [`unlisted`](crate::McpScopes::unlisted).
//! - The operation is read off `Mcp-Method` and `Mcp-Name` where the protocol version (2026-07-28 or later) makes the server compare them with
//!   the body, as rmcp 3 does, and else off the body, batches included. What cannot be read needs every scope of the map.
//! - The spec wants broad scopes to imply narrow ones where the application has such: say which do, here or for everything with
//!   [`scope_hierarchy`](crate::JwtAuthConfigBuilder::scope_hierarchy).
//! - Inside a tool, [`has_scope`](crate::AuthInfo::has_scope) asks the same question, for answers that differ by scope.
//!
//! Whole routes are guarded by [`RequireScopesLayer`](crate::RequireScopesLayer), which knows nothing of MCP.
//!
//! # 4. Bind sessions
//!
//! Protocols before 2026-07-28 have sessions, and rmcp lets whoever has a good token of their own and somebody else's `Mcp-Session-Id` into
//! that session. [`SessionBindingLayer`](crate::SessionBindingLayer) gives a session to the principal who began it; anybody else gets 404, to
//! the byte what rmcp answers for a session that does not exist, and begins one of their own.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! # use axum::Router;
//! # use tower_jwt_auth::{JwtAuthLayer, McpScopes};
//! use tower_jwt_auth::SessionBindingLayer;
//!
//! pub fn protected(mcp: Router, scopes: McpScopes, auth: JwtAuthLayer) -> Router {
//!     mcp.route_layer(scopes)
//!         .route_layer(SessionBindingLayer::new())
//!         .layer(auth)
//! }
//! # }
//! ```
//!
//! With rmcp's `LocalSessionManager` sessions die with the process, so [`strict`](crate::SessionBindingLayer::strict) costs nothing and refuses
//! ids that nobody was given. Several processes need a [`SessionStore`](crate::SessionStore) that they share. A server without sessions
//! (`with_legacy_session_mode(false)`) needs no binding; there, and with the protocol of 2026-07-28, bind handles and `requestState` instead
//! (see the [checklist](super::checklist)).
//!
//! # 5. Let no stream outlive its token
//!
//! A token is checked when its request comes, and a stream may go on for hours after. [`StreamExpiry`](crate::StreamExpiry) ends event streams
//! at `exp` and the leeway, by dropping the body, which rmcp notices:
//!
//! | setting | ends | set by |
//! | --- | --- | --- |
//! | `Ignore` | nothing | [`JwtAuthLayer::new`](crate::JwtAuthLayer::new) |
//! | `CloseListen` | streams of GET and of `subscriptions/listen`, on which a client only listens. It reconnects with a fresh token. Calls are answered, however long they take | [`JwtAuthLayer::mcp`](crate::JwtAuthLayer::mcp) |
//! | `CloseAll` | every event stream. The result of a call that still runs is lost | [`stream_expiry`](crate::JwtAuthLayer::stream_expiry) |
//!
//! # 6. Let browsers in
//!
//! CORS is for clients in a web page only. `CorsLayer` goes outside the auth layer: preflights carry no token, and a browser shows a script no
//! 401 without CORS headers.
//!
//! - Allowed headers: `authorization` (a `*` does not cover it), `content-type`, `accept`, `mcp-protocol-version`, `mcp-session-id`,
//!   `last-event-id`, `mcp-method`, `mcp-name`, and `mcp-param-*`, whose names depend on the tool. Hence `mirror_request` below.
//! - Exposed headers: without `WWW-Authenticate` a script cannot read the challenge, and falls back to the well-known paths.
//! - Origins: a list, never `*`, and the same one that rmcp checks.
//! - The metadata document brings its own CORS headers, for every origin. Merge it after `.layer(cors)`, so that it keeps them.
//!
//! # All of it
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # mod page {
//! # use std::sync::Arc;
//! # use rmcp::ServerHandler;
//! # use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
//! # #[derive(Clone)]
//! # struct Notes;
//! # impl ServerHandler for Notes {}
//! use axum::Router;
//! use axum::http::{HeaderName, HeaderValue, Method, header};
//! use axum::routing::get;
//! use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
//! use tower_http::cors::{AllowHeaders, CorsLayer};
//! use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer, McpScopes, SessionBindingLayer};
//!
//! pub fn app() -> Result<Router, ConfigError> {
//!     let auth = JwtAuthLayer::mcp(
//!         JwtAuthConfig::builder()
//!             .resource("https://mcp.example.com/mcp")
//!             .resource_name("Notes")
//!             .resource_documentation("https://docs.example.com/notes")
//!             .issuer("https://idp.example.com")
//!             .required_scopes(["mcp:read"])
//!             .build()?,
//!     );
//!     let mcp = StreamableHttpService::new(
//!         || Ok(Notes),
//!         Arc::new(LocalSessionManager::default()),
//!         StreamableHttpServerConfig::default()
//!             .with_allowed_hosts(["mcp.example.com"])
//!             .with_allowed_origins(["https://app.example.com:443"]),
//!     );
//!     let cors = CorsLayer::new()
//!         .allow_origin([HeaderValue::from_static("https://app.example.com")])
//!         .allow_methods([Method::GET, Method::POST, Method::DELETE])
//!         .allow_headers(AllowHeaders::mirror_request())
//!         .expose_headers([
//!             header::WWW_AUTHENTICATE,
//!             header::RETRY_AFTER,
//!             HeaderName::from_static("mcp-session-id"),
//!             HeaderName::from_static("mcp-protocol-version"),
//!         ]);
//!     let metadata = auth.resource_metadata().map(|metadata| metadata.router());
//!     Ok(Router::new()
//!         .route_service("/mcp", mcp)
//!         .route_layer(McpScopes::new().tool("add_note", ["mcp:write"]))
//!         .route_layer(SessionBindingLayer::new().strict())
//!         .route_layer(auth) // every method of /mcp
//!         .layer(cors)
//!         .merge(metadata.unwrap_or_default()) // open, with CORS headers of its own
//!         .route("/healthz", get(|| async { "ok" }))) // open
//! }
//! # }
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # page::app()?;
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! From the outside in: CORS, [`JwtAuthLayer`](crate::JwtAuthLayer), [`SessionBindingLayer`](crate::SessionBindingLayer),
//! [`McpScopes`](crate::McpScopes), the server. The inner two answer 500 when the auth layer is not outside of them.
//!
//! # Where the metadata goes
//!
//! A client that gets 401 reads `resource_metadata` from the challenge, or tries the well-known paths, and so finds the issuer (RFC 9728 §5).
//! For `https://mcp.example.com/mcp` the document is at `/.well-known/oauth-protected-resource/mcp`, and also at the root form
//! `/.well-known/oauth-protected-resource`. It must be open: behind authentication, some clients take the MCP server itself for the issuer.
//!
//! - With `Router::layer`, as in step 1, requests for unknown paths pass through the layer too, and it answers these by itself.
//! - With `Router::route_layer`, or a layer on single routes, it does not see them: merge
//!   [`ResourceMetadata`](crate::ResourceMetadata)'s router, as above, or serve it as a tower service.
//! - A reverse proxy that forwards `/mcp` must forward the well-known paths as well.
//! - `authorization_servers` lists the issuers in the order of the configuration, byte for byte. Some clients use only the first.
//! - [`scopes_supported`](crate::JwtAuthConfigBuilder::scopes_supported) is `required_scopes` unless set: what basic use needs, for clients to
//!   ask for at first, and not the catalogue. `offline_access` is refused there, because the spec says so.
//! - Signed metadata (`signed_metadata`, RFC 9728 §2.2) is not supported.
//!
//! # How clients read answers
//!
//! Why the answers are as they are, and what to keep in mind in a hook of [`on_rejection`](crate::JwtAuthLayer::on_rejection):
//!
//! - The login starts on 401, never on 400. A bad token is 401 for that reason, also where RFC 6750 §3.1 would allow `invalid_request`.
//! - 401 without `error` means "log in", with `invalid_token` "that token is no good".
//! - 503 keeps the client's token. A 401 during an outage would make clients throw good tokens away and ask their users to log in again.
//! - A 403 with any `WWW-Authenticate` is taken for a lack of scopes by some clients. A refusal that no scope mends must carry none, as that of
//!   a [`check`](crate::JwtAuthConfigBuilder::check) does.
//! - `scope=""`, two spaces after `Bearer`, a relative `resource_metadata`, or a description that holds `scope=` derail real clients.
//!
//! # Other frameworks
//!
//! The layers are plain tower layers over any body: hyper takes them through `TowerToHyperService`, and any MCP stack that is a tower service and
//! hands on the request's extensions works as rmcp does. For one that does not, [`JwtVerifier`](crate::JwtVerifier) gives the same verdicts from
//! the token alone, and [`Rejection`](crate::Rejection) the status and challenge to answer with. `examples/frameworks` has rmcp on axum and on
//! plain hyper, tower-mcp, tonic and rust-mcp-sdk, each with a test.
//!
//! # Not built
//!
//! - DPoP (SEP-1932): a token that is bound to a key is refused. See [`decisions`](super::decisions).
//! - Signed metadata.
