use serde_json::Value;

/// A key as JSON (RFC 7517 §4), for [`jwk`](crate::config::JwtAuthConfigBuilder::jwk).
///
/// Converts from a [`serde_json::Value`] and, with the feature `jsonwebtoken`, from that crate's
/// `Jwk` and `DecodingKey`.
#[derive(Clone)]
pub struct Jwk(pub(crate) Value);

/// A key set as JSON (RFC 7517 §5), for [`jwks`](crate::config::JwtAuthConfigBuilder::jwks).
///
/// Converts from a [`serde_json::Value`] and, with the feature `jsonwebtoken`, from that crate's
/// `JwkSet`.
#[derive(Clone)]
pub struct JwkSet(pub(crate) Value);

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
