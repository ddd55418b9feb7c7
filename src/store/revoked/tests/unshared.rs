//! What this process revoked, and the store has not confirmed.

use super::super::unshared::Unshared;
use super::*;
use crate::base::clock::{Clock, Now};
use crate::base::numeric_date::NumericDate;

/// Seconds after 1970.
fn now(seconds: u32) -> Now {
    Now {
        wall: NumericDate::new(seconds.into()).unwrap(),
        monotonic: Instant::now(),
    }
}

fn list_of(records: &[Record]) -> Revocations {
    let list = Revocations::new([SECRET], 10, KEEP, seconds(1), Clock::System);
    list.apply(records.iter().copied(), now(0));
    list
}

#[test]
fn what_the_store_has_is_no_longer_unshared() {
    let one = record(1, 5, 900);
    let list = list_of(&[one]);
    let mut unshared = Unshared::default();
    assert!(!unshared.has(&one));
    unshared.begin(one, &list);
    assert!(unshared.has(&one));
    assert!(!unshared.has(&record(2, 5, 900)), "another");
    unshared.end(&record(2, 5, 900));
    assert!(unshared.has(&one), "the store has another");
    unshared.end(&one);
    assert!(!unshared.has(&one));
}

/// The same is revoked twice, and the store confirms one after the other, in either order.
#[test]
fn an_earlier_call_does_not_confirm_a_later_one() {
    for (first, second, both) in [
        (record(1, 5, 900), record(1, 6, 900), record(1, 6, 900)),
        (record(1, 5, 900), record(1, 5, 901), record(1, 5, 901)),
        (record(1, 6, 900), record(1, 5, 901), record(1, 6, 901)),
    ] {
        let list = list_of(&[first, second]);
        let mut unshared = Unshared::default();
        unshared.begin(first, &list);
        unshared.begin(second, &list);
        for confirmed in [first, second].into_iter().filter(|it| *it != both) {
            unshared.end(&confirmed);
            assert!(unshared.has(&both), "{both:?} after {confirmed:?}");
        }
        unshared.end(&both);
        assert!(!unshared.has(&both), "{both:?}");
    }
}

/// What the list has forgotten needs no room here either.
#[test]
fn what_is_no_longer_in_force_is_forgotten() {
    let (old, kept, new) = (record(1, 5, 10), record(2, 5, 900), record(3, 5, 900));
    let list = list_of(&[old, kept]);
    let mut unshared = Unshared::default();
    unshared.begin(old, &list);
    unshared.begin(kept, &list);
    list.tick(now(100));
    unshared.begin(kept, &list);
    assert!(!unshared.has(&old));
    assert!(unshared.has(&kept));
    list.apply([new], now(100));
    unshared.begin(new, &list);
    assert!(unshared.has(&kept) && unshared.has(&new));
}
