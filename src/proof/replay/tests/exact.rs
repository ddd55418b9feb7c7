//! A shard does exactly what a list does that is searched from end to end.

use std::collections::BTreeSet;

use super::*;
use crate::proof::replay::index::Id;
use crate::proof::replay::key_counts::{KeyCounts, KeyPlace};
use crate::proof::replay::shard::{self, Shard};

/// Entries are (last second, id, key).
struct Naive {
    entries: BTreeSet<(u64, Id, KeyPlace)>,
    room: usize,
    of_one_key: usize,
    floor: u64,
    passed: u64,
}

impl Naive {
    fn record(&mut self, proof: &shard::Used, now: u64) -> Result<(), Replay> {
        let passed = self
            .entries
            .iter()
            .map(|entry| entry.0)
            .filter(|second| *second < now);
        self.passed = passed.chain([self.passed]).max().unwrap();
        self.entries.retain(|entry| entry.0 >= now);
        if self.entries.iter().any(|entry| entry.1 == proof.id) {
            return Err(Used);
        }
        if proof.last_second <= self.floor || proof.last_second <= self.passed {
            return Err(BelowFloor);
        }
        let of_key = self.entries.iter().filter(|entry| entry.2 == proof.key);
        if of_key.count() >= self.of_one_key {
            return Err(KeyFull);
        }
        if self.entries.len() == self.room {
            let oldest = self.entries.first().unwrap().0;
            if proof.last_second <= oldest {
                self.floor = self.floor.max(proof.last_second);
                return Err(BelowFloor);
            }
            self.floor = oldest;
            self.entries.retain(|entry| entry.0 != oldest);
        }
        self.entries
            .insert((proof.last_second, proof.id, proof.key));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_shard_does_what_a_list_does(
        room in 1..40_usize,
        of_one_key in 1..20_usize,
        attempts in prop::collection::vec(
            (any::<u8>(), 0..6_usize, 0..90_u64, prop_oneof![Just(0), Just(1), 0..60_i64, -40..0_i64]),
            0..300,
        ),
    ) {
        let counts = KeyCounts::new(of_one_key * 16);
        // Six keys without a common counter.
        let mut keys: Vec<KeyPlace> = Vec::new();
        for octet in 0.. {
            let key = counts.place_of(&[octet; 32]);
            if keys.iter().all(|other| (0..2).all(|row| other[row] % 4096 != key[row] % 4096)) {
                keys.push(key);
            }
            if keys.len() == 6 {
                break;
            }
        }
        let mut shard = Shard::new(room);
        let mut naive = Naive { entries: BTreeSet::new(), room, of_one_key, floor: 0, passed: 0 };
        let mut now = 1_000_u64;
        for (id, key, ahead, moves) in attempts {
            now = now.saturating_add_signed(moves);
            let mut proof = shard::Used {
                id: [0; 16],
                key: keys[key],
                last_second: now + ahead,
            };
            // Few first slots in the index, and some ids with the same one.
            (proof.id[1], proof.id[15]) = (id & 0xf0, id);
            let (got, want) = (shard.record(&proof, now, &counts), naive.record(&proof, now));
            prop_assert_eq!(got, want);
            prop_assert_eq!(shard.len(), naive.entries.len());
            prop_assert_eq!(shard.floor(), naive.floor);
        }
        shard.check();
        shard.forget_before(u64::MAX, &counts);
        prop_assert_eq!(shard.len(), 0);
        prop_assert!(counts.are_zero());
        shard.check();
    }
}
