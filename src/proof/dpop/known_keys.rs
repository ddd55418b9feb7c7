//! The keys of proofs that were accepted. Parsing a key costs most of a proof besides the
//! signature, and a client sends the same header with every proof.
//!
//! A header says nothing about time or rights, so entries do not expire; those that have not been
//! used recently are evicted. Equal bytes are equal headers: a key is found only for a header that
//! passed every check before, byte for byte.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::crypto::{SignatureKey, Verify as _};
use crate::limits::{MAX_KNOWN_HEADER_BYTES, MAX_KNOWN_PROOF_KEYS};

/// A key that can verify, and its thumbprint.
pub(super) struct KnownKey {
    pub(super) key: SignatureKey,
    pub(super) jkt: [u8; 32],
}

pub(super) struct KnownKeys {
    /// By the encoded header. The hash has a random secret for each cache, so that nobody can
    /// choose headers that collide.
    by_header: Cache<Box<[u8]>, Arc<KnownKey>>,
    /// The thumbprints of keys that used a nonce. Not a member of the entries above: a key has as
    /// many headers as its owner likes.
    using_nonces: Cache<[u8; 32], ()>,
}

impl KnownKey {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verifies(message, signature)
    }
}

impl KnownKeys {
    /// Uses no memory until the first entry.
    pub(super) fn new() -> Self {
        Self {
            by_header: Cache::new(MAX_KNOWN_PROOF_KEYS),
            using_nonces: Cache::new(MAX_KNOWN_PROOF_KEYS),
        }
    }

    pub(super) fn get(&self, header: &[u8]) -> Option<Arc<KnownKey>> {
        match header.len() <= MAX_KNOWN_HEADER_BYTES {
            true => self.by_header.get(header),
            false => None,
        }
    }

    pub(super) fn insert(&self, header: &[u8], key: Arc<KnownKey>) {
        if header.len() <= MAX_KNOWN_HEADER_BYTES {
            self.by_header.insert(header.into(), key);
        }
    }

    pub(super) fn uses_nonces(&self, jkt: &[u8; 32]) -> bool {
        self.using_nonces.get(jkt).is_some()
    }

    pub(super) fn mark(&self, jkt: [u8; 32]) {
        self.using_nonces.insert(jkt, ());
    }

    /// The number of keys and of marks.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_header.len(), self.using_nonces.len())
    }
}
