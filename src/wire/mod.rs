//! The vocabulary of HTTP: reads headers and builds responses. Decides nothing.
//!
//! `caller`, `verifier` and the tower layers use it. It knows what a token error is, and nothing of
//! keys or of the verifier.

pub(crate) mod answers;
pub(crate) mod body;
pub(crate) mod challenge;
pub(crate) mod credentials;
pub(crate) mod future;
pub(crate) mod metadata;
pub(crate) mod rejection;
pub(crate) mod rejection_kind;
pub(crate) mod resource;
pub(crate) mod stream_expiry;
