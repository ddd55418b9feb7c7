//! Protect an rmcp server: from an open server to one to which clients sign in by themselves and
//! step up.
//!
//! Written for rmcp 3.11, axum 0.8 and tower-http 0.7; every block on this page is compiled against
//! them. The result is [the example](#the-example) `mcp_server`, with a development issuer at which
//! any MCP client signs in. The settings for identity providers are in
//! [`providers`](super::providers), your remaining tasks in [`checklist`](super::checklist).
//!
//! ```sh
//! cargo add tower-jwt-auth axum http && cargo add tokio --features full
//! cargo add rmcp --features transport-streamable-http-server
//! ```
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
//! #[tool_handler(name = "notes")]
//! impl ServerHandler for Notes {}
//!
//! pub fn app() -> Result<Router, ConfigError> {
//!     let config = JwtAuthConfig::builder()
//!         .resource("https://mcp.example.com/mcp")
//!         .issuer("https://idp.example.com")
//!         .required_scopes(["mcp:read"])
//!         .build()?;
//!     let mut sessions = LocalSessionManager::default();
//!     sessions.session_config.sse_retry = None;
//!     let mcp = StreamableHttpService::new(
//!         || Ok(Notes),
//!         Arc::new(sessions),
//!         StreamableHttpServerConfig::default()
//!             .with_allowed_hosts(["mcp.example.com"])
//!             .with_allowed_origins(["https://app.example.com:443"])
//!             .with_sse_retry(None),
//!     );
//!     let auth = JwtAuthLayer::for_mcp(config);
//!     Ok(auth.protect(Router::new().route_service("/mcp", mcp)))
//! }
//! # }
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # page::app()?;
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! Serve it with `axum::serve`, behind TLS. A client needs nothing else: it gets 401, takes the URL
//! of the metadata from the challenge, finds the issuer in the metadata, signs in, requests a token
//! for `resource`, and retries the request.
//!
//! - `resource` is the URL that clients use, byte for byte. They send it as `resource` when they
//!   request a token (RFC 8707 §2), the issuer copies it into `aud`, and `aud` is compared with it
//!   byte for byte. The MCP spec recommends the form without a slash at the end.
//! - [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp) is [`new`](crate::JwtAuthLayer::new)
//!   with two settings: the `Authorization` header is removed from accepted requests, so that no
//!   tool can pass it on, and notification streams end with their token ([step
//!   5](#5-let-no-stream-outlive-its-token)).
//! - [`protect`](crate::JwtAuthLayer::protect) puts the layer in front of the routes of the router,
//!   and adds the metadata, which is open. Every method of a route is protected: POST, GET, DELETE
//!   and all others. Open routes are added afterwards, or merged in any order.
//! - It also puts [`DrainRefusedLayer`](crate::DrainRefusedLayer) outside the layer. Without that,
//!   a client that sends a large request with an expired token may get a connection reset instead
//!   of the 401, and does not sign in again.
//! - rmcp accepts only loopback hosts unless `with_allowed_hosts` says otherwise, and checks
//!   `Origin` only when `with_allowed_origins` or `enforce_origin_validation` is set. The MCP spec
//!   demands that check.
//! - `sse_retry` is off, in the service and in the session manager. By default, rmcp begins each
//!   event stream with an event that has an id and a time to reconnect, and empty data. Some
//!   clients (Gemini CLI 0.61) parse the data of each event as JSON: they sign in, and then have no
//!   tools. Without that event a client chooses itself when it reconnects.
//! - Give your server a name, as `tool_handler` does here, or with `with_server_info` in `get_info`
//!   (next step). Otherwise clients show the name of the library, `rmcp`.
//! - Prefer `route_service` to `nest_service`: the latter strips the prefix from the path, and the
//!   layer compares the paths that it sees ([`open_paths`](crate::JwtAuthLayer::open_paths), the
//!   metadata).
//!
//! # 2. Know the caller
//!
//! rmcp puts the [`http::request::Parts`] of each request into the extensions of its
//! `RequestContext`, and the layer has put [`AuthInfo`](crate::AuthInfo) into the extensions of
//! those parts. [`AuthInfoExt`](crate::mcp::AuthInfoExt) reads it. One helper serves tools, prompts
//! and resources:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! use http::request::Parts;
//! use rmcp::model::{
//!     ErrorData, Implementation, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
//!     ReadResourceResult, ResourceContents, Role, ServerCapabilities, ServerConfig,
//! };
//! use rmcp::service::RequestContext;
//! use rmcp::{
//!     RoleServer, ServerHandler, prompt, prompt_handler, prompt_router, tool, tool_handler,
//!     tool_router,
//! };
//! use tower_jwt_auth::AuthInfo;
//! use tower_jwt_auth::mcp::{AuthInfoExt as _, Principal};
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
//! /// The user, whichever client they use; or the client, if it acts for no user.
//! fn owner(auth: &AuthInfo) -> Option<Principal> {
//!     match auth.subject() {
//!         Some(subject) => Some(Principal::new(auth.issuer(), None, Some(subject))),
//!         None => auth.principal(),
//!     }
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
//!         let capabilities =
//!             ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources();
//!         ServerConfig::new(capabilities.build())
//!             .with_server_info(Implementation::new("notes", env!("CARGO_PKG_VERSION")))
//!     }
//!
//!     async fn read_resource(
//!         &self,
//!         request: ReadResourceRequestParams,
//!         context: RequestContext<RoleServer>,
//!     ) -> Result<ReadResourceResponse, ErrorData> {
//!         let owner = owner(caller(&context)?);
//!         let nobody = || ErrorData::invalid_request("the token names nobody", None);
//!         let owner = owner.ok_or_else(nobody)?;
//!         let text = format!("the notes of {owner:?}");
//!         Ok(ReadResourceResult::new(vec![ResourceContents::text(text, request.uri)]).into())
//!     }
//! }
//! # }
//! ```
//!
//! - Return an error when it is missing, as here: the server was then called without the layer.
//! - Read it in each call and never store it in the handler. A session outlives a token, and the
//!   factory that creates a handler sees no request.
//! - [`principal`](crate::AuthInfo::principal) identifies the caller across refreshes of the token:
//!   issuer, client and subject. Key what one client has started by it, never by the token or the
//!   session. It is `None` if the token names neither a subject nor a client; store nothing for
//!   such a caller.
//! - Key what belongs to the user by issuer and subject alone. Several clients register anew at
//!   each sign-in, and their user would lose what is stored for the client.
//!   [`principal`](crate::AuthInfo::principal) shows how.
//! - [`token`](crate::AuthInfo::token) is for this server alone. Use your own token for other
//!   servers, or token exchange (RFC 8693).
//!
//! # 3. Step up
//!
//! `required_scopes` lists the scopes that every operation needs. The additional scopes of single
//! tools, prompts, resources or methods go into [`McpScopesLayer`](crate::mcp::McpScopesLayer),
//! inside the auth layer:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! # use axum::Router;
//! use tower_jwt_auth::JwtAuthLayer;
//! use tower_jwt_auth::mcp::McpScopesLayer;
//!
//! pub fn protected(mcp: Router, auth: JwtAuthLayer) -> Router {
//!     let scopes = McpScopesLayer::new()
//!         .tool("list_notes", ["mcp:read"])
//!         .tool("add_note", ["mcp:write"])
//!         .resources_under("notes://private/", ["mcp:private"])
//!         .hierarchy(|granted, needed| granted == "mcp:admin" && needed.starts_with("mcp:"));
//!     auth.protect(mcp.route_layer(scopes))
//! }
//! # }
//! ```
//!
//! A token that lacks a scope gets this response, before the server sees the request:
//!
//! ```text
//! HTTP/1.1 403 Forbidden
//! WWW-Authenticate: Bearer error="insufficient_scope", scope="mcp:read mcp:write",
//!   resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token lacks a scope that this operation needs"
//! ```
//!
//! (on one line). The client then asks its user for more, gets a new token and repeats the call. A
//! tool's own error, in contrast, travels in a JSON-RPC response with status 200 or 400, and no
//! client steps up on that.
//!
//! - The challenge also lists `required_scopes`: clients of protocols before 2026-07-28 request
//!   exactly the listed scopes next, and would lose the others.
//!   [`challenge_operation_scopes_only`](crate::config::JwtAuthConfigBuilder::challenge_operation_scopes_only)
//!   leaves them out.
//! - It is the same each time; clients that see it twice stop instead of asking their user again
//!   and again.
//! - A tool without a rule requires the scopes of all listed tools together, so that a forgotten
//!   new tool is not open. [`unlisted`](crate::mcp::McpScopesLayer::unlisted) changes this.
//! - The operation is read from `Mcp-Method` and `Mcp-Name` where the protocol version (2026-07-28
//!   or later) makes the server compare them with the body, as rmcp 3 does, and otherwise from the
//!   body, including batches. An operation that cannot be read requires every scope of the map.
//! - In the last two cases the 403 carries no challenge: no user should be asked to grant
//!   everything for a request that could not be read.
//! - The spec wants broad scopes to imply narrow ones where the application has such scopes:
//!   declare them here, or for everything with
//!   [`scope_hierarchy`](crate::config::JwtAuthConfigBuilder::scope_hierarchy).
//! - Inside a tool, [`has_scope`](crate::AuthInfo::has_scope) answers the same question, for
//!   results that differ by scope.
//!
//! [`RequireScopesLayer`](crate::RequireScopesLayer), which does not depend on MCP, protects whole
//! routes. A handler of an HTTP route sends the same response with
//! [`Rejection::insufficient_scope`](crate::Rejection::insufficient_scope).
//!
//! # 4. Bind sessions
//!
//! Protocols before 2026-07-28 have sessions, and rmcp admits any caller with a valid token of
//! their own to any session whose `Mcp-Session-Id` they know.
//! [`SessionBindingLayer`](crate::mcp::SessionBindingLayer) binds a session to the principal who
//! started it. Anybody else gets 404, byte for byte rmcp's response for a session that does not
//! exist, and starts a session of their own.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! # use axum::Router;
//! # use tower_jwt_auth::JwtAuthLayer;
//! # use tower_jwt_auth::mcp::McpScopesLayer;
//! use tower_jwt_auth::mcp::SessionBindingLayer;
//!
//! pub fn protected(mcp: Router, scopes: McpScopesLayer, auth: JwtAuthLayer) -> Router {
//!     auth.protect(
//!         mcp.route_layer(scopes)
//!             .route_layer(SessionBindingLayer::new()),
//!     )
//! }
//! # }
//! ```
//!
//! With rmcp's `LocalSessionManager` sessions end with the process, so
//! [`strict`](crate::mcp::SessionBindingLayer::strict) costs nothing and rejects ids that were
//! never assigned. Several processes share sessions through a [fleet](../fleet/index.html), or
//! through a [`SessionStore`](crate::mcp::SessionStore) of your own. A
//! token that names neither a subject nor a client owns no session. The layer does not bind events
//! that a server replays by `Last-Event-ID`. A server without sessions
//! (`with_legacy_session_mode(false)`) needs no binding; for such a server, and with the protocol
//! of 2026-07-28, bind handles and `requestState` instead (see the [checklist](super::checklist)).
//!
//! # 5. Let no stream outlive its token
//!
//! A token is checked when its request arrives, and a stream may continue for hours after that.
//! [`StreamExpiry`](crate::config::StreamExpiry) ends event streams when their token is no longer
//! accepted: at `exp` (or when the token is too old, by `max_token_age`) plus leeway. It drops the
//! body, which rmcp notices:
//!
//! | setting | ends | set by |
//! | --- | --- | --- |
//! | `Never` | nothing: streams end only when their issuer is no longer trusted ([`replace_issuers`](crate::JwtAuthLayer::replace_issuers)), or in a fleet when their token is revoked | [`JwtAuthLayer::new`](crate::JwtAuthLayer::new) |
//! | `ListenOnly` | notification streams: those of GET and of `subscriptions/listen`. The client reconnects with a fresh token. Calls are answered, however long they take | [`JwtAuthLayer::for_mcp`](crate::JwtAuthLayer::for_mcp) |
//! | `All` | every event stream. The result of a running call is lost | [`stream_expiry`](crate::JwtAuthLayer::stream_expiry) |
//!
//! # 6. Let browsers in
//!
//! Only clients in a web page need CORS. `CorsLayer` goes outside the auth layer: preflight
//! requests carry no token, and a browser hides a 401 without CORS headers from the script.
//!
//! - Allowed headers: those of [`cors::ALLOW`](crate::cors::ALLOW) (a `*` does not cover
//!   `authorization`), and `mcp-param-*`, whose names depend on the tool. For the last group
//!   `mirror_request` is used below.
//! - Exposed headers: those of [`cors::EXPOSE`](crate::cors::EXPOSE), and of the transport. Without
//!   `WWW-Authenticate` a script cannot read the challenge, and falls back to the well-known paths;
//!   without `DPoP-Nonce` it cannot make the proof that it is asked for.
//! - Origins: a list, never `*`, and the same list that rmcp checks.
//! - The metadata document has its own CORS headers, for every origin. A `CorsLayer` around
//!   `protect` answers preflight requests for it too, for your origins alone, and so hides it from
//!   pages of other origins. They cannot call the server anyway; if they must read the document,
//!   put the `CorsLayer` around the routes alone and merge `metadata_router` outside it.
//!
//! # 7. Public tools
//!
//! Some tools may be open to everybody, and the others ask for a sign-in when they are called. Let
//! callers without a token in, and say for each tool what it needs:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod page {
//! # use axum::Router;
//! use tower_jwt_auth::JwtAuthLayer;
//! use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
//!
//! pub fn public_tools(mcp: Router, auth: JwtAuthLayer) -> Router {
//!     const NOTHING: [&str; 0] = [];
//!     let scopes = McpScopesLayer::new()
//!         .tool("list_notes", NOTHING)
//!         .tool("add_note", ["mcp:write"]);
//!     mcp.route_layer(scopes)
//!         .route_layer(SessionBindingLayer::new())
//!         .layer(auth.optional())
//! }
//! # }
//! ```
//!
//! - Without a token, `initialize`, the lists and `list_notes` succeed. A call of `add_note` gets
//!   401 with a challenge that names what it needs; the client signs in and repeats the call.
//! - In `list_notes` there may be no caller:
//!   [`auth_info`](crate::mcp::AuthInfoExt::auth_info) is `None`.
//! - A tool without a rule is not public: it requires the scopes of all listed tools together.
//! - Do not make the session layer [`strict`](crate::mcp::SessionBindingLayer::strict): a caller
//!   without a token owns no session, and would get 404. After the sign-in, the session belongs to
//!   the user.
//!
//! # The complete server
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
//! use axum::http::{HeaderName, HeaderValue, Method};
//! use axum::routing::get;
//! use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
//! use tower_http::cors::{AllowHeaders, CorsLayer};
//! use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer, cors};
//! use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
//!
//! pub fn app() -> Result<Router, ConfigError> {
//!     let auth = JwtAuthLayer::for_mcp(
//!         JwtAuthConfig::builder()
//!             .resource("https://mcp.example.com/mcp")
//!             .resource_name("Notes")
//!             .resource_documentation("https://docs.example.com/notes")
//!             .issuer("https://idp.example.com")
//!             .required_scopes(["mcp:read"])
//!             .build()?,
//!     );
//!     let mut sessions = LocalSessionManager::default();
//!     sessions.session_config.sse_retry = None;
//!     let mcp = StreamableHttpService::new(
//!         || Ok(Notes),
//!         Arc::new(sessions),
//!         StreamableHttpServerConfig::default()
//!             .with_allowed_hosts(["mcp.example.com"])
//!             .with_allowed_origins(["https://app.example.com:443"])
//!             .with_sse_retry(None),
//!     );
//!     let transport = ["mcp-session-id", "mcp-protocol-version"];
//!     let exposed = transport.map(HeaderName::from_static);
//!     let browsers = CorsLayer::new()
//!         .allow_origin([HeaderValue::from_static("https://app.example.com")])
//!         .allow_methods([Method::GET, Method::POST, Method::DELETE])
//!         .allow_headers(AllowHeaders::mirror_request())
//!         .expose_headers([&cors::EXPOSE[..], &exposed].concat());
//!     let mcp = Router::new()
//!         .route_service("/mcp", mcp)
//!         .route_layer(McpScopesLayer::new().tool("add_note", ["mcp:write"]))
//!         .route_layer(SessionBindingLayer::new().strict());
//!     Ok(auth
//!         .protect(mcp) // every method of /mcp, and the metadata
//!         .layer(browsers)
//!         .route("/healthz", get(|| async { "ok" }))) // open
//! }
//! # }
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # page::app()?;
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! From the outside in: CORS, [`DrainRefusedLayer`](crate::DrainRefusedLayer) and
//! [`JwtAuthLayer`](crate::JwtAuthLayer) (both by `protect`),
//! [`SessionBindingLayer`](crate::mcp::SessionBindingLayer),
//! [`McpScopesLayer`](crate::mcp::McpScopesLayer), the server. The two inner layers respond with
//! 500 when the auth layer is not outside them.
//!
//! # Where the metadata is served
//!
//! A client that gets 401 reads `resource_metadata` from the challenge, or tries the well-known
//! paths, to find the issuer (RFC 9728 §5). For `https://mcp.example.com/mcp` the document is at
//! `/.well-known/oauth-protected-resource/mcp`, with and without a slash at the end. It must be
//! accessible without authentication: otherwise some clients take the MCP server itself for the
//! issuer.
//!
//! - [`auth.protect(router)`](crate::JwtAuthLayer::protect) serves it, and does not depend on
//!   order: open routes, a `fallback` such as the page of a web application, and other layers come
//!   before or after it.
//! - The path starts at the root of the host. So `nest` the routes inside:
//!   `auth.protect(Router::new().nest("/api", api))`. With `nest("/api", auth.protect(api))` the
//!   document is not where the challenge says.
//! - From its parts: `route_layer(auth)` on the protected routes, and
//!   `merge(auth.metadata_router())` on the outermost router.
//! - With `Router::layer`, the layer also sees requests for unknown paths, and serves the document
//!   itself. A router that is merged afterwards, or a `fallback`, takes these requests from it.
//! - The event `metadata_unreachable` warns once, when clients without credentials have been sent
//!   to the document in ten different minutes and none has got it.
//! - A reverse proxy that forwards `/mcp` must forward the well-known path as well.
//!
//! ## Several servers on one host
//!
//! Each server has a layer with a `resource` of its own, so that a token for one is none for the
//! others. Their documents have different paths, and the protected routers can be merged:
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # mod page {
//! # use axum::Router;
//! # use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer};
//! pub fn app(notes: Router, mail: Router) -> Result<Router, ConfigError> {
//!     let both = JwtAuthConfig::builder().issuer("https://idp.example.com");
//!     let for_notes = both.clone().resource("https://mcp.example.com/notes").build()?;
//!     let for_notes = JwtAuthLayer::for_mcp(for_notes);
//!     let for_mail = both.resource("https://mcp.example.com/mail").keys_of(&for_notes);
//!     let for_mail = JwtAuthLayer::for_mcp(for_mail.build()?);
//!     Ok(for_notes.protect(notes).merge(for_mail.protect(mail)))
//! }
//! # }
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))]
//! # {
//! # use axum::{Router, routing::any};
//! # let route = |path| Router::new().route(path, any(|| async {}));
//! # page::app(route("/notes"), route("/mail"))?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! - [`keys_of`](crate::config::JwtAuthConfigBuilder::keys_of) lets both share the keys of the
//!   issuer, the task that fetches them, and its budgets. Without it each layer fetches its own.
//! - Some clients look at the root form only, `/.well-known/oauth-protected-resource`. It belongs
//!   to a resource that is a whole origin. If there is none,
//!   [`MetadataRoutes`](crate::service::MetadataRoutes) serves the document of the first layer
//!   there. It takes the place of `metadata_router`, as in the example `several_servers`.
//! - Two layers with the same resource, for different issuers, need one document that lists both:
//!   `MetadataRoutes` makes it. If you merge their routers by hand, axum panics at start, and names
//!   the path that both have.
//!
//! ## What the document says
//!
//! - `authorization_servers` lists the issuers in the order of the configuration, byte for byte.
//!   Some clients use only the first.
//! - [`scopes_supported`](crate::config::JwtAuthConfigBuilder::scopes_supported) is
//!   `required_scopes` unless set: the scopes of basic use, which clients request at the first
//!   login, and not a list of every scope. `offline_access` is an error there, as the spec demands.
//! - Signed metadata (`signed_metadata`, RFC 9728 §2.2) is not supported.
//! - Binding the sessions of HTTP+SSE, the transport of 2024-11-05, is not supported: its messages
//!   carry the session id in the query of their URL, and [`SessionBindingLayer`](crate::mcp::SessionBindingLayer)
//!   reads the header `Mcp-Session-Id` alone. The rest of this crate works with that transport.
//!
//! # How clients interpret responses
//!
//! The reasons for the form of the responses, and the rules to follow in a hook of
//! [`on_rejection`](crate::JwtAuthLayer::on_rejection):
//!
//! - Clients start a login on 401, never on 400. Therefore an invalid token gets 401, also where
//!   RFC 6750 §3.1 would allow `invalid_request`.
//! - 401 without `error` means "log in"; with `invalid_token` it means "that token is not valid".
//! - On 503 the client keeps its token. A 401 during an outage would make clients discard valid
//!   tokens and ask their users to log in again.
//! - Some clients take any 403 with `WWW-Authenticate` to mean that a scope is missing. A rejection
//!   that no additional scope would change must carry no challenge, such as that of a
//!   [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - `scope=""`, two spaces after `Bearer`, a relative `resource_metadata`, or a description that
//!   contains `scope=` breaks real clients.
//!
//! # Other frameworks
//!
//! The layers are ordinary tower layers over any body: hyper takes them through
//! `TowerToHyperService`, with [`DrainRefusedLayer`](crate::DrainRefusedLayer) outside, and any MCP
//! stack that is a tower service and passes on the request's extensions works as rmcp does. For
//! other stacks, [`JwtVerifier`](crate::JwtVerifier) accepts and rejects the same tokens, and
//! [`Rejection`](crate::Rejection) provides the status and the challenge of the response.
//! `extras/frameworks` has rmcp on axum and on plain hyper, tower-mcp, tonic and rust-mcp-sdk, each
//! with a test.
//!
//! # The example
//!
//! `cargo run --example mcp_server -- --help` prints this page:
//!
//! ```text
//! mcp_server is an MCP server that accepts only callers with a valid access token.
//! Point an MCP client at http://127.0.0.1:3000/mcp: it signs in without configuration.
//!
//! Usage: mcp_server [--config FILE [--issuers FILE]] [--bind ADDR] [--allow-origin ORIGIN]..
//!                   [--dpop-demo] [--no-client-documents] [--offline-access] [--step-up]
//!
//!   --allow-origin ORIGIN  Let web pages of ORIGIN call, such as https://app.example.com. Can be
//!                          repeated. Without --config, every page of this machine may call.
//!   --bind ADDR            Listen at ADDR instead of 127.0.0.1:3000. Port 0 takes a free port.
//!                          Without --config, ADDR must be a loopback address.
//!   --config FILE          Accept the tokens of your identity provider, as the JSON in FILE says.
//!                          Without --config, a development issuer in the same process lets anybody
//!                          at this machine sign in. It issues tokens for this server alone.
//!   --dpop-demo            Print a curl command with a token that is bound to a key, and with a
//!                          proof of that key made at that moment; print another one for each
//!                          line on standard input. Each works once, within a minute.
//!   --help                 Print this page.
//!   --issuers FILE         Trust the issuers in FILE, a JSON list of entries as in issuers of
//!                          --config, which then has none. A change of FILE counts within five
//!                          seconds. While FILE cannot be used, the issuers stay as they are, and
//!                          /healthz says why.
//!   --no-client-documents  Do not let the development issuer advertise that clients may publish
//!                          themselves. Clients then register. For a machine that does not reach
//!                          the internet, or reaches it by way of a proxy.
//!   --offline-access       Let the development issuer advertise the scope offline_access. Clients
//!                          then get refresh tokens, and some refresh where they should request a
//!                          scope that is missing.
//!   --step-up              Let the metadata and the first 401 name the scope mcp:read alone, so
//!                          that clients request mcp:write when append_note needs it. Some clients
//!                          never do, and therefore the default names both scopes.
//!
//! It prints on standard output:
//!
//!   listening on http://127.0.0.1:3000   Once it accepts requests. In a browser, this address is a
//!                                        page with the URL for MCP clients.
//!   a token                              Valid for one hour. Not printed with --config.
//!   three curl commands                  Each on one line: who is calling, over HTTP; the same as
//!                                        an MCP tool; the response to a request without a token.
//!
//! It logs on standard error. RUST_LOG selects what; the default is warn,tower_jwt_auth=info.
//! The exit code is 0 after SIGINT or SIGTERM, and 2 when it cannot start.
//! ```
