//! A tower layer that lets only callers with a valid OAuth 2.1 access token (JWT) reach a service.
//! It takes the bearer token of each request, verifies it with the keys of its issuer, which a
//! background task keeps up to date, and hands the verified caller to the service.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
//! use axum::{Router, routing::get};
//! use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};
//!
//! let config = JwtAuthConfig::builder()
//!     .resource("https://api.example.com") // this server: the `aud` of tokens
//!     .issuer("https://tenant.auth0.com/") // byte for byte their `iss`
//!     .build()?;
//! let app: Router = JwtAuthLayer::new(config)
//!     .protect(Router::new().route("/notes", get(notes)))
//!     .route("/healthz", get(|| async { "ok" })); // added afterwards: open
//!
//! async fn notes(auth: AuthInfo) -> String {
//!     format!("the notes of {}", auth.subject().unwrap_or("nobody"))
//! }
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! | --- | --- |
//! | an MCP server, from the first step | [`guide::mcp`], [`JwtAuthLayer::for_mcp`] |
//! | settings and defaults | [`JwtAuthConfig`], [`JwtAuthConfigBuilder`](config::JwtAuthConfigBuilder) |
//! | settings for an identity provider | [`guide::providers`] |
//! | the caller, in a handler | [`AuthInfo`], and with axum the extractor [`Claims`](struct.Claims.html) |
//! | scopes per route, per MCP operation | [`RequireScopesLayer`], [`McpScopesLayer`](mcp::McpScopesLayer) |
//! | sessions bound to their user, streams that end with the token | [`SessionBindingLayer`](mcp::SessionBindingLayer), [`StreamExpiry`](config::StreamExpiry) |
//! | why a token is refused | [`guide::troubleshooting`], [`guide::refusals`], [`Rejection`] |
//! | several issuers, a proxy, several servers on one host | [`guide::several_issuers`], [`guide::proxies`], [`MetadataRoutes`](service::MetadataRoutes) |
//! | your own tests | [`guide::testing`] |
//! | tower-http, OpenAPI, WebSockets, figment and others beside it | [`guide::recipes`] |
//! | a framework without tower | [`JwtVerifier`] |
//! | a deny list, a check of your own | [`JwtAuthConfigBuilder::check`](config::JwtAuthConfigBuilder::check) |
//! | keys from elsewhere, another HTTP client | [`KeySource`](keys::KeySource), [`HttpTransport`](keys::HttpTransport) |
//! | readiness, events, alerts, outages | [`guide::operations`], [`JwtAuthLayer::keys_health`] |
//! | moving from another crate | [`guide::migrate`] |
//! | tokens that are bound to a key or a certificate, opaque tokens | [`guide::proof_of_possession`], [`guide::introspection`] |
//! | many processes, revocation, logout | [`guide::fleet`](guide/fleet/index.html), feature `redis` |
//! | threats, decisions, the source | [`guide`] |
//!
//! # What happens to a request
//!
//! 1. A request for the protected resource metadata is answered, without a token (RFC 9728).
//! 2. An [open path](JwtAuthLayer::open_paths) goes on to the service.
//! 3. Exactly one bearer token is taken from the `Authorization` header (RFC 6750 §2.1).
//! 4. The token is verified, cheapest check first. If its key is missing, the request waits for one
//!    fetch, at most for the fetch timeout, and the token is verified once more.
//! 5. [`AuthInfo`] is put into the request's extensions, and the service is called.
//!
//! - A rejected request never reaches the service, and its body is not read, except by a
//!   [`DrainRefusedLayer`] further out.
//! - While the keys of an issuer are unavailable, the response is 503 rather than 401, so that
//!   clients keep their tokens.
//! - On every request that reaches the service, the `Authorization` header is marked sensitive, and
//!   an [`AuthInfo`] that an outer layer had put into the extensions has been removed or replaced.
//!
//! # Not supported
//!
//! - JWE, nested or not, and the JSON serialisations of JWS: compact JWS only.
//! - Ed448, ES256K, and any algorithm that is not in the list of
//!   [`algorithms`](config::JwtAuthConfigBuilder::algorithms).
//! - A token in the query or in a form body, although RFC 6750 §2.2 and §2.3 allow it.
//! - Signed metadata (RFC 9728 §2.2).
//! - Binding the sessions of HTTP+SSE, the MCP transport of 2024-11-05.
//!
//! # Features
//!
//! Features add API and never change a verdict. [`guide::back_ends`] says more about each.
//!
//! | feature | default | purpose |
//! | --- | --- | --- |
//! | `aws_lc_rs` | yes | the crypto back end, which contains C code; without a back end `build()` returns an error |
//! | `rust_crypto` | no | a back end in pure Rust, slower; if both are on, aws-lc-rs is used |
//! | `axum` | yes | `JwtAuthLayer::protect`, routers of the metadata, extractors, `IntoResponse` for [`Rejection`] |
//! | `jsonwebtoken` | yes | accepts keys and algorithms of that crate's types, and keys as PEM text |
//! | `redis` | no | `fleet::Fleet`: processes that share keys, revocations, used proofs and sessions |
//! | `reqwest` | yes | fetches key sets over HTTPS; without it keys are static or come from a [`KeySource`](keys::KeySource) |
//! | `schema` | no | a JSON Schema of the configuration file: `JsonSchema` for [`JwtAuthConfig`] and its builder |
//! | `metrics` | no | counters, gauges and a histogram for requests, for fetches and for the state of the keys |
//! | `tracing` | yes | events for rejections, with their reasons, and for the state of the keys |
//! | `test-util` | no | an issuer for tests, a fake clock, `AuthInfo::for_tests` |

#![cfg_attr(docsrs, feature(doc_cfg))]
// No token, request or fetched document may cause a panic. Tests may panic.
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

// Values that everything else is built from.
mod base;
mod crypto;
mod telemetry;

// One bounded HTTP exchange.
mod net;

// Pure functions: they take values and return a verdict.
mod jwks;
mod token;

// HTTP headers and responses.
mod wire;

// Fetching, refreshing and keeping keys.
pub mod keys;

// Proof of possession of a key, and tokens that are not JWTs.
pub mod introspection;
pub mod proof;

// Tokens that are refused before they expire.
#[cfg(feature = "redis")]
mod revocation;

// The verified caller, and the verdict on a token.
mod caller;
mod verifier;

// The tower layers.
mod authn;
mod authz;
mod drain;
pub mod mcp;

// What the processes of a fleet share.
#[cfg(feature = "redis")]
pub mod fleet;
#[cfg(feature = "redis")]
mod store;

// Configuration, guides and tools for tests.
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

// The public interface: the names that nearly every program uses are at the root, every other name
// is in exactly one module.
pub use authn::JwtAuthLayer;
pub use authz::{RequireBoundLayer, RequireScopesLayer};
pub use caller::AuthInfo;
#[cfg(feature = "axum")]
pub use caller::Claims;
pub use config::checked::JwtAuthConfig;
pub use config::error::ConfigError;
pub use crypto::Algorithm;
pub use drain::DrainRefusedLayer;
pub use verifier::JwtVerifier;
pub use wire::rejection::Rejection;

pub mod cors {
    //! The names of headers, for a CORS layer that lists them. It belongs outside the layers of
    //! this crate; [`guide::mcp`](crate::guide::mcp#6-let-browsers-in) has an example.

    pub use crate::wire::header_names::{ALLOW, EXPOSE};
}

pub mod error {
    //! The errors of tokens, of the configuration and of your own checks. The errors of keys are in
    //! [`keys`](crate::keys), the errors of sessions in [`mcp`](crate::mcp).

    pub use crate::base::url_rule::UrlError;
    pub use crate::caller::ClaimsError;
    pub use crate::config::error::{SecretError, SecretFileError, StaticKeyError, StoreUrlError};
    pub use crate::crypto::UnsupportedAlgorithm;
    pub use crate::token::{TokenError, TokenErrorKind};
    pub use crate::verifier::CheckError;
    pub use crate::wire::rejection::RejectionContext;
    pub use crate::wire::rejection_kind::RejectionKind;
}

pub mod service {
    //! The metadata documents as services and routes; and the services, futures and bodies of the
    //! layers, whose names you need only where a type must be written out.

    pub use crate::authn::{JwtAuth, MetadataRoutes, ResponseFuture};
    pub use crate::authz::{RequireBound, RequireScopes};
    pub use crate::drain::{DrainRefused, DrainRefusedFuture};
    pub use crate::wire::body::GuardedBody;
    pub use crate::wire::future::{Call, Guarded};
    pub use crate::wire::metadata::ResourceMetadata;
}

#[cfg(all(doctest, feature = "aws_lc_rs", feature = "axum", feature = "reqwest"))]
#[doc = include_str!("../README.md")]
struct Readme;
