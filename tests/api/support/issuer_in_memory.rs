//! An issuer without a network: a key source that does what the test says, on the test's own clock.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tower_jwt_auth::config::{JwksCache, JwtAuthConfigBuilder};
use tower_jwt_auth::error::{RejectionKind, TokenErrorKind};
use tower_jwt_auth::keys::{FetchError, FetchFuture, FetchRequest, Fetched, KeySource};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

pub(crate) const ISSUER: &str = "memory";
pub(crate) const AUDIENCE: &str = "tests";

/// The answer to each fetch.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Document(Vec<u8>),
    Fails,
    FailsFor(Duration),
    Hangs,
    NotModified,
    Panics,
}

#[derive(Clone, Debug)]
pub(crate) struct InMemoryIssuer(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) answer: Answer,
    pub(crate) delay: Duration,
    pub(crate) max_age: Option<Duration>,
    /// When each fetch began.
    pub(crate) fetches: Vec<Instant>,
}

impl InMemoryIssuer {
    pub(crate) fn publishing(keys: &[&TestKey]) -> Self {
        let issuer = Self(Arc::new(Mutex::new(State {
            answer: Answer::Fails,
            delay: Duration::ZERO,
            max_age: None,
            fetches: Vec::new(),
        })));
        issuer.publish(keys);
        issuer
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn publish(&self, keys: &[&TestKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.answer(Answer::Document(
            json!({"keys": keys}).to_string().into_bytes(),
        ));
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.state().answer = answer;
    }

    pub(crate) fn takes(&self, delay: Duration) {
        self.state().delay = delay;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.state().fetches.len()
    }

    /// How much time lay between one fetch and the next.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let state = self.state();
        let pairs = state.fetches.windows(2);
        pairs.map(|pair| pair[1] - pair[0]).collect()
    }

    /// How many still hold the source: the layer and its task, and the test.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    pub(crate) fn config(&self) -> JwtAuthConfigBuilder {
        crate::support::remembering(JwtAuthConfig::builder())
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .key_source(self.clone())
    }

    pub(crate) fn verifier(&self) -> JwtVerifier {
        self.verifier_with(JwksCache::new())
    }

    pub(crate) fn verifier_with(&self, times: JwksCache) -> JwtVerifier {
        JwtVerifier::new(self.config().jwks_cache(times).build().unwrap())
    }
}

impl KeySource for InMemoryIssuer {
    fn fetch<'a>(&'a self, _: FetchRequest<'a>) -> FetchFuture<'a> {
        Box::pin(async move {
            let (delay, answer, max_age) = {
                let mut state = self.state();
                state.fetches.push(Instant::now());
                (state.delay, state.answer.clone(), state.max_age)
            };
            tokio::time::sleep(delay).await;
            let fetched = match answer {
                Answer::Document(document) => Fetched::document(document),
                Answer::Fails => return Err(FetchError::new("memory: out of order")),
                Answer::FailsFor(wait) => {
                    return Err(FetchError::retry_after("memory: not now", wait));
                }
                Answer::Hangs => std::future::pending().await,
                Answer::NotModified => Fetched::not_modified(),
                Answer::Panics => panic!("memory: a bug"),
            };
            Ok(match max_age {
                Some(max_age) => fetched.with_max_age(max_age),
                None => fetched,
            })
        })
    }
}

pub(crate) fn key(kid: &str) -> TestKey {
    TestKey::generate(Algorithm::ES256, kid)
}

/// A good token, signed with `key`, good until 2100.
pub(crate) fn token(key: &TestKey) -> String {
    key.sign_compact(&header(key.kid()), &claims())
}

/// A token that passes every check but the last: its signature is junk, which takes no time to
/// make.
pub(crate) fn junk(kid: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.AAAA", encode(header(kid)), encode(claims()))
}

pub(crate) fn header(kid: &str) -> String {
    json!({"alg": "ES256", "kid": kid}).to_string()
}

pub(crate) fn claims() -> String {
    json!({"iss": ISSUER, "aud": AUDIENCE, "exp": 4_102_444_800_u64}).to_string()
}

/// A verdict, short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Refused(TokenErrorKind),
    TooMany,
    Unavailable,
}

pub(crate) const UNKNOWN: Verdict = Verdict::Refused(TokenErrorKind::UnknownKey);

pub(crate) async fn verdict(verifier: &JwtVerifier, token: &str) -> Verdict {
    match verifier.verify(token).await {
        Ok(_) => Verdict::Good,
        Err(rejection) if rejection.kind() == RejectionKind::KeysUnavailable => {
            assert!(rejection.retry_after().is_some(), "{rejection}");
            Verdict::Unavailable
        }
        Err(rejection) if rejection.kind() == RejectionKind::TooManyRequests => {
            assert!(rejection.retry_after().is_some(), "{rejection}");
            Verdict::TooMany
        }
        Err(rejection) => Verdict::Refused(rejection.token_error().unwrap().kind()),
    }
}
