//! What one process revokes, another refuses.

use std::time::Duration;

use tokio::time::Instant;
use tower_jwt_auth::fleet::{Fleet, Revocation};
use tower_jwt_auth::test_util::internal::fleet::{Fault, MemoryStore, fleet};
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::A;
use crate::support::{Counting, RESOURCE, call, pass, remembering, request, seconds};

const NOW: u64 = 1_800_000_000;

/// A store, an issuer, and what makes processes that use both.
struct World {
    store: MemoryStore,
    issuer: TestIssuer,
    clock: FakeClock,
}

struct Process {
    fleet: Fleet,
    layer: JwtAuthLayer,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            issuer: TestIssuer::start(),
            clock: FakeClock::at(unix(NOW as f64)),
        }
    }

    fn process(&self) -> Process {
        let fleet = fleet(&self.store, "ns", &[A], &self.clock);
        let config = remembering(JwtAuthConfig::builder())
            .resource(RESOURCE)
            .issuer(self.issuer.issuer())
            .jwks(self.issuer.jwks())
            .clock(&self.clock)
            .fleet(fleet.clone());
        let layer = JwtAuthLayer::new(config.build().unwrap());
        Process { fleet, layer }
    }

    fn token(&self, subject: &str) -> String {
        let token = self.issuer.mint(RESOURCE).valid(NOW, seconds(3600));
        token.subject(subject).sign()
    }
}

impl Process {
    async fn status(&self, token: &str) -> u16 {
        let answer = call(&self.layer, &Counting::default(), request(Some(token))).await;
        answer.status.as_u16()
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f25_a_token_that_another_process_remembers_is_refused() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    let (alice, bob) = (world.token("alice"), world.token("bob"));
    for process in [&one, &other] {
        for token in [&alice, &alice, &bob] {
            assert_eq!(process.status(token).await, 200);
        }
    }
    let revocation = Revocation::subject(world.issuer.issuer(), "alice");
    one.fleet.revoke(revocation).await.unwrap();
    assert_eq!(one.status(&alice).await, 401);

    let began = Instant::now();
    while other.status(&alice).await == 200 {
        pass(Duration::from_millis(5)).await;
    }
    let took = began.elapsed();
    assert!(took <= Duration::from_millis(200), "{took:?}");
    assert_eq!(other.status(&alice).await, 401);
    assert_eq!(other.status(&bob).await, 200);
}

#[tokio::test(start_paused = true)]
async fn fleet_f37_tokens_get_503_until_the_list_is_read() {
    let world = World::new();
    let (one, token) = (world.process(), world.token("alice"));
    one.fleet.ready().await;
    world.store.set_fault(Some(Fault::Down));
    let late = world.process();
    assert_eq!(late.status(&token).await, 503);
    assert!(!late.layer.keys_health().is_ready());
    assert_eq!(one.status(&token).await, 200, "it was up");
    assert!(!one.fleet.health().revocations_behind);

    pass(seconds(11)).await;
    assert_eq!(late.status(&token).await, 200);
    assert_eq!(late.fleet.health().revocations_heard, None);
    pass(seconds(11)).await;
    assert!(one.fleet.health().revocations_behind);

    let revocation = Revocation::subject(world.issuer.issuer(), "alice");
    one.fleet.revoke(revocation).await.unwrap_err();
    world.store.set_fault(None);
    pass(seconds(10)).await;
    assert_eq!(late.status(&token).await, 401);
    for process in [&one, &late] {
        assert!(process.fleet.health().revocations_heard.is_some());
        assert!(!process.fleet.health().revocations_behind);
    }
}
