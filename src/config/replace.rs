//! Issuers that come and go while the program runs.

use std::collections::HashMap;
use std::sync::Arc;

use super::checked_issuer::{CheckedIssuer, Keys};
use super::error::ConfigError;
use super::issuer::Issuer;
use super::server::{CheckedIssuers, Server};
use crate::authn::JwtAuthLayer;
use crate::base::clock::Clock;
use crate::telemetry::{self, IssuerChanges};
use crate::verifier::{IssuerList, Issuers, JwtVerifier, TrustedIssuer};
use crate::wire::metadata::ResourceMetadata;

/// What a layer must know to replace its issuers.
pub(super) struct Replaceable {
    pub(super) server: Arc<Server>,
    /// The issuers in use.
    pub(super) entries: Arc<[Issuer]>,
    pub(super) metadata: Option<ResourceMetadata>,
}

impl JwtAuthLayer {
    /// Trusts these issuers from now on, instead of those so far: all of them, or none if one is
    /// invalid. May be called at any time, on any thread; the last call counts. It fetches nothing.
    ///
    /// Services, verifiers and metadata that were made from this layer or its clones follow,
    /// also those with another [`on_rejection`](Self::on_rejection). All other settings stay as
    /// they are, and an issuer takes from them what it does not set itself.
    ///
    /// | an issuer that | |
    /// | --- | --- |
    /// | has the settings that it had | keeps its keys, its task, its budgets and its verified tokens. The order of the list means nothing |
    /// | is new | is fetched from when its first token arrives, also if [`keys_of`](crate::config::JwtAuthConfigBuilder::keys_of) was set |
    /// | is missing | is no longer trusted: the next request with one of its tokens is rejected, its keys and verified tokens are dropped, and its task ends. Every open event stream of its tokens ends |
    /// | has other settings | counts as missing and new. If its keys come from the same source, the keys so far serve until the first fetch |
    ///
    /// A request that is waiting for keys of an issuer with other settings gets 503.
    ///
    /// # Errors
    ///
    /// The [`ConfigError`] that [`build`](crate::config::JwtAuthConfigBuilder::build) would return
    /// for the first invalid issuer, for an empty list, for an issuer that is listed twice, and for
    /// more issuers than
    /// [`issuers_limit`](crate::config::JwtAuthConfigBuilder::issuers_limit). Nothing changes then.
    ///
    /// ```
    /// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use tower_jwt_auth::config::Issuer;
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    ///
    /// let auth = JwtAuthLayer::new(
    ///     JwtAuthConfig::builder()
    ///         .resource("https://mcp.example.com/mcp")
    ///         .issuer("https://one.example.com")
    ///         .build()?,
    /// );
    /// // Later, when a tenant is added:
    /// auth.replace_issuers(vec![
    ///     Issuer::new("https://one.example.com"),
    ///     Issuer::new("https://two.example.com").audience("api://two"),
    /// ])?;
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn replace_issuers(&self, issuers: Vec<Issuer>) -> Result<(), ConfigError> {
        self.verifier().replace_issuers(issuers)
    }
}

impl JwtVerifier {
    /// Trusts these issuers from now on; see
    /// [`JwtAuthLayer::replace_issuers`](crate::JwtAuthLayer::replace_issuers). Clones follow, and
    /// so does the layer that this verifier was made from.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for the first issuer that is invalid. Nothing changes then.
    pub fn replace_issuers(&self, issuers: Vec<Issuer>) -> Result<(), ConfigError> {
        let clock = self.clock();
        let replaced = self
            .replace(|replaceable: &mut Replaceable, old| replaceable.replace(issuers, old, clock));
        replaced.inspect_err(|error| telemetry::issuers_refused(error))
    }
}

impl Replaceable {
    /// `None` if the issuers are those that are in use.
    fn replace(
        &mut self,
        entries: Vec<Issuer>,
        in_use: &Issuers,
        clock: &Clock,
    ) -> Result<Option<IssuerList>, ConfigError> {
        entries.iter().try_for_each(Issuer::check_variables)?;
        let CheckedIssuers {
            entries,
            issuers,
            options,
            answers,
            document,
        } = self.server.check(entries, true, &[])?;
        let known = self.entries.iter().map(|entry| (&entry.issuer, entry));
        let known: HashMap<_, _> = known.collect();
        let mut changes = IssuerChanges::default();
        let all = entries.iter().zip(issuers).map(|(entry, mut checked)| {
            let old = known.get(&entry.issuer);
            let old = old.zip(in_use.named(Some(&entry.issuer)).ok());
            match old {
                None => changes.added = changes.added.saturating_add(1),
                Some((known, (_, old))) if checked.is_the_same(entry, known, old) => {
                    changes.unchanged = changes.unchanged.saturating_add(1);
                    // The policy refers to claims by their indices in the new list.
                    return old.with_policy(checked.policy);
                }
                Some((_, (_, old))) => {
                    changes.changed = changes.changed.saturating_add(1);
                    checked.succeed(old);
                }
            }
            checked.trusted(&options, clock)
        });
        let all = all.collect();
        let kept = changes.unchanged.saturating_add(changes.changed);
        changes.removed = self.entries.len().saturating_sub(kept);
        // Also for another order, which clients may heed.
        if let Some((metadata, document)) = self.metadata.as_ref().zip(document) {
            metadata.replace(&document);
        }
        self.server.labels.set_number(entries.len());
        self.entries = entries;
        if changes.are_none() {
            return Ok(None);
        }
        telemetry::issuers_replaced(&changes);
        Ok(Some(IssuerList {
            all,
            options,
            answers,
        }))
    }
}

impl CheckedIssuer {
    /// Whether this issuer of `entry` has the settings of `known`, from which `old` was made.
    fn is_the_same(&self, entry: &Issuer, known: &Issuer, old: &TrustedIssuer) -> bool {
        let keys = self.configured.first_difference(old.keys.configured());
        keys.is_none() && entry.settings.are_but_for_keys(&known.settings)
    }

    /// Starts with the keys that are in use, if they come from the same source.
    fn succeed(&mut self, old: &TrustedIssuer) {
        let Keys::Fetched(origin) = &mut self.keys else {
            return;
        };
        let same_source = self.configured.has_the_source_of(old.keys.configured());
        let seed = same_source.then(|| old.keys.seed()).flatten();
        // The file has the keys of the old source, or none that are newer.
        origin.ignores_file = !same_source || seed.is_some();
        origin.seed = seed.or(origin.seed.take());
    }
}
