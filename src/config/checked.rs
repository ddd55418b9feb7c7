//! The finished configuration, and the layer and the verifier made from it.

use std::fmt;
use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use super::checked_issuer::CheckedIssuer;
use super::issuer::Issuer;
use super::replace::Replaceable;
use super::server::Server;
use crate::authn::JwtAuthLayer;
use crate::base::clock::Clock;
#[cfg(feature = "redis")]
use crate::fleet::Fleet;
use crate::proof::possession::Proofs;
#[cfg(feature = "redis")]
use crate::revocation::Revocations;
use crate::telemetry::CacheSize;
use crate::token::ReadOptions;
use crate::verifier::cache::TokenCache;
use crate::verifier::checks::CustomChecks;
use crate::verifier::{IssuerList, JwtVerifier, Rules};
use crate::wire::answers::Answers;
use crate::wire::credentials::TokenFinder;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::stream_expiry::StreamExpiry;

/// A configuration whose settings have all been checked; [`JwtAuthLayer::new`] takes it.
///
/// It is made with [`builder`](Self::builder), or read from a file:
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
///
/// let config: JwtAuthConfig = serde_json::from_str(
///     r#"{
///         "resource": "https://mcp.example.com/mcp",
///         "issuer": "https://idp.example.com",
///         "jwks_uri": "https://idp.example.com/jwks",
///         "required_scopes": ["mcp:read"],
///         "jwks_cache": {"max_age": "5m"}
///     }"#,
/// )?;
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A file cannot contain functions or clients. To add them, deserialize the builder instead:
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::config::JwtAuthConfigBuilder;
/// use tower_jwt_auth::error::CheckError;
///
/// let builder: JwtAuthConfigBuilder = serde_json::from_str(
///     r#"{"resource": "https://mcp.example.com/mcp", "issuer": "https://idp.example.com"}"#,
/// )?;
/// let config = builder
///     .check(|auth| match auth.subject() {
///         Some("mallory") => Err(CheckError::Forbidden),
///         _ => Ok(()),
///     })
///     .build()?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The file
///
/// - A name of more than one word may be written in camelCase: `jwksUri`, `maxAge`. An unknown name
///   is an error, which names the nearest one that there is.
/// - A duration is a text such as `"30s"` or `"10m"`. Numbers and booleans may be texts too,
///   `"16384"` and `"true"`, as variables of the environment are.
/// - A variable in a text (`${ISSUER}`, `$ISSUER`, `%ISSUER%`, `{{ issuer }}`) is an error, because
///   nothing is expanded. [`guide::recipes`](crate::guide::recipes#a-file-then-the-environment)
///   reads the environment after the file.
/// - `"$schema"` may name the JSON Schema of the file, with which editors complete and check it:
///   `docs/config.schema.json` in the package.
/// - A setting that weakens a check has a name that starts with `danger_`.
///
/// # Settings
///
/// The builder has a method for each, where its effect, its default and its errors are documented
/// in full. `resource` and `issuer` are enough for most servers.
///
/// ## What must be set
///
/// | name | default | what it is |
/// | --- | --- | --- |
/// | `resource` | none | The URL at which clients reach this server (RFC 9728 §1.2), and the default audience. https, or http on a loopback host; no query, no fragment. Without it `audience` is required, and no metadata is served |
/// | `issuer` | required, or `issuers` | Compared byte for byte with `iss`: a slash at the end counts. With discovery an https URL, or http on a loopback host; with keys from elsewhere any text |
/// | `issuers`; builder: `add_issuer` | none | Several issuers, each with its own keys. An entry takes what it does not set from the top level, except keys: `audience`, `danger_missing_audience_for_clients`, `algorithms`, `required_scopes`, `scope_claims`, `advertise`, `leeway`, `max_token_age`, `jwks_cache`, `pin_jwks_host`, `rfc9068`, `cognito`, `keycloak`, `require_bound_tokens`, `danger_allow_any_audience`. `introspection` belongs to one entry. Not together with `issuer` or top-level keys |
/// | builder: `issuers_limit` | `1000` | The most issuers that a list may have, also one that [`replace_issuers`](crate::JwtAuthLayer::replace_issuers) gets. Up to `10000` |
/// | `audience` | `resource` | A text or a list; one match with `aud` is enough, byte for byte. List both spellings when the issuer's differs |
///
/// ## Which tokens are accepted
///
/// | name | default | what it does |
/// | --- | --- | --- |
/// | `algorithms` | every asymmetric one | ES256, ES384, ES512, EdDSA (also called Ed25519), ML-DSA-44, ML-DSA-65, ML-DSA-87, PS256, PS384, PS512, RS256, RS384, RS512; the key narrows them further. HS256, HS384, HS512 only when listed, and only with a static `oct` key (RFC 8725 §3.1) |
/// | `required_scopes` | none | Required for every operation; listed in challenges and in the metadata |
/// | `scope_claims` | `["scope", "scp"]` | The claims that hold the scopes of a token: each a text or a list of texts |
/// | builder: `scope_hierarchy` | none | Says which broad scope implies which narrow one |
/// | `leeway` | `60s` | Tolerated clock difference for `exp`, `nbf`, `iat`. `0s` to `5m` |
/// | `max_token_age` | none | Rejects tokens whose `iat` is longer ago than this, and tokens without `iat`. At least `1s` |
/// | `rfc9068` | off | Accepts only tokens that follow RFC 9068 |
/// | `cognito`: `{"client_ids": [..]}` | off | For Amazon Cognito, whose access tokens carry no `aud` |
/// | `keycloak` | off | For Keycloak: the claim `typ` must be `Bearer` |
/// | builder: `check` | none | Your own check, for each valid token. It can only reject |
/// | `token_sources` | `["authorization"]` | Where requests carry their tokens: other headers, cookies, subprotocols of WebSockets |
/// | `dpop` | off | Accepts tokens that are bound to a key of the client, with a proof for each request (RFC 9449); [`Dpop`](crate::proof::Dpop) has its settings |
/// | `mtls` | off | Accepts tokens that are bound to a certificate of the client (RFC 8705 §3); [`Mtls`](crate::proof::Mtls) has its settings |
/// | `require_bound_tokens` | `false` | Rejects tokens that are bound to neither |
/// | `fleet` | none | Shares keys, revocations, used proofs and nonces with other processes through Redis or Valkey (feature `redis`); [`FleetBuilder`](crate::fleet::FleetBuilder) has its settings |
/// | `introspection` | off | Asks the issuer about tokens that are not JWTs (RFC 7662); [`Introspection`](crate::introspection::Introspection) has its settings |
/// | `max_token_bytes` | `16384` | The largest token that is read, up to `65536` |
/// | `token_cache_entries` | `16384` | A verified token is cached: the next request with it costs no signature check. `0` turns the cache off; at most a million |
///
/// Two settings weaken the check of the audience. A token that a user gave to another service then
/// works here:
///
/// - `danger_missing_audience_for_clients` (none): tokens without `aud` pass if they were issued to
///   one of these clients.
/// - `danger_allow_any_audience` (off): tokens for any audience pass, as long as they carry an
///   `aud`.
///
/// ## Where keys come from
///
/// Several sources at once are not an error. The first of this order is used: `key_source`,
/// `jwks_uri`, `jwks`, `jwk`, `public_key_pem`, discovery.
///
/// | name | default | what it does |
/// | --- | --- | --- |
/// | `jwks_uri` | discovery | The URL of the keys. Without it the issuer's metadata is read at each refresh: OpenID Connect Discovery or RFC 8414, and its `issuer` must equal yours |
/// | `jwks`, `jwk`, `public_key_pem` | none | Keys that never change: a set, one key, or PEM text (RSA, EC, Ed25519) |
/// | builder: `key_source` | none | Your own [`KeySource`](crate::keys::KeySource): a file, a secret store |
/// | `initial_jwks` | none | Keys that are used until the first fetch |
/// | `snapshot_file` | none | Each good key set is saved to this file, and a new process starts with it. One file per issuer |
/// | `pin_jwks_host` | off | Accepts keys only from the issuer's own host, whatever its metadata says |
/// | `ca_file` | the system's | PEM file with the only CA certificates that are trusted when keys are fetched. This and the next two are per issuer, and are read again when the file changes |
/// | `client_certificate_file`, `client_key_file` | none | PEM files with the certificate and the key that are presented to the issuer |
/// | `bearer_token_file` | none | The token in this file is sent with each request for keys and metadata, as a Kubernetes API server wants it |
/// | `jwks_cache.max_age` | `10m` | The age at which keys must be refreshed; refreshes start at 80 % of it. At least `1s` |
/// | `jwks_cache.min_age` | `5m`, or `max_age` if that is shorter | The shortest `Cache-Control: max-age` of the issuer that is honoured. `30s` (or `max_age`, if that is shorter) to `max_age` |
/// | `jwks_cache.max_stale` | `24h` | The maximum age of keys while refreshes fail; after that 503. Not below `max_age` |
/// | `jwks_cache.cooldown` | `30s` | One fetch for an unknown `kid` per this time, after the first two; and the longest pause between failed attempts. At least `1s` |
/// | `jwks_cache.timeout` | `5s` | The whole fetch, discovery included, and the longest time that a request waits for keys. `1ms` to `1h` |
/// | builder: `http_client` | 2 s to connect, no redirects, no connections kept alive, proxy variables honoured | Your own `reqwest::Client` |
/// | builder: `http_transport` | reqwest | Your own [`HttpTransport`](crate::keys::HttpTransport), for another HTTP client |
/// | builder: `keys_of` | none | Shares the keys of another layer's issuers, with the task that fetches them |
///
/// `danger_allow_http` (off) allows http to any host. Anybody on the network path can then replace
/// the keys, and forge any token.
///
/// ## What clients and the service are told
///
/// | name | default | what it does |
/// | --- | --- | --- |
/// | `scopes_supported` | `required_scopes` | The scopes in the metadata, which clients request at the first login |
/// | `initial_scopes` | `scopes_supported` if that is set, else `required_scopes` | The scopes in every 401. Clients prefer them to the metadata |
/// | `challenge_operation_scopes_only` | off | Leaves `required_scopes` out of the challenge of a 403 for one operation |
/// | `authorization_servers` | the issuers that are https URLs, or http on a loopback host | The authorization servers in the metadata |
/// | `advertise` | `true` | `false` leaves an issuer out of the metadata, such as one at which no user signs in |
/// | `resource_name`, `resource_documentation`, `resource_policy_uri`, `resource_tos_uri`, `resource_jwks_uri` | none | More members of the metadata (RFC 9728 §2). Without `resource` they are an error |
/// | `strip_authorization` | off; on with [`JwtAuthLayer::for_mcp`] | Removes the `Authorization` header of accepted requests |
/// | `realm` | none; `mcp` without `resource` | The realm of challenges |
///
/// Settings of the layer itself are methods of [`JwtAuthLayer`]. Limits that cannot be set are in
/// [`limits`](crate::limits).
#[derive(Clone)]
pub struct JwtAuthConfig(pub(super) Arc<Checked>);

pub(super) struct Checked {
    pub(super) server: Arc<Server>,
    pub(super) entries: Arc<[Issuer]>,
    pub(super) issuers: Vec<CheckedIssuer>,
    pub(super) options: Arc<ReadOptions>,
    pub(super) answers: Arc<Answers>,
    pub(super) metadata: Option<ResourceMetadata>,
    pub(super) strip_authorization: bool,
    pub(super) finder: TokenFinder,
    pub(super) checks: CustomChecks,
    /// Shared by every layer of this configuration, so that a proof counts once for all of them.
    pub(super) proofs: Arc<Proofs>,
    pub(super) token_cache_entries: usize,
    pub(super) token_cache_size: CacheSize,
    pub(super) clock: Clock,
    #[cfg(feature = "redis")]
    pub(super) revocations: Option<Arc<Revocations>>,
}

impl JwtAuthConfig {
    /// Returns a builder with nothing set.
    pub fn builder() -> JwtAuthConfigBuilder {
        JwtAuthConfigBuilder::default()
    }

    /// The fleet that was set, or made from `fleet` in a file: to revoke tokens, and for the
    /// sessions.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    /// use tower_jwt_auth::mcp::SessionBindingLayer;
    ///
    /// fn sessions(config: &JwtAuthConfig) -> SessionBindingLayer {
    ///     match config.fleet() {
    ///         Some(fleet) => SessionBindingLayer::with_store(fleet.sessions()).strict(),
    ///         None => SessionBindingLayer::new(),
    ///     }
    /// }
    /// ```
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn fleet(&self) -> Option<&Fleet> {
        self.0.server.fleet.as_ref()
    }

    /// The verifier of one layer, and its metadata.
    fn verifier(&self) -> (JwtVerifier, Option<ResourceMetadata>) {
        let Checked {
            server,
            entries,
            issuers,
            options,
            answers,
            metadata,
            proofs,
            finder,
            checks,
            token_cache_entries,
            token_cache_size,
            clock,
            strip_authorization: _,
            #[cfg(feature = "redis")]
            revocations,
        } = &*self.0;
        let trusted = issuers.iter().map(|issuer| issuer.trusted(options, clock));
        let list = IssuerList {
            all: trusted.collect(),
            options: options.clone(),
            answers: answers.clone(),
        };
        let cache = TokenCache::new(*token_cache_entries);
        let cache = cache.map(|cache| cache.shown_by(token_cache_size.clone()));
        let rules = Rules {
            finder: finder.clone(),
            proofs: proofs.clone(),
            checks: checks.clone(),
            clock: clock.clone(),
            #[cfg(feature = "redis")]
            revocations: revocations.clone(),
        };
        // Each layer has its own, because its issuers may be replaced.
        let metadata = metadata.as_ref().map(ResourceMetadata::apart);
        let origin = Replaceable {
            server: server.clone(),
            entries: entries.clone(),
            metadata: metadata.clone(),
        };
        let verifier = JwtVerifier::assemble(list, rules, cache, Box::new(origin));
        (verifier, metadata)
    }
}

impl JwtAuthLayer {
    /// Creates the layer for `config`. Fetches nothing, starts nothing and needs no runtime: the
    /// keys are fetched when the first token arrives, or with
    /// [`wait_for_keys`](Self::wait_for_keys).
    pub fn new(config: JwtAuthConfig) -> Self {
        let (verifier, metadata) = config.verifier();
        Self::assemble(verifier, metadata, config.0.strip_authorization)
    }
}

impl JwtAuthLayer {
    /// Creates the layer for `config` with the settings recommended for MCP servers: the token is
    /// not forwarded (`Authorization` is removed, since a server must not pass the token on), and
    /// streams that only deliver notifications end when their token expires
    /// ([`StreamExpiry::ListenOnly`]).
    ///
    /// Set `resource`: clients find the issuer through it. For scopes per tool, add
    /// [`McpScopesLayer`](crate::mcp::McpScopesLayer), and for sessions
    /// [`SessionBindingLayer`](crate::mcp::SessionBindingLayer); both go inside this layer.
    ///
    /// ```
    /// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use axum::{Router, routing::any};
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    /// use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
    ///
    /// let config = JwtAuthConfig::builder()
    ///     .resource("https://mcp.example.com/mcp")
    ///     .issuer("https://idp.example.com")
    ///     .required_scopes(["mcp:read"])
    ///     .build()?;
    /// let mcp: Router = Router::new()
    ///     .route("/mcp", any(|| async { "the MCP server" }))
    ///     .route_layer(McpScopesLayer::new().tool("add_note", ["mcp:write"]))
    ///     .route_layer(SessionBindingLayer::new());
    /// let app = JwtAuthLayer::for_mcp(config).protect(mcp);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn for_mcp(config: JwtAuthConfig) -> Self {
        Self::new(config)
            .strip_authorization()
            .stream_expiry(StreamExpiry::ListenOnly)
    }
}

impl JwtVerifier {
    /// Creates the verifier for `config`. Fetches nothing, starts nothing and needs no runtime.
    #[must_use]
    pub fn new(config: JwtAuthConfig) -> Self {
        config.verifier().0
    }
}

impl fmt::Debug for JwtAuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies: Vec<_> = self.0.issuers.iter().map(|issuer| &issuer.policy).collect();
        f.debug_struct("JwtAuthConfig")
            .field("issuers", &policies)
            .finish_non_exhaustive()
    }
}
