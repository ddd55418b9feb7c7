//! Key sets that outlive the process.
//!
//! Only `keys` calls it. When the process starts, [`seed`] returns the keys to start with, from the
//! file or from the configuration; later, the task in `refresh` saves each valid set with
//! [`mod@file`]. `shared` is what the processes of a fleet share, behind a trait that the store
//! implements.

pub(super) mod file;
pub(super) mod seed;
#[cfg(feature = "redis")]
pub(crate) mod shared;
