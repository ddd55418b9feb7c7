//! The map of the source. This page is the file `ARCHITECTURE.md` at the top of the package.
//!
#![doc = include_str!("../../ARCHITECTURE.md")]
