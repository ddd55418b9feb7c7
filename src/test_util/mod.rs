//! An issuer for tests and examples: it listens on the loopback interface, publishes keys and
//! metadata, mints tokens of every algorithm, rotates keys, fails on command and counts fetches.
//!
//! Not for production: its keys live in memory, and it gives tokens to whoever asks the object.
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tower_jwt_auth::test_util::TestIssuer;
//! use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
//!
//! let issuer = TestIssuer::start();
//! let verifier = JwtVerifier::new(
//!     JwtAuthConfig::builder().resource("http://127.0.0.1:3000/mcp").issuer(issuer.issuer()).build()?,
//! );
//! let token = issuer.mint("http://127.0.0.1:3000/mcp").subject("alice").scope("mcp:read").sign();
//! let auth = verifier.verify(&token).await?;
//! assert_eq!(auth.subject(), Some("alice"));
//! assert_eq!(issuer.fetches(), 1);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest")))]
//! # fn main() {}
//! ```

mod issuer;
mod key;
mod server;
mod state;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use issuer::TestIssuer;
pub use key::TestKey;
pub use state::Fault;
pub use token::TokenBuilder;

use crate::base::clock::Clock;
use crate::caller::AuthInfo;
use crate::crypto::Algorithm;
use crate::jwks::{KeySet, KeySetOptions};
use crate::token::{TokenError, verified_of_claims, verify_jws, verify_raw};
use crate::wire::credentials::Credentials;

/// A wall clock that stands where it is put. Clones stand with it.
///
/// Only the wall clock, by which tokens live: the age of keys is measured by tokio's clock, which
/// `tokio::time::pause` stops.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    /// A clock that stands at `unix_seconds`.
    #[must_use]
    pub fn at(unix_seconds: f64) -> Self {
        Self(Arc::new(AtomicU64::new(unix_seconds.to_bits())))
    }

    /// Puts the clock to `unix_seconds`, ahead or back.
    pub fn set(&self, unix_seconds: f64) {
        self.0.store(unix_seconds.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn as_clock(&self) -> Clock {
        Clock::Fake(self.0.clone())
    }
}

impl AuthInfo {
    /// A caller with these claims, for tests of handlers. Absent `iss`, `aud` and `exp` are filled
    /// in (`https://issuer.test`, `https://resource.test`, the year 2100); there is no token.
    ///
    /// # Panics
    ///
    /// When the claims are not an object, or one of them has a type that the verifier refuses.
    ///
    /// ```
    /// use tower_jwt_auth::AuthInfo;
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": "notes:read"}));
    /// assert!(auth.has_scope("notes:read"));
    /// ```
    #[must_use]
    pub fn for_tests(mut claims: serde_json::Value) -> Self {
        let members = claims.as_object_mut().expect("claims are an object");
        for (name, value) in [
            ("iss", serde_json::json!("https://issuer.test")),
            ("aud", serde_json::json!("https://resource.test")),
            ("exp", serde_json::json!(4_102_444_800_u64)),
        ] {
            members.entry(name).or_insert(value);
        }
        let verified = verified_of_claims(&claims.to_string());
        Self::new(
            verified.expect("the claims have the types of RFC 7519"),
            Credentials::new(http::HeaderValue::from_static(""), 0),
            Arc::default(),
        )
    }
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
