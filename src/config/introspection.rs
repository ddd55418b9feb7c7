//! Checks of `introspection`: for one issuer, and of the prefixes of all of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::error::{ConfigError, SecretFileError};
use super::named::{Named, known_or, name_of};
use super::rules::{invalid_url, within};
use super::secret_files::unusable;
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::base::url_rule::{UrlRule, without_credentials};
use crate::introspection::client::{
    Client, ClientCredentials, CredentialError, CredentialSource, Endpoint, Way,
};
use crate::introspection::{
    AnswerKeys, ClientAuth, IntrospectedTokens, Introspection, Introspector, JwtResponse, Plan,
    SignedAnswers, Source,
};
use crate::jwks::PrivateKeyError;
use crate::keys::HttpTransport;
use crate::limits::{
    DEFAULT_INTROSPECTION_MAX_AGE, DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE,
    DEFAULT_INTROSPECTION_TIMEOUT, MAX_INTROSPECTION_MAX_AGE, MAX_INTROSPECTION_NEGATIVE_MAX_AGE,
    MAX_INTROSPECTION_TIMEOUT, MIN_INTROSPECTION_TIMEOUT,
};
use crate::telemetry;
use crate::token::{AnswerRules, ReadOptions, ValidationPolicy};

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
    /// Shared by all that is made of the configuration, so that a file is read again once.
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

impl Named for ClientAuth {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("basic", Self::Basic),
        ("basic_unencoded", Self::BasicUnencoded),
        ("post", Self::Post),
        ("private_key_jwt", Self::PrivateKeyJwt),
        ("bearer", Self::Bearer),
    ];
}

impl Named for IntrospectedTokens {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("opaque", Self::Opaque),
        ("also_jwts", Self::AlsoJwts),
        ("only", Self::Only),
    ];
}

impl Named for JwtResponse {
    const NAMES: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("required", Self::Required)];
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

/// A credential as it is set.
#[derive(Clone, Copy)]
enum Given<'s> {
    File(&'s Path),
    Text(&'s Secret<String>),
}

/// The one credential that is set, with the name of its setting.
fn credential(settings: &Introspection) -> Result<(&'static str, Given<'_>), ConfigError> {
    let text = settings.client_secret.as_ref();
    let text = text.map(|secret| (CLIENT_SECRET, Given::Text(secret)));
    let files = [
        (CLIENT_SECRET_FILE, &settings.client_secret_file),
        (PRIVATE_KEY_FILE, &settings.private_key_file),
        (BEARER_TOKEN_FILE, &settings.bearer_token_file),
    ];
    let files = files
        .into_iter()
        .filter_map(|(setting, path)| Some((setting, Given::File(path.as_deref()?))));
    let mut set = text.into_iter().chain(files);
    let first = set.next().ok_or(ConfigError::ClientAuthMissing)?;
    match set.next() {
        Some((second, _)) => Err(ConfigError::Conflict {
            first: first.0,
            second,
        }),
        None => Ok(first),
    }
}

/// Reads the file, if there is one.
fn credentials(
    setting: &'static str,
    given: Given<'_>,
    way: Way,
) -> Result<ClientCredentials, ConfigError> {
    let empty = ConfigError::Empty { setting };
    let (source, path) = match given {
        Given::File(path) if path.as_os_str().is_empty() => return Err(empty),
        Given::File(path) => (CredentialSource::File(path.to_owned()), Some(path)),
        Given::Text(secret) => (CredentialSource::Fixed(secret.expose().clone()), None),
    };
    ClientCredentials::new(way, source).map_err(|error| match path {
        Some(path) => unusable_file(setting, path, error),
        // The only fault that a text can have.
        None => empty,
    })
}

fn unusable_file(setting: &'static str, path: &Path, error: CredentialError) -> ConfigError {
    let reason = match error {
        CredentialError::Key(PrivateKeyError::NeedsAwsLcRs) => {
            let feature = "aws_lc_rs";
            return ConfigError::FeatureMissing { setting, feature };
        }
        CredentialError::Empty => SecretFileError::Empty,
        CredentialError::Key(PrivateKeyError::Encrypted) => SecretFileError::EncryptedKey,
        CredentialError::Key(PrivateKeyError::NoKey) => SecretFileError::NoKey,
        CredentialError::Key(PrivateKeyError::Unsupported) => SecretFileError::UnsupportedKey,
        CredentialError::NotText => SecretFileError::NotText,
        CredentialError::TooLarge => SecretFileError::TooLarge,
        CredentialError::Unreadable(error) => SecretFileError::Unreadable(error.to_string()),
    };
    unusable(setting, path, reason)
}

/// `setting` is the credential that is set.
fn way(
    settings: &Introspection,
    setting: &'static str,
    auth: ClientAuth,
) -> Result<Way, ConfigError> {
    let (name, client_id) = ("introspection.client_id", settings.client_id.clone());
    let client_id = match (auth, client_id) {
        (_, Some(client_id)) if client_id.is_empty() => {
            return Err(ConfigError::Empty { setting: name });
        }
        (ClientAuth::Bearer, _) => return Ok(Way::Bearer),
        (_, Some(client_id)) => client_id,
        (_, None) => {
            return Err(ConfigError::Incomplete {
                setting,
                missing: name,
            });
        }
    };
    Ok(match auth {
        ClientAuth::Basic => Way::Basic { client_id },
        ClientAuth::BasicUnencoded => Way::BasicUnencoded { client_id },
        ClientAuth::Bearer => Way::Bearer,
        ClientAuth::Post => Way::Post { client_id },
        ClientAuth::PrivateKeyJwt => Way::PrivateKeyJwt { client_id },
    })
}

/// `setting` is the credential that is set.
fn auth(settings: &Introspection, setting: &'static str) -> Result<ClientAuth, ConfigError> {
    let (usual, others): (_, &[_]) = match setting {
        BEARER_TOKEN_FILE => (ClientAuth::Bearer, &[]),
        PRIVATE_KEY_FILE => (ClientAuth::PrivateKeyJwt, &[]),
        _ => (
            ClientAuth::Basic,
            &[ClientAuth::BasicUnencoded, ClientAuth::Post],
        ),
    };
    let auth = known_or("introspection.auth", &settings.auth, usual)?;
    let fits = |auth: ClientAuth| auth == usual || others.contains(&auth);
    if fits(auth) {
        return Ok(auth);
    }
    let fitting = ClientAuth::NAMES.iter().filter(|(_, auth)| fits(*auth));
    Err(ConfigError::ClientAuthUnfit {
        auth: name_of(auth),
        setting,
        fitting: fitting.map(|(name, _)| *name).collect(),
    })
}

fn signed_for(
    settings: &Introspection,
    auth: ClientAuth,
    resource: Option<&str>,
) -> Result<Option<Vec<String>>, ConfigError> {
    let (client_id, jwt_response) = ("introspection.client_id", "introspection.jwt_response");
    match known_or(jwt_response, &settings.jwt_response, JwtResponse::Off)? {
        JwtResponse::Off if auth == ClientAuth::Bearer && settings.client_id.is_some() => {
            Err(ConfigError::Conflict {
                first: client_id,
                second: BEARER_TOKEN_FILE,
            })
        }
        JwtResponse::Off => Ok(None),
        JwtResponse::Required => {
            let names = settings.client_id.as_deref().into_iter().chain(resource);
            let names: Vec<_> = names.map(str::to_owned).collect();
            match names.is_empty() {
                true => Err(ConfigError::Incomplete {
                    setting: jwt_response,
                    missing: client_id,
                }),
                false => Ok(Some(names)),
            }
        }
    }
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

const BEARER_TOKEN_FILE: &str = "introspection.bearer_token_file";
const CLIENT_SECRET: &str = "introspection.client_secret";
const CLIENT_SECRET_FILE: &str = "introspection.client_secret_file";
const PRIVATE_KEY_FILE: &str = "introspection.private_key_file";
