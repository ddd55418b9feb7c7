//! What is set for the whole server, checked once. Each list of issuers is checked against it: the
//! one of the configuration, and those that replace it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::builder::JwtAuthConfigBuilder;
use super::check::Context;
use super::checked_issuer::CheckedIssuer;
use super::error::ConfigError;
#[cfg(feature = "redis")]
use super::fleet::longest_life;
#[cfg(feature = "redis")]
use super::fleet_proofs::largest_leeway;
use super::introspection::check_prefixes;
use super::issuer::Issuer;
use super::rules::check_issuer_url;
use super::scope_claims;
use super::settings::KeySettings;
use super::sharing::Sharing;
use super::snapshot_files::check_snapshot_files;
use crate::base::scopes::ScopeSet;
use crate::base::url_rule::{UrlRule, without_credentials};
#[cfg(feature = "redis")]
use crate::fleet::Fleet;
use crate::keys::{HttpTransport, LiveKeys};
use crate::telemetry::{self, IssuerLabels};
use crate::token::{KeyProofs, ReadOptions};
use crate::wire::answers::Answers;
use crate::wire::metadata::document;
use crate::wire::resource::{BoundTokens, ProtectedResource};

/// The settings that no list of issuers changes.
pub(super) struct Server {
    /// Without issuers and their keys.
    pub(super) settings: JwtAuthConfigBuilder,
    pub(super) rule: UrlRule,
    pub(super) issuers_limit: usize,
    pub(super) initial_scopes: Option<ScopeSet>,
    pub(super) key_proofs: KeyProofs,
    /// The description of this server for challenges; `required` of its bound tokens is `false`.
    pub(super) resource: ProtectedResource,
    pub(super) max_token_bytes: usize,
    /// `None` without the feature `reqwest`, unless the builder has a transport.
    pub(super) transport: Option<Arc<dyn HttpTransport>>,
    pub(super) labels: IssuerLabels,
    #[cfg(feature = "redis")]
    pub(super) fleet: Option<Fleet>,
}

/// Issuers that fit the server, and what follows from them.
pub(super) struct CheckedIssuers {
    pub(super) entries: Arc<[Issuer]>,
    pub(super) issuers: Vec<CheckedIssuer>,
    pub(super) options: Arc<ReadOptions>,
    pub(super) answers: Arc<Answers>,
    /// The resource metadata; `None` without `resource`.
    pub(super) document: Option<Bytes>,
}

impl Server {
    /// `keys_of` are the keys of other layers, to share. `is_list`: the entries are a list, so that
    /// an error says which of them it is about.
    pub(super) fn check(
        &self,
        entries: Vec<Issuer>,
        is_list: bool,
        keys_of: &[(Arc<str>, LiveKeys)],
    ) -> Result<CheckedIssuers, ConfigError> {
        let settings = &self.settings;
        self.check_list(&entries)?;
        #[cfg(feature = "redis")]
        let fleet = self.fleet.as_ref();
        #[cfg(feature = "redis")]
        let life = fleet.map(|fleet| longest_life(fleet, &settings.shared, &entries));
        #[cfg(feature = "redis")]
        let life = life.transpose()?;
        let servers = self.published(&entries)?;
        check_snapshot_files(&entries)?;
        let resource = self.resource_with(&entries);
        let document = self.document(&resource, &servers);
        let options = ReadOptions {
            max_token_bytes: self.max_token_bytes,
            scope_claims: scope_claims::others(&settings.shared, &entries)?,
        };
        let context = self.context(&options, &resource, keys_of);
        let issuers = entries.iter().enumerate().map(|(index, entry)| {
            let checked = context.check(entry);
            checked.map_err(|error| match is_list {
                true => error.in_entry(index, &entry.issuer),
                false => error,
            })
        });
        let issuers: Vec<CheckedIssuer> = issuers.collect::<Result<_, _>>()?;
        check_prefixes(issuers.iter().filter_map(|issuer| {
            let introspection = issuer.introspection.as_ref()?;
            Some((&*issuer.policy.issuer, introspection))
        }))?;
        #[cfg(feature = "redis")]
        if let Some((fleet, life)) = fleet.zip(life) {
            fleet.note_life(life);
            fleet.note_leeway(largest_leeway(&settings.shared, &entries));
        }
        // Only now: an error is all that there is to say about settings that do not fit together.
        if settings.resource.is_some() && servers.is_empty() {
            let left_out: Vec<_> = entries.iter().map(|entry| entry.issuer.as_str()).collect();
            telemetry::authorization_servers_empty(&left_out.join(" "));
        }
        Ok(CheckedIssuers {
            issuers,
            options: Arc::new(options),
            answers: Arc::new(Answers::new(resource)),
            document,
            entries: entries.into(),
        })
    }

    /// The description of this server with these issuers.
    fn resource_with(&self, entries: &[Issuer]) -> ProtectedResource {
        let shared = self.settings.shared.require_bound_tokens;
        let is_required =
            |entry: &Issuer| entry.settings.require_bound_tokens.or(shared) == Some(true);
        ProtectedResource {
            bound_tokens: BoundTokens {
                required: entries.iter().all(is_required),
                ..self.resource.bound_tokens.clone()
            },
            ..self.resource.clone()
        }
    }

    fn document(&self, resource: &ProtectedResource, servers: &[String]) -> Option<Bytes> {
        let name = self.settings.resource.as_deref()?;
        Some(document(
            name,
            servers,
            resource.required_scopes.as_slice(),
            &self.settings.details,
            &resource.bound_tokens,
        ))
    }

    fn context<'c>(
        &'c self,
        options: &'c ReadOptions,
        challenges: &'c ProtectedResource,
        keys_of: &'c [(Arc<str>, LiveKeys)],
    ) -> Context<'c> {
        let settings = &self.settings;
        let transport = settings.http_transport.as_ref();
        Context {
            options,
            rule: self.rule,
            resource: settings.resource.as_deref(),
            shared: &settings.shared,
            challenges,
            transport: self.transport.clone(),
            initial_scopes: self.initial_scopes.as_ref(),
            transport_setting: transport.map(|(setting, _)| *setting),
            key_proofs: self.key_proofs,
            labels: &self.labels,
            sharing: Sharing {
                others: keys_of,
                transport: transport.map(|(_, transport)| transport),
                allow_http: settings.allow_http,
            },
            #[cfg(feature = "redis")]
            fleet: self.fleet.as_ref().filter(|fleet| fleet.settings().keys),
        }
    }

    /// The list by itself: that it has issuers, not too many, and each of them once.
    fn check_list(&self, entries: &[Issuer]) -> Result<(), ConfigError> {
        if entries.is_empty() {
            return Err(ConfigError::Empty { setting: "issuers" });
        }
        if entries.len() > self.issuers_limit {
            return Err(ConfigError::TooManyIssuers {
                count: entries.len(),
                most: self.issuers_limit,
            });
        }
        let own = |entry: &Issuer| entry.settings.introspection.is_some();
        let is_shared = self.settings.shared.introspection.is_some();
        if is_shared && (entries.len() > 1 || entries.iter().any(own)) {
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
            None => Ok(()),
        }
    }

    /// The authorization servers for the metadata.
    fn published(&self, entries: &[Issuer]) -> Result<Vec<String>, ConfigError> {
        let (settings, rule) = (&self.settings, self.rule);
        if let Some(servers) = &settings.authorization_servers {
            for url in servers {
                check_issuer_url("authorization_servers", url, rule)?;
            }
            if settings.resource.is_none() {
                return Err(ConfigError::ResourceMissing {
                    setting: "authorization_servers",
                });
            }
        }
        let is_published = |entry: &&Issuer| {
            let advertise = entry.settings.advertise.or(settings.shared.advertise);
            advertise.unwrap_or(true) && check_issuer_url("issuer", &entry.issuer, rule).is_ok()
        };
        let published = match &settings.authorization_servers {
            Some(servers) => servers.clone(),
            None => {
                let published = entries.iter().filter(is_published);
                published.map(|entry| entry.issuer.clone()).collect()
            }
        };
        Ok(published)
    }
}

impl JwtAuthConfigBuilder {
    /// The settings without issuers. Keys belong to one issuer, but for the rule about their host.
    pub(super) fn without_issuers(self) -> Self {
        let mut settings = Self {
            issuer: None,
            issuers: None,
            keys_of: Vec::new(),
            ..self
        };
        settings.shared.keys = KeySettings {
            pin_jwks_host: settings.shared.keys.pin_jwks_host,
            ..KeySettings::default()
        };
        settings
    }
}
