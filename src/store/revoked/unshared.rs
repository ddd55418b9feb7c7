//! What this process revoked, and the store has not confirmed: the call is under way, was dropped,
//! or failed. It may be shared already, for example by who heals.

use std::collections::HashMap;

use crate::revocation::{Record, Revocations};

/// By digest, with the latest times.
#[derive(Debug, Default)]
pub(super) struct Unshared(HashMap<[u8; 16], Record>);

impl Unshared {
    /// Called after `record` came into the list.
    pub(super) fn begin(&mut self, record: Record, list: &Revocations) {
        let latest = self.0.entry(record.digest).or_insert(record);
        latest.cut = latest.cut.max(record.cut);
        latest.until = latest.until.max(record.until);
        // What is forgotten there is forgotten here, so the limit of the list is ours too.
        if self.0.len() > list.len() {
            self.0.retain(|digest, _| list.knows(digest));
        }
    }

    /// The store has `record`.
    pub(super) fn end(&mut self, record: &Record) {
        if self.0.get(&record.digest) == Some(record) {
            self.0.remove(&record.digest);
        }
    }

    pub(super) fn has(&self, record: &Record) -> bool {
        self.0.contains_key(&record.digest)
    }
}
