use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::error::ConfigError;
use super::issuer::Issuer;
use super::keys::{seed, static_keys};
use super::settings::Settings;
use super::{CheckedIssuer, Keys};
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::{UrlError, UrlRule};
use crate::crypto::Algorithm;
use crate::keys::{DiscoveredKeys, HttpKeys, HttpTransport, KeyOrigin, KeySource, Times};
use crate::limits::{
    DEFAULT_COOLDOWN, DEFAULT_LEEWAY, DEFAULT_MAX_AGE, DEFAULT_MAX_STALE, DEFAULT_TIMEOUT,
    MAX_DURATION, MAX_LEEWAY,
};
use crate::token::{AudienceRule, Profile, ProviderRule, ValidationPolicy};
use crate::wire::answers::Answers;
use crate::wire::challenge::{OFFLINE_ACCESS, is_quotable};
use crate::wire::metadata::ResourceDetails;
use crate::wire::resource::ProtectedResource;

/// What the entries of `issuers` have in common.
pub(super) struct Context<'b> {
    pub(super) rule: UrlRule,
    pub(super) resource: Option<&'b str>,
    pub(super) shared: &'b Settings,
    pub(super) challenges: &'b ProtectedResource,
    /// `None` without the feature `reqwest`, unless the builder was given one.
    pub(super) transport: Option<Arc<dyn HttpTransport>>,
}

impl Context<'_> {
    pub(super) fn check(&self, entry: &Issuer) -> Result<CheckedIssuer, ConfigError> {
        let own = &entry.settings;
        if entry.issuer.is_empty() {
            return Err(ConfigError::Empty { setting: "issuer" });
        }
        // An issuer that is no URL of ours is lawful; one that is gets published, and fetched from.
        if is_web_url(&entry.issuer) {
            if stands_for_every_tenant(&entry.issuer) {
                let issuer = entry.issuer.clone();
                return Err(ConfigError::TenantTemplate { issuer });
            }
            check_url("issuer", &entry.issuer, self.rule)?;
        }
        own.check_shape()?;
        let required_scopes = match &own.required_scopes {
            Some(scopes) => check_scopes("required_scopes", Some(scopes))?,
            None => self.challenges.required_scopes.clone(),
        };
        let algorithms = match own.algorithms()? {
            None => self.shared.algorithms()?,
            own => own,
        }
        .unwrap_or(Algorithm::ASYMMETRIC);
        let leeway = own.leeway.or(self.shared.leeway).unwrap_or(DEFAULT_LEEWAY);
        let strict = own.rfc9068 || self.shared.rfc9068;
        let max_token_age = own.max_token_age.or(self.shared.max_token_age);
        let provider = match own.provider(strict)? {
            None => self.shared.provider(strict)?,
            own => own,
        };
        let policy = ValidationPolicy {
            issuer: entry.issuer.as_str().into(),
            audience: self.audience(entry, provider.as_ref())?,
            algorithms: algorithms.to_vec(),
            profile: if strict {
                Profile::Rfc9068
            } else {
                Profile::Common
            },
            provider,
            leeway,
            max_token_age,
        };
        let answers = Arc::new(Answers::new(ProtectedResource {
            required_scopes,
            ..self.challenges.clone()
        }));
        let keys = self.keys(entry, algorithms)?;
        Ok(CheckedIssuer {
            policy,
            keys,
            answers,
        })
    }

    fn audience(
        &self,
        entry: &Issuer,
        provider: Option<&ProviderRule>,
    ) -> Result<AudienceRule, ConfigError> {
        let own = &entry.settings;
        if own.allow_any_audience || self.shared.allow_any_audience {
            return Ok(AudienceRule::Any);
        }
        let audience = match own.audience.as_ref().or(self.shared.audience.as_ref()) {
            Some(audience) => audience.clone(),
            None => self.resource.map(ToOwned::to_owned).into_iter().collect(),
        };
        // A token without `aud` is then judged by its client, and one with an `aud` matches
        // nothing.
        let by_client = matches!(provider, Some(ProviderRule::Cognito { .. }));
        match audience.is_empty() && !by_client {
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
            None => Ok(Keys::Fetched(KeyOrigin {
                issuer: entry.issuer.as_str().into(),
                source,
                times,
                seed: settings
                    .initial
                    .as_ref()
                    .map(|keys| seed(keys, &entry.issuer))
                    .transpose()?,
                snapshot_file: settings.snapshot_file.clone(),
            })),
        };
        if let Some(source) = &settings.source {
            return fetched(source.clone());
        }
        if let Some(uri) = &settings.jwks_uri {
            return fetched(self.jwks_uri(uri)?);
        }
        match static_keys(settings, &symmetric)? {
            None => fetched(self.discovered(entry)?),
            Some(keys) => {
                if let Some(algorithm) = symmetric.iter().find(|one| !keys.has_key_for(**one)) {
                    let algorithm = algorithm.name();
                    return Err(ConfigError::SymmetricAlgorithm { algorithm });
                }
                match algorithms.iter().any(|one| keys.has_key_for(*one)) {
                    true => Ok(Keys::Fixed(Arc::new(keys))),
                    false => Err(ConfigError::NoKeyForAlgorithms {
                        issuer: entry.issuer.clone(),
                    }),
                }
            }
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

    fn jwks_uri(&self, uri: &str) -> Result<Arc<dyn KeySource>, ConfigError> {
        let transport = self.transport("jwks_uri")?;
        let url = check_url("jwks_uri", uri, self.rule)?;
        Ok(Arc::new(HttpKeys::new(transport, url)))
    }

    fn discovered(&self, entry: &Issuer) -> Result<Arc<dyn KeySource>, ConfigError> {
        let transport = self.transport("issuer")?;
        let url = self
            .rule
            .check(&entry.issuer)
            .map_err(|_| ConfigError::NotDiscoverable {
                issuer: entry.issuer.clone(),
            })?;
        let issuer = entry.issuer.as_str().into();
        Ok(Arc::new(DiscoveredKeys::new(
            transport,
            issuer,
            &url,
            self.rule,
            entry.settings.keys.pin_jwks_host,
        )))
    }

    fn transport(&self, setting: &'static str) -> Result<Arc<dyn HttpTransport>, ConfigError> {
        self.transport.clone().ok_or(ConfigError::FeatureMissing {
            setting,
            feature: "reqwest",
        })
    }
}

impl Settings {
    fn provider(&self, strict: bool) -> Result<Option<ProviderRule>, ConfigError> {
        let conflict = |second| ConfigError::Conflict {
            first: "cognito",
            second,
        };
        match (&self.cognito, self.keycloak) {
            (None, keycloak) => Ok(keycloak.then_some(ProviderRule::Keycloak)),
            (Some(_), true) => Err(conflict("keycloak")),
            // Its tokens carry no `typ`, so that none would ever pass.
            (Some(_), false) if strict => Err(conflict("rfc9068")),
            (Some(client_ids), false) => Ok(Some(ProviderRule::Cognito {
                client_ids: client_ids.clone(),
            })),
        }
    }

    fn algorithms(&self) -> Result<Option<&[Algorithm]>, ConfigError> {
        match &self.algorithms {
            None => Ok(None),
            Some(Ok(algorithms)) => Ok(Some(algorithms)),
            Some(Err(unsupported)) => Err(ConfigError::UnknownAlgorithm {
                name: unsupported.name().to_owned(),
            }),
        }
    }

    /// What is wrong whether it is used or not.
    pub(super) fn check_shape(&self) -> Result<(), ConfigError> {
        let empty = |setting| Err(ConfigError::Empty { setting });
        if self
            .audience
            .as_ref()
            .is_some_and(|all| all.is_empty() || all.iter().any(String::is_empty))
        {
            return empty("audience");
        }
        if self.algorithms()?.is_some_and(<[Algorithm]>::is_empty) {
            return empty("algorithms");
        }
        if self
            .keys
            .jwk
            .as_ref()
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
        {
            return empty("jwk");
        }
        let keys = self
            .keys
            .jwks
            .as_ref()
            .and_then(|set| set.get("keys")?.as_array());
        if keys.is_some_and(Vec::is_empty) {
            return empty("jwks");
        }
        if self
            .cognito
            .as_ref()
            .is_some_and(|clients| clients.is_empty() || clients.iter().any(String::is_empty))
        {
            return empty("cognito");
        }
        check_scopes("required_scopes", self.required_scopes.as_deref())?;
        within(
            "max_token_age",
            self.max_token_age.unwrap_or(MAX_DURATION),
            Duration::from_secs(1),
            MAX_DURATION,
        )?;
        within(
            "leeway",
            self.leeway.unwrap_or(DEFAULT_LEEWAY),
            Duration::ZERO,
            MAX_LEEWAY,
        )
    }
}

pub(super) fn check_resource(resource: &str, rule: UrlRule) -> Result<Url, ConfigError> {
    let url = check_url("resource", resource, rule)?;
    match url.query() {
        Some(_) => Err(invalid_url("resource", resource, UrlError::Query)),
        None => Ok(url),
    }
}

fn check_url(setting: &'static str, text: &str, rule: UrlRule) -> Result<Url, ConfigError> {
    let url = rule
        .check(text)
        .map_err(|error| invalid_url(setting, text, error))?;
    match is_quotable(text) {
        true => Ok(url),
        false => Err(invalid_url(setting, text, UrlError::UnsafeInHeader)),
    }
}

fn invalid_url(setting: &'static str, text: &str, reason: UrlError) -> ConfigError {
    let value = match reason {
        // It would end up in a log.
        UrlError::Credentials => "(not shown)".to_owned(),
        _ => text.to_owned(),
    };
    ConfigError::InvalidUrl {
        setting,
        value,
        reason,
    }
}

/// Entra ID's metadata for several tenants names an issuer that no token carries.
fn stands_for_every_tenant(issuer: &str) -> bool {
    let path = ENTRA
        .iter()
        .find_map(|host| issuer.strip_prefix("https://")?.strip_prefix(host));
    let mut segments = path.unwrap_or_default().split('/').skip(1);
    let tenant = segments.next();
    tenant.is_some_and(|tenant| {
        matches!(tenant, "" | "common" | "consumers" | "organizations") || tenant.starts_with('{')
    })
}

/// The public cloud and the national ones.
const ENTRA: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
];

/// Other issuers may be URLs too, such as SPIFFE's; we neither fetch from them nor judge them.
fn is_web_url(issuer: &str) -> bool {
    let scheme = issuer.trim_start().split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

impl ResourceDetails {
    pub(super) fn first_set(&self) -> Option<&'static str> {
        let set = [
            ("resource_name", self.name.is_some()),
            ("resource_documentation", self.documentation.is_some()),
            ("resource_policy_uri", self.policy_uri.is_some()),
            ("resource_tos_uri", self.tos_uri.is_some()),
            ("resource_jwks_uri", self.jwks_uri.is_some()),
            ("scopes_supported", self.scopes_supported.is_some()),
        ];
        set.into_iter()
            .find(|(_, is_set)| *is_set)
            .map(|(name, _)| name)
    }

    pub(super) fn check(&self, rule: UrlRule) -> Result<(), ConfigError> {
        for (setting, url) in [
            ("resource_documentation", &self.documentation),
            ("resource_jwks_uri", &self.jwks_uri),
            ("resource_policy_uri", &self.policy_uri),
            ("resource_tos_uri", &self.tos_uri),
        ] {
            if let Some(url) = url {
                rule.check(url)
                    .map_err(|error| invalid_url(setting, url, error))?;
            }
        }
        if self.name.as_ref().is_some_and(String::is_empty) {
            return Err(ConfigError::Empty {
                setting: "resource_name",
            });
        }
        check_scopes("scopes_supported", self.scopes_supported.as_deref()).map(drop)
    }
}

pub(super) fn check_scopes(
    setting: &'static str,
    scopes: Option<&[String]>,
) -> Result<ScopeSet, ConfigError> {
    let Some(scopes) = scopes else {
        return Ok(ScopeSet::default());
    };
    if let Some(odd) = scopes.iter().find(|scope| !is_quotable(scope)) {
        return Err(ConfigError::InvalidCharacters {
            setting,
            value: odd.clone(),
        });
    }
    let set: ScopeSet = scopes.iter().collect();
    if set.contains(OFFLINE_ACCESS) {
        return Err(ConfigError::OfflineAccess { setting });
    }
    match set.is_empty() || scopes.iter().any(String::is_empty) {
        true => Err(ConfigError::Empty { setting }),
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
