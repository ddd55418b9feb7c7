//! Our verdicts on what others publish: examples of the RFCs, test suites of other libraries, key
//! sets and tokens of identity providers.
//!
//! The data is no part of this project. `JWT_VECTORS` names the folder that holds it; without it
//! the suites that need it say so and pass, so that a checkout alone builds and tests; `.ci/run`
//! then fails. Raw signatures come with a crate and always run.
//!
//! ```text
//! JWT_VECTORS=/path/to/vectors cargo test --all-features --test vectors -- --nocapture
//! ```
//!
//! A verdict that differs from the data's must stand in `exceptions.json` with its reason, and must
//! really occur: an unexpected success is a failure too.

#![cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "CI reads the counts; a test may panic"
)]

mod base64_cases;
mod pairs;
mod providers;
mod raw;
mod rfc;
mod support;
mod tokens;
mod wycheproof;
