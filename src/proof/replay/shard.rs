//! A part of the memory: a hash table of proofs, which are also linked by the second in which they
//! end.
//!
//! Both are lists in one vector, so that an entry takes 32 bytes: 28 of its own, and 4 for a place
//! in the table. The vector is allocated once and does not grow; the operating system provides its
//! pages when they are used first.

use std::collections::BTreeMap;

use super::key_counts::{KeyCounts, KeyPlace};
use super::verdict::Replay;

/// A proof that passed every other check.
pub(super) struct Used {
    pub(super) id: Id,
    pub(super) key: KeyPlace,
    /// The last second in which it could be accepted.
    pub(super) last_second: u64,
}

/// A hash, so its bits are as good as random.
pub(super) type Id = [u8; 16];

pub(super) struct Shard {
    /// The first entry of each chain of the hash table; as many chains as entries.
    chains: Vec<Place>,
    entries: Vec<Entry>,
    /// The first entry that is not in use, linked as a bucket is.
    unused: Place,
    len: usize,
    /// The first entry of each second.
    buckets: BTreeMap<u64, Place>,
    /// The last second of which proofs were forgotten for lack of room.
    floor: u64,
    /// The last second of which proofs were forgotten because it has passed.
    passed: u64,
}

struct Entry {
    id: Id,
    key: KeyPlace,
    next_in_chain: Place,
    next_in_bucket: Place,
}

/// The index of an entry.
type Place = u32;

/// Past the end of any shard, so that a look-up finds nothing there.
const NOWHERE: Place = Place::MAX;

const _: () = assert!(size_of::<Entry>() + size_of::<Place>() <= 32);

impl Shard {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            chains: vec![NOWHERE; entries],
            entries: Vec::with_capacity(entries),
            unused: NOWHERE,
            len: 0,
            buckets: BTreeMap::new(),
            floor: 0,
            passed: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn floor(&self) -> u64 {
        self.floor
    }

    /// The seconds from `now` to the last one that has passed, if the clock was set back. Threads
    /// read the clock before they take the lock, so one second makes no difference.
    pub(super) fn clock_set_back(&self, now: u64) -> Option<u64> {
        let seconds = self.passed.saturating_sub(now);
        (seconds > 1).then_some(seconds)
    }

    /// Records `proof` if it is new.
    pub(super) fn record(
        &mut self,
        proof: &Used,
        now: u64,
        counts: &KeyCounts,
    ) -> Result<(), Replay> {
        self.forget_before(now, counts);
        if self.holds(&proof.id) {
            return Err(Replay::Used);
        }
        if proof.last_second <= self.floor.max(self.passed) {
            return Err(Replay::BelowFloor);
        }
        if !counts.add(proof.key) {
            return Err(Replay::KeyFull);
        }
        if !self.make_room(proof.last_second, counts) {
            counts.remove(proof.key);
            return Err(Replay::BelowFloor);
        }
        self.insert(proof);
        Ok(())
    }

    /// Forgets the proofs that ended before `now`.
    pub(super) fn forget_before(&mut self, now: u64, counts: &KeyCounts) {
        while let Some(bucket) = self.buckets.first_entry()
            && *bucket.key() < now
        {
            let (second, first) = bucket.remove_entry();
            self.passed = self.passed.max(second);
            self.forget(first, counts);
        }
    }

    /// Forgets the proofs that end first, if the shard is full. If those are not older than a proof
    /// that ends in `last_second`, this proof has no room.
    fn make_room(&mut self, last_second: u64, counts: &KeyCounts) -> bool {
        if self.len < self.chains.len() {
            return true;
        }
        let oldest = self.buckets.first_entry();
        match oldest.filter(|bucket| *bucket.key() < last_second) {
            Some(bucket) => {
                let (second, first) = bucket.remove_entry();
                self.floor = self.floor.max(second);
                self.forget(first, counts);
                true
            }
            None => {
                self.floor = self.floor.max(last_second);
                false
            }
        }
    }

    /// Forgets all proofs of a bucket.
    fn forget(&mut self, first: Place, counts: &KeyCounts) {
        let mut place = first;
        while let Some(entry) = self.entries.get_mut(place as usize) {
            let (id, next) = (entry.id, entry.next_in_bucket);
            entry.next_in_bucket = self.unused;
            self.unused = place;
            self.len = self.len.saturating_sub(1);
            counts.remove(entry.key);
            self.unlink(place, &id);
            place = next;
        }
    }

    fn holds(&self, id: &Id) -> bool {
        let mut place = self.chains.get(self.chain_of(id)).copied();
        while let Some(entry) = place.and_then(|place| self.entries.get(place as usize)) {
            if entry.id == *id {
                return true;
            }
            place = Some(entry.next_in_chain);
        }
        false
    }

    fn insert(&mut self, proof: &Used) {
        let chain = self.chain_of(&proof.id);
        let Some(chain) = self.chains.get_mut(chain) else {
            return;
        };
        let bucket = self.buckets.entry(proof.last_second).or_insert(NOWHERE);
        let entry = Entry {
            id: proof.id,
            key: proof.key,
            next_in_chain: *chain,
            next_in_bucket: *bucket,
        };
        let place = match self.entries.get_mut(self.unused as usize) {
            Some(unused) => {
                let place = self.unused;
                self.unused = unused.next_in_bucket;
                *unused = entry;
                place
            }
            None => {
                let place = self.entries.len() as Place;
                self.entries.push(entry);
                place
            }
        };
        (*chain, *bucket) = (place, place);
        self.len = self.len.saturating_add(1);
    }

    /// Takes an entry out of its chain.
    fn unlink(&mut self, place: Place, id: &Id) {
        let after = self.entries.get(place as usize);
        let after = after.map_or(NOWHERE, |entry| entry.next_in_chain);
        let chain = self.chain_of(id);
        let Some(first) = self.chains.get_mut(chain) else {
            return;
        };
        if *first == place {
            *first = after;
            return;
        }
        let mut before = *first;
        while let Some(entry) = self.entries.get_mut(before as usize) {
            if entry.next_in_chain == place {
                entry.next_in_chain = after;
                return;
            }
            before = entry.next_in_chain;
        }
    }

    /// The chain of an id: 32 of its bits, scaled to the number of chains. The first octet has
    /// chosen the shard.
    fn chain_of(&self, id: &Id) -> usize {
        let [_, a, b, c, d, ..] = *id;
        let chains = self.chains.len() as u64;
        (u64::from(u32::from_be_bytes([a, b, c, d])).saturating_mul(chains) >> 32) as usize
    }

    /// Each entry is in its chain and in one bucket, or not in use.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let next_in_bucket = |place: &Place| {
            let entry = self.entries.get(*place as usize)?;
            Some(entry.next_in_bucket)
        };
        let length = |first: Place| {
            let places = std::iter::successors(Some(first), next_in_bucket);
            places.filter(|place| *place != NOWHERE).count()
        };
        let in_buckets: usize = self.buckets.values().map(|first| length(*first)).sum();
        assert_eq!(in_buckets, self.len);
        assert_eq!(
            length(self.unused).saturating_add(self.len),
            self.entries.len()
        );
        assert!(self.entries.len() <= self.chains.len());
        let in_chains = self.entries.iter().filter(|entry| self.holds(&entry.id));
        assert!(in_chains.count() >= self.len);
        if self.len == 0 {
            assert!(self.chains.iter().all(|first| *first == NOWHERE));
        }
    }
}
