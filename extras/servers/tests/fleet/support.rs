use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fleet::issuer::{CountingIssuer, RESOURCE};
use fleet::replica::SECRET;
use fleet::store_server::NAMESPACE;
use tokio::task::JoinSet;
use tower_jwt_auth::config::{JwksCache, JwtAuthConfigBuilder};
use tower_jwt_auth::fleet::{Fleet, FleetBuilder};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::internal::fleet::{build_with_clock, running_clock};
use tower_jwt_auth::test_util::{FakeClock, TestClient};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, JwtVerifier};

/// One process of the fleet.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) fleet: Fleet,
    pub(crate) layer: JwtAuthLayer,
    pub(crate) verifier: JwtVerifier,
}

pub(crate) const MAX_AGE: Duration = Duration::from_secs(600);
pub(crate) const COOLDOWN: Duration = Duration::from_secs(2);

impl Member {
    pub(crate) fn new(url: &str, issuer: &CountingIssuer) -> Self {
        Self::with(url, issuer, MAX_AGE, |fleet| fleet)
    }

    pub(crate) fn with(
        url: &str,
        issuer: &CountingIssuer,
        max_age: Duration,
        change: impl FnOnce(FleetBuilder) -> FleetBuilder,
    ) -> Self {
        let fleet = change(settings(url)).build().unwrap();
        Self::of(fleet, config(&issuer.url(), max_age))
    }

    /// A process on a machine whose clock is wrong.
    pub(crate) fn with_clock(
        clock: &FakeClock,
        fleet: FleetBuilder,
        config: JwtAuthConfigBuilder,
    ) -> Self {
        let fleet = build_with_clock(fleet, clock).unwrap();
        Self::of(fleet, config.clock(clock))
    }

    pub(crate) fn of(fleet: Fleet, config: JwtAuthConfigBuilder) -> Self {
        let config = config.fleet(fleet.clone()).build().unwrap();
        let layer = JwtAuthLayer::new(config);
        let verifier = layer.verifier();
        Self {
            fleet,
            layer,
            verifier,
        }
    }

    /// A process that has keys and the list of revocations.
    pub(crate) async fn ready(url: &str, issuer: &CountingIssuer) -> Self {
        let member = Self::new(url, issuer);
        member.verifier.wait_for_keys().await.unwrap();
        member
    }

    pub(crate) async fn many(count: usize, url: &str, issuer: &CountingIssuer) -> Vec<Self> {
        let members: Vec<_> = (0..count).map(|_| Self::new(url, issuer)).collect();
        Self::all_ready(&members).await;
        members
    }

    /// All start at once.
    pub(crate) async fn all_ready(members: &[Self]) {
        let mut starting = JoinSet::new();
        for member in members.iter().cloned() {
            starting.spawn(async move { member.verifier.wait_for_keys().await.unwrap() });
        }
        starting.join_all().await;
    }

    /// The status that a request with this token gets.
    pub(crate) async fn status(&self, token: &str) -> u16 {
        let verified = self.verifier.verify(token).await;
        verified.map_or_else(|rejection| rejection.status().as_u16(), |_| 200)
    }

    /// The status that a request with a proof gets.
    pub(crate) async fn status_of(&self, request: &http::request::Parts) -> u16 {
        let verified = self.verifier.verify_request(request).await;
        verified.map_or_else(|rejection| rejection.status().as_u16(), |_| 200)
    }
}

/// What all processes have in common, but for the clusters.
pub(crate) fn settings(url: &str) -> FleetBuilder {
    let fleet = Fleet::builder().redis(url).namespace(NAMESPACE);
    fleet.secret(SECRET)
}

pub(crate) fn config(issuer: &str, max_age: Duration) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer)
        .jwks_cache(JwksCache::new().max_age(max_age).cooldown(COOLDOWN))
        .dpop(Dpop::new())
}

/// A clock that goes, and is so many seconds ahead of that of this machine.
pub(crate) fn clock_ahead(seconds: i64) -> FakeClock {
    running_clock(ahead(seconds))
}

/// So many seconds from now; before now if there are less than none.
pub(crate) fn ahead(seconds: i64) -> SystemTime {
    let time = Duration::from_secs(seconds.unsigned_abs());
    match seconds {
        0.. => SystemTime::now() + time,
        _ => SystemTime::now() - time,
    }
}

/// The seconds of a claim.
pub(crate) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A client with a key, and a token that is bound to it.
#[derive(Debug)]
pub(crate) struct Holder {
    client: TestClient,
    token: String,
}

impl Holder {
    pub(crate) fn new(issuer: &CountingIssuer) -> Self {
        let client = TestClient::start();
        let token = issuer.mint().bound_to(&client).sign();
        Self { client, token }
    }

    /// A request with a new proof.
    pub(crate) fn request(&self) -> Arc<http::request::Parts> {
        let proof = self.client.proof("GET", RESOURCE).token(&self.token);
        let request = http::Request::get(RESOURCE)
            .header("authorization", format!("DPoP {}", self.token))
            .header("dpop", proof.sign());
        Arc::new(request.body(()).unwrap().into_parts().0)
    }
}

/// Waits until this is so, for 15 seconds at most. Returns how long it took.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !is_so().await {
        assert!(
            since.elapsed() < Duration::from_secs(15),
            "after 15 s still not so: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    since.elapsed()
}

/// The statuses of the same question to all.
pub(crate) async fn all(members: &[Member], token: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for member in members {
        statuses.push(member.status(token).await);
    }
    statuses
}
