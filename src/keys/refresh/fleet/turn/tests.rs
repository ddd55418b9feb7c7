#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::base::numeric_date::NumericDate;

const WALL: u64 = 1_800_000_000_000;

const MINUTE: u64 = 60_000;

/// The start of a test, and what has passed since on both clocks.
#[derive(Clone, Copy)]
struct Time {
    start: Instant,
    milliseconds: u64,
}

impl Time {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            milliseconds: 0,
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.milliseconds += milliseconds;
    }

    fn now(self) -> Now {
        let passed = Duration::from_millis(self.milliseconds);
        Now {
            wall: NumericDate::new(WALL as f64 / 1000.0).unwrap().plus(passed),
            monotonic: self.start + passed,
        }
    }
}

fn known() -> Known {
    let seconds = Duration::from_secs;
    Known {
        times: Times {
            min_age: seconds(300),
            max_age: seconds(600),
            max_stale: seconds(24 * 3600),
            cooldown: seconds(30),
            timeout: seconds(5),
        },
        leeway: seconds(60),
        // Long before every budget that matters here was spent.
        fetched_at: WALL - 8 * MINUTE,
        is_serving: true,
        alone_from: None,
        has_failed: false,
        passed_over: Vec::new(),
    }
}

fn turn(purpose: Purpose) -> Turn {
    let mut known = known();
    if purpose == Purpose::Alone {
        known.alone_from = Instant::now().checked_sub(Duration::from_secs(1));
    }
    Turn::new(purpose, known)
}

/// The holder of a lease that never ends: somebody else has set it.
#[test]
fn a_turn_that_waits_for_a_holder_fetches_once_the_set_is_overdue() {
    let mut time = Time::start();
    let mut known = known();
    known.alone_from = Some(time.now().monotonic + Duration::from_secs(10));
    let mut turn = Turn::new(LATE, known);
    turn.looked(Ok(Vec::new()));
    assert_ne!(turn.next(time.now()), Step::Fetch);
    time.pass(10_000);
    assert_eq!(turn.next(time.now()), Step::Fetch);
}

fn hint(fetched_at: u64, secret: usize) -> Hint {
    let head = [&fetched_at.to_be_bytes()[..], &[0; 20]].concat();
    Hint::read(&head, secret).unwrap()
}

fn hold(until: u64) -> Hold {
    Hold { until, failures: 3 }
}

const START: Purpose = Purpose::Start;
const REFRESH: Purpose = Purpose::Refresh { is_late: false };
const LATE: Purpose = Purpose::Refresh { is_late: true };
const UNKNOWN: Purpose = Purpose::Asked(Permit::Unknown(Lookup::First));
const RETURNING: Purpose = Purpose::Asked(Permit::Fetch(Some(Lookup::Returning)));
const LOOK: Purpose = Purpose::Asked(Permit::Look);
const ALL: [Purpose; 7] = [
    START,
    REFRESH,
    LATE,
    UNKNOWN,
    RETURNING,
    LOOK,
    Purpose::Alone,
];

#[test]
fn every_turn_begins_with_a_look_and_takes_what_is_newer() {
    let now = Time::start().now();
    let newer = hint(WALL - MINUTE, 0);
    for purpose in ALL {
        let mut turn = turn(purpose);
        assert_eq!(turn.next(now), Step::Look, "{purpose:?}");
        turn.looked(Ok(vec![hint(WALL - 2 * MINUTE, 1), newer]));
        assert_eq!(turn.next(now), Step::Take(newer), "{purpose:?}");
        // What does not open is not asked for again, and the other name is.
        turn.pass_over(newer);
        let other = hint(WALL - 2 * MINUTE, 1);
        assert_eq!(turn.next(now), Step::Take(other), "{purpose:?}");
        turn.pass_over(other);
        assert!(!matches!(turn.next(now), Step::Take(_)), "{purpose:?}");
        assert_eq!(turn.passed_over(), [newer, other]);
        // Until it changes.
        let changed = hint(WALL - MINUTE + 1, 0);
        turn.looked(Ok(vec![changed]));
        assert_eq!(turn.next(now), Step::Take(changed), "{purpose:?}");
    }
}

#[test]
fn which_sets_replace_the_one_in_use() {
    let now = Time::start().now();
    // (when the set was fetched, whether it is taken: with keys, at a cold start, after a failure)
    for (what, fetched_at, warm, cold, after_failure) in [
        ("the one in use", WALL - 8 * MINUTE, false, false, false),
        ("an older one", WALL - 9 * MINUTE, false, false, false),
        ("a later one", WALL - 8 * MINUTE + 1, true, true, true),
        ("from now", WALL, true, true, true),
        (
            "as far ahead as clocks may be",
            WALL + MINUTE,
            true,
            true,
            true,
        ),
        ("further ahead", WALL + MINUTE + 1, false, false, false),
        ("the end of time", u64::MAX, false, false, false),
    ] {
        let replaces = |purpose, has_failed| {
            let known = Known {
                has_failed,
                ..known()
            };
            Turn::new(purpose, known).replaces(fetched_at, now)
        };
        let got = (
            replaces(REFRESH, false),
            replaces(START, false),
            replaces(START, true),
        );
        assert_eq!(got, (warm, cold, after_failure), "{what}");
    }
    // Without any set before.
    let day = 24 * 60 * MINUTE;
    for (age, cold, after_failure) in [
        (10 * MINUTE - 1, true, true),
        (10 * MINUTE, false, true),
        (day - 1, false, true),
        (day, false, false),
    ] {
        for (has_failed, want) in [(false, cold), (true, after_failure)] {
            let known = Known {
                has_failed,
                fetched_at: 0,
                ..known()
            };
            let turn = Turn::new(START, known);
            assert_eq!(turn.replaces(WALL - age, now), want, "{age} {has_failed}");
        }
    }
}

/// What each turn does when nothing is newer and nobody stands in its way.
#[test]
fn a_turn_that_meets_nobody_fetches_under_the_lease() {
    let now = Time::start().now();
    for purpose in [START, REFRESH, LATE, UNKNOWN, RETURNING] {
        let mut turn = turn(purpose);
        turn.looked(Ok(Vec::new()));
        assert_eq!(turn.next(now), Step::ReadHold, "{purpose:?}");
        turn.read_hold(Ok(None));
        if purpose == UNKNOWN {
            assert_eq!(turn.next(now), Step::SeeLease);
            turn.saw_lease(Ok(false), now);
            assert_eq!(turn.next(now), Step::SpendSlot);
            turn.spent_slot(Ok(true));
        }
        assert_eq!(turn.next(now), Step::GetLease, "{purpose:?}");
        turn.asked_for_lease([7; 16], Ok(true), now);
        // The holder before may have just written.
        assert_eq!(turn.next(now), Step::Look, "{purpose:?}");
        turn.looked(Ok(Vec::new()));
        assert_eq!(turn.next(now), Step::Fetch, "{purpose:?}");
        assert_eq!(turn.lease(), Some(&[7; 16]));
    }
    for (purpose, want) in [
        (LOOK, Step::End(NoFetch::LookedOnly)),
        (Purpose::Alone, Step::Fetch),
    ] {
        let mut turn = turn(purpose);
        turn.looked(Ok(Vec::new()));
        assert_eq!(turn.next(now), want, "{purpose:?}");
        assert_eq!(turn.lease(), None);
    }
}

#[test]
fn a_lease_of_another_is_waited_for_and_not_for_ever() {
    for purpose in [START, UNKNOWN, RETURNING] {
        let mut time = Time::start();
        let mut turn = turn(purpose);
        let mut waited = Vec::new();
        loop {
            match turn.next(time.now()) {
                Step::Look => turn.looked(Ok(Vec::new())),
                Step::ReadHold => turn.read_hold(Ok(None)),
                Step::SeeLease => turn.saw_lease(Ok(true), time.now()),
                Step::SpendSlot => turn.spent_slot(Ok(true)),
                Step::GetLease => turn.asked_for_lease([7; 16], Ok(false), time.now()),
                Step::Wait(pause) => {
                    waited.push(milliseconds(pause));
                    time.pass(milliseconds(pause));
                    turn.waited();
                }
                step => break assert_eq!(step, Step::Fetch, "{purpose:?}"),
            }
        }
        let want = [100, 200, 400, 800, 1000, 1000, 1000, 1000, 500];
        assert_eq!(waited, want, "{purpose:?}");
        assert_eq!(turn.lease(), None, "it fetches without");
    }
    // A refresh does not wait inside its turn.
    for purpose in [REFRESH, LATE] {
        let now = Time::start().now();
        let mut turn = turn(purpose);
        turn.looked(Ok(Vec::new()));
        turn.read_hold(Ok(None));
        turn.asked_for_lease([7; 16], Ok(false), now);
        assert_eq!(turn.next(now), Step::End(NoFetch::Busy), "{purpose:?}");
    }
}

#[test]
fn a_hold_ends_a_turn_unless_it_lies_too_far_ahead() {
    let now = Time::start().now();
    // (purpose, the end of the hold from now on, whether it counts)
    let half_as_much_again = |seconds: u64| seconds * 1500 + MINUTE;
    for (purpose, is_serving, ahead, counts) in [
        (START, false, 1, true),
        (START, false, 0, false),
        (START, false, half_as_much_again(60), true),
        (START, false, half_as_much_again(60) + 1, false),
        (REFRESH, true, half_as_much_again(600), true),
        (REFRESH, true, half_as_much_again(600) + 1, false),
        (UNKNOWN, true, 1000, true),
        (RETURNING, true, 1000, true),
    ] {
        let known = Known {
            is_serving,
            ..known()
        };
        let mut turn = Turn::new(purpose, known);
        turn.looked(Ok(Vec::new()));
        turn.read_hold(Ok(Some(hold(WALL + ahead))));
        let until = now.monotonic + Duration::from_millis(ahead);
        let ended = turn.next(now) == Step::End(NoFetch::Held { until });
        assert_eq!(ended, counts, "{purpose:?} {ahead}");
    }
    // It ends a wait too.
    let mut turn = turn(START);
    turn.looked(Ok(Vec::new()));
    turn.read_hold(Ok(None));
    turn.asked_for_lease([7; 16], Ok(false), now);
    turn.waited();
    turn.looked(Ok(Vec::new()));
    turn.read_hold(Ok(Some(hold(WALL + 1000))));
    assert!(matches!(turn.next(now), Step::End(NoFetch::Held { .. })));
}

#[test]
fn a_hold_ends_no_earlier_than_the_one_before() {
    let now = Time::start().now();
    let ours = Hold {
        until: WALL + 1000,
        failures: 1,
    };
    let too_far = 900_000 + MINUTE + 1;
    for (before, until) in [
        (None, 1000),
        (Some(0), 1000),
        (Some(90_000), 90_000),
        (Some(too_far - 1), too_far - 1),
        (Some(too_far), 1000),
    ] {
        let hold_before = before.map(|ahead| hold(WALL + ahead));
        let got = turn(REFRESH).no_earlier(ours, hold_before, now);
        let want = Hold {
            until: WALL + until,
            failures: 1,
        };
        assert_eq!(got, want, "{before:?}");
    }
}

#[test]
fn the_failures_of_the_fleet_count_while_the_hold_is_remembered() {
    let now = Time::start().now();
    for (until, want) in [
        (WALL + 1000, 3),
        (WALL, 3),
        (WALL - 2 * MINUTE + 1, 3),
        (WALL - 2 * MINUTE, 0),
        (WALL + 60 * MINUTE, 0),
    ] {
        let mut turn = turn(START);
        turn.read_hold(Ok(Some(hold(until))));
        assert_eq!(turn.failures(now), want, "{until}");
    }
    assert_eq!(turn(START).failures(now), 0);
}

#[test]
fn a_budget_that_is_spent_is_believed_after_a_fetch() {
    let now = Time::start().now();
    let no_hold = None;
    for (what, fetched_at, hold, want) in [
        (
            "a young set",
            WALL - 2 * MINUTE + 1,
            no_hold,
            Step::End(NoFetch::Spent),
        ),
        ("a set", WALL - 2 * MINUTE, no_hold, Step::GetLease),
        (
            "a young failure",
            WALL - 8 * MINUTE,
            Some(hold(WALL - 1000)),
            Step::End(NoFetch::Spent),
        ),
        (
            "a failure",
            WALL - 8 * MINUTE,
            Some(hold(WALL - 2 * MINUTE)),
            Step::GetLease,
        ),
    ] {
        let known = Known {
            fetched_at,
            ..known()
        };
        let mut turn = Turn::new(UNKNOWN, known);
        turn.looked(Ok(Vec::new()));
        turn.read_hold(Ok(hold));
        turn.saw_lease(Ok(false), now);
        turn.spent_slot(Ok(false));
        assert_eq!(turn.next(now), want, "{what}");
    }
}

#[test]
fn without_a_store_the_process_is_alone() {
    let now = Time::start().now();
    type Fail = fn(&mut Turn);
    let failures: [(&str, Fail); 5] = [
        ("look", |turn| turn.looked(Err(StoreFailed))),
        ("hold", |turn| turn.read_hold(Err(StoreFailed))),
        ("lease seen", |turn| {
            turn.saw_lease(Err(StoreFailed), Time::start().now());
        }),
        ("slot", |turn| turn.spent_slot(Err(StoreFailed))),
        ("lease", |turn| {
            turn.asked_for_lease([7; 16], Err(StoreFailed), Time::start().now());
        }),
    ];
    for (what, fail) in failures {
        for purpose in ALL {
            let mut turn = turn(purpose);
            fail(&mut turn);
            let want = match purpose {
                REFRESH => Step::End(NoFetch::StoreFailed),
                LOOK => Step::End(NoFetch::LookedOnly),
                _ => Step::Fetch,
            };
            assert_eq!(turn.next(now), want, "{what} {purpose:?}");
        }
    }
}
