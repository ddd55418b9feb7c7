//! `tower-jwt-auth` beside other libraries: one file each to copy, with a test of what it claims.
//! `guide::recipes` has a section for each file, and says what to watch.
//!
//! | file | what |
//! | --- | --- |
//! | `routes.rs` | one layer, several routes with different settings |
//! | `layers.rs` | tower-http's layers, in order |
//! | `probes.rs` | the probes of Kubernetes, and a shutdown without lost requests |
//! | `open_telemetry.rs` | spans that name the caller and the reason of a rejection |
//! | `settings.rs` | figment: a file, then variables of the environment |
//! | `openapi.rs` | OpenAPI with utoipa, by a helper for plain JSON |
//! | `web_sockets.rs` | WebSockets: the handshake, and the end of the token |
//! | `sessions.rs` | axum-login beside it: pages with a login, an API with tokens |
//! | `actix.rs`, `poem_app.rs` | frameworks that are not tower |
//! | `lambda.rs` | AWS Lambda |

pub mod actix;
pub mod lambda;
pub mod layers;
pub mod open_telemetry;
pub mod openapi;
pub mod poem_app;
pub mod probes;
pub mod routes;
pub mod sessions;
pub mod settings;
pub mod web_sockets;

#[cfg(test)]
mod support;
