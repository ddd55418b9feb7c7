//! The details of the resource metadata: which are set, and whether they can be published.

use super::error::ConfigError;
use super::rules::{check_scopes, invalid_url};
use crate::base::url_rule::UrlRule;
use crate::wire::metadata::ResourceDetails;

/// The name of the first detail that is set.
pub(super) fn first_set(details: &ResourceDetails) -> Option<&'static str> {
    let set = [
        ("resource_name", details.name.is_some()),
        ("resource_documentation", details.documentation.is_some()),
        ("resource_policy_uri", details.policy_uri.is_some()),
        ("resource_tos_uri", details.tos_uri.is_some()),
        ("resource_jwks_uri", details.jwks_uri.is_some()),
        ("scopes_supported", details.scopes_supported.is_some()),
    ];
    set.into_iter()
        .find(|(_, is_set)| *is_set)
        .map(|(name, _)| name)
}

/// Checks that the details can be published.
pub(super) fn check(details: &ResourceDetails, rule: UrlRule) -> Result<(), ConfigError> {
    for (setting, url) in [
        ("resource_documentation", &details.documentation),
        ("resource_jwks_uri", &details.jwks_uri),
        ("resource_policy_uri", &details.policy_uri),
        ("resource_tos_uri", &details.tos_uri),
    ] {
        if let Some(url) = url {
            rule.check(url)
                .map_err(|error| invalid_url(setting, url, error))?;
        }
    }
    if details.name.as_ref().is_some_and(String::is_empty) {
        return Err(ConfigError::Empty {
            setting: "resource_name",
        });
    }
    check_scopes("scopes_supported", details.scopes_supported.as_deref()).map(drop)
}
