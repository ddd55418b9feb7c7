//! Checks all settings of the builder together. Separate from the setters, which check nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use super::check::Context;
use super::checked::{Checked, CheckedIssuer, JwtAuthConfig};
use super::details;
use super::error::ConfigError;
#[cfg(feature = "redis")]
use super::fleet_proofs::{largest_leeway, share_proofs};
use super::introspection::check_prefixes;
use super::issuer::Issuer;
use super::proofs::CheckedProofs;
use super::rules::{check_issuer_url, check_resource, check_scopes};
use super::scope_claims;
use super::settings::Settings;
use super::sharing::Sharing;
use super::snapshot_files::check_snapshot_files;
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::{UrlRule, without_credentials};
use crate::crypto;
use crate::keys::HttpTransport;
use crate::limits::{
    DEFAULT_TOKEN_CACHE_ENTRIES, MAX_CONFIGURED_TOKEN_BYTES, MAX_TOKEN_BYTES,
    MAX_TOKEN_CACHE_ENTRIES,
};
use crate::telemetry::{self, CacheSize};
use crate::token::ReadOptions;
use crate::wire::answers::Answers;
use crate::wire::challenge::{DEFAULT_REALM, is_quotable};
use crate::wire::credentials::TokenFinder;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::resource::{ProtectedResource, ScopeListing};

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
        check_scopes("initial_scopes", self.initial_scopes.as_deref())?;
        let initial_scopes = self.initial_scopes.as_ref();
        let initial_scopes = initial_scopes.or(self.details.scopes_supported.as_ref());
        let initial_scopes: Option<ScopeSet> = initial_scopes.map(|it| it.iter().collect());
        if let (None, Some(setting)) = (&self.resource, details::first_set(&self.details)) {
            return Err(ConfigError::ResourceMissing { setting });
        }
        let identity = self.resource.as_deref().zip(resource_url.as_ref());
        #[cfg(feature = "redis")]
        let fleet = self.checked_fleet(&entries)?;
        #[cfg(feature = "redis")]
        let dpop = match (&fleet, self.dpop.clone()) {
            (Some(fleet), Some(dpop)) => {
                let leeway = largest_leeway(&self.shared, &entries);
                Some(share_proofs(dpop, fleet, leeway))
            }
            (_, dpop) => dpop,
        };
        #[cfg(not(feature = "redis"))]
        let dpop = self.dpop.as_ref();
        #[cfg(feature = "redis")]
        let dpop = dpop.as_ref();
        let proofs = CheckedProofs::of(dpop, self.mtls.as_ref(), identity, rule)?;
        let bound_tokens = proofs.bound_tokens(self.require_bound_tokens_everywhere(&entries));
        let authorization_servers = self.published(&entries, rule)?;
        let metadata = self.resource.as_deref().zip(resource_url.as_ref());
        let metadata = metadata.map(|(resource, url)| {
            let scopes = required_scopes.as_slice();
            ResourceMetadata::new(
                resource,
                url,
                &authorization_servers,
                scopes,
                &self.details,
                &bound_tokens,
            )
        });
        let token_sources = self.checked_token_sources()?;
        let resource = ProtectedResource {
            has_token_sources: token_sources.is_some(),
            initial_scopes: initial_scopes.as_ref().unwrap_or(&required_scopes).clone(),
            required_scopes,
            bound_tokens,
            ..self.protected_resource(metadata.as_ref())
        };
        check_snapshot_files(&entries)?;
        let token_cache_entries = self.checked_token_cache_entries()?;
        let options = ReadOptions {
            max_token_bytes: self.checked_max_token_bytes()?,
            scope_claims: scope_claims::others(&self.shared, &entries)?,
        };
        let context = Context {
            options: &options,
            rule,
            resource: self.resource.as_deref(),
            shared: &self.shared,
            challenges: &resource,
            transport: self.transport(),
            initial_scopes: initial_scopes.as_ref(),
            transport_setting: self.http_transport.as_ref().map(|(setting, _)| *setting),
            key_proofs: proofs.accepted(),
            sharing: Sharing {
                others: &self.keys_of,
                transport: self.http_transport.as_ref().map(|(_, transport)| transport),
                allow_http: self.allow_http,
            },
            #[cfg(feature = "redis")]
            fleet: fleet.as_ref().filter(|fleet| fleet.settings().keys),
        };
        let issuers = entries.iter().map(|entry| context.check(entry));
        let issuers: Vec<CheckedIssuer> = issuers.collect::<Result<_, _>>()?;
        check_prefixes(issuers.iter().filter_map(|issuer| {
            let introspection = issuer.introspection.as_ref()?;
            Some((&*issuer.policy.issuer, introspection))
        }))?;
        // Only now: an error is all that there is to say about settings that do not fit together.
        if self.resource.is_some() && authorization_servers.is_empty() {
            let left_out: Vec<_> = entries.iter().map(|entry| entry.issuer.as_str()).collect();
            telemetry::authorization_servers_empty(&left_out.join(" "));
        }
        Ok(JwtAuthConfig(Arc::new(Checked {
            issuers,
            options: Arc::new(options),
            answers: Arc::new(Answers::new(resource)),
            metadata,
            strip_authorization: self.strip_authorization,
            finder: TokenFinder {
                dpop: proofs.accepted().dpop,
                sources: token_sources,
            },
            checks: self.checks,
            proofs: Arc::new(proofs.into_proofs()),
            token_cache_entries,
            token_cache_size: CacheSize::of(self.resource.as_deref().unwrap_or_default()),
            clock: self.clock,
            #[cfg(feature = "redis")]
            revocations: match &fleet {
                Some(fleet) => fleet.revocations().cloned(),
                None => self.revocations,
            },
            #[cfg(feature = "redis")]
            fleet,
        })))
    }

    /// The authorization servers for the metadata.
    fn published(&self, entries: &[Issuer], rule: UrlRule) -> Result<Vec<String>, ConfigError> {
        if let Some(servers) = &self.authorization_servers {
            for url in servers {
                check_issuer_url("authorization_servers", url, rule)?;
            }
            if self.resource.is_none() {
                return Err(ConfigError::ResourceMissing {
                    setting: "authorization_servers",
                });
            }
        }
        let is_published = |entry: &&Issuer| {
            let advertise = entry.settings.advertise.or(self.shared.advertise);
            advertise.unwrap_or(true) && check_issuer_url("issuer", &entry.issuer, rule).is_ok()
        };
        let published = match &self.authorization_servers {
            Some(servers) => servers.clone(),
            None => {
                let published = entries.iter().filter(is_published);
                published.map(|entry| entry.issuer.clone()).collect()
            }
        };
        Ok(published)
    }

    fn require_bound_tokens_everywhere(&self, entries: &[Issuer]) -> bool {
        let shared = self.shared.require_bound_tokens;
        let mut all = entries.iter();
        all.all(|entry| entry.settings.require_bound_tokens.or(shared) == Some(true))
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
        let own = |entry: &Issuer| entry.settings.introspection.is_some();
        if self.shared.introspection.is_some() && (entries.len() > 1 || entries.iter().any(own)) {
            return Err(ConfigError::Conflict {
                first: "issuers",
                second: "introspection",
            });
        }
        let mut seen = HashSet::new();
        match entries.iter().find(|entry| !seen.insert(&entry.issuer)) {
            Some(twice) => Err(ConfigError::DuplicateIssuer {
                issuer: without_credentials(&twice.issuer).to_owned(),
            }),
            None => Ok(entries),
        }
    }
}
