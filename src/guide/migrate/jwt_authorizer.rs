//! From jwt-authorizer 0.15: a layer with a `check` and typed claims.
//!
//! The layer stays a layer, and `JwtClaims<T>` becomes [`Claims<T>`](crate::Claims). jwt-authorizer
//! works with axum 0.7, and this crate with axum 0.8.
//!
//! # Before
//!
//! ```
//! # #[cfg(any())] // compiled in extras/migrations
//! # mod shown {
//! use axum07::{Router, routing::get};
//! use jwt_authorizer::error::InitError;
//! use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
//! use serde::Deserialize;
//!
//! #[derive(Clone, Deserialize)]
//! pub struct User {
//!     sub: String,
//!     scope: String,
//! }
//!
//! pub async fn app(issuer: &str) -> Result<Router, InitError> {
//!     let validation = Validation::new()
//!         .iss(&[issuer])
//!         .aud(&["https://api.example.com"])
//!         .nbf(true);
//!     let auth: Authorizer<User> = JwtAuthorizer::from_oidc(issuer)
//!         .validation(validation)
//!         .check(|user: &User| user.scope.split(' ').any(|scope| scope == "notes:read"))
//!         .build()
//!         .await?;
//!     Ok(Router::new()
//!         .route("/notes", get(notes))
//!         .layer(auth.into_layer()))
//! }
//!
//! async fn notes(JwtClaims(user): JwtClaims<User>) -> String {
//!     format!("the notes of {}", user.sub)
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
//! use serde::Deserialize;
//! use tower_jwt_auth::{Claims, ConfigError, JwtAuthConfig, JwtAuthLayer};
//!
//! #[derive(Clone, Deserialize)]
//! pub struct User {
//!     sub: String,
//! }
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
//! async fn notes(Claims(user): Claims<User>) -> String {
//!     format!("the notes of {}", user.sub)
//! }
//! # }
//! ```
//!
//! # What moves where
//!
//! | jwt-authorizer | here |
//! | --- | --- |
//! | `from_oidc(issuer)` | [`issuer`](crate::config::JwtAuthConfigBuilder::issuer) |
//! | `from_jwks_url(url)` | [`jwks_uri`](crate::config::JwtAuthConfigBuilder::jwks_uri), and `issuer` |
//! | `from_jwks_text`, `from_rsa_pem_text`, `from_secret` | [`jwks`](crate::config::JwtAuthConfigBuilder::jwks), [`public_key_pem`](crate::config::JwtAuthConfigBuilder::public_key_pem), [`Jwk::secret`](crate::keys::Jwk::secret) |
//! | `Validation::aud` | [`resource`](crate::config::JwtAuthConfigBuilder::resource), or [`audience`](crate::config::JwtAuthConfigBuilder::audience) |
//! | `check` on scopes | [`required_scopes`](crate::config::JwtAuthConfigBuilder::required_scopes), [`RequireScopesLayer`](crate::RequireScopesLayer) |
//! | `check` on anything else | [`check`](crate::config::JwtAuthConfigBuilder::check) |
//! | several authorizers | [several issuers](super::super::several_issuers) |
//! | `Refresh` | [`jwks_cache`](crate::config::JwtAuthConfigBuilder::jwks_cache), whose defaults suit most |
//! | `JwtSource::Cookie` | [`TokenSource::cookie`](crate::config::TokenSource::cookie) |
//! | its tonic feature | `extras/frameworks/src/grpc.rs` in the repository |
//!
//! # What becomes stricter
//!
//! | request | before | after |
//! | --- | --- | --- |
//! | a token without `aud`, or without `iss` | 200 | 401 |
//! | a token that is no access token, such as a logout token (`typ`) | 200 | 401 |
//! | a token that is bound to a key (`cnf`), sent without its proof | 200 | 401 |
//! | two `Authorization` headers | 200 | 400 |
//!
//! A valid token is accepted, and a missing, expired or misdirected one gets 401, as before. A 403
//! now has a challenge that names the scope. The keys are refreshed in the background; before, the
//! request that met an unknown `kid` fetched them, and at most every ten minutes.
