//! A part of the memory: proofs in a vector, linked by the second in which they end, and an index
//! that finds them.
//!
//! An entry takes 32 bytes: 24 of its own, and 8 for two slots of the index. Both are allocated
//! once and do not grow; the operating system provides their pages when they are used first.

use std::collections::BTreeMap;

use super::index::{Id, Index, MOST_ENTRIES, Place, SLOTS_FOR_EACH_ENTRY, Slot};
use super::key_counts::{KeyCounts, KeyPlace};
use super::verdict::Replay;

/// A proof that passed every other check.
pub(super) struct Used {
    pub(super) id: Id,
    pub(super) key: KeyPlace,
    /// The last second in which it could be accepted.
    pub(super) last_second: u64,
}

pub(super) struct Shard {
    index: Index,
    entries: Vec<Entry>,
    room: usize,
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
    next_in_bucket: Place,
}

/// Past the end of any shard, so that a look-up finds nothing there.
const NOWHERE: Place = Place::MAX;

const _: () = assert!(size_of::<Entry>() + SLOTS_FOR_EACH_ENTRY * size_of::<Slot>() <= 32);

impl Shard {
    /// A shard for so many entries, at most [`MOST_ENTRIES`].
    pub(super) fn new(room: usize) -> Self {
        let room = room.min(MOST_ENTRIES);
        Self {
            index: Index::new(room),
            entries: Vec::with_capacity(room),
            room,
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
        if !self.make_room(proof.last_second, counts) || !self.insert(proof) {
            counts.remove(proof.key);
            return Err(Replay::BelowFloor);
        }
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
        if self.len < self.room {
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
            self.index.remove(&id, place);
            place = next;
        }
    }

    fn holds(&self, id: &Id) -> bool {
        self.index.holds(id, |place| {
            let entry = self.entries.get(place as usize);
            entry.is_some_and(|entry| entry.id == *id)
        })
    }

    /// `false` if the index has no slot for it, which does not happen with random ids.
    fn insert(&mut self, proof: &Used) -> bool {
        let reused = self.entries.get(self.unused as usize);
        let place = match reused {
            Some(_) => self.unused,
            None => self.entries.len() as Place,
        };
        if !self.index.insert(&proof.id, place) {
            return false;
        }
        let bucket = self.buckets.entry(proof.last_second).or_insert(NOWHERE);
        let entry = Entry {
            id: proof.id,
            key: proof.key,
            next_in_bucket: *bucket,
        };
        match self.entries.get_mut(place as usize) {
            Some(unused) => {
                self.unused = unused.next_in_bucket;
                *unused = entry;
            }
            None => self.entries.push(entry),
        }
        *bucket = place;
        self.len = self.len.saturating_add(1);
        true
    }

    /// Each entry is in the index and in one bucket, or not in use.
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
        assert!(self.entries.len() <= self.room);
        let indexed = self.entries.iter().filter(|entry| self.holds(&entry.id));
        assert!(indexed.count() >= self.len);
        assert_eq!(self.index.len(), self.len);
    }
}
