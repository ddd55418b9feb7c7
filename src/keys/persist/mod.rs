//! Key sets that outlive the process.

pub(super) mod file;
pub(super) mod seed;
