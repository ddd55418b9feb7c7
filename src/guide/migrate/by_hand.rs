//! From a middleware around `jsonwebtoken::decode`.
//!
//! Such a middleware often begins as thirty lines, as here, and then needs a refresh of the keys, a
//! limit on it, timeouts, a response for outages, and challenges.
//!
//! # Before
//!
//! ```
//! # #[cfg(any())] // compiled in extras/migrations
//! # mod shown {
//! use std::collections::HashMap;
//! use std::sync::Arc;
//!
//! use axum::extract::{Request, State};
//! use axum::http::{StatusCode, header::AUTHORIZATION};
//! use axum::middleware::{Next, from_fn_with_state};
//! use axum::response::Response;
//! use axum::{Extension, Router, routing::get};
//! use jsonwebtoken::jwk::JwkSet;
//! use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
//! use serde::Deserialize;
//!
//! #[derive(Clone, Deserialize)]
//! pub struct User {
//!     sub: String,
//!     scope: String,
//! }
//!
//! struct Keys {
//!     by_kid: HashMap<String, DecodingKey>,
//!     issuer: String,
//! }
//!
//! pub async fn app(issuer: &str, jwks_url: &str) -> Result<Router, Box<dyn std::error::Error>> {
//!     let set: JwkSet = reqwest::get(jwks_url).await?.json().await?; // once, at the start
//!     let mut by_kid = HashMap::new();
//!     for jwk in &set.keys {
//!         let kid = jwk.common.key_id.clone().unwrap_or_default();
//!         by_kid.insert(kid, DecodingKey::from_jwk(jwk)?);
//!     }
//!     let issuer = issuer.to_owned();
//!     let keys = Arc::new(Keys { by_kid, issuer });
//!     Ok(Router::new()
//!         .route("/notes", get(notes))
//!         .route_layer(from_fn_with_state(keys, authenticate)))
//! }
//!
//! async fn authenticate(
//!     State(keys): State<Arc<Keys>>,
//!     mut request: Request,
//!     next: Next,
//! ) -> Result<Response, StatusCode> {
//!     let header = request.headers().get(AUTHORIZATION);
//!     let token = header
//!         .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
//!         .ok_or(StatusCode::UNAUTHORIZED)?;
//!     let user = verify(&keys, token).ok_or(StatusCode::UNAUTHORIZED)?;
//!     if !user.scope.split(' ').any(|scope| scope == "notes:read") {
//!         return Err(StatusCode::FORBIDDEN);
//!     }
//!     request.extensions_mut().insert(user);
//!     Ok(next.run(request).await)
//! }
//!
//! fn verify(keys: &Keys, token: &str) -> Option<User> {
//!     let header = decode_header(token).ok()?;
//!     let key = keys.by_kid.get(&header.kid?)?;
//!     let mut validation = Validation::new(header.alg);
//!     validation.set_audience(&["https://api.example.com"]);
//!     validation.set_issuer(&[&keys.issuer]);
//!     Some(decode::<User>(token, key, &validation).ok()?.claims)
//! }
//!
//! async fn notes(Extension(user): Extension<User>) -> String {
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
//! # What becomes stricter
//!
//! `set_audience` and `set_issuer` compare a claim only where the token has it, and `nbf` is
//! ignored unless you turn it on. Nothing looks at `typ` or `cnf`.
//!
//! | request | before | after |
//! | --- | --- | --- |
//! | a token without `aud`, or without `iss` | 200 | 401 |
//! | a token whose `nbf` lies in the future | 200 | 401 |
//! | a token that is no access token, such as a logout token (`typ`) | 200 | 401 |
//! | a token that is bound to a key (`cnf`), sent without its proof | 200 | 401 |
//! | two `Authorization` headers | 200 | 400 |
//! | a token with a new key of the issuer | 401 until a restart | 200 |
//!
//! A valid token is accepted, and a missing, expired or misdirected one gets 401, as before. A 401
//! now says where to sign in, and a 403 which scope is missing.
//!
//! # If you keep your own middleware
//!
//! [`JwtVerifier`](crate::JwtVerifier) makes the same checks without the layer. `verify_request`
//! takes the parts of a request, and the [`Rejection`](crate::Rejection) that it returns has the
//! status, the challenge and the body. [`recipes`](super::super::recipes) does so for actix-web and
//! poem.
//!
//! Keys that you have as types of jsonwebtoken go into [`jwk`](crate::config::JwtAuthConfigBuilder::jwk)
//! and [`jwks`](crate::config::JwtAuthConfigBuilder::jwks) with the feature `jsonwebtoken`, which
//! is on by default.
