//! Guides that go beyond a single item, sorted by what you need.
//!
//! # Build something
//!
//! - [`mcp`]: protect an MCP server, from an open rmcp server to sign-in, step-up, sessions,
//!   streams and browsers.
//! - [`several_issuers`]: users and machines, several tenants, an old and a new provider.
//! - [`proxies`]: behind nginx, an ingress, a load balancer or a gateway.
//! - [`testing`]: tests without a provider and without a network.
//! - [`recipes`]: beside other libraries: tower-http, OpenAPI, WebSockets, figment, OpenTelemetry,
//!   axum-login, actix-web, poem, Lambda, Kubernetes.
//! - [`migrate`]: from jwt-authorizer, axum-jwt-auth, oauth-resource-server, or a middleware around
//!   jsonwebtoken.
//!
//! # Connect it
//!
//! - [`providers`]: eighteen identity providers: the settings on both sides, and the pitfall of
//!   each.
//! - [`clients`]: what to set in MCP clients, above all when they cannot register themselves.
//!
//! # Run it
//!
//! - [`troubleshooting`]: why is my token refused? Where the reason is, and what to do about each.
//! - [`refusals`]: every check in order, and every response.
//! - [`operations`]: the life of a key set, readiness, events and alerts, restarts during an
//!   outage.
//! - [`proof_of_possession`]: tokens that are bound to a key of the client, and the settings of the
//!   proxies in front of your server.
//! - [`introspection`]: opaque tokens, and tokens that can be revoked.
//! - [`fleet`](fleet/index.html) (feature `redis`): many processes: shared keys, revocation, proofs
//!   and sessions.
//! - [`back_ends`]: features, crypto back ends, builds without C, FIPS, WASM.
//!
//! # Judge it
//!
//! - [`threat_model`]: trust boundaries, threats and defences, and your responsibilities.
//! - [`checklist`]: the MCP authorization spec row by row: your part, and the part of the layers.
//! - [`decisions`]: the choices made where specifications leave room, each with its reason.
//! - [`architecture`]: the folders of the source, the path of a request, and where a new feature
//!   goes.

pub mod architecture;
pub mod back_ends;
pub mod checklist;
pub mod clients;
pub mod decisions;
#[cfg(feature = "redis")]
pub mod fleet;
pub mod introspection;
pub mod mcp;
pub mod migrate;
pub mod operations;
pub mod proof_of_possession;
pub mod providers;
pub mod proxies;
pub mod recipes;
pub mod refusals;
pub mod several_issuers;
pub mod testing;
pub mod threat_model;
pub mod troubleshooting;
