//! A cached token gets the same verdict as a new verification, whatever has changed since.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::advance;

use super::*;
use crate::JwtAuthConfig;
use crate::config::{Issuer, JwksCache, JwtAuthConfigBuilder};
use crate::crypto::Algorithm;
use crate::error::RejectionKind;
use crate::keys::{FetchError, FetchFuture, FetchRequest, Fetched, KeySource};
use crate::test_util::internal::unix;
use crate::test_util::{FakeClock, TestKey};
use crate::token::TokenErrorKind;
use crate::wire::rejection::RejectionHook;

const NOW: u64 = 1_800_000_000;
const MINUTE: u64 = 60;

fn key(kid: &str) -> TestKey {
    TestKey::generate(Algorithm::ES256, kid)
}

fn claims(changes: Value) -> String {
    let mut claims = json!({"iss": "i", "aud": "a", "exp": NOW + 600});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.to_string()
}

fn sign(key: &TestKey, changes: Value) -> String {
    let header = json!({"alg": "ES256", "kid": key.kid()});
    key.sign_compact(&header.to_string(), &claims(changes))
}

fn fixed(key: &TestKey, clock: &FakeClock) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .issuer("i")
        .audience("a")
        .jwks(json!({"keys": [key.jwk()]}))
        .clock(clock)
}

fn verifier(builder: JwtAuthConfigBuilder) -> JwtVerifier {
    JwtVerifier::new(builder.build().unwrap())
}

/// The verdict in short form, and whether the token was cached before.
async fn look(verifier: &JwtVerifier, token: &str) -> (Result<(), String>, bool) {
    let issuers = verifier.0.issuers.load();
    let recalled = issuers
        .cached(Presented::Alone(token), &verifier.0.clock)
        .is_some();
    drop(issuers);
    let verdict = verifier.verify(token).await;
    let short = |rejection: Rejection| match rejection.token_error() {
        Some(error) => format!("{:?}", error.kind()),
        None => format!("{:?}", rejection.kind()),
    };
    (verdict.map(drop).map_err(short), recalled)
}

fn good() -> (Result<(), String>, bool) {
    (Ok(()), false)
}

fn again() -> (Result<(), String>, bool) {
    (Ok(()), true)
}

fn refused(kind: TokenErrorKind) -> (Result<(), String>, bool) {
    (Err(format!("{kind:?}")), false)
}

#[tokio::test]
async fn the_second_time_it_is_remembered() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let token = sign(
        &key,
        json!({"sub": "alice", "scope": "a b", "client_id": "c"}),
    );
    let on = verifier(fixed(&key, &clock));
    assert_eq!(look(&on, &token).await, good());
    assert_eq!(look(&on, &token).await, again());
    let off = verifier(fixed(&key, &clock).token_cache_entries(0));
    assert_eq!(look(&off, &token).await, good());
    assert_eq!(look(&off, &token).await, good());
    let (remembered, fresh) = (
        on.verify(&token).await.unwrap(),
        off.verify(&token).await.unwrap(),
    );
    assert_eq!(
        serde_json::to_value(&remembered).unwrap(),
        serde_json::to_value(&fresh).unwrap()
    );
    assert_eq!(
        (remembered.token(), remembered.claim("sub")),
        (token.as_str(), fresh.claim("sub"))
    );
    // A clone shares it, another verifier of the same configuration does not.
    assert_eq!(look(&on.clone(), &token).await, again());
}

#[tokio::test]
async fn refusals_are_not_remembered() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let verifier = verifier(fixed(&key, &clock));
    let good = sign(&key, json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let stranger = TestKey::generate(Algorithm::ES256, "k");
    let tokens = [
        sign(&key, json!({"exp": NOW - 600})),
        sign(&key, json!({"aud": "b"})),
        sign(&key, json!({"iss": "j"})),
        sign(&stranger, json!({})),
        format!("{signed}.AAAA"),
    ];
    for token in &tokens {
        for _ in 0..3 {
            let (verdict, recalled) = look(&verifier, token).await;
            assert!(verdict.is_err() && !recalled, "{token}");
        }
    }
    let cache = verifier.0.issuers.load_full();
    let cache = cache.cache.as_ref().unwrap();
    assert_eq!(cache.len(), 0);
    assert_eq!(look(&verifier, &good).await, self::good());
    assert_eq!(cache.len(), 1);
}

#[tokio::test]
async fn a_header_that_was_good_before_saves_no_check() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let other = TestKey::generate(Algorithm::EdDSA, "other");
    let issuer = |name: &str, algorithm| {
        let keys = json!({"keys": [key.jwk(), other.jwk()]});
        Issuer::new(name).algorithms([algorithm]).jwks(keys)
    };
    let builder = JwtAuthConfig::builder().audience("a").clock(&clock);
    let verifier = verifier(
        builder
            .add_issuer(issuer("i", Algorithm::ES256))
            .add_issuer(issuer("j", Algorithm::EdDSA)),
    );
    let stranger = TestKey::generate(Algorithm::ES256, "k");
    for known in [false, true] {
        for (token, kind) in [
            (
                sign(&key, json!({"known": known, "iss": "j"})),
                TokenErrorKind::AlgorithmNotAllowed,
            ),
            (
                sign(&key, json!({"known": known, "exp": NOW - 600})),
                TokenErrorKind::Expired,
            ),
            (
                sign(&stranger, json!({"known": known})),
                TokenErrorKind::BadSignature,
            ),
        ] {
            assert_eq!(look(&verifier, &token).await, refused(kind));
        }
        let new = sign(&key, json!({"known": known}));
        assert_eq!(look(&verifier, &new).await, good());
    }
}

/// CVE-2026-35030, CVE-2026-35039: a shared cache may accept a token for the wrong audience.
#[tokio::test]
async fn another_audience_never_sees_it() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let token = sign(&key, json!({}));
    let ours = verifier(fixed(&key, &clock));
    let theirs = verifier(fixed(&key, &clock).audience("b"));
    let only_theirs = JwtAuthConfig::builder().issuer("i").audience("b");
    let only_theirs = verifier(only_theirs.jwks(json!({"keys": [key.jwk()]})).clock(&clock));
    for seen in [false, true] {
        assert_eq!(look(&ours, &token).await, (Ok(()), seen));
        assert_eq!(look(&theirs, &token).await, (Ok(()), seen));
        assert_eq!(
            look(&only_theirs, &token).await,
            refused(TokenErrorKind::WrongAudience)
        );
    }
}

#[tokio::test]
async fn scopes_are_asked_for_each_time() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let verifier = verifier(fixed(&key, &clock).required_scopes(["needed"]));
    let lacking = sign(&key, json!({"scope": "other"}));
    let granted = sign(&key, json!({"scope": "needed"}));
    for seen in [false, true] {
        assert_eq!(look(&verifier, &granted).await, (Ok(()), seen));
        let (verdict, recalled) = look(&verifier, &lacking).await;
        assert_eq!(
            (verdict, recalled),
            (Err("InsufficientScope".to_owned()), seen)
        );
    }
}

/// Keys that change, on the test's own clock.
#[derive(Clone, Debug)]
struct Source(Arc<Mutex<Option<Value>>>);

impl Source {
    fn publishing(keys: &[&TestKey]) -> Self {
        let source = Self(Arc::default());
        source.publish(keys);
        source
    }

    fn publish(&self, keys: &[&TestKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        *self.0.lock().unwrap() = Some(json!({"keys": keys}));
    }

    fn fail(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl KeySource for Source {
    fn fetch<'a>(&'a self, _: FetchRequest<'a>) -> FetchFuture<'a> {
        let document = self.0.lock().unwrap().clone();
        Box::pin(async move {
            let document = document.ok_or_else(|| FetchError::new("out of order"))?;
            Ok(Fetched::document(document.to_string().into_bytes()))
        })
    }
}

fn fetched(source: &Source, clock: &FakeClock) -> JwtAuthConfigBuilder {
    let times = JwksCache::new()
        .max_age(Duration::from_secs(10 * MINUTE))
        .max_stale(Duration::from_secs(60 * MINUTE));
    JwtAuthConfig::builder()
        .issuer("i")
        .audience("a")
        .key_source(source.clone())
        .jwks_cache(times)
        .clock(clock)
}

/// Advances past the next refresh. The wall clock does not move, so no token expires.
async fn refresh() {
    tokio::time::sleep(Duration::from_secs(11 * MINUTE)).await;
}

#[tokio::test(start_paused = true)]
async fn new_keys_forget_everything() {
    let (old, new, clock) = (key("old"), key("new"), FakeClock::at(unix(NOW as f64)));
    let source = Source::publishing(&[&old]);
    let verifier = verifier(fetched(&source, &clock));
    let token = sign(&old, json!({}));
    assert_eq!(look(&verifier, &token).await, good());
    refresh().await;
    assert_eq!(
        look(&verifier, &token).await,
        again(),
        "the same keys, confirmed"
    );

    source.publish(&[&old, &new]);
    refresh().await;
    assert_eq!(
        look(&verifier, &token).await,
        good(),
        "its key is still there: verified anew"
    );
    assert_eq!(look(&verifier, &token).await, again());

    source.publish(&[&new]);
    refresh().await;
    assert_eq!(
        look(&verifier, &token).await,
        refused(TokenErrorKind::UnknownKey)
    );

    let imposter = key("old");
    source.publish(&[&imposter, &new]);
    refresh().await;
    assert_eq!(
        look(&verifier, &token).await,
        refused(TokenErrorKind::BadSignature)
    );

    source.publish(&[&old]);
    refresh().await;
    assert_eq!(look(&verifier, &token).await, good());
}

#[tokio::test(start_paused = true)]
async fn keys_that_may_not_serve_answer_503() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let source = Source::publishing(&[&key]);
    let verifier = verifier(fetched(&source, &clock));
    let token = sign(&key, json!({}));
    assert_eq!(look(&verifier, &token).await, good());
    source.fail();
    tokio::time::sleep(Duration::from_secs(59 * MINUTE)).await;
    assert_eq!(look(&verifier, &token).await, again(), "stale keys serve");
    advance(Duration::from_secs(2 * MINUTE)).await;
    let (verdict, recalled) = look(&verifier, &token).await;
    assert_eq!(
        (verdict, recalled),
        (Err("KeysUnavailable".to_owned()), false)
    );
    let rejection = verifier.verify(&token).await.unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::KeysUnavailable);
    source.publish(&[&key]);
    refresh().await;
    assert_eq!(
        look(&verifier, &token).await,
        again(),
        "the same keys are back"
    );
}

#[tokio::test(start_paused = true)]
async fn one_issuers_new_keys_leave_the_others_alone() {
    let (one, other, clock) = (key("one"), key("other"), FakeClock::at(unix(NOW as f64)));
    let (first, second) = (Source::publishing(&[&one]), Source::publishing(&[&other]));
    let builder = JwtAuthConfig::builder()
        .audience("a")
        .clock(&clock)
        .add_issuer(Issuer::new("i").key_source(first.clone()))
        .add_issuer(Issuer::new("j").key_source(second));
    let verifier = verifier(builder);
    let (a, b) = (sign(&one, json!({})), sign(&other, json!({"iss": "j"})));
    // The key of one issuer does not verify tokens of the other, cached or not.
    let crossed = sign(&one, json!({"iss": "j"}));
    for seen in [false, true] {
        assert_eq!(look(&verifier, &a).await, (Ok(()), seen));
        assert_eq!(look(&verifier, &b).await, (Ok(()), seen));
        assert_eq!(
            look(&verifier, &crossed).await,
            refused(TokenErrorKind::UnknownKey)
        );
    }
    first.publish(&[&one, &key("next")]);
    refresh().await;
    assert_eq!(look(&verifier, &a).await, good());
    assert_eq!(look(&verifier, &b).await, again());
}

#[tokio::test]
async fn times_on_the_border() {
    let (key, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    use TokenErrorKind::{Expired, IssuedInTheFuture, NotYetValid, TooOld};
    let lenient = fixed(&key, &clock).leeway(Duration::from_secs(60));
    let verifier = verifier(lenient.max_token_age(Duration::from_secs(300)));
    let (now, minute) = (NOW as f64, MINUTE as f64);
    let rows = [
        (
            "exp",
            json!({"exp": NOW + 100, "iat": NOW}),
            now + 100.0 + minute,
            -0.001,
            Expired,
        ),
        (
            "exp, with a fraction",
            json!({"exp": now + 100.5, "iat": NOW}),
            now + 100.5 + minute,
            -0.001,
            Expired,
        ),
        (
            "nbf, the clock set back",
            json!({"nbf": NOW, "iat": NOW - 60}),
            now - minute - 0.001,
            0.001,
            NotYetValid,
        ),
        (
            "iat, the clock set back",
            json!({"iat": NOW}),
            now - minute - 0.001,
            0.001,
            IssuedInTheFuture,
        ),
        (
            "max_token_age",
            json!({"iat": NOW}),
            now + 300.0 + minute,
            -0.001,
            TooOld,
        ),
    ];
    for (name, changes, border, inside, wanted) in rows {
        let token = sign(&key, changes);
        clock.set(unix(now));
        assert_eq!(look(&verifier, &token).await, good(), "{name}");
        clock.set(unix(border + inside));
        assert_eq!(look(&verifier, &token).await, again(), "{name}");
        clock.set(unix(border));
        assert_eq!(look(&verifier, &token).await, refused(wanted), "{name}");
        // Its entry was removed when it was looked up outside its validity period.
        clock.set(unix(now));
        assert_eq!(look(&verifier, &token).await, self::good(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// With a cache and without one, the verdict is the same at any time, in any order.
    #[test]
    fn any_times(
        exp in 0..400_i32, nbf in prop::option::of(-200..400_i32), iat in prop::option::of(-200..400_i32),
        leeway in 0..120_u64, age in prop::option::of(1..400_u64), readings in prop::collection::vec(-300..500_i32, 1..12), half in any::<bool>(),
    ) {
        let at = |offset: i32| NOW as f64 + f64::from(offset) + if half { 0.5 } else { 0.0 };
        static KEY: std::sync::LazyLock<TestKey> = std::sync::LazyLock::new(|| key("k"));
        let mut changes = json!({"exp": at(exp)});
        for (name, date) in [("nbf", nbf), ("iat", iat)] {
            if let Some(date) = date {
                changes[name] = at(date).into();
            }
        }
        let token = sign(&KEY, changes);
        let clock = FakeClock::at(unix(NOW as f64));
        let builder = || {
            let builder = fixed(&KEY, &clock).leeway(Duration::from_secs(leeway));
            match age {
                Some(age) => builder.max_token_age(Duration::from_secs(age)),
                None => builder,
            }
        };
        let (with, without) = (verifier(builder()), verifier(builder().token_cache_entries(0)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for reading in readings {
            clock.set(unix(NOW as f64 + f64::from(reading)));
            let (remembering, _) = runtime.block_on(look(&with, &token));
            let (fresh, _) = runtime.block_on(look(&without, &token));
            prop_assert_eq!(remembering, fresh, "at {}", reading);
        }
    }
}

#[tokio::test]
async fn verifiers_that_are_gone_are_forgotten_by_the_others() {
    let (own, clock) = (key("k"), FakeClock::at(unix(NOW as f64)));
    let first = verifier(fixed(&own, &clock));
    let hook: RejectionHook = Arc::new(|rejection: &Rejection, _: &_| rejection.to_response());
    let kept = first.with_hook(&hook);
    for _ in 0..100 {
        drop(first.with_hook(&hook));
    }
    // The last of them is noticed when the next one comes.
    assert_eq!(first.0.family.len(), 3);

    drop(first);
    let token = sign(&own, json!({"aud": "b"}));
    assert_eq!(
        look(&kept, &token).await,
        refused(TokenErrorKind::WrongAudience)
    );
    let issuer = Issuer::new("i")
        .audience("b")
        .jwks(json!({"keys": [own.jwk()]}));
    kept.replace_issuers(vec![issuer]).unwrap();
    assert_eq!(look(&kept, &token).await, good());
}
