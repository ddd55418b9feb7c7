//! Somebody else who may write to the store.

use std::time::{Duration, Instant};

use fleet::issuer::CountingIssuer;
use fleet::store_server::StoreServer;
use tokio::time::sleep;

use crate::support::{COOLDOWN, Holder, MAX_AGE, Member, until};

/// The name of the shared set, and its value.
fn shared_set(store: &StoreServer) -> (String, Vec<u8>) {
    let names = store.names("keys");
    assert_eq!(names.len(), 1, "{names:?}");
    let value = store.command(&["GET", &names[0]]).unwrap();
    (names[0].clone(), value)
}

fn put(store: &StoreServer, name: &str, value: &[u8]) {
    let _: () = store.command_of(&[b"SET", name.as_bytes(), value]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f14_a_set_that_does_not_open_is_absent() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    Member::ready(&store.url(), &issuer).await;
    let (name, good) = shared_set(&store);
    let warm = Instant::now();
    Member::ready(&store.url(), &issuer).await;
    assert_eq!(issuer.requests_since(warm), 0, "the good one is taken");

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let short = good[..good.len() - 1].to_vec();
    let bad = [
        flipped,
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
    let warm = new();
    // So that all names are there once.
    issuer.set_down(true);
    warm.status(&issuer.mint().sign()).await;
    issuer.set_down(false);
    until("it serves", async || {
        warm.status(&issuer.mint().sign()).await == 200
    })
    .await;
    warm.status(&issuer.junk()).await;
    let old = issuer.mint().sign();
    let (name, _) = shared_set(&store);
    let digest = name.rsplit(':').next().unwrap();
    let spoil = || {
        for kind in ["lease", "hold"] {
            put(
                &store,
                &name.replace(":keys:", &format!(":{kind}:")),
                b"junk",
            );
            assert_eq!(store.names(kind).len(), 1);
        }
        for slot in store.names("kid") {
            put(&store, &slot, b"");
        }
    };
    assert_eq!(digest.len(), 22);
    spoil();
    issuer.rotate();
    let since = Instant::now();
    until("the new key works", async || {
        spoil();
        warm.status(&issuer.mint().sign()).await == 200
    })
    .await;
    until("the old one does not", async || {
        spoil();
        warm.status(&old).await == 401
    })
    .await;
    let took = since.elapsed();
    assert!(took < max_age.mul_f64(1.2) + COOLDOWN * 2, "{took:?}");

    spoil();
    store.must(&["DEL", &name]);
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
    Member::ready(&store.url(), &issuer).await;
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
