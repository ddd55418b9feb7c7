//! The crate behind real servers of others. Each test starts its own, on a free port and with a
//! folder of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod haproxy;
mod nginx;
mod support;
