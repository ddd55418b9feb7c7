//! Basic types of the crate: times, scopes, URL rules.
//!
//! Every folder may import this one. It imports nothing of the crate but [`limits`](crate::limits)
//! and does no I/O. Only [`clock`] reads the clocks; everything else takes the time as an argument.

pub(crate) mod byte_order_mark;
pub(crate) mod clock;
pub(crate) mod equal_bytes;
pub(crate) mod escape;
pub(crate) mod facts;
pub(crate) mod hex;
pub(crate) mod numeric_date;
pub(crate) mod panics;
pub(crate) mod proof_fault;
pub(crate) mod scopes;
pub(crate) mod secret;
pub(crate) mod url_rule;
