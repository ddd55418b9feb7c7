//! The configuration: every setting, every default, every cross-check, and the layer made from it.

mod error;
mod file;
mod issuer;
mod static_keys;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use error::{ConfigError, KeyFault};
pub use issuer::{Issuer, JwksCache};
use issuer::{KeySettings, Settings, issuer_setters};
use static_keys::static_keys;
pub use static_keys::{Jwk, JwkSet};

use crate::authn::JwtAuthLayer;
use crate::challenge::{DEFAULT_REALM, is_quotable};
use crate::jwks::{CRYPTO_AVAILABLE, KeySet};
use crate::keys::{KeySource, LiveKeys, Times};
use crate::limits::{
    DEFAULT_COOLDOWN, DEFAULT_LEEWAY, DEFAULT_MAX_AGE, DEFAULT_MAX_STALE, DEFAULT_TIMEOUT,
    MAX_DURATION, MAX_LEEWAY,
};
use crate::protected_resource::ProtectedResource;
use crate::resource_metadata::ResourceMetadata;
use crate::scopes::{ScopeHierarchy, ScopeSet};
use crate::time::Clock;
use crate::token::{Algorithm, AudienceRule, Profile, ValidationPolicy};
use crate::url_rules::{UrlFault, UrlRule};
use crate::verifier::{JwtVerifier, TrustedIssuer};

/// A configuration in which everything has been checked; [`JwtAuthLayer::new`] takes it.
///
/// Made with [`builder`](Self::builder), or deserialized, for example from JSON. In a file every name
/// may also be written in camelCase, unknown names are refused, and durations are texts such as
/// `"30s"` or `"10m"`:
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
///
/// let config: JwtAuthConfig = serde_json::from_str(
///     r#"{
///         "resource": "https://mcp.example.com/mcp",
///         "issuer": "https://idp.example.com",
///         "jwksUri": "https://idp.example.com/jwks",
///         "required_scopes": ["mcp:read"],
///         "jwks_cache": {"max_age": "5m"}
///     }"#,
/// )?;
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct JwtAuthConfig(Arc<Checked>);

struct Checked {
    issuers: Vec<CheckedIssuer>,
    resource: Arc<ProtectedResource>,
    metadata: Option<ResourceMetadata>,
    strip_authorization: bool,
    clock: Clock,
}

struct CheckedIssuer {
    policy: ValidationPolicy,
    keys: Keys,
}

#[derive(Clone)]
enum Keys {
    Fixed(Arc<KeySet>),
    Fetched {
        source: Arc<dyn KeySource>,
        times: Times,
    },
}

impl JwtAuthConfig {
    /// Starts with nothing set.
    pub fn builder() -> JwtAuthConfigBuilder {
        JwtAuthConfigBuilder::default()
    }

    fn verifier(&self) -> JwtVerifier {
        let Checked {
            issuers,
            resource,
            clock,
            ..
        } = &*self.0;
        let issuers = issuers
            .iter()
            .map(|CheckedIssuer { policy, keys }| TrustedIssuer {
                policy: policy.clone(),
                keys: match keys.clone() {
                    Keys::Fixed(keys) => LiveKeys::fixed(keys),
                    Keys::Fetched { source, times } => {
                        LiveKeys::refreshed(policy.issuer.clone(), source, times, clock.clone())
                    }
                },
            });
        JwtVerifier::assemble(issuers, resource.clone(), clock.clone())
    }
}

impl JwtAuthLayer {
    /// The layer for `config`. Fetches nothing, starts nothing and needs no runtime: the keys are
    /// fetched when the first token comes, or with [`ready`](Self::ready).
    #[must_use]
    pub fn new(config: JwtAuthConfig) -> Self {
        Self::assemble(
            config.verifier(),
            config.0.metadata.clone(),
            config.0.strip_authorization,
        )
    }
}

impl JwtVerifier {
    /// The verifier for `config`. Fetches nothing, starts nothing and needs no runtime.
    #[must_use]
    pub fn new(config: JwtAuthConfig) -> Self {
        config.verifier()
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

/// Builds a [`JwtAuthConfig`]. Every setter says its default; what is wrong, [`build`](Self::build)
/// says.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JwtAuthConfigBuilder {
    resource: Option<String>,
    realm: Option<String>,
    issuer: Option<String>,
    issuers: Option<Vec<Issuer>>,
    shared: Settings,
    hierarchy: Option<ScopeHierarchy>,
    strip_authorization: bool,
    allow_http: bool,
    #[cfg(feature = "reqwest")]
    http_client: Option<reqwest::Client>,
    clock: Clock,
}

issuer_setters!(JwtAuthConfigBuilder, shared);

impl JwtAuthConfigBuilder {
    /// The identifier of this server (RFC 9728 §1.2): the URL at which clients reach it. Tokens must
    /// name it in `aud` unless `audience` is set. Used byte for byte as it stands here.
    ///
    /// Default: none. Then `audience` is needed, no metadata is served, and challenges carry a realm.
    ///
    /// # Errors
    ///
    /// `build` refuses what is not https (or http on a loopback host), a query, a fragment, and what a
    /// challenge cannot carry.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
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
    /// `build` refuses an http URL on another host than loopback, and a text that is no URL unless its
    /// keys are set.
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

    /// Removes the `Authorization` header of requests that are let through, so that nothing behind can
    /// pass the token on.
    ///
    /// Default: off; the header stays and is marked sensitive, so that `Debug` does not print it.
    pub fn strip_authorization(mut self) -> Self {
        self.strip_authorization = true;
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
    /// Its own settings hold: turn redirects off and set a connect timeout. The fetch timeout and the
    /// size limit hold for it as well.
    ///
    /// Default: a client that connects within 2 seconds, follows no redirect, keeps no connection, and
    /// honours the proxy variables of the environment.
    #[cfg(feature = "reqwest")]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Reads the wall clock from `clock`, in tests.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::test_util::FakeClock) -> Self {
        self.clock = clock.as_clock();
        self
    }

    /// Checks everything. Fetches nothing.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for the first thing that is wrong.
    pub fn build(self) -> Result<JwtAuthConfig, ConfigError> {
        if !CRYPTO_AVAILABLE {
            return Err(ConfigError::CryptoMissing);
        }
        let rule = UrlRule::new(self.allow_http);
        let resource_url = self
            .resource
            .as_deref()
            .map(|resource| check_resource(resource, rule))
            .transpose()?;
        if let Some(realm) = self
            .realm
            .as_deref()
            .filter(|realm| realm.is_empty() || !is_quotable(realm))
        {
            return Err(ConfigError::InvalidCharacters {
                setting: "realm",
                value: realm.to_owned(),
            });
        }
        let entries = self.entries()?;
        let names: Vec<&str> = entries.iter().map(|entry| entry.issuer.as_str()).collect();
        let required_scopes = check_scopes(self.shared.required_scopes.as_deref())?;
        let metadata =
            self.resource
                .as_deref()
                .zip(resource_url.as_ref())
                .map(|(resource, url)| {
                    ResourceMetadata::new(resource, url, &names, required_scopes.as_slice())
                });
        let realm = match metadata {
            Some(_) => self.realm.clone(),
            None => Some(
                self.realm
                    .clone()
                    .unwrap_or_else(|| DEFAULT_REALM.to_owned()),
            ),
        };
        let resource = ProtectedResource {
            realm,
            metadata_url: metadata.as_ref().map(|metadata| metadata.url().to_owned()),
            required_scopes,
            hierarchy: self.hierarchy.clone(),
        };
        let context = Context {
            rule,
            resource: self.resource.as_deref(),
            shared: &self.shared,
            challenges: &resource,
            #[cfg(feature = "reqwest")]
            client: Arc::new(crate::keys::HttpClient::new(self.http_client.clone())),
        };
        let issuers = entries
            .iter()
            .map(|entry| context.check(entry))
            .collect::<Result<_, _>>()?;
        Ok(JwtAuthConfig(Arc::new(Checked {
            issuers,
            resource: Arc::new(resource),
            metadata,
            strip_authorization: self.strip_authorization,
            clock: self.clock,
        })))
    }

    /// One entry for each issuer, whichever way they were given.
    fn entries(&self) -> Result<Vec<Issuer>, ConfigError> {
        let entries = match (&self.issuer, &self.issuers) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::Conflict {
                    first: "issuer",
                    second: "issuers",
                });
            }
            (None, None) => return Err(ConfigError::IssuerMissing),
            (Some(issuer), None) => {
                let keys = self.shared.keys.clone();
                vec![Issuer {
                    issuer: issuer.clone(),
                    settings: Settings {
                        keys,
                        ..Settings::default()
                    },
                }]
            }
            (None, Some(issuers)) => match self.shared.keys.first_set() {
                Some(second) => {
                    return Err(ConfigError::Conflict {
                        first: "issuers",
                        second,
                    });
                }
                None => issuers.clone(),
            },
        };
        if entries.is_empty() {
            return Err(ConfigError::Empty { setting: "issuers" });
        }
        let mut seen = HashSet::new();
        match entries.iter().find(|entry| !seen.insert(&entry.issuer)) {
            Some(twice) => Err(ConfigError::DuplicateIssuer {
                issuer: twice.issuer.clone(),
            }),
            None => Ok(entries),
        }
    }
}

impl KeySettings {
    fn first_set(&self) -> Option<&'static str> {
        let set = [
            ("key_source", self.source.is_some()),
            ("jwks_uri", self.jwks_uri.is_some()),
            ("jwks", self.jwks.is_some()),
            ("jwk", self.jwk.is_some()),
            ("public_key_pem", self.public_key_pem.is_some()),
        ];
        set.into_iter()
            .find(|(_, is_set)| *is_set)
            .map(|(name, _)| name)
    }
}

/// What the entries of `issuers` have in common.
struct Context<'b> {
    rule: UrlRule,
    resource: Option<&'b str>,
    shared: &'b Settings,
    challenges: &'b ProtectedResource,
    #[cfg(feature = "reqwest")]
    client: Arc<crate::keys::HttpClient>,
}

impl Context<'_> {
    fn check(&self, entry: &Issuer) -> Result<CheckedIssuer, ConfigError> {
        let own = &entry.settings;
        if entry.issuer.is_empty() {
            return Err(ConfigError::Empty { setting: "issuer" });
        }
        // An issuer that is no URL is lawful, an insecure one is not: it is published, and fetched from.
        if let Err(fault @ (UrlFault::Insecure | UrlFault::Credentials | UrlFault::Fragment)) =
            self.rule.check(&entry.issuer)
        {
            return Err(ConfigError::InvalidUrl {
                setting: "issuer",
                value: entry.issuer.clone(),
                fault,
            });
        }
        let required_scopes = match &own.required_scopes {
            Some(scopes) => check_scopes(Some(scopes))?,
            None => self.challenges.required_scopes.clone(),
        };
        let algorithms = own.algorithms.as_ref().or(self.shared.algorithms.as_ref());
        if algorithms.is_some_and(Vec::is_empty) {
            return Err(ConfigError::Empty {
                setting: "algorithms",
            });
        }
        let algorithms = algorithms.map_or(Algorithm::ASYMMETRIC, Vec::as_slice);
        if let Some(unknown) = algorithms
            .iter()
            .find(|algorithm| **algorithm == Algorithm::Unsupported)
        {
            return Err(ConfigError::UnknownAlgorithm {
                name: unknown.name().to_owned(),
            });
        }
        let leeway = own.leeway.or(self.shared.leeway).unwrap_or(DEFAULT_LEEWAY);
        within("leeway", leeway, Duration::ZERO, MAX_LEEWAY)?;
        let strict = own.rfc9068 || self.shared.rfc9068;
        let policy = ValidationPolicy {
            issuer: entry.issuer.as_str().into(),
            audience: self.audience(entry)?,
            algorithms: algorithms.to_vec(),
            profile: if strict {
                Profile::Rfc9068
            } else {
                Profile::Common
            },
            leeway,
            resource: Arc::new(ProtectedResource {
                required_scopes,
                ..self.challenges.clone()
            }),
        };
        let keys = self.keys(entry, algorithms)?;
        Ok(CheckedIssuer { policy, keys })
    }

    fn audience(&self, entry: &Issuer) -> Result<AudienceRule, ConfigError> {
        let own = &entry.settings;
        if own.allow_any_audience || self.shared.allow_any_audience {
            return Ok(AudienceRule::Any);
        }
        let audience = match own.audience.as_ref().or(self.shared.audience.as_ref()) {
            Some(audience) => audience.clone(),
            None => self.resource.map(ToOwned::to_owned).into_iter().collect(),
        };
        let given = own.audience.is_some() || self.shared.audience.is_some();
        match audience.is_empty() || audience.iter().any(String::is_empty) {
            true if given => Err(ConfigError::Empty {
                setting: "audience",
            }),
            true => Err(ConfigError::AudienceMissing {
                issuer: entry.issuer.clone(),
            }),
            false => Ok(AudienceRule::AnyOf(audience)),
        }
    }

    fn keys(&self, entry: &Issuer, algorithms: &[Algorithm]) -> Result<Keys, ConfigError> {
        let times = self.times(entry)?;
        let settings = &entry.settings.keys;
        let symmetric: Vec<_> = algorithms
            .iter()
            .copied()
            .filter(|algorithm| algorithm.is_symmetric())
            .collect();
        let fetched = |source| match symmetric.first() {
            // RFC 8725 §3.1: with a public key at hand, HS* is how tokens are forged.
            Some(algorithm) => Err(ConfigError::SymmetricAlgorithm {
                algorithm: algorithm.name(),
            }),
            None => Ok(Keys::Fetched { source, times }),
        };
        if let Some(source) = &settings.source {
            return fetched(source.clone());
        }
        if let Some(uri) = &settings.jwks_uri {
            return fetched(self.jwks_uri(uri)?);
        }
        match static_keys(settings, &symmetric)? {
            None => fetched(self.discovered(entry)?),
            Some(keys) => match symmetric
                .iter()
                .find(|algorithm| !keys.has_key_for(**algorithm))
            {
                Some(algorithm) => Err(ConfigError::SymmetricAlgorithm {
                    algorithm: algorithm.name(),
                }),
                None => Ok(Keys::Fixed(Arc::new(keys))),
            },
        }
    }

    fn times(&self, entry: &Issuer) -> Result<Times, ConfigError> {
        let set = entry.settings.jwks_cache.or(self.shared.jwks_cache);
        let times = Times {
            max_age: set.max_age.unwrap_or(DEFAULT_MAX_AGE),
            max_stale: set.max_stale.unwrap_or(DEFAULT_MAX_STALE),
            cooldown: set.cooldown.unwrap_or(DEFAULT_COOLDOWN),
            timeout: set.timeout.unwrap_or(DEFAULT_TIMEOUT),
        };
        within(
            "jwks_cache.max_age",
            times.max_age,
            Duration::from_secs(1),
            MAX_DURATION,
        )?;
        within(
            "jwks_cache.max_stale",
            times.max_stale,
            Duration::from_secs(1),
            MAX_DURATION,
        )?;
        within(
            "jwks_cache.cooldown",
            times.cooldown,
            Duration::from_secs(1),
            MAX_DURATION,
        )?;
        within(
            "jwks_cache.timeout",
            times.timeout,
            Duration::from_millis(1),
            Duration::from_secs(60 * 60),
        )?;
        if times.max_stale < times.max_age {
            return Err(ConfigError::OutOfOrder {
                larger: "jwks_cache.max_stale",
                larger_value: times.max_stale,
                smaller: "jwks_cache.max_age",
                smaller_value: times.max_age,
            });
        }
        Ok(times)
    }

    #[cfg(feature = "reqwest")]
    fn jwks_uri(&self, uri: &str) -> Result<Arc<dyn KeySource>, ConfigError> {
        let url = self
            .rule
            .check(uri)
            .map_err(|fault| ConfigError::InvalidUrl {
                setting: "jwks_uri",
                value: uri.to_owned(),
                fault,
            })?;
        Ok(Arc::new(crate::keys::HttpKeys::new(
            self.client.clone(),
            url,
        )))
    }

    #[cfg(feature = "reqwest")]
    fn discovered(&self, entry: &Issuer) -> Result<Arc<dyn KeySource>, ConfigError> {
        let url = self
            .rule
            .check(&entry.issuer)
            .map_err(|_| ConfigError::NotDiscoverable {
                issuer: entry.issuer.clone(),
            })?;
        let issuer = entry.issuer.as_str().into();
        Ok(Arc::new(crate::keys::DiscoveredKeys::new(
            self.client.clone(),
            issuer,
            &url,
            self.rule,
        )))
    }

    #[cfg(not(feature = "reqwest"))]
    fn jwks_uri(&self, _: &str) -> Result<Arc<dyn KeySource>, ConfigError> {
        Err(ConfigError::FeatureMissing {
            setting: "jwks_uri",
            feature: "reqwest",
        })
    }

    #[cfg(not(feature = "reqwest"))]
    fn discovered(&self, _: &Issuer) -> Result<Arc<dyn KeySource>, ConfigError> {
        Err(ConfigError::FeatureMissing {
            setting: "issuer",
            feature: "reqwest",
        })
    }
}

fn check_resource(resource: &str, rule: UrlRule) -> Result<url::Url, ConfigError> {
    let invalid = |fault| ConfigError::InvalidUrl {
        setting: "resource",
        value: resource.to_owned(),
        fault,
    };
    let url = rule.check(resource).map_err(invalid)?;
    if url.query().is_some() {
        return Err(invalid(UrlFault::Query));
    }
    match is_quotable(resource) {
        true => Ok(url),
        false => Err(invalid(UrlFault::UnsafeInHeader)),
    }
}

fn check_scopes(scopes: Option<&[String]>) -> Result<ScopeSet, ConfigError> {
    let Some(scopes) = scopes else {
        return Ok(ScopeSet::default());
    };
    if let Some(odd) = scopes.iter().find(|scope| !is_quotable(scope)) {
        return Err(ConfigError::InvalidCharacters {
            setting: "required_scopes",
            value: odd.clone(),
        });
    }
    let set: ScopeSet = scopes.iter().collect();
    match set.is_empty() || scopes.iter().any(String::is_empty) {
        true => Err(ConfigError::Empty {
            setting: "required_scopes",
        }),
        false => Ok(set),
    }
}

fn within(
    setting: &'static str,
    value: Duration,
    least: Duration,
    most: Duration,
) -> Result<(), ConfigError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(ConfigError::DurationOutOfBounds {
            setting,
            value,
            least,
            most,
        }),
    }
}

#[cfg(test)]
mod tests;
