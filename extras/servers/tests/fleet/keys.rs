//! Shared keys and the shared budget.

use std::time::{Duration, Instant};

use fleet::fault_proxy::{Fault, FaultProxy};
use fleet::issuer::CountingIssuer;
use fleet::replica::{Replica, Settings};
use fleet::store_server::{StoreServer, url_at};
use tokio::time::sleep;

use crate::support::{COOLDOWN, MAX_AGE, Member, all, until};

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
    for member in &members {
        member.verifier.wait_for_keys().await.unwrap();
    }
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
