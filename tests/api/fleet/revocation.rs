//! Revoked tokens are refused by a process whose list the test fills. Each refused token differs in
//! one thing from one that the same test sees accepted.

mod streams;
mod waiting;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
async fn fleet_f32_an_entry_past_until_makes_room() {
    let process = Process::with(|clock| RevocationList::new(&[A], 2, clock), |config| config);
    let issuer = process.issuer.issuer();
    let token = process.token().claim("jti", "t1").sign();
    let until = |seconds| unix((NOW + seconds) as f64);
    process.revoke(&Revocation::token(issuer, "t1").until(until(100)));
    process.revoke(&Revocation::token(issuer, "t2"));
    process.refuses("both are in force", &token).await;
    let third = Revocation::token(issuer, "t3");
    assert_eq!(
        process.list.revoke(&third),
        Err("RevocationsFull".to_owned())
    );
    // The leeway of a minute counts: the token is accepted for as long.
    process.clock.set(until(159));
    process.refuses("the last second", &token).await;
    assert_eq!(
        process.list.revoke(&third),
        Err("RevocationsFull".to_owned())
    );
    process.clock.set(until(160));
    process.accepts("forgotten", &token).await;
    assert_eq!((process.list.in_force(), process.list.in_memory()), (1, 2));
    process.revoke(&third);
    assert_eq!((process.list.in_force(), process.list.in_memory()), (2, 2));
    process.list.tick();
    process.clock.set(until(90_000));
    process.list.tick();
    assert_eq!(process.list.in_memory(), 0, "the timer sweeps too");
}

/// The part of F31 that needs no server.
#[tokio::test]
async fn a_full_list_refuses_one_more_and_forgets_none() {
    let process = Process::with(|clock| RevocationList::new(&[A], 3, clock), |config| config);
    let issuer = process.issuer.issuer();
    for jti in ["t1", "t2", "t3"] {
        process.revoke(&Revocation::token(issuer, jti));
    }
    let more = Revocation::token(issuer, "t4");
    assert_eq!(
        process.list.revoke(&more),
        Err("RevocationsFull".to_owned())
    );
    // One that is known replaces itself.
    assert_eq!(
        process.list.revoke(&Revocation::token(issuer, "t1")),
        Ok(false)
    );
    // What others have revoked at the same time is heard all the same.
    let other = RevocationList::new(&[A], 3, &process.clock);
    other.revoke(&more).unwrap();
    assert!(process.list.hear(&other));
    for jti in ["t1", "t2", "t3", "t4"] {
        let token = process.token().claim("jti", jti).sign();
        process.refuses(jti, &token).await;
    }
    let token = process.token().claim("jti", "t5").sign();
    process.accepts("t5", &token).await;
}

#[tokio::test]
async fn fleet_f33_a_cut_by_the_second() {
    let (at, after) = (NOW as f64, (NOW + 1) as f64);
    type Make = fn(&str) -> Revocation;
    let kinds: [Make; 3] = [
        |iss| Revocation::subject(iss, "alice"),
        |iss| Revocation::client(iss, "test-client"),
        |iss| Revocation::everything(iss),
    ];
    for make in kinds {
        let process = Process::new();
        let at_cut = |cut: f64| make(process.issuer.issuer()).issued_before(unix(cut));
        let what = format!("{:?}", at_cut(at));
        let token = |iat: f64| process.token().claim("iat", iat).sign();
        let without = process.token().without("iat").sign();
        process.accepts(&what, &token(at)).await;
        process.accepts(&what, &without).await;
        process.revoke(&at_cut(at + 0.2));
        for iat in [at - 60.0, at, at + 0.1, at + 0.999] {
            process
                .refuses(&format!("{what}, iat {iat}"), &token(iat))
                .await;
        }
        process.refuses(&what, &without).await;
        for iat in [after, after + 0.5] {
            process
                .accepts(&format!("{what}, iat {iat}"), &token(iat))
                .await;
        }
        // The later cut of two counts, whatever their order.
        process.revoke(&at_cut(after));
        process.refuses(&what, &token(after + 0.5)).await;
        assert_eq!(process.list.revoke(&at_cut(at)), Ok(false));
        process.refuses(&what, &token(after + 0.5)).await;
        // A new login.
        process.clock.set(unix(after + 1.0));
        process.accepts(&what, &token(after + 1.0)).await;
    }
}

/// By the clock of this process, rounded up.
#[tokio::test]
async fn fleet_f33_the_default_cut() {
    for (now, last) in [(0.0, 0), (0.001, 1), (0.999, 1)] {
        let process = Process::new();
        process.clock.set(unix(NOW as f64 + now));
        process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
        let token = |iat: u64| process.token().claim("iat", iat).sign();
        process.refuses(&format!("{now}"), &token(NOW + last)).await;
        process
            .accepts(&format!("{now}"), &token(NOW + last + 1))
            .await;
    }
}

/// Names are those of their issuer.
#[tokio::test]
async fn fleet_f34_the_same_name_at_another_issuer() {
    let process = Process::new();
    let (here, there) = (process.issuer.issuer(), "https://other.example.com");
    let token = process.token().claim("jti", "t1").claim("sid", "s1").sign();
    let named = |issuer: &str| {
        [
            Revocation::token(issuer, "t1"),
            Revocation::session(issuer, "s1"),
            Revocation::subject(issuer, "alice"),
            Revocation::client(issuer, "test-client"),
            Revocation::everything(issuer),
        ]
    };
    named(there).iter().for_each(|it| process.revoke(it));
    // A `jti` is no `sid`, and no `sub`.
    for other in [
        Revocation::session(here, "t1"),
        Revocation::subject(here, "t1"),
        Revocation::token(here, "s1"),
        Revocation::token(here, "alice"),
        Revocation::client(here, "alice"),
        Revocation::subject(here, "test-client"),
        Revocation::subject(here, ""),
    ] {
        process.revoke(&other);
    }
    process.accepts("another issuer's", &token).await;
    for revocation in named(here) {
        let one = Process::with(
            |clock| {
                let list = RevocationList::new(&[A], 100, clock);
                list.revoke(&revocation).unwrap();
                list
            },
            |config| config.issuer(here).jwks(process.issuer.jwks()),
        );
        one.refuses(&format!("{revocation:?}"), &token).await;
    }
}

/// The same token with n - s in place of s, which verifies too.
fn second_spelling(token: &str) -> String {
    const ORDER_OF_P256: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (s, n) in signature[32..].iter_mut().zip(ORDER_OF_P256).rev() {
        let left = i16::from(n) - i16::from(*s) - borrow;
        borrow = i16::from(left < 0);
        *s = left.rem_euclid(256) as u8;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn fleet_f35_the_second_spelling_of_a_signature() {
    let process = Process::new();
    let token = process.token().claim("jti", "t1").sign();
    let other = second_spelling(&token);
    assert_ne!(token, other);
    process.accepts("the token", &token).await;
    process.accepts("its second spelling", &other).await;
    process.revoke(&Revocation::token(process.issuer.issuer(), "t1"));
    process.refuses("the token", &token).await;
    process.refuses("its second spelling", &other).await;
    process.refuses("and back", &second_spelling(&other)).await;
}

/// What a logout with both `sub` and `sid` revokes: the session, and the tokens of the subject that
/// carry no `sid`.
#[tokio::test]
async fn fleet_f75_tokens_of_a_subject_without_a_session() {
    let process = Process::new();
    let issuer = process.issuer.issuer();
    let without = process.token();
    let with = process.token().claim("sid", "s1");
    let cases = [
        ("no sid", without.sign(), true),
        (
            "a sid that is no text",
            without.clone().claim("sid", 7).sign(),
            true,
        ),
        ("the session", with.sign(), true),
        (
            "another session",
            with.clone().claim("sid", "s2").sign(),
            false,
        ),
        (
            "another subject",
            without.clone().subject("bob").sign(),
            false,
        ),
        ("no subject", without.clone().without("sub").sign(), false),
        (
            "a later token",
            without.clone().claim("iat", NOW + 1).sign(),
            false,
        ),
    ];
    for (what, token, _) in &cases {
        process.accepts(what, token).await;
    }
    process.revoke(&Revocation::session(issuer, "s1"));
    assert_eq!(
        process.list.revoke_subject_without_session(issuer, "alice"),
        Ok(true)
    );
    for (what, token, is_revoked) in &cases {
        match is_revoked {
            true => process.refuses(what, token).await,
            false => process.accepts(what, token).await,
        }
    }
}

#[tokio::test]
async fn tokens_that_name_no_client_match_none() {
    let process = Process::new();
    let issuer = process.issuer.issuer();
    let token = process.token().without("client_id");
    let unnamed = token.sign();
    let named = token.clone().client_id("jwt").sign();
    // `azp` counts more.
    let both = token.clone().claim("azp", "a").client_id("c").sign();
    // The origin of a browser is no client.
    let origin = token
        .claim("azp", "https://app.example")
        .client_id("c")
        .sign();
    for token in [&unnamed, &named, &both, &origin] {
        process.accepts("nothing is revoked", token).await;
    }
    process.revoke(&Revocation::client(issuer, "jwt"));
    process.revoke(&Revocation::client(issuer, "https://app.example"));
    process.accepts("no client", &unnamed).await;
    process.refuses("a client called jwt", &named).await;
    process.accepts("azp and client_id", &both).await;
    process.accepts("an origin", &origin).await;
    process.revoke(&Revocation::client(issuer, "c"));
    process.accepts("client_id beside azp", &both).await;
    process.refuses("client_id beside an origin", &origin).await;
    process.revoke(&Revocation::client(issuer, "a"));
    process.refuses("azp", &both).await;
    process.accepts("still no client", &unnamed).await;
}

/// Rotation: a token is looked for under both secrets.
#[tokio::test]
async fn revocations_under_either_secret_count() {
    for (before, now) in [(&[A][..], &[A, B][..]), (&[A, B], &[B, A]), (&[B, A], &[B])] {
        let process = Process::with(|clock| RevocationList::new(now, 100, clock), |it| it);
        let issuer = process.issuer.issuer();
        let token = process.token().claim("jti", "t1").claim("sid", "s1");
        let (by_token, by_session) = (token.sign(), token.clone().claim("jti", "t2").sign());
        process.accepts("before", &by_token).await;
        process.accepts("before", &by_session).await;
        let other = RevocationList::new(before, 100, &process.clock);
        other.revoke(&Revocation::token(issuer, "t1")).unwrap();
        assert!(process.list.hear(&other));
        process
            .refuses("by a process of the step before", &by_token)
            .await;
        process.accepts("another token", &by_session).await;
        process.revoke(&Revocation::session(issuer, "s1"));
        process.refuses("by this process", &by_session).await;
    }
    let process = Process::new();
    let token = process.token().claim("jti", "t1").sign();
    let other = RevocationList::new(&[B], 100, &process.clock);
    let revocation = Revocation::token(process.issuer.issuer(), "t1");
    other.revoke(&revocation).unwrap();
    process.list.hear(&other);
    process.accepts("the secret of others", &token).await;
    process.revoke(&revocation);
    process.refuses("our secret", &token).await;
}

#[tokio::test]
async fn a_revocation_that_lies_in_the_future_is_an_error() {
    let process = Process::new();
    let subject = || Revocation::subject(process.issuer.issuer(), "alice");
    let token = process.token().claim("iat", NOW + 30).sign();
    let at = |seconds: f64| unix(NOW as f64 + seconds);
    for (what, cut) in [
        ("an hour ahead", at(3600.0)),
        ("beyond the leeway", at(61.0)),
        ("milliseconds", unix(NOW as f64 * 1000.0)),
    ] {
        let error = process
            .list
            .revoke(&subject().issued_before(cut))
            .unwrap_err();
        assert!(error.starts_with("CutAhead"), "{what}: {error}");
    }
    let late = subject().until(at(86_401.0));
    let error = process.list.revoke(&late).unwrap_err();
    assert!(error.starts_with("UntilTooLate"), "{error}");
    process.accepts("nothing was revoked", &token).await;
    process.revoke(&subject().issued_before(at(60.0)).until(at(86_400.0)));
    process.refuses("at the edge", &token).await;
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

#[tokio::test]
async fn a_token_that_outlives_its_revocation_is_told_once_an_hour() {
    let (log, _guard) = capture();
    let process = Process::new();
    let lives = |seconds: u64| process.token().claim("exp", NOW + seconds).sign();
    // `revocation_keep` is a day, and the leeway a minute.
    process.accepts("a day", &lives(86_400 - 60)).await;
    assert_eq!(log.counts("revocation_too_short"), 0);
    let too_long = lives(86_400 - 59);
    process.accepts("longer", &too_long).await;
    assert_eq!(log.counts("revocation_too_short"), 1, "{}", log.text());
    process.accepts("longer", &lives(90_000)).await;
    process.clock.set(unix((NOW + 3599) as f64));
    process.accepts("longer", &lives(180_000)).await;
    assert_eq!(log.counts("revocation_too_short"), 1);
    process.clock.set(unix((NOW + 3600) as f64));
    process.accepts("an hour later", &lives(180_000)).await;
    assert_eq!(log.counts("revocation_too_short"), 2);
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
