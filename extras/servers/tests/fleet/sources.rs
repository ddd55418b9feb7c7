//! What is shared of the keys of an issuer: which sets, and with whom.

use std::time::{Duration, Instant};

use fleet::issuer::{CountingIssuer, RESOURCE};
use fleet::store_server::StoreServer;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{TestIssuer, TestKey};

use crate::support::{MAX_AGE, Member, config, settings, until};

/// A process that trusts an issuer which counts its fetches itself.
fn member(store: &StoreServer, issuer: &TestIssuer, max_age: Duration) -> Member {
    let fleet = settings(&store.url()).build().unwrap();
    Member::of(fleet, config(issuer.issuer(), max_age))
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f22_sources_that_differ_share_nothing() {
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let new = async |jwks_uri: Option<String>| {
        let config = config(&issuer.url(), MAX_AGE);
        let config = match jwks_uri {
            None => config,
            Some(uri) => config.jwks_uri(uri),
        };
        let member = Member::of(settings(&store.url()).build().unwrap(), config);
        member.verifier.wait_for_keys().await.unwrap();
        member
    };
    let token = issuer.mint().sign();
    let uri = || Some(format!("{}/jwks", issuer.url()));
    // Discovery is two requests.
    for (jwks_uri, requests, sets) in [(None, 2, 1), (uri(), 1, 2), (None, 0, 2), (uri(), 0, 2)] {
        let began = Instant::now();
        let member = new(jwks_uri.clone()).await;
        assert_eq!(issuer.requests_since(began), requests, "{jwks_uri:?}");
        assert_eq!(member.status(&token).await, 200);
        // A process serves before it writes its set.
        until("the sets are shared", async || {
            store.names("keys").len() == sets
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f19_only_other_keys_are_a_new_generation() {
    let (store, issuer) = (StoreServer::start(), TestIssuer::start());
    let max_age = Duration::from_secs(3);
    let key = |kid: &str| TestKey::generate(Algorithm::ES256, kid);
    let (a, b) = (key("a"), key("b"));
    let document = |keys: &[&TestKey], more: &str| {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        let keys = serde_json::Value::from(keys);
        issuer.serve_document(Some(format!("{{{more}\"keys\": {keys}}}").as_bytes()));
    };
    document(&[&a, &b], "");
    let members = [(); 3].map(|()| member(&store, &issuer, max_age));
    Member::all_ready(&members).await;
    assert_eq!(issuer.fetches(), 1);
    let health = |member: &Member| member.verifier.keys_health().issuers[0].clone();
    // Until all have a set that was fetched after now.
    let is_taken = async |generation: u64| {
        let (since, before) = (Instant::now(), issuer.fetches());
        until("it is fetched and taken", async || {
            members.iter().all(|member| {
                let age = health(member).age.unwrap();
                issuer.fetches() > before && age < since.elapsed()
            })
        })
        .await;
        for member in &members {
            assert_eq!(health(member).generation, generation);
        }
    };
    document(&[&b, &a], "  \"x\": 1,");
    is_taken(1).await;
    // The same `kid`, and another key.
    document(&[&key("b"), &a], "");
    is_taken(2).await;
    let fetches = issuer.fetches();
    assert!(fetches <= 5, "{fetches}: one fetches for all");
}

/// Nobody fetches a set that is too large to be shared.
#[tokio::test(flavor = "multi_thread")]
async fn real_f23_the_largest_set_and_one_byte_more() {
    const LARGEST: usize = 256 * 1024;
    let (store, issuer) = (StoreServer::start(), TestIssuer::start());
    let serve = |bytes: usize| {
        let mut set = issuer.jwks().to_string();
        set.push_str(&" ".repeat(bytes - set.len()));
        issuer.serve_document(Some(set.as_bytes()));
    };
    serve(LARGEST + 1);
    let token = issuer.mint(RESOURCE).sign();
    let first = member(&store, &issuer, MAX_AGE);
    assert_eq!(first.status(&token).await, 503);
    assert!(store.names("keys").is_empty());
    serve(LARGEST);
    until("it serves", async || first.status(&token).await == 200).await;
    let length: usize = store.command(&["STRLEN", &store.name_of("keys")]).unwrap();
    assert!(length > LARGEST, "{length}");
    let fetches = issuer.fetches();
    for _ in 0..3 {
        let member = member(&store, &issuer, MAX_AGE);
        member.verifier.wait_for_keys().await.unwrap();
        assert_eq!(member.status(&token).await, 200);
    }
    assert_eq!(issuer.fetches(), fetches);
}
