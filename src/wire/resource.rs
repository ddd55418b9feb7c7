use std::sync::OnceLock;
use std::time::Duration;

use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::wire::rejection::Challenges;

/// What challenges say about this server. Stamped on each `AuthInfo`, so that a scope check further in
/// answers as the layer would.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProtectedResource {
    pub(crate) realm: Option<String>,
    pub(crate) metadata_url: Option<String>,
    /// Needed by every operation.
    pub(crate) required_scopes: ScopeSet,
    pub(crate) hierarchy: Option<ScopeHierarchy>,
    pub(crate) listing: ScopeListing,
    /// Those of the token's issuer.
    pub(crate) leeway: Duration,
    pub(crate) max_token_age: Option<Duration>,
    pub(crate) made: Made,
}

/// Which scopes the challenge of a 403 lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeListing {
    #[default]
    BaseAndOperation,
    Operation,
}

/// Made from the rest when it is first needed. A copy makes its own, because what is copied here is
/// then changed.
#[derive(Debug, Default)]
pub(crate) struct Made(OnceLock<Challenges>);

impl ProtectedResource {
    pub(crate) fn challenges(&self) -> &Challenges {
        self.made.0.get_or_init(|| Challenges::of(self))
    }
}

impl Clone for Made {
    fn clone(&self) -> Self {
        Self::default()
    }
}
