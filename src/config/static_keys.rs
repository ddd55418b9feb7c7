//! Keys written into the configuration, and what we take from jsonwebtoken's types.

use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use super::error::{ConfigError, KeyFault};
use super::issuer::KeySettings;
use crate::jwks::{KeySet, KeySetOptions, jwk_of_decoding_key};
use crate::keys::{KeySnapshot, Seed};
use crate::token::Algorithm;

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
pub struct Jwk(pub(super) Value);

/// A key set as JSON (RFC 7517 §5), for [`jwks`](crate::JwtAuthConfigBuilder::jwks).
///
/// From a [`serde_json::Value`] or from jsonwebtoken's [`JwkSet`](jsonwebtoken::jwk::JwkSet); what is
/// lost from the latter, [`Jwk`] says.
#[derive(Clone)]
pub struct JwkSet(pub(super) Value);

/// Keys to start with, for [`initial_jwks`](crate::JwtAuthConfigBuilder::initial_jwks): a
/// [`KeySnapshot`] with its age, or anything that makes a [`JwkSet`].
#[derive(Clone, Debug)]
pub struct InitialKeys(Initial);

#[derive(Clone, Debug)]
enum Initial {
    Set(JwkSet),
    Snapshot(KeySnapshot),
}

impl From<JwkSet> for InitialKeys {
    fn from(set: JwkSet) -> Self {
        Self(Initial::Set(set))
    }
}

impl From<Value> for InitialKeys {
    fn from(json: Value) -> Self {
        JwkSet::from(json).into()
    }
}

impl From<jsonwebtoken::jwk::JwkSet> for InitialKeys {
    fn from(set: jsonwebtoken::jwk::JwkSet) -> Self {
        JwkSet::from(set).into()
    }
}

impl From<KeySnapshot> for InitialKeys {
    fn from(snapshot: KeySnapshot) -> Self {
        Self(Initial::Snapshot(snapshot))
    }
}

impl InitialKeys {
    pub(super) fn seed(&self, issuer: &str) -> Result<Seed, ConfigError> {
        let (document, fetched_at) = match &self.0 {
            Initial::Set(JwkSet(set)) => (set.to_string(), None),
            Initial::Snapshot(snapshot) if snapshot.issuer() != issuer => {
                return Err(invalid("initial_jwks", KeyFault::OtherIssuer));
            }
            Initial::Snapshot(snapshot) => {
                (snapshot.jwks().to_owned(), Some(snapshot.fetched_at()))
            }
        };
        let document = document.into_bytes();
        let keys = KeySet::parse(&document, KeySetOptions::default())
            .map_err(|error| invalid("initial_jwks", KeyFault::Unusable(error)))?;
        Ok(Seed {
            keys: Arc::new(keys),
            document,
            fetched_at,
        })
    }
}

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

/// The keys of `settings` that need no fetch; the first of `jwks`, `jwk` and PEM text counts.
pub(super) fn static_keys(
    settings: &KeySettings,
    symmetric: &[Algorithm],
) -> Result<Option<KeySet>, ConfigError> {
    let KeySettings {
        jwks,
        jwk,
        public_key_pem,
        ..
    } = settings;
    let (setting, members, single) = if let Some(set) = jwks {
        let keys = set.get("keys").and_then(Value::as_array);
        let unusable = KeyFault::Unusable(crate::jwks::KeySetError::NoKeysMember);
        (
            "jwks",
            keys.cloned().ok_or(invalid("jwks", unusable))?,
            false,
        )
    } else if let Some(jwk) = jwk {
        match jwk.as_object() {
            None => return Err(invalid("jwk", KeyFault::NotAnObject)),
            Some(members) if members.is_empty() => {
                return Err(ConfigError::Empty { setting: "jwk" });
            }
            Some(_) => ("jwk", vec![jwk.clone()], true),
        }
    } else if let Some(pem) = public_key_pem {
        let jwk = jwk_of_pem(pem).ok_or(invalid("public_key_pem", KeyFault::NotPem))?;
        ("public_key_pem", vec![jwk], true)
    } else {
        return Ok(None);
    };
    if members.is_empty() {
        return Err(ConfigError::Empty { setting });
    }
    let options = KeySetOptions {
        symmetric,
        unnamed_fit_any_kid: single,
    };
    let set = KeySet::from_members(&members, options)
        .map_err(|error| invalid(setting, KeyFault::Unusable(error)))?;
    Ok(Some(set))
}

/// Which of the three it is, the text says only inside: each reader takes its own.
fn jwk_of_pem(pem: &str) -> Option<Value> {
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

fn invalid(setting: &'static str, reason: KeyFault) -> ConfigError {
    ConfigError::InvalidKey { setting, reason }
}
