//! Revoked tokens are refused by a process whose list the test fills. Each refused token differs in
//! one thing from one that the same test sees accepted.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::introspection::IntrospectedTokens;
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::internal::fleet::RevocationList;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer, TokenBuilder};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, JwtVerifier, Rejection};

use super::{A, B};
use crate::introspection::{Scene as Asking, asking};
use crate::proof::Scene as ProofScene;
use crate::support::issuer_in_memory::{ISSUER, InMemoryIssuer, Verdict, key, token, verdict};
use crate::support::{Counting, RESOURCE, call, capture, remembering, request, seconds};

mod allocations;
mod names;
mod streams;
mod times;
mod waiting;

const NOW: u64 = 1_800_000_000;

const REVOKED: &str = "revoked";

/// A process with a list, and its issuer.
struct Process {
    issuer: TestIssuer,
    clock: FakeClock,
    list: RevocationList,
    layer: JwtAuthLayer,
}

impl Process {
    fn new() -> Self {
        Self::with(
            |clock| RevocationList::new(&[A], 100, clock),
            |config| config,
        )
    }

    fn with(
        list: impl FnOnce(&FakeClock) -> RevocationList,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        let (issuer, clock) = (TestIssuer::start(), FakeClock::at(unix(NOW as f64)));
        let list = list(&clock);
        let config = remembering(JwtAuthConfig::builder())
            .resource(RESOURCE)
            .issuer(issuer.issuer())
            .jwks(issuer.jwks())
            .clock(&clock);
        let config = change(config.revocations(&list)).build().unwrap();
        let layer = JwtAuthLayer::new(config);
        Self {
            issuer,
            clock,
            list,
            layer,
        }
    }

    /// A token that was issued now.
    fn token(&self) -> TokenBuilder {
        self.issuer.mint(RESOURCE).valid(NOW, seconds(3600))
    }

    fn revoke(&self, revocation: &Revocation) {
        assert_eq!(self.list.revoke(revocation), Ok(true), "{revocation:?}");
    }

    /// `Ok`, or the reason: of the layer and of its verifier, which is the same.
    async fn verdict(&self, token: &str) -> Result<(), String> {
        let inner = Counting::default();
        let answer = call(&self.layer, &inner, request(Some(token))).await;
        let verdict = self.layer.verifier().verify(token).await;
        let status = verdict
            .as_ref()
            .map_or_else(Rejection::status, |_| http::StatusCode::OK);
        assert_eq!(answer.status, status);
        assert_eq!(inner.calls(), u64::from(status == 200));
        verdict.map(drop).map_err(|rejection| reason(&rejection))
    }

    async fn accepts(&self, what: &str, token: &str) {
        assert_eq!(self.verdict(token).await, Ok(()), "{what}");
    }

    async fn refuses(&self, what: &str, token: &str) {
        assert_eq!(self.verdict(token).await, Err(REVOKED.to_owned()), "{what}");
    }

    /// Both clocks.
    async fn pass(&self, time: Duration) {
        self.clock.set(unix(NOW as f64) + time);
        tokio::time::advance(time).await;
    }
}

fn reason(rejection: &Rejection) -> String {
    match rejection.token_error() {
        Some(error) => error.kind().code().to_owned(),
        None => format!("{:?}", rejection.kind()),
    }
}

#[tokio::test]
async fn what_is_revoked_is_refused_and_nothing_else() {
    type Change = fn(TokenBuilder) -> TokenBuilder;
    type Make = fn(&str) -> Revocation;
    let cases: [(Make, Change); 5] = [
        (
            |iss| Revocation::token(iss, "t1"),
            |token| token.claim("jti", "t2"),
        ),
        (
            |iss| Revocation::session(iss, "s1"),
            |token| token.claim("sid", "s2"),
        ),
        (
            |iss| Revocation::subject(iss, "alice"),
            |token| token.subject("bob"),
        ),
        (
            |iss| Revocation::client(iss, "c1"),
            |token| token.client_id("c2"),
        ),
        (
            |iss| Revocation::everything(iss),
            |token| token.claim("iat", NOW + 1),
        ),
    ];
    for (make, other) in cases {
        let process = Process::new();
        let revocation = make(process.issuer.issuer());
        let what = format!("{revocation:?}");
        let token = process.token().client_id("c1");
        let token = token.claim("jti", "t1").claim("sid", "s1");
        let (remembered, other) = (token.sign(), other(token.clone()));
        process.accepts(&what, &remembered).await;
        process.accepts(&what, &other.sign()).await;
        process.revoke(&revocation);
        process.refuses(&what, &remembered).await;
        process.refuses(&what, &token.sign()).await;
        process.accepts(&what, &other.sign()).await;
        // Again, once its names are known.
        process.refuses(&what, &remembered).await;
        assert_eq!(process.list.revoke(&revocation), Ok(false), "{what}");
    }
}

#[tokio::test]
async fn a_revoked_token_gets_the_usual_challenge() {
    let process = Process::new();
    let token = process.token().claim("jti", "t1");
    process.revoke(&Revocation::token(process.issuer.issuer(), "t1"));
    let inner = Counting::default();
    let refused = call(&process.layer, &inner, request(Some(&token.sign()))).await;
    let expired = process.token().valid(NOW - 9000, seconds(60)).sign();
    let expired = call(&process.layer, &inner, request(Some(&expired))).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused, expired, "the caller is told no more");
}

#[tokio::test]
async fn the_reason_is_an_event_and_names_nobody() {
    let (log, _guard) = capture();
    let process = Process::new();
    let revocation = Revocation::subject(process.issuer.issuer(), "alice-in-the-log");
    process.revoke(&revocation);
    let token = process.token().subject("alice-in-the-log").sign();
    process.refuses("alice", &token).await;
    assert!(log.text().contains("code=\"revoked\""), "{}", log.text());
    assert!(!log.text().contains("alice-in-the-log"), "{}", log.text());
    let shown = format!("{revocation:?} {:?}", process.list);
    assert!(!shown.contains("alice"), "{shown}");
    assert!(!shown.contains("127.0.0.1"), "{shown}");
}

/// What an issuer says of an opaque token names it as the claims of a JWT do.
#[tokio::test(start_paused = true)]
async fn opaque_tokens_are_revoked_by_the_answer_of_their_issuer() {
    let clock = FakeClock::at(SystemTime::now());
    let list = RevocationList::new(&[A], 100, &clock);
    let scene = Asking::configured(|config, endpoint| {
        config.revocations(&list).introspection(asking(endpoint))
    });
    let (issuer, now) = (scene.issuer.issuer(), scene.unix());
    let token = |user: &str, member: &str, value: serde_json::Value| {
        let mut answer = scene.good_with("sub", user);
        answer["jti"] = format!("t-{user}").into();
        answer["sid"] = format!("s-{user}").into();
        answer["client_id"] = format!("c-{user}").into();
        answer["iat"] = now.into();
        match value {
            serde_json::Value::Null => drop(answer.as_object_mut().unwrap().remove(member)),
            value => answer[member] = value,
        }
        scene.answers(answer)
    };
    type Make = fn(&str, String) -> Revocation;
    let named: [(&str, Make); 4] = [
        ("jti", |iss, user| {
            Revocation::token(iss, format!("t-{user}"))
        }),
        ("sid", |iss, user| {
            Revocation::session(iss, format!("s-{user}"))
        }),
        ("sub", |iss, user| Revocation::subject(iss, user)),
        ("client_id", |iss, user| {
            Revocation::client(iss, format!("c-{user}"))
        }),
    ];
    let mut accepted = Vec::new();
    for (at, (member, make)) in named.into_iter().enumerate() {
        let user = format!("u{at}");
        let kept = token(&user, "x", json!(1));
        let other = token(&user, member, json!("another"));
        scene.accepts(member, &kept).await;
        scene.accepts(member, &other).await;
        list.revoke(&make(issuer, user.clone())).unwrap();
        scene.refuses(member, &kept).await;
        scene.refuses(member, &token(&user, "x", json!(2))).await;
        scene.accepts(member, &other).await;
        accepted.push(other);
    }
    // An answer without `iss` is one of this issuer, and one without `iat` is before every cut.
    let later = token("later", "iat", json!(now + 2));
    let no_issuer = token("no-issuer", "iss", json!(null));
    let no_time = token("no-time", "iat", json!(null));
    accepted.extend([no_issuer, no_time]);
    for token in accepted.iter().chain([&later]) {
        scene.accepts("everything", token).await;
    }
    list.revoke(&Revocation::everything(issuer)).unwrap();
    for token in &accepted {
        scene.refuses("everything", token).await;
    }
    scene.accepts("a later one", &later).await;
}

/// A JWT that its issuer is asked about too: the claims count, and the answer may not widen them.
#[tokio::test(start_paused = true)]
async fn jwts_that_the_issuer_is_asked_about_are_revoked_by_their_claims() {
    let clock = FakeClock::at(SystemTime::now());
    let list = RevocationList::new(&[A], 100, &clock);
    let scene = Asking::configured(|config, endpoint| {
        let introspection = asking(endpoint).tokens(IntrospectedTokens::AlsoJwts);
        config.revocations(&list).introspection(introspection)
    });
    let token = |jti: &str| {
        let token = scene.issuer.mint(RESOURCE).claim("jti", jti).sign();
        let answer = scene.good_with("jti", "of-the-answer");
        scene.endpoint.answer(&token, answer);
        token
    };
    let (kept, other) = (token("t1"), token("t2"));
    scene.accepts("t1", &kept).await;
    scene.accepts("t2", &other).await;
    list.revoke(&Revocation::token(scene.issuer.issuer(), "t1"))
        .unwrap();
    scene.refuses("t1, its answer is kept", &kept).await;
    scene.refuses("t1, asked", &token("t1")).await;
    scene.accepts("t2", &other).await;
}

/// The first token fetches the keys, and is looked for in the list after the wait.
#[tokio::test(start_paused = true)]
async fn a_token_that_waited_for_its_key_is_looked_for_too() {
    let key = key("k");
    let token = token(&key);
    let clock = FakeClock::at(unix(NOW as f64));
    for (issuer, want) in [
        (ISSUER, Verdict::Refused(TokenErrorKind::Revoked)),
        ("https://other.example.com", Verdict::Good),
    ] {
        let list = RevocationList::new(&[A], 100, &clock);
        list.revoke(&Revocation::everything(issuer)).unwrap();
        let source = InMemoryIssuer::publishing(&[&key]);
        let config = source.config().clock(&clock).revocations(&list);
        let verifier = JwtVerifier::new(config.build().unwrap());
        assert_eq!(verdict(&verifier, &token).await, want, "{issuer}: cold");
        assert_eq!(verdict(&verifier, &token).await, want, "{issuer}: warm");
        assert_eq!(source.fetches(), 1);
    }
}

/// The proof of a revoked token is not used up, and no check of the application sees the token.
#[tokio::test]
async fn with_dpop_a_revoked_token_uses_no_proof() {
    let clock = FakeClock::at(SystemTime::now());
    let (list, seen) = (
        RevocationList::new(&[A], 100, &clock),
        Arc::new(AtomicUsize::new(0)),
    );
    let counted = seen.clone();
    let scene = ProofScene::configured(|config| {
        config.revocations(&list).dpop(Dpop::new()).check(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    });
    clock.set(scene.start);
    let token = scene.issuer.mint(RESOURCE).bound_to(&scene.client);
    let token = token.claim("jti", "t1").sign();
    let scene = ProofScene { token, ..scene };
    let (first, second) = (scene.proof().sign(), scene.proof().sign());
    scene.accepts("not revoked", scene.request(&first)).await;
    // Forgotten at the next second.
    let until = scene.start - seconds(59);
    let revocation = Revocation::token(scene.issuer.issuer(), "t1").until(until);
    list.revoke(&revocation).unwrap();
    let answer = scene.answer(scene.request(&second)).await;
    assert_eq!((answer.status.as_u16(), scene.inner.calls()), (401, 1));
    assert!(
        answer.challenge().unwrap().contains("invalid_token"),
        "{answer:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    scene.clock.set(scene.start + seconds(1));
    scene
        .accepts(
            "the same proof, once it is forgotten",
            scene.request(&second),
        )
        .await;
    let used = scene.answer(scene.request(&second)).await;
    assert_eq!(used.status, 401, "and once only");
}

/// How often a token that was seen before allocates.
fn allocations(verifier: &JwtVerifier, token: &str) -> u64 {
    let mut context = Context::from_waker(Waker::noop());
    let info = allocation_counter::measure(|| {
        let verified = pin!(verifier.verify(token)).poll(&mut context);
        assert!(matches!(verified, Poll::Ready(Ok(_))), "{verified:?}");
    });
    info.count_total
}

#[test]
fn a_token_that_was_seen_before_costs_no_allocation() {
    let process = Process::with(
        |clock| RevocationList::new(&[A, B], 100, clock),
        |config| config.token_cache_entries(100),
    );
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(process.issuer.issuer())
        .jwks(process.issuer.jwks())
        .clock(&process.clock);
    let without = JwtVerifier::new(config.build().unwrap());
    let with = process.layer.verifier();
    let token = process.token().claim("sid", "s1").sign();
    let others = |number: u32| {
        process.revoke(&Revocation::token(
            process.issuer.issuer(),
            format!("t{number}"),
        ));
    };
    for verifier in [&without, &with] {
        allocations(verifier, &token);
    }
    let usual = allocations(&without, &token);
    assert!(usual > 0, "nothing is counted");
    assert_eq!(allocations(&with, &token), usual, "nothing is revoked");
    others(1);
    assert!(
        allocations(&with, &token) > usual,
        "its names are made once"
    );
    assert_eq!(allocations(&with, &token), usual, "nothing has changed");
    others(2);
    assert_eq!(allocations(&with, &token), usual, "the list has changed");
}
