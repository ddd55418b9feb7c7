//! DPoP proofs that count once in the fleet.

use std::time::{Duration, Instant};

use fleet::fault_proxy::{Fault, FaultProxy};
use fleet::issuer::CountingIssuer;
use fleet::store_server::{StoreServer, url_at};
use tokio::task::JoinSet;

use crate::support::{Holder, Member, until};

#[tokio::test(flavor = "multi_thread")]
async fn real_f43_one_proof_at_fifty_processes_at_once() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let members = Member::many(50, &store.url(), &issuer).await;
    let holder = Holder::new(&issuer);
    for _ in 0..5 {
        let request = holder.request();
        let mut asked = JoinSet::new();
        for member in members.clone() {
            let request = request.clone();
            asked.spawn(async move { member.status_of(&request).await });
        }
        let mut statuses = asked.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses.first(), Some(&200), "{statuses:?}");
        assert_eq!(statuses.split_off(1), [401; 49]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f44_a_store_that_answers_late() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let proxy = FaultProxy::start(store.address()).await;
    let member = Member::ready(&url_at(proxy.address()), &issuer).await;
    let holder = Holder::new(&issuer);
    assert_eq!(member.status_of(&holder.request()).await, 200);
    proxy.set(Fault::Delay(Duration::from_millis(500)));
    let began = Instant::now();
    assert_eq!(member.status_of(&holder.request()).await, 503);
    let took = began.elapsed();
    assert!(took < Duration::from_millis(450), "{took:?}");
    proxy.set(Fault::None);
    until("the next proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f45_f52_without_the_store_no_proof_counts_and_bearer_tokens_do() {
    let (mut store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let (holder, bearer) = (Holder::new(&issuer), issuer.mint().sign());
    store.freeze();
    assert_eq!(member.status_of(&holder.request()).await, 503);
    assert_eq!(member.status(&bearer).await, 200);
    store.thaw();
    until("a proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;

    store.kill();
    for _ in 0..10 {
        let began = Instant::now();
        assert_eq!(member.status_of(&holder.request()).await, 503);
        assert_eq!(member.status(&issuer.mint().sign()).await, 200);
        assert!(began.elapsed() < Duration::from_millis(600));
    }
    store.restart();
    until("a proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f47_what_is_refused_makes_no_call() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let (holder, other) = (Holder::new(&issuer), Holder::new(&issuer));
    assert_eq!(member.status_of(&holder.request()).await, 200);
    let before = store.names("dpop").len();
    let mut mixed = (*holder.request()).clone();
    let proof = other.request().headers.get("dpop").cloned();
    mixed.headers.insert("dpop", proof.unwrap());
    assert_eq!(member.status_of(&mixed).await, 401);
    assert_eq!(store.names("dpop").len(), before);
    assert_eq!(member.status_of(&other.request()).await, 200);
    assert_eq!(store.names("dpop").len(), before + 1);
}
