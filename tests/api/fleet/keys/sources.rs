//! Who shares with whom: secrets, releases, sources and sizes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use tower_jwt_auth::JwtAuthConfig;
use tower_jwt_auth::keys::{ExchangeLimits, HttpTransport, TransportFuture};

use super::*;
use crate::support::capture;

use Verdict::Good;

#[tokio::test(start_paused = true)]
async fn fleet_f20_sharing_goes_on_while_a_secret_is_replaced() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let steps: [&[&[u8]]; 4] = [&[A], &[A, B], &[B, A], &[B]];
    let mut old = vec![world.process_with("fleet", steps[0], Duration::ZERO)];
    all_ready(&old).await;
    for secrets in &steps[1..] {
        // Half of the fleet has the next secrets.
        let new: Vec<_> = (0..5)
            .map(|_| world.process_with("fleet", secrets, Duration::ZERO))
            .collect();
        let before = world.fetches();
        all_ready(&new).await;
        assert_eq!(world.fetches(), before, "{secrets:?}: the set is taken");
        pass(seconds(2000)).await;
        let fetches = world.fetches() - before;
        // One for each life, and sometimes two at once: the leases differ.
        assert!((4..=10).contains(&fetches), "{secrets:?}: {fetches}");
        for process in new.iter().chain(&old) {
            assert_eq!(process.verdict(&token(&key)).await, Good);
        }
        old = new;
        // The rest of the fleet follows, before the next step.
        pass(seconds(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f20_another_secret_shares_nothing() {
    let world = World::publishing(&[&key("k")]);
    assert!(world.process().is_ready().await);
    let other = world.process_with("fleet", &[B], Duration::ZERO);
    assert!(other.is_ready().await);
    let namespace = world.process_with("other", &[A], Duration::ZERO);
    assert!(namespace.is_ready().await);
    assert_eq!(world.fetches(), 3);
}

/// A release to come writes another version, under the same name.
#[tokio::test(start_paused = true)]
async fn fleet_f21_values_of_another_version_are_absent() {
    let key = key("k");
    let world = World::publishing(&[&key]);
    let warm = world.process();
    assert!(warm.is_ready().await);
    let name = world.name("keys").unwrap();
    let mut value = world.store.value(&name).unwrap();
    value[0] = 2;
    world.store.put(&name, &value);
    let (log, _guard) = capture();
    let cold = world.process();
    assert_eq!(cold.verdict(&token(&key)).await, Good);
    assert_eq!(world.fetches(), 2);
    assert_eq!(log.counts("store_tampered"), 0);
    assert_eq!(
        world.store.value(&name).unwrap()[0],
        1,
        "each writes its own"
    );
    assert_eq!(warm.verdict(&token(&key)).await, Good);
}

/// Serves metadata and keys, and counts the requests for keys.
#[derive(Clone, Debug)]
struct Served {
    jwks: Arc<str>,
    fetches: Arc<AtomicUsize>,
}

impl HttpTransport for Served {
    fn exchange(&self, request: Request<Bytes>, _: ExchangeLimits) -> TransportFuture<'_> {
        let body = match request.uri().path() {
            "/keys" | "/other-keys" => {
                self.fetches.fetch_add(1, Ordering::Relaxed);
                self.jwks.to_string()
            }
            _ => r#"{"issuer": "https://idp.test", "jwks_uri": "https://idp.test/keys"}"#.into(),
        };
        Box::pin(async move { Ok(Response::new(Bytes::from(body))) })
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f22_sources_that_differ_share_nothing() {
    let jwks = serde_json::json!({"keys": [key("k").jwk()]}).to_string();
    let served = Served {
        jwks: jwks.into(),
        fetches: Arc::default(),
    };
    let store = MemoryStore::default();
    let process = |source: &str| {
        let clock = running_clock(now());
        let config = JwtAuthConfig::builder()
            .audience("a")
            .issuer("https://idp.test")
            .http_transport(served.clone())
            .clock(&clock)
            .fleet(fleet_of_keys(&store, "fleet", &[A], &clock));
        let config = match source {
            "discovery" => config,
            "pinned" => config.pin_jwks_host(),
            "http" => config.danger_allow_http(),
            uri => config.jwks_uri(uri),
        };
        JwtVerifier::new(config.build().unwrap())
    };
    let sources = [
        "discovery",
        "pinned",
        "http",
        "https://idp.test/keys",
        "https://idp.test/other-keys",
    ];
    for fetches in [1, 0] {
        for source in sources {
            let before = served.fetches.load(Ordering::Relaxed);
            process(source).wait_for_keys().await.unwrap();
            let made = served.fetches.load(Ordering::Relaxed) - before;
            assert_eq!(made, fetches, "{source}");
        }
    }
}

/// A set of this many bytes, with 128 keys.
fn large_set(bytes: usize, keys: &[TestKey]) -> Vec<u8> {
    let keys: Vec<_> = keys.iter().map(TestKey::jwk).collect();
    let mut set = serde_json::json!({"keys": keys}).to_string();
    assert!(set.len() < bytes);
    set.extend(std::iter::repeat_n(' ', bytes - set.len()));
    set.into_bytes()
}

#[tokio::test(start_paused = true)]
async fn fleet_f23_the_largest_set_is_shared_and_no_larger_one() {
    let keys: Vec<_> = (0..128).map(|n| key(&format!("k{n}"))).collect();
    for (bytes, fetches) in [(256 * 1024, 1), (256 * 1024 + 1, 2)] {
        let world = World::publishing(&[]);
        world
            .issuer
            .answer(Answer::Document(large_set(bytes, &keys)));
        let (log, _guard) = capture();
        for _ in 0..2 {
            assert_eq!(world.process().verdict(&token(&keys[127])).await, Good);
        }
        assert_eq!(world.fetches(), fetches, "{bytes}");
        let told = log.counts("keys_too_large_to_share");
        assert_eq!(told, if fetches == 1 { 0 } else { 2 }, "{bytes}");
    }
}
