//! Somebody else who may write to the store.

use std::time::{Duration, Instant};

use fleet::issuer::CountingIssuer;
use fleet::store_server::{NAMESPACE, StoreServer};
use tokio::time::sleep;
use tower_jwt_auth::fleet::Revocation;

use crate::support::{Holder, MAX_AGE, Member, until};

/// The name of the shared set, and its value.
fn shared_set(store: &StoreServer) -> (String, Vec<u8>) {
    let name = store.name_of("keys");
    let value = store.command(&["GET", &name]).unwrap();
    (name, value)
}

fn put(store: &StoreServer, name: &str, value: &[u8]) {
    let _: () = store.command_of(&[b"SET", name.as_bytes(), value]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f14_f21_a_set_that_does_not_open_is_absent() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let _first = Member::ready(&store.url(), &issuer).await;
    let (name, good) = shared_set(&store);
    let warm = Instant::now();
    Member::ready(&store.url(), &issuer).await;
    assert_eq!(issuer.requests_since(warm), 0, "the good one is taken");

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    // A release that is not yet written.
    let mut of_tomorrow = good.clone();
    of_tomorrow[0] = 2;
    let short = good[..good.len() - 1].to_vec();
    let bad = [
        flipped,
        of_tomorrow,
        short,
        Vec::new(),
        vec![b'x'; 10_000_000],
        b"{\"keys\":[]}".to_vec(),
    ];
    for value in bad {
        put(&store, &name, &value);
        let began = Instant::now();
        let member = Member::ready(&store.url(), &issuer).await;
        assert_eq!(issuer.requests_since(began), 2, "{} bytes", value.len());
        assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f15_an_old_set_gains_nothing() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let max_age = Duration::from_secs(3);
    let new = || Member::with(&store.url(), &issuer, max_age, |fleet| fleet);
    let warm = new();
    let old = issuer.mint().sign();
    assert_eq!(warm.status(&old).await, 200);
    let (name, set) = shared_set(&store);
    issuer.rotate();
    until("it is refused", async || warm.status(&old).await == 401).await;
    put(&store, &name, &set);
    sleep(max_age).await;
    assert_eq!(warm.status(&old).await, 401);
    put(&store, &name, &set);
    let cold = new();
    assert_eq!(cold.status(&old).await, 401);
    assert_eq!(cold.status(&issuer.mint().sign()).await, 200);
}

/// `lease`, `hold` and the slots of unknown `kid`s, as junk that never ends.
#[tokio::test(flavor = "multi_thread")]
async fn real_f69_names_that_forbid_a_fetch_for_ever() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let max_age = Duration::from_secs(4);
    let new = || Member::with(&store.url(), &issuer, max_age, |fleet| fleet);
    // Whoever may read sees the names when they are used.
    issuer.set_latency(Duration::from_millis(300));
    let warm = new();
    let waiting = warm.clone();
    tokio::spawn(async move { waiting.verifier.wait_for_keys().await });
    let lease = store.name_of("lease");
    let (set, _) = shared_set(&store);
    issuer.set_latency(Duration::ZERO);
    issuer.set_down(true);
    warm.status(&issuer.junk()).await;
    let (hold, slot) = (store.name_of("hold"), store.name_of("kid"));
    issuer.set_down(false);
    let old = issuer.mint().sign();
    assert_eq!(warm.status(&old).await, 200);
    let spoil = || {
        for name in [&lease, &hold, &slot] {
            put(&store, name, b"junk");
        }
        for slot in store.names("kid") {
            put(&store, &slot, b"");
        }
    };
    spoil();
    issuer.rotate();
    // The set with the new key has the old one no more.
    let limit = max_age.mul_f64(1.2) + Duration::from_secs(1);
    let took = until("the new key works", async || {
        spoil();
        warm.status(&issuer.mint().sign()).await == 200
    })
    .await;
    // 401, or 429 or 503 while no fetch may look whether the key is back.
    assert_ne!(warm.status(&old).await, 200);
    assert!(took < limit, "{took:?}");

    spoil();
    store.must(&["DEL", &set]);
    let cold = new();
    let began = Instant::now();
    until("a cold one serves", async || {
        cold.status(&issuer.mint().sign()).await == 200
    })
    .await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f73_a_value_of_two_hundred_megabytes() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let _first = Member::ready(&store.url(), &issuer).await;
    let (name, _) = shared_set(&store);
    store.must(&["SETRANGE", &name, "200000000", "x"]);
    let sent = || {
        let sent = store.info("total_net_output_bytes").unwrap();
        sent.parse::<u64>().unwrap()
    };
    let before = sent();
    let member = Member::with(&store.url(), &issuer, MAX_AGE, |fleet| fleet);
    assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    let holder = Holder::new(&issuer);
    assert_eq!(member.status_of(&holder.request()).await, 200);
    let sent = sent() - before;
    assert!(sent < 1_000_000, "{sent} bytes");
}

/// With the limit that the guide gives, nobody reads what is larger, and the list goes on.
#[tokio::test(flavor = "multi_thread")]
async fn real_f73_an_entry_of_ten_megabytes() {
    let store = StoreServer::start_with(&["client-output-buffer-limit normal 2mb 0 0"]);
    let issuer = CountingIssuer::start().await;
    let warm = Member::ready(&store.url(), &issuer).await;
    let huge = "x".repeat(10_000_000);
    let stream = format!("tja1:{NAMESPACE}:revoked");
    store.must(&["XADD", &stream, "*", "e", &huge]);
    let mallory = issuer.mint().subject("mallory").sign();
    let other = Member::ready(&store.url(), &issuer).await;
    let revocation = Revocation::subject(issuer.url(), "mallory");
    other.fleet.revoke(revocation).await.unwrap();
    let cold = Member::ready(&store.url(), &issuer).await;
    for member in [&warm, &other, &cold] {
        until("it is heard", async || member.status(&mallory).await == 401).await;
    }
    let sent = store.info("total_net_output_bytes").unwrap();
    assert!(sent.parse::<u64>().unwrap() < 10_000_000, "{sent} bytes");
}
