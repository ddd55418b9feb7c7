//! Logouts of the issuer become revocations.

mod requests;

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tower::ServiceExt as _;
use tower_jwt_auth::fleet::{BackChannelLogout, Fleet, Revocation};
use tower_jwt_auth::test_util::internal::fleet::{Fault, MemoryStore, fleet, running_clock};
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer, TokenBuilder};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, JwtVerifier};

use super::A;
use crate::support::issuer_in_memory::{self, AUDIENCE, ISSUER, key};
use crate::support::{
    Answer, Counting, InMemoryIssuer, RESOURCE, call, capture, pass, read, remembering, request,
    seconds,
};

const NOW: u64 = 1_800_000_000;
const CLIENT: &str = "my-mcp-server";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const FORM: &str = "application/x-www-form-urlencoded";

/// A process that takes logouts, and another one of its fleet.
struct World {
    store: MemoryStore,
    issuer: TestIssuer,
    clock: FakeClock,
}

struct Process {
    fleet: Fleet,
    layer: JwtAuthLayer,
    logout: BackChannelLogout,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            issuer: TestIssuer::start(),
            clock: FakeClock::at(unix(NOW as f64)),
        }
    }

    fn process(&self) -> Process {
        let fleet = fleet(&self.store, "ns", &[A], &self.clock);
        let config = remembering(JwtAuthConfig::builder())
            .resource(RESOURCE)
            .issuer(self.issuer.issuer())
            .jwks(self.issuer.jwks())
            .clock(&self.clock)
            .fleet(fleet.clone());
        let layer = JwtAuthLayer::new(config.build().unwrap());
        let logout = BackChannelLogout::new(fleet.clone(), layer.verifier());
        let logout = logout.audience("another-client").audience(CLIENT);
        Process {
            fleet,
            layer,
            logout,
        }
    }

    /// An access token that was issued now.
    fn token(&self, subject: &str) -> TokenBuilder {
        let token = self.issuer.mint(RESOURCE).valid(NOW, seconds(3600));
        token.subject(subject)
    }

    /// A good logout token of alice, without `sid`.
    fn logout(&self) -> TokenBuilder {
        let token = self.issuer.mint(CLIENT).valid(NOW, seconds(120));
        let token = token.header("typ", "logout+jwt");
        token.claim("events", json!({EVENT: {}}))
    }

    fn entries(&self) -> u64 {
        self.store.calls("append")
    }
}

impl Process {
    async fn status(&self, token: &TokenBuilder) -> u16 {
        let token = token.sign();
        let answer = call(&self.layer, &Counting::default(), request(Some(&token))).await;
        answer.status.as_u16()
    }

    async fn log_out(&self, token: &str) -> Answer {
        post(&self.logout, token).await
    }
}

async fn post(logout: &BackChannelLogout, token: &str) -> Answer {
    let form = format!("other=1&logout_token={token}");
    send(logout, "POST", Some(FORM), &form).await
}

async fn send(
    logout: &BackChannelLogout,
    method: &str,
    content_type: Option<&str>,
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri("/logout");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let request = request.body(Full::<Bytes>::from(body.to_owned())).unwrap();
    read(logout.clone().oneshot(request).await.unwrap()).await
}

fn is_done(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    assert_eq!(answer.body, "", "{what}");
}

fn is_invalid(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 400, "{what}");
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    let json = answer.json();
    assert_eq!(json["error"], "invalid_request", "{what}");
    assert!(json["error_description"].is_string(), "{what}");
}

fn is_later(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    assert_eq!(answer.headers["retry-after"], "1", "{what}");
}

type Change = fn(TokenBuilder) -> TokenBuilder;

#[tokio::test(start_paused = true)]
async fn fleet_f39_a_token_that_is_no_logout_token_revokes_nothing() {
    let world = World::new();
    let process = world.process();
    let cases: [(&str, Change); 29] = [
        ("another aud", |it| it.claim("aud", RESOURCE)),
        ("no aud", |it| it.without("aud")),
        ("others in a list", |it| it.claim("aud", json!(["a", "b"]))),
        ("a nonce", |it| it.claim("nonce", "n")),
        ("a nonce without a value", |it| {
            it.claim("nonce", json!(null))
        }),
        ("no events", |it| it.without("events")),
        ("events without the name", |it| {
            it.claim("events", json!({"x": {}}))
        }),
        ("an event that is no object", |it| {
            it.claim("events", json!({EVENT: true}))
        }),
        ("events in a list", |it| it.claim("events", json!([EVENT]))),
        ("neither sub nor sid", |it| it.without("sub")),
        ("a sub that is no text", |it| it.claim("sub", 5)),
        ("no iat", |it| it.without("iat")),
        ("exp passed", |it| it.claim("exp", NOW - 60)),
        ("old without exp", |it| {
            it.without("exp").claim("iat", NOW - 361)
        }),
        ("iat ahead", |it| it.claim("iat", NOW + 61)),
        ("nbf ahead", |it| it.claim("nbf", NOW + 61)),
        ("an nbf that is no time", |it| it.claim("nbf", "now")),
        ("an empty sub", |it| it.subject("").claim("sid", "s1")),
        ("an empty sid", |it| it.claim("sid", "")),
        ("typ of an access token", |it| it.header("typ", "at+jwt")),
        ("typ JWT", |it| it.header("typ", "JWT")),
        ("no typ", |it| it.without_header("typ")),
        ("another issuer", |it| it.claim("iss", "https://o.example")),
        ("no iss", |it| it.without("iss")),
        ("alg none", |it| it.header("alg", "none")),
        ("another alg", |it| it.header("alg", "RS256")),
        ("an unknown kid", |it| it.header("kid", "unknown")),
        ("an extension", |it| it.header("crit", json!(["exp"]))),
        ("the key of somebody else", |it| {
            it.signed_by(key("other").into())
        }),
    ];
    for (what, change) in cases {
        let answer = process.log_out(&change(world.logout()).sign()).await;
        is_invalid(&answer, what);
    }
    let good = world.logout().sign();
    let unsigned = good.rsplit_once('.').unwrap().0;
    for (what, token) in [
        ("unsigned", format!("{unsigned}.")),
        ("two parts", unsigned.to_owned()),
        ("encrypted", format!("{good}.a.b")),
        ("not a token", "x".to_owned()),
        ("empty", String::new()),
        ("an access token", world.token("alice").sign()),
    ] {
        is_invalid(&process.log_out(&token).await, what);
    }
    assert_eq!(world.entries(), 0);
    assert_eq!(process.status(&world.token("alice")).await, 200);

    is_done(&process.log_out(&good).await, "good");
    assert_eq!(world.entries(), 1);
    assert_eq!(process.status(&world.token("alice")).await, 401);
    assert_eq!(process.status(&world.token("bob")).await, 200);
    assert_eq!(
        process
            .status(&world.token("alice").claim("iat", NOW + 1))
            .await,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn fleet_f39_what_is_accepted() {
    let cases: [(&str, Change); 8] = [
        ("aud in a list", |it| it.claim("aud", json!(["a", CLIENT]))),
        ("other events too", |it| {
            it.claim("events", json!({"x": [1], EVENT: {"y": 1}}))
        }),
        ("the full type", |it| {
            it.header("typ", "application/LOGOUT+jwt")
        }),
        ("within the leeway after exp", |it| {
            it.claim("exp", NOW - 59)
        }),
        ("five minutes without exp", |it| {
            it.without("exp").claim("iat", NOW - 359)
        }),
        ("within the leeway ahead", |it| it.claim("iat", NOW + 60)),
        ("within the leeway before nbf", |it| {
            it.claim("nbf", NOW + 60)
        }),
        ("no jti", |it| it.without("jti")),
    ];
    for (what, change) in cases {
        let world = World::new();
        let process = world.process();
        is_done(&process.log_out(&change(world.logout()).sign()).await, what);
        assert_eq!(world.entries(), 1, "{what}");
        let token = world.token("alice").claim("iat", NOW - 400);
        assert_eq!(process.status(&token).await, 401, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f39_untyped_logout_tokens_and_access_tokens() {
    let world = World::new();
    let process = world.process();
    let untyped = process.logout.clone().allow_untyped();
    let access = world.issuer.mint(CLIENT).valid(NOW, seconds(120));
    for (what, change) in [
        ("JWT", (|it| it.header("typ", "JWT")) as Change),
        ("no typ", |it| it.without_header("typ")),
    ] {
        let logout = change(world.logout());
        is_invalid(&process.log_out(&logout.sign()).await, what);
        is_invalid(&post(&untyped, &change(access.clone()).sign()).await, what);
        assert_eq!(world.entries(), 0, "{what}");

        // As an access token.
        let ours = change(world.token("alice"));
        let sent = ours.clone().claim("events", json!({EVENT: {}}));
        assert_eq!(process.status(&ours).await, 200, "{what}");
        assert_eq!(process.status(&sent).await, 401, "{what}");
    }
    let other = world.logout().header("typ", "at+jwt").sign();
    is_invalid(&post(&untyped, &other).await, "at+jwt");
    let logout = world.logout().without_header("typ").sign();
    is_done(&post(&untyped, &logout).await, "untyped");
    assert_eq!(process.status(&world.token("alice")).await, 401);
    let logout = world.logout().claim("aud", RESOURCE);
    assert_eq!(process.status(&logout.subject("bob")).await, 401);
}

#[tokio::test(start_paused = true)]
async fn fleet_f39_a_repeated_logout_token_adds_no_second_entry() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    other.fleet.ready().await;
    let logout = world.logout().claim("sid", "s1").sign();
    is_done(&one.log_out(&logout).await, "first");
    assert_eq!(world.entries(), 2, "session and subject");
    pass(seconds(1)).await;
    world.clock.set(unix(NOW as f64) + seconds(30));
    for process in [&one, &other] {
        is_done(&process.log_out(&logout).await, "repeated");
    }
    assert_eq!(world.entries(), 2);
    let later = world.logout().claim("iat", NOW + 10).without("jti");
    is_done(&other.log_out(&later.sign()).await, "a later one");
    assert_eq!(world.entries(), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_no_logouts() {
    let world = World::new();
    let process = world.process();
    let token = world.logout().sign();
    let form = format!("logout_token={token}");
    let (logout, twice) = (&process.logout, format!("{form}&{form}"));
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        let answer = send(logout, method, Some(FORM), &form).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.headers["allow"], "POST");
    }
    for (what, body) in [("twice", &*twice), ("no token", "logout=x"), ("empty", "")] {
        is_invalid(&send(logout, "POST", Some(FORM), body).await, what);
    }
    assert_eq!(world.entries(), 0);
    let with_charset = Some("Application/X-WWW-form-urlencoded; charset=utf-8");
    is_done(&send(logout, "POST", with_charset, &form).await, "good");

    let nobody = BackChannelLogout::new(process.fleet.clone(), process.layer.verifier());
    is_invalid(&post(&nobody, &token).await, "no audience is set");
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_for_good_logout_tokens_alone() {
    let (first, second) = (key("k1"), key("k2"));
    let issuer = InMemoryIssuer::publishing(&[&first]);
    let clock = running_clock(unix(NOW as f64));
    let store = MemoryStore::default();
    let fleet = fleet(&store, "ns", &[A], &clock);
    let config = issuer.config().clock(&clock).fleet(fleet.clone());
    let verifier = JwtVerifier::new(config.build().unwrap());
    let logout = BackChannelLogout::new(fleet, verifier).audience(CLIENT);
    let token = |kid: &str, aud: &str| {
        let header = json!({"alg": "ES256", "kid": kid, "typ": "logout+jwt"});
        let claims = json!({"iss": ISSUER, "aud": aud, "iat": NOW, "sub": "alice",
            "events": {EVENT: {}}});
        let key = if kid == "k1" { &first } else { &second };
        key.sign_compact(&header.to_string(), &claims.to_string())
    };
    issuer.answer(issuer_in_memory::Answer::Fails);
    is_invalid(&post(&logout, &token("k1", AUDIENCE)).await, "another aud");
    assert_eq!(issuer.fetches(), 0);
    let answer = post(&logout, &token("k1", CLIENT)).await;
    assert_eq!(answer.status, 503, "no keys");
    assert!(answer.headers.contains_key("retry-after"));
    issuer.publish(&[&first]);
    pass(seconds(5)).await;
    is_done(&post(&logout, &token("k1", CLIENT)).await, "with keys");

    let fetches = issuer.fetches();
    issuer.publish(&[&first, &second]);
    is_invalid(&post(&logout, &token("k2", AUDIENCE)).await, "another aud");
    assert_eq!(issuer.fetches(), fetches);
    is_done(&post(&logout, &token("k2", CLIENT)).await, "a new key");
    assert_eq!(issuer.fetches(), fetches + 1);
}

#[tokio::test(start_paused = true)]
async fn fleet_f40_a_logout_while_the_store_is_down_works_later() {
    let world = World::new();
    let process = world.process();
    process.fleet.ready().await;
    let logout = world.logout().claim("sid", "s1").sign();
    world.store.set_fault(Some(Fault::Down));
    for _ in 0..2 {
        is_later(&process.log_out(&logout).await, "down");
    }
    world.store.set_fault(None);
    pass(seconds(10)).await;
    is_done(&process.log_out(&logout).await, "later");
    let late = world.process();
    late.fleet.ready().await;
    assert_eq!(late.status(&world.token("alice")).await, 401);
    let of_session = world.token("bob").claim("sid", "s1");
    assert_eq!(late.status(&of_session).await, 401);
    assert_eq!(late.status(&world.token("bob")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn fleet_f40_a_sender_that_has_left_leaves_nothing_that_counts_as_stored() {
    let world = World::new();
    let process = world.process();
    process.fleet.ready().await;
    let logout = world.logout().sign();
    world.store.set_fault(Some(Fault::NoAnswer));
    let left = tokio::time::timeout(Duration::from_millis(50), process.log_out(&logout));
    left.await.unwrap_err();
    is_later(&process.log_out(&logout).await, "no answer");
    world.store.set_fault(None);
    pass(seconds(10)).await;
    is_done(&process.log_out(&logout).await, "later");
}

#[tokio::test(start_paused = true)]
async fn fleet_f42_logouts_without_end() {
    const LIMIT: u64 = 10_000;
    let world = World::new();
    let process = world.process();
    for user in 10..LIMIT {
        let user = Revocation::subject(world.issuer.issuer(), user.to_string());
        process.fleet.revoke(user).await.unwrap();
    }
    let logouts = (0..40).map(|at: u64| world.logout().subject(&format!("user {at}")).sign());
    let logouts: Vec<_> = logouts.collect();
    let (fit, more) = logouts.split_at(10);
    for logout in fit {
        is_done(&process.log_out(logout).await, "fits");
    }
    for logout in more {
        is_later(&process.log_out(logout).await, "full");
    }
    is_done(&process.log_out(&logouts[0]).await, "in force already");
    assert_eq!(world.entries(), LIMIT);
    assert_eq!(process.status(&world.token("alice")).await, 200);
    assert_eq!(process.status(&world.token("user 9")).await, 401);
    assert_eq!(process.status(&world.token("user 10")).await, 200);
}

/// F74, through the endpoint.
#[tokio::test(start_paused = true)]
async fn a_logout_in_the_future_revokes_nothing() {
    let world = World::new();
    let process = world.process();
    for iat in [NOW + 3600, NOW * 1000] {
        let logout = world.logout().claim("iat", iat).without("exp");
        is_invalid(&process.log_out(&logout.sign()).await, "ahead");
    }
    assert_eq!(world.entries(), 0);
    let logout = world.logout().claim("iat", NOW).without("exp");
    is_done(&process.log_out(&logout.sign()).await, "now");
    assert_eq!(process.status(&world.token("alice")).await, 401);
}

/// F75, through the endpoint.
#[tokio::test(start_paused = true)]
async fn a_logout_of_a_session_and_its_user() {
    let world = World::new();
    let process = world.process();
    let both = world.logout().claim("sid", "s1").sign();
    is_done(&process.log_out(&both).await, "both");
    for (what, token, status) in [
        ("no sid", world.token("alice"), 401),
        ("its sid", world.token("alice").claim("sid", "s1"), 401),
        (
            "another session",
            world.token("alice").claim("sid", "s2"),
            200,
        ),
        ("later", world.token("alice").claim("iat", NOW + 1), 200),
        ("another user", world.token("bob"), 200),
    ] {
        assert_eq!(process.status(&token).await, status, "{what}");
    }
    let session = world.logout().claim("sid", "s2").without("sub").sign();
    is_done(&process.log_out(&session).await, "sid alone");
    let token = world.token("alice").claim("sid", "s2");
    assert_eq!(process.status(&token).await, 401);
    let later = world.token("alice").claim("iat", NOW + 1);
    assert_eq!(process.status(&later).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_no_token_names_is_told_once_an_hour() {
    const EVENT_NAME: &str = "logout_without_effect";
    let (log, _guard) = capture();
    let world = World::new();
    let process = world.process();
    assert_eq!(process.status(&world.token("alice")).await, 200);
    let both = world.logout().claim("sid", "s1");
    is_done(&process.log_out(&both.sign()).await, "both");
    assert_eq!(log.counts(EVENT_NAME), 0);
    let session = |sid: &str, at: u64| {
        let token = world.logout().without("sub").claim("sid", sid);
        token.valid(NOW + at, seconds(120)).sign()
    };
    for (sid, at, told) in [("s2", 0, 1), ("s3", 3599, 1), ("s4", 3600, 2)] {
        world.clock.set(unix((NOW + at) as f64));
        is_done(&process.log_out(&session(sid, at)).await, sid);
        assert_eq!(log.counts(EVENT_NAME), told, "{sid}: {}", log.text());
    }
    world.clock.set(unix((NOW + 7200) as f64));
    let token = world.token("bob").valid(NOW + 7200, seconds(60));
    assert_eq!(process.status(&token.claim("sid", "s5")).await, 200);
    is_done(&process.log_out(&session("s6", 7200)).await, "s6");
    assert_eq!(log.counts(EVENT_NAME), 2);
}
