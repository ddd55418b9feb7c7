//! Key sets that outlive the process.
//!
//! Only `keys` calls it. When the process starts, [`seed`] returns the keys to start with, from the
//! file or from the configuration; later, the task in `refresh` saves each valid set with
//! [`mod@file`].

pub(super) mod file;
pub(super) mod seed;
