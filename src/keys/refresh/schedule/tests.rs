#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;

use super::*;
use crate::base::numeric_date::NumericDate;
use crate::limits::{
    DEFAULT_COOLDOWN, DEFAULT_MAX_AGE, DEFAULT_MAX_STALE, DEFAULT_MIN_AGE, DEFAULT_TIMEOUT,
    MIN_SERVER_MAX_AGE,
};

const TIMES: Times = Times {
    min_age: MIN_SERVER_MAX_AGE,
    max_age: DEFAULT_MAX_AGE,
    max_stale: DEFAULT_MAX_STALE,
    cooldown: DEFAULT_COOLDOWN,
    timeout: DEFAULT_TIMEOUT,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock of the test's own: both hands move together unless one is pushed.
#[derive(Clone, Copy)]
struct Time {
    now: Now,
    start: Instant,
}

impl Time {
    fn start() -> Self {
        let start = Instant::now();
        let wall = NumericDate::new(1_800_000_000.0).unwrap();
        Self {
            now: Now {
                wall,
                monotonic: start,
            },
            start,
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall = self.now.wall.plus(time);
    }

    fn elapsed(&self) -> Duration {
        self.now.monotonic - self.start
    }

    fn until(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.now.monotonic)
    }
}

#[test]
fn refresh_is_due_ahead_of_the_end_of_a_life() {
    // (what the server says, the least and the most that is waited, without and with all jitter)
    for (server, latest, earliest) in [
        (None, 480, 432),
        (Some(0), 24, 21),
        (Some(300), 240, 216),
        (Some(86_400), 480, 432),
    ] {
        for (jitter, want) in [(0.0, latest), (1.0, earliest)] {
            let mut time = Time::start();
            let mut schedule = Schedule::new(TIMES, time.now.monotonic);
            assert_eq!(
                time.until(schedule.due(time.now)),
                Duration::ZERO,
                "the first is due at once"
            );
            schedule.succeeded(FetchedAt::now(time.now), server.map(seconds), jitter);
            assert_eq!(
                time.until(schedule.due(time.now)).as_secs(),
                want,
                "{server:?} {jitter}"
            );
            time.pass(seconds(20));
            assert_eq!(time.until(schedule.due(time.now)).as_secs(), want - 20);
        }
    }
}

#[test]
fn failures_back_off_and_one_success_ends_it() {
    let mut time = Time::start();
    let mut schedule = Schedule::new(TIMES, time.now.monotonic);
    for want in [1, 2, 4, 8, 16, 30, 30, 30] {
        schedule.failed(time.now.monotonic, None, 0.0);
        assert_eq!(time.until(schedule.due(time.now)), seconds(want));
        assert_eq!(
            schedule.retry_at(time.now.monotonic),
            time.now.monotonic + seconds(want)
        );
        time.pass(seconds(want));
        assert_eq!(time.until(schedule.due(time.now)), Duration::ZERO);
    }
    for _ in 0..100 {
        schedule.failed(time.now.monotonic, None, 1.0);
    }
    assert_eq!(
        time.until(schedule.due(time.now)),
        DEFAULT_COOLDOWN.mul_f64(0.75),
        "jitter only shortens"
    );
    schedule.succeeded(FetchedAt::now(time.now), None, 0.0);
    assert_eq!(time.until(schedule.due(time.now)), seconds(480));
    schedule.failed(time.now.monotonic, None, 0.0);
    assert_eq!(
        schedule.retry_at(time.now.monotonic),
        time.now.monotonic + seconds(1),
        "and starts over"
    );
}

#[test]
fn retry_after_lengthens_a_pause_up_to_max_age() {
    for (asked, want) in [
        (0, 1),
        (1, 1),
        (120, 120),
        (600, 600),
        (601, 600),
        (u64::MAX, 600),
    ] {
        let time = Time::start();
        let mut schedule = Schedule::new(TIMES, time.now.monotonic);
        let retry_after = RetryAfter {
            asked: seconds(asked),
            serving_for: Some(Duration::MAX),
        };
        schedule.failed(time.now.monotonic, Some(retry_after), 0.0);
        assert_eq!(time.until(schedule.due(time.now)), seconds(want), "{asked}");
    }
}

#[test]
fn field_f15_retry_after_is_capped_and_spread_upwards() {
    let day = Some(seconds(24 * 3600));
    // (asked, how long keys serve, the pause without and with all jitter)
    for (asked, serving_for, least, most) in [
        (30, None, 30, 45),
        (60, None, 60, 90),
        (61, None, 60, 90),
        (3600, None, 60, 90),
        (u64::MAX, None, 60, 90),
        (3600, day, 600, 600),
        (120, day, 120, 120),
        // Keys that soon expire: no request waits longer for the next ones than without keys.
        (3600, Some(seconds(700)), 600, 600),
        (3600, Some(seconds(100)), 100, 100),
        (3600, Some(seconds(80)), 80, 90),
        (3600, Some(seconds(1)), 60, 90),
    ] {
        for (jitter, want) in [(0.0, least), (1.0, most)] {
            let time = Time::start();
            let mut schedule = Schedule::new(TIMES, time.now.monotonic);
            let retry_after = RetryAfter {
                asked: seconds(asked),
                serving_for,
            };
            schedule.failed(time.now.monotonic, Some(retry_after), jitter);
            let pause = time.until(schedule.due(time.now));
            assert_eq!(pause, seconds(want), "{asked} {serving_for:?} {jitter}");
        }
    }
}

#[test]
fn field_f16_a_life_shorter_than_min_age_is_raised_to_it() {
    let times = |min_age, max_age| Times {
        min_age,
        max_age: seconds(max_age),
        ..TIMES
    };
    // (min_age, max_age, what the server says, the life)
    for (min_age, max_age, server, life) in [
        (DEFAULT_MIN_AGE, 600, Some(0), 300),
        (DEFAULT_MIN_AGE, 600, Some(15), 300),
        (DEFAULT_MIN_AGE, 600, Some(299), 300),
        (DEFAULT_MIN_AGE, 600, Some(301), 301),
        (DEFAULT_MIN_AGE, 600, Some(601), 600),
        (DEFAULT_MIN_AGE, 600, None, 600),
        (DEFAULT_MIN_AGE, 120, Some(15), 120),
        (seconds(30), 600, Some(15), 30),
        (seconds(600), 600, Some(15), 600),
    ] {
        let got = times(min_age, max_age).lifetime(server.map(seconds));
        assert_eq!(got, seconds(life), "{min_age:?} {max_age} {server:?}");
    }
}

#[test]
fn a_short_cooldown_bounds_the_first_pause_too() {
    let time = Time::start();
    let times = Times {
        cooldown: Duration::from_millis(200),
        ..TIMES
    };
    let mut schedule = Schedule::new(times, time.now.monotonic);
    schedule.failed(time.now.monotonic, None, 0.0);
    assert_eq!(
        time.until(schedule.due(time.now)),
        Duration::from_millis(200)
    );
}

/// A schedule with a good set, fetched now.
fn fresh() -> (Time, Schedule) {
    let time = Time::start();
    let mut schedule = Schedule::new(TIMES, time.now.monotonic);
    schedule.succeeded(FetchedAt::now(time.now), None, 0.0);
    (time, schedule)
}

/// Asks for each `kid` in turn.
fn decides<const N: usize>(schedule: &mut Schedule, now: Now, wanted: [(KidHash, Decision); N]) {
    for (place, (kid, decision)) in wanted.into_iter().enumerate() {
        let decided = ask_for_kid(schedule, kid, now.monotonic);
        assert_eq!(decided, decision, "kid {kid}, question {place}");
    }
}

/// Asks, and holds the answer against what was foretold.
fn ask_for_kid(schedule: &mut Schedule, kid: KidHash, now: Instant) -> Decision {
    let foretold = schedule.is_absent(kid, now);
    let decision = schedule.ask_for_kid(kid, now);
    assert_eq!(foretold, decision == Decision::Absent, "{decision:?}");
    decision
}

#[test]
fn unknown_kids_have_two_fetches_and_one_more_per_cooldown() {
    let (mut time, mut schedule) = fresh();
    let mut kid = 0;
    let mut ask = |schedule: &mut Schedule, time: &Time| {
        kid += 1;
        ask_for_kid(schedule, kid, time.now.monotonic)
    };
    assert_eq!(ask(&mut schedule, &time), Decision::Fetch);
    assert_eq!(ask(&mut schedule, &time), Decision::Fetch);
    // A fetch might find it, so it is not known to be absent.
    let too_many = |time: &Time, wait| Decision::TooMany {
        until: time.now.monotonic + wait,
    };
    assert_eq!(ask(&mut schedule, &time), too_many(&time, seconds(30)));
    time.pass(Duration::from_millis(29_999));
    let millisecond = Duration::from_millis(1);
    assert_eq!(ask(&mut schedule, &time), too_many(&time, millisecond));
    time.pass(Duration::from_millis(1));
    assert_eq!(ask(&mut schedule, &time), Decision::Fetch);
    assert_eq!(ask(&mut schedule, &time), too_many(&time, seconds(30)));
    // They add up to two and no more.
    time.pass(seconds(3600));
    assert_eq!(ask(&mut schedule, &time), Decision::Fetch);
    assert_eq!(ask(&mut schedule, &time), Decision::Fetch);
    assert_eq!(ask(&mut schedule, &time), too_many(&time, seconds(30)));
    // Spent while fetches fail, the answer is not "there is no such key" but "come back".
    schedule.failed(time.now.monotonic, None, 0.0);
    time.pass(seconds(1));
    assert_eq!(
        ask(&mut schedule, &time),
        Decision::BackOff {
            until: time.now.monotonic + seconds(29)
        }
    );
}

#[test]
fn a_kid_that_a_fetch_lacked_is_remembered_until_the_set_changes() {
    let (mut time, mut schedule) = fresh();
    schedule.note_lacked([7].into_iter(), false, time.now.monotonic);
    for _ in 0..10 {
        assert_eq!(
            ask_for_kid(&mut schedule, 7, time.now.monotonic),
            Decision::Absent
        );
    }
    assert_eq!(
        ask_for_kid(&mut schedule, 8, time.now.monotonic),
        Decision::Fetch,
        "the budget is whole"
    );
    schedule.note_lacked([9].into_iter(), true, time.now.monotonic);
    assert_eq!(
        ask_for_kid(&mut schedule, 9, time.now.monotonic),
        Decision::Absent
    );
    assert_eq!(
        ask_for_kid(&mut schedule, 7, time.now.monotonic),
        Decision::Fetch,
        "a new set forgets"
    );
    time.pass(DEFAULT_COOLDOWN);
    assert_eq!(
        ask_for_kid(&mut schedule, 9, time.now.monotonic),
        Decision::Fetch
    );
}

/// After 1 s, 2 s, 4 s .. up to the cooldown, and never more often than the budget for it allows.
#[test]
fn field_s05_a_kid_that_a_fetch_lacked_is_looked_for_again() {
    let (mut time, mut schedule) = fresh();
    schedule.note_lacked([7].into_iter(), false, time.now.monotonic);
    for (pause, fetched) in [
        (1, true),
        (2, true),
        (4, false),
        (23, false),
        (1, true),
        (8, false),
        (20, false),
        (2, true),
        (29, false),
        (1, true),
    ] {
        time.pass(seconds(pause) - Duration::from_nanos(1));
        let early = ask_for_kid(&mut schedule, 7, time.now.monotonic);
        assert_eq!(early, Decision::Absent, "{pause} {:?}", time.elapsed());
        time.pass(Duration::from_nanos(1));
        let decision = ask_for_kid(&mut schedule, 7, time.now.monotonic);
        let want = if fetched {
            Decision::Fetch
        } else {
            Decision::Absent
        };
        assert_eq!(decision, want, "{pause} {:?}", time.elapsed());
        if fetched {
            schedule.note_lacked([7].into_iter(), false, time.now.monotonic);
        }
    }
    // New kids have their own budget.
    decides(
        &mut schedule,
        time.now,
        [(1, Decision::Fetch), (2, Decision::Fetch)],
    );
}

#[test]
fn a_kid_that_an_earlier_set_held_is_never_absent_and_has_a_budget_of_its_own() {
    let (mut time, mut schedule) = fresh();
    schedule.note_withdrawn([7].into_iter());
    schedule.note_lacked([7, 8].into_iter(), false, time.now.monotonic);
    assert!(schedule.was_withdrawn(7) && !schedule.was_withdrawn(8));
    decides(
        &mut schedule,
        time.now,
        [
            (7, Decision::Fetch),
            (7, Decision::Fetch),
            (7, Decision::Absent),
            (8, Decision::Absent),
            (9, Decision::Fetch),
            (10, Decision::Fetch),
        ],
    );
    time.pass(DEFAULT_COOLDOWN);
    assert_eq!(
        ask_for_kid(&mut schedule, 7, time.now.monotonic),
        Decision::Fetch
    );
    schedule.note_withdrawn(0..1_000_000);
    schedule.note_withdrawn(0..10);
    assert!(schedule.withdrawn.len() <= MAX_REMEMBERED_KIDS, "bounded");
}

#[test]
fn absent_kids_are_bounded() {
    let (mut time, mut schedule) = fresh();
    schedule.note_lacked(0..1_000_000, false, time.now.monotonic);
    assert_eq!(schedule.lacked.len(), MAX_REMEMBERED_KIDS);
    time.pass(DEFAULT_COOLDOWN);
    schedule.note_lacked([u64::MAX].into_iter(), false, time.now.monotonic);
    assert_eq!(
        schedule.lacked.len(),
        1,
        "those whose time is over make room"
    );
}

#[test]
fn a_bad_signature_asks_once_per_cooldown_of_a_set_that_is_older() {
    let (mut time, mut schedule) = fresh();
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(Duration::from_millis(29_999));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(Duration::from_millis(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Fetch);
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(seconds(29));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(seconds(1));
    schedule.failed(time.now.monotonic, None, 0.0);
    assert_eq!(
        schedule.ask_for_signature(time.now),
        Decision::Absent,
        "not in a back-off"
    );
    time.pass(seconds(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Fetch);
    // It spends nothing of the unknown kids' budget.
    decides(
        &mut schedule,
        time.now,
        [(1, Decision::Fetch), (2, Decision::Fetch)],
    );
}

#[test]
fn a_bad_signature_may_ask_at_the_very_end_of_a_cooldown() {
    let (mut time, mut schedule) = fresh();
    time.pass(TIMES.cooldown - Duration::from_nanos(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(Duration::from_nanos(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Fetch);
    time.pass(TIMES.cooldown - Duration::from_nanos(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Absent);
    time.pass(Duration::from_nanos(1));
    assert_eq!(schedule.ask_for_signature(time.now), Decision::Fetch);
}

#[test]
fn what_is_noted_later_takes_the_place_of_nothing() {
    let (mut time, mut schedule) = fresh();
    schedule.note_lacked([1].into_iter(), false, time.now.monotonic);
    schedule.note_withdrawn([3].into_iter());
    time.pass(Duration::from_millis(900));
    schedule.note_lacked([2].into_iter(), false, time.now.monotonic);
    schedule.note_withdrawn([4].into_iter());
    for kid in [1, 2] {
        let decision = ask_for_kid(&mut schedule, kid, time.now.monotonic);
        assert_eq!(decision, Decision::Absent, "{kid}");
    }
    assert!(schedule.was_withdrawn(3) && schedule.was_withdrawn(4));
}

#[test]
fn a_set_of_another_process_is_as_old_as_it_says() {
    let time = Time::start();
    let fetched = FetchedAt::before(time.now, seconds(100));
    assert_eq!(fetched.unix_seconds(), 1_800_000_000 - 100);
    let until = fetched.fresh_until(seconds(600));
    assert_eq!(time.until(until.monotonic), seconds(500));
    assert_eq!(until.wall.unix_seconds(), 1_800_000_500);
}

#[test]
fn n121_age_by_two_clocks() {
    let time = Time::start();
    let fetched = FetchedAt::now(time.now);
    let older = FetchedAt::before(time.now, seconds(1000));
    // (monotonic passes, wall passes, age with max_age 600)
    for (monotonic, wall, want) in [
        (0, 0.0, 0),
        (100, 100.0, 100),
        (100, 700.0, 100),
        (100, 701.0, 701),
        (100, 36_000.0, 36_000),
        (100, -36_000.0, 100),
        (100, 0.0, 100),
    ] {
        let now = Now {
            monotonic: time.now.monotonic + seconds(monotonic),
            wall: NumericDate::new(1_800_000_000.0 + wall).unwrap(),
        };
        assert_eq!(
            fetched.age(now, DEFAULT_MAX_AGE),
            seconds(want),
            "{monotonic} {wall}"
        );
        assert_eq!(
            older.age(now, DEFAULT_MAX_AGE),
            seconds(want + 1000),
            "{monotonic} {wall}, from a snapshot"
        );
    }
}

#[derive(Clone, Debug)]
enum Event {
    Junk,
    KidAgain,
    BadSignature,
    IssuerDown,
    IssuerUp,
    Nothing,
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        4 => Just(Event::Junk),
        2 => Just(Event::KidAgain),
        2 => Just(Event::BadSignature),
        1 => Just(Event::IssuerDown),
        2 => Just(Event::IssuerUp),
        2 => Just(Event::Nothing),
    ];
    prop::collection::vec((0_u64..20_000, event), 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Whatever happens in whatever order: fetches stay within their budgets, none happens in a
    /// back-off, and within one step of the back-off after the issuer's return everything that was
    /// due has happened.
    #[test]
    fn budgets_hold_and_recovery_follows(events in events(), jitter in 0.0..1.0_f64) {
        let mut time = Time::start();
        let mut schedule = Schedule::new(TIMES, time.now.monotonic);
        let mut up = true;
        let mut next_step = time.now.monotonic;
        let (mut scheduled_good, mut of_signatures, mut failed) = (0_u32, 0_u32, 0_u32);
        let (mut first_looks, mut second_looks) = (0_u32, 0_u32);
        let mut last_fetch: Option<Duration> = None;
        let mut kid = 0;
        for (milliseconds, event) in events {
            // The task, step by step: it acts when something is due.
            let target = time.elapsed() + Duration::from_millis(milliseconds);
            loop {
                let due = time.until(schedule.due(time.now));
                if time.elapsed() + due > target {
                    break;
                }
                time.pass(due);
                if up {
                    schedule.succeeded(FetchedAt::now(time.now), None, jitter);
                    scheduled_good += 1;
                } else {
                    schedule.failed(time.now.monotonic, None, jitter);
                    failed += 1;
                }
                last_fetch = Some(time.elapsed());
            }
            time.pass(target - time.elapsed());
            let asked = match event {
                Event::Junk => {
                    kid += 1;
                    Some((ask_for_kid(&mut schedule, kid, time.now.monotonic), &mut first_looks))
                }
                Event::KidAgain => {
                    let count = match schedule.was_lacked(u64::MAX) {
                        true => &mut second_looks,
                        false => &mut first_looks,
                    };
                    Some((ask_for_kid(&mut schedule, u64::MAX, time.now.monotonic), count))
                }
                Event::BadSignature => Some((schedule.ask_for_signature(time.now), &mut of_signatures)),
                Event::IssuerDown => { up = false; None }
                Event::IssuerUp => {
                    if !up {
                        next_step = schedule.retry_at(time.now.monotonic);
                    }
                    up = true;
                    None
                }
                Event::Nothing => None,
            };
            if let Some((Decision::Fetch, count)) = asked {
                prop_assert!(schedule.retry_at(time.now.monotonic) <= time.now.monotonic, "a fetch in a back-off");
                *count += 1;
                last_fetch = Some(time.elapsed());
                if up {
                    schedule.succeeded(FetchedAt::now(time.now), None, jitter);
                    schedule.note_lacked([kid, u64::MAX].into_iter(), false, time.now.monotonic);
                } else {
                    schedule.failed(time.now.monotonic, None, jitter);
                    failed += 1;
                }
            }
            let cooldowns = time.elapsed().as_secs() / 30;
            for looks in [first_looks, second_looks] {
                prop_assert!(u64::from(looks) <= 2 + cooldowns, "{looks} looks in {:?}", time.elapsed());
            }
            prop_assert!(u64::from(of_signatures) <= 1 + cooldowns);
            prop_assert!(u64::from(scheduled_good) <= 2 + time.elapsed().as_secs() / 400 + u64::from(failed));
            // Back for one step of the back-off: nothing may still be waiting to be tried.
            if up && time.now.monotonic > next_step {
                prop_assert!(schedule.retry_at(time.now.monotonic) <= time.now.monotonic);
                prop_assert!(last_fetch.is_some());
                prop_assert!(schedule.last_good.is_some());
            }
        }
    }
}
