//! Checks all settings of the builder together. Separate from the setters, which check nothing.

use std::sync::Arc;
#[cfg(feature = "redis")]
use std::sync::Weak;

use bytes::Bytes;

use super::builder::JwtAuthConfigBuilder;
use super::checked::{Checked, JwtAuthConfig};
use super::details;
use super::error::ConfigError;
#[cfg(feature = "redis")]
use super::fleet_proofs::{largest_leeway, share_proofs};
use super::issuer::Issuer;
use super::proofs::CheckedProofs;
use super::rules::{check_resource, check_scopes};
use super::server::{CheckedIssuers, Server};
use super::settings::Settings;
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::UrlRule;
use crate::crypto;
#[cfg(feature = "redis")]
use crate::fleet::Fleet;
use crate::keys::HttpTransport;
use crate::limits::{
    DEFAULT_ISSUERS, DEFAULT_TOKEN_CACHE_ENTRIES, MAX_CONFIGURED_TOKEN_BYTES, MAX_ISSUERS,
    MAX_TOKEN_BYTES, MAX_TOKEN_CACHE_ENTRIES,
};
#[cfg(feature = "redis")]
use crate::proof::Dpop;
#[cfg(feature = "redis")]
use crate::revocation::Revocations;
use crate::telemetry::{CacheSize, IssuerLabels};
use crate::wire::challenge::{DEFAULT_REALM, is_quotable};
use crate::wire::credentials::TokenFinder;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::resource::{ProtectedResource, ScopeListing};
#[cfg(feature = "redis")]
use crate::wire::revocation_watch::Watch;

#[cfg(feature = "redis")]
fn watch_of(list: &Arc<Revocations>) -> Weak<dyn Watch> {
    let list: Arc<dyn Watch> = list.clone();
    Arc::downgrade(&list)
}

impl JwtAuthConfigBuilder {
    /// Checks all settings. Fetches nothing.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for the first setting that is invalid. It names the setting, its value and
    /// what to do.
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
        let initial_scopes = self.checked_initial_scopes()?;
        if let (None, Some(setting)) = (&self.resource, details::first_set(&self.details)) {
            return Err(ConfigError::ResourceMissing { setting });
        }
        let identity = self.resource.as_deref().zip(resource_url.as_ref());
        #[cfg(feature = "redis")]
        let fleet = self.checked_fleet()?;
        #[cfg(feature = "redis")]
        let dpop = self.dpop_of(fleet.as_ref(), &entries);
        #[cfg(not(feature = "redis"))]
        let dpop = self.dpop.clone();
        let proofs = CheckedProofs::of(dpop.as_ref(), self.mtls.as_ref(), identity, rule)?;
        let metadata =
            identity.map(|(resource, url)| ResourceMetadata::new(resource, url, Bytes::default()));
        let token_sources = self.checked_token_sources()?;
        #[cfg(feature = "redis")]
        let revocations = match &fleet {
            Some(fleet) => fleet.revocations().cloned(),
            None => self.revocations.clone(),
        };
        let resource = ProtectedResource {
            #[cfg(feature = "redis")]
            watch: revocations.as_ref().map(watch_of),
            has_token_sources: token_sources.is_some(),
            initial_scopes: initial_scopes.as_ref().unwrap_or(&required_scopes).clone(),
            required_scopes,
            bound_tokens: proofs.bound_tokens(),
            ..self.protected_resource(metadata.as_ref())
        };
        let token_cache_entries = self.checked_token_cache_entries()?;
        let keys_of = self.keys_of.clone();
        let is_list = self.issuers.is_some();
        let server = Server {
            rule,
            issuers_limit: self.checked_issuers_limit()?,
            initial_scopes,
            key_proofs: proofs.accepted(),
            resource,
            max_token_bytes: self.checked_max_token_bytes()?,
            transport: self.transport(),
            labels: IssuerLabels::default(),
            #[cfg(feature = "redis")]
            fleet,
            settings: self.without_issuers(),
        };
        let CheckedIssuers {
            entries,
            issuers,
            options,
            answers,
            document,
        } = server.check(entries, is_list, &keys_of)?;
        server.labels.set_number(issuers.len());
        if let Some((metadata, document)) = metadata.as_ref().zip(document) {
            metadata.replace(&document);
        }
        let settings = &server.settings;
        Ok(JwtAuthConfig(Arc::new(Checked {
            entries,
            issuers,
            options,
            answers,
            metadata,
            strip_authorization: settings.strip_authorization,
            finder: TokenFinder {
                dpop: proofs.accepted().dpop,
                sources: token_sources,
            },
            checks: settings.checks.clone(),
            proofs: Arc::new(proofs.into_proofs()),
            token_cache_entries,
            token_cache_size: CacheSize::of(settings.resource.as_deref().unwrap_or_default()),
            clock: settings.clock.clone(),
            #[cfg(feature = "redis")]
            revocations,
            server: Arc::new(server),
        })))
    }

    /// The scopes that a client should ask for first, if they are not those of its issuer.
    fn checked_initial_scopes(&self) -> Result<Option<ScopeSet>, ConfigError> {
        check_scopes("initial_scopes", self.initial_scopes.as_deref())?;
        let initial = self.initial_scopes.as_ref();
        let initial = initial.or(self.details.scopes_supported.as_ref());
        Ok(initial.map(|scopes| scopes.iter().collect()))
    }

    /// `dpop`, with what the processes of `fleet` share.
    #[cfg(feature = "redis")]
    fn dpop_of(&self, fleet: Option<&Fleet>, entries: &[Issuer]) -> Option<Dpop> {
        let dpop = self.dpop.clone()?;
        Some(match fleet {
            Some(fleet) => share_proofs(dpop, fleet, largest_leeway(&self.shared, entries)),
            None => dpop,
        })
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
            metadata_watch: metadata.and_then(ResourceMetadata::watch).cloned(),
            clock: self.clock.clone(),
            hierarchy: self.hierarchy.clone(),
            listing: match self.challenge_operation_scopes_only {
                true => ScopeListing::Operation,
                false => ScopeListing::BaseAndOperation,
            },
            ..ProtectedResource::default()
        }
    }

    fn checked_max_token_bytes(&self) -> Result<usize, ConfigError> {
        let value = self.max_token_bytes.unwrap_or(MAX_TOKEN_BYTES);
        match value {
            0 => Err(ConfigError::Empty {
                setting: "max_token_bytes",
            }),
            1..=MAX_CONFIGURED_TOKEN_BYTES => Ok(value),
            _ => Err(ConfigError::TooMany {
                setting: "max_token_bytes",
                value,
                most: MAX_CONFIGURED_TOKEN_BYTES,
            }),
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
        let set = self.http_transport.as_ref();
        Some(set.map_or_else(|| own() as _, |(_, transport)| transport.clone()))
    }

    #[cfg(not(feature = "reqwest"))]
    fn transport(&self) -> Option<Arc<dyn HttpTransport>> {
        let set = self.http_transport.as_ref();
        set.map(|(_, transport)| transport.clone())
    }

    fn checked_issuers_limit(&self) -> Result<usize, ConfigError> {
        let setting = "issuers_limit";
        match self.issuers_limit.unwrap_or(DEFAULT_ISSUERS) {
            0 => Err(ConfigError::Empty { setting }),
            value @ 1..=MAX_ISSUERS => Ok(value),
            value => Err(ConfigError::TooMany {
                setting,
                value,
                most: MAX_ISSUERS,
            }),
        }
    }

    /// One entry for each issuer, whether set with `issuer` or `add_issuer`.
    fn entries(&self) -> Result<Vec<Issuer>, ConfigError> {
        match (&self.issuer, &self.issuers) {
            (Some(_), Some(_)) => Err(ConfigError::Conflict {
                first: "issuer",
                second: "issuers",
            }),
            (None, None) => Err(ConfigError::IssuerMissing),
            (Some(issuer), None) => {
                let keys = self.shared.keys.clone();
                Ok(vec![Issuer {
                    issuer: issuer.clone(),
                    settings: Settings {
                        keys,
                        ..Settings::default()
                    },
                }])
            }
            (None, Some(issuers)) => match self.shared.keys.first_set() {
                Some(second) => Err(ConfigError::Conflict {
                    first: "issuers",
                    second,
                }),
                None => Ok(issuers.clone()),
            },
        }
    }
}
