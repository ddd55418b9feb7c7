//! A file for each subject. Here: files that differ from a good one in some members, and what a
//! configuration does, as text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::checked::JwtAuthConfig;
use crate::ConfigError;
use crate::base::url_rule::UrlRule;
use crate::config::JwtAuthConfigBuilder;
use crate::config::checked_issuer::Keys;
use crate::config::proofs::CheckedProofs;
use crate::config::rules::check_resource;
use crate::crypto::Algorithm;
use crate::test_util::TestKey;

mod builder;
mod file_values;
mod files;
#[cfg(feature = "redis")]
mod fleet;
#[cfg(feature = "redis")]
mod fleet_proofs;
mod inheritance;
mod introspection;
mod key_forms;
mod names;
mod proofs;
#[cfg(all(feature = "redis", feature = "schema"))]
mod schema;
mod snapshot_files;
mod token_sources;
mod urls;

const OTHER: &str = "https://other.example";

fn file(json: Value) -> Result<JwtAuthConfig, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// A good file with these members set, or removed where the value is null.
fn with(changes: Value) -> Value {
    let mut config = json!({"issuer": "https://i.example", "audience": "a"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(config.as_object_mut().unwrap().remove(name)),
            value => config[name] = value.clone(),
        }
    }
    config
}

/// `build` of a good file with these members.
fn built(changes: Value) -> Result<JwtAuthConfig, ConfigError> {
    let builder: JwtAuthConfigBuilder = serde_json::from_value(with(changes)).unwrap();
    builder.build()
}

fn refused(changes: Value) -> String {
    file(with(changes.clone())).expect_err(&changes.to_string())
}

#[track_caller]
fn accepts(changes: Value) {
    if let Err(error) = file(with(changes.clone())) {
        panic!("{changes}: {error}");
    }
}

/// Each row: the members, the text of the error.
#[track_caller]
fn refuses(rows: impl IntoIterator<Item = (Value, &'static str)>) {
    for (changes, want) in rows {
        let error = refused(changes.clone());
        assert!(
            error.contains(want),
            "{changes}\n got: {error}\nwant: {want}"
        );
    }
}

/// All that a configuration does, as text.
fn effect(builder: &JwtAuthConfigBuilder) -> Result<String, ConfigError> {
    let config = builder.clone().build()?;
    let checked = &config.0;
    let issuers = checked.issuers.iter().map(|issuer| {
        let keys = match &issuer.keys {
            Keys::Fixed(keys) => format!("{keys:?}"),
            Keys::Fetched(origin) => format!("{origin:?}"),
            Keys::Shared(_) => panic!("no other layer"),
        };
        format!(
            "{:?} {:?} {keys} {:?}",
            issuer.policy,
            issuer.answers.resource(),
            issuer.introspection,
        )
    });
    let issuers: Vec<_> = issuers.collect();
    #[cfg(feature = "redis")]
    let fleet = checked.server.fleet.as_ref().map(|fleet| {
        let store = fleet.store();
        format!(
            "{:?} {:?} {:?}",
            fleet.settings(),
            store.commands,
            store.timeout
        )
    });
    #[cfg(not(feature = "redis"))]
    let fleet = ();
    Ok(format!(
        "{issuers:?} {:?} {:?} {:?} {} {} {:?} {:?} {fleet:?}",
        checked.options,
        checked.answers.resource(),
        checked.metadata,
        checked.strip_authorization,
        checked.token_cache_entries,
        checked.finder,
        proofs_of(builder),
    ))
}

/// `dpop` and `mtls` of a configuration that is good.
fn proofs_of(builder: &JwtAuthConfigBuilder) -> CheckedProofs {
    let rule = UrlRule::new(builder.allow_http);
    let resource = builder.resource.as_deref();
    let url = resource.map(|resource| check_resource(resource, rule).unwrap());
    let identity = resource.zip(url.as_ref());
    CheckedProofs::of(builder.dpop.as_ref(), builder.mtls.as_ref(), identity, rule).unwrap()
}

/// The builder of a file.
fn read(file: Value) -> Result<JwtAuthConfigBuilder, String> {
    serde_json::from_value(file).map_err(|error| error.to_string())
}

fn effect_of(file: Value) -> Result<String, String> {
    effect(&read(file)?).map_err(|error| error.to_string())
}

fn spelled_out(names: &[&'static str]) -> BTreeSet<&'static str> {
    let other = |name: &&&str| name.starts_with('$') || name.contains(char::is_uppercase);
    names.iter().filter(|name| !other(name)).copied().collect()
}

fn ec_key() -> Value {
    crate::test_util::TestKey::generate(crate::Algorithm::ES256, "k").jwk()
}

#[cfg(feature = "jsonwebtoken")]
fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

/// A new folder, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("tower-jwt-auth-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
