use std::sync::Arc;
use std::time::{Duration, Instant};

use fleet::issuer::{CountingIssuer, RESOURCE};
use fleet::replica::SECRET;
use fleet::store_server::NAMESPACE;
use tokio::task::JoinSet;
use tower_jwt_auth::config::JwksCache;
use tower_jwt_auth::fleet::{Fleet, FleetBuilder};
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::TestClient;
use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};

/// One process of the fleet.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) fleet: Fleet,
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
        let fleet = Fleet::builder().redis(url).namespace(NAMESPACE);
        let fleet = change(fleet.secret(SECRET));
        let fleet = fleet.build().unwrap();
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer(issuer.url())
            .jwks_cache(JwksCache::new().max_age(max_age).cooldown(COOLDOWN))
            .dpop(Dpop::new())
            .fleet(fleet.clone());
        let verifier = JwtVerifier::new(config.build().unwrap());
        Self { fleet, verifier }
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
