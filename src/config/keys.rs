//! Keys written into the configuration.

use std::sync::Arc;

use serde_json::Value;

use super::error::{ConfigError, StaticKeyError};
use super::settings::{Initial, InitialJwks, KeySettings};
use crate::crypto::Algorithm;
use crate::jwks::{JwkSet, KeySet, KeySetOptions};
use crate::keys::Seed;

/// The keys to start with, for the refresh task of `issuer`.
pub(super) fn seed(initial: &InitialJwks, issuer: &str) -> Result<Seed, ConfigError> {
    let (document, fetched_at) = match &initial.0 {
        Initial::Set(JwkSet(set)) => (set.to_string(), None),
        Initial::Snapshot(snapshot) if snapshot.issuer() != issuer => {
            return Err(invalid("initial_jwks", StaticKeyError::OtherIssuer));
        }
        Initial::Snapshot(snapshot) => (snapshot.jwks().to_owned(), Some(snapshot.fetched_at)),
    };
    let document = document.into_bytes();
    let keys = KeySet::parse(&document, KeySetOptions::default())
        .map_err(|error| invalid("initial_jwks", StaticKeyError::Unusable(error)))?;
    Ok(Seed {
        keys: Arc::new(keys),
        document,
        fetched_at,
    })
}

/// The keys in `settings` that need no fetch. The first of `jwks`, `jwk` and `public_key_pem` that
/// is set counts.
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
        let unusable = StaticKeyError::Unusable(crate::jwks::KeySetError::NoKeysMember);
        (
            "jwks",
            keys.cloned().ok_or(invalid("jwks", unusable))?,
            false,
        )
    } else if let Some(jwk) = jwk {
        match jwk.as_object() {
            None => return Err(invalid("jwk", StaticKeyError::NotAnObject)),
            Some(members) if members.is_empty() => {
                return Err(ConfigError::Empty { setting: "jwk" });
            }
            Some(_) => ("jwk", vec![jwk.clone()], true),
        }
    } else if let Some(pem) = public_key_pem {
        ("public_key_pem", vec![pem_key(pem)?], true)
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
        .map_err(|error| invalid(setting, StaticKeyError::Unusable(error)))?;
    Ok(Some(set))
}

#[cfg(feature = "jsonwebtoken")]
fn pem_key(pem: &str) -> Result<Value, ConfigError> {
    crate::jwks::jwk_of_pem(pem).ok_or(invalid("public_key_pem", StaticKeyError::NotPem))
}

#[cfg(not(feature = "jsonwebtoken"))]
fn pem_key(_: &str) -> Result<Value, ConfigError> {
    Err(ConfigError::FeatureMissing {
        setting: "public_key_pem",
        feature: "jsonwebtoken",
    })
}

fn invalid(setting: &'static str, reason: StaticKeyError) -> ConfigError {
    ConfigError::InvalidKey { setting, reason }
}
