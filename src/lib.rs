//! A tower layer that turns any HTTP service into an OAuth 2.1 resource server: it takes the bearer
//! token of each request, verifies it against the keys of its issuer, and tells the service who
//! calls.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
//! use axum::{Extension, Router, routing::post};
//! use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};
//!
//! let config = JwtAuthConfig::builder()
//!     .resource("https://mcp.example.com/mcp") // this server, and the audience that a token must name
//!     .issuer("https://tenant.auth0.com/") // keys are found by discovery, or set .jwks_uri(..)
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/mcp", post(handler))
//!     .layer(JwtAuthLayer::new(config));
//!
//! async fn handler(Extension(auth): Extension<AuthInfo>) -> String {
//!     format!("hello {}", auth.client_id())
//! }
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! What a request meets, in order:
//!
//! 1. A request for the protected resource metadata is answered, without a token (RFC 9728).
//! 2. An [open path](JwtAuthLayer::open_paths) goes on to the service.
//! 3. Exactly one bearer token is taken from the `Authorization` header (RFC 6750 §2.1).
//! 4. The token is verified, cheapest check first. When its key is missing, the request waits for
//!    one fetch, at most the fetch timeout, and is looked at once more.
//! 5. [`AuthInfo`] goes into the extensions, the service is called.
//!
//! Whatever reaches the service, its `Authorization` header is marked sensitive, and an
//! [`AuthInfo`] that something further out left in the extensions is gone.
//!
//! A request that is refused never reaches the service, and its body is not read. While the keys of
//! an issuer cannot be had the answer is 503, not 401: clients keep their tokens.
//!
//! # Where to look
//!
//! | for | see |
//! | --- | --- |
//! | settings and defaults | [`JwtAuthConfig`], [`JwtAuthConfigBuilder`](config::JwtAuthConfigBuilder), [`limits`] |
//! | the caller, in a handler | [`AuthInfo`], and with axum the extractor `Claims` |
//! | scopes per route, per MCP operation | [`RequireScopesLayer`], [`McpScopesLayer`](mcp::McpScopesLayer) |
//! | an MCP server | [`JwtAuthLayer::for_mcp`], [`guide::mcp`], [`guide::checklist`] |
//! | sessions of their user, streams that end | [`SessionBindingLayer`](mcp::SessionBindingLayer), [`StreamExpiry`](config::StreamExpiry) |
//! | the caller where only parts are handed on | [`AuthInfoExt`](mcp::AuthInfoExt) |
//! | a framework without tower | [`JwtVerifier`] |
//! | keys from elsewhere | [`KeySource`](keys::KeySource) |
//! | a deny list, a check of your own | [`JwtAuthConfigBuilder::check`](config::JwtAuthConfigBuilder::check) |
//! | what a refused caller is told | [`Rejection`] |
//! | readiness and health | [`JwtAuthLayer::keys_health`], [`JwtAuthLayer::wait_for_keys`] |
//! | tests of your own | `test_util` (feature `test-util`) |
//! | settings for an identity provider | [`guide::providers`] |
//! | operation, threats, decisions | [`guide`] |
//!
//! # Features
//!
//! Features add API and never change a verdict.
//!
//! | feature | default | what for |
//! | --- | --- | --- |
//! | `aws_lc_rs` | yes | the crypto back end, with C code in it; without one `build()` says so |
//! | `rust_crypto` | no | a back end in Rust alone, slower; with both on aws-lc-rs is used |
//! | `axum` | yes | extractors, `IntoResponse` for [`Rejection`], `ResourceMetadata::router` |
//! | `jsonwebtoken` | yes | keys and algorithms in the types of that crate, and keys as PEM text |
//! | `reqwest` | yes | fetches key sets over HTTPS; without it keys are static or come from a [`KeySource`](keys::KeySource) |
//! | `metrics` | no | counters and gauges for refusals and the life of the keys |
//! | `tracing` | yes | reasons for refusals and the life of the keys, as events |
//! | `test-util` | no | an issuer for tests, a fake clock, `AuthInfo::for_tests` |

// No token, request or fetched document may reach a panic. Tests may.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
    )
)]

pub mod limits;

// Ground: values.
mod base;
mod crypto;
mod telemetry;

// One bounded HTTP exchange.
mod net;

// Pure: values in, verdict out.
mod jwks;
mod token;

// The vocabulary of HTTP.
mod wire;

// Keys over time.
pub mod keys;

// Who calls, and the verdict.
mod caller;
mod verifier;

// tower.
mod authn;
mod authz;
pub mod mcp;

// Assembly, prose and tools for tests.
pub mod config;
#[cfg(all(fuzzing, feature = "reqwest", feature = "test-util"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
#[cfg(feature = "test-util")]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "runs in tests, where a panic is a report"
)]
pub mod test_util;

// The public interface: what nearly every program names stands at the root, each other name once in
// one of the modules.
pub use authn::JwtAuthLayer;
pub use authz::RequireScopesLayer;
pub use caller::AuthInfo;
#[cfg(feature = "axum")]
pub use caller::Claims;
pub use config::checked::JwtAuthConfig;
pub use config::error::ConfigError;
pub use crypto::Algorithm;
pub use verifier::JwtVerifier;
pub use wire::rejection::Rejection;

pub mod error {
    //! What can go wrong: in a token, in a configuration, in a check of your own. The errors of
    //! keys are in [`keys`](crate::keys), those of sessions in [`mcp`](crate::mcp).

    pub use crate::base::url_rule::UrlError;
    pub use crate::caller::ClaimsError;
    pub use crate::config::error::StaticKeyError;
    pub use crate::crypto::UnsupportedAlgorithm;
    pub use crate::token::{TokenError, TokenErrorKind};
    pub use crate::verifier::CheckError;
    pub use crate::wire::rejection::RejectionContext;
    pub use crate::wire::rejection_kind::RejectionKind;
}

pub mod service {
    //! What the layers make: services, futures and bodies. You name them only where a type must be
    //! written out.

    pub use crate::authn::{JwtAuth, ResponseFuture};
    pub use crate::authz::RequireScopes;
    pub use crate::wire::body::GuardedBody;
    pub use crate::wire::future::{Call, Guarded};
    pub use crate::wire::metadata::ResourceMetadata;
}

#[cfg(all(doctest, feature = "aws_lc_rs", feature = "axum", feature = "reqwest"))]
#[doc = include_str!("../README.md")]
struct Readme;
