//! Tokens that the issuer is asked about, through the layer and over sockets: the rows of
//! introspection (I), what must be survived (S), and what must be accepted (W).
//!
//! Each refused token differs in one thing from one that the same test sees accepted. The clocks
//! stand still unless a test moves them.

mod answers;
mod binding;
mod client;
mod discovery;
mod faults;
mod floods;
mod kept;
#[cfg(feature = "metrics")]
mod metrics;
mod own;
mod signed;
mod survival;
mod which;

use std::time::{Duration, SystemTime};

use serde_json::Value;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::introspection::{Introspection, IntrospectionHealth};
use tower_jwt_auth::test_util::{FakeClock, TestIntrospection, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::support::{Answer, Counting, HeldClock, RESOURCE, call, remembering, request};

pub(crate) const CLIENT: &str = "rs";
pub(crate) const SECRET: &str = "s3cr3t-of-the-resource-server";

/// The token of the tests, which the issuer calls active.
pub(crate) const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";

/// A server that asks an issuer about opaque tokens, and the issuer.
pub(crate) struct Scene {
    pub(crate) issuer: TestIssuer,
    pub(crate) endpoint: TestIntrospection,
    pub(crate) layer: JwtAuthLayer,
    pub(crate) inner: Counting,
    clock: FakeClock,
    now: SystemTime,
    #[expect(dead_code, reason = "dropping it lets the clock run")]
    held: HeldClock,
}

impl Scene {
    pub(crate) fn usual() -> Self {
        Self::with(|introspection| introspection)
    }

    pub(crate) fn with(change: impl FnOnce(Introspection) -> Introspection) -> Self {
        Self::configured(|config, endpoint| config.introspection(change(asking(endpoint))))
    }

    /// Without a setting, nothing is asked.
    pub(crate) fn configured(
        change: impl FnOnce(JwtAuthConfigBuilder, &TestIntrospection) -> JwtAuthConfigBuilder,
    ) -> Self {
        Self::of_issuer(TestIssuer::start(), change)
    }

    pub(crate) fn of_issuer(
        issuer: TestIssuer,
        change: impl FnOnce(JwtAuthConfigBuilder, &TestIntrospection) -> JwtAuthConfigBuilder,
    ) -> Self {
        let endpoint = issuer.introspection();
        endpoint.require_client(CLIENT, SECRET);
        endpoint.answer(TOKEN, endpoint.good_answer(RESOURCE));
        let now = SystemTime::now();
        let clock = FakeClock::at(now);
        let config = remembering(JwtAuthConfig::builder())
            .resource(RESOURCE)
            .issuer(issuer.issuer())
            .jwks(issuer.jwks())
            .clock(&clock);
        let layer = JwtAuthLayer::new(change(config, &endpoint).build().unwrap());
        Self {
            issuer,
            endpoint,
            layer,
            inner: Counting::default(),
            clock,
            now,
            held: HeldClock::hold(),
        }
    }

    /// The good answer with another member; null removes it.
    pub(crate) fn good_with(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut answer = self.endpoint.good_answer(RESOURCE);
        match value.into() {
            Value::Null => drop(answer.as_object_mut().unwrap().remove(name)),
            value => answer[name] = value,
        }
        answer
    }

    /// The issuer answers this about a token, which no test has used yet.
    pub(crate) fn answers(&self, answer: Value) -> String {
        let token = format!("token-{:016x}", fastrand::u64(..));
        self.endpoint.answer(&token, answer);
        token
    }

    pub(crate) async fn answer(&self, token: &str) -> Answer {
        call(&self.layer, &self.inner, request(Some(token))).await
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.answer(token).await.status.as_u16()
    }

    pub(crate) async fn accepts(&self, what: &str, token: &str) -> Answer {
        let before = self.inner.calls();
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        assert_eq!(self.inner.calls(), before + 1, "{what}");
        answer
    }

    /// 401 `invalid_token`, whatever the reason.
    pub(crate) async fn refuses(&self, what: &str, token: &str) -> Answer {
        let before = self.inner.calls();
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert_eq!(self.inner.calls(), before, "{what}: the service was called");
        let challenge = answer.challenge().unwrap();
        let start = "Bearer error=\"invalid_token\", ";
        assert!(challenge.starts_with(start), "{what}: {challenge}");
        assert_eq!(answer.json()["error"], "invalid_token", "{what}");
        answer
    }

    /// 503 with `Retry-After`, and no challenge: clients keep their tokens. Says for how long.
    pub(crate) async fn unavailable(&self, what: &str, token: &str) -> Duration {
        let before = self.inner.calls();
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 503, "{what}: {answer:?}");
        assert_eq!(self.inner.calls(), before, "{what}: the service was called");
        assert_eq!(answer.challenge(), None, "{what}");
        let error = &answer.json()["error"];
        assert_eq!(error, "temporarily_unavailable", "{what}");
        let wait = answer.headers["retry-after"].to_str().unwrap();
        Duration::from_secs(wait.parse().unwrap())
    }

    /// Why the last call failed.
    pub(crate) fn last_error(&self) -> String {
        self.health().last_error.unwrap_or_default()
    }

    pub(crate) fn health(&self) -> IntrospectionHealth {
        self.layer.introspection().health().remove(0)
    }

    /// Both clocks go on.
    pub(crate) async fn pass(&mut self, time: Duration) {
        self.now += time;
        self.clock.set(self.now);
        tokio::time::advance(time).await;
    }

    /// The wall clock is set.
    pub(crate) fn set_clock(&mut self, now: SystemTime) {
        self.now = now;
        self.clock.set(now);
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.now
    }

    pub(crate) fn unix(&self) -> u64 {
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs()
    }
}

/// The settings with the credentials that the endpoint of a scene wants.
pub(crate) fn asking(endpoint: &TestIntrospection) -> Introspection {
    Introspection::new(CLIENT, SECRET).endpoint(endpoint.endpoint())
}
