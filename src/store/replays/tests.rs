#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use tokio::time::Instant;

use super::*;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::seal::Seals;
use crate::test_util::FakeClock;

const NOW: u64 = 1_800_000_000;
const A: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];
const B: [u8; 32] = [7; 32];

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn process(
    commands: &MemoryStore,
    secrets: &[&[u8]],
    leeway: u64,
    timeout: Duration,
) -> FleetReplays {
    let seals = Seals::new("mcp-prod", secrets.iter().copied());
    let clock = FakeClock::at(at(NOW)).as_clock();
    let store = Store::new(Arc::new(commands.clone()), seals, clock, timeout);
    FleetReplays::new(&Arc::new(store), Duration::from_secs(leeway))
}

fn usual(commands: &MemoryStore, secrets: &[&[u8]]) -> FleetReplays {
    process(commands, secrets, 60, Duration::from_millis(250))
}

/// Of resource `https://mcp.example.com/mcp`, a thumbprint of sevens, and `jti-1`.
fn proof() -> ProofId {
    let id = "85d39c2faf49d4fdbe2f4a374e9b5e148864e063fae889319f3b144e71adff0e";
    let octet = |at: usize| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap();
    ProofId::from_bytes(std::array::from_fn(octet))
}

const UNDER_A: &str = "tja1:mcp-prod:dpop:O4Qjxo3dncd85iXhRo4XJA";
const UNDER_B: &str = "tja1:mcp-prod:dpop:aS-poGZcHlJo7Me4tHyd-w";

/// Computed from the description of the format, with Python's `hmac`.
#[tokio::test(start_paused = true)]
async fn names_and_lives_as_described() {
    let one = MemoryStore::default();
    let until = at(NOW + 61);
    assert!(usual(&one, &[&A]).first_use(proof(), until).await.unwrap());
    assert_eq!(one.names(), [UNDER_A]);
    assert_eq!(one.value(UNDER_A), Some(Vec::new()));
    assert_eq!(one.life(UNDER_A), Some(Duration::from_secs(61 + 60)));
    for secrets in [[&A[..], &B], [&B[..], &A]] {
        let two = MemoryStore::default();
        let used = usual(&two, &secrets).first_use(proof(), until).await;
        assert!(used.unwrap());
        assert_eq!(two.names(), [UNDER_A, UNDER_B]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_outlives_its_proof_by_every_clock() {
    for (leeway, until, life) in [
        (60, NOW + 1, 61),
        (0, NOW + 1, 1),
        (0, NOW, 1),
        (0, NOW - 100, 1),
        (60, NOW - 100, 60),
        // The longest: a nonce of an hour, and the largest leeway.
        (300, NOW + 3_601, 3_901),
    ] {
        let commands = MemoryStore::default();
        let replays = process(&commands, &[&A], leeway, Duration::from_millis(250));
        assert!(replays.first_use(proof(), at(until)).await.unwrap());
        let kept = commands.life(UNDER_A);
        assert_eq!(kept, Some(Duration::from_secs(life)), "{leeway} {until}");
    }
}

/// Whoever shares a secret with the first is refused, and nobody else.
#[tokio::test(start_paused = true)]
async fn what_one_finds_under_any_secret_was_used() {
    let first: [&[&[u8]]; 4] = [&[&A], &[&A, &B], &[&B, &A], &[&B]];
    for used in first {
        for secrets in first {
            let commands = MemoryStore::default();
            let until = at(NOW + 61);
            let first = usual(&commands, used).first_use(proof(), until).await;
            assert!(first.unwrap());
            let again = usual(&commands, secrets).first_use(proof(), until).await;
            let share = used.iter().any(|secret| secrets.contains(secret));
            assert_eq!(again.unwrap(), !share);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_is_waited_for_up_to_a_second_and_then_left_alone() {
    for (timeout, waits) in [(250, 250), (5_000, 950)] {
        let commands = MemoryStore::default();
        let replays = process(&commands, &[&A], 60, Duration::from_millis(timeout));
        commands.set_fault(Some(Fault::NoAnswer));
        for waits in [waits, waits, waits, 0, 0] {
            let began = Instant::now();
            let answer = replays.first_use(proof(), at(NOW + 61)).await;
            let error = answer.unwrap_err();
            assert_eq!(error.to_string(), "the replay store failed");
            assert_eq!(began.elapsed(), Duration::from_millis(waits), "{timeout}");
        }
        assert_eq!(commands.all_calls(), 3);
        commands.set_fault(None);
        commands.flush();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(replays.first_use(proof(), at(NOW + 61)).await.unwrap());
    }
}

/// A configuration, or a list of issuers that replaces another, tells of a larger one.
#[tokio::test(start_paused = true)]
async fn the_largest_leeway_that_was_told_counts() {
    for (told, life) in [(None, 61), (Some(10), 61), (Some(300), 301)] {
        let commands = MemoryStore::default();
        let one = usual(&commands, &[&A]);
        if let Some(told) = told {
            one.store.note_leeway(Duration::from_secs(told));
        }
        assert!(one.first_use(proof(), at(NOW + 1)).await.unwrap());
        assert_eq!(commands.life(UNDER_A), Some(Duration::from_secs(life)));
    }
}
