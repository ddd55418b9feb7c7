//! How many of the remembered proofs are of one key, so that no key uses up the memory of others.
//!
//! A count for each key would take as much memory as its proofs, since each proof may be of another
//! key. Instead there are two rows of counters. A key has one counter in each row, chosen by a
//! secret hash, and shares it with the keys that happen to have the same one; its count is the
//! smaller of both. So a key never has more than its share, and it has less only if both of its
//! counters are shared with keys that have nearly used up theirs. At most 16 keys can be like that:
//! with 16,384 counters in a row this happens to one key in a million while they fill the memory,
//! and with less than one in a hundred million if it is one key. Its requests are rejected with
//! 429 for some seconds.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) struct KeyCounts {
    hasher: RandomState,
    rows: [Vec<AtomicU32>; 2],
    /// Proofs of one key.
    limit: u32,
}

/// The counters of a key, one in each row.
pub(super) type KeyPlace = [u16; 2];

impl KeyCounts {
    /// Counters for a memory of this many proofs.
    pub(super) fn new(entries: usize) -> Self {
        let share = entries / KEYS_THAT_FILL_THE_MEMORY;
        let counters = share.next_power_of_two().clamp(FEWEST, MOST);
        let row = || (0..counters).map(|_| AtomicU32::new(0)).collect();
        Self {
            hasher: RandomState::new(),
            rows: [row(), row()],
            limit: u32::try_from(share).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn place_of(&self, jkt: &[u8; 32]) -> KeyPlace {
        let [a, b, c, d, ..] = self.hasher.hash_one(jkt).to_be_bytes();
        [[a, b], [c, d]].map(u16::from_be_bytes)
    }

    /// Counts one more proof of a key, unless it has as many as it may have.
    pub(super) fn add(&self, key: KeyPlace) -> bool {
        let counts = self.counters(key);
        let counts = counts.map(|counter| counter.fetch_add(1, Ordering::Relaxed));
        let has_room = counts.min().is_some_and(|count| count < self.limit);
        if !has_room {
            self.remove(key);
        }
        has_room
    }

    pub(super) fn remove(&self, key: KeyPlace) {
        for counter in self.counters(key) {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn counters(&self, key: KeyPlace) -> impl Iterator<Item = &AtomicU32> {
        let rows = self.rows.iter().zip(key);
        // The number of counters is a power of two.
        rows.filter_map(|(row, at)| row.get(usize::from(at) & row.len().saturating_sub(1)))
    }

    #[cfg(test)]
    pub(super) fn are_zero(&self) -> bool {
        let mut counters = self.rows.iter().flatten();
        counters.all(|counter| counter.load(Ordering::Relaxed) == 0)
    }
}

/// One key may have a sixteenth of the memory.
const KEYS_THAT_FILL_THE_MEMORY: usize = 16;

/// 32 KiB for both rows.
const FEWEST: usize = 4 * 1024;

/// As many as a `KeyPlace` can name. 512 KiB, for a memory of 32 MiB and more.
const MOST: usize = 64 * 1024;
