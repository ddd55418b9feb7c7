//! The builder and its setters. Long, because each setter documents its effect, default and errors.

use std::sync::Arc;

use super::credentials::credential_setters;
use super::issuer::{Issuer, issuer_setters};
use super::settings::Settings;
use crate::base::clock::Clock;
use crate::base::scopes::ScopeHierarchy;
use crate::caller::AuthInfo;
use crate::keys::{HttpTransport, LiveKeys};
use crate::proof::{Dpop, Mtls};
use crate::verifier::checks::{CheckError, CustomChecks};
use crate::wire::metadata::ResourceDetails;
use crate::wire::token_source::TokenSource;

/// Builds a [`JwtAuthConfig`](crate::JwtAuthConfig). Each setter documents its default;
/// [`build`](Self::build) reports invalid settings.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JwtAuthConfigBuilder {
    pub(super) resource: Option<String>,
    pub(super) realm: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) issuers: Option<Vec<Issuer>>,
    pub(super) shared: Settings,
    pub(super) hierarchy: Option<ScopeHierarchy>,
    pub(super) details: ResourceDetails,
    pub(super) authorization_servers: Option<Vec<String>>,
    pub(super) initial_scopes: Option<Vec<String>>,
    pub(super) challenge_operation_scopes_only: bool,
    pub(super) checks: CustomChecks,
    pub(super) strip_authorization: bool,
    pub(super) allow_http: bool,
    pub(super) dpop: Option<Dpop>,
    pub(super) mtls: Option<Mtls>,
    pub(super) max_token_bytes: Option<usize>,
    pub(super) token_sources: Option<Vec<TokenSource>>,
    pub(super) token_cache_entries: Option<usize>,
    /// With the name of the setter.
    pub(super) http_transport: Option<(&'static str, Arc<dyn HttpTransport>)>,
    pub(super) keys_of: Vec<(Arc<str>, LiveKeys)>,
    pub(super) clock: Clock,
}

issuer_setters!(JwtAuthConfigBuilder, shared);
credential_setters!(JwtAuthConfigBuilder, shared);

impl JwtAuthConfigBuilder {
    /// Sets the identifier of this server (RFC 9728 §1.2): the URL at which clients reach it.
    /// Tokens must name it in `aud` unless `audience` is set: as it is here, or with scheme and
    /// host in lower case and without the default port (RFC 3986 §6.2.3). If it is an origin, a
    /// slash at the end makes no difference. Metadata, challenges and `AuthInfo::resource` give it
    /// as it is here.
    ///
    /// Default: none. Then `audience` is needed, no metadata is served, and challenges carry a
    /// realm.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host), that has a
    /// query or a fragment, or that contains characters that a challenge cannot carry.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Publishes a human-readable name of this server in the resource metadata (RFC 9728 §2
    /// `resource_name`).
    ///
    /// Default: none.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.details.name = Some(name.into());
        self
    }

    /// Publishes the URL of a page for developers in the resource metadata (RFC 9728 §2
    /// `resource_documentation`).
    ///
    /// Default: none.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host). The same rule
    /// applies to the other URLs in the metadata.
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.details.documentation = Some(url.into());
        self
    }

    /// Publishes the URL of a page about how clients may use the data, in the resource metadata
    /// (RFC 9728 §2 `resource_policy_uri`).
    ///
    /// Default: none.
    pub fn resource_policy_uri(mut self, url: impl Into<String>) -> Self {
        self.details.policy_uri = Some(url.into());
        self
    }

    /// Publishes the URL of the terms of service in the resource metadata (RFC 9728 §2
    /// `resource_tos_uri`).
    ///
    /// Default: none.
    pub fn resource_tos_uri(mut self, url: impl Into<String>) -> Self {
        self.details.tos_uri = Some(url.into());
        self
    }

    /// Publishes the URL of this server's own keys in the resource metadata (RFC 9728 §2
    /// `jwks_uri`). Tokens are not verified with these keys, but with the issuer's.
    ///
    /// Default: none.
    pub fn resource_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.details.jwks_uri = Some(url.into());
        self
    }

    /// Publishes these authorization servers in the resource metadata (RFC 9728 §2), instead of the
    /// issuers: for a proxy that registers clients, or an issuer whose tokens name another one.
    ///
    /// Default: the issuers that are https URLs, or http URLs on a loopback host, in the order of
    /// the configuration, without those that [`Issuer::advertise`] leaves out. Clients refuse a
    /// document that lists anything else. If nothing is left, the document has no
    /// `authorization_servers`, and `build` emits the event `authorization_servers_empty`: clients
    /// then do not learn where to sign in.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host).
    pub fn authorization_servers<S: Into<String>>(
        mut self,
        urls: impl IntoIterator<Item = S>,
    ) -> Self {
        self.authorization_servers = Some(urls.into_iter().map(Into::into).collect());
        self
    }

    /// Lists these scopes in the resource metadata (RFC 9728 §2 `scopes_supported`). Clients
    /// request them at first, so list the scopes that basic use of the server needs, not every
    /// scope that exists.
    ///
    /// Default: `required_scopes`.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, `offline_access`, and scopes that a challenge cannot carry.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.details.scopes_supported = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Lists these scopes in the challenge of every 401: what a client asks its user for at first.
    ///
    /// Default: `scopes_supported` if that is set, else `required_scopes`. Clients prefer the
    /// challenge to the metadata, and some never ask for more than they asked for at first. List
    /// the scopes of all tools that such a client shall reach.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, `offline_access`, and scopes that a challenge cannot carry.
    pub fn initial_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.initial_scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Lists only the scopes of the operation in the challenge of a 403, without `required_scopes`.
    ///
    /// Default: off. MCP clients from before 2026-07-28 next request exactly the scopes that the
    /// challenge lists, and lose the scopes that they had. Later clients combine the two
    /// themselves. Both work with the longer list.
    pub fn challenge_operation_scopes_only(mut self) -> Self {
        self.challenge_operation_scopes_only = true;
        self
    }

    /// Sets the realm that challenges name (RFC 9110 §11.5).
    ///
    /// Default: none; `mcp` when no `resource` is set, because a challenge then has no metadata to
    /// point to.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty realm, and characters that a challenge cannot carry.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Trusts this one issuer. It is compared byte for byte with the `iss` of tokens: a slash at
    /// the end counts.
    ///
    /// # Errors
    ///
    /// `build` rejects the URL of a metadata document (`/.well-known/..`). If the keys are
    /// discovered, it also rejects a value that is not an https URL (http is allowed on a loopback
    /// host), and a URL with a query or a fragment (RFC 8414 §2). With keys from elsewhere the
    /// issuer is a text that is only compared.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Trusts one more issuer. May be called several times, but not together with
    /// [`issuer`](Self::issuer).
    pub fn add_issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.get_or_insert_default().push(issuer);
        self
    }

    /// Defines which scopes imply others: `implies(granted, needed)` returns whether a granted
    /// scope includes a needed one. It applies to required scopes,
    /// [`AuthInfo::has_scope`](crate::AuthInfo::has_scope) and
    /// [`RequireScopesLayer`](crate::RequireScopesLayer).
    ///
    /// Default: a scope implies only itself.
    pub fn scope_hierarchy(
        mut self,
        implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hierarchy = Some(ScopeHierarchy::new(implies));
        self
    }

    /// Calls `check` for every caller whose token is valid. It gets the verified claims and can
    /// only reject. May be called several times; every check must return `Ok`.
    ///
    /// The check runs for each request, even if the token is in the cache, and before scopes are
    /// checked, so it can serve as a deny list by `jti`, subject or client. It runs while the
    /// request waits and must not block: keep the data that it needs in memory.
    ///
    /// Default: none.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use std::sync::{Arc, RwLock};
    /// use tower_jwt_auth::JwtAuthConfig;
    /// use tower_jwt_auth::error::CheckError;
    ///
    /// let revoked: Arc<RwLock<HashSet<String>>> = Arc::default();
    /// let list = revoked.clone();
    /// let builder = JwtAuthConfig::builder().check(move |auth| {
    ///     let list = list.read().map_err(|_| CheckError::Forbidden)?;
    ///     match auth.jti().is_some_and(|jti| list.contains(jti)) {
    ///         true => Err(CheckError::InvalidToken),
    ///         false => Ok(()),
    ///     }
    /// });
    /// ```
    pub fn check(
        mut self,
        check: impl Fn(&AuthInfo) -> Result<(), CheckError> + Send + Sync + 'static,
    ) -> Self {
        self.checks.add(check);
        self
    }

    /// Removes the `Authorization` header of admitted requests, and the token in each of the
    /// [`token_sources`](Self::token_sources), so that inner services cannot forward it.
    ///
    /// Default: off; the header stays and is marked sensitive, so that `Debug` does not print it.
    pub fn strip_authorization(mut self) -> Self {
        self.strip_authorization = true;
        self
    }

    /// Accepts tokens that are bound to a key of the client, with a proof for each request (DPoP,
    /// RFC 9449). A stolen token is then worth nothing without the key.
    ///
    /// Default: off; such tokens are rejected. Turned on, it doubles every challenge, and the URL
    /// of this server must be right. Plain bearer tokens go on working unless
    /// `require_bound_tokens` says otherwise.
    ///
    /// # Errors
    ///
    /// `build` rejects it without `resource` and [`Dpop::public_url`], and what the setters of
    /// [`Dpop`] say.
    ///
    /// See [`Dpop`] for an example.
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        self.dpop = Some(dpop);
        self
    }

    /// Accepts tokens that are bound to a certificate of the client, in requests with this
    /// certificate (RFC 8705 §3).
    ///
    /// Default: off; such tokens are rejected.
    ///
    /// # Errors
    ///
    /// `build` rejects what the constructors of [`Mtls`] say.
    ///
    /// See [`Mtls`] for an example.
    pub fn mtls(mut self, mtls: Mtls) -> Self {
        self.mtls = Some(mtls);
        self
    }

    /// Reads tokens of at most `bytes`.
    ///
    /// Default: [16 KiB](crate::limits::MAX_TOKEN_BYTES). Users with hundreds of groups or roles
    /// have larger tokens at some providers. The cost of rejecting a token grows with its size: at
    /// 16 KiB it is below that of three RS256 verifications, at 64 KiB below that of twelve. Tokens
    /// above 16 KiB are not cached. The HTTP server in front must accept headers of this size too;
    /// hyper does.
    ///
    /// # Errors
    ///
    /// `build` rejects 0 and more than
    /// [64 KiB](crate::limits::MAX_CONFIGURED_TOKEN_BYTES).
    pub const fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = Some(bytes);
        self
    }

    /// Caches up to this many verified tokens: a later request with one of them needs no signature
    /// check. 0 turns the cache off.
    ///
    /// A cached token gets the verdict that it would get without the cache: its times are compared
    /// with the clock for each request, and its entry is not used once the issuer's keys have
    /// changed. Rejected tokens are never cached. A token stays in memory as long as its entry.
    ///
    /// An entry takes the token's bytes and about 1.1 KB: 2.1 KB for a token of 1 KB. The number
    /// also bounds the memory: at most 3 KiB per entry on average, and up to a sixth more. The
    /// cache therefore holds fewer tokens if they are large.
    ///
    /// Default: [16,384](crate::limits::DEFAULT_TOKEN_CACHE_ENTRIES).
    ///
    /// # Errors
    ///
    /// `build` rejects more than [a million](crate::limits::MAX_TOKEN_CACHE_ENTRIES).
    pub fn token_cache_entries(mut self, how_many: usize) -> Self {
        self.token_cache_entries = Some(how_many);
        self
    }

    /// Allows http on any host, for issuers and for this server.
    ///
    /// The risk: an attacker on the network can replace the keys, and then forge any token.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Fetches keys and metadata, and asks about tokens, with this client, for example with a proxy
    /// of its own. Certificates and tokens that rotate are simpler as `ca_file`,
    /// `client_certificate_file` and `bearer_token_file`.
    ///
    /// The client's own settings apply: turn redirects off and set a connect timeout. The fetch
    /// timeout and the size limit apply to it as well.
    ///
    /// Default: a client that connects within 2 seconds, follows no redirect, keeps no connection
    /// open, and honours the proxy variables of the environment.
    #[cfg(feature = "reqwest")]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        let transport = crate::keys::ReqwestTransport::with_client(client);
        self.http_transport = Some(("http_client", Arc::new(transport)));
        self
    }

    /// Fetches keys and metadata, and asks about tokens, through this transport, for an HTTP client
    /// other than reqwest or to fetch without the feature `reqwest`. This setter and [`http_client`](Self::http_client)
    /// replace each other: the last call counts.
    ///
    /// Default: reqwest, see [`http_client`](Self::http_client). Without the feature `reqwest`
    /// there is no default, and `build` rejects an issuer whose keys must be fetched.
    ///
    /// See [`HttpTransport`] for an example.
    pub fn http_transport(mut self, transport: impl HttpTransport) -> Self {
        self.http_transport = Some(("http_transport", Arc::new(transport)));
        self
    }

    /// Uses `clock` as the wall clock, in tests.
    ///
    /// Default: the system's clock.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::test_util::FakeClock) -> Self {
        self.clock = clock.as_clock();
        self
    }
}
