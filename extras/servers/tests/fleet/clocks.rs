//! Processes whose clock is wrong, or that stood still, and the end of a revocation.

use std::time::{Duration, Instant};

use fleet::issuer::CountingIssuer;
use fleet::store_server::{NAMESPACE, StoreServer};
use tower_jwt_auth::fleet::{Revocation, RevokeError};
use tower_jwt_auth::test_util::FakeClock;

use crate::support::{MAX_AGE, Member, ahead, all, clock_ahead, config, settings, unix, until};

async fn scene() -> (StoreServer, CountingIssuer) {
    (StoreServer::start(), CountingIssuer::start().await)
}

/// A process with this clock, which has keys and the list of revocations.
async fn ready(
    clock: &FakeClock,
    store: &StoreServer,
    issuer: &CountingIssuer,
    max_age: Duration,
) -> Member {
    let config = config(&issuer.url(), max_age);
    let member = Member::with_clock(clock, settings(&store.url()), config);
    member.verifier.wait_for_keys().await.unwrap();
    member
}

/// The leeway is a minute, and a start takes less than ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn real_f16_a_set_from_the_future_is_not_taken() {
    for (seconds, requests) in [(50, 0), (70, 2), (24 * 60 * 60, 2)] {
        let (store, issuer) = scene().await;
        let _writer = ready(&clock_ahead(seconds), &store, &issuer, MAX_AGE).await;
        let name = store.name_of("keys");
        let set = || store.command::<Vec<u8>>(&["GET", &name]).unwrap();
        for requests in [requests, 0] {
            let (before, began) = (set(), Instant::now());
            let member = Member::ready(&store.url(), &issuer).await;
            assert_eq!(member.status(&issuer.mint().sign()).await, 200);
            assert_eq!(issuer.requests_since(began), requests, "{seconds} s ahead");
            // Who fetches serves at once, and writes then.
            until("its set is there", async || {
                requests == 0 || set() != before
            })
            .await;
        }
    }
}

/// Its sets look old to the others, which fetch their own: each clock at most once in a life.
#[tokio::test(flavor = "multi_thread")]
async fn real_f17_a_clock_that_is_an_hour_behind_costs_its_own_fetches() {
    let (store, issuer) = scene().await;
    let max_age = Duration::from_secs(2);
    let right = clock_ahead(0);
    let mut members = Vec::new();
    for _ in 0..6 {
        members.push(ready(&right, &store, &issuer, max_age).await);
    }
    members.push(ready(&clock_ahead(-3600), &store, &issuer, max_age).await);
    let began = Instant::now();
    // A fetch is two requests. What the late one writes in the middle of the looks of the others
    // has one of them fetch once more.
    let four_lives = 4 * 3 * 2;
    let took = until("three fetches in each of four lives", async || {
        issuer.requests_since(began) >= four_lives
    })
    .await;
    // Each of the seven for itself would be at 12 in less than two.
    let three_lives = max_age.mul_f64(0.72) * 3;
    assert!(took >= three_lives, "after {took:?}");
    for member in &members {
        let generation = member.verifier.keys_health().issuers[0].generation;
        assert_eq!(generation, 1, "the keys are the same");
    }
    members.pop();
    let token = issuer.mint().sign();
    assert_eq!(all(&members, &token).await, [200; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f32_a_revocation_past_its_end_makes_room() {
    let (store, issuer) = scene().await;
    let clock = clock_ahead(0);
    let fleet = settings(&store.url()).revocations_limit(2);
    let member = Member::with_clock(&clock, fleet, config(&issuer.url(), MAX_AGE));
    member.verifier.wait_for_keys().await.unwrap();
    let token = issuer.mint().claim("jti", "one");
    let token = token
        .valid(unix(ahead(0)), Duration::from_secs(7200))
        .sign();
    let jti = |jti: &str| Revocation::token(issuer.url(), jti);
    let revoke = async |revocation| member.fleet.revoke(revocation).await;
    revoke(jti("one").until(ahead(100))).await.unwrap();
    revoke(jti("two")).await.unwrap();
    assert_eq!(member.status(&token).await, 401);
    let full = revoke(jti("three")).await.unwrap_err();
    assert!(matches!(full, RevokeError::RevocationsFull), "{full}");

    // The leeway of a minute counts.
    clock.set(ahead(150));
    assert_eq!(member.status(&token).await, 401);
    revoke(jti("three")).await.unwrap_err();
    clock.set(ahead(170));
    assert_eq!(member.status(&token).await, 200);
    revoke(jti("three")).await.unwrap();
    // Another process knows the end too.
    let other = ready(&clock, &store, &issuer, MAX_AGE).await;
    assert_eq!(other.status(&token).await, 200);
    let three = issuer.mint().claim("jti", "three").sign();
    assert_eq!(other.status(&three).await, 401);
}

/// What is older than anything that is kept leaves the stream with the next revocation.
#[tokio::test(flavor = "multi_thread")]
async fn real_f32_the_stream_gives_room() {
    let (store, issuer) = scene().await;
    let old = unix(ahead(-2 * 24 * 60 * 60)) * 1_000;
    let young = unix(ahead(-60 * 60)) * 1_000;
    // The server removes whole blocks of a hundred.
    for (from, count) in [(old, 500), (young, 50)] {
        for number in 0..count {
            let id = format!("{}-0", from + number);
            store.must(&["XADD", &stream(), &id, "e", "junk"]);
        }
    }
    let member = Member::ready(&store.url(), &issuer).await;
    let revocation = Revocation::subject(issuer.url(), "mallory");
    member.fleet.revoke(revocation).await.unwrap();
    let length: u64 = store.command(&["XLEN", &stream()]).unwrap();
    assert!((51..=151).contains(&length), "{length}");
}

fn stream() -> String {
    format!("tja1:{NAMESPACE}:revoked")
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f72_a_clock_two_days_ahead_makes_nobody_forget() {
    let (store, issuer) = scene().await;
    let member = Member::ready(&store.url(), &issuer).await;
    let jti = |number: usize| format!("token-{number}");
    let revoke = async |member: &Member, number: usize| {
        let revocation = Revocation::token(issuer.url(), jti(number));
        member.fleet.revoke(revocation).await.unwrap();
    };
    // More than the server removes at a time.
    for number in 0..250 {
        revoke(&member, number).await;
    }
    let wrong = ready(&clock_ahead(2 * 24 * 60 * 60), &store, &issuer, MAX_AGE).await;
    revoke(&wrong, 250).await;
    let length: u64 = store.command(&["XLEN", &stream()]).unwrap();
    assert_eq!(length, 251);
    let late = Member::ready(&store.url(), &issuer).await;
    for number in 0..=250 {
        let token = issuer.mint().claim("jti", jti(number)).sign();
        assert_eq!(late.status(&token).await, 401, "{number}");
    }
    assert_eq!(late.status(&issuer.mint().sign()).await, 200);
}

/// Nobody drives the process, as if the machine had stopped it, and an hour passes.
#[test]
fn real_f38_a_process_that_was_frozen_for_an_hour() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let outside = tokio::runtime::Runtime::new().unwrap();
    let inside = runtime();
    let (store, issuer) = outside.block_on(scene());
    let valid = |subject: &str| {
        let token = issuer.mint().subject(subject);
        let lifetime = Duration::from_secs(3 * 60 * 60);
        token.valid(unix(ahead(0)), lifetime).sign()
    };
    let (mallory, good) = (valid("mallory"), valid("alice"));
    let clock = inside.block_on(async { clock_ahead(0) });
    let frozen = inside.block_on(async {
        // Keys that live longer than it is frozen.
        let frozen = ready(&clock, &store, &issuer, Duration::from_secs(7200)).await;
        assert_eq!(frozen.status(&mallory).await, 200);
        frozen
    });
    outside.block_on(async {
        let other = Member::ready(&store.url(), &issuer).await;
        let revocation = Revocation::subject(issuer.url(), "mallory");
        other.fleet.revoke(revocation).await.unwrap();
        // Its connections are gone too.
        store.must(&["CLIENT", "KILL", "TYPE", "normal"]);
    });
    inside.block_on(async {
        clock.set(ahead(60 * 60));
        let began = Instant::now();
        assert_eq!(frozen.status(&mallory).await, 401, "at once");
        let took = began.elapsed();
        assert!(took < Duration::from_millis(500), "{took:?}");
        assert_eq!(frozen.status(&good).await, 200);
    });
    // Tasks of the process end with its runtime.
    drop(frozen);
    drop(inside);
}
