//! Reads HTTP headers and builds responses. Makes no decision about a request.
//!
//! `caller`, `verifier` and the tower layers call it. It knows the errors of tokens, but neither
//! keys nor the verifier. For each request: `credentials` finds the token in one of the places that
//! `token_source` names; if the request is rejected, `answers` makes the `rejection`, with its
//! `challenge`; `future` returns the response of the layer or of the service; `body` ends an event
//! stream at the time that `stream_expiry` sets, when the `trust` in its issuer ends, or when the
//! `revocation_watch` says so. `metadata` is the document of RFC 9728, and `metadata_watch` notices
//! when challenges name it and no client gets it.

pub(crate) mod answers;
pub(crate) mod body;
pub(crate) mod challenge;
pub(crate) mod credentials;
pub(crate) mod future;
pub(crate) mod header_names;
pub(crate) mod metadata;
pub(crate) mod metadata_watch;
pub(crate) mod rejection;
pub(crate) mod rejection_kind;
pub(crate) mod resource;
pub(crate) mod response_nonce;
#[cfg(feature = "redis")]
pub(crate) mod revocation_watch;
pub(crate) mod stream_expiry;
pub(crate) mod token_source;
pub(crate) mod trust;
