//! Conversions from types of the crate jsonwebtoken (feature `jsonwebtoken`). No other file names
//! that crate.

use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde_json::{Value, json};

use super::input::{Jwk, JwkSet};
use super::raw::{ec_jwk, ed25519_jwk, rsa_der_jwk, rsa_jwk};
use crate::crypto::{Algorithm, UnsupportedAlgorithm};

/// Takes the members that jsonwebtoken keeps. Its parser has already replaced an `alg` that it does
/// not know (`ES512`, `Ed25519`, `ML-DSA-*`) with "unknown", and such a key is skipped: pass the
/// JSON instead.
impl From<jsonwebtoken::jwk::Jwk> for Jwk {
    fn from(jwk: jsonwebtoken::jwk::Jwk) -> Self {
        Self(serde_json::to_value(jwk).unwrap_or_default())
    }
}

/// The JWK has no `kid` and no `alg`, so it fits tokens with any `kid`.
impl From<&DecodingKey> for Jwk {
    fn from(key: &DecodingKey) -> Self {
        Self(jwk_of_decoding_key(key).unwrap_or_default())
    }
}

/// Converts each key as the conversion to [`Jwk`] does.
impl From<jsonwebtoken::jwk::JwkSet> for JwkSet {
    fn from(set: jsonwebtoken::jwk::JwkSet) -> Self {
        let keys: Vec<Value> = set.keys.into_iter().map(|jwk| Jwk::from(jwk).0).collect();
        Self(json!({"keys": keys}))
    }
}

/// Fails for an algorithm of a later jsonwebtoken that this crate does not support.
impl TryFrom<jsonwebtoken::Algorithm> for Algorithm {
    type Error = UnsupportedAlgorithm;

    fn try_from(algorithm: jsonwebtoken::Algorithm) -> Result<Self, UnsupportedAlgorithm> {
        let name = format!("{algorithm:?}");
        Self::from_name(&name).ok_or(UnsupportedAlgorithm { name })
    }
}

/// Tries all three readers: only the encoded data tells the type of the key, and each reader
/// accepts only its own.
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

/// `None` if this crate does not support the type of the key.
fn jwk_of_decoding_key(key: &DecodingKey) -> Option<Value> {
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => Some(rsa_jwk(n, e)),
        (AlgorithmFamily::Rsa, DecodingKeyKind::SecretOrDer(der)) => rsa_der_jwk(der),
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => ec_jwk(point),
        (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(raw)) => Some(ed25519_jwk(raw)),
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            Some(Jwk::secret(secret).0)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_keep_their_names() {
        use jsonwebtoken::Algorithm::*;
        for theirs in [
            ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
        ] {
            let ours = Algorithm::try_from(theirs).unwrap();
            assert_eq!(ours.to_string(), format!("{theirs:?}"));
            assert_eq!(ours.is_symmetric(), ours.name().starts_with("HS"));
        }
    }

    #[test]
    fn a_shared_secret_is_an_oct_key() {
        let key = DecodingKey::from_secret(b"a secret that everybody may know");
        let Jwk(jwk) = Jwk::from(&key);
        let k = "YSBzZWNyZXQgdGhhdCBldmVyeWJvZHkgbWF5IGtub3c";
        assert_eq!(jwk, json!({"kty": "oct", "k": k}));
    }
}
