//! How to set up `tower-jwt-auth` with other frameworks: one file each, with a test that runs it.
//!
//! | file | framework | what reaches the handler |
//! | --- | --- | --- |
//! | `rmcp_axum.rs` | rmcp in an axum router | `AuthInfo` |
//! | `rmcp_hyper.rs` | rmcp on plain hyper | `AuthInfo` |
//! | `tower_mcp.rs` | tower-mcp | `AuthInfo`, bridged |
//! | `grpc.rs` | tonic | `AuthInfo` |
//! | `rust_mcp_sdk.rs` | rust-mcp-sdk, which drops the extensions of requests | its own `AuthInfo`, made from ours by `JwtVerifier` |
//!
//! `bound_tokens.rs` tests tokens that are bound to a key (DPoP) on plain hyper, over HTTP/1 and
//! HTTP/2.

pub mod grpc;
pub mod rmcp_axum;
pub mod rmcp_hyper;
pub mod rust_mcp_sdk;
pub mod tower_mcp;

#[cfg(test)]
mod bound_tokens;
#[cfg(test)]
mod support;
