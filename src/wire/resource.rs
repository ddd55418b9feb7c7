#[cfg(feature = "redis")]
use std::sync::Weak;

use crate::base::clock::Clock;
use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::telemetry::{AcceptedRequests, RefusalLog};
use crate::wire::metadata_watch::MetadataWatch;
#[cfg(feature = "redis")]
use crate::wire::revocation_watch::Watch;
use crate::wire::trust::Trust;

/// The settings of this server that challenges contain. Plain data, from which `answers` makes
/// rejections.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProtectedResource {
    pub(crate) realm: Option<String>,
    pub(crate) metadata_url: Option<String>,
    pub(crate) metadata_watch: Option<MetadataWatch>,
    /// The scopes that every operation needs.
    pub(crate) required_scopes: ScopeSet,
    /// The scopes that a client should ask for at first: listed by every 401.
    pub(crate) initial_scopes: ScopeSet,
    pub(crate) hierarchy: Option<ScopeHierarchy>,
    pub(crate) listing: ScopeListing,
    pub(crate) bound_tokens: BoundTokens,
    /// Whether tokens may come in other places than `Authorization`.
    pub(crate) has_token_sources: bool,
    /// Where the rejections of this server are counted for the log.
    pub(crate) refusals: RefusalLog,
    /// Counts the requests that are accepted.
    pub(crate) accepted: AcceptedRequests,
    /// Whether the issuer of these tokens is still trusted.
    pub(crate) trust: Trust,
    /// By which streams end with their token.
    pub(crate) clock: Clock,
    /// Who knows when a token is revoked. Not held: a handler may keep its caller, and with it
    /// these settings, for hours.
    #[cfg(feature = "redis")]
    pub(crate) watch: Option<Weak<dyn Watch>>,
}

/// Which bound tokens this server accepts, and whether it accepts tokens that are not bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct BoundTokens {
    /// The algorithms of DPoP proofs, with spaces between them (RFC 9449 §7.1 `algs`). `None` where
    /// `DPoP` is not a scheme.
    pub(crate) dpop_algs: Option<String>,
    /// Tokens may be bound to a client certificate (RFC 8705 §3).
    pub(crate) mtls: bool,
    /// Tokens that are not bound are rejected.
    pub(crate) required: bool,
}

impl BoundTokens {
    /// Whether no token is accepted with the scheme `Bearer`. Tokens that are bound to a
    /// certificate come with that scheme.
    pub(crate) const fn only_dpop(&self) -> bool {
        self.required && self.dpop_algs.is_some() && !self.mtls
    }
}

/// Which scopes the challenge of a 403 lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeListing {
    #[default]
    BaseAndOperation,
    Operation,
}
