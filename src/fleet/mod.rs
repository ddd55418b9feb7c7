//! Many processes that behave like one: what they share, and how a program asks for it.

mod revoke;
mod stores;

use std::sync::Arc;

use crate::revocation::Revocations;
use crate::store::Store;
use crate::store::revoked::{RevocationSettings, Stream};
use crate::store::sessions::FleetSessions;

pub use self::revoke::{RevokeError, Revoked, StoreFault};
pub use crate::revocation::Revocation;

/// Many processes that behave like one.
#[derive(Clone, Debug)]
pub struct Fleet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    sessions: FleetSessions,
    /// The list of revocations, and what fills it.
    revoking: Option<(Arc<Revocations>, Arc<Stream>)>,
}

impl Fleet {
    /// `None` turns revocations off.
    pub(crate) fn assemble(store: Store, revocations: Option<RevocationSettings>) -> Self {
        let store = Arc::new(store);
        let sessions = FleetSessions::new(&store);
        let revoking = revocations.and_then(|settings| Stream::new(store.clone(), settings));
        Self(Arc::new(Inner {
            store,
            sessions,
            revoking,
        }))
    }

    /// What a verifier asks about each token.
    pub(crate) fn revocations(&self) -> Option<&Arc<Revocations>> {
        self.0.revoking.as_ref().map(|(list, _)| list)
    }

    #[cfg(test)]
    pub(crate) fn revoking_for_tests(&self) -> Option<&(Arc<Revocations>, Arc<Stream>)> {
        self.0.revoking.as_ref()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.0.store
    }
}
