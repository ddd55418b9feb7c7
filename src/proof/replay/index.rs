//! Where the entry of each proof is: a hash table with open addressing and linear probing.
//!
//! A list of entries for each hash would be read entry by entry, from memory that no cache holds,
//! and the more of them the fuller the shard is. Here a look-up reads slots that are next to each
//! other. There are twice as many slots as entries, so that runs of used slots stay short, and a
//! slot says how far it is from the first slot of its hash. With four more bits of the hash in it,
//! hardly any entry is read in vain.
//!
//! An entry that is removed leaves no mark: the slots behind it move back.

pub(super) struct Index {
    slots: Vec<Slot>,
}

/// A hash, so its bits are as good as random.
pub(super) type Id = [u8; 16];

/// The position of an entry in its vector.
pub(super) type Place = u32;

/// The place of an entry in the upper 20 bits. Then in 8 bits the distance to the first slot of the
/// hash, plus one, and in 4 bits the tag. Zero is an unused slot, so that a table of zeros is
/// empty: the operating system provides its pages when they are used first.
pub(super) type Slot = u32;

const UNUSED: Slot = 0;

/// With this many slots for each entry, half of them are unused in a full shard.
pub(super) const SLOTS_FOR_EACH_ENTRY: usize = 2;

/// The number of entries that a slot can name.
pub(super) const MOST_ENTRIES: usize = 1 << (Slot::BITS - PLACE_SHIFT);

/// The longest distance that a slot can hold. Ids are as good as random, and in a table that is
/// half full such a run comes about less than once in 10^18 insertions.
const MOST_SLOTS_AWAY: Slot = 254;

const TAG_BITS: u32 = 4;
const DISTANCE_UNIT: Slot = 1 << TAG_BITS;
const PLACE_SHIFT: u32 = 12;
const BELOW_PLACE: Slot = (1 << PLACE_SHIFT) - 1;

impl Index {
    pub(super) fn new(entries: usize) -> Self {
        let slots = entries.saturating_mul(SLOTS_FOR_EACH_ENTRY);
        Self {
            slots: vec![UNUSED; slots],
        }
    }

    /// Whether one of the entries that `id` may have is the one.
    pub(super) fn holds(&self, id: &Id, is_it: impl Fn(Place) -> bool) -> bool {
        self.find(id, is_it).is_some()
    }

    /// Adds an entry that is not here. `false` if its slot would be too far away.
    pub(super) fn insert(&mut self, id: &Id, place: Place) -> bool {
        let unused = self.run_of(id).find(|(_, slot, _)| *slot == UNUSED);
        let Some((at, _, mark)) = unused else {
            return false;
        };
        self.set(at, place << PLACE_SHIFT | mark);
        true
    }

    pub(super) fn remove(&mut self, id: &Id, place: Place) {
        if let Some(at) = self.find(id, |other| other == place) {
            self.close_gap(at);
        }
    }

    fn find(&self, id: &Id, is_it: impl Fn(Place) -> bool) -> Option<usize> {
        self.run_of(id)
            .take_while(|(_, slot, _)| *slot != UNUSED)
            .find(|(_, slot, mark)| slot & BELOW_PLACE == *mark && is_it(slot >> PLACE_SHIFT))
            .map(|(at, ..)| at)
    }

    /// The slots in which `id` can be, nearest first: where each is, what is in it, and what its
    /// lower bits are if it is of this id.
    fn run_of(&self, id: &Id) -> impl Iterator<Item = (usize, Slot, Slot)> {
        let [_, a, b, c, d, e, ..] = *id;
        let slots = self.slots.len() as u64;
        // 32 bits of the id, scaled to the number of slots. The first octet has chosen the shard.
        let first = u64::from(u32::from_be_bytes([a, b, c, d])).saturating_mul(slots) >> 32;
        let tag = Slot::from(e) % DISTANCE_UNIT;
        let (before, after) = self
            .slots
            .split_at_checked(first as usize)
            .unwrap_or_default();
        let around = (first as usize..).zip(after).chain((0..).zip(before));
        let marks = (1..=MOST_SLOTS_AWAY + 1).map(move |distance| distance << TAG_BITS | tag);
        around
            .zip(marks)
            .map(|((at, slot), mark)| (at, *slot, mark))
    }

    /// Moves back what is behind a slot that is given up, unless it would get before the first slot
    /// of its hash.
    fn close_gap(&mut self, given_up: usize) {
        let (mut gap, mut at, mut steps) = (given_up, given_up, 0_u32);
        loop {
            at = match at.saturating_add(1) {
                end if end >= self.slots.len() => 0,
                next => next,
            };
            steps = steps.saturating_add(1);
            let slot = self.slots.get(at).copied().unwrap_or_default();
            // No run is as long as the table, which is at most half full.
            if slot == UNUSED || at == given_up {
                break;
            }
            if (slot & BELOW_PLACE) >> TAG_BITS > steps {
                self.set(gap, slot.saturating_sub(steps << TAG_BITS));
                (gap, steps) = (at, 0);
            }
        }
        self.set(gap, UNUSED);
    }

    fn set(&mut self, at: usize, slot: Slot) {
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| **slot != UNUSED).count()
    }
}
