//! What the tests of this crate need and nobody else: not part of the interface, and not bound by
//! its versions.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::crypto::Algorithm;
use crate::jwks::{KeySet, KeySetOptions};
use crate::token::{TokenError, verify_jws, verify_raw};

/// The time at these Unix seconds, which may have a fraction.
///
/// # Panics
///
/// For seconds below zero, or beyond what a time can hold.
#[must_use]
pub fn unix(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

/// Verifies only what a JWS is (RFC 7515 §5.2): shape, header rules, choice of key and signature;
/// no claim is looked at. For test vectors whose payloads are no claims. Returns the payload.
///
/// # Errors
///
/// What is wrong with the token, or with the key set.
pub fn verify_jws_only(jwks: &[u8], token: &str) -> Result<Vec<u8>, JwsError> {
    let keys = KeySet::parse(jwks, KeySetOptions::default()).map_err(JwsError::Keys)?;
    verify_jws(token, &keys).map_err(JwsError::Token)
}

/// Verifies a signature of anything, under the one key that `jwk` is. For test vectors whose
/// messages are no JWS.
///
/// # Errors
///
/// When the key cannot be used, does not fit `algorithm`, or the signature does not verify.
pub fn verify_raw_signature(
    jwk: &serde_json::Value,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), JwsError> {
    let set = serde_json::json!({"keys": [jwk]}).to_string();
    let keys = KeySet::parse(set.as_bytes(), KeySetOptions::default()).map_err(JwsError::Keys)?;
    verify_raw(&keys, algorithm, message, signature).map_err(JwsError::Token)
}

/// Why [`verify_jws_only`] or [`verify_raw_signature`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// The key set has no usable key.
    Keys(crate::keys::KeySetError),
    /// The token is refused.
    Token(TokenError),
}

/// How many keys of a set are usable, and why the others are not.
///
/// # Errors
///
/// When the document is no key set, or none of its keys is usable.
pub fn inspect_key_set(
    jwks: &[u8],
) -> Result<(usize, Vec<crate::keys::SkippedKey>), crate::keys::KeySetError> {
    let keys = KeySet::parse(jwks, KeySetOptions::default())?;
    let skipped = keys.skipped().iter().map(|key| crate::keys::SkippedKey {
        kid: key.kid.clone(),
        reason: key.reason,
    });
    Ok((keys.len(), skipped.collect()))
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for JwsError {}
