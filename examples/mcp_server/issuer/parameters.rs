//! The parameters of a request, from its query or its form.

use url::form_urlencoded;

use super::error::OAuthError;

pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value, if there is one. "Parameters sent without a value MUST be treated as if they were
    /// omitted", and no parameter may be repeated (RFC 6749 §3.1, §3.2).
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(OAuthError::invalid_request("A parameter came twice")),
            (value, None) => Ok(value
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.optional(name)?
            .ok_or(OAuthError::invalid_request("A parameter is missing"))
    }

    /// Checks the resource of a token (RFC 8707 §2): it must be ours, or absent.
    pub(super) fn check_resource(&self, ours: &str) -> Result<(), OAuthError> {
        const UNKNOWN: OAuthError =
            OAuthError::new("invalid_target", "Tokens are issued for one resource alone");
        let mut named = self.0.iter().filter(|(name, _)| name == "resource");
        match named.all(|(_, value)| value.is_empty() || value == ours) {
            true => Ok(()),
            false => Err(UNKNOWN),
        }
    }
}
