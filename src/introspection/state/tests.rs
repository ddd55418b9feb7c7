#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::introspection::failure::FailureKind;
use crate::limits::INTROSPECTION_FAILURES;

fn fail(state: &State, kind: FailureKind, now: Instant) {
    let underway = state.begin(true, now).unwrap();
    underway.failed(&Failure::new(kind, "failed"), now);
}

/// Each row: whether such failures begin a pause, and whether an old answer may serve.
#[test]
fn pop_i31_old_answers_serve_while_the_endpoint_cannot_be_asked() {
    let now = Instant::now();
    for (kind, pauses, allows_stale) in [
        (FailureKind::BadRequest, false, true),
        (FailureKind::Faulty, false, true),
        (FailureKind::Forbidden, false, false),
        (FailureKind::NoEndpoint, false, true),
        (FailureKind::Unauthorized, true, false),
        (FailureKind::Unavailable, true, true),
        (FailureKind::Unreachable, true, true),
    ] {
        let state = State::default();
        assert!(state.allows_stale(), "nothing has failed");
        assert!(!state.pauses_with_stale(), "nothing has failed");
        for _ in 1..INTROSPECTION_FAILURES {
            fail(&state, kind, now);
            assert_eq!(state.allows_stale(), allows_stale, "{kind:?}");
            assert!(!state.pauses_with_stale(), "{kind:?}: too few");
        }
        fail(&state, kind, now);
        assert_eq!(state.allows_stale(), allows_stale, "{kind:?}");
        assert_eq!(state.pause(now).is_some(), pauses, "{kind:?}");
        let want = pauses && allows_stale;
        assert_eq!(state.pauses_with_stale(), want, "{kind:?}");

        // What was, is over.
        assert_eq!(state.begin(true, now).unwrap().succeeded(now), pauses);
        assert!(state.allows_stale(), "{kind:?}");
        assert!(!state.pauses_with_stale(), "{kind:?}");
    }
}

/// Nobody waits for a probe whose caller's runtime is gone.
#[test]
fn a_probe_that_is_dropped_leaves_its_place_to_the_next() {
    let (state, now) = (State::default(), Instant::now());
    for _ in 0..INTROSPECTION_FAILURES {
        fail(&state, FailureKind::Unreachable, now);
    }
    let pause = state.pause(now).unwrap();
    assert_eq!(state.refuses_new(now), Some(pause));
    let over = now + pause;
    for _ in 0..3 {
        assert_eq!(state.refuses_new(over), None);
        let probe = state.begin(false, over).unwrap();
        assert!(state.refuses_new(over).is_some(), "one at a time");
        assert!(state.begin(false, over).is_err(), "one at a time");
        drop(probe);
    }
    let probe = state.begin(false, over).unwrap();
    probe.failed(&Failure::new(FailureKind::Unreachable, "failed"), over);
    assert_eq!(state.refuses_new(over), Some(pause * 2));
}

/// The last failure decides, and not the one that began the pause.
#[test]
fn pop_i31_an_endpoint_that_begins_to_refuse_us_ends_old_answers() {
    let (state, now) = (State::default(), Instant::now());
    for _ in 0..INTROSPECTION_FAILURES {
        fail(&state, FailureKind::Unreachable, now);
    }
    assert!(state.pauses_with_stale());
    fail(&state, FailureKind::Forbidden, now);
    assert!(!state.pauses_with_stale());
    fail(&state, FailureKind::Unreachable, now);
    assert!(state.pauses_with_stale());
}
