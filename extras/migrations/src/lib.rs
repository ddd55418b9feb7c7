//! The same small service before and after it moved to `tower-jwt-auth`: one file for each crate
//! that it came from. `guide::migrate` shows these blocks, and a test compares them with the page.
//!
//! | file | before |
//! | --- | --- |
//! | `jwt_authorizer.rs` | jwt-authorizer 0.15, a layer |
//! | `axum_jwt_auth.rs` | axum-jwt-auth 0.7, an extractor |
//! | `oauth_resource_server.rs` | oauth-resource-server 0.4, a layer |
//! | `by_hand.rs` | a middleware around `jsonwebtoken::decode` |
//!
//! The test of each file sends the same tokens to both services. It says what stays and what
//! becomes stricter.

pub mod axum_jwt_auth;
pub mod by_hand;
pub mod jwt_authorizer;
pub mod oauth_resource_server;

#[cfg(test)]
mod support;
