//! The public interface, in folders that mirror the source. `support` holds what all of them use.
//!
//! No test waits for real time to pass: tests that depend on the age of keys run on a paused clock
//! ([`support::HeldClock`]).

#![cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authn;
mod authz;
mod catalogue;
mod drain;
mod example;
#[cfg(feature = "redis")]
mod fleet;
mod guide;
mod introspection;
mod issuers;
mod keys;
mod mcp;
#[cfg(feature = "metrics")]
mod metrics;
mod proof;
mod public_api;
mod refusals;
mod requirements;
mod support;
mod telemetry;
mod telemetry_field;
mod telemetry_secrets;
