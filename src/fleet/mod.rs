//! Many processes that behave like one: what they share, and how a program asks for it.

mod stores;

use std::sync::Arc;

use crate::store::Store;
use crate::store::sessions::FleetSessions;

pub use crate::revocation::Revocation;

/// Many processes that behave like one.
#[derive(Clone, Debug)]
pub struct Fleet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    sessions: FleetSessions,
}

impl Fleet {
    pub(crate) fn assemble(store: Store) -> Self {
        let store = Arc::new(store);
        let sessions = FleetSessions::new(&store);
        Self(Arc::new(Inner { store, sessions }))
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.0.store
    }
}
