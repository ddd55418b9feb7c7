//! Variables such as `${ISSUER}` that nothing has replaced. A server would start with them and then
//! reject every token.

use std::borrow::Cow;
use std::path::PathBuf;

use serde_json::Value;

use super::builder::JwtAuthConfigBuilder;
use super::error::ConfigError;
use super::issuer::Issuer;
use super::settings::{Initial, InitialJwks, Settings};
use crate::base::secret::Secret;
#[cfg(feature = "redis")]
use crate::fleet::{FleetBuilder, settings::Servers};
use crate::introspection::Introspection;
use crate::jwks::JwkSet;
use crate::proof::Dpop;
use crate::wire::token_source::TokenSource;

impl JwtAuthConfigBuilder {
    pub(super) fn check_variables(&self) -> Result<(), ConfigError> {
        let details = &self.details;
        for (setting, text) in [
            ("issuer", &self.issuer),
            ("realm", &self.realm),
            ("resource", &self.resource),
            ("resource_documentation", &details.documentation),
            ("resource_jwks_uri", &details.jwks_uri),
            ("resource_name", &details.name),
            ("resource_policy_uri", &details.policy_uri),
            ("resource_tos_uri", &details.tos_uri),
        ] {
            check(setting, text)?;
        }
        check(
            "scopes_supported",
            details.scopes_supported.iter().flatten(),
        )?;
        check("initial_scopes", self.initial_scopes.iter().flatten())?;
        if let Some(dpop) = &self.dpop {
            check_dpop(dpop)?;
        }
        if let Some(header) = self.mtls.as_ref().and_then(|mtls| mtls.header.as_ref()) {
            check("mtls.header.name", [&header.name])?;
            let peers = header.trusted_peers.iter().flatten();
            check("mtls.header.trusted_peers", peers)?;
        }
        let servers = self.authorization_servers.iter().flatten();
        check("authorization_servers", servers)?;
        let sources = self.token_sources.iter().flatten();
        check("token_sources", sources.map(TokenSource::name))?;
        self.shared.check_variables()?;
        let mut entries = self.issuers.iter().flatten();
        entries.try_for_each(Issuer::check_variables)
    }
}

impl Issuer {
    pub(super) fn check_variables(&self) -> Result<(), ConfigError> {
        check("issuer", [&self.issuer])?;
        self.settings.check_variables()
    }
}

impl Settings {
    fn check_variables(&self) -> Result<(), ConfigError> {
        let keys = &self.keys;
        check("audience", self.audience.iter().flatten())?;
        check("cognito", self.cognito.iter().flatten())?;
        check("scope_claims", self.scope_claims.iter().flatten())?;
        let clients = self.clients_without_audience.iter().flatten();
        check("danger_missing_audience_for_clients", clients)?;
        for (setting, file) in keys.credentials.set() {
            check(setting, [file.to_string_lossy()])?;
        }
        check("required_scopes", self.required_scopes.iter().flatten())?;
        check("jwks_uri", &keys.jwks_uri)?;
        check("public_key_pem", &keys.public_key_pem)?;
        check("jwks", keys.jwks.as_ref().and_then(Value::as_str))?;
        check("jwk", keys.jwk.as_ref().and_then(Value::as_str))?;
        if let Some(InitialJwks(Initial::Set(JwkSet(set)))) = &keys.initial {
            check("initial_jwks", set.as_str())?;
        }
        if let Some(introspection) = &self.introspection {
            check_introspection(introspection)?;
        }
        check_path("snapshot_file", &keys.snapshot_file)
    }
}

fn check_dpop(dpop: &Dpop) -> Result<(), ConfigError> {
    check("dpop.public_url", dpop.public_urls.iter().flatten())?;
    let secrets = dpop.nonce_secrets.iter().flatten();
    check_secrets("dpop.nonce_secret", secrets)?;
    check_path("dpop.nonce_secret_file", &dpop.nonce_secret_file)
}

fn check_introspection(settings: &Introspection) -> Result<(), ConfigError> {
    for (setting, text) in [
        ("introspection.client_id", &settings.client_id),
        ("introspection.endpoint", &settings.endpoint),
        ("introspection.token_prefix", &settings.token_prefix),
    ] {
        check(setting, text)?;
    }
    for (setting, path) in [
        (
            "introspection.bearer_token_file",
            &settings.bearer_token_file,
        ),
        (
            "introspection.client_secret_file",
            &settings.client_secret_file,
        ),
        ("introspection.private_key_file", &settings.private_key_file),
    ] {
        check_path(setting, path)?;
    }
    check_secrets("introspection.client_secret", &settings.client_secret)
}

#[cfg(feature = "redis")]
pub(super) fn check_fleet(fleet: &FleetBuilder) -> Result<(), ConfigError> {
    let urls = match &fleet.servers {
        None => &[],
        Some(Servers::One(url)) => std::slice::from_ref(url),
        Some(Servers::Cluster(urls)) => urls.as_slice(),
    };
    check("fleet.redis", urls.iter().map(Secret::expose))?;
    check("fleet.namespace", &fleet.namespace)?;
    check_secrets("fleet.secret", fleet.secrets.iter().flatten())?;
    for (setting, path) in [
        ("fleet.secret_file", &fleet.secret_file),
        ("fleet.ca_file", &fleet.ca_file),
        (
            "fleet.client_certificate_file",
            &fleet.client_certificate_file,
        ),
        ("fleet.client_key_file", &fleet.client_key_file),
        ("fleet.password_file", &fleet.password_file),
    ] {
        check_path(setting, path)?;
    }
    Ok(())
}

fn check_path(setting: &'static str, path: &Option<PathBuf>) -> Result<(), ConfigError> {
    check(setting, path.as_ref().map(|path| path.to_string_lossy()))
}

/// A secret may hold any characters, even those of a variable, and no error shows a part of it.
/// Only a secret that is nothing but a variable was meant to be replaced.
fn check_secrets<'s>(
    setting: &'static str,
    secrets: impl IntoIterator<Item = &'s Secret<String>>,
) -> Result<(), ConfigError> {
    let texts = secrets.into_iter().map(|secret| secret.expose());
    check(
        setting,
        texts.filter(|text| variable_in(text).is_some_and(|variable| variable == text.trim())),
    )
}

/// No error shows the rest of a value, which may be a secret.
fn check<T: AsRef<str>>(
    setting: &'static str,
    values: impl IntoIterator<Item = T>,
) -> Result<(), ConfigError> {
    let mut values = values.into_iter();
    match values.find_map(|value| variable_in(value.as_ref()).map(Cow::into_owned)) {
        Some(variable) => Err(ConfigError::NotReplaced { setting, variable }),
        None => Ok(()),
    }
}

/// The first `${..}` or `{{..}}` of a text, or a text that is nothing but `$NAME` or `%NAME%`.
fn variable_in(text: &str) -> Option<Cow<'_, str>> {
    for (opening, closing) in [("${", "}"), ("{{", "}}")] {
        let inside = text
            .split_once(opening)
            .and_then(|(_, rest)| rest.split_once(closing));
        if let Some((name, _)) = inside.filter(|(name, _)| !name.is_empty()) {
            return Some(format!("{opening}{}{closing}", without_default(name)).into());
        }
    }
    let text = text.trim();
    let percent = || text.strip_prefix('%')?.strip_suffix('%');
    let name = text.strip_prefix('$').or_else(percent)?;
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    is_name.then_some(text.into())
}

/// What stands behind the name, such as the default in `NAME:-default`, may be a secret.
fn without_default(inside: &str) -> Cow<'_, str> {
    let is_name = |character: char| character.is_alphanumeric() || "_.".contains(character);
    let start = inside.len().saturating_sub(inside.trim_start().len());
    let behind = inside.get(start..).unwrap_or_default();
    let name = behind.find(|character| !is_name(character));
    match name {
        Some(end) if !behind.split_at(end).1.trim().is_empty() => {
            let (name, _) = inside.split_at(start.saturating_add(end));
            format!("{name}..").into()
        }
        _ => inside.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_text() {
        for (text, want) in [
            ("${ISSUER}", Some("${ISSUER}")),
            ("https://${HOST}/mcp", Some("${HOST}")),
            ("${ISSUER:-https://i.example}", Some("${ISSUER..}")),
            ("${ issuer.name }", Some("${ issuer.name }")),
            ("{{ a b }}", Some("{{ a..}}")),
            ("{{default \"b\" .C}}", Some("{{default..}}")),
            ("api://{{ audience }}", Some("{{ audience }}")),
            ("$ISSUER", Some("$ISSUER")),
            ("%ISSUER%", Some("%ISSUER%")),
            ("$issuer", None),
            ("US$5", None),
            ("${", None),
            ("${}", None),
            ("100%", None),
            ("%20%", None),
            ("https://login.microsoftonline.com/{tenantid}/v2.0", None),
        ] {
            assert_eq!(variable_in(text).as_deref(), want, "{text}");
        }
    }
}
