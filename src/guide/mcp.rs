//! In front of an MCP server: rmcp with streamable HTTP.
//!
//! `cargo run --example mcp_server` runs what this page describes. The blocks that name rmcp or tower-http are not compiled here; they are
//! written for rmcp 3.11, axum 0.8 and tower-http 0.7.
//!
//! # Wiring
//!
//! ```text
//! let auth = JwtAuthLayer::new(
//!     JwtAuthConfig::builder()
//!         .resource("https://mcp.example.com/mcp")
//!         .issuer("https://idp.example.com")
//!         .required_scopes(["mcp:read"])
//!         .build()?,
//! );
//! let mcp = StreamableHttpService::new(
//!     || Ok(MyServer),
//!     Arc::new(LocalSessionManager::default()),
//!     StreamableHttpServerConfig::default()
//!         .with_allowed_hosts(["mcp.example.com"])
//!         .with_allowed_origins(["https://app.example.com:443"]),
//! );
//! let metadata = auth.resource_metadata().expect("resource is set").clone();
//! let app = Router::new()
//!     .route_service("/mcp", mcp)
//!     .route_layer(auth) // every method: POST, GET and DELETE
//!     .layer(cors) // outside of it, see below
//!     .merge(metadata.router()); // open
//! ```
//!
//! - `resource` is the URL that clients use, byte for byte. They send it as `resource` when they ask for a token (RFC 8707 §2), the issuer
//!   copies it into `aud`, and `aud` is compared with it byte for byte. The MCP spec asks for the form without a slash at the end.
//! - rmcp answers only loopback hosts unless `with_allowed_hosts` says otherwise, and checks `Origin` only when `with_allowed_origins` or
//!   `enforce_origin_validation` tells it to. The MCP spec demands that check.
//! - Prefer `route_service` to `nest_service`: the latter strips the prefix from the path, and the layer compares paths
//!   ([`open_paths`](crate::JwtAuthLayer::open_paths), the metadata) as it sees them.
//!
//! # Where the metadata goes
//!
//! A client that gets 401 reads `resource_metadata` from the challenge, or tries the well-known paths, and so finds the issuer (RFC 9728 §5).
//! For `https://mcp.example.com/mcp` the document is at `/.well-known/oauth-protected-resource/mcp`, and also at the root form
//! `/.well-known/oauth-protected-resource`. It must be open: behind authentication, some clients take the MCP server itself for the issuer.
//!
//! - With `Router::layer`, requests for unknown paths pass through the layer too, and it answers these by itself.
//! - With `Router::route_layer`, or a layer on single routes, it does not see them: merge
//!   [`ResourceMetadata`](crate::ResourceMetadata)'s router, or serve it as a tower service.
//! - A reverse proxy that forwards `/mcp` must forward the well-known paths as well.
//! - With several issuers the document lists them in the order of the configuration. Some clients use only the first.
//! - `scopes_supported` is `required_scopes` of the top level. Leave `offline_access` out of it: the MCP spec says so.
//!
//! # CORS
//!
//! Needed for clients in a browser only. `CorsLayer` goes outside the auth layer: preflights carry no token, and a browser shows a script no
//! 401 without CORS headers.
//!
//! ```text
//! let cors = CorsLayer::new()
//!     .allow_origin(["https://app.example.com".parse::<HeaderValue>()?])
//!     .allow_methods([Method::GET, Method::POST, Method::DELETE])
//!     .allow_headers(AllowHeaders::mirror_request())
//!     .expose_headers([
//!         header::WWW_AUTHENTICATE,
//!         header::RETRY_AFTER,
//!         HeaderName::from_static("mcp-session-id"),
//!         HeaderName::from_static("mcp-protocol-version"),
//!     ]);
//! ```
//!
//! - Allowed: `authorization` (a `*` does not cover it), `content-type`, `accept`, `mcp-protocol-version`, `mcp-session-id`,
//!   `last-event-id`, `mcp-method`, `mcp-name`, and `mcp-param-*`, whose names depend on the tool. Hence `mirror_request`.
//! - Exposed: without `WWW-Authenticate` a script cannot read the challenge, and falls back to the well-known paths.
//! - The metadata document brings its own CORS headers, for every origin. Merge it after `.layer(cors)`, as above, so that it keeps them.
//!
//! # The caller inside a tool
//!
//! rmcp puts the [`http::request::Parts`] of each request into the extensions of its message, and the layer has put
//! [`AuthInfo`](crate::AuthInfo) into theirs:
//!
//! ```text
//! #[tool(description = "says who is calling")]
//! async fn whoami(&self, ctx: RequestContext<RoleServer>) -> Result<String, ErrorData> {
//!     let auth = ctx
//!         .extensions
//!         .get::<http::request::Parts>()
//!         .and_then(|parts| parts.extensions.get::<AuthInfo>())
//!         .ok_or_else(|| ErrorData::internal_error("JwtAuthLayer is missing", None))?;
//!     Ok(format!("hello {}", auth.client_id()))
//! }
//! ```
//!
//! Fail when it is missing, as here. Read it in each call and never keep it in the handler: a session outlives a token, and the factory that
//! makes a handler sees no request.
//!
//! The parts also hold the headers. `Authorization` is marked sensitive, so `Debug` prints it as such, but code can read it; with
//! [`strip_authorization`](crate::JwtAuthConfigBuilder::strip_authorization) it is gone.
//!
//! # Scopes
//!
//! What every operation needs is `required_scopes`. What a route needs more:
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower_jwt_auth::{JwtAuthLayer, RequireScopesLayer};
//!
//! fn app(auth: JwtAuthLayer) -> Router {
//!     Router::new()
//!         .route("/mcp", post(|| async { "everybody's tools" }))
//!         .route(
//!             "/admin/mcp",
//!             post(|| async { "an administrator's" }).layer(RequireScopesLayer::new(["mcp:admin"])),
//!         )
//!         .route_layer(auth)
//! }
//! ```
//!
//! A token that lacks one gets 403 `insufficient_scope`, with all scopes that the operation needs in one challenge, `required_scopes`
//! included: some clients ask for just these next, and would lose the others. The challenge is the same each time; clients that see it twice
//! stop instead of asking their user for ever.
//!
//! The MCP spec wants broad scopes to imply narrow ones where the application has such. Say which do with
//! [`scope_hierarchy`](crate::JwtAuthConfigBuilder::scope_hierarchy).
//!
//! Inside a tool, [`AuthInfo::has_scope`](crate::AuthInfo::has_scope) asks the same question. An error of a tool travels in a JSON-RPC answer
//! with status 200 or 400, though, and no client steps up on that.
//!
//! # Sessions
//!
//! Every request is verified, whatever session it belongs to. But rmcp does not bind a session to its user: whoever has a good token of their
//! own and somebody else's `Mcp-Session-Id` is let into that session. Where handlers keep state per session, key it by
//! [`AuthInfo::principal`](crate::AuthInfo::principal), or turn sessions off with `with_legacy_session_mode(false)`. The protocol of 2026-07-28
//! has none; there, bind handles and `requestState` to the principal.
//!
//! # Not built yet
//!
//! - Scopes per tool, decided from `Mcp-Method` and `Mcp-Name` before rmcp sees the request.
//! - Binding of sessions to their user by a layer.
//! - Ending a stream when its token expires.
//! - DPoP (SEP-1932).
//!
//! # How clients read answers
//!
//! Why the answers are as they are, and what to keep in mind in a hook of [`on_rejection`](crate::JwtAuthLayer::on_rejection):
//!
//! - The login starts on 401, never on 400. A bad token is 401 for that reason, also where RFC 6750 §3.1 would allow `invalid_request`.
//! - 401 without `error` means "log in", with `invalid_token` "that token is no good".
//! - 503 keeps the client's token. A 401 during an outage would make clients throw good tokens away and ask their users to log in again.
//! - A 403 with any `WWW-Authenticate` is taken for a lack of scopes by some clients. A refusal that no scope mends must carry none.
//! - `scope=""`, two spaces after `Bearer`, a relative `resource_metadata`, or a description that holds `scope=` derail real clients.
