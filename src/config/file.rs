//! The configuration as a file: names, spellings and types. The setters of the builder document
//! what each setting means.
//! Long, because each name carries the sentence that the JSON Schema shows.
//!
//! `values` reads the values, and `from_file` makes the configuration of them.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::builder::JwtAuthConfigBuilder;
use super::cache_times::JwksCache;
use super::file_errors::FileNames;
#[cfg(feature = "redis")]
use super::file_fleet::FleetEntry;
use super::file_introspection::IntrospectionEntry;
use super::file_proofs::{DpopEntry, HeaderEntry, MtlsEntry};
use super::issuer::Issuer;
use super::names::names_of;
#[cfg(feature = "schema")]
use super::schema::{Keys, Lasting, OneOrMore, Switch, complete};
use super::settings::{KeySettings, Settings};
use super::token_sources::SourceEntry;
use super::values::{
    Expected, choice, count, duration, flag, list, object, objects, one_or_more, required_list,
    switch, whole, whole_or_none,
};
use crate::crypto::{Algorithm, UnsupportedAlgorithm};
use crate::keys::CredentialFiles;
use crate::wire::metadata::ResourceDetails;

pub(super) fn file_names() -> FileNames {
    FileNames {
        top: names_of::<ConfigFile>(),
        issuer: names_of::<IssuerEntry>(),
        cache: names_of::<CacheEntry>(),
        cognito: names_of::<CognitoEntry>(),
        dpop: names_of::<DpopEntry>(),
        mtls: names_of::<MtlsEntry>(),
        header: names_of::<HeaderEntry>(),
        introspection: names_of::<IntrospectionEntry>(),
        #[cfg(feature = "redis")]
        fleet: names_of::<FleetEntry>(),
        #[cfg(not(feature = "redis"))]
        fleet: &[],
    }
}

/// Declares a struct with the given fields and the settings of an issuer, which may stand at the
/// top level of a file and in each entry of `issuers`.
///
/// The macro replaces `#[serde(flatten)]`, with which serde would no longer reject unknown names.
macro_rules! with_issuer_settings {
    ($expecting:literal, $(#[$attribute:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$attribute])*
        #[derive(Deserialize)]
        #[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($own)*
            /// What a token must name in `aud`: a value or a list, of which one match is enough.
            /// Default: `resource`.
            #[serde(default, deserialize_with = "one_or_more")]
            #[cfg_attr(feature = "schema", schemars(with = "OneOrMore"))]
            audience: Option<Vec<String>>,
            /// The algorithms that tokens may be signed with. Default: all asymmetric ones.
            #[serde(default, deserialize_with = "list")]
            algorithms: Option<Vec<String>>,
            /// The scopes that every operation needs. Default: none.
            #[serde(default, alias = "requiredScopes", deserialize_with = "list")]
            required_scopes: Option<Vec<String>>,
            /// The clock difference that is tolerated, up to 5 minutes. Default: 60 seconds.
            #[serde(default, deserialize_with = "duration")]
            #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
            leeway: Option<Duration>,
            /// When keys are fetched, and how long they are used.
            #[serde(default, alias = "jwksCache", deserialize_with = "whole")]
            jwks_cache: CacheEntry,
            /// Rejects tokens that were issued longer ago than this. Default: none.
            #[serde(default, alias = "maxTokenAge", deserialize_with = "duration")]
            #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
            max_token_age: Option<Duration>,
            /// Accepts only tokens that follow RFC 9068 strictly. Default: off.
            #[serde(default, deserialize_with = "flag")]
            rfc9068: bool,
            /// For Amazon Cognito, whose access tokens have no `aud`.
            #[serde(default, deserialize_with = "whole_or_none")]
            cognito: Option<CognitoEntry>,
            /// For Keycloak: accepts only tokens whose claim `typ` is `Bearer`. Default: off.
            #[serde(default, deserialize_with = "flag")]
            keycloak: bool,
            /// Accepts tokens for any audience. The risk: tokens that were given to another service
            /// work here.
            #[serde(default, alias = "dangerAllowAnyAudience", deserialize_with = "flag")]
            danger_allow_any_audience: bool,
            /// The clients whose tokens may lack `aud`. The risk: such a token works at every
            /// server that accepts its client. Default: none.
            #[serde(default, alias = "dangerMissingAudienceForClients", deserialize_with = "list")]
            danger_missing_audience_for_clients: Option<Vec<String>>,
            /// The claims that hold scopes. Default: `scope` and `scp`.
            #[serde(default, alias = "scopeClaims", deserialize_with = "list")]
            scope_claims: Option<Vec<String>>,
            /// Whether the resource metadata lists the issuer. Default: true.
            #[serde(default, deserialize_with = "choice")]
            advertise: Option<bool>,
            /// How the issuer is asked about tokens that are no JWT. Default: off.
            #[serde(default, deserialize_with = "object")]
            introspection: Option<IntrospectionEntry>,
            /// Whether tokens must be bound to a key or a certificate. Default: false.
            #[serde(default, alias = "requireBoundTokens", deserialize_with = "choice")]
            require_bound_tokens: Option<bool>,
            /// The URL of the issuer's keys. Default: the URL in the issuer's metadata.
            #[serde(alias = "jwksUri")]
            jwks_uri: Option<String>,
            /// A key set that never changes.
            #[serde(default)]
            #[cfg_attr(feature = "schema", schemars(with = "Keys"))]
            jwks: Option<Value>,
            /// One key that never changes.
            #[serde(default)]
            #[cfg_attr(feature = "schema", schemars(with = "Keys"))]
            jwk: Option<Value>,
            /// One public key that never changes, as PEM text.
            #[serde(alias = "publicKeyPem")]
            public_key_pem: Option<String>,
            /// Keys to use until the first successful fetch.
            #[serde(default, alias = "initialJwks")]
            #[cfg_attr(feature = "schema", schemars(with = "Keys"))]
            initial_jwks: Option<Value>,
            /// The file in which keys are kept for the next start of the process.
            #[serde(alias = "snapshotFile")]
            snapshot_file: Option<PathBuf>,
            /// Accepts keys only from the issuer's own host. Default: off.
            #[serde(default, alias = "pinJwksHost", deserialize_with = "flag")]
            pin_jwks_host: bool,
            /// The file with the certificates of the authorities that the issuer's host is checked
            /// with.
            #[serde(alias = "caFile")]
            ca_file: Option<PathBuf>,
            /// The file with the certificate that this server shows to the issuer.
            #[serde(alias = "clientCertificateFile")]
            client_certificate_file: Option<PathBuf>,
            /// The file with the private key of that certificate.
            #[serde(alias = "clientKeyFile")]
            client_key_file: Option<PathBuf>,
            /// The file with the bearer token that fetches of keys send.
            #[serde(alias = "bearerTokenFile")]
            bearer_token_file: Option<PathBuf>,
        }

        impl Expected for $name {
            const EXPECTED: &'static str = $expecting;
        }

        impl $name {
            fn take_settings(&mut self) -> Settings {
                Settings {
                    audience: self.audience.take(),
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
                    introspection: self.introspection.take().map(Into::into),
                    require_bound_tokens: self.require_bound_tokens,
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
    "a configuration as an object",
    /// The configuration of tower-jwt-auth: which access tokens a server accepts.
    struct ConfigFile {
        /// The URL of this JSON Schema, for editors.
        #[serde(rename = "$schema")]
        _schema: Option<String>,
        /// The URL at which clients reach this server (RFC 9728). It is the default of `audience`.
        resource: Option<String>,
        /// The realm that challenges name. Default: none, or `mcp` without `resource`.
        realm: Option<String>,
        /// The issuer of the tokens, byte for byte as in `iss`.
        issuer: Option<String>,
        /// Several issuers, in place of `issuer`. What an entry leaves out is taken from the top
        /// level.
        #[serde(default, deserialize_with = "objects")]
        issuers: Option<Vec<IssuerEntry>>,
        /// A name of this server, for people. It is published in the resource metadata.
        #[serde(alias = "resourceName")]
        resource_name: Option<String>,
        /// The URL of a page for developers. It is published in the resource metadata.
        #[serde(alias = "resourceDocumentation")]
        resource_documentation: Option<String>,
        /// The URL of a page about the use of data. It is published in the resource metadata.
        #[serde(alias = "resourcePolicyUri")]
        resource_policy_uri: Option<String>,
        /// The URL of the terms of service. It is published in the resource metadata.
        #[serde(alias = "resourceTosUri")]
        resource_tos_uri: Option<String>,
        /// The URL of this server's own keys. It is published in the resource metadata.
        #[serde(alias = "resourceJwksUri")]
        resource_jwks_uri: Option<String>,
        /// The authorization servers that the resource metadata lists. Default: the issuers that
        /// are https URLs, or http URLs on a loopback host.
        #[serde(default, alias = "authorizationServers", deserialize_with = "list")]
        authorization_servers: Option<Vec<String>>,
        /// The scopes that clients request at first. Default: `required_scopes`.
        #[serde(default, alias = "scopesSupported", deserialize_with = "list")]
        scopes_supported: Option<Vec<String>>,
        /// The scopes that every 401 lists. Default: `scopes_supported` if set, else
        /// `required_scopes`.
        #[serde(default, alias = "initialScopes", deserialize_with = "list")]
        initial_scopes: Option<Vec<String>>,
        /// Leaves `required_scopes` out of the challenge of a 403. Default: off.
        #[serde(default, alias = "challengeOperationScopesOnly", deserialize_with = "flag")]
        challenge_operation_scopes_only: bool,
        /// Removes the `Authorization` header of accepted requests. Default: off.
        #[serde(default, alias = "stripAuthorization", deserialize_with = "flag")]
        strip_authorization: bool,
        /// Allows http on any host. The risk: whoever is on the network path can replace the keys.
        #[serde(default, alias = "dangerAllowHttp", deserialize_with = "flag")]
        danger_allow_http: bool,
        /// Accepts tokens that are bound to a key, with DPoP proofs. Default: off.
        #[serde(default, deserialize_with = "switch")]
        #[cfg_attr(feature = "schema", schemars(with = "Switch<DpopEntry>"))]
        dpop: Option<DpopEntry>,
        /// Accepts tokens that are bound to a certificate of the client. Default: off.
        #[serde(default, deserialize_with = "switch")]
        #[cfg_attr(feature = "schema", schemars(with = "Switch<MtlsEntry>"))]
        mtls: Option<MtlsEntry>,
        /// Shares keys, revocations, used proofs and nonces with other processes. Default: none.
        #[cfg(feature = "redis")]
        #[serde(default, deserialize_with = "object")]
        fleet: Option<FleetEntry>,
        /// Needs the feature `redis`.
        #[cfg(not(feature = "redis"))]
        #[serde(default, deserialize_with = "without_the_feature")]
        #[cfg_attr(feature = "schema", schemars(skip))]
        #[expect(dead_code, reason = "reading it is the error")]
        fleet: (),
        /// The largest token that is read, in bytes, up to 65,536. Default: 16,384.
        #[serde(default, alias = "maxTokenBytes", deserialize_with = "count")]
        max_token_bytes: Option<usize>,
        /// Where requests carry their tokens: the first place that is present counts. Default:
        /// `Authorization` alone.
        #[serde(default, alias = "tokenSources", deserialize_with = "list")]
        token_sources: Option<Vec<SourceEntry>>,
        /// The number of verified tokens that are cached. Default: 16,384.
        #[serde(default, alias = "tokenCacheEntries", deserialize_with = "count")]
        token_cache_entries: Option<usize>,
    }
}

with_issuer_settings! {
    "an issuer with its settings as an object",
    /// One of several issuers.
    struct IssuerEntry {
        /// The issuer of the tokens, byte for byte as in `iss`.
        issuer: String,
    }
}

#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
struct CacheEntry {
    /// The shortest life that the issuer may give its keys. Default: 5 minutes.
    #[serde(default, alias = "minAge", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    min_age: Option<Duration>,
    /// The age at which keys are refreshed. Default: 10 minutes.
    #[serde(default, alias = "maxAge", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    max_age: Option<Duration>,
    /// The age at which keys are no longer used, even if refreshes fail. Default: 24 hours.
    #[serde(default, alias = "maxStale", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    max_stale: Option<Duration>,
    /// How often an unknown `kid` may cause a fetch. Default: 30 seconds.
    #[serde(default, deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    cooldown: Option<Duration>,
    /// The longest time that a fetch may take. Default: 5 seconds.
    #[serde(default, deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    timeout: Option<Duration>,
}

impl Expected for CacheEntry {
    const EXPECTED: &'static str = "the times as an object";
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
struct CognitoEntry {
    /// The app clients whose tokens are accepted.
    #[serde(alias = "clientIds", deserialize_with = "required_list")]
    client_ids: Vec<String>,
}

impl Expected for CognitoEntry {
    const EXPECTED: &'static str = "the ids of app clients as an object";
}

impl ConfigFile {
    pub(super) fn into_builder(mut self) -> JwtAuthConfigBuilder {
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
            dpop: self.dpop.map(Into::into),
            mtls: self.mtls.map(Into::into),
            max_token_bytes: self.max_token_bytes,
            token_sources: self
                .token_sources
                .map(|entries| entries.into_iter().map(Into::into).collect()),
            token_cache_entries: self.token_cache_entries,
            #[cfg(feature = "redis")]
            fleet_settings: self.fleet.map(|fleet| Box::new(fleet.into())),
            ..JwtAuthConfigBuilder::default()
        }
    }
}

impl IssuerEntry {
    pub(super) fn into_issuer(mut self) -> Issuer {
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

/// Leaves an unknown name to `build`, so that it is reported as a `ConfigError`.
fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>, UnsupportedAlgorithm> {
    names.into_iter().map(Algorithm::try_from).collect()
}

/// An unknown name would not say why.
#[cfg(not(feature = "redis"))]
fn without_the_feature<'de, D: serde::Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(serde::de::Error::custom("needs the feature redis"))
}
