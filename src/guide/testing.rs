//! Tests of a protected service, without an identity provider and without a network.
//!
//! Turn the feature on for tests alone. In a production build it would let any code make a caller:
//!
//! ```toml
//! [dependencies]
//! tower-jwt-auth = "0.1"
//!
//! [dev-dependencies]
//! tower-jwt-auth = { version = "0.1", features = ["test-util"] }
//!
//! # For the examples on this page.
//! serde_json = "1"
//! tokio = { version = "1", features = ["full"] }
//! tower = { version = "0.5", features = ["util"] }
//! ```
//!
//! There are three levels. Most tests belong to the first.
//!
//! # 1. A handler, with a caller of your choice
//!
//! [`AuthInfo::for_tests`](crate::AuthInfo) makes a caller from claims. There is no token, and
//! nothing is verified.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "test-util"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::http::StatusCode;
//! use tower_jwt_auth::AuthInfo;
//!
//! async fn delete(auth: AuthInfo) -> StatusCode {
//!     match auth.has_scope("notes:write") {
//!         true => StatusCode::NO_CONTENT,
//!         false => StatusCode::FORBIDDEN,
//!     }
//! }
//!
//! let caller = |scope: &str| AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": scope}));
//! assert_eq!(delete(caller("notes:read notes:write")).await, StatusCode::NO_CONTENT);
//! assert_eq!(delete(caller("notes:read")).await, StatusCode::FORBIDDEN);
//! # }
//! # #[cfg(not(all(feature = "axum", feature = "test-util")))]
//! # fn main() {}
//! ```
//!
//! A [`check`](crate::config::JwtAuthConfigBuilder::check) is a function of a caller, and is tested
//! in the same way.
//!
//! # 2. The routes, without the layer
//!
//! An `Extension` takes the place of the layer. Extractors,
//! [`RequireScopesLayer`](crate::RequireScopesLayer) and
//! [`McpScopesLayer`](crate::mcp::McpScopesLayer) take the caller from it.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "test-util"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::{Extension, Router, routing::get};
//! use tower::ServiceExt as _;
//! use tower_jwt_auth::{AuthInfo, RequireScopesLayer};
//!
//! /// Your routes; the program puts `auth.protect(..)` around them.
//! fn routes() -> Router {
//!     let notes = get(|auth: AuthInfo| async move { format!("{:?}", auth.subject()) });
//!     Router::new().route("/notes", notes.layer(RequireScopesLayer::new(["notes:read"])))
//! }
//!
//! let alice = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": "notes:read"}));
//! let request = Request::get("/notes").body(Body::empty()).unwrap();
//! let response = routes().layer(Extension(alice)).oneshot(request).await.unwrap();
//! assert_eq!(response.status(), StatusCode::OK);
//! # }
//! # #[cfg(not(all(feature = "axum", feature = "test-util")))]
//! # fn main() {}
//! ```
//!
//! # 3. The whole service, with real tokens
//!
//! A few tests prove that the layer is in place, and that the configuration says what you meant.
//! [`TestIssuer`] is an issuer on the loopback interface. [`mint`] begins a valid token, and a test
//! changes one thing of it:
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "axum", feature = "reqwest"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::{Router, routing::get};
//! use tower::ServiceExt as _;
//! use tower_jwt_auth::test_util::TestIssuer;
//! use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
//!
//! const API: &str = "https://api.example.com";
//!
//! let issuer = TestIssuer::start();
//! let config = JwtAuthConfig::builder().resource(API).issuer(issuer.issuer());
//! let config = config.required_scopes(["notes:read"]).build().unwrap();
//! let routes = Router::new().route("/notes", get(|| async { "notes" }));
//! let app = JwtAuthLayer::new(config).protect(routes);
//!
//! let good = issuer.mint(API).subject("alice").scope("notes:read");
//! for (token, expected) in [
//!     (good.clone(), StatusCode::OK),
//!     (good.clone().scope("notes:write"), StatusCode::FORBIDDEN),
//!     (good.clone().claim("aud", "https://other.example.com"), StatusCode::UNAUTHORIZED),
//!     (good.clone().claim("exp", 1_000_000_000), StatusCode::UNAUTHORIZED),
//!     (good.header("typ", "logout+jwt"), StatusCode::UNAUTHORIZED),
//! ] {
//!     let request = Request::get("/notes")
//!         .header("authorization", format!("Bearer {}", token.sign()))
//!         .body(Body::empty());
//!     let response = app.clone().oneshot(request.unwrap()).await.unwrap();
//!     assert_eq!(response.status(), expected);
//! }
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "axum", feature = "reqwest")))]
//! # fn main() {}
//! ```
//!
//! - The audience is the `resource` of the configuration, so it need not be the address of the
//!   test.
//! - Start one issuer per test: it costs a thread and a port, and tests do not disturb each other.
//! - A provider file of yours can be tested in the same way: deserialize it as a
//!   [`JwtAuthConfigBuilder`](crate::config::JwtAuthConfigBuilder), and replace `issuer` by that of
//!   the test. `mint` makes an RFC 9068 token; add what the setting of your provider asks for, such
//!   as `.claim("typ", "Bearer")` with `"keycloak": true`. If a test gets 401, print the
//!   `Rejection`.
//!
//! # Why was it rejected?
//!
//! The layer leaves the [`Rejection`](crate::Rejection) in the extensions of the response, so a
//! test can tell one 401 from another:
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
//! # let issuer = tower_jwt_auth::test_util::TestIssuer::start();
//! # let builder = JwtAuthConfig::builder().resource("https://api.example.com").issuer(issuer.issuer());
//! # let verifier = JwtVerifier::new(builder.build().unwrap());
//! # let token = issuer.mint("https://other.example.com").sign();
//! # let mut response = http::Response::new(());
//! # response.extensions_mut().insert(verifier.verify(&token).await.unwrap_err());
//! use tower_jwt_auth::Rejection;
//!
//! let rejection = response.extensions().get::<Rejection>().unwrap();
//! assert_eq!(rejection.token_error().unwrap().kind().code(), "audience_unknown");
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util")))]
//! # fn main() {}
//! ```
//!
//! # Time, keys and outages
//!
//! No test needs to wait. [`FakeClock`] replaces the wall clock, which decides when tokens expire;
//! `tokio::time::pause` stops the clock by which keys age.
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use std::time::{Duration, SystemTime};
//! use tower_jwt_auth::test_util::{FakeClock, TestIssuer};
//! use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
//!
//! let (issuer, clock) = (TestIssuer::start(), FakeClock::at(SystemTime::now()));
//! let config = JwtAuthConfig::builder().resource("https://api.example.com").issuer(issuer.issuer());
//! let verifier = JwtVerifier::new(config.clock(&clock).build().unwrap());
//! let token = issuer.mint("https://api.example.com").sign(); // for an hour
//!
//! assert!(verifier.verify(&token).await.is_ok());
//! clock.set(SystemTime::now() + Duration::from_secs(2 * 3600));
//! assert_eq!(verifier.verify(&token).await.unwrap_err().status(), 401);
//!
//! clock.set(SystemTime::now());
//! issuer.rotate(); // a new key signs from now on
//! let token = issuer.mint("https://api.example.com").sign();
//! assert!(verifier.verify(&token).await.is_ok());
//! assert_eq!(issuer.fetches(), 2);
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util")))]
//! # fn main() {}
//! ```
//!
//! [`go_down`] closes the port of the issuer, [`fail`] makes it answer with a status, a cut or a
//! hanging response, and [`serve_document`] makes it publish whatever you like.
//!
//! The example `testing_handlers` has tests to copy.
//!
//! [`FakeClock`]: crate::test_util::FakeClock
//! [`TestIssuer`]: crate::test_util::TestIssuer
//! [`fail`]: crate::test_util::TestIssuer::fail
//! [`go_down`]: crate::test_util::TestIssuer::go_down
//! [`mint`]: crate::test_util::TestIssuer::mint
//! [`serve_document`]: crate::test_util::TestIssuer::serve_document
