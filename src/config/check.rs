//! Checks one issuer and derives its policy, its keys and its responses.
//! In one file, although it is long: each method derives one part of the same issuer.

use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::checked_issuer::{CheckedIssuer, Keys};
use super::credentials::check_credentials;
use super::error::ConfigError;
#[cfg(feature = "redis")]
use super::fleet_keys::share_keys;
use super::introspection::{CheckedIntrospection, Surroundings, check_introspection};
use super::issuer::Issuer;
use super::keys::{seed, static_keys};
use super::proofs::check_bound_tokens;
use super::rules::{check_issuer, check_scopes, check_url, is_web_url, spellings, within};
use super::scope_claims;
use super::settings::Settings;
use super::sharing::Sharing;
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::{UrlRule, without_credentials};
use crate::crypto::Algorithm;
#[cfg(feature = "redis")]
use crate::fleet::Fleet;
use crate::jwks::KeySet;
#[cfg(feature = "reqwest")]
use crate::keys::CredentialTransport;
use crate::keys::{
    CredentialFiles, DiscoveredKeys, HttpKeys, HttpTransport, KeyOrigin, KeySource, Times,
};
use crate::limits::{
    DEFAULT_COOLDOWN, DEFAULT_LEEWAY, DEFAULT_MAX_AGE, DEFAULT_MAX_STALE, DEFAULT_MIN_AGE,
    DEFAULT_TIMEOUT, MAX_DURATION, MIN_SERVER_MAX_AGE,
};
use crate::telemetry::{AcceptedRequests, IssuerLabels};
use crate::token::{AudienceRule, KeyProofs, Profile, ProviderRule, ReadOptions, ValidationPolicy};
use crate::wire::answers::Answers;
use crate::wire::resource::{BoundTokens, ProtectedResource};
use crate::wire::trust::Trust;

/// The values that all entries of `issuers` share.
pub(super) struct Context<'b> {
    pub(super) rule: UrlRule,
    pub(super) resource: Option<&'b str>,
    pub(super) options: &'b ReadOptions,
    pub(super) shared: &'b Settings,
    pub(super) challenges: &'b ProtectedResource,
    /// `None` without the feature `reqwest`, unless the builder has a transport.
    pub(super) transport: Option<Arc<dyn HttpTransport>>,
    /// `None`: the `required_scopes` of the issuer.
    pub(super) initial_scopes: Option<&'b ScopeSet>,
    /// The setting that the transport comes from, if it is set.
    pub(super) transport_setting: Option<&'static str>,
    pub(super) key_proofs: KeyProofs,
    pub(super) labels: &'b IssuerLabels,
    pub(super) sharing: Sharing<'b>,
    #[cfg(feature = "redis")]
    pub(super) fleet: Option<&'b Fleet>,
}

impl Context<'_> {
    pub(super) fn check(&self, entry: &Issuer) -> Result<CheckedIssuer, ConfigError> {
        let own = &entry.settings;
        if entry.issuer.is_empty() {
            return Err(ConfigError::Empty { setting: "issuer" });
        }
        // An issuer need not be a web URL. One that is fetched from must follow the rules for URLs.
        if is_web_url(&entry.issuer) {
            check_issuer(&entry.issuer, self.rule, own.keys.first_source().is_none())?;
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
        let policy = self.policy(entry, algorithms)?;
        let answers = self.answers(entry, required_scopes)?;
        let introspection = self.introspection(entry)?;
        let keys = match &introspection {
            Some(introspection) if !introspection.needs_keys() => {
                self.times(entry)?;
                Keys::Fixed(Arc::new(KeySet::empty()))
            }
            _ => self.keys(entry, algorithms)?,
        };
        let (keys, configured) = self.sharing.resolve(entry, self.pins_host(entry), keys)?;
        Ok(CheckedIssuer {
            policy,
            keys,
            configured,
            answers,
            introspection,
        })
    }

    fn policy(
        &self,
        entry: &Issuer,
        algorithms: &[Algorithm],
    ) -> Result<ValidationPolicy, ConfigError> {
        let own = &entry.settings;
        let strict = own.rfc9068 || self.shared.rfc9068;
        let provider = match own.provider(strict)? {
            None => self.shared.provider(strict)?,
            own => own,
        };
        let clients_without_audience = self.clients_without_audience(own, strict, &provider)?;
        Ok(ValidationPolicy {
            issuer: entry.issuer.as_str().into(),
            audience: self.audience(entry, !clients_without_audience.is_empty())?,
            algorithms: algorithms.to_vec(),
            profile: if strict {
                Profile::Rfc9068
            } else {
                Profile::Common
            },
            provider,
            leeway: self.leeway(entry),
            max_token_age: own.max_token_age.or(self.shared.max_token_age),
            clients_without_audience,
            scope_claims: scope_claims::of_issuer(own, self.shared, self.options),
            key_proofs: self.key_proofs,
        })
    }

    /// The rejections of tokens of this issuer.
    fn answers(
        &self,
        entry: &Issuer,
        required_scopes: ScopeSet,
    ) -> Result<Arc<Answers>, ConfigError> {
        let own = entry.settings.require_bound_tokens;
        let bound = own.or(self.shared.require_bound_tokens).unwrap_or(false);
        let any = self.key_proofs.dpop || self.key_proofs.mtls;
        let required = check_bound_tokens(bound, any)?;
        Ok(Arc::new(Answers::new(ProtectedResource {
            initial_scopes: self.initial_scopes.unwrap_or(&required_scopes).clone(),
            required_scopes,
            bound_tokens: BoundTokens {
                required,
                ..self.challenges.bound_tokens.clone()
            },
            accepted: AcceptedRequests::of(&entry.issuer, self.labels),
            trust: Trust::default(),
            ..self.challenges.clone()
        })))
    }

    /// `may_be_missing`: the list may then be empty. A token without `aud` is judged by its client,
    /// and one with an `aud` matches nothing.
    fn audience(&self, entry: &Issuer, may_be_missing: bool) -> Result<AudienceRule, ConfigError> {
        let own = &entry.settings;
        // One level decides: what an issuer sets itself replaces what all of them share.
        let level = match own.audience.is_some() || own.allow_any_audience {
            true => own,
            false => self.shared,
        };
        if level.allow_any_audience {
            return Ok(AudienceRule::Any);
        }
        let set = level.audience.as_ref();
        match (set, self.resource) {
            (Some(audience), _) => Ok(AudienceRule::AnyOf(audience.clone())),
            (None, Some(resource)) => Ok(AudienceRule::Resource {
                resource: resource.to_owned(),
                spellings: spellings(resource),
            }),
            (None, None) if may_be_missing => Ok(AudienceRule::AnyOf(Vec::new())),
            (None, None) => Err(ConfigError::AudienceMissing {
                issuer: without_credentials(&entry.issuer).to_owned(),
            }),
        }
    }

    fn clients_without_audience(
        &self,
        own: &Settings,
        strict: bool,
        provider: &Option<ProviderRule>,
    ) -> Result<Vec<String>, ConfigError> {
        let set = own.clients_without_audience.as_ref();
        let set = set.or(self.shared.clients_without_audience.as_ref());
        if set.is_some() && strict {
            return Err(ConfigError::Conflict {
                first: "danger_missing_audience_for_clients",
                second: "rfc9068",
            });
        }
        let mut clients = set.cloned().unwrap_or_default();
        if let Some(ProviderRule::Cognito { client_ids }) = provider {
            clients.extend_from_slice(client_ids);
        }
        Ok(clients)
    }

    fn introspection(&self, entry: &Issuer) -> Result<Option<CheckedIntrospection>, ConfigError> {
        let own = entry.settings.introspection.as_ref();
        let Some(settings) = own.or(self.shared.introspection.as_ref()) else {
            return Ok(None);
        };
        let files = &entry.settings.keys.credentials;
        check_credentials(files, self.transport_setting)?;
        let surroundings = Surroundings {
            issuer: &entry.issuer,
            rule: self.rule,
            resource: self.resource,
            // That token is for requests for keys.
            transport: self.transport(
                entry,
                &CredentialFiles {
                    bearer_token: None,
                    ..files.clone()
                },
            ),
        };
        check_introspection(settings, &surroundings).map(Some)
    }

    fn keys(&self, entry: &Issuer, algorithms: &[Algorithm]) -> Result<Keys, ConfigError> {
        let times = self.times(entry)?;
        let settings = &entry.settings.keys;
        check_credentials(&settings.credentials, self.transport_setting)?;
        if let Some(source) = &settings.source {
            return self.fetched(entry, times, algorithms, source.clone(), &[b"key_source"]);
        }
        if let Some(uri) = &settings.jwks_uri {
            let source = self.jwks_uri(entry, uri)?;
            let described: [&[u8]; 2] = [b"jwks_uri", uri.as_bytes()];
            return self.fetched(entry, times, algorithms, source, &described);
        }
        let symmetric: Vec<_> = algorithms
            .iter()
            .copied()
            .filter(|algorithm| algorithm.is_symmetric())
            .collect();
        if let Some(keys) = static_keys(settings, &symmetric)? {
            return fixed(entry, algorithms, keys);
        }
        // What is discovered depends on these rules for the URL of the keys.
        let flag = |name: &'static [u8], is_on| if is_on { name } else { b"" };
        let pinned = flag(b"pinned", self.pins_host(entry));
        let http = flag(b"http", self.sharing.allow_http);
        let source = self.discovered(entry)?;
        self.fetched(
            entry,
            times,
            algorithms,
            source,
            &[b"discovery", pinned, http],
        )
    }

    /// Keys that `source` fetches. `described` identifies the source to the other processes of a
    /// fleet.
    fn fetched(
        &self,
        entry: &Issuer,
        times: Times,
        algorithms: &[Algorithm],
        source: Arc<dyn KeySource>,
        described: &[&[u8]],
    ) -> Result<Keys, ConfigError> {
        // RFC 8725 §3.1: an attacker could sign with HS*, using a public key as the secret.
        if let Some(algorithm) = algorithms.iter().find(|it| it.is_symmetric()) {
            let algorithm = algorithm.name();
            return Err(ConfigError::SymmetricAlgorithm { algorithm });
        }
        #[cfg(not(feature = "redis"))]
        let _ = described;
        let settings = &entry.settings.keys;
        let initial = settings.initial.as_ref();
        let seed = initial.map(|keys| seed(keys, &entry.issuer));
        Ok(Keys::Fetched(KeyOrigin {
            issuer: entry.issuer.as_str().into(),
            algorithms: algorithms.into(),
            source,
            times,
            seed: seed.transpose()?,
            snapshot_file: settings.snapshot_file.clone(),
            ignores_file: false,
            labels: self.labels.clone(),
            #[cfg(feature = "redis")]
            shared: self
                .fleet
                .and_then(|fleet| share_keys(fleet, &entry.issuer, described, self.leeway(entry))),
        }))
    }

    fn leeway(&self, entry: &Issuer) -> Duration {
        let set = entry.settings.leeway.or(self.shared.leeway);
        set.unwrap_or(DEFAULT_LEEWAY)
    }

    fn times(&self, entry: &Issuer) -> Result<Times, ConfigError> {
        let set = entry.settings.jwks_cache.or(self.shared.jwks_cache);
        let max_age = set.max_age.unwrap_or(DEFAULT_MAX_AGE);
        let times = Times {
            min_age: set.min_age.unwrap_or(DEFAULT_MIN_AGE.min(max_age)),
            max_age,
            max_stale: set.max_stale.unwrap_or(DEFAULT_MAX_STALE),
            cooldown: set.cooldown.unwrap_or(DEFAULT_COOLDOWN),
            timeout: set.timeout.unwrap_or(DEFAULT_TIMEOUT),
        };
        let second = Duration::from_secs(1);
        let least_min_age = MIN_SERVER_MAX_AGE.min(times.max_age);
        let (least_timeout, hour) = (Duration::from_millis(1), Duration::from_secs(60 * 60));
        for (setting, value, least, most) in [
            ("jwks_cache.max_age", times.max_age, second, MAX_DURATION),
            (
                "jwks_cache.min_age",
                times.min_age,
                least_min_age,
                times.max_age,
            ),
            (
                "jwks_cache.max_stale",
                times.max_stale,
                second,
                MAX_DURATION,
            ),
            ("jwks_cache.cooldown", times.cooldown, second, MAX_DURATION),
            ("jwks_cache.timeout", times.timeout, least_timeout, hour),
        ] {
            within(setting, value, least, most)?;
        }
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
        let transport = self.transport_of_keys(entry, "jwks_uri")?;
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
        let transport = self.transport_of_keys(entry, "issuer")?;
        let url = self
            .rule
            .check(&entry.issuer)
            .map_err(|_| ConfigError::NotDiscoverable {
                issuer: without_credentials(&entry.issuer).to_owned(),
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

    fn transport_of_keys(
        &self,
        entry: &Issuer,
        setting: &'static str,
    ) -> Result<Arc<dyn HttpTransport>, ConfigError> {
        let transport = self.transport(entry, &entry.settings.keys.credentials);
        transport.ok_or(ConfigError::FeatureMissing {
            setting,
            feature: "reqwest",
        })
    }

    fn transport(&self, entry: &Issuer, files: &CredentialFiles) -> Option<Arc<dyn HttpTransport>> {
        #[cfg(feature = "reqwest")]
        if files.set().next().is_some() {
            let issuer = entry.issuer.as_str().into();
            return Some(Arc::new(CredentialTransport::new(issuer, files.clone())));
        }
        #[cfg(not(feature = "reqwest"))]
        let _ = (entry, files);
        self.transport.clone()
    }
}

/// The keys of the configuration. Each `HS*` algorithm must have one, and some algorithm of the
/// list.
fn fixed(entry: &Issuer, algorithms: &[Algorithm], keys: KeySet) -> Result<Keys, ConfigError> {
    let mut symmetric = algorithms.iter().filter(|one| one.is_symmetric());
    if let Some(algorithm) = symmetric.find(|one| !keys.has_key_for(**one)) {
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

fn host(url: Url) -> Option<Host> {
    url.host().map(|host| host.to_owned())
}
