//! What a request costs in memory.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use crate::support::tokens::{fixed, signed, world};

/// How often a token allocates at first sight, where this many other keys are in the set.
fn allocations_beside(others: usize) -> u64 {
    let others = (0..others).map(|n| TestKey::generate(Algorithm::ES256, format!("other-{n}")));
    let mut keys: Vec<_> = others.map(|key| key.jwk()).collect();
    keys.push(world().es.jwk());
    let verifier = fixed(&keys);
    let verify = |token: &str| {
        let mut context = Context::from_waker(Waker::noop());
        let verified = pin!(verifier.verify(token)).poll(&mut context);
        assert!(matches!(verified, Poll::Ready(Ok(_))), "{verified:?}");
    };
    // The first tokens make what later ones share. Which part of the cache grows is up to a random
    // hash, so the least of several counts is the cost of a token.
    let counts = (0..32).map(|_| {
        let token = signed(&world().es);
        allocation_counter::measure(|| verify(&token)).count_total
    });
    counts.min().unwrap_or_default()
}

#[test]
fn a48_more_keys_cost_a_request_no_allocation() {
    let with_one = allocations_beside(0);
    assert!(with_one > 0, "nothing is counted");
    assert_eq!(allocations_beside(50), with_one);
}
