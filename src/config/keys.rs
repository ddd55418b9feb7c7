//! Keys written into the configuration.

use std::sync::Arc;

use serde_json::Value;

use super::error::{ConfigError, StaticKeyError};
use super::settings::{Initial, InitialJwks, KeySettings};
use crate::crypto::Algorithm;
use crate::jwks::{JwkSet, KeySet, KeySetError, KeySetOptions};
use crate::keys::Seed;

/// The keys to start with, for the refresh task of `issuer`.
pub(super) fn seed(initial: &InitialJwks, issuer: &str) -> Result<Seed, ConfigError> {
    let (document, fetched_at) = match &initial.0 {
        Initial::Set(JwkSet(set)) => {
            members_of("initial_jwks", set)?;
            (set.to_string(), None)
        }
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
        ("jwks", members_of("jwks", set)?.to_vec(), false)
    } else if let Some(jwk) = jwk {
        ("jwk", vec![one_key(jwk)?.clone()], true)
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

/// The keys of a set, or what was given in place of one.
fn members_of<'j>(setting: &'static str, set: &'j Value) -> Result<&'j [Value], ConfigError> {
    let reason = match set {
        Value::Array(_) => StaticKeyError::List,
        Value::String(text) if is_url(text) => StaticKeyError::Url,
        Value::String(text) if is_pem(text) => StaticKeyError::Pem,
        Value::String(_) => StaticKeyError::Text,
        Value::Object(members) if members.contains_key("kty") => StaticKeyError::SingleKey,
        _ => StaticKeyError::Unusable(KeySetError::NoKeysMember),
    };
    let keys = set.get("keys").and_then(Value::as_array);
    keys.map(Vec::as_slice).ok_or(invalid(setting, reason))
}

fn one_key(jwk: &Value) -> Result<&Value, ConfigError> {
    let reason = match jwk {
        Value::Object(members) if members.is_empty() => {
            return Err(ConfigError::Empty { setting: "jwk" });
        }
        Value::Object(members) if members.contains_key("kty") || !members.contains_key("keys") => {
            return Ok(jwk);
        }
        Value::Object(_) => StaticKeyError::KeySet,
        Value::Array(_) => StaticKeyError::List,
        Value::String(text) if is_url(text) => StaticKeyError::Url,
        Value::String(text) if is_pem(text) => StaticKeyError::Pem,
        Value::String(text) if text.trim_start().starts_with('{') => StaticKeyError::Text,
        _ => StaticKeyError::NotAnObject,
    };
    Err(invalid("jwk", reason))
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// A certificate is refused before it is read: its expiry would never be checked.
#[cfg(feature = "jsonwebtoken")]
fn pem_key(pem: &str) -> Result<Value, ConfigError> {
    let is_pem = is_pem(pem);
    let reason = if pem.contains("PRIVATE KEY-----") {
        StaticKeyError::PrivateKey
    } else if pem.contains("-----BEGIN CERTIFICATE-----") {
        StaticKeyError::Certificate
    } else if is_pem && pem.contains("\\n") {
        StaticKeyError::EscapedLineBreaks
    } else if pem.trim_start().starts_with(['{', '[']) {
        StaticKeyError::Json
    } else if is_url(pem) {
        StaticKeyError::Url
    } else if !is_pem && is_path(pem) {
        StaticKeyError::Path
    } else {
        let read = crate::jwks::jwk_of_pem(pem);
        return read.ok_or(invalid("public_key_pem", StaticKeyError::NotPem));
    };
    Err(invalid("public_key_pem", reason))
}

/// Base64 without its PEM lines holds slashes too, but no dot, and it is longer than most paths.
#[cfg(feature = "jsonwebtoken")]
fn is_path(text: &str) -> bool {
    let text = text.trim();
    let is_one_line = !text.is_empty() && !text.contains('\n');
    let extension = std::path::Path::new(text).extension();
    let starts_as_one = ["/", "./", "../", "~/", "C:", "file:"]
        .iter()
        .any(|start| text.starts_with(start));
    is_one_line && (starts_as_one || extension.is_some())
}

fn is_url(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("https://") || text.starts_with("http://")
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
