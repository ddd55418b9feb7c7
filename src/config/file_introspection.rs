//! `introspection` in a file: names, spellings and types.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::by_name;
#[cfg(feature = "schema")]
use super::schema::{Lasting, OneOf, complete};
use super::values::{duration, flag, secret};
use crate::base::secret::Secret;
use crate::introspection::Introspection;
#[cfg(feature = "schema")]
use crate::introspection::{ClientAuth, IntrospectedTokens, JwtResponse};

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(inline, transform = complete))]
#[serde(deny_unknown_fields)]
pub(super) struct IntrospectionEntry {
    /// The URL at which the issuer is asked. Default: the endpoint in the issuer's metadata, if it
    /// is on the issuer's own origin.
    endpoint: Option<String>,
    /// The id of this server at the issuer.
    #[serde(alias = "clientId")]
    client_id: Option<String>,
    /// The secret of this client.
    #[serde(default, alias = "clientSecret", deserialize_with = "secret")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    client_secret: Option<Secret<String>>,
    /// The file with the secret of this client.
    #[serde(alias = "clientSecretFile")]
    client_secret_file: Option<PathBuf>,
    /// The file with the private key that signs assertions of this client: PEM or a JWK.
    #[serde(alias = "privateKeyFile")]
    private_key_file: Option<PathBuf>,
    /// The file with the bearer token that this server sends.
    #[serde(alias = "bearerTokenFile")]
    bearer_token_file: Option<PathBuf>,
    /// How this server authenticates itself. Default: `basic`, `private_key_jwt` or `bearer`, as
    /// the credentials are.
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOf<ClientAuth>>"))]
    auth: Option<String>,
    /// The tokens that the issuer is asked about. Default: `opaque`.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<OneOf<IntrospectedTokens>>")
    )]
    tokens: Option<String>,
    /// How the opaque tokens of this issuer begin. Needed if several issuers have `introspection`.
    #[serde(alias = "tokenPrefix")]
    token_prefix: Option<String>,
    /// How long the answer "active" counts, up to 10 minutes. Default: 60 seconds.
    #[serde(default, alias = "maxAge", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    max_age: Option<Duration>,
    /// How long the answer "not active" counts, up to 60 seconds. Default: 5 seconds.
    #[serde(default, alias = "negativeMaxAge", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    negative_max_age: Option<Duration>,
    /// The longest time that a call may take, up to 30 seconds. Default: 5 seconds.
    #[serde(default, deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    timeout: Option<Duration>,
    /// Whether answers must be signed (RFC 9701). Default: `off`.
    #[serde(alias = "jwtResponse")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOf<JwtResponse>>"))]
    jwt_response: Option<String>,
    /// Accepts answers without `aud`. The risk: tokens that were given to another service work
    /// here.
    #[serde(
        default,
        alias = "dangerAllowMissingAudience",
        deserialize_with = "flag"
    )]
    danger_allow_missing_audience: bool,
    /// Uses an old answer for this long while the endpoint cannot be asked, up to 10 minutes. The
    /// risk: a revoked token works on. Default: 0.
    #[serde(default, alias = "dangerMaxStale", deserialize_with = "duration")]
    #[cfg_attr(feature = "schema", schemars(with = "Lasting"))]
    danger_max_stale: Option<Duration>,
}

impl From<IntrospectionEntry> for Introspection {
    fn from(entry: IntrospectionEntry) -> Self {
        Self {
            introspector: None,
            endpoint: entry.endpoint,
            client_id: entry.client_id,
            client_secret: entry.client_secret,
            client_secret_file: entry.client_secret_file,
            private_key_file: entry.private_key_file,
            bearer_token_file: entry.bearer_token_file,
            auth: entry.auth.map(by_name),
            tokens: entry.tokens.map(by_name),
            token_prefix: entry.token_prefix,
            max_age: entry.max_age,
            negative_max_age: entry.negative_max_age,
            timeout: entry.timeout,
            jwt_response: entry.jwt_response.map(by_name),
            allow_missing_audience: entry.danger_allow_missing_audience,
            max_stale: entry.danger_max_stale,
        }
    }
}
