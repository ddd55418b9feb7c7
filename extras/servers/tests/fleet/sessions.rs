//! Sessions that are bound to their owner at every process.

use std::time::Duration;

use fleet::issuer::CountingIssuer;
use fleet::store_server::StoreServer;
use tokio::task::JoinSet;
use tower_jwt_auth::AuthInfo;
use tower_jwt_auth::mcp::{Ownership, SessionStore as _};

use crate::support::{Member, until};

const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(flavor = "multi_thread")]
async fn real_f49_f50_a_session_at_two_processes() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let members = Member::many(2, &store.url(), &issuer).await;
    let who = async |subject: &str| {
        let token = issuer.mint().subject(subject).sign();
        let verified = members[0].verifier.verify(&token).await.unwrap();
        verified.principal().unwrap()
    };
    let (alice, bob) = (who("alice").await, who("bob").await);
    let (a, b) = (members[0].fleet.sessions(), members[1].fleet.sessions());
    assert_eq!(a.bind("one", &alice, KEEP).await.unwrap(), Ownership::Owner);
    assert_eq!(
        b.owner_is("one", &alice, KEEP).await.unwrap(),
        Ownership::Owner
    );
    assert_eq!(
        b.owner_is("one", &bob, KEEP).await.unwrap(),
        Ownership::Other
    );
    b.end("one", &bob).await.unwrap();
    assert_eq!(
        a.owner_is("one", &alice, KEEP).await.unwrap(),
        Ownership::Owner
    );
    b.end("one", &alice).await.unwrap();
    assert_eq!(
        a.owner_is("one", &alice, KEEP).await.unwrap(),
        Ownership::Unknown
    );

    for number in 0..20 {
        let id = format!("contested-{number}");
        let mut binding = JoinSet::new();
        for (sessions, owner) in [(a.clone(), alice.clone()), (b.clone(), bob.clone())] {
            let id = id.clone();
            binding.spawn(async move { sessions.bind(&id, &owner, KEEP).await.unwrap() });
        }
        let bound = binding.join_all().await;
        assert!(bound.contains(&Ownership::Owner), "{bound:?}");
        assert!(bound.contains(&Ownership::Other), "{bound:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f51_f52_a_forged_session_and_a_dead_store() {
    let (mut store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let verified = member.verifier.verify(&issuer.mint().sign()).await.unwrap();
    let alice = verified.principal().unwrap();
    let sessions = member.fleet.sessions();
    sessions.bind("one", &alice, KEEP).await.unwrap();
    let names = store.names("session");
    assert_eq!(names.len(), 1);
    store.must(&["SET", &names[0], "junk"]);
    assert_ne!(
        sessions.owner_is("one", &alice, KEEP).await.unwrap(),
        Ownership::Owner
    );
    let value: String = store.command(&["GET", &names[0]]).unwrap();
    assert_eq!(value, "junk", "not overwritten");

    sessions.bind("two", &alice, KEEP).await.unwrap();
    store.freeze();
    sessions.owner_is("two", &alice, KEEP).await.unwrap_err();
    store.thaw();
    until("it goes on", async || {
        let owner = sessions.owner_is("two", &alice, KEEP).await;
        owner.is_ok_and(|owner| owner == Ownership::Owner)
    })
    .await;
    store.kill();
    sessions.owner_is("two", &alice, KEEP).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f76_a_user_begins_sessions_as_fast_as_can_be() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let member = Member::ready(&store.url(), &issuer).await;
    let verified = member.verifier.verify(&issuer.mint().sign()).await.unwrap();
    let other = issuer.mint().subject("bob").sign();
    let other = member.verifier.verify(&other).await.unwrap();
    let sessions = member.fleet.sessions();
    let bind = async |number: usize, owner: &AuthInfo| {
        let id = format!("{number}-{:?}", owner.subject());
        let owner = owner.principal().unwrap();
        sessions.bind(&id, &owner, KEEP).await
    };
    for number in 0..1_000 {
        bind(number, &verified).await.unwrap();
    }
    bind(1_000, &verified).await.unwrap_err();
    bind(1_000, &other).await.unwrap();
    let names = store.names("session");
    assert_eq!(names.len(), 1_001);
    // One that nobody uses again is soon gone.
    let life: i64 = store.command(&["PTTL", &names[0]]).unwrap();
    assert!((1..=15 * 60 * 1_000).contains(&life), "{life} ms");
}
