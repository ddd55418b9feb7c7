//! `fleet` in a file: names, spellings and types.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[cfg(feature = "schema")]
use super::schema::{AtStartText, Lasting, OneOrMore, complete};
use super::values::{choice, count, duration, flag, secret, secrets};
use crate::base::secret::Secret;
use crate::fleet::FleetBuilder;
use crate::fleet::settings::Servers;
use crate::store::revoked::AtStart;

#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
pub(super) struct FleetEntry {
    /// The URL of the Redis or Valkey: `rediss://`, `redis://` or `unix://`. A list names nodes of
    /// a cluster.
    #[serde(default, deserialize_with = "servers")]
    #[cfg_attr(feature = "schema", schemars(with = "OneOrMore"))]
    redis: Option<Servers>,
    /// What this deployment shares, and with whom: 1 to 64 letters, digits, `.`, `_` and `-`.
    namespace: Option<String>,
    /// The secret that everything in the store is sealed with, as base64url.
    #[serde(default, deserialize_with = "secret")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    secret: Option<Secret<String>>,
    /// Two such secrets while one replaces the other: the first seals, and both open.
    #[serde(default, deserialize_with = "secrets")]
    #[cfg_attr(feature = "schema", schemars(with = "OneOrMore"))]
    secrets: Option<Vec<Secret<String>>>,
    /// The file with the secret, or with two, one a line.
    #[serde(alias = "secretFile")]
    secret_file: Option<PathBuf>,
    /// The limit of a call to the store, up to 5 seconds. Default: 250 milliseconds.
    #[serde(default, deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    timeout: Option<Duration>,
    /// Whether keys are shared, and how often they are fetched. Default: true.
    #[serde(default, deserialize_with = "choice")]
    keys: Option<bool>,
    /// Whether this process hears what others revoke. Default: true.
    #[serde(default, deserialize_with = "choice")]
    revocations: Option<bool>,
    /// How long a revocation is remembered, up to 31 days. Default: as long as tokens live, or 24
    /// hours without `max_token_age`.
    #[serde(default, alias = "revocationKeep", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    revocation_keep: Option<Duration>,
    /// The number of revocations in force, up to 100,000. Default: 10,000.
    #[serde(default, alias = "revocationsLimit", deserialize_with = "count")]
    revocations_limit: Option<usize>,
    /// How long tokens get 503 in a process that has not read the list of revocations, up to 5
    /// minutes, or `required`. Default: 10 seconds.
    #[serde(default, alias = "revocationsAtStart", deserialize_with = "at_start")]
    #[cfg_attr(feature = "schema", schemars(with = "AtStartText"))]
    revocations_at_start: Option<AtStart>,
    /// The file with the certificates of the authorities that the store is checked with. Default:
    /// the authorities that the system trusts.
    #[serde(alias = "caFile")]
    ca_file: Option<PathBuf>,
    /// The file with the certificate that this process shows to the store.
    #[serde(alias = "clientCertificateFile")]
    client_certificate_file: Option<PathBuf>,
    /// The file with the private key of that certificate.
    #[serde(alias = "clientKeyFile")]
    client_key_file: Option<PathBuf>,
    /// The file with the password of the store.
    #[serde(alias = "passwordFile")]
    password_file: Option<PathBuf>,
    /// Sends a password over `redis://` to another host. The risk: whoever is on the network path
    /// reads it.
    #[serde(default, alias = "dangerAllowPlainRedis", deserialize_with = "flag")]
    danger_allow_plain_redis: bool,
}

impl From<FleetEntry> for FleetBuilder {
    fn from(entry: FleetEntry) -> Self {
        // `build` finds `secret` beside `secrets` by their number.
        let one = entry.secret.into_iter();
        let secrets: Vec<_> = one.chain(entry.secrets.into_iter().flatten()).collect();
        Self {
            servers: entry.redis,
            namespace: entry.namespace,
            secrets: (!secrets.is_empty()).then_some(secrets),
            secret_file: entry.secret_file,
            timeout: entry.timeout,
            keys: entry.keys,
            revocations: entry.revocations,
            revocation_keep: entry.revocation_keep,
            revocations_limit: entry.revocations_limit,
            at_start: entry.revocations_at_start,
            ca_file: entry.ca_file,
            client_certificate_file: entry.client_certificate_file,
            client_key_file: entry.client_key_file,
            password_file: entry.password_file,
            allow_plain_redis: entry.danger_allow_plain_redis,
        }
    }
}

/// A URL, or a list of them. No error shows one, because it may hold a password.
fn servers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Servers>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let is_cluster = value.is_array();
    let urls = secrets(value).map_err(D::Error::custom)?;
    Ok(urls.and_then(|mut urls| match is_cluster {
        true => Some(Servers::Cluster(urls)),
        false => urls.pop().map(Servers::One),
    }))
}

fn at_start<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AtStart>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.as_str() == Some("required") {
        return Ok(Some(AtStart::Required));
    }
    let wait = duration(value).map_err(D::Error::custom)?;
    Ok(wait.map(AtStart::AtMost))
}
