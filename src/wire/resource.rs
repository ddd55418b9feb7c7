use crate::base::scopes::{ScopeHierarchy, ScopeSet};

/// What this server says of itself in challenges. Plain data; `answers` makes rejections of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProtectedResource {
    pub(crate) realm: Option<String>,
    pub(crate) metadata_url: Option<String>,
    /// Needed by every operation.
    pub(crate) required_scopes: ScopeSet,
    pub(crate) hierarchy: Option<ScopeHierarchy>,
    pub(crate) listing: ScopeListing,
}

/// Which scopes the challenge of a 403 lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeListing {
    #[default]
    BaseAndOperation,
    Operation,
}
