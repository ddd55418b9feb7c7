//! The names by which a list of revocations finds a token.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Kept with a verified token, so that the next request with it costs one comparison.
#[derive(Debug)]
pub(crate) struct Marks {
    looked_at: AtomicU64,
    marks: OnceLock<Box<[Mark]>>,
}

/// One name of the token, as a revocation stores it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) digest: Digest,
    /// Whether a revocation of this name refuses only tokens that were issued up to a time.
    pub(crate) has_cut: bool,
}

pub(crate) type Digest = [u8; 16];

impl Marks {
    /// The version of the list that was searched last. It did not have the token.
    pub(crate) fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    pub(crate) fn set_looked_at(&self, version: u64) {
        self.looked_at.store(version, Ordering::Relaxed);
    }

    /// The names, which `make` finds the first time.
    pub(crate) fn names(&self, make: impl FnOnce() -> Box<[Mark]>) -> &[Mark] {
        self.marks.get_or_init(make)
    }

    /// No list has this version.
    pub(crate) const NEVER: u64 = u64::MAX;

    /// An upper bound for the bytes on the heap: five names under two secrets.
    pub(crate) const WEIGHT: usize = 10 * size_of::<Mark>();
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            looked_at: AtomicU64::new(Self::NEVER),
            marks: OnceLock::new(),
        }
    }
}
