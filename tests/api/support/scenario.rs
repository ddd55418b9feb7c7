//! One issuer in memory, one verifier of its tokens, and what happens to both over time.
//!
//! Keys go by their `kid` and are made when they are first named: `scenario.expect("new", UNKNOWN)`
//! sends a token that is signed with a key `new`, published or not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_jwt_auth::JwtVerifier;
use tower_jwt_auth::config::{JwksCache, JwtAuthConfigBuilder};
use tower_jwt_auth::keys::IssuerHealth;
use tower_jwt_auth::test_util::TestKey;

use super::issuer_in_memory::{Answer, InMemoryIssuer, Verdict, junk, key, token, verdict};

pub(crate) struct Scenario {
    pub(crate) issuer: InMemoryIssuer,
    pub(crate) verifier: JwtVerifier,
    keys: Keys,
    began: Instant,
}

impl Scenario {
    /// The issuer publishes these keys; nothing is fetched yet.
    pub(crate) fn publishing<const N: usize>(kids: [&str; N]) -> Self {
        Self::configured(kids, |config| config)
    }

    pub(crate) fn timed<const N: usize>(kids: [&str; N], times: JwksCache) -> Self {
        Self::configured(kids, |config| config.jwks_cache(times))
    }

    pub(crate) fn configured<const N: usize>(
        kids: [&str; N],
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        let scenario = Self::of(InMemoryIssuer::publishing(&[]), Keys::default(), change);
        scenario.publish(kids);
        scenario
    }

    /// Another verifier of the same issuer, as after a restart.
    pub(crate) fn another(
        &self,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        Self::of(self.issuer.clone(), self.keys.clone(), change)
    }

    fn of(
        issuer: InMemoryIssuer,
        keys: Keys,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        Self {
            verifier: JwtVerifier::new(change(issuer.config()).build().unwrap()),
            issuer,
            keys,
            began: Instant::now(),
        }
    }

    /// The same issuer and keys, and a verifier that trusts other issuers too.
    pub(crate) fn seen_by(self, verifier: JwtVerifier) -> Self {
        Self { verifier, ..self }
    }

    /// The first fetch is over.
    pub(crate) async fn ready(self) -> Self {
        self.verifier.wait_for_keys().await.unwrap();
        self
    }

    /// As [`publishing`](Self::publishing), and [`ready`](Self::ready).
    pub(crate) async fn started<const N: usize>(kids: [&str; N]) -> Self {
        Self::publishing(kids).ready().await
    }

    pub(crate) fn key(&self, kid: &str) -> Arc<TestKey> {
        self.keys.get(kid)
    }

    /// A good token of this key; no two are alike.
    pub(crate) fn token(&self, kid: &str) -> String {
        token(&self.key(kid))
    }

    /// From the next fetch on, the issuer has these keys and no others.
    pub(crate) fn publish<const N: usize>(&self, kids: [&str; N]) {
        let keys = kids.map(|kid| self.key(kid));
        self.issuer.publish(&keys.each_ref().map(Arc::as_ref));
    }

    pub(crate) fn fails(&self) {
        self.issuer.answer(Answer::Fails);
    }

    pub(crate) fn hangs(&self) {
        self.issuer.answer(Answer::Hangs);
    }

    pub(crate) fn fetches(&self) -> usize {
        self.issuer.fetches()
    }

    pub(crate) fn health(&self) -> IssuerHealth {
        self.verifier.keys_health().issuers.remove(0)
    }

    /// Sends a token of this key. It waits by itself: the caller may spawn it.
    pub(crate) fn ask(&self, kid: &str) -> impl Future<Output = Verdict> + Send + use<> {
        let (verifier, token) = (self.verifier.clone(), self.token(kid));
        async move { verdict(&verifier, &token).await }
    }

    /// Sends one token in many requests at once.
    pub(crate) fn ask_often(
        &self,
        kid: &str,
        requests: usize,
    ) -> impl Future<Output = Vec<Verdict>> + Send + use<> {
        let (verifier, token) = (self.verifier.clone(), self.token(kid));
        async move {
            let mut running = JoinSet::new();
            for _ in 0..requests {
                let (verifier, token) = (verifier.clone(), token.clone());
                running.spawn(async move { verdict(&verifier, &token).await });
            }
            running.join_all().await
        }
    }

    pub(crate) async fn expect(&self, kid: &str, expected: Verdict) {
        assert_eq!(self.ask(kid).await, expected, "{}", self.moment(kid));
    }

    /// The verdict comes without any wait.
    pub(crate) async fn expect_at_once(&self, kid: &str, expected: Verdict) {
        let waited = took(self.expect(kid, expected)).await;
        assert_eq!(waited, Duration::ZERO, "{} waited", self.moment(kid));
    }

    pub(crate) async fn expect_often(&self, kid: &str, requests: usize, expected: Verdict) {
        let verdicts = self.ask_often(kid, requests).await;
        assert_eq!(verdicts, vec![expected; requests], "{}", self.moment(kid));
    }

    /// For a `kid` that no set holds, and a signature that costs nothing to make.
    pub(crate) async fn expect_junk(&self, kid: &str, expected: Verdict) {
        let got = verdict(&self.verifier, &junk(kid)).await;
        assert_eq!(got, expected, "{}", self.moment(kid));
    }

    /// Which token, and when: what an assertion says.
    fn moment(&self, kid: &str) -> String {
        format!("a token of {kid:?} after {:?}", self.began.elapsed())
    }
}

/// How long it took, on the clock of the test.
pub(crate) async fn took(work: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    work.await;
    began.elapsed()
}

#[derive(Clone, Default)]
struct Keys(Arc<Mutex<BTreeMap<String, Arc<TestKey>>>>);

impl Keys {
    fn get(&self, kid: &str) -> Arc<TestKey> {
        let mut keys = self.0.lock().unwrap();
        let entry = keys.entry(kid.to_owned());
        entry.or_insert_with(|| Arc::new(key(kid))).clone()
    }
}
