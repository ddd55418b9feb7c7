use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::telemetry::{AcceptedRequests, RefusalLog};
use crate::wire::metadata_watch::MetadataWatch;

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
    /// Where the rejections of this server are counted for the log.
    pub(crate) refusals: RefusalLog,
    /// Counts the requests that are accepted.
    pub(crate) accepted: AcceptedRequests,
}

/// Which scopes the challenge of a 403 lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeListing {
    #[default]
    BaseAndOperation,
    Operation,
}
