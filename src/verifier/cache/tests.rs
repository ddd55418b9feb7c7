#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::token::verified_of_claims;

impl TokenMemory {
    fn ledgers(&self) -> impl Iterator<Item = MutexGuard<'_, Ledger>> {
        let sets = self.sets.get().into_iter();
        sets.flat_map(|all| &all.sets).map(Set::ledger)
    }

    pub(crate) fn entries(&self) -> usize {
        self.ledgers()
            .map(|ledger| ledger.held.count_ones() as usize)
            .sum()
    }

    fn bytes(&self) -> usize {
        self.ledgers().map(|ledger| ledger.bytes).sum()
    }

    fn remembers(&self, token: &str) -> Option<Arc<Verified>> {
        let recalled = self.recall(token.as_bytes())?;
        recalled.verified().cloned()
    }

    fn add(&self, token: &str, issuer: usize, generation: u64) -> Arc<Verified> {
        self.add_filled(token.as_bytes(), issuer, generation, "")
    }

    fn add_filled(
        &self,
        token: &[u8],
        issuer: usize,
        generation: u64,
        filling: &str,
    ) -> Arc<Verified> {
        let claims = json!({"iss": "i", "aud": "a", "exp": 4_102_444_800_u64, "x": filling});
        let by = VerifiedBy {
            token: self.key(token),
            issuer,
            generation,
        };
        let verified = verified_of_claims(&claims.to_string(), by).unwrap();
        self.remember(token, verified.clone());
        verified
    }
}

fn memory(entries: usize) -> TokenMemory {
    TokenMemory::new(entries).unwrap()
}

fn is(recalled: Option<Arc<Verified>>, wanted: &Arc<Verified>) -> bool {
    recalled.is_some_and(|recalled| Arc::ptr_eq(&recalled, wanted))
}

/// A token of the usual size and shape.
fn token(number: usize) -> String {
    format!(
        "eyJhbGciOiJFUzI1NiJ9.{}.{number:043}{number:043}",
        "c".repeat(600)
    )
}

#[test]
fn tokens_that_are_alike_share_nothing() {
    let memory = memory(100);
    let good = token(1);
    let verified = memory.add(&good, 0, 1);
    assert!(is(memory.remembers(&good), &verified));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let rows = [
        ("the same first 20 characters", format!("{}x", &good[..20])),
        ("another signature", format!("{signed}.{}", "A".repeat(86))),
        (
            "another payload, the same signature",
            format!("e30.e30.{signature}"),
        ),
        ("no signature", format!("{signed}.")),
        ("its signature alone", signature.to_owned()),
        ("one character less", good[..good.len() - 1].to_owned()),
        ("one character less in front", good[1..].to_owned()),
        ("one character more", format!("{good}A")),
        ("a space in front", format!(" {good}")),
        ("padded", format!("{good}=")),
        ("nothing", String::new()),
    ];
    for (name, other) in rows {
        assert_ne!(other, good, "{name}");
        assert!(memory.remembers(&other).is_none(), "{name}");
    }
    assert!(is(memory.remembers(&good), &verified));
}

#[test]
fn every_byte_counts() {
    let memory = memory(100);
    let good = token(1).into_bytes();
    memory.add(std::str::from_utf8(&good).unwrap(), 0, 1);
    for at in 0..good.len() {
        let mut other = good.clone();
        other[at] ^= 1;
        assert!(memory.recall(&other).is_none(), "byte {at}");
    }
    assert!(memory.recall(&good).is_some());
}

#[test]
fn two_memories_share_nothing() {
    let (one, other) = (memory(100), memory(100));
    one.add(&token(1), 0, 1);
    assert!(one.remembers(&token(1)).is_some());
    assert!(other.remembers(&token(1)).is_none());
    other.add(&token(2), 0, 1);
    assert!(one.remembers(&token(2)).is_none());
}

#[test]
fn the_same_token_is_held_once() {
    let memory = memory(100);
    let first = memory.add(&token(1), 0, 1);
    let weight = memory.bytes();
    let second = memory.add(&token(1), 0, 1);
    assert_eq!((memory.entries(), memory.bytes()), (1, weight));
    assert!(is(memory.remembers(&token(1)), &second));
    assert!(!is(memory.remembers(&token(1)), &first));
}

#[test]
fn no_more_entries_than_asked_for() {
    assert!(TokenMemory::new(0).is_none());
    for (asked, most) in [(1, 32), (32, 32), (33, 64), (1000, 1024)] {
        let memory = memory(asked);
        for number in 0..most * 10 {
            memory.add(&token(number), 0, 1);
            assert!(memory.entries() <= most, "{asked}: {}", memory.entries());
            assert!(memory.bytes() <= most * 1536, "{asked}: {}", memory.bytes());
        }
        let kept = (0..most * 10).filter(|number| memory.remembers(&token(*number)).is_some());
        let kept = kept.count();
        assert_eq!(kept, memory.entries(), "{asked}: what is counted is there");
        assert!(kept > most / 2, "{asked}: {kept} of {most}");
    }
}

#[test]
fn few_are_lost_below_the_bound() {
    let memory = memory(crate::limits::DEFAULT_REMEMBERED_TOKENS);
    for number in 0..10_000 {
        memory.add(&token(number), 0, 1);
    }
    assert!(memory.entries() > 9950, "{}", memory.entries());
}

/// Ten thousand callers take turns, with tokens of the usual weight: hardly any is verified again.
#[test]
fn callers_that_take_turns_are_not_forgotten() {
    let memory = memory(crate::limits::DEFAULT_REMEMBERED_TOKENS);
    // What a token of 1 KiB leaves behind, with the lists that a handler may ask for.
    let filling = "x".repeat(680);
    let mut missed = 0;
    for round in 0..3 {
        for number in 0..10_000 {
            let token = token(number);
            if memory.remembers(&token).is_none() {
                missed += usize::from(round > 0);
                memory.add_filled(token.as_bytes(), 0, 1, &filling);
            }
        }
    }
    assert!(missed < 100, "{missed} of 20,000");
}

#[test]
fn bytes_are_bounded_whatever_the_entries_weigh() {
    let memory = memory(32);
    // As large as the claims of a token can be.
    let size = MAX_TOKEN_BYTES / 4 * 3 - 200;
    let large = memory.add_filled(b"large", 0, 1, &"x".repeat(size));
    assert!(is(memory.remembers("large"), &large));
    for number in 0..200 {
        let size = number * 100 % 5000;
        let token = token(number);
        memory.add_filled(token.as_bytes(), 0, 1, &"x".repeat(size));
        assert!(memory.bytes() <= SET_BYTES, "{}", memory.bytes());
        assert!(memory.remembers(&token).is_some(), "{size}");
    }
    assert!(memory.remembers("large").is_none());
    let before = memory.bytes();
    memory.add_filled(b"too large", 0, 1, &"x".repeat(SET_BYTES));
    assert!(memory.remembers("too large").is_none());
    assert_eq!(memory.bytes(), before, "and nothing was evicted for it");
}

/// Lists of scopes weigh more than their text once a handler has asked for them.
#[test]
fn the_weight_is_that_of_everything_that_can_come_to_be() {
    let scopes: Vec<String> = (0..300).map(|number| format!("s{number}")).collect();
    let claims =
        json!({"iss": "i", "aud": ["a", "b"], "exp": 4_102_444_800_u64, "scope": scopes.join(" ")});
    let text = claims.to_string();
    let mut verified = None;
    let used = allocation_counter::measure(|| {
        let made = verified_of_claims(&text, VerifiedBy::default()).unwrap();
        assert_eq!(made.scopes().as_slice().len(), 300);
        assert_eq!(made.audience().len(), 2);
        verified = Some(made);
    });
    let weight = verified.unwrap().weight();
    let bytes = usize::try_from(used.bytes_current).unwrap();
    assert!(weight >= bytes / 2, "{weight} for {bytes}");
    assert!(weight > 300 * size_of::<String>(), "{weight}");
}

#[test]
fn what_is_used_outlives_what_is_not() {
    let memory = memory(32);
    memory.add(&token(0), 0, 1);
    for number in 1..400 {
        memory.add(&token(number), 0, 1);
        assert!(
            memory.remembers(&token(0)).is_some(),
            "after {number} others"
        );
    }
    // Unused, it makes room for others.
    for number in 400..600 {
        memory.add(&token(number), 0, 1);
    }
    assert!(memory.remembers(&token(0)).is_none());
}

#[test]
fn a_heavy_newcomer_leaves_those_that_are_used() {
    for newcomer in 0..20 {
        let memory = memory(32);
        let filling = "x".repeat(900);
        for number in 0..32 {
            memory.add_filled(token(number).as_bytes(), 0, 1, &filling);
        }
        for number in 0..8 {
            assert!(memory.remembers(&token(number)).is_some());
        }
        memory.add_filled(token(100 + newcomer).as_bytes(), 0, 1, &filling.repeat(12));
        assert!(
            (20..=30).contains(&memory.entries()),
            "{}",
            memory.entries()
        );
        for number in 0..8 {
            assert!(memory.remembers(&token(number)).is_some(), "{number}");
        }
    }
}

#[test]
fn newer_keys_take_the_room_of_older_ones() {
    let memory = memory(32);
    for number in 0..5 {
        memory.add(&token(number), 0, 1);
        memory.add(&token(100 + number), 1, 1);
    }
    memory.add(&token(50), 0, 2);
    for number in 0..5 {
        assert!(
            memory.remembers(&token(number)).is_none(),
            "verified by keys that are gone"
        );
        assert!(
            memory.remembers(&token(100 + number)).is_some(),
            "another issuer"
        );
    }
    assert_eq!(memory.entries(), 6);
}

#[test]
fn many_threads_see_whole_entries() {
    let memory = memory(64);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let memory = &memory;
            scope.spawn(move || {
                for round in 0..2000 {
                    let number = (round * 7 + thread) % 200;
                    let token = token(number);
                    match memory.recall(token.as_bytes()) {
                        Some(recalled) => {
                            assert_eq!(recalled.verified().unwrap().by.issuer, number);
                        }
                        None => drop(memory.add(&token, number, 1)),
                    }
                }
            });
        }
    });
    assert!(memory.entries() <= 64 && memory.bytes() <= 64 * 1536);
    let counted = memory.entries();
    let there = (0..200).filter(|number| memory.remembers(&token(*number)).is_some());
    assert_eq!(there.count(), counted);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes(one in prop::collection::vec(any::<u8>(), 0..60), other in prop::collection::vec(any::<u8>(), 0..60)) {
        let memory = memory(32);
        memory.add_filled(&one, 0, 1, "");
        prop_assert!(memory.recall(&one).is_some());
        prop_assert_eq!(memory.recall(&other).is_some(), one == other);
    }
}
