//! Helpers for the tests of this crate only. They are not part of the public API, and semantic
//! versioning does not cover them.

pub mod dpop;
#[cfg(feature = "redis")]
pub mod fleet;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::base::numeric_date::NumericDate;
use crate::crypto::Algorithm;
use crate::jwks::{KeySet, KeySetOptions};
use crate::limits::MAX_PROOF_AGE;
use crate::proof::NonceMode;
use crate::proof::nonce::Nonces;
use crate::proof::replay::{Replay, Replays};
use crate::token::{TokenError, verify_jws, verify_raw};

/// The time at these Unix seconds, which may have a fraction.
///
/// # Panics
///
/// Panics if the seconds are negative, or too many for a `SystemTime`.
#[must_use]
pub fn unix(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

/// Verifies a token only as a JWS (RFC 7515 §5.2): shape, header rules, choice of key and
/// signature. No claim is checked. For test vectors whose payloads are not claims. Returns the
/// payload.
///
/// # Errors
///
/// Returns an error if the token or the key set is rejected.
pub fn verify_jws_only(jwks: &[u8], token: &str) -> Result<Vec<u8>, JwsError> {
    let keys = KeySet::parse(jwks, KeySetOptions::default()).map_err(JwsError::Keys)?;
    verify_jws(token, &keys).map_err(JwsError::Token)
}

/// Verifies a signature of any message with the key `jwk`. For test vectors whose messages are not
/// JWS.
///
/// # Errors
///
/// Returns an error if the key cannot be used or does not fit `algorithm`, or if the signature does
/// not verify.
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

/// The error of [`verify_jws_only`] and [`verify_raw_signature`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// The key set has no usable key.
    Keys(crate::keys::KeySetError),
    /// The token is rejected.
    Token(TokenError),
}

/// Returns how many keys of a set are usable, and why the others are not.
///
/// # Errors
///
/// Returns an error if the document is not a key set, or none of its keys is usable.
pub fn inspect_key_set(
    jwks: &[u8],
) -> Result<(usize, Vec<crate::keys::SkippedKey>), crate::keys::KeySetError> {
    let keys = KeySet::parse(jwks, KeySetOptions::default())?;
    Ok((keys.len(), keys.skipped().to_vec()))
}

/// The memory of used proofs, for benches. Times are Unix seconds.
pub struct UsedProofs(Replays);

impl UsedProofs {
    /// A memory of this many proofs, without a store.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        Self(Replays::new(entries, "https://mcp.example.com/mcp", None))
    }

    /// Records a proof that could be accepted up to `last_second`.
    ///
    /// # Errors
    ///
    /// Returns the status of the rejection.
    pub fn first_use(
        &self,
        jkt: &[u8; 32],
        jti: &str,
        last_second: u64,
        now: f64,
    ) -> Result<(), u16> {
        let used = self.0.first_use(jkt, jti, last_second, date(now));
        used.map_err(|replay| match replay {
            Replay::BelowFloor | Replay::StoreUnavailable => 503,
            Replay::KeyFull => 429,
            Replay::Used => 401,
        })
    }
}

/// The nonces of a server, for benches. Times are Unix seconds.
pub struct ServerNonces(Nonces);

impl ServerNonces {
    /// Nonces that are required and count for five minutes.
    #[must_use]
    pub fn new() -> Self {
        let secret = vec![vec![7; 32]];
        let (mode, resource) = (NonceMode::Required, "https://mcp.example.com/mcp");
        Self(Nonces::new(
            mode,
            MAX_PROOF_AGE,
            secret,
            resource,
            MAX_PROOF_AGE,
        ))
    }

    /// The nonce that is sent now.
    #[must_use]
    pub fn newest(&self, now: f64) -> http::HeaderValue {
        self.0.newest(date(now))
    }

    /// Whether a proof of this moment is fresh.
    #[must_use]
    pub fn is_good(&self, nonce: &str, now: f64) -> bool {
        let now = date(now);
        self.0.judge(Some(nonce), now, false, now).is_ok()
    }
}

impl Default for ServerNonces {
    fn default() -> Self {
        Self::new()
    }
}

fn date(seconds: f64) -> NumericDate {
    NumericDate::new(seconds).unwrap_or(NumericDate::FAR_FUTURE)
}

impl fmt::Debug for UsedProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsedProofs").finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerNonces").finish_non_exhaustive()
    }
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
