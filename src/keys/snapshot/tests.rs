#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use tokio::time::Instant;

use super::*;
use crate::base::numeric_date::NumericDate;

const NOW: f64 = 1_800_000_000.0;

/// Fresh for ten seconds, and of use for thirty.
fn fetched(at: Now, already: f64) -> Snapshot {
    let times = Times {
        min_age: seconds(1.0),
        max_age: seconds(10.0),
        max_stale: seconds(30.0),
        cooldown: seconds(1.0),
        timeout: seconds(1.0),
    };
    let origin = Origin {
        document: b"{}".to_vec(),
        validators: None,
    };
    let fetched = FetchedAt::before(at, seconds(already));
    Snapshot {
        keys: KeySet::empty().into(),
        generation: 1,
        life: Some(Life::new(fetched, times, origin.into())),
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn start() -> Now {
    Now {
        wall: NumericDate::new(NOW).unwrap(),
        monotonic: Instant::now(),
    }
}

/// Each clock has gone on by itself.
fn after(start: Now, monotonic: f64, wall: f64) -> Now {
    Now {
        wall: NumericDate::new(NOW + wall).unwrap(),
        monotonic: start.monotonic + seconds(monotonic),
    }
}

/// Each row: what has passed by the monotonic clock and by the other one; whether the keys are
/// fresh, whether they may serve, and whether the machine slept through a refresh.
#[test]
fn how_long_keys_serve_by_both_clocks() {
    let start = start();
    for (monotonic, wall, is_fresh, serves, slept) in [
        (0.0, 0.0, true, true, false),
        (9.9, 9.9, true, true, false),
        (10.0, 10.0, false, true, false),
        (29.9, 29.9, false, true, false),
        (30.0, 30.0, false, false, false),
        // The machine slept: the monotonic clock stood still.
        (0.0, 9.9, true, true, false),
        (0.0, 10.0, false, true, false),
        (0.0, 10.5, false, true, true),
        (5.0, 15.0, false, true, false),
        (5.0, 15.5, false, true, true),
        (9.9, 29.9, false, true, true),
        (9.9, 30.0, false, false, true),
        (10.0, 29.9, false, true, false),
        // The other clock was set back.
        (9.9, -100.0, true, true, false),
        (10.0, -100.0, false, true, false),
        (30.0, -100.0, false, false, false),
    ] {
        let row = (monotonic, wall);
        // Those of another process were fetched five seconds before they came here.
        for already in [0.0, 5.0] {
            if monotonic < already {
                continue;
            }
            let set = fetched(start, already);
            let now = after(start, monotonic - already, wall - already);
            assert_eq!(set.is_fresh(now), is_fresh, "{row:?} {already}");
            assert_eq!(set.may_serve(now), serves, "{row:?} {already}");
            assert_eq!(set.serves_for(now).is_some(), serves, "{row:?} {already}");
            assert_eq!(set.missed_refresh(now), slept, "{row:?} {already}");
        }
    }
}

#[test]
fn keys_that_never_change_always_serve() {
    let set = Snapshot::fixed(KeySet::empty().into());
    for passed in [0.0, 1e9] {
        let now = after(start(), passed, passed);
        assert!(set.is_fresh(now) && set.may_serve(now));
        assert!(!set.missed_refresh(now));
        assert_eq!(set.serves_for(now), None);
        assert_eq!(set.age(now), None);
    }
}
