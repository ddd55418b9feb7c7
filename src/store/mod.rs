//! What the processes of a fleet share, in a Redis or Valkey that the user runs already.
//!
//! Nobody who can write to the store may let a token in: what decides about one is sealed
//! ([`seal`]). And no token that a single process could judge needs the store.
//!
//! [`commands`] is what is asked of the server, one method for each command.

pub(crate) mod commands;
#[cfg(any(test, feature = "test-util"))]
pub(crate) mod memory;
pub(crate) mod seal;
