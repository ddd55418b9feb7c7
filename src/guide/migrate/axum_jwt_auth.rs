//! From axum-jwt-auth 0.7: an extractor in each handler.
//!
//! The check moves from the handlers into a layer around all of them. A handler that forgets the
//! extractor is then protected too. `Claims<T>` has the same name in both crates.
//!
//! # Before
//!
//! ```
//! # #[cfg(any())] // compiled in extras/migrations
//! # mod shown {
//! use std::sync::Arc;
//!
//! use axum::{Router, http::StatusCode, routing::get};
//! use axum_jwt_auth::{Claims, Decoder, Error, RemoteJwksDecoder};
//! use jsonwebtoken10::{Algorithm, Validation};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! pub struct User {
//!     sub: String,
//!     scope: String,
//! }
//!
//! pub async fn app(issuer: &str, jwks_url: &str) -> Result<Router, Error> {
//!     let mut validation = Validation::new(Algorithm::ES256);
//!     validation.validate_nbf = true;
//!     validation.set_audience(&["https://api.example.com"]);
//!     validation.set_issuer(&[issuer]);
//!     let decoder = RemoteJwksDecoder::builder()
//!         .jwks_url(jwks_url.to_owned())
//!         .validation(validation)
//!         .build()?;
//!     let decoder = Arc::new(decoder);
//!     decoder.initialize().await?; // fetches the keys, and again every hour
//!     let decoder: Decoder<User> = decoder;
//!     Ok(Router::new()
//!         .route("/notes", get(notes))
//!         .with_state(decoder))
//! }
//!
//! async fn notes(user: Claims<User>) -> Result<String, StatusCode> {
//!     let user = user.claims;
//!     if !user.scope.split(' ').any(|scope| scope == "notes:read") {
//!         return Err(StatusCode::FORBIDDEN);
//!     }
//!     Ok(format!("the notes of {}", user.sub))
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
//! #[derive(Deserialize)]
//! pub struct User {
//!     sub: String,
//! }
//!
//! pub fn app(issuer: &str, jwks_url: &str) -> Result<Router, ConfigError> {
//!     let config = JwtAuthConfig::builder()
//!         .resource("https://api.example.com")
//!         .issuer(issuer)
//!         .jwks_uri(jwks_url) // may be left out: it is found by discovery
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
//! | axum-jwt-auth | here |
//! | --- | --- |
//! | `RemoteJwksDecoder` with `jwks_url` | [`issuer`](crate::config::JwtAuthConfigBuilder::issuer), and [`jwks_uri`](crate::config::JwtAuthConfigBuilder::jwks_uri) if discovery does not find it |
//! | `LocalDecoder` | [`jwk`](crate::config::JwtAuthConfigBuilder::jwk), [`public_key_pem`](crate::config::JwtAuthConfigBuilder::public_key_pem), [`Jwk::secret`](crate::keys::Jwk::secret) |
//! | `set_audience`, `set_issuer`, `set_required_spec_claims` | `resource` and `issuer`; the claims are always required |
//! | `Validation::new(Algorithm::ES256)` | nothing: the key decides. [`algorithms`](crate::config::JwtAuthConfigBuilder::algorithms) narrows it |
//! | `decoder.initialize().await` | nothing, or [`wait_for_keys`](crate::JwtAuthLayer::wait_for_keys) |
//! | the shutdown token | nothing: the task ends with the last clone of the layer |
//! | state that holds the decoder | nothing |
//! | `Result<Claims<T>, AuthError>`, for callers without a token | [`optional`](crate::JwtAuthLayer::optional) and `Option<AuthInfo>` |
//! | tokens in cookies or other headers | [`token_sources`](crate::config::JwtAuthConfigBuilder::token_sources) |
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
//! A valid token is accepted, and a missing, expired or misdirected one gets 401, as before. A new
//! key of the issuer is accepted with the first token that names it; before, within the hour of the
//! timer, and tokens with an unknown key got 500. The process starts while the issuer is down.
