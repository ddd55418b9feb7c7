//! Checks of `introspection`: for one issuer, and of the prefixes of all of them.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::credential::{auth, credential, credentials, signed_for, way};
use super::error::ConfigError;
use super::named::{Named, known_or};
use super::rules::{invalid_url, within};
use crate::base::clock::Clock;
use crate::base::url_rule::{UrlRule, without_credentials};
use crate::introspection::client::{Client, ClientCredentials, Endpoint};
use crate::introspection::{
    AnswerKeys, IntrospectedTokens, Introspection, Introspector, Plan, SignedAnswers, Source,
};
use crate::keys::HttpTransport;
use crate::limits::{
    DEFAULT_INTROSPECTION_MAX_AGE, DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE,
    DEFAULT_INTROSPECTION_TIMEOUT, MAX_INTROSPECTION_MAX_AGE, MAX_INTROSPECTION_NEGATIVE_MAX_AGE,
    MAX_INTROSPECTION_TIMEOUT, MIN_INTROSPECTION_TIMEOUT,
};
use crate::telemetry;
use crate::token::{AnswerRules, ReadOptions, ValidationPolicy};

mod credential;

/// `introspection` of one issuer, with every setting.
#[derive(Clone, Debug)]
pub(super) struct CheckedIntrospection {
    pub(super) asked: CheckedAsked,
    pub(super) tokens: IntrospectedTokens,
    pub(super) token_prefix: Option<String>,
    pub(super) max_age: Duration,
    pub(super) negative_max_age: Duration,
    pub(super) timeout: Duration,
    /// Zero: no answer serves longer than `max_age`.
    pub(super) max_stale: Duration,
    pub(super) allow_missing_audience: bool,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub(super) enum CheckedAsked {
    Endpoint(CheckedEndpoint),
    Introspector(Arc<dyn Introspector>),
}

/// The endpoint, and how this server authenticates itself there.
#[derive(Clone, Debug)]
pub(super) struct CheckedEndpoint {
    pub(super) url: CheckedUrl,
    pub(super) transport: Arc<dyn HttpTransport>,
    /// Shared by everything that is made from the configuration: a file that changes is read once.
    pub(super) credentials: Arc<ClientCredentials>,
    /// What a signed answer must name in `aud`, one of them (RFC 9701 §5). `None`: answers are
    /// plain.
    pub(super) signed_for: Option<Vec<String>>,
}

/// Where the endpoint is.
#[derive(Clone, Debug)]
pub(super) enum CheckedUrl {
    Configured(Url),
    /// In the metadata of the issuer with this URL.
    Discovered(Url),
}

/// What `introspection` of one issuer depends on besides itself.
pub(super) struct Surroundings<'b> {
    pub(super) issuer: &'b str,
    pub(super) rule: UrlRule,
    pub(super) resource: Option<&'b str>,
    /// `None` without the feature `reqwest`, unless the builder has a transport.
    pub(super) transport: Option<Arc<dyn HttpTransport>>,
}

impl CheckedIntrospection {
    /// What the verifier needs. `keys` verify signed answers.
    pub(super) fn plan(
        &self,
        policy: &ValidationPolicy,
        options: &Arc<ReadOptions>,
        clock: &Clock,
        keys: impl FnOnce() -> Arc<dyn AnswerKeys>,
    ) -> Plan {
        let (source, signed_for) = match &self.asked {
            CheckedAsked::Endpoint(endpoint) => {
                let client = endpoint.client(&policy.issuer);
                (
                    Source::Endpoint(Box::new(client)),
                    endpoint.signed_for.clone(),
                )
            }
            CheckedAsked::Introspector(introspector) => (Source::Own(introspector.clone()), None),
        };
        Plan {
            source,
            token_prefix: self.token_prefix.clone(),
            rules: AnswerRules {
                policy: policy.clone(),
                options: options.clone(),
                allow_missing_audience: self.allow_missing_audience,
                max_age: self.max_age,
            },
            signed: signed_for.map(|audiences| SignedAnswers {
                audiences,
                keys: keys(),
            }),
            negative_max_age: self.negative_max_age,
            max_stale: self.max_stale,
            timeout: self.timeout,
            clock: clock.clone(),
        }
    }
    /// Whether the keys of the issuer verify anything: tokens, or signed answers.
    pub(super) const fn needs_keys(&self) -> bool {
        let signed = match &self.asked {
            CheckedAsked::Endpoint(endpoint) => endpoint.signed_for.is_some(),
            CheckedAsked::Introspector(_) => false,
        };
        signed || !matches!(self.tokens, IntrospectedTokens::Only)
    }
}

impl CheckedEndpoint {
    fn client(&self, issuer: &Arc<str>) -> Client {
        let endpoint = match &self.url {
            CheckedUrl::Configured(url) => Endpoint::Configured(url.clone()),
            CheckedUrl::Discovered(url) => Endpoint::discovered(issuer, url.clone()),
        };
        Client::new(
            issuer.clone(),
            self.transport.clone(),
            endpoint,
            self.credentials.clone(),
            self.signed_for.is_some(),
        )
    }
}

impl Named for IntrospectedTokens {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("opaque", Self::Opaque),
        ("also_jwts", Self::AlsoJwts),
        ("only", Self::Only),
    ];
}

pub(super) fn check_introspection(
    settings: &Introspection,
    surroundings: &Surroundings<'_>,
) -> Result<CheckedIntrospection, ConfigError> {
    let tokens = known_or(
        "introspection.tokens",
        &settings.tokens,
        IntrospectedTokens::default(),
    )?;
    if settings.token_prefix.as_ref().is_some_and(String::is_empty) {
        let setting = "introspection.token_prefix";
        return Err(ConfigError::Empty { setting });
    }
    let checked = CheckedIntrospection {
        asked: asked(settings, surroundings)?,
        tokens,
        token_prefix: settings.token_prefix.clone(),
        max_age: settings.max_age.unwrap_or(DEFAULT_INTROSPECTION_MAX_AGE),
        negative_max_age: settings
            .negative_max_age
            .unwrap_or(DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE),
        timeout: settings.timeout.unwrap_or(DEFAULT_INTROSPECTION_TIMEOUT),
        max_stale: settings.max_stale.unwrap_or(Duration::ZERO),
        allow_missing_audience: settings.allow_missing_audience,
    };
    check_times(&checked)?;
    Ok(checked)
}

fn check_times(checked: &CheckedIntrospection) -> Result<(), ConfigError> {
    let (none, most) = (Duration::ZERO, MAX_INTROSPECTION_MAX_AGE);
    within("introspection.max_age", checked.max_age, none, most)?;
    within(
        "introspection.danger_max_stale",
        checked.max_stale,
        none,
        most,
    )?;
    within(
        "introspection.negative_max_age",
        checked.negative_max_age,
        none,
        MAX_INTROSPECTION_NEGATIVE_MAX_AGE,
    )?;
    within(
        "introspection.timeout",
        checked.timeout,
        MIN_INTROSPECTION_TIMEOUT,
        MAX_INTROSPECTION_TIMEOUT,
    )
}

fn asked(
    settings: &Introspection,
    surroundings: &Surroundings<'_>,
) -> Result<CheckedAsked, ConfigError> {
    let Some(introspector) = &settings.introspector else {
        return endpoint(settings, surroundings).map(CheckedAsked::Endpoint);
    };
    let of_an_endpoint = [
        ("introspection.endpoint", settings.endpoint.is_some()),
        ("introspection.client_id", settings.client_id.is_some()),
        ("introspection.auth", settings.auth.is_some()),
        (
            "introspection.jwt_response",
            settings.jwt_response.is_some(),
        ),
    ];
    match of_an_endpoint.into_iter().find(|(_, is_set)| *is_set) {
        Some((second, _)) => Err(ConfigError::Conflict {
            first: "introspector",
            second,
        }),
        None => Ok(CheckedAsked::Introspector(introspector.clone())),
    }
}

fn endpoint(
    settings: &Introspection,
    surroundings: &Surroundings<'_>,
) -> Result<CheckedEndpoint, ConfigError> {
    let url = endpoint_url(settings, surroundings)?;
    let (setting, given) = credential(settings)?;
    let auth = auth(settings, setting)?;
    let way = way(settings, setting, auth)?;
    let signed_for = signed_for(settings, auth, surroundings.resource)?;
    let credentials = credentials(setting, given, way)?;
    if credentials.are_changed_by_encoding() {
        telemetry::introspection_secret_encoded(surroundings.issuer);
    }
    Ok(CheckedEndpoint {
        url,
        transport: transport(surroundings)?,
        credentials: Arc::new(credentials),
        signed_for,
    })
}

fn endpoint_url(
    settings: &Introspection,
    surroundings: &Surroundings<'_>,
) -> Result<CheckedUrl, ConfigError> {
    let Surroundings { issuer, rule, .. } = *surroundings;
    match &settings.endpoint {
        Some(text) => rule
            .check(text)
            .map(CheckedUrl::Configured)
            .map_err(|error| invalid_url("introspection.endpoint", text, error)),
        None => rule.check(issuer).map(CheckedUrl::Discovered).map_err(|_| {
            ConfigError::EndpointMissing {
                issuer: without_credentials(issuer).to_owned(),
            }
        }),
    }
}

fn transport(surroundings: &Surroundings<'_>) -> Result<Arc<dyn HttpTransport>, ConfigError> {
    let missing = || ConfigError::FeatureMissing {
        setting: "introspection",
        feature: "reqwest",
    };
    surroundings.transport.clone().ok_or_else(missing)
}

/// Checks that no token is shown to the wrong issuer: each issuer with its introspection.
pub(super) fn check_prefixes<'c>(
    introspections: impl Iterator<Item = (&'c str, &'c CheckedIntrospection)>,
) -> Result<(), ConfigError> {
    let all: Vec<_> = introspections.collect();
    if all.len() < 2 {
        return Ok(());
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (issuer, introspection) in all {
        let Some(prefix) = &introspection.token_prefix else {
            let issuer = issuer.to_owned();
            return Err(ConfigError::TokenPrefixMissing { issuer });
        };
        let overlaps =
            |other: &&(&str, &str)| prefix.starts_with(other.1) || other.1.starts_with(prefix);
        if let Some((first, other)) = seen.iter().find(overlaps) {
            return Err(ConfigError::TokenPrefixShared {
                first: (*first).to_owned(),
                first_prefix: (*other).to_owned(),
                second: issuer.to_owned(),
                second_prefix: prefix.clone(),
            });
        }
        seen.push((issuer, prefix));
    }
    Ok(())
}
