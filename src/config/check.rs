//! Checks one issuer and derives its policy, its keys and its responses.

use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::checked::{CheckedIssuer, Keys};
use super::error::ConfigError;
use super::issuer::Issuer;
use super::keys::{seed, static_keys};
use super::rules::{check_issuer, check_scopes, check_url, is_web_url, within};
use super::settings::Settings;
use crate::base::url_rule::UrlRule;
use crate::crypto::Algorithm;
use crate::keys::{DiscoveredKeys, HttpKeys, HttpTransport, KeyOrigin, KeySource, Times};
use crate::limits::{
    DEFAULT_COOLDOWN, DEFAULT_LEEWAY, DEFAULT_MAX_AGE, DEFAULT_MAX_STALE, DEFAULT_TIMEOUT,
    MAX_DURATION,
};
use crate::token::{AudienceRule, Profile, ProviderRule, ValidationPolicy};
use crate::wire::answers::Answers;
use crate::wire::resource::ProtectedResource;

/// The values that all entries of `issuers` share.
pub(super) struct Context<'b> {
    pub(super) rule: UrlRule,
    pub(super) resource: Option<&'b str>,
    pub(super) shared: &'b Settings,
    pub(super) challenges: &'b ProtectedResource,
    /// `None` without the feature `reqwest`, unless the builder has a transport.
    pub(super) transport: Option<Arc<dyn HttpTransport>>,
}

impl Context<'_> {
    pub(super) fn check(&self, entry: &Issuer) -> Result<CheckedIssuer, ConfigError> {
        let own = &entry.settings;
        if entry.issuer.is_empty() {
            return Err(ConfigError::Empty { setting: "issuer" });
        }
        // An issuer need not be a web URL. One that is gets published and fetched from, so it must
        // follow the rules for URLs.
        if is_web_url(&entry.issuer) {
            check_issuer(&entry.issuer, self.rule, own.keys.are_discovered())?;
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
        // One level decides: what an issuer sets itself replaces what all of them share.
        let level = match own.audience.is_some() || own.allow_any_audience {
            true => own,
            false => self.shared,
        };
        if level.allow_any_audience {
            return Ok(AudienceRule::Any);
        }
        let audience = match &level.audience {
            Some(audience) => audience.clone(),
            None => self.resource.map(ToOwned::to_owned).into_iter().collect(),
        };
        // With Cognito, the list may be empty: a token without `aud` is then judged by its
        // `client_id`, and one with an `aud` matches nothing.
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
            // RFC 8725 §3.1: an attacker could sign with HS*, using a public key as the secret.
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
            return fetched(self.jwks_uri(entry, uri)?);
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

    fn jwks_uri(&self, entry: &Issuer, uri: &str) -> Result<Arc<dyn KeySource>, ConfigError> {
        let transport = self.transport("jwks_uri")?;
        let url = check_url("jwks_uri", uri, self.rule)?;
        let issuer = Url::parse(&entry.issuer).ok();
        if self.pins_host(entry) && issuer.and_then(host) != host(url.clone()) {
            return Err(ConfigError::Conflict {
                first: "pin_jwks_host",
                second: "jwks_uri",
            });
        }
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
            self.pins_host(entry),
        )))
    }

    fn pins_host(&self, entry: &Issuer) -> bool {
        entry.settings.keys.pin_jwks_host || self.shared.keys.pin_jwks_host
    }

    fn transport(&self, setting: &'static str) -> Result<Arc<dyn HttpTransport>, ConfigError> {
        self.transport.clone().ok_or(ConfigError::FeatureMissing {
            setting,
            feature: "reqwest",
        })
    }
}

fn host(url: Url) -> Option<Host> {
    url.host().map(|host| host.to_owned())
}
