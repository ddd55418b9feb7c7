//! What the list says of a token, and when it says nothing.

use std::sync::Arc;

use super::*;
use crate::revocation::waiting::Ticks;
use crate::token::verified::Verified;
use crate::token::verified_of_claims;

/// A token that was issued this many seconds from now.
fn token(issued: f64) -> Arc<Verified> {
    let claims = serde_json::json!({
        "iss": ISSUER, "aud": "a", "sub": "alice", "client_id": "app", "jti": "t-1", "sid": "s-1",
        "iat": NOW + issued, "exp": NOW + 3600.0,
    });
    verified_of_claims(&claims.to_string()).unwrap()
}

/// A token or a session is revoked as a whole; of a subject, only what was issued up to the cut.
#[test]
fn a_cut_is_for_names_that_have_many_tokens() {
    for (revocation, has_cut) in [
        (Revocation::token(ISSUER, "t-1"), false),
        (Revocation::session(ISSUER, "s-1"), false),
        (Revocation::subject(ISSUER, "alice"), true),
        (Revocation::client(ISSUER, "app"), true),
        (Revocation::everything(ISSUER), true),
    ] {
        let record = revocation.record(&key(), terms()).unwrap();
        let list = list(10);
        list.apply([record], now(0.0));
        for (issued, is_revoked) in [(-1.0, true), (0.0, true), (1.0, !has_cut)] {
            let looked = list.judge(&token(issued), || now(0.0));
            let want = match is_revoked {
                true => Looked::Revoked,
                false => Looked::NotRevoked,
            };
            assert_eq!(looked, want, "{revocation:?} {issued}");
        }
    }
}

/// A token that passed is looked for again as soon as anything was revoked.
#[test]
fn what_comes_later_is_asked_about_a_token_that_passed() {
    let (list, token) = (list(10), token(0.0));
    list.set_read();
    assert!(!list.has_passed(&token), "nobody has looked");
    let other = Revocation::subject(ISSUER, "bob").record(&key(), terms());
    let own = Revocation::subject(ISSUER, "alice").record(&key(), terms());
    for (record, want) in [(other, Looked::NotRevoked), (own, Looked::Revoked)] {
        list.judge(&token, || now(0.0));
        assert!(list.has_passed(&token));
        assert!(list.apply([record.unwrap()], now(0.0)));
        assert!(!list.has_passed(&token));
        assert_eq!(list.look(&token, || now(0.0)), want);
    }
    assert!(!list.has_passed(&token), "it is refused");
}

#[test]
fn a_list_is_read_once_it_was_read() {
    let list = list(10);
    assert!(!list.is_read() && list.is_unread());
    list.give_up_waiting();
    assert!(!list.is_read() && !list.is_unread());
    list.set_read();
    assert!(list.is_read() && !list.is_unread());
}

/// What had ended by that clock is in force again, before anything is forgotten.
#[test]
fn a_token_that_passed_while_the_clock_was_ahead_is_refused() {
    let (list, token) = (list(10), token(0.0));
    let revocation = Revocation::subject(ISSUER, "alice").until(at(1_000.0 - 60.0));
    let record = revocation.record(&key(), terms()).unwrap();
    list.apply([record], now(0.0));
    list.tick(now(995.0));
    list.set_read();
    list.tick(now(1_001.0));
    assert_eq!(list.look(&token, || now(1_001.0)), Looked::NotRevoked);
    assert!(list.has_passed(&token));
    // The clock is set right.
    list.notice(now(2.0));
    assert_eq!(list.look(&token, || now(2.0)), Looked::Wait);
    assert!(!list.has_passed(&token));
    assert!(list.take_forgetful(), "the store is read as a whole");
    list.set_read();
    assert!(!list.has_passed(&token));
    assert_eq!(list.look(&token, || now(2.0)), Looked::Revoked);
}

/// Each row: what has passed since the last tick by the monotonic clock and by the other one;
/// whether the process is taken to have gone on, and whether its clock was ahead.
#[test]
fn a_process_stood_still_if_either_clock_says_so() {
    let began = Instant::now();
    let at = |monotonic: f64, wall: f64| Now {
        wall: now(wall).wall,
        monotonic: began + Duration::from_secs_f64(monotonic),
    };
    let ticks = Ticks::default();
    assert!(ticks.fit(at(1e6, 1e6)), "it has not ticked yet");
    // The second tick counts from the first.
    for (last, whole) in [(0.0, 0.0), (5.5, 5.0)] {
        ticks.set(at(last, 0.0));
        for (monotonic, wall, fit, are_ahead) in [
            (0.0, 0.0, true, false),
            (15.9, 15.9, true, false),
            (16.0, 0.0, false, false),
            (0.0, 16.0, false, false),
            (0.0, -15.0, true, false),
            (0.0, -15.5, false, true),
        ] {
            let at = at(f64::max(whole + monotonic, last), wall);
            let row = (last, monotonic, wall);
            assert_eq!(ticks.fit(at), fit, "{row:?}");
            assert_eq!(ticks.are_ahead(at), are_ahead, "{row:?}");
        }
    }
}
