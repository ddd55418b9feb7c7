//! Checks all settings of the builder together. Separate from the setters, which check nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use super::check::Context;
use super::checked::{Checked, JwtAuthConfig};
use super::details;
use super::error::ConfigError;
use super::issuer::Issuer;
use super::rules::{check_resource, check_scopes};
use super::settings::Settings;
use super::snapshot_files::check_snapshot_files;
use crate::base::url_rule::UrlRule;
use crate::crypto;
use crate::keys::HttpTransport;
use crate::limits::{DEFAULT_TOKEN_CACHE_ENTRIES, MAX_TOKEN_CACHE_ENTRIES};
use crate::wire::answers::Answers;
use crate::wire::challenge::{DEFAULT_REALM, is_quotable};
use crate::wire::metadata::ResourceMetadata;
use crate::wire::resource::{ProtectedResource, ScopeListing};

impl JwtAuthConfigBuilder {
    /// Checks all settings. Fetches nothing.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for the first setting that is invalid.
    pub fn build(self) -> Result<JwtAuthConfig, ConfigError> {
        if !crypto::AVAILABLE {
            return Err(ConfigError::CryptoMissing);
        }
        self.check_variables()?;
        let rule = UrlRule::new(self.allow_http);
        let resource_url = self
            .resource
            .as_deref()
            .map(|resource| check_resource(resource, rule))
            .transpose()?;
        self.check_realm()?;
        self.shared.check_shape()?;
        let entries = self.entries()?;
        let required_scopes =
            check_scopes("required_scopes", self.shared.required_scopes.as_deref())?;
        details::check(&self.details, rule)?;
        if let (None, Some(setting)) = (&self.resource, details::first_set(&self.details)) {
            return Err(ConfigError::ResourceMissing { setting });
        }
        let metadata = self.resource.as_deref().zip(resource_url.as_ref());
        let metadata = metadata.map(|(resource, url)| {
            let names: Vec<&str> = entries.iter().map(|entry| entry.issuer.as_str()).collect();
            let scopes = required_scopes.as_slice();
            ResourceMetadata::new(resource, url, &names, scopes, &self.details)
        });
        let resource = ProtectedResource {
            required_scopes,
            ..self.protected_resource(metadata.as_ref())
        };
        check_snapshot_files(&entries)?;
        let token_cache_entries = self.checked_token_cache_entries()?;
        let context = Context {
            rule,
            resource: self.resource.as_deref(),
            shared: &self.shared,
            challenges: &resource,
            transport: self.transport(),
        };
        let issuers = entries.iter().map(|entry| context.check(entry));
        Ok(JwtAuthConfig(Arc::new(Checked {
            issuers: issuers.collect::<Result<_, _>>()?,
            answers: Arc::new(Answers::new(resource)),
            metadata,
            strip_authorization: self.strip_authorization,
            checks: self.checks,
            token_cache_entries,
            clock: self.clock,
        })))
    }

    fn check_realm(&self) -> Result<(), ConfigError> {
        match self.realm.as_deref() {
            Some(realm) if realm.is_empty() || !is_quotable(realm) => {
                Err(ConfigError::InvalidCharacters {
                    setting: "realm",
                    value: realm.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The description of this server for challenges, without the required scopes.
    fn protected_resource(&self, metadata: Option<&ResourceMetadata>) -> ProtectedResource {
        let default_realm = metadata.is_none().then(|| DEFAULT_REALM.to_owned());
        ProtectedResource {
            realm: self.realm.clone().or(default_realm),
            metadata_url: metadata.map(|metadata| metadata.url().to_owned()),
            hierarchy: self.hierarchy.clone(),
            listing: match self.challenge_operation_scopes_only {
                true => ScopeListing::Operation,
                false => ScopeListing::BaseAndOperation,
            },
            ..ProtectedResource::default()
        }
    }

    fn checked_token_cache_entries(&self) -> Result<usize, ConfigError> {
        let value = self
            .token_cache_entries
            .unwrap_or(DEFAULT_TOKEN_CACHE_ENTRIES);
        match value > MAX_TOKEN_CACHE_ENTRIES {
            true => Err(ConfigError::TooMany {
                setting: "token_cache_entries",
                value,
                most: MAX_TOKEN_CACHE_ENTRIES,
            }),
            false => Ok(value),
        }
    }

    #[cfg(feature = "reqwest")]
    fn transport(&self) -> Option<Arc<dyn HttpTransport>> {
        let own = || Arc::new(crate::keys::ReqwestTransport::default());
        Some(self.http_transport.clone().unwrap_or_else(|| own()))
    }

    #[cfg(not(feature = "reqwest"))]
    fn transport(&self) -> Option<Arc<dyn HttpTransport>> {
        self.http_transport.clone()
    }

    /// One entry for each issuer, whether set with `issuer` or `add_issuer`.
    fn entries(&self) -> Result<Vec<Issuer>, ConfigError> {
        let entries = match (&self.issuer, &self.issuers) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::Conflict {
                    first: "issuer",
                    second: "issuers",
                });
            }
            (None, None) => return Err(ConfigError::IssuerMissing),
            (Some(issuer), None) => {
                let keys = self.shared.keys.clone();
                vec![Issuer {
                    issuer: issuer.clone(),
                    settings: Settings {
                        keys,
                        ..Settings::default()
                    },
                }]
            }
            (None, Some(issuers)) => match self.shared.keys.first_set() {
                Some(second) => {
                    return Err(ConfigError::Conflict {
                        first: "issuers",
                        second,
                    });
                }
                None => issuers.clone(),
            },
        };
        if entries.is_empty() {
            return Err(ConfigError::Empty { setting: "issuers" });
        }
        let mut seen = HashSet::new();
        match entries.iter().find(|entry| !seen.insert(&entry.issuer)) {
            Some(twice) => Err(ConfigError::DuplicateIssuer {
                issuer: twice.issuer.clone(),
            }),
            None => Ok(entries),
        }
    }
}
