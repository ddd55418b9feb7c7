//! Many processes that behave like one: what they share, and how a program asks for it.

use std::sync::Arc;

use crate::store::Store;

pub use crate::revocation::Revocation;

/// Many processes that behave like one.
#[derive(Clone, Debug)]
pub struct Fleet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
}

impl Fleet {
    pub(crate) fn assemble(store: Store) -> Self {
        let store = Arc::new(store);
        Self(Arc::new(Inner { store }))
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.0.store
    }
}
