#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::base::numeric_date::NumericDate;
use crate::keys::snapshot::FetchedAt;

const WALL: u64 = 1_800_000_000_000;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn times() -> Times {
    Times {
        min_age: seconds(300),
        max_age: seconds(600),
        max_stale: seconds(24 * 3600),
        cooldown: seconds(30),
        timeout: seconds(5),
    }
}

fn start() -> Now {
    Now {
        wall: NumericDate::new(WALL as f64 / 1000.0).unwrap(),
        monotonic: Instant::now(),
    }
}

fn after(now: Now, passed: Duration) -> Now {
    Now {
        wall: now.wall.plus(passed),
        monotonic: now.monotonic + passed,
    }
}

/// A process whose set was fetched now.
fn fresh(now: Now) -> (FleetMemory, Schedule) {
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    let mut schedule = Schedule::new(times(), now.monotonic);
    memory.begin_fetch(now);
    memory.fetched(None, 1);
    schedule.succeeded(FetchedAt::now(now), None, fastrand::f64());
    (memory, schedule)
}

#[test]
fn turns_are_due_at_moments_of_their_own() {
    let now = start();
    let mut own = Vec::new();
    for _ in 0..200 {
        let (mut memory, mut schedule) = fresh(now);
        let due = |memory: &FleetMemory, schedule: &Schedule| {
            memory
                .due(schedule, now)
                .saturating_duration_since(now.monotonic)
        };
        let look = due(&memory, &schedule);
        assert!(look >= seconds(432) && look <= seconds(480), "{look:?}");
        let at_look = after(now, look);
        let purpose = memory.turn(&schedule, true, at_look).purpose;
        assert_eq!(purpose, Purpose::Refresh { is_late: false });
        // The store fails.
        memory.ended(
            NoFetch::StoreFailed,
            &mut schedule,
            at_look.monotonic,
            at_look,
        );
        let late = due(&memory, &schedule);
        assert!(late >= seconds(480) && late <= seconds(600), "{late:?}");
        let purpose = memory.turn(&schedule, true, after(now, late)).purpose;
        assert_eq!(purpose, Purpose::Refresh { is_late: true });
        // A hold, or a lease, that never ends.
        let until = now.monotonic + seconds(5000);
        memory.ended(
            NoFetch::Held { until },
            &mut schedule,
            at_look.monotonic,
            at_look,
        );
        let alone = due(&memory, &schedule);
        assert!(alone >= seconds(600) && alone <= seconds(720), "{alone:?}");
        let purpose = memory.turn(&schedule, true, after(now, alone)).purpose;
        assert_eq!(purpose, Purpose::Alone);
        // Under the back-off of the process itself.
        let failed_at = now.monotonic + alone;
        schedule.failed(failed_at, None, 0.0);
        assert_eq!(due(&memory, &schedule), alone + seconds(1));
        own.push([look, late, alone]);
    }
    for kind in 0..3 {
        let mut moments: Vec<_> = own.iter().map(|moments| moments[kind]).collect();
        moments.dedup();
        assert!(moments.len() > 190, "each has its own: {kind}");
    }
}

#[test]
fn a_busy_fleet_is_looked_at_again_soon() {
    let now = start();
    let (mut memory, mut schedule) = fresh(now);
    let mut at = after(now, seconds(500));
    for pause in [100, 200, 400, 800, 1000, 1000] {
        memory.ended(NoFetch::Busy, &mut schedule, at.monotonic, at);
        let due = memory.due(&schedule, at) - at.monotonic;
        assert_eq!(due, Duration::from_millis(pause));
        at = after(at, due);
    }
    memory.taken(WALL + 1, seconds(600), 2, &HashSet::new());
    schedule.succeeded(FetchedAt::now(at), None, 0.0);
    assert_eq!(memory.due(&schedule, at) - at.monotonic, seconds(480));
}

#[test]
fn each_fetch_is_later_than_every_set_that_was_seen() {
    let now = start();
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    assert_eq!(memory.begin_fetch(now), WALL);
    memory.fetched(None, 1);
    assert_eq!(memory.begin_fetch(now), WALL + 1, "in the same moment");
    // From a clock that is ahead.
    memory.taken(WALL + 50_000, seconds(600), 2, &HashSet::new());
    assert_eq!(memory.begin_fetch(now), WALL + 50_001);
    assert_eq!(memory.begin_fetch(after(now, seconds(60))), WALL + 60_000);
}

#[test]
fn a_clock_that_is_set_right_counts_from_then_on() {
    let now = start();
    let day = seconds(24 * 3600);
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    memory.begin_fetch(after(now, day));
    memory.fetched(None, 1);
    // As far ahead as others take it, and then with everybody else.
    assert_eq!(memory.begin_fetch(now), WALL + 60_000);
    memory.fetched(None, 2);
    let next = after(now, seconds(480));
    assert_eq!(memory.begin_fetch(next), WALL + 480_000);
}

#[test]
fn a_process_is_left_behind_when_the_others_go_on_without_it() {
    let now = start();
    let hint = |ahead: u64| {
        let head = [&(WALL + ahead).to_be_bytes()[..], &[0; 20]].concat();
        Hint::read(&head, 0).unwrap()
    };
    let (near, far, farther) = (hint(60_000), hint(60_001), hint(3_600_000));
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    let mut meets = |hints: &[Hint]| memory.is_left_behind(hints, now);
    assert!(!meets(&[near]) && !meets(&[near]), "it could be taken");
    assert!(!meets(&[far]), "once");
    assert!(!meets(&[far]), "nobody goes on");
    assert!(meets(&[near, farther]));
    assert!(meets(&[far]));
    assert!(!meets(&[]) && !meets(&[far]));
    memory.taken(1, seconds(600), 1, &HashSet::new());
    assert!(
        !memory.is_left_behind(&[farther], now),
        "its clock is right"
    );
    assert!(memory.is_left_behind(&[far], now));
}

#[test]
fn the_second_newer_set_proves_a_kid_absent() {
    let set = |kids: &[KidHash]| -> HashSet<KidHash> { kids.iter().copied().collect() };
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    let mut take = |asked: &[KidHash]| memory.taken(1, seconds(600), 1, &set(asked));
    assert_eq!(take(&[1, 2]), set(&[]));
    assert_eq!(take(&[1, 2, 3]), set(&[1, 2]));
    assert_eq!(take(&[3]), set(&[3]));
    // Held by the set between, and so not asked for then.
    assert_eq!(take(&[4]), set(&[]));
    assert_eq!(take(&[]), set(&[]));
    assert_eq!(take(&[4]), set(&[]));
}

/// What the schedule decides, and what becomes of it in a fleet.
#[test]
fn budgets_of_the_process_stay_in_force() {
    let now = start();
    let at = now.monotonic;
    let (mut memory, mut schedule) = fresh(now);
    let purpose =
        |memory: &mut FleetMemory, schedule: &Schedule| memory.turn(schedule, true, now).purpose;
    let ask = |memory: &mut FleetMemory, schedule: &mut Schedule, kid| {
        let decision = schedule.ask_for_kid(kid, at);
        memory.permit(schedule, decision, Some(kid), at)
    };
    let unknown = Purpose::Asked(Permit::Unknown(Lookup::First));
    for kid in [1, 2] {
        assert_eq!(ask(&mut memory, &mut schedule, kid), Decision::Fetch);
        assert_eq!(purpose(&mut memory, &schedule), unknown);
    }
    // The budget of the process is spent: a look costs nothing.
    assert_eq!(ask(&mut memory, &mut schedule, 3), Decision::Fetch);
    let look = memory.turn(&schedule, true, now);
    assert_eq!(look.purpose, Purpose::Asked(Permit::Look));
    memory.keep(&look, at);
    memory.ended(NoFetch::LookedOnly, &mut schedule, at, now);
    let until = at + seconds(1);
    assert_eq!(
        ask(&mut memory, &mut schedule, 4),
        Decision::TooMany { until }
    );
    // What the fleet did not allow is given back, and asked for a second later.
    schedule.give_back(Lookup::First);
    assert_eq!(
        ask(&mut memory, &mut schedule, 4),
        Decision::TooMany { until }
    );
    let decision = schedule.ask_for_kid(4, until);
    assert_eq!(
        memory.permit(&mut schedule, decision, Some(4), until),
        Decision::Fetch
    );
    assert_eq!(purpose(&mut memory, &schedule), unknown);
    // Another key of a kid, and a token without one, need no shared budget.
    assert_eq!(
        memory.permit(&mut schedule, Decision::Fetch, None, at),
        Decision::Fetch
    );
    assert_eq!(
        purpose(&mut memory, &schedule),
        Purpose::Asked(Permit::Fetch(None))
    );
    for decision in [Decision::Absent, Decision::BackOff { until }] {
        assert_eq!(
            memory.permit(&mut schedule, decision, Some(5), at),
            decision
        );
    }
}

/// A process that has no keys, or only some to start with, is neither warm nor alone.
#[test]
fn a_process_without_a_set_starts() {
    let now = start();
    let mut memory = FleetMemory::new(times(), seconds(60), 0);
    let schedule = Schedule::new(times(), now.monotonic);
    for is_serving in [false, true] {
        let turn = memory.turn(&schedule, is_serving, now);
        assert_eq!(turn.purpose, Purpose::Start, "{is_serving}");
    }
    assert_eq!(memory.due(&schedule, now), now.monotonic);
    let (mut memory, schedule) = fresh(now);
    let turn = memory.turn(&schedule, false, after(now, seconds(24 * 3600)));
    assert_eq!(turn.purpose, Purpose::Start, "past max_stale");
}

/// When the refresh is due anyway, a request spends nothing that the fleet shares.
#[test]
fn who_asks_when_the_refresh_is_due_fetches_for_all() {
    let now = start();
    let kid = 7;
    for (early, want) in [
        (seconds(1), Permit::Look),
        (Duration::ZERO, Permit::Fetch(None)),
    ] {
        let (mut memory, mut schedule) = fresh(now);
        let due = schedule.refresh_due(now).duration_since(now.monotonic);
        let at = after(now, due - early);
        let until = at.monotonic + seconds(9);
        let decision = Decision::TooMany { until };
        let permitted = memory.permit(&mut schedule, decision, Some(kid), at.monotonic);
        assert_eq!(permitted, Decision::Fetch);
        let turn = memory.turn(&schedule, true, at);
        assert_eq!(turn.purpose, Purpose::Asked(want), "{early:?} before");
    }
}

/// Between two looks. A `kid` that was looked for is absent, and a new one may well exist.
#[test]
fn between_looks_only_what_was_lacked_is_absent() {
    let now = start();
    let (lacked, new) = (8, 9);
    let (mut memory, mut schedule) = fresh(now);
    schedule.note_lacked([lacked].into_iter(), false, now.monotonic);
    let began = now.monotonic + Duration::from_millis(500);
    memory.ended(NoFetch::LookedOnly, &mut schedule, began, now);
    let until = began + seconds(1);
    let mut ask = |kid, at| {
        let decision = schedule.ask_for_kid(kid, at);
        memory.permit(&mut schedule, decision, Some(kid), at)
    };
    let at = now.monotonic + seconds(1);
    for _ in 0..3 {
        assert_eq!(ask(lacked, at), Decision::Absent);
        assert_eq!(ask(new, at), Decision::TooMany { until });
    }
    // Nothing was spent.
    assert_eq!(ask(lacked, until), Decision::Fetch);
    assert_eq!(ask(new, until), Decision::Fetch);
}

#[test]
fn turns_without_a_fetch_are_counted() {
    let now = start();
    let (mut memory, mut schedule) = fresh(now);
    assert_eq!(memory.turns_without_fetch(), 0, "it has fetched");
    memory.ended(NoFetch::Busy, &mut schedule, now.monotonic, now);
    assert_eq!(memory.turns_without_fetch(), 1);
    memory.taken(WALL + 1, seconds(600), 3, &HashSet::new());
    assert_eq!(memory.turns_without_fetch(), 2);
}

/// Only what this process fetched proves at once that a `kid` is absent.
#[test]
fn the_last_own_fetch_proves_what_was_asked_before() {
    let now = start();
    let (mut memory, _) = fresh(now);
    memory.taken(WALL + 1, seconds(600), 2, &HashSet::new());
    assert!(memory.proves(1) && !memory.proves(2));
    assert!(!memory.was_taken(1) && memory.was_taken(2));
    memory.begin_fetch(now);
    memory.fetched(None, 3);
    assert!(memory.proves(2) && memory.proves(3) && !memory.proves(4));
    assert!(memory.was_taken(2) && !memory.was_taken(3));
}
