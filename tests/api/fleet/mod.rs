//! Several processes of one fleet, on a store in memory and a paused clock.

mod keys;
mod logout;
mod proofs;
mod revocation;
mod sessions;
mod store;
mod stream;

/// Secrets of a fleet.
const A: &[u8] = &[1; 32];
const B: &[u8] = &[2; 32];
