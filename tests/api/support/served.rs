//! An issuer on a real socket, a layer that fetches its keys from there, and a clock that stands
//! still unless the test moves it.

use std::time::Duration;

use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::keys::IssuerHealth;
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use super::{Answer, Counting, HeldClock, RESOURCE, call, config, request, until};

pub(crate) struct Served {
    pub(crate) issuer: TestIssuer,
    pub(crate) layer: JwtAuthLayer,
    #[expect(dead_code, reason = "dropping it lets the clock run")]
    held: HeldClock,
}

impl Served {
    /// The keys are found by discovery.
    pub(crate) fn discovered() -> Self {
        Self::by(TestIssuer::start(), |config, _| config)
    }

    /// The keys come straight from `jwks_uri`, so that each fetch is one request.
    pub(crate) fn fetched() -> Self {
        Self::fetched_from(TestIssuer::start())
    }

    pub(crate) fn fetched_from(issuer: TestIssuer) -> Self {
        Self::by(issuer, |config, issuer| config.jwks_uri(issuer.jwks_uri()))
    }

    pub(crate) fn by(
        issuer: TestIssuer,
        change: impl FnOnce(JwtAuthConfigBuilder, &TestIssuer) -> JwtAuthConfigBuilder,
    ) -> Self {
        let config = change(config(&issuer), &issuer).build().unwrap();
        Self {
            layer: JwtAuthLayer::new(config),
            held: HeldClock::hold(),
            issuer,
        }
    }

    /// The first fetch is over.
    pub(crate) async fn ready(self) -> Self {
        self.layer.wait_for_keys().await.unwrap();
        self
    }

    /// Why there are no keys.
    pub(crate) async fn fails_to_start(&self) -> String {
        self.layer.wait_for_keys().await.unwrap_err().to_string()
    }

    pub(crate) fn health(&self) -> IssuerHealth {
        self.layer.keys_health().issuers.remove(0)
    }

    /// A token of the key that the issuer signs with now.
    pub(crate) fn token(&self) -> String {
        self.issuer.mint(RESOURCE).sign()
    }

    /// A token with a `kid` that no set holds.
    pub(crate) fn junk(&self, kid: &str) -> String {
        self.issuer.mint(RESOURCE).header("kid", kid).sign()
    }

    pub(crate) async fn answer(&self, token: &str) -> Answer {
        call(&self.layer, &Counting::default(), request(Some(token))).await
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        status(&self.layer, token).await
    }

    pub(crate) async fn status_of_new_token(&self) -> u16 {
        self.status(&self.token()).await
    }

    /// Has the keys refreshed, which fails; the old ones must serve on. Says why it failed.
    pub(crate) async fn failing_refresh(&self) -> String {
        let token = self.token();
        let before = self.health().failures;
        tokio::time::advance(Duration::from_secs(700)).await;
        until("the refresh fails", || self.health().failures > before).await;
        assert_eq!(self.status(&token).await, 200, "the old keys serve on");
        self.health().last_error.unwrap()
    }
}

/// An issuer that answers like this from the start.
pub(crate) fn issuer_with(fault: Fault) -> TestIssuer {
    let issuer = TestIssuer::start();
    issuer.fail(fault);
    issuer
}

pub(crate) async fn status(layer: &JwtAuthLayer, token: &str) -> u16 {
    let answer = call(layer, &Counting::default(), request(Some(token))).await;
    answer.status.as_u16()
}
