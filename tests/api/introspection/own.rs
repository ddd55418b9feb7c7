//! An issuer in the same process, without a network: time passes by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower_jwt_auth::introspection::{
    FetchError, Introspection, IntrospectionAnswer, IntrospectionFuture, IntrospectionHealth,
    Introspector,
};
use tower_jwt_auth::limits::MAX_INTROSPECTION_BYTES;
use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};

use crate::support::{RESOURCE, seconds};

pub(super) const ISSUER: &str = "https://idp.example.com";

/// What happens when a token is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Answer,
    Connection,
    Fail,
    Hang,
    Panic,
    RetryAfter(u64),
}

#[derive(Clone)]
pub(super) struct Own(Arc<State>);

struct State {
    act: Mutex<Act>,
    takes: Duration,
    answers: Mutex<HashMap<String, Value>>,
    calls: Mutex<HashMap<String, usize>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl Own {
    /// Each answer takes this long.
    pub(super) fn taking(takes: Duration) -> Self {
        Self(Arc::new(State {
            act: Mutex::new(Act::Answer),
            takes,
            answers: Mutex::default(),
            calls: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }))
    }

    pub(super) fn verifier(
        &self,
        change: impl FnOnce(Introspection) -> Introspection,
    ) -> JwtVerifier {
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .issuer(ISSUER)
            .jwk(
                tower_jwt_auth::test_util::TestKey::generate(tower_jwt_auth::Algorithm::ES256, "k")
                    .jwk(),
            )
            .introspection(change(Introspection::with_introspector(self.clone())));
        JwtVerifier::new(config.build().unwrap())
    }

    /// A token that is active.
    pub(super) fn activate(&self, token: &str) {
        let answer =
            json!({"active": true, "aud": RESOURCE, "sub": token, "exp": 4_102_444_800_u64});
        self.0
            .answers
            .lock()
            .unwrap()
            .insert(token.to_owned(), answer);
    }

    pub(super) fn act(&self, act: Act) {
        *self.0.act.lock().unwrap() = act;
    }

    pub(super) fn calls(&self) -> usize {
        self.0.calls.lock().unwrap().values().sum()
    }

    pub(super) fn calls_for(&self, token: &str) -> usize {
        let calls = self.0.calls.lock().unwrap();
        calls.get(token).copied().unwrap_or_default()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }
}

struct Under<'s>(&'s AtomicUsize);

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Introspector for Own {
    fn introspect<'a>(&'a self, token: &'a str) -> IntrospectionFuture<'a> {
        Box::pin(async move {
            let state = &*self.0;
            *state
                .calls
                .lock()
                .unwrap()
                .entry(token.to_owned())
                .or_default() += 1;
            let now = state.now.fetch_add(1, Ordering::Relaxed) + 1;
            state.most.fetch_max(now, Ordering::Relaxed);
            let _under = Under(&state.now);
            let act = *state.act.lock().unwrap();
            sleep(state.takes).await;
            match act {
                Act::Answer => {
                    let answers = state.answers.lock().unwrap();
                    let answer = answers.get(token).cloned();
                    let answer = answer.unwrap_or_else(|| json!({"active": false}));
                    Ok(IntrospectionAnswer::json(answer.to_string()))
                }
                Act::Connection => Err(FetchError::connection("no connection", "refused")),
                Act::Fail => Err(FetchError::new("failed")),
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("a bug of the application"),
                Act::RetryAfter(wait) => Err(FetchError::retry_after("busy", seconds(wait))),
            }
        })
    }
}

pub(super) async fn status(verifier: &JwtVerifier, token: &str) -> u16 {
    match verifier.verify(token).await {
        Ok(auth) => {
            assert_eq!(auth.subject(), Some(token), "the answer for this token");
            200
        }
        Err(rejection) => rejection.status().as_u16(),
    }
}

pub(super) fn health(verifier: &JwtVerifier) -> IntrospectionHealth {
    verifier.introspection().health().remove(0)
}

#[tokio::test(start_paused = true)]
async fn pop_i07_five_failures_in_a_row_pause_calls_for_new_tokens() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it.max_age(Duration::ZERO));
    own.activate("known");
    assert_eq!(status(&verifier, "known").await, 200);
    own.act(Act::Connection);
    for n in 0..5 {
        assert_eq!(status(&verifier, &format!("new-{n}")).await, 503);
    }
    let calls = own.calls();
    assert_eq!(calls, 6);
    assert_eq!(health(&verifier).pause, Some(seconds(1)));
    let rejection = verifier.verify("new-5").await.unwrap_err();
    assert_eq!(rejection.status().as_u16(), 503);
    assert_eq!(own.calls(), calls, "no call");
    // A token that was active is asked about all the same.
    assert_eq!(status(&verifier, "known").await, 503);
    assert_eq!(own.calls(), calls + 1);
    own.act(Act::Answer);
    assert_eq!(status(&verifier, "known").await, 200);
    assert_eq!(health(&verifier).pause, None, "the endpoint is back");
}

#[tokio::test(start_paused = true)]
async fn pop_i07_retry_after_pauses_at_once() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    own.activate("token");
    own.act(Act::RetryAfter(7));
    for token in ["token", "another"] {
        let rejection = verifier.verify(token).await.unwrap_err();
        let wait = rejection.headers()["retry-after"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!((rejection.status().as_u16(), wait.as_str()), (503, "7"));
    }
    assert_eq!(own.calls(), 1);
    own.act(Act::Answer);
    sleep(Duration::from_millis(6900)).await;
    assert_eq!(status(&verifier, "token").await, 503);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(status(&verifier, "token").await, 200);
}

#[tokio::test(start_paused = true)]
async fn pop_s02_an_outage_of_ten_minutes() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    own.activate("token");
    own.act(Act::Connection);
    let began = Instant::now();
    let mut n = 0;
    while began.elapsed() < seconds(600) {
        assert_eq!(status(&verifier, &format!("new-{n}")).await, 503);
        sleep(Duration::from_millis(100)).await;
        n += 1;
    }
    // 5, then one probe after 1, 2, 4, 8 and 16 seconds, then one each half minute.
    assert!((20..40).contains(&own.calls()), "{}", own.calls());
    own.act(Act::Answer);
    let back = Instant::now();
    while status(&verifier, "token").await != 200 {
        sleep(Duration::from_millis(100)).await;
    }
    assert!(back.elapsed() <= seconds(30), "{:?}", back.elapsed());
    let calls = own.calls();
    assert_eq!(status(&verifier, "new").await, 401);
    assert_eq!(own.calls(), calls + 1, "all are asked about again");
}

#[tokio::test(start_paused = true)]
async fn pop_s11_tokens_that_make_the_issuer_fail() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    for n in 0..1000 {
        own.act(Act::Fail);
        assert_eq!(status(&verifier, &format!("strange-{n}")).await, 503);
        if n % 10 == 0 {
            own.act(Act::Answer);
            let good = format!("good-{n}");
            own.activate(&good);
            assert_eq!(status(&verifier, &good).await, 200, "{n}");
        }
        assert_eq!(health(&verifier).pause, None);
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i08_no_answer_in_time() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it.timeout(Duration::from_millis(300)));
    own.act(Act::Hang);
    let began = Instant::now();
    assert_eq!(status(&verifier, "token").await, 503);
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    assert_eq!(health(&verifier).in_flight, 0);
}

/// An answer as long as one of an endpoint may be, and one that is longer.
#[tokio::test(start_paused = true)]
async fn an_answer_has_a_limit() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    let of_length = |token: &str, length: usize| {
        own.activate(token);
        let mut answers = own.0.answers.lock().unwrap();
        let answer = answers.get_mut(token).unwrap();
        answer["padding"] = "".into();
        let padding = length - answer.to_string().len();
        answer["padding"] = "x".repeat(padding).into();
    };
    for (token, length, want) in [
        ("longest", MAX_INTROSPECTION_BYTES, 200),
        ("too-long", MAX_INTROSPECTION_BYTES + 1, 503),
        ("far-too-long", MAX_INTROSPECTION_BYTES * 2, 503),
    ] {
        of_length(token, length);
        assert_eq!(status(&verifier, token).await, want, "{token}");
    }
    let error = health(&verifier).last_error.unwrap();
    assert!(error.contains("larger than 65536 bytes"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn pop_i12_bugs_of_the_application() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    own.activate("token");
    own.act(Act::Panic);
    assert_eq!(status(&verifier, "token").await, 503);
    own.act(Act::Answer);
    assert_eq!(status(&verifier, "token").await, 200);
    assert_eq!(health(&verifier).in_flight, 0);
}

/// Without a runtime nobody can be asked, and nothing panics.
#[test]
fn pop_i09_outside_a_runtime() {
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    let mut verifying = std::pin::pin!(verifier.verify("token"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match verifying.as_mut().poll(&mut context) {
        std::task::Poll::Ready(verdict) => assert_eq!(verdict.unwrap_err().status(), 503),
        std::task::Poll::Pending => panic!("it waits for nothing"),
    }
    assert_eq!(own.calls(), 0);
}

/// A runtime that is gone takes its calls with it, and one that is not driven holds up nobody.
#[test]
fn pop_s01_runtimes_that_end() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let own = Own::taking(Duration::ZERO);
    let verifier = own.verifier(|it| it);
    own.activate("token");
    own.act(Act::Hang);
    let first = runtime();
    let waiting = verifier.clone();
    first.block_on(async {
        let _ = tokio::time::timeout(Duration::from_millis(10), waiting.verify("token")).await;
    });
    own.act(Act::Answer);
    let second = runtime();
    // Not driven: whoever joins its call waits for the timeout at most.
    second.block_on(async {
        assert_eq!(status(&verifier, "token").await, 503);
        assert_eq!(status(&verifier, "token").await, 200);
    });
    verifier.introspection().forget("token");
    own.act(Act::Hang);
    first.block_on(async {
        let _ = tokio::time::timeout(Duration::from_millis(10), waiting.verify("token")).await;
    });
    own.act(Act::Answer);
    drop(first);
    second.block_on(async { assert_eq!(status(&verifier, "token").await, 200) });
}
