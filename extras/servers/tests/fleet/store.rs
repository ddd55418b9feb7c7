//! What the server itself does: memory, users.

use std::time::Duration;

use fleet::issuer::CountingIssuer;
use fleet::store_server::{PASSWORD, StoreServer, USER};
use tokio::time::sleep;
use tower_jwt_auth::fleet::Revocation;

use crate::support::{Holder, Member, until};

#[tokio::test(flavor = "multi_thread")]
async fn fleet_f46_a_full_store_refuses_proofs_and_no_bearer_token() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let holder = Holder::new(&issuer);
    assert_eq!(member.status_of(&holder.request()).await, 200);
    store.must(&["SETRANGE", "filling", "4194304", "x"]);
    store.must(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    store.must(&["CONFIG", "SET", "maxmemory", "1mb"]);
    assert_eq!(member.status_of(&holder.request()).await, 503);
    assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    let mallory = issuer.mint().subject("mallory").sign();
    let revocation = Revocation::subject(issuer.url(), "mallory");
    member.fleet.revoke(revocation).await.unwrap_err();
    // It holds here nevertheless.
    assert_eq!(member.status(&mallory).await, 401);

    store.must(&["CONFIG", "SET", "maxmemory", "0"]);
    until("a proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fleet_f46_a_store_that_evicts_is_told() {
    for (settings, evicts) in [
        (["maxmemory 100mb", "maxmemory-policy allkeys-lru"], true),
        (["maxmemory 100mb", "maxmemory-policy noeviction"], false),
        (["maxmemory 0", "maxmemory-policy allkeys-lru"], false),
    ] {
        let (store, issuer) = (
            StoreServer::start_with(&settings),
            CountingIssuer::start().await,
        );
        let member = Member::ready(&store.url(), &issuer).await;
        let holder = Holder::new(&issuer);
        assert_eq!(member.status_of(&holder.request()).await, 200);
        until("it has looked", async || {
            let health = member.fleet.health();
            health.reachable && health.evicts == evicts
        })
        .await;
        sleep(Duration::from_millis(500)).await;
        assert_eq!(member.fleet.health().evicts, evicts, "{settings:?}");
    }
}

/// What the user of the guide may do is enough for all these tests, and no more than it needs.
#[tokio::test(flavor = "multi_thread")]
async fn the_user_may_do_no_more_than_it_needs() {
    let store = StoreServer::start();
    let client = redis::Client::open(store.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut ask = |words: &[&str]| {
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query::<redis::Value>(&mut connection)
    };
    ask(&["SET", "tja1:servers:x", "1", "PX", "1000"]).unwrap();
    for words in [
        &["SET", "tja1:other:x", "1"][..],
        &["GET", "somebody:elses"],
        &["KEYS", "*"],
        &["FLUSHALL"],
        &["CONFIG", "GET", "maxmemory"],
        &["EVAL", "return redis.call('GET', 'somebody:elses')", "0"],
        &["ACL", "LIST"],
    ] {
        let error = ask(words).unwrap_err().to_string();
        let is_forbidden = ["NOPERM", "permission", "can't access"];
        let is_forbidden = is_forbidden.iter().any(|words| error.contains(words));
        assert!(is_forbidden, "{words:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_is_as_a_dead_store() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let holder = Holder::new(&issuer);
    assert_eq!(member.status_of(&holder.request()).await, 200);
    store.must(&["ACL", "SETUSER", USER, "resetpass", ">another"]);
    store.must(&["CLIENT", "KILL", "USER", USER]);
    until("proofs are refused", async || {
        member.status_of(&holder.request()).await == 503
    })
    .await;
    assert_eq!(member.status(&issuer.mint().sign()).await, 200);
    let health = format!("{:?}", member.fleet.health());
    assert!(!health.contains(PASSWORD), "{health}");
    store.must(&["ACL", "SETUSER", USER, "resetpass", &format!(">{PASSWORD}")]);
    let took = until("a proof works", async || {
        member.status_of(&holder.request()).await == 200
    })
    .await;
    assert!(took < Duration::from_secs(10), "{took:?}");
}
