//! The layer over real sockets, with an issuer that is really there.
//!
//! Nothing here waits for real time to pass: what depends on the age of keys runs on a paused clock
//! ([`support::HeldClock`]).

#![cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod assembly;
mod availability;
mod events;
mod example;
mod keys;
mod mcp;
mod memory;
mod operations;
mod policies;
mod program;
mod refusals;
mod rejection;
mod requirements;
mod scopes;
mod sessions;
mod sign_in;
mod sign_in_refusals;
mod streams;
mod support;
mod wire;
