//! The configuration as a file: names, spellings and types. The setters of the builder document
//! what each setting means.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::builder::JwtAuthConfigBuilder;
use super::cache_times::JwksCache;
use super::checked::JwtAuthConfig;
use super::issuer::Issuer;
use super::settings::{KeySettings, Settings};
use crate::crypto::{Algorithm, UnsupportedAlgorithm};
use crate::keys::CredentialFiles;
use crate::wire::metadata::ResourceDetails;

impl<'de> Deserialize<'de> for JwtAuthConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let builder = JwtAuthConfigBuilder::deserialize(deserializer)?;
        builder.build().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for JwtAuthConfigBuilder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ConfigFile::deserialize(deserializer).map(ConfigFile::into_builder)
    }
}

/// Declares a struct with the given fields and the settings of an issuer, which may stand at the
/// top level of a file and in each entry of `issuers`.
///
/// The macro replaces `#[serde(flatten)]`, with which serde would no longer reject unknown names.
macro_rules! with_issuer_settings {
    (struct $name:ident { $($own:tt)* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($own)*
            audience: Option<OneOrMany>,
            algorithms: Option<Vec<String>>,
            #[serde(alias = "requiredScopes")]
            required_scopes: Option<Vec<String>>,
            #[serde(default, deserialize_with = "duration")]
            leeway: Option<Duration>,
            #[serde(default, alias = "jwksCache")]
            jwks_cache: CacheEntry,
            #[serde(default, alias = "maxTokenAge", deserialize_with = "duration")]
            max_token_age: Option<Duration>,
            #[serde(default)]
            rfc9068: bool,
            cognito: Option<CognitoEntry>,
            #[serde(default)]
            keycloak: bool,
            #[serde(default, alias = "dangerAllowAnyAudience")]
            danger_allow_any_audience: bool,
            #[serde(alias = "dangerMissingAudienceForClients")]
            danger_missing_audience_for_clients: Option<Vec<String>>,
            #[serde(alias = "scopeClaims")]
            scope_claims: Option<Vec<String>>,
            advertise: Option<bool>,
            #[serde(alias = "jwksUri")]
            jwks_uri: Option<String>,
            jwks: Option<Value>,
            jwk: Option<Value>,
            #[serde(alias = "publicKeyPem")]
            public_key_pem: Option<String>,
            #[serde(alias = "initialJwks")]
            initial_jwks: Option<Value>,
            #[serde(alias = "snapshotFile")]
            snapshot_file: Option<PathBuf>,
            #[serde(default, alias = "pinJwksHost")]
            pin_jwks_host: bool,
            #[serde(alias = "caFile")]
            ca_file: Option<PathBuf>,
            #[serde(alias = "clientCertificateFile")]
            client_certificate_file: Option<PathBuf>,
            #[serde(alias = "clientKeyFile")]
            client_key_file: Option<PathBuf>,
            #[serde(alias = "bearerTokenFile")]
            bearer_token_file: Option<PathBuf>,
        }

        impl $name {
            fn take_settings(&mut self) -> Settings {
                Settings {
                    audience: self.audience.take().map(OneOrMany::into_vec),
                    algorithms: self.algorithms.take().map(algorithms),
                    required_scopes: self.required_scopes.take(),
                    leeway: self.leeway,
                    jwks_cache: std::mem::take(&mut self.jwks_cache).into(),
                    max_token_age: self.max_token_age,
                    rfc9068: self.rfc9068,
                    cognito: self.cognito.take().map(|cognito| cognito.client_ids),
                    keycloak: self.keycloak,
                    allow_any_audience: self.danger_allow_any_audience,
                    clients_without_audience: self.danger_missing_audience_for_clients.take(),
                    scope_claims: self.scope_claims.take(),
                    advertise: self.advertise,
                    keys: KeySettings {
                        source: None,
                        jwks_uri: self.jwks_uri.take(),
                        jwks: self.jwks.take(),
                        jwk: self.jwk.take(),
                        public_key_pem: self.public_key_pem.take(),
                        initial: self.initial_jwks.take().map(Into::into),
                        snapshot_file: self.snapshot_file.take(),
                        pin_jwks_host: self.pin_jwks_host,
                        credentials: CredentialFiles {
                            ca: self.ca_file.take(),
                            client_certificate: self.client_certificate_file.take(),
                            client_key: self.client_key_file.take(),
                            bearer_token: self.bearer_token_file.take(),
                        },
                    },
                }
            }
        }
    };
}

with_issuer_settings! {
    struct ConfigFile {
        resource: Option<String>,
        realm: Option<String>,
        issuer: Option<String>,
        issuers: Option<Vec<IssuerEntry>>,
        #[serde(alias = "resourceName")]
        resource_name: Option<String>,
        #[serde(alias = "resourceDocumentation")]
        resource_documentation: Option<String>,
        #[serde(alias = "resourcePolicyUri")]
        resource_policy_uri: Option<String>,
        #[serde(alias = "resourceTosUri")]
        resource_tos_uri: Option<String>,
        #[serde(alias = "resourceJwksUri")]
        resource_jwks_uri: Option<String>,
        #[serde(alias = "authorizationServers")]
        authorization_servers: Option<Vec<String>>,
        #[serde(alias = "scopesSupported")]
        scopes_supported: Option<Vec<String>>,
        #[serde(alias = "initialScopes")]
        initial_scopes: Option<Vec<String>>,
        #[serde(default, alias = "challengeOperationScopesOnly")]
        challenge_operation_scopes_only: bool,
        #[serde(default, alias = "stripAuthorization")]
        strip_authorization: bool,
        #[serde(default, alias = "dangerAllowHttp")]
        danger_allow_http: bool,
        #[serde(alias = "maxTokenBytes")]
        max_token_bytes: Option<usize>,
        #[serde(alias = "tokenCacheEntries")]
        token_cache_entries: Option<usize>,
    }
}

with_issuer_settings! {
    struct IssuerEntry {
        issuer: String,
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheEntry {
    #[serde(default, alias = "minAge", deserialize_with = "duration")]
    min_age: Option<Duration>,
    #[serde(default, alias = "maxAge", deserialize_with = "duration")]
    max_age: Option<Duration>,
    #[serde(default, alias = "maxStale", deserialize_with = "duration")]
    max_stale: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    cooldown: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    timeout: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CognitoEntry {
    #[serde(alias = "clientIds")]
    client_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl ConfigFile {
    fn into_builder(mut self) -> JwtAuthConfigBuilder {
        JwtAuthConfigBuilder {
            shared: self.take_settings(),
            resource: self.resource,
            realm: self.realm,
            issuer: self.issuer,
            issuers: self
                .issuers
                .map(|entries| entries.into_iter().map(IssuerEntry::into_issuer).collect()),
            details: ResourceDetails {
                name: self.resource_name,
                documentation: self.resource_documentation,
                policy_uri: self.resource_policy_uri,
                tos_uri: self.resource_tos_uri,
                jwks_uri: self.resource_jwks_uri,
                scopes_supported: self.scopes_supported,
            },
            authorization_servers: self.authorization_servers,
            initial_scopes: self.initial_scopes,
            challenge_operation_scopes_only: self.challenge_operation_scopes_only,
            strip_authorization: self.strip_authorization,
            allow_http: self.danger_allow_http,
            max_token_bytes: self.max_token_bytes,
            token_cache_entries: self.token_cache_entries,
            ..JwtAuthConfigBuilder::default()
        }
    }
}

impl IssuerEntry {
    fn into_issuer(mut self) -> Issuer {
        Issuer {
            settings: self.take_settings(),
            issuer: self.issuer,
        }
    }
}

impl From<CacheEntry> for JwksCache {
    fn from(entry: CacheEntry) -> Self {
        let CacheEntry {
            min_age,
            max_age,
            max_stale,
            cooldown,
            timeout,
        } = entry;
        Self {
            min_age,
            max_age,
            max_stale,
            cooldown,
            timeout,
        }
    }
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// Leaves an unknown name to `build`, so that it is reported as a `ConfigError`.
fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>, UnsupportedAlgorithm> {
    let read = |name: String| Algorithm::from_name(&name).ok_or(UnsupportedAlgorithm { name });
    names.into_iter().map(read).collect()
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(|error| {
        serde::de::Error::custom(format!(
            "{text:?} is no duration such as \"30s\" or \"10m\": {error}"
        ))
    })
}
