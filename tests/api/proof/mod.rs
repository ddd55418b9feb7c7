//! Proof of possession through the layer: the rows of DPoP (P), of certificates (C), and what must
//! be accepted (W).
//!
//! Each refused request differs in one thing from one that the same test sees accepted.

mod accepted;
mod binding;
mod certificates;
mod claims;
mod credentials;
mod keys;
mod layers;
mod nonces;
mod replays;
mod shape;
mod urls;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Builder;
use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::{FakeClock, ProofBuilder, TestClient, TestIssuer};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::support::{Answer, Counting, RESOURCE, call, remembering};

pub(crate) const ALL_ALGORITHMS: &str =
    "ES256 ES384 ES512 EdDSA PS256 PS384 PS512 RS256 RS384 RS512";

/// A server that takes DPoP proofs, an issuer whose keys it has, and a client with a bound token.
pub(crate) struct Scene {
    pub(crate) issuer: Arc<TestIssuer>,
    pub(crate) client: TestClient,
    pub(crate) clock: FakeClock,
    pub(crate) start: SystemTime,
    pub(crate) layer: JwtAuthLayer,
    pub(crate) inner: Counting,
    pub(crate) token: String,
}

impl Scene {
    pub(crate) fn usual() -> Self {
        Self::with(|dpop| dpop)
    }

    pub(crate) fn with(change: impl FnOnce(Dpop) -> Dpop) -> Self {
        let dpop = change(Dpop::new());
        Self::configured(|config| config.dpop(dpop))
    }

    pub(crate) fn configured(
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        let (issuer, client) = (Arc::new(TestIssuer::start()), TestClient::start());
        let token = issuer.mint(RESOURCE).bound_to(&client).sign();
        // A whole second, so that `iat` is exact.
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs());
        let clock = FakeClock::at(start);
        let layer = layer(&issuer, &clock, change);
        Self {
            issuer,
            client,
            clock,
            start,
            layer,
            inner: Counting::default(),
            token,
        }
    }

    /// Another process of the same server.
    pub(crate) fn another(
        &self,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        Self {
            issuer: self.issuer.clone(),
            client: self.client.clone(),
            clock: self.clock.clone(),
            start: self.start,
            layer: layer(&self.issuer, &self.clock, change),
            inner: Counting::default(),
            token: self.token.clone(),
        }
    }

    /// A proof that is good for [`Self::request`].
    pub(crate) fn proof(&self) -> ProofBuilder {
        self.client
            .proof("POST", RESOURCE)
            .token(&self.token)
            .at(self.start)
    }

    /// A good request with this proof.
    pub(crate) fn request(&self, proof: &str) -> Request<Full<Bytes>> {
        self.parts()
            .header("dpop", value(proof))
            .body(Full::default())
            .unwrap()
    }

    /// A request with the token and without a proof.
    pub(crate) fn parts(&self) -> Builder {
        Request::post(RESOURCE).header("authorization", format!("DPoP {}", self.token))
    }

    pub(crate) async fn answer(&self, request: Request<Full<Bytes>>) -> Answer {
        call(&self.layer, &self.inner, request).await
    }

    pub(crate) async fn accepts(&self, what: &str, request: Request<Full<Bytes>>) -> Answer {
        let before = self.inner.calls();
        let answer = self.answer(request).await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        assert_eq!(self.inner.calls(), before + 1, "{what}");
        assert!(answer.body.contains("confirmation"), "{what}: {answer:?}");
        answer
    }

    pub(crate) async fn accepts_proof(&self, what: &str, proof: &ProofBuilder) -> Answer {
        self.accepts(what, self.request(&proof.sign())).await
    }

    /// Refused with this answer, and the service is not called.
    pub(crate) async fn refuses(
        &self,
        what: &str,
        request: Request<Full<Bytes>>,
        verdict: Verdict,
    ) -> Answer {
        let (before, fetches) = (self.inner.calls(), self.issuer.fetches());
        let answer = self.answer(request).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert_eq!(self.inner.calls(), before, "{what}: the service was called");
        assert_eq!(self.issuer.fetches(), fetches, "{what}");
        let (code, description) = verdict.parts();
        let json = answer.json();
        assert_eq!(json["error"], code, "{what}: {answer:?}");
        if let Some(description) = description {
            assert_eq!(json["error_description"], description, "{what}");
        }
        let nonces = answer.headers.get_all("dpop-nonce").iter().count();
        assert_eq!(nonces, usize::from(code == "use_dpop_nonce"), "{what}");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        let [challenge] = challenges[..] else {
            panic!("{what}: {challenges:?}");
        };
        let challenge = challenge.to_str().unwrap();
        assert!(
            challenge.starts_with(&format!("DPoP error=\"{code}\", "))
                && challenge.contains(&format!("algs=\"{ALL_ALGORITHMS}\"")),
            "{what}: {challenge}"
        );
        answer
    }

    pub(crate) async fn refuses_proof(&self, what: &str, proof: &ProofBuilder, verdict: Verdict) {
        self.refuses(what, self.request(&proof.sign()), verdict)
            .await;
    }

    /// Refuses each of these proofs, and accepts the one that they were made from.
    pub(crate) async fn refuses_proofs<const N: usize>(
        &self,
        verdict: Verdict,
        proofs: [(&str, ProofBuilder); N],
    ) {
        self.accepts_proof("the good one", &self.proof()).await;
        for (what, proof) in proofs {
            self.refuses_proof(what, &proof, verdict).await;
        }
    }

    pub(crate) fn at(&self, seconds: i64) {
        self.clock.set(self.time(seconds));
    }

    /// The start, and this many seconds later or earlier.
    pub(crate) fn time(&self, seconds: i64) -> SystemTime {
        let by = Duration::from_secs(seconds.unsigned_abs());
        match seconds < 0 {
            true => self.start - by,
            false => self.start + by,
        }
    }
}

fn layer(
    issuer: &TestIssuer,
    clock: &FakeClock,
    change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
) -> JwtAuthLayer {
    let config = remembering(JwtAuthConfig::builder())
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .jwks(issuer.jwks())
        .clock(clock);
    JwtAuthLayer::new(change(config).build().unwrap())
}

/// A 401 answer to a request that came with the scheme `DPoP`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// `invalid_token`.
    Token,
    /// `invalid_dpop_proof`, with the sentence.
    Proof(&'static str),
    /// `use_dpop_nonce`.
    Nonce,
}

impl Verdict {
    fn parts(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Token => ("invalid_token", None),
            Self::Proof(sentence) => ("invalid_dpop_proof", Some(sentence)),
            Self::Nonce => ("use_dpop_nonce", None),
        }
    }
}

pub(crate) const MISSING: Verdict = Verdict::Proof("The request carries no DPoP proof");
pub(crate) const SEVERAL: Verdict = Verdict::Proof("The request carries more than one DPoP proof");
pub(crate) const MALFORMED: Verdict = Verdict::Proof("The DPoP proof is malformed");
pub(crate) const KEY: Verdict =
    Verdict::Proof("The DPoP proof has a key or an algorithm that is not accepted");
pub(crate) const SIGNATURE: Verdict =
    Verdict::Proof("The signature of the DPoP proof does not verify");
pub(crate) const URL: Verdict = Verdict::Proof("The DPoP proof is for another method or URL");
pub(crate) const NOT_FRESH: Verdict = Verdict::Proof("The DPoP proof is not fresh");
pub(crate) const OTHER_TOKEN: Verdict =
    Verdict::Proof("The DPoP proof is for another access token");
pub(crate) const USED: Verdict = Verdict::Proof("The DPoP proof was used before");

pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap()
}
