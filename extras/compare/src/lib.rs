//! Compares the cost of a request behind this crate and behind its peers: the same tokens in the
//! same run, taking turns.
//!
//! ```sh
//! extras/compare/run           # builds, measures for two minutes, writes docs/compare.md and .svg
//! extras/compare/run --check   # only compiles and lints
//! ```

pub mod behaviour;
pub mod drive;
pub mod floor;
pub mod issuer;
pub mod machine;
pub mod measure;
pub mod peers;
pub mod plot;
pub mod process;
pub mod results;
pub mod rows;
pub mod table;
pub mod text;
pub mod timing;
pub mod token;
pub mod verdicts;
