//! Tokens that are bound to a key of the client: a stolen one is worth nothing without it.
//!
//! - [`mtls`]: certificate-bound tokens (RFC 8705 §3), with TLS in your process or at a proxy.

pub mod mtls;
