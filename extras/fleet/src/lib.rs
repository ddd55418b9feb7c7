//! Many processes with the feature `redis`: a demonstration, the measurement for `docs/fleet.md`,
//! and what the tests of `extras/servers` start.
#![allow(
    clippy::expect_used,
    reason = "a measurement that cannot go on has failed"
)]

pub mod demonstration;
pub mod failures;
pub mod fault_proxy;
pub mod issuer;
pub mod load;
pub mod measure;
pub mod replica;
pub mod store_cluster;
pub mod store_server;
