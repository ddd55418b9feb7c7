use std::sync::Arc;

use super::issuer::{Issuer, issuer_setters};
use super::settings::Settings;
use crate::base::clock::Clock;
use crate::base::scopes::ScopeHierarchy;
use crate::caller::AuthInfo;
use crate::keys::HttpTransport;
use crate::verifier::checks::{CheckError, CustomChecks};
use crate::wire::metadata::ResourceDetails;

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
    pub(super) challenge_operation_scopes_only: bool,
    pub(super) checks: CustomChecks,
    pub(super) strip_authorization: bool,
    pub(super) allow_http: bool,
    pub(super) token_cache_entries: Option<usize>,
    pub(super) http_transport: Option<Arc<dyn HttpTransport>>,
    pub(super) clock: Clock,
}

issuer_setters!(JwtAuthConfigBuilder, shared);

impl JwtAuthConfigBuilder {
    /// The identifier of this server (RFC 9728 §1.2): the URL at which clients reach it. Tokens
    /// must name it in `aud` unless `audience` is set. Used byte for byte as it stands here.
    ///
    /// Default: none. Then `audience` is needed, no metadata is served, and challenges carry a
    /// realm.
    ///
    /// # Errors
    ///
    /// `build` refuses what is not https (or http on a loopback host), a query, a fragment, and
    /// what a challenge cannot carry.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Names this server for people, in the resource metadata (RFC 9728 §2 `resource_name`).
    ///
    /// Default: none.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.details.name = Some(name.into());
        self
    }

    /// A page for developers, in the resource metadata (RFC 9728 §2 `resource_documentation`).
    ///
    /// Default: none.
    ///
    /// # Errors
    ///
    /// `build` refuses what is not https, or http on a loopback host; the same for the other pages.
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.details.documentation = Some(url.into());
        self
    }

    /// A page about what clients may do with the data, in the resource metadata (RFC 9728 §2
    /// `resource_policy_uri`).
    ///
    /// Default: none.
    pub fn resource_policy_uri(mut self, url: impl Into<String>) -> Self {
        self.details.policy_uri = Some(url.into());
        self
    }

    /// The terms of service, in the resource metadata (RFC 9728 §2 `resource_tos_uri`).
    ///
    /// Default: none.
    pub fn resource_tos_uri(mut self, url: impl Into<String>) -> Self {
        self.details.tos_uri = Some(url.into());
        self
    }

    /// Where this server publishes keys of its own, in the resource metadata (RFC 9728 §2
    /// `jwks_uri`). Not those by which tokens are verified: these belong to the issuer.
    ///
    /// Default: none.
    pub fn resource_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.details.jwks_uri = Some(url.into());
        self
    }

    /// The scopes that the resource metadata lists (RFC 9728 §2 `scopes_supported`), for clients to
    /// ask for at first: what the basic use of the server needs, not all that exist.
    ///
    /// Default: `required_scopes`.
    ///
    /// # Errors
    ///
    /// `build` refuses an empty list, `offline_access`, and scopes that a challenge cannot carry.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.details.scopes_supported = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Lists only the scopes of the operation in the challenge of a 403, without `required_scopes`.
    ///
    /// Default: off. Clients of MCP before 2026-07-28 ask next for just what the challenge lists,
    /// and lose what they had; later ones add the two themselves, and both work with the longer
    /// list.
    pub fn challenge_operation_scopes_only(mut self) -> Self {
        self.challenge_operation_scopes_only = true;
        self
    }

    /// The realm that challenges name (RFC 9110 §11.5).
    ///
    /// Default: none; `mcp` when there is no `resource` that a challenge could point to.
    ///
    /// # Errors
    ///
    /// `build` refuses what a challenge cannot carry.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Trusts this one issuer, compared byte for byte with the `iss` of tokens: a slash at the end
    /// counts.
    ///
    /// # Errors
    ///
    /// `build` refuses an http URL on another host than loopback, and a text that is no URL unless
    /// its keys are set.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Trusts one more issuer. May be called several times, and not together with
    /// [`issuer`](Self::issuer).
    pub fn add_issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.get_or_insert_default().push(issuer);
        self
    }

    /// Says which scope implies which, `implies(granted, needed)`, for required scopes,
    /// [`AuthInfo::has_scope`](crate::AuthInfo::has_scope) and
    /// [`RequireScopesLayer`](crate::RequireScopesLayer).
    ///
    /// Default: a scope implies itself alone.
    pub fn scope_hierarchy(
        mut self,
        implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hierarchy = Some(ScopeHierarchy::new(implies));
        self
    }

    /// Asks `check` about every caller whose token is good; it sees the verified claims and can
    /// only refuse. All checks that were added must agree.
    ///
    /// It runs for each request, also when the token is remembered from an earlier one, and before
    /// scopes are looked at: so it serves as a deny list, by `jti`, subject or client. It is called
    /// on the request's way and must not block; keep what it looks up in memory.
    ///
    /// Default: none.
    ///
    /// ```
    ///     /// use std::sync::{Arc, RwLock};
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

    /// Removes the `Authorization` header of requests that are let through, so that nothing behind
    /// can pass the token on.
    ///
    /// Default: off; the header stays and is marked sensitive, so that `Debug` does not print it.
    pub fn strip_authorization(mut self) -> Self {
        self.strip_authorization = true;
        self
    }

    /// Caches this many verified tokens: the next request with one of them costs no signature
    /// check. 0 turns the cache off.
    ///
    /// A cached token gets the verdict that it would get without the cache: its times are compared
    /// with the clock for each request, and its entry is not used once the issuer's keys have
    /// changed. Rejected tokens are never cached. The tokens themselves are held in memory for as
    /// long.
    ///
    /// An entry takes the token's bytes and about 1.1 KB: 2.1 KB for a token of 1 KB. The number
    /// bounds the memory as well: at most 3 KiB for each on average, and up to a sixth more, so
    /// that large tokens leave room for fewer.
    ///
    /// Default: [16,384](crate::limits::DEFAULT_TOKEN_CACHE_ENTRIES).
    ///
    /// # Errors
    ///
    /// `build` refuses more than [a million](crate::limits::MAX_TOKEN_CACHE_ENTRIES).
    pub fn token_cache_entries(mut self, how_many: usize) -> Self {
        self.token_cache_entries = Some(how_many);
        self
    }

    /// Allows http to any host, for issuers and for this server.
    ///
    /// What is lost: whoever sits on the network can replace the keys, and so make any token good.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Fetches with this client: for a proxy, a CA of your own or a client certificate.
    ///
    /// Its own settings hold: turn redirects off and set a connect timeout. The fetch timeout and
    /// the size limit hold for it as well.
    ///
    /// Default: a client that connects within 2 seconds, follows no redirect, keeps no connection,
    /// and honours the proxy variables of the environment.
    #[cfg(feature = "reqwest")]
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.http_transport(crate::keys::ReqwestTransport::with_client(client))
    }

    /// Fetches keys and metadata through this transport: for another HTTP client than reqwest's, or
    /// to fetch without the feature `reqwest`. Of this setter and
    /// [`http_client`](Self::http_client), the call made last counts.
    ///
    /// Default: reqwest, see [`http_client`](Self::http_client); without the feature `reqwest`
    /// none, and `build` refuses an issuer whose keys must be fetched.
    ///
    /// See [`HttpTransport`] for an example.
    pub fn http_transport(mut self, transport: impl HttpTransport) -> Self {
        self.http_transport = Some(Arc::new(transport));
        self
    }

    /// Reads the wall clock from `clock`, in tests.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::test_util::FakeClock) -> Self {
        self.clock = clock.as_clock();
        self
    }
}
