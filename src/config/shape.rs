//! Checks of each setting by itself, for one issuer or for all of them, whether it is used or not.

use std::time::Duration;

use serde_json::{Map, Value};

use super::error::ConfigError;
use super::rules::{check_scopes, within};
use super::settings::Settings;
use crate::crypto::Algorithm;
use crate::limits::{DEFAULT_LEEWAY, MAX_DURATION, MAX_LEEWAY};
use crate::token::ProviderRule;

impl Settings {
    pub(super) fn provider(&self, strict: bool) -> Result<Option<ProviderRule>, ConfigError> {
        let conflict = |second| ConfigError::Conflict {
            first: "cognito",
            second,
        };
        match (&self.cognito, self.keycloak) {
            (None, keycloak) => Ok(keycloak.then_some(ProviderRule::Keycloak)),
            (Some(_), true) => Err(conflict("keycloak")),
            // Cognito's tokens carry no `typ`, so RFC 9068 would reject every one.
            (Some(_), false) if strict => Err(conflict("rfc9068")),
            (Some(client_ids), false) => Ok(Some(ProviderRule::Cognito {
                client_ids: client_ids.clone(),
            })),
        }
    }

    pub(super) fn algorithms(&self) -> Result<Option<&[Algorithm]>, ConfigError> {
        match &self.algorithms {
            None => Ok(None),
            Some(Ok(algorithms)) => Ok(Some(algorithms)),
            Some(Err(unsupported)) => Err(ConfigError::UnknownAlgorithm {
                name: unsupported.name().to_owned(),
            }),
        }
    }

    /// Rejects empty lists and values out of bounds, even in settings that are not used.
    pub(super) fn check_shape(&self) -> Result<(), ConfigError> {
        let empty = |setting| Err(ConfigError::Empty { setting });
        if holds_nothing(self.audience.as_deref()) {
            return empty("audience");
        }
        if self.algorithms()?.is_some_and(<[Algorithm]>::is_empty) {
            return empty("algorithms");
        }
        let jwk = self.keys.jwk.as_ref().and_then(Value::as_object);
        if jwk.is_some_and(Map::is_empty) {
            return empty("jwk");
        }
        let jwks = self.keys.jwks.as_ref();
        let keys = jwks.and_then(|set| set.get("keys")?.as_array());
        if keys.is_some_and(Vec::is_empty) {
            return empty("jwks");
        }
        if holds_nothing(self.cognito.as_deref()) {
            return empty("cognito");
        }
        if holds_nothing(self.clients_without_audience.as_deref()) {
            return empty("danger_missing_audience_for_clients");
        }
        if self.audience.is_some() && self.allow_any_audience {
            return Err(ConfigError::Conflict {
                first: "audience",
                second: "danger_allow_any_audience",
            });
        }
        check_scopes("required_scopes", self.required_scopes.as_deref())?;
        within(
            "max_token_age",
            self.max_token_age.unwrap_or(MAX_DURATION),
            Duration::from_secs(1),
            MAX_DURATION,
        )?;
        within(
            "leeway",
            self.leeway.unwrap_or(DEFAULT_LEEWAY),
            Duration::ZERO,
            MAX_LEEWAY,
        )
    }
}

/// Whether a list is set and empty, or holds an empty text.
fn holds_nothing(list: Option<&[String]>) -> bool {
    list.is_some_and(|all| all.is_empty() || all.iter().any(String::is_empty))
}
