//! The index finds exactly what a map finds.

use std::collections::HashMap;

use super::*;
use crate::proof::replay::index::{Id, Index};
use crate::proof::replay::key_counts::KeyCounts;
use crate::proof::replay::shard::{self, Shard};

/// An id whose first slot is the given part of the table, 255 the last.
fn id(part: u8, rest: u8) -> Id {
    let mut id = [0; 16];
    id[1..5].fill(part);
    (id[5], id[15]) = (rest, rest);
    id
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// Ids of few first slots, at the end of the table too, of which a run goes on at its start.
    #[test]
    fn an_index_finds_what_a_map_finds(
        entries in 1..40_usize,
        steps in prop::collection::vec((prop_oneof![Just(0_u8), Just(8), Just(250), Just(255)], 0..40_u8), 0..400),
    ) {
        let (mut index, mut map) = (Index::new(entries), HashMap::new());
        let mut ids: Vec<Id> = Vec::new();
        for (part, rest) in steps {
            let id = id(part, rest);
            let place = ids.iter().position(|other| *other == id).unwrap_or_else(|| {
                ids.push(id);
                ids.len() - 1
            }) as u32;
            match map.remove(&id) {
                Some(place) => index.remove(&id, place),
                None if map.len() < entries => {
                    prop_assert!(index.insert(&id, place));
                    map.insert(id, place);
                }
                None => {}
            }
            prop_assert_eq!(index.len(), map.len());
            for other in &ids {
                let found = index.holds(other, |place| ids[place as usize] == *other);
                prop_assert_eq!(found, map.contains_key(other));
            }
        }
    }
}

/// Ids of one first slot, more than a slot can tell apart by its distance.
#[test]
fn a_run_that_is_too_long_takes_no_more() {
    let counts = KeyCounts::new(16 * 1024);
    let mut shard = Shard::new(1024);
    let mut record = |number: u32| {
        let mut id = id(7, 0);
        id[12..].copy_from_slice(&number.to_be_bytes());
        let proof = shard::Used {
            id,
            key: [0; 2],
            last_second: 1_000 + u64::from(number / 200),
        };
        let verdict = shard.record(&proof, 1_000, &counts);
        shard.check();
        verdict
    };
    for number in 0..255 {
        assert_eq!(record(number), Ok(()), "{number}");
    }
    for number in 0..255 {
        assert_eq!(record(number), Err(Used), "{number}");
    }
    for _ in 0..2 {
        // It cannot be recorded, so it must not be accepted.
        assert_eq!(record(255), Err(BelowFloor));
    }
    shard.forget_before(1_001, &counts);
    assert_eq!((shard.len(), shard.floor()), (55, 0));
    shard.forget_before(u64::MAX, &counts);
    assert!(counts.are_zero());
    shard.check();
}
