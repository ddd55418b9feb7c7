//! Tokens that are refused before they expire: what is revoked, and the list of it in one process.
//!
//! Everything here is pure: no I/O, no task, and time is an argument. `store` fills the list from
//! what the processes of a fleet share, and the verifier asks it about each token, after the
//! signature or the memory of verified tokens and before the checks of the application.
//!
//! 1. [`Revocation`] is what a program asks for; [`Revocation::record`] makes a [`Record`] of it.
//! 2. [`Revocations`] is the list. [`apply`](Revocations::apply) adds records to it; a token has
//!    digests of the same form, which are looked up.
//! 3. Requests wait while there is no list to judge by: before it was read once, and after the
//!    process stood still. [`reader`] is what the reader of the list says about that.
//! 4. [`watch`] ends the open event streams of a token that was revoked.
//!
//! A token is never known by a hash of its bytes: an ECDSA signature has a second valid spelling.
//! And never by `jti` or `sub` alone, because these are names that its issuer gives.

mod list;
mod named;
mod reader;
mod record;
mod streams;
mod table;
mod waiting;
mod watch;

pub(crate) use list::{Looked, Revocations};
pub use named::Revocation;
pub(crate) use named::{RecordError, Terms};
pub(crate) use record::{Kind, Record};
#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
