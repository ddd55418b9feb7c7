//! Rules for single values of a configuration: URLs, scopes, durations.

use std::time::Duration;

use url::Url;

use super::error::ConfigError;
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::{UrlError, UrlRule, without_credentials};
use crate::wire::challenge::{OFFLINE_ACCESS, is_quotable};

pub(super) fn check_resource(resource: &str, rule: UrlRule) -> Result<Url, ConfigError> {
    let url = check_url("resource", resource, rule)?;
    match url.query() {
        Some(_) => Err(invalid_url("resource", resource, UrlError::Query)),
        None => Ok(url),
    }
}

/// `discovered` says whether the keys are found through the metadata of the issuer. Otherwise the
/// issuer is a text that is only compared with `iss`.
pub(super) fn check_issuer(
    issuer: &str,
    rule: UrlRule,
    discovered: bool,
) -> Result<(), ConfigError> {
    if stands_for_every_tenant(issuer) {
        let issuer = issuer.to_owned();
        return Err(ConfigError::TenantTemplate { issuer });
    }
    match (discovered, without_well_known(issuer)) {
        (true, _) => check_issuer_url("issuer", issuer, rule),
        (false, Some(probably)) => Err(is_document("issuer", issuer, &probably)),
        (false, None) => Ok(()),
    }
}

/// The rule for an issuer whose metadata is fetched, by this server or by clients.
pub(super) fn check_issuer_url(
    setting: &'static str,
    issuer: &str,
    rule: UrlRule,
) -> Result<(), ConfigError> {
    if let Some(probably) = without_well_known(issuer).or_else(|| without_key_set(issuer)) {
        return Err(is_document(setting, issuer, &probably));
    }
    match check_url(setting, issuer, rule)?.query() {
        // RFC 8414 §2. The metadata URL would lose it.
        Some(_) => Err(invalid_url(setting, issuer, UrlError::Query)),
        None => Ok(()),
    }
}

fn is_document(setting: &'static str, issuer: &str, probably: &str) -> ConfigError {
    ConfigError::IssuerIsDocument {
        setting,
        issuer: without_credentials(issuer).to_owned(),
        probably: without_credentials(probably).to_owned(),
    }
}

/// The issuer whose key set probably has this URL.
fn without_key_set(issuer: &str) -> Option<String> {
    let (before, name) = issuer.rsplit_once('/')?;
    matches!(name, "jwks" | "jwks.json").then(|| before.to_owned())
}

/// The issuer whose document has this URL. The document is found below the issuer (OpenID Connect
/// Discovery), or between its host and its path (RFC 8414 §3).
fn without_well_known(issuer: &str) -> Option<String> {
    let (before, after) = issuer.split_once("/.well-known")?;
    let name = after.strip_prefix('/')?;
    let path = name.split_once('/').map_or("", |(_, path)| path);
    let slash = if path.is_empty() { "" } else { "/" };
    Some(format!("{before}{slash}{path}"))
}

pub(super) fn check_url(
    setting: &'static str,
    text: &str,
    rule: UrlRule,
) -> Result<Url, ConfigError> {
    let url = rule
        .check(text)
        .map_err(|error| invalid_url(setting, text, error))?;
    match is_quotable(text) {
        true => Ok(url),
        false => Err(invalid_url(setting, text, UrlError::UnsafeInHeader)),
    }
}

pub(super) fn invalid_url(setting: &'static str, text: &str, reason: UrlError) -> ConfigError {
    let value = without_credentials(text).to_owned();
    ConfigError::InvalidUrl {
        setting,
        value,
        reason,
    }
}

/// The spellings of `resource` that an `aud` may have: as it is configured, and with scheme and
/// host in lower case and without the default port (RFC 3986 §6.2.2.1, §6.2.3). An origin may also
/// have a slash at its end, or lack it.
pub(super) fn spellings(resource: &str) -> Vec<String> {
    let mut all = vec![resource.to_owned()];
    let Some((scheme, rest)) = resource.split_once("://") else {
        return all;
    };
    let (scheme, default_port) = match scheme.to_ascii_lowercase() {
        https if https == "https" => (https, ":443"),
        other => (other, ":80"),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    let mut add = |spelling: String| {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    };
    match path {
        "" | "/" => {
            let configured = resource.strip_suffix('/').unwrap_or(resource);
            for origin in [configured, &format!("{scheme}://{authority}")] {
                add(origin.to_owned());
                add(format!("{origin}/"));
            }
        }
        _ => add(format!("{scheme}://{authority}{path}")),
    }
    all
}

/// Whether this is an issuer that stands for several tenants of Entra ID. Its metadata names it,
/// but no token does.
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

/// Whether the issuer is an http or https URL. Issuers of other schemes, such as SPIFFE's, are
/// neither fetched from nor checked.
pub(super) fn is_web_url(issuer: &str) -> bool {
    let scheme = issuer.trim_start().split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
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

pub(super) fn within(
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

/// The hosts of Entra ID, in the public cloud and in the national clouds.
const ENTRA: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
];
