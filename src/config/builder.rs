//! The builder, and its setters under the first two headings of its documentation. Long, because
//! each setter documents its effect, default and errors.

use std::sync::Arc;

use super::issuer::Issuer;
use super::settings::Settings;
use super::token_setters::{audience_setters, token_setters};
use crate::base::clock::Clock;
use crate::base::scopes::ScopeHierarchy;
use crate::caller::AuthInfo;
#[cfg(feature = "redis")]
use crate::fleet::{Fleet, FleetBuilder};
use crate::keys::{HttpTransport, LiveKeys};
use crate::proof::{Dpop, Mtls};
#[cfg(feature = "redis")]
use crate::revocation::Revocations;
use crate::verifier::checks::{CheckError, CustomChecks};
use crate::wire::metadata::ResourceDetails;
use crate::wire::token_source::TokenSource;

/// Builds a [`JwtAuthConfig`](crate::JwtAuthConfig), whose page has all settings in tables.
///
/// The setters below are grouped under four headings: what must be set, which tokens are accepted,
/// where keys come from, and what clients and the service are told. Each setter documents its
/// default. [`build`](Self::build) reports what is invalid. A configuration file uses the same
/// names.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthConfig;
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .required_scopes(["mcp:read"])
///     .leeway(Duration::from_secs(30))
///     .build()?;
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JwtAuthConfigBuilder {
    pub(super) resource: Option<String>,
    pub(super) realm: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) issuers: Option<Vec<Issuer>>,
    pub(super) issuers_limit: Option<usize>,
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
    #[cfg(feature = "redis")]
    pub(super) fleet: Option<Fleet>,
    /// `fleet` was called more than once.
    #[cfg(feature = "redis")]
    pub(super) fleet_twice: bool,
    /// Of a file. `build` makes the fleet.
    #[cfg(feature = "redis")]
    pub(super) fleet_settings: Option<Box<FleetBuilder>>,
    pub(super) clock: Clock,
    #[cfg(feature = "redis")]
    pub(super) revocations: Option<Arc<Revocations>>,
}

/// # What must be set
///
/// `resource` and `issuer` are enough for most servers.
impl JwtAuthConfigBuilder {
    /// Sets the identifier of this server (RFC 9728 §1.2): the URL at which clients reach it.
    /// Tokens must name it in `aud`, unless `audience` is set.
    ///
    /// Two spellings in `aud` are accepted: the one given here, and the one with scheme and host in
    /// lower case and without the default port (RFC 3986 §6.2.3). A slash at the end of an origin
    /// makes no difference. Metadata, challenges and `AuthInfo::resource` use the spelling given
    /// here.
    ///
    /// Default: none. Without it, `audience` is required, no metadata is served, and challenges
    /// carry a realm.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host), that has a
    /// query or a fragment, or that contains characters that a challenge cannot carry.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder().resource("https://mcp.example.com/mcp");
    /// ```
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
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
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder().issuer("https://tenant.auth0.com/");
    /// ```
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Trusts one more issuer. May be called several times, but not together with
    /// [`issuer`](Self::issuer).
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    /// use tower_jwt_auth::config::Issuer;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .add_issuer(Issuer::new("https://users.example.com"))
    ///     .add_issuer(Issuer::new("https://machines.example.com").audience("api://notes"));
    /// ```
    pub fn add_issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.get_or_insert_default().push(issuer);
        self
    }

    /// Allows at most this many issuers, here and in
    /// [`replace_issuers`](crate::JwtAuthLayer::replace_issuers): a list that something else writes
    /// cannot use up the memory.
    ///
    /// Default: [1,000](crate::limits::DEFAULT_ISSUERS). An issuer in use takes about 10 KiB and
    /// its key set, which may have [256 KiB](crate::limits::MAX_DOCUMENT_BYTES).
    ///
    /// # Errors
    ///
    /// `build` rejects 0 and more than [10,000](crate::limits::MAX_ISSUERS).
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder().issuers_limit(5_000);
    /// ```
    pub const fn issuers_limit(mut self, how_many: usize) -> Self {
        self.issuers_limit = Some(how_many);
        self
    }

    audience_setters!(shared);
}

/// # Which tokens are accepted
impl JwtAuthConfigBuilder {
    token_setters!(shared);

    /// Defines which scopes imply others: `implies(granted, needed)` returns whether a granted
    /// scope includes a needed one. It applies to required scopes,
    /// [`AuthInfo::has_scope`](crate::AuthInfo::has_scope) and
    /// [`RequireScopesLayer`](crate::RequireScopesLayer).
    ///
    /// Default: a scope implies only itself.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .scope_hierarchy(|granted, needed| granted == "notes:admin" && needed.starts_with("notes:"));
    /// ```
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

    /// Reads tokens from these places, and from no other: the first that is present in a request
    /// counts, whether its token is valid or not.
    ///
    /// Default: [`TokenSource::authorization`] alone. The list replaces it, so name it too if it is
    /// to stay a source. More than one value of a source gets 400, and a source without a value is
    /// not present. Every source that is listed is marked sensitive, or removed by
    /// [`strip_authorization`](Self::strip_authorization); of a header that holds more than the
    /// token, only the token is removed. A cookie needs protection against requests of other sites:
    /// [`TokenSource::cookie`] says which.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, a source that is listed twice, a name that no header, cookie
    /// or subprotocol can have, and the names of headers with another meaning. With
    /// [`dpop`](Self::dpop) it rejects a list without `Authorization`, since a token with a proof
    /// is read from no other place.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    /// use tower_jwt_auth::config::TokenSource;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .token_sources([TokenSource::header("Cf-Access-Jwt-Assertion")]);
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.token_sources = Some(sources.into_iter().collect());
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

    /// Shares with other processes what they learn, through a store that you run: keys,
    /// revocations, and with [`dpop`](Self::dpop) used proofs and nonces.
    /// [`guide::fleet`](crate::guide::fleet) says what it takes.
    ///
    /// Default: none. No verdict depends on it for a plain bearer token that nobody has revoked.
    ///
    /// # Errors
    ///
    /// `build` rejects a second one, and a [`FleetBuilder::revocation_keep`] below a `leeway`.
    ///
    /// See [`Fleet::redis`] for an example.
    #[cfg(feature = "redis")]
    pub fn fleet(mut self, fleet: Fleet) -> Self {
        self.fleet_twice = self.fleet.is_some();
        self.fleet = Some(fleet);
        self
    }

    /// Reads tokens of at most `bytes`.
    ///
    /// Default: [16 KiB](crate::limits::MAX_TOKEN_BYTES). Users with hundreds of groups or roles
    /// have larger tokens at some providers. The cost of rejecting a token grows with its size: at
    /// 16 KiB it is below that of three RS256 verifications, at 64 KiB below that of five. With
    /// several issuers, both are higher for claims that name their issuer late. Tokens above 16 KiB
    /// are not cached. The HTTP server in front must accept headers of this size too; hyper does.
    ///
    /// # Errors
    ///
    /// `build` rejects 0 and more than
    /// [64 KiB](crate::limits::MAX_CONFIGURED_TOKEN_BYTES).
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder().max_token_bytes(32 * 1024);
    /// ```
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
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder().token_cache_entries(100_000); // about 210 MB if it is full
    /// ```
    pub fn token_cache_entries(mut self, how_many: usize) -> Self {
        self.token_cache_entries = Some(how_many);
        self
    }
}
