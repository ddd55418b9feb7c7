//! Checks of `introspection`: for one issuer, and of the prefixes of all of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::error::ConfigError;
use super::named::{Named, known_or, name_of};
use super::rules::{invalid_url, within};
use super::secret_files::CheckedSecret;
use crate::base::secret::Secret;
use crate::base::url_rule::UrlRule;
use crate::introspection::{
    ClientAuth, IntrospectedTokens, Introspection, Introspector, JwtResponse,
};
use crate::keys::HttpTransport;
use crate::limits::{
    DEFAULT_INTROSPECTION_MAX_AGE, DEFAULT_INTROSPECTION_NEGATIVE_MAX_AGE,
    DEFAULT_INTROSPECTION_TIMEOUT, MAX_INTROSPECTION_MAX_AGE, MAX_INTROSPECTION_NEGATIVE_MAX_AGE,
    MAX_INTROSPECTION_TIMEOUT, MIN_INTROSPECTION_TIMEOUT,
};
use crate::telemetry;

/// `introspection` of one issuer, with every setting.
#[derive(Clone, Debug)]
pub(crate) struct CheckedIntrospection {
    pub(crate) asked: CheckedAsked,
    pub(crate) tokens: IntrospectedTokens,
    pub(crate) token_prefix: Option<String>,
    pub(crate) max_age: Duration,
    pub(crate) negative_max_age: Duration,
    pub(crate) timeout: Duration,
    /// Zero: no answer serves longer than `max_age`.
    pub(crate) max_stale: Duration,
    pub(crate) allow_missing_audience: bool,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub(crate) enum CheckedAsked {
    Endpoint(CheckedEndpoint),
    Introspector(Arc<dyn Introspector>),
}

/// The endpoint, and how this server authenticates itself there.
#[derive(Clone, Debug)]
pub(crate) struct CheckedEndpoint {
    /// `None`: the one in the issuer's metadata.
    pub(crate) url: Option<Url>,
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) auth: ClientAuth,
    /// `None` only with [`ClientAuth::Bearer`].
    pub(crate) client_id: Option<String>,
    /// The client secret, the private key or the bearer token, as `auth` says.
    pub(crate) secret: CheckedSecret,
    /// What a signed answer must name in `aud`, one of them (RFC 9701 §5). `None`: answers are
    /// plain.
    pub(crate) signed_for: Option<Vec<String>>,
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
    /// Whether the keys of the issuer verify anything: tokens, or signed answers.
    pub(super) const fn needs_keys(&self) -> bool {
        let signed = match &self.asked {
            CheckedAsked::Endpoint(endpoint) => endpoint.signed_for.is_some(),
            CheckedAsked::Introspector(_) => false,
        };
        signed || !matches!(self.tokens, IntrospectedTokens::Only)
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
    let (setting, secret) = credential(settings)?;
    let auth = auth(settings, setting)?;
    let client_id = settings.client_id.as_deref();
    if client_id == Some("") {
        let setting = "introspection.client_id";
        return Err(ConfigError::Empty { setting });
    }
    if client_id.is_none() && auth != ClientAuth::Bearer {
        return Err(ConfigError::Incomplete {
            setting,
            missing: "introspection.client_id",
        });
    }
    let signed_for = signed_for(settings, auth, surroundings.resource)?;
    let is_changed = |text: &str| !text.bytes().all(stays_in_a_form);
    if auth == ClientAuth::Basic
        && (is_changed(secret.value.expose()) || client_id.is_some_and(is_changed))
    {
        telemetry::introspection_secret_encoded(surroundings.issuer);
    }
    Ok(CheckedEndpoint {
        url,
        transport: transport(surroundings)?,
        auth,
        client_id: settings.client_id.clone(),
        secret,
        signed_for,
    })
}

fn endpoint_url(
    settings: &Introspection,
    surroundings: &Surroundings<'_>,
) -> Result<Option<Url>, ConfigError> {
    let Surroundings { issuer, rule, .. } = *surroundings;
    match &settings.endpoint {
        Some(text) => match rule.check(text) {
            Ok(url) => Ok(Some(url)),
            Err(error) => Err(invalid_url("introspection.endpoint", text, error)),
        },
        None if rule.check(issuer).is_ok() => Ok(None),
        None => Err(ConfigError::EndpointMissing {
            issuer: issuer.to_owned(),
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

/// The one credential that is set, with the name of its setting.
fn credential(settings: &Introspection) -> Result<(&'static str, CheckedSecret), ConfigError> {
    enum Given<'s> {
        File(&'s Path),
        Text(&'s Secret<String>),
    }
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
    let (first, given) = set.next().ok_or(ConfigError::ClientAuthMissing)?;
    if let Some((second, _)) = set.next() {
        return Err(ConfigError::Conflict { first, second });
    }
    let secret = match given {
        Given::File(path) => CheckedSecret::of_file(first, path)?,
        Given::Text(secret) => CheckedSecret::of_text(first, secret)?,
    };
    Ok((first, secret))
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

/// Whether form-encoding leaves the byte as it is (the URL Standard,
/// `application/x-www-form-urlencoded`).
const fn stays_in_a_form(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_')
}

const BEARER_TOKEN_FILE: &str = "introspection.bearer_token_file";
const CLIENT_SECRET: &str = "introspection.client_secret";
const CLIENT_SECRET_FILE: &str = "introspection.client_secret_file";
const PRIVATE_KEY_FILE: &str = "introspection.private_key_file";
