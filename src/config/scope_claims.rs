//! The claims that hold scopes: which names are allowed, and their indices in the list that all
//! issuers share.

use super::error::ConfigError;
use super::issuer::Issuer;
use super::settings::Settings;
use crate::token::{ReadOptions, ScopeClaim};

/// The names that are set anywhere, besides `scope` and `scp`.
pub(super) fn others(shared: &Settings, entries: &[Issuer]) -> Result<Vec<String>, ConfigError> {
    let mut others = Vec::new();
    let settings = entries.iter().map(|entry| &entry.settings);
    for names in [shared]
        .into_iter()
        .chain(settings)
        .filter_map(|it| it.scope_claims.as_ref())
    {
        if names.is_empty() || names.iter().any(String::is_empty) {
            let setting = "scope_claims";
            return Err(ConfigError::Empty { setting });
        }
        for name in names {
            if OF_ANOTHER_MEANING.contains(&name.as_str()) {
                let name = name.clone();
                return Err(ConfigError::NoScopeClaim { name });
            }
            if !matches!(name.as_str(), "scope" | "scp") && !others.contains(name) {
                others.push(name.clone());
            }
        }
    }
    Ok(others)
}

/// The claims of one issuer.
pub(super) fn of_issuer(
    own: &Settings,
    shared: &Settings,
    options: &ReadOptions,
) -> Vec<ScopeClaim> {
    let Some(names) = own.scope_claims.as_ref().or(shared.scope_claims.as_ref()) else {
        return ScopeClaim::USUAL.to_vec();
    };
    let claim = |name: &String| match name.as_str() {
        "scope" => Some(ScopeClaim::Scope),
        "scp" => Some(ScopeClaim::Scp),
        _ => options
            .scope_claims
            .iter()
            .position(|other| other == name)
            .map(ScopeClaim::Other),
    };
    names.iter().filter_map(claim).collect()
}

/// The claims that are read for another purpose.
const OF_ANOTHER_MEANING: [&str; 15] = [
    "appid",
    "aud",
    "azp",
    "cid",
    "client_id",
    "cnf",
    "events",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "sub",
    "token_use",
    "typ",
];
