//! From oauth-resource-server 0.4: a layer, a validator and the metadata.
//!
//! Both crates have the same parts, so this is a change of names.
//!
//! # Before
//!
//! ```
//! # #[cfg(any())] // compiled in extras/migrations
//! # mod shown {
//! use std::error::Error;
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use oauth_resource_server::axum::{AuthLayer, metadata_router};
//! use oauth_resource_server::{AuthorizedToken, KeyNaming, OAuthConfig, OAuthValidator};
//!
//! pub fn app(issuer: &str) -> Result<Router, Box<dyn Error>> {
//!     let config = OAuthConfig {
//!         enabled: true,
//!         issuer: issuer.to_owned(),
//!         audience: "https://api.example.com".to_owned(),
//!         resource: "https://api.example.com".to_owned(),
//!         required_scope: Some("notes:read".to_owned()),
//!         ..OAuthConfig::default()
//!     };
//!     let config = config
//!         .resolve(KeyNaming::Dotted("oauth"))?
//!         .ok_or("not enabled")?;
//!     let oauth = Arc::new(OAuthValidator::new(&config)?);
//!     oauth.spawn_background_refresh();
//!     let auth = AuthLayer::builder().oauth(Arc::clone(&oauth)).build()?;
//!     Ok(Router::new()
//!         .route("/notes", get(notes))
//!         .route_layer(auth)
//!         .merge(metadata_router(Some(oauth))))
//! }
//!
//! async fn notes(token: AuthorizedToken) -> String {
//!     format!(
//!         "the notes of {}",
//!         token.subject.as_deref().unwrap_or("nobody")
//!     )
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "axum", feature = "reqwest"))]
//! # mod page {
//! use axum::{Router, routing::get};
//! use tower_jwt_auth::{AuthInfo, ConfigError, JwtAuthConfig, JwtAuthLayer};
//!
//! pub fn app(issuer: &str) -> Result<Router, ConfigError> {
//!     let config = JwtAuthConfig::builder()
//!         .resource("https://api.example.com")
//!         .issuer(issuer)
//!         .required_scopes(["notes:read"])
//!         .build()?;
//!     let routes = Router::new().route("/notes", get(notes));
//!     Ok(JwtAuthLayer::new(config).protect(routes))
//! }
//!
//! async fn notes(auth: AuthInfo) -> String {
//!     format!("the notes of {}", auth.subject().unwrap_or("nobody"))
//! }
//! # }
//! ```
//!
//! # What moves where
//!
//! | oauth-resource-server | here |
//! | --- | --- |
//! | `OAuthConfig`, `resolve`, `OAuthValidator` | [`JwtAuthConfig`](crate::JwtAuthConfig); it is deserialized without a second step |
//! | `issuer`, `audience`, `resource` | the same names; `audience` is `resource` unless set |
//! | `required_scope` | [`required_scopes`](crate::config::JwtAuthConfigBuilder::required_scopes) |
//! | `spawn_background_refresh` | nothing: the task starts by itself |
//! | `AuthLayer` or `HttpAuthLayer` with `metadata_router` | [`protect`](crate::JwtAuthLayer::protect), or the layer and [`metadata_router`](crate::JwtAuthLayer::metadata_router) |
//! | `Credential`, `AuthorizedToken` | [`AuthInfo`](crate::AuthInfo) |
//! | `RequireScopes`, `Scoped<S>` | [`RequireScopesLayer`](crate::RequireScopesLayer) |
//! | `McpToolScopes` | [`McpScopesLayer`](crate::mcp::McpScopesLayer) |
//! | `scope_claims`, `allowed_client_ids` | [`scope_claims`](crate::config::JwtAuthConfigBuilder::scope_claims); [`check`](crate::config::JwtAuthConfigBuilder::check) on `client_id()` |
//! | `on_reject` | [`on_rejection`](crate::JwtAuthLayer::on_rejection) |
//! | `TestAuthority` (feature `testing`) | [`TestIssuer`](crate::test_util::TestIssuer) (feature `test-util`) |
//! | several issuers: a validator each | [several issuers](super::super::several_issuers) in one layer |
//! | static API keys beside OAuth | none: [`optional`](crate::JwtAuthLayer::optional) and a layer of your own that looks at them |
//!
//! # What changes
//!
//! | request | before | after |
//! | --- | --- | --- |
//! | two `Authorization` headers | 200 | 400 |
//!
//! All other requests of the test get the same status: a valid token is accepted, and a missing,
//! expired, misdirected or key-bound one gets 401, as does one of another type. While no keys have
//! been fetched, tokens get 503 and not 401, so that clients keep them. A 401 without a token has
//! no `error` in its challenge (RFC 6750 §3.1).
