use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key as JSON (RFC 7517 §4), for [`jwk`](crate::config::JwtAuthConfigBuilder::jwk).
///
/// Converts from a [`serde_json::Value`] and, with the feature `jsonwebtoken`, from that crate's
/// `Jwk` and `DecodingKey`. [`Jwk::secret`] makes one from a shared secret.
#[derive(Clone)]
pub struct Jwk(pub(crate) Value);

/// A key set as JSON (RFC 7517 §5), for [`jwks`](crate::config::JwtAuthConfigBuilder::jwks).
///
/// Converts from a [`serde_json::Value`] and, with the feature `jsonwebtoken`, from that crate's
/// `JwkSet`.
#[derive(Clone)]
pub struct JwkSet(pub(crate) Value);

impl Jwk {
    /// The key for `HS256`, `HS384` or `HS512` with this shared secret (RFC 7518 §6.4), which need
    /// at least 32, 48 and 64 bytes. List the algorithm with
    /// [`algorithms`](crate::config::JwtAuthConfigBuilder::algorithms).
    ///
    /// The bytes are used as they are. If you have the secret as base64url text, as a JWK holds it,
    /// decode it first, or write the JWK.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    /// use tower_jwt_auth::keys::Jwk;
    ///
    /// # #[cfg(any(feature = "aws_lc_rs", feature = "rust_crypto"))] {
    /// let config = JwtAuthConfig::builder()
    ///     .issuer("https://idp.example.com")
    ///     .audience("api://notes")
    ///     .algorithms(["HS256"])
    ///     .jwk(Jwk::secret(b"32 random bytes that both know: 7Qx"))
    ///     .build()?;
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[must_use]
    pub fn secret(bytes: impl AsRef<[u8]>) -> Self {
        let k = URL_SAFE_NO_PAD.encode(bytes);
        Self(json!({"kty": "oct", "k": k}))
    }
}

macro_rules! redacted_debug {
    ($($type:ident),*) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // The JSON may hold a secret.
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    )*};
}
redacted_debug!(Jwk, JwkSet);

impl From<Value> for Jwk {
    fn from(json: Value) -> Self {
        Self(json)
    }
}

impl From<Value> for JwkSet {
    fn from(json: Value) -> Self {
        Self(json)
    }
}
