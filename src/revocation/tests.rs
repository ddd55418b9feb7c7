#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "test-util")]
mod looks;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::record::Kind;
use super::table::{Entry, Map, Tables};
use super::*;
use crate::base::clock::{Clock, Now};
use crate::base::numeric_date::NumericDate;
use crate::store::seal::Seals;
use crate::token::marks::Mark;

const ISSUER: &str = "https://idp.example.com";
const NOW: f64 = 1_800_000_000.0;
const DAY: Duration = Duration::from_secs(86_400);

fn now(seconds: f64) -> Now {
    Now {
        wall: NumericDate::new(NOW + seconds).unwrap(),
        monotonic: Instant::now(),
    }
}

fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(NOW + seconds)
}

fn key() -> [u8; 32] {
    let secret: &[u8] = &[1; 32];
    Seals::new("ns", [secret]).iter().next().unwrap().revoked
}

fn terms() -> Terms {
    Terms {
        now: now(0.0).wall,
        keep: DAY,
        leeway: Duration::from_secs(60),
    }
}

fn list(limit: usize) -> Revocations {
    let timeout = Duration::from_millis(250);
    Revocations::new([key()], limit, DAY, timeout, Clock::System)
}

fn record(number: u64, cut: u64, until: f64) -> Record {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    Record {
        kind: Kind::Subject,
        digest,
        cut,
        until: (NOW + until) as u64,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Made with another implementation of HMAC.
#[test]
fn digests_of_the_vectors() {
    let cases = [
        (
            Revocation::token(ISSUER, "t-1"),
            "67945aad6b2b1257422ccc0f024d9440",
        ),
        (
            Revocation::session(ISSUER, "t-1"),
            "5dd8105fc5347adae0252418f3de0694",
        ),
        (
            Revocation::subject(ISSUER, "alice"),
            "e42b6959118aebf97a9c9d6a779a15f8",
        ),
        (
            Revocation::client(ISSUER, "caf\u{e9}"),
            "70efde92459adb3645ea05b940ed5d0f",
        ),
        (
            Revocation::everything(ISSUER),
            "4154b948b9a63a9ec72b041c9e6c4c6e",
        ),
        (
            Revocation::subject_without_session(ISSUER, "alice"),
            "feb040494394f5db171f71cfbd4893b1",
        ),
    ];
    for (at, (revocation, digest)) in cases.into_iter().enumerate() {
        let record = revocation.record(&key(), terms()).unwrap();
        let bytes = record.to_bytes();
        assert_eq!(usize::from(bytes[0]), at + 1, "{revocation:?}");
        assert_eq!(hex(&bytes[1..17]), digest, "{revocation:?}");
        // The cut is now, and the end a day later.
        assert_eq!(hex(&bytes[17..]), "000000006b49d200000000006b4b2380");
        assert_eq!(Record::from_bytes(&bytes), Some(record));
    }
}

/// The part of F30 that needs no seal: what does not have the form is no record.
#[test]
fn bytes_that_are_no_record() {
    let good = record(1, 5, 9.0).to_bytes();
    assert_eq!(Record::from_bytes(&good), Some(record(1, 5, 9.0)));
    for length in 0..good.len() {
        assert_eq!(Record::from_bytes(&good[..length]), None, "{length}");
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(Record::from_bytes(&longer), None);
    for kind in [0, 7, 255] {
        let mut other = good;
        other[0] = kind;
        assert_eq!(Record::from_bytes(&other), None, "kind {kind}");
    }
}

#[test]
fn cuts_and_ends() {
    let subject = || Revocation::subject(ISSUER, "alice");
    let cut = |at| {
        subject()
            .issued_before(at)
            .record(&key(), terms())
            .map(|it| it.cut as f64 - NOW)
    };
    let until = |at| {
        subject()
            .until(at)
            .record(&key(), terms())
            .map(|it| it.until as f64 - NOW)
    };
    assert_eq!(cut(at(-100.5)), Ok(-101.0), "a second is cut as a whole");
    assert_eq!(cut(at(60.0)), Ok(60.0));
    assert_eq!(
        cut(at(60.5)),
        Err(RecordError::CutAhead(Duration::from_millis(60_500)))
    );
    assert_eq!(cut(UNIX_EPOCH - DAY), Ok(-NOW), "before 1970");
    let milliseconds = UNIX_EPOCH + Duration::from_secs_f64(NOW * 1000.0);
    assert!(matches!(cut(milliseconds), Err(RecordError::CutAhead(_))));
    // The leeway is added, and nothing is kept longer than `revocation_keep`.
    assert_eq!(until(at(100.2)), Ok(161.0));
    assert_eq!(until(at(86_400.0)), Ok(86_400.0));
    assert_eq!(
        until(at(86_401.0)),
        Err(RecordError::UntilTooLate(Duration::from_secs(1)))
    );
    let fraction = Terms {
        now: now(0.3).wall,
        ..terms()
    };
    let record = subject().record(&key(), fraction).unwrap();
    assert_eq!(
        (record.cut as f64, record.until as f64),
        (NOW + 1.0, NOW + 86_401.0)
    );
}

#[test]
fn nothing_shows_a_name() {
    let revocation = Revocation::session(ISSUER, "secret-name").until(at(5.0));
    let shown = format!("{revocation:?}");
    assert!(shown.contains("session"), "{shown}");
    assert!(
        !shown.contains("secret") && !shown.contains("idp"),
        "{shown}"
    );
}

/// The list against the simplest one that could be right, over tables of any size.
#[test]
fn the_list_is_what_was_heard() {
    let list = list(100_000);
    let mut model: HashMap<[u8; 16], Record> = HashMap::new();
    let mut random = fastrand::Rng::with_seed(7);
    for step in 0..400 {
        let time = f64::from(step);
        let heard: Vec<_> = (0..random.usize(..40))
            .map(|_| {
                record(
                    random.u64(..4000),
                    random.u64(..9),
                    time + random.f64() * 300.0 - 20.0,
                )
            })
            .collect();
        model.retain(|_, known| known.until as f64 > NOW + time);
        let before = model.clone();
        for new in heard.iter().filter(|new| new.until as f64 > NOW + time) {
            let known = model.entry(new.digest).or_insert(*new);
            known.cut = known.cut.max(new.cut);
            known.until = known.until.max(new.until);
        }
        let now = now(time);
        assert_eq!(list.apply(heard.clone(), now), model != before, "{step}");
        assert!(!list.apply(heard, now), "a second time changes nothing");
        if step % 50 == 0 {
            list.tick(now);
        }
        let mut got = list.in_force(now);
        let mut want: Vec<_> = model.values().copied().collect();
        got.sort_by_key(|record| record.digest);
        want.sort_by_key(|record| record.digest);
        assert_eq!(got, want, "{step}");
        assert!(list.len() >= want.len());
    }
    list.tick(now(4000.0));
    assert_eq!(list.len(), 0);
}

/// A look at what came since the last one finds what a look at all finds, over tables of any size.
#[test]
fn what_was_searched_once_is_not_searched_again() {
    let mut tables = Tables::default();
    let mut random = fastrand::Rng::with_seed(11);
    let names = |number: u64| {
        let mark = |number, has_cut| Mark {
            digest: record(number, 0, 0.0).digest,
            has_cut,
        };
        [mark(number, false), mark(number + 1_000, true)]
    };
    let issued = NumericDate::new(4.0);
    // The version in which each token was looked for last.
    let mut seen: Vec<Option<u64>> = vec![None; 1_000];
    let (mut refused, mut searched_again) = (0, 0);
    for step in 0..600 {
        let now = now(f64::from(step));
        let second = now.wall.unix_seconds();
        let changes: Map = (0..random.usize(1..30))
            .map(|_| {
                // Most concern no token.
                let number = random.u64(..100_000);
                let until = f64::from(step) + random.f64() * 300.0;
                let record = record(number, random.u64(..9), until);
                (record.digest, Entry::of(record))
            })
            .collect();
        tables = match (step % 90, step % 70) {
            (89, _) => tables.without_expired(second),
            (_, 69) => tables.anew(),
            _ => tables.with(changes, second),
        };
        for _ in 0..50 {
            let token = random.usize(..seen.len());
            let names = names(token as u64);
            let refuse = |seen| tables.refuse(&names, seen, issued, || now);
            let wanted = refuse(None);
            assert_eq!(refuse(seen[token]), wanted, "{step}, {:?}", seen[token]);
            searched_again += u32::from(seen[token].is_some());
            refused += u32::from(wanted);
            // It is refused until that comes to its end, and looked for again each time.
            if !wanted {
                seen[token] = Some(tables.version);
            }
        }
    }
    assert!(
        refused > 100 && searched_again > 10_000,
        "{refused} {searched_again}"
    );
}

/// A clock that was ahead has ended what is in force after all.
#[test]
fn a_token_is_looked_for_anew_if_the_clock_was_ahead() {
    let second = now(0.0).wall.unix_seconds();
    let revoked = record(1, 9, 100.0);
    let changes = [(revoked.digest, Entry::of(revoked))];
    let tables = Tables::default().with(changes.into_iter().collect(), second);
    let names = [Mark {
        digest: revoked.digest,
        has_cut: false,
    }];
    for tables in [tables.clone(), tables.without_expired(second)] {
        assert!(!tables.refuse(&names, None, None, || now(200.0)));
        let seen = Some(tables.version);
        assert!(tables.anew().refuse(&names, seen, None, || now(50.0)));
        assert!(!tables.anew().refuse(&[], seen, None, || now(50.0)));
    }
}

/// What has come to its end and is revoked anew begins anew.
#[test]
fn an_old_cut_is_not_brought_back() {
    let list = list(10);
    assert!(list.apply([record(1, 50, 10.0)], now(0.0)));
    assert!(list.apply([record(1, 20, 30.0)], now(10.0)));
    assert_eq!(list.in_force(now(10.0)), [record(1, 20, 30.0)]);
    assert!(
        !list.apply([record(2, 20, 10.0)], now(10.0)),
        "it has come to its end"
    );
}

#[test]
fn more_than_was_ever_allowed_is_passed_over() {
    let list = list(10);
    let many = (0..200_001).map(|number| record(number, 1, 500.0));
    assert!(list.apply(many, now(0.0)));
    assert_eq!(list.len(), 200_000);
    assert!(
        list.apply([record(3, 2, 500.0)], now(0.0)),
        "known ones count"
    );
    assert_eq!(list.len(), 200_000);
    assert!(!list.apply([record(200_001, 1, 500.0)], now(0.0)));
    list.tick(now(500.0));
    assert!(list.apply([record(200_001, 1, 900.0)], now(500.0)));
}

/// What is known makes another revocation needless only while it is in force, and if it refuses as
/// much for as long.
#[test]
fn what_is_known_covers_no_more_than_itself() {
    let list = list(10);
    list.apply([record(1, 50, 100.0)], now(0.0));
    for (what, wanted, covered) in [
        ("the same", record(1, 50, 100.0), true),
        ("less", record(1, 49, 99.0), true),
        ("a later cut", record(1, 51, 100.0), false),
        ("a later end", record(1, 50, 101.0), false),
        ("another", record(2, 50, 100.0), false),
    ] {
        assert_eq!(list.has(&wanted, now(0.0)), covered, "{what}");
        assert!(!list.has(&wanted, now(100.0)), "{what}: it has ended");
        let is_known = wanted.digest == record(1, 0, 0.0).digest;
        assert_eq!(list.knows(&wanted.digest), is_known, "{what}");
    }
}
