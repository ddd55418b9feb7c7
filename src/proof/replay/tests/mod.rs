#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod exact;
mod index;
mod stores;

use std::collections::HashSet;
use std::sync::Barrier;

use proptest::prelude::*;

use super::Replay::{BelowFloor, KeyFull, Used};
use super::*;
use crate::limits::MAX_PROOF_AGE;
use crate::proof::nonce::{NonceMode, Nonces};

const RESOURCE: &str = "https://mcp.example.com/mcp";
const NOW: f64 = 1_700_000_040.0;
const ALICE: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];

fn at(seconds: f64) -> NumericDate {
    NumericDate::new(seconds).unwrap()
}

fn replays(entries: usize) -> Replays {
    Replays::new(entries, RESOURCE, None)
}

impl Replays {
    /// A proof of this moment or another one, with a window of 60 seconds.
    fn uses(&self, jkt: &[u8; 32], jti: &str, iat: f64, now: f64) -> Result<(), Replay> {
        let last_second = at(iat + 60.0).unix_seconds();
        self.first_use(jkt, jti, last_second, at(now))
    }

    fn held(&self) -> usize {
        self.memory.as_ref().unwrap().held()
    }
}

#[test]
fn a_proof_works_once() {
    let replays = replays(1024);
    assert_eq!(replays.uses(&ALICE, "a", NOW, NOW), Ok(()));
    assert_eq!(replays.uses(&ALICE, "a", NOW, NOW), Err(Used));
    // The same `jti` in a proof of another moment.
    assert_eq!(replays.uses(&ALICE, "a", NOW + 30.0, NOW), Err(Used));
    assert_eq!(replays.uses(&BOB, "a", NOW, NOW), Ok(()));
    assert_eq!(replays.uses(&ALICE, "b", NOW, NOW), Ok(()));
    for jti in ["", "\0", "a\0", "aa", "A"] {
        assert_eq!(replays.uses(&ALICE, jti, NOW, NOW), Ok(()), "{jti:?}");
    }
    assert_eq!(replays.held(), 8);
}

#[test]
fn without_a_memory_every_proof_works() {
    let off = Replays::off();
    for _ in 0..3 {
        assert_eq!(off.uses(&ALICE, "a", NOW, NOW), Ok(()));
    }
    assert!(!off.has_store());
}

/// P76: kept for as long as `iat` allows it, not for as long as the window is.
#[test]
fn replay_p76_a_proof_of_the_future() {
    let replays = replays(1024);
    assert_eq!(replays.uses(&ALICE, "a", NOW + 59.0, NOW), Ok(()));
    for later in [1.0, 59.0, 61.0, 118.0, 119.0, 119.9] {
        assert_eq!(
            replays.uses(&ALICE, "a", NOW + 59.0, NOW + later),
            Err(Used),
            "{later}"
        );
    }
    assert_eq!(
        replays.uses(&ALICE, "a", NOW + 59.0, NOW + 120.0),
        Err(BelowFloor)
    );
}

/// P77: in the last second, fractions included.
#[test]
fn replay_p77_a_proof_in_its_last_second() {
    let window = std::time::Duration::from_secs(60);
    let nonces = Nonces::new(NonceMode::Auto, window, Vec::new(), RESOURCE, window);
    for fraction in [0.0, 0.25, 0.999_999] {
        let (replays, iat) = (replays(1024), NOW + fraction);
        let send = |now: f64| {
            let fresh = nonces.judge(None, at(iat), false, at(now)).ok()?;
            Some(replays.first_use(&ALICE, "a", fresh.last_second, at(now)))
        };
        assert_eq!(send(iat + 60.0), Some(Ok(())), "{fraction}");
        assert_eq!(send(iat + 60.0), Some(Err(Used)), "{fraction}");
        // Another request takes out what has ended.
        assert_eq!(replays.uses(&BOB, "b", NOW + 60.0, NOW + 60.0), Ok(()));
        assert_eq!(send(iat + 60.0), Some(Err(Used)), "{fraction}");
        assert_eq!(send(iat + 60.000_001), None, "{fraction}");
        assert_eq!(send(iat + 61.0), None, "{fraction}");
    }
}

/// P78.
#[test]
fn replay_p78_a_full_memory_forgets_nothing_in_silence() {
    let replays = replays(16 * 1024);
    let key = |i: u32| [(i % 64) as u8; 32];
    // 640 proofs each second, of which 25 seconds fit.
    let rate = 640;
    let (sent, now) = (rate * 55, NOW + 54.0);
    let send = |i: u32, now: f64| {
        let iat = NOW + f64::from(i / rate);
        replays.uses(&key(i), &i.to_string(), iat, now)
    };
    for i in 0..sent {
        assert_eq!(send(i, NOW + f64::from(i / rate)), Ok(()), "{i}");
    }
    assert!(replays.held() <= 16 * 1024);
    for i in 0..sent {
        let verdict = send(i, now);
        match 54 - i / rate {
            0..20 => assert_eq!(verdict, Err(Used), "{i}"),
            20..32 => assert!(
                matches!(verdict, Err(Used | BelowFloor)),
                "{i}: {verdict:?}"
            ),
            _ => assert_eq!(verdict, Err(BelowFloor), "{i}"),
        }
    }
    // A proof that was never used: below the floor, and above it.
    for i in 0..50 {
        let new = |age: f64| replays.uses(&ALICE, &format!("{age} {i}"), now - age, now);
        assert_eq!(new(40.0), Err(BelowFloor));
        assert_eq!(new(1.0), Ok(()));
    }
    // A minute later all of that is over.
    assert_eq!(
        replays.uses(&ALICE, "later", now + 61.0, now + 121.0),
        Ok(())
    );
}

/// P82.
#[test]
fn replay_p82_a_key_has_a_sixteenth_of_the_memory() {
    for entries in [1024, 10_000] {
        let (replays, share) = (replays(entries), entries / 16);
        for i in 0..share {
            assert_eq!(
                replays.uses(&ALICE, &i.to_string(), NOW, NOW),
                Ok(()),
                "{i}"
            );
        }
        for i in 0..100 {
            let new = format!("new {i}");
            assert_eq!(replays.uses(&ALICE, &new, NOW, NOW), Err(KeyFull));
            let used = (i % share).to_string();
            assert_eq!(replays.uses(&ALICE, &used, NOW, NOW), Err(Used));
        }
        for key in 2..=200 {
            assert_eq!(replays.uses(&[key; 32], "0", NOW, NOW), Ok(()), "{key}");
        }
        // What was rejected takes no room, and what has ended gives it back: in every shard, though
        // the next request asks one.
        assert_eq!(
            replays.uses(&ALICE, "in time", NOW, NOW + 60.0),
            Err(KeyFull)
        );
        for i in 0..share {
            let new = format!("later {i}");
            assert_eq!(
                replays.uses(&ALICE, &new, NOW + 61.0, NOW + 61.0),
                Ok(()),
                "{i}"
            );
        }
        assert_eq!(
            replays.uses(&ALICE, "one more", NOW + 61.0, NOW + 61.0),
            Err(KeyFull)
        );
    }
}

/// A request that has waited for keys meanwhile, and others that have forgotten the second.
#[test]
fn a_proof_that_has_ended_is_not_accepted() {
    let replays = replays(1024);
    assert_eq!(replays.uses(&ALICE, "a", NOW, NOW + 61.0), Err(BelowFloor));
    assert_eq!(replays.uses(&ALICE, "b", NOW, NOW + 60.9), Ok(()));
    assert_eq!(replays.held(), 1);
}

#[test]
fn of_many_threads_one_is_first() {
    let threads = 16;
    for round in 0..50 {
        let (replays, barrier) = (replays(1024), Barrier::new(threads));
        let first = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        replays.uses(&ALICE, "a", NOW, NOW)
                    })
                })
                .collect();
            let verdicts = threads.into_iter().map(|thread| thread.join().unwrap());
            verdicts.filter(Result::is_ok).count()
        });
        assert_eq!((first, replays.held()), (1, 1), "{round}");
    }
}

/// S05, for the memory: each second a new proof, and all of the last five minutes again.
#[test]
fn pop_s05_a_clock_that_steps_lets_no_replay_in() {
    let seconds = std::time::Duration::from_secs;
    for mode in [NonceMode::Off, NonceMode::Auto, NonceMode::Required] {
        for steps in [[-30.0, 30.0], [30.0, -30.0], [-30.0, -30.0], [30.0, 30.0]] {
            let nonces = Nonces::new(mode, seconds(300), Vec::new(), RESOURCE, seconds(60));
            let replays = replays(16 * 1024);
            let mut sent: Vec<(f64, Option<String>)> = Vec::new();
            let mut used = HashSet::new();
            let mut nonce: Option<String> = None;
            let mut most_refused_in_a_row = 0;
            let mut refused = 0;
            for second in 0..300 {
                let time = NOW + f64::from(second) + 0.5;
                let passed = |at| if second >= at { 1.0 } else { 0.0 };
                let clock = at(time + steps[0] * passed(100) + steps[1] * passed(200));
                // A client whose clock is right, and which takes the nonce that it is sent.
                sent.push((time, nonce.clone()));
                for (i, (iat, nonce)) in sent.iter().enumerate() {
                    let is_near =
                        clock.seconds_since(at(*iat)).abs() <= MAX_PROOF_AGE.as_secs_f64();
                    let fresh = nonces.judge(nonce.as_deref(), at(*iat), false, clock);
                    let Some(fresh) = fresh.ok().filter(|_| is_near) else {
                        continue;
                    };
                    let jti = i.to_string();
                    if replays.first_use(&ALICE, &jti, fresh.last_second, clock) == Ok(()) {
                        assert!(used.insert(i), "{mode:?} {steps:?}: {i} again at {second}");
                    }
                }
                let is_accepted = used.contains(&(sent.len() - 1));
                refused = if is_accepted { 0 } else { refused + 1 };
                most_refused_in_a_row = most_refused_in_a_row.max(refused);
                if !is_accepted && mode != NonceMode::Off {
                    nonce = Some(nonces.newest(clock).to_str().unwrap().to_owned());
                }
            }
            // Without nonces, a clock that is a minute off is what the window is for.
            let most = if mode == NonceMode::Off && steps[0] == steps[1] {
                60
            } else {
                1
            };
            assert!(
                most_refused_in_a_row <= most,
                "{mode:?} {steps:?}: {most_refused_in_a_row}"
            );
        }
    }
}

/// A minute of 1,250 proofs a second and a sixteenth of the default memory: 20,000 a second with
/// all of it are in `benches/targets/replay.rs`.
#[test]
fn a_flood_is_bounded_and_shortens_only_the_window() {
    let (entries, rate) = (16 * 1024, 1_250);
    let mut random = fastrand::Rng::with_seed(7);
    let used = allocation_counter::measure(|| {
        let replays = replays(entries);
        for i in 0..rate * 60 {
            let now = NOW + f64::from(i) / f64::from(rate);
            let key = |i: u32| [(i % 251) as u8; 32];
            let iat = |i: u32| NOW + f64::from(i) / f64::from(rate);
            // Clients with right clocks notice nothing.
            assert_eq!(
                replays.uses(&key(i), &i.to_string(), iat(i), now),
                Ok(()),
                "{i}"
            );
            let again = random.u32(0..=i);
            let verdict = replays.uses(&key(again), &again.to_string(), iat(again), now);
            // 13 seconds fit. A shard forgets a whole second, and some shards get more proofs than
            // others.
            let age = (i - again) / rate;
            match verdict {
                Err(Used) => assert!(age <= 15, "{age} s"),
                Err(BelowFloor) => assert!(age >= 10, "{age} s"),
                other => panic!("{other:?}"),
            }
            // Never used, and younger than what was forgotten.
            if i % 100 == 0 {
                let new = format!("new {i}");
                assert_eq!(replays.uses(&BOB, &new, now - 9.0, now), Ok(()), "{i}");
            }
        }
        assert!(replays.held() <= entries);
    });
    // 32 bytes for each entry, two rows of counters, and at most 61 seconds in each shard.
    let most = 32 * entries as u64 + 2 * 4 * 4096 + 16 * 61 * 40;
    assert!(used.bytes_max <= most, "{} of {most} bytes", used.bytes_max);
}

/// The figure of the setting `dpop.replay_entries`.
#[test]
fn a_full_memory_takes_32_bytes_for_each_entry() {
    let entries = 256 * 1024;
    let used = allocation_counter::measure(|| {
        assert_eq!(replays(entries).held(), 0);
    });
    let counters = 2 * 4 * 16 * 1024;
    let most = 32 * entries as u64 + counters + 1024;
    assert!(used.bytes_max <= most, "{} of {most}", used.bytes_max);
}

#[derive(Clone, Debug)]
struct Attempt {
    key: u8,
    jti: u8,
    iat_ahead: i8,
    clock_moves: f64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let clock_moves = prop_oneof![
        10 => Just(0.0),
        10 => 0.0..3.0_f64,
        1 => 0.0..200.0_f64,
        1 => -40.0..0.0_f64,
    ];
    let attempt = (0..4_u8, any::<u8>(), -60..=60_i8, clock_moves);
    let attempt = attempt.prop_map(|(key, jti, iat_ahead, clock_moves)| Attempt {
        key,
        jti,
        iat_ahead,
        clock_moves,
    });
    prop::collection::vec(attempt, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Against a set that forgets nothing. With `entries` below 300 the memory overflows.
    #[test]
    fn no_proof_works_twice_and_no_new_one_was_used(
        entries in prop_oneof![Just(16), Just(64), Just(4096)],
        attempts in attempts(),
    ) {
        let replays = replays(entries);
        let (mut accepted, mut proofs) = (HashSet::new(), Vec::new());
        let (mut now, mut latest) = (NOW, NOW);
        for attempt in attempts {
            now += attempt.clock_moves;
            let went_back = now < latest;
            latest = latest.max(now);
            // Now and then the same proof again.
            let proof = match proofs.get(usize::from(attempt.jti)) {
                Some(earlier) => *earlier,
                None => (attempt.key, proofs.len(), now + f64::from(attempt.iat_ahead)),
            };
            proofs.push(proof);
            let (key, jti, iat) = proof;
            if (now - iat).abs() > 60.0 {
                continue;
            }
            let is_new = !accepted.contains(&jti);
            match replays.uses(&[key; 32], &jti.to_string(), iat, now) {
                Ok(()) => prop_assert!(accepted.insert(jti), "{jti} again"),
                Err(Used) => prop_assert!(!is_new, "{jti} is new"),
                Err(BelowFloor) => prop_assert!(entries < 300 || went_back),
                Err(KeyFull) => prop_assert!(accepted.len() >= entries / 16),
                Err(Replay::StoreUnavailable) => prop_assert!(false),
            }
        }
        prop_assert!(replays.held() <= entries.max(16));
    }
}
