//! Shared keys and the shared budget.

use std::time::{Duration, Instant};

use fleet::fault_proxy::{Fault, FaultProxy};
use fleet::issuer::CountingIssuer;
use fleet::replica::SECRET;
use fleet::store_server::{StoreServer, url_at};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower_jwt_auth::fleet::Revocation;

use crate::support::{COOLDOWN, Holder, MAX_AGE, Member, all, until};

/// A fetch reads the metadata and the keys.
const ONE_FETCH: usize = 2;

async fn scene() -> (StoreServer, CountingIssuer, Instant) {
    (
        StoreServer::start(),
        CountingIssuer::start().await,
        Instant::now(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f01_f02_fifty_start_and_one_fetches() {
    let (store, issuer, began) = scene().await;
    issuer.set_latency(Duration::from_secs(1));
    let members = Member::many(50, &store.url(), &issuer).await;
    assert_eq!(issuer.requests_since(began), ONE_FETCH);
    assert_eq!(all(&members, &issuer.mint().sign()).await, [200; 50]);

    let warm = Instant::now();
    let members = Member::many(50, &store.url(), &issuer).await;
    assert_eq!(all(&members, &issuer.mint().sign()).await, [200; 50]);
    assert_eq!(issuer.requests_since(warm), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f03_f09_while_the_issuer_is_down_one_asks_at_a_time() {
    let (store, issuer, began) = scene().await;
    issuer.set_down(true);
    let members: Vec<_> = (0..50)
        .map(|_| Member::new(&store.url(), &issuer))
        .collect();
    let token = issuer.mint().sign();
    let mut asked = JoinSet::new();
    for member in &members {
        let (member, token) = (member.clone(), token.clone());
        asked.spawn(async move { member.status(&token).await });
    }
    assert_eq!(asked.join_all().await, [503; 50]);
    sleep(Duration::from_secs(4)).await;
    // After 0, 1, 3 and 5 seconds; each for itself would be 50 times as many.
    let asked = issuer.requests_since(began);
    assert!((1..=12).contains(&asked), "{asked}");
    issuer.set_down(false);
    for member in &members {
        until("it serves", async || member.status(&token).await == 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f04_a_start_without_the_store() {
    let (mut store, issuer, _) = scene().await;
    store.kill();
    let without = |fleet: tower_jwt_auth::fleet::FleetBuilder| fleet.revocations(false);
    let member = Member::with(&store.url(), &issuer, MAX_AGE, without);
    let began = Instant::now();
    assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    let took = began.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f05_f06_the_store_dies_and_comes_back() {
    let (mut store, issuer, _) = scene().await;
    let max_age = Duration::from_secs(5);
    let new = || Member::with(&store.url(), &issuer, max_age, |fleet| fleet);
    let members: Vec<_> = (0..20).map(|_| new()).collect();
    Member::all_ready(&members).await;
    store.kill();
    let dead = Instant::now();
    let token = issuer.mint().sign();
    while dead.elapsed() < max_age {
        assert_eq!(all(&members, &token).await, [200; 20]);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(issuer.requests_since(dead) > ONE_FETCH, "each by itself");

    store.restart();
    until("they share again", async || !store.names("keys").is_empty()).await;
    sleep(max_age).await;
    let shared = Instant::now();
    sleep(max_age).await;
    let asked = issuer.requests_since(shared);
    assert!(asked <= 4 * ONE_FETCH, "{asked} requests of 20 processes");
    assert_eq!(all(&members, &token).await, [200; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f08_f44_a_slow_store_is_waited_for_no_longer_than_its_timeout() {
    let (store, issuer, _) = scene().await;
    let proxy = FaultProxy::start(store.address()).await;
    let member = Member::ready(&url_at(proxy.address()), &issuer).await;
    proxy.set(Fault::Delay(Duration::from_secs(2)));
    issuer.rotate();
    let began = Instant::now();
    assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f11_f12_f13_junk_and_a_rotation_at_once() {
    let (store, issuer, _) = scene().await;
    let members = Member::many(20, &store.url(), &issuer).await;
    let began = Instant::now();
    for _ in 0..10 {
        for member in &members {
            let (member, junk) = (member.clone(), issuer.junk());
            tokio::spawn(async move { member.status(&junk).await });
        }
    }
    issuer.rotate();
    let token = issuer.mint().sign();
    for member in &members {
        until("the new key works", async || {
            member.status(&token).await == 200
        })
        .await;
    }
    let took = began.elapsed();
    assert!(took < COOLDOWN * 3, "{took:?}");
    // Two at once, three per two cooldowns.
    let fetches = issuer.requests_since(began) / ONE_FETCH;
    let allowed = 2.0 + 1.5 * (1.0 + took.as_secs_f64() / COOLDOWN.as_secs_f64());
    assert!(fetches as f64 <= allowed, "{fetches} of {allowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f18_a_withdrawn_key_ends_everywhere() {
    let (store, issuer, _) = scene().await;
    let max_age = Duration::from_secs(3);
    let new = || Member::with(&store.url(), &issuer, max_age, |fleet| fleet);
    let members: Vec<_> = (0..10).map(|_| new()).collect();
    let old = issuer.mint().sign();
    assert_eq!(all(&members, &old).await, [200; 10]);
    issuer.rotate();
    let withdrawn = Instant::now();
    for member in &members {
        until("it is refused", async || member.status(&old).await == 401).await;
    }
    let took = withdrawn.elapsed();
    assert!(took < max_age + Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f24_a_dropped_process_leaves_no_connection() {
    let (store, issuer, _) = scene().await;
    let members = Member::many(5, &store.url(), &issuer).await;
    until("they are connected", async || store.clients() >= 5).await;
    drop(members);
    until("nobody is connected", async || store.clients() == 0).await;
}

/// The process that has the lease is killed between the lease and its fetch: all that is left of it
/// is the lease.
#[tokio::test(flavor = "multi_thread")]
async fn real_f07_the_holder_of_the_lease_is_killed() {
    let (store, issuer, _) = scene().await;
    issuer.set_latency(Duration::from_secs(1));
    let holder = Member::new(&store.url(), &issuer);
    let waiting = tokio::spawn(async move { holder.verifier.wait_for_keys().await });
    let lease = store.name_of("lease");
    // Nobody prolongs it any more, or writes a set.
    waiting.abort();
    waiting.await.unwrap_err();
    issuer.set_latency(Duration::ZERO);
    store.must(&["SET", &lease, "of the dead", "PX", "2000"]);
    let began = Instant::now();
    Member::many(20, &store.url(), &issuer).await;
    let took = began.elapsed();
    assert!(took > Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_millis(4500), "{took:?}");
    let fetches = issuer.requests_since(began) / ONE_FETCH;
    assert!(fetches <= 2, "{fetches} fetches");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f10_a_pause_that_the_issuer_asks_for_holds_for_all() {
    let (store, issuer, began) = scene().await;
    issuer.set_retry_after(Some(3));
    issuer.set_down(true);
    let members: Vec<_> = (0..20)
        .map(|_| Member::new(&store.url(), &issuer))
        .collect();
    let mut ready = tokio::spawn({
        let members = members.clone();
        async move {
            for member in &members {
                while member.verifier.wait_for_keys().await.is_err() {
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    });
    sleep(Duration::from_millis(500)).await;
    issuer.set_down(false);
    let first = issuer.requests_since(began);
    assert!(first <= 2, "{first} requests");
    let early = tokio::time::timeout(Duration::from_secs(2), &mut ready).await;
    early.unwrap_err();
    assert_eq!(issuer.requests_since(began), first, "nobody asks");
    tokio::time::timeout(Duration::from_secs(10), ready)
        .await
        .unwrap()
        .unwrap();
}

/// Each step of a rotation works with the step before it, and with the step after it.
#[tokio::test(flavor = "multi_thread")]
async fn real_f20_a_mixed_fleet_while_the_secret_is_replaced() {
    let (store, issuer, _) = scene().await;
    let with = |secrets: &[&str]| {
        let secrets = secrets.to_vec();
        Member::with(&store.url(), &issuer, MAX_AGE, |fleet| {
            fleet.secrets(secrets)
        })
    };
    let (a, b) = (SECRET, OTHER_SECRET);
    let old = with(&[a]);
    let (mallory, good) = (
        issuer.mint().subject("mallory").sign(),
        issuer.mint().sign(),
    );
    assert_eq!(old.status(&good).await, 200);
    let revocation = Revocation::subject(issuer.url(), "mallory");
    old.fleet.revoke(revocation).await.unwrap();

    let began = Instant::now();
    let both = [with(&[a, b]), with(&[b, a])];
    assert_eq!(all(&both, &good).await, [200; 2]);
    assert_eq!(issuer.requests_since(began), 0, "keys are shared");
    assert_eq!(all(&both, &mallory).await, [401; 2]);
    let holder = Holder::new(&issuer);
    for (first, second) in [(&old, &both[0]), (&both[0], &both[1]), (&both[1], &both[0])] {
        let request = holder.request();
        assert_eq!(first.status_of(&request).await, 200);
        assert_eq!(second.status_of(&request).await, 401);
    }
    // Of another secret alone, nothing is known.
    let foreign = with(&[OTHER_SECRET]);
    assert_eq!(foreign.status(&good).await, 200);
    assert_eq!(issuer.requests_since(began), ONE_FETCH);
}

const OTHER_SECRET: &str = "QUJDREVGMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk";

/// A large set is shared; one that is larger than any that is read is fetched by each.
#[tokio::test(flavor = "multi_thread")]
async fn real_f23_a_set_of_many_keys() {
    let (store, issuer, _) = scene().await;
    for _ in 0..100 {
        issuer.keys().publish_next();
    }
    let _first = Member::ready(&store.url(), &issuer).await;
    store.name_of("keys");
    let began = Instant::now();
    let second = Member::ready(&store.url(), &issuer).await;
    assert_eq!(issuer.requests_since(began), 0);
    assert_eq!(second.status(&issuer.mint().sign()).await, 200);
    let keys = &second.verifier.keys_health().issuers[0].keys;
    assert_eq!(keys.len(), 101);
}
