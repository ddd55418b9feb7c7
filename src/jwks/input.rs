use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use super::key::jwk_of_decoding_key;

/// A key as JSON (RFC 7517 §4), for [`jwk`](crate::JwtAuthConfigBuilder::jwk).
///
/// From a [`serde_json::Value`], from jsonwebtoken's [`Jwk`](jsonwebtoken::jwk::Jwk), or from its
/// [`DecodingKey`].
///
/// jsonwebtoken's `Jwk` keeps the members that it knows. Lost on the way in: an `alg` that it does not
/// know, which its own parser has already turned into "unknown" (`ES512`, `Ed25519`, `ML-DSA-*`). Such
/// a key is then skipped: pass the JSON instead.
///
/// A `DecodingKey` carries no `kid` and no `alg`: it fits tokens of any `kid`.
#[derive(Clone)]
pub struct Jwk(pub(crate) Value);

/// A key set as JSON (RFC 7517 §5), for [`jwks`](crate::JwtAuthConfigBuilder::jwks).
///
/// From a [`serde_json::Value`] or from jsonwebtoken's [`JwkSet`](jsonwebtoken::jwk::JwkSet); what is
/// lost from the latter, [`Jwk`] says.
#[derive(Clone)]
pub struct JwkSet(pub(crate) Value);

macro_rules! redacted_debug {
    ($($type:ident),*) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // It may be a secret.
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

impl From<jsonwebtoken::jwk::Jwk> for Jwk {
    fn from(jwk: jsonwebtoken::jwk::Jwk) -> Self {
        Self(serde_json::to_value(jwk).unwrap_or_default())
    }
}

impl From<&DecodingKey> for Jwk {
    fn from(key: &DecodingKey) -> Self {
        Self(jwk_of_decoding_key(key).unwrap_or_default())
    }
}

impl From<Value> for JwkSet {
    fn from(json: Value) -> Self {
        Self(json)
    }
}

impl From<jsonwebtoken::jwk::JwkSet> for JwkSet {
    fn from(set: jsonwebtoken::jwk::JwkSet) -> Self {
        let keys: Vec<Value> = set.keys.into_iter().map(|jwk| Jwk::from(jwk).0).collect();
        Self(json!({"keys": keys}))
    }
}

/// Which of the three it is, the text says only inside: each reader takes its own.
pub(crate) fn jwk_of_pem(pem: &str) -> Option<Value> {
    let read = [
        DecodingKey::from_rsa_pem,
        DecodingKey::from_ec_pem,
        DecodingKey::from_ed_pem,
    ];
    let key = read
        .into_iter()
        .find_map(|read| read(pem.as_bytes()).ok())?;
    jwk_of_decoding_key(&key)
}
