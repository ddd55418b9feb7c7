//! A fleet against a real Redis or Valkey, which each test starts for itself. Every process of the
//! fleet connects as the user that the guide gives, which may do no more than it needs.
//!
//! `FLEET_SERVER` names the program; without it `redis-server` is started. Tests wait for states,
//! for 15 seconds at most.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clocks;
mod keys;
mod passwords;
mod poison;
mod proofs;
mod revocation;
mod served;
mod sessions;
mod sources;
mod store;
mod support;
mod three_primaries;
mod tls;
