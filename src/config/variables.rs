//! Variables such as `${ISSUER}` that nothing has replaced. A server would start with them and then
//! reject every token.

use std::borrow::Cow;

use serde_json::Value;

use super::builder::JwtAuthConfigBuilder;
use super::error::ConfigError;
use super::settings::{Initial, InitialJwks, Settings};
use crate::jwks::JwkSet;
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
        let servers = self.authorization_servers.iter().flatten();
        check("authorization_servers", servers)?;
        let sources = self.token_sources.iter().flatten();
        check("token_sources", sources.map(TokenSource::name))?;
        self.shared.check_variables()?;
        for entry in self.issuers.iter().flatten() {
            check("issuer", [&entry.issuer])?;
            entry.settings.check_variables()?;
        }
        Ok(())
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
        let path = keys.snapshot_file.as_ref();
        check("snapshot_file", path.map(|path| path.to_string_lossy()))
    }
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
            return Some(format!("{opening}{name}{closing}").into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_text() {
        for (text, want) in [
            ("${ISSUER}", Some("${ISSUER}")),
            ("https://${HOST}/mcp", Some("${HOST}")),
            (
                "${ISSUER:-https://i.example}",
                Some("${ISSUER:-https://i.example}"),
            ),
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
