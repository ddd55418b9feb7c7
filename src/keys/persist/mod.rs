//! Key sets that outlive the process.
//!
//! [`seed`] gives the keys to start with, from the file or from the configuration; the task in
//! `refresh` saves each good set with [`mod@file`].

pub(super) mod file;
pub(super) mod seed;
