//! Processes that listen: logouts of the issuer, event streams, nonces.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use axum::routing::get;
use fleet::issuer::{CountingIssuer, RESOURCE};
use fleet::store_server::{NAMESPACE, StoreServer};
use http_body::Frame;
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_jwt_auth::fleet::{BackChannelLogout, FleetBuilder};
use tower_jwt_auth::proof::{Dpop, NonceMode};
use tower_jwt_auth::test_util::{TestClient, TokenBuilder};

use crate::support::{MAX_AGE, Member, ahead, clock_ahead, config, settings, unix, until};

const CLIENT: &str = "registered-client";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A process that takes requests, event streams and logouts.
struct Served {
    member: Member,
    address: SocketAddr,
    client: Client,
}

impl Served {
    async fn start(member: Member) -> Self {
        let logout = BackChannelLogout::new(member.fleet.clone(), member.layer.verifier());
        let logout = logout.audience(CLIENT);
        let app = Router::new()
            .route("/mcp", get(async || "served"))
            .route("/events", get(events));
        let app = member.layer.clone().protect(app);
        let app = app.route_service("/logout", logout);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        member.verifier.wait_for_keys().await.unwrap();
        Self {
            member,
            address,
            client: Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The status that the issuer gets for a logout token.
    async fn log_out(&self, token: &TokenBuilder) -> u16 {
        let request = self.client.post(self.url("/logout"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let form = format!("logout_token={}", token.sign());
        let response = request.body(form).send().await.unwrap();
        response.status().as_u16()
    }

    async fn status(&self, token: &TokenBuilder) -> u16 {
        let request = self.client.get(self.url("/mcp"));
        let response = request.bearer_auth(token.sign()).send().await;
        response.unwrap().status().as_u16()
    }
}

/// An event, and then none for ever.
struct Events(bool);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data("data: x\n\n".into()))))
    }
}

async fn events() -> Response {
    let response = Response::builder().header("content-type", "text/event-stream");
    response.body(Body::new(Events(false))).unwrap()
}

struct Scene {
    store: StoreServer,
    issuer: CountingIssuer,
    processes: [Served; 2],
}

impl Scene {
    async fn start() -> Self {
        Self::with(|fleet| fleet).await
    }

    async fn with(change: fn(FleetBuilder) -> FleetBuilder) -> Self {
        let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
        let new = || Served::start(Member::with(&store.url(), &issuer, MAX_AGE, change));
        let processes = [new().await, new().await];
        Self {
            processes,
            store,
            issuer,
        }
    }

    /// A good logout token of alice, without `sid`.
    fn logout(&self) -> TokenBuilder {
        let token = self.issuer.keys().mint(CLIENT);
        let token = token.claim("iss", self.issuer.url());
        let token = token.header("typ", "logout+jwt");
        token.subject("alice").claim("events", json!({EVENT: {}}))
    }

    fn token(&self, subject: &str) -> TokenBuilder {
        self.issuer.mint().subject(subject)
    }

    fn entries(&self) -> u64 {
        let stream = format!("tja1:{NAMESPACE}:revoked");
        self.store.command(&["XLEN", &stream]).unwrap_or(0)
    }

    /// Until both refuse it.
    async fn is_refused(&self, token: &TokenBuilder) {
        for process in &self.processes {
            until("it is refused", async || process.status(token).await == 401).await;
        }
    }

    async fn is_accepted(&self, token: &TokenBuilder) {
        for process in &self.processes {
            assert_eq!(process.status(token).await, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f39_one_thing_is_wrong_with_a_logout_token() {
    type Change = fn(TokenBuilder) -> TokenBuilder;
    let scene = Scene::start().await;
    let [first, second] = &scene.processes;
    let wrong: [(&str, Change); 9] = [
        ("another aud", |it| it.claim("aud", RESOURCE)),
        ("a nonce", |it| it.claim("nonce", "n")),
        ("no event", |it| it.claim("events", json!({"x": {}}))),
        ("neither sub nor sid", |it| it.without("sub")),
        ("exp passed", |it| it.claim("exp", unix(ahead(-61)))),
        ("old", |it| {
            it.without("exp").claim("iat", unix(ahead(-6 * 60 - 1)))
        }),
        ("the typ of an access token", |it| {
            it.header("typ", "at+jwt")
        }),
        ("another issuer", |it| {
            it.claim("iss", "https://elsewhere.example")
        }),
        ("alg none", |it| it.header("alg", "none")),
    ];
    let alice = scene.token("alice");
    for (what, change) in wrong {
        assert_eq!(first.log_out(&change(scene.logout())).await, 400, "{what}");
    }
    assert_eq!(first.log_out(&alice).await, 400, "an access token");
    let sent = scene.logout().claim("aud", RESOURCE).without_header("typ");
    assert_eq!(first.status(&sent).await, 401, "as an access token");
    assert_eq!(scene.entries(), 0);
    scene.is_accepted(&alice).await;

    let good = scene.logout();
    assert_eq!(first.log_out(&good).await, 200);
    scene.is_refused(&alice).await;
    scene.is_accepted(&scene.token("bob")).await;
    assert_eq!(scene.entries(), 1);
    for process in [first, second] {
        assert_eq!(process.log_out(&good).await, 200, "repeated");
    }
    assert_eq!(scene.entries(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f40_a_logout_while_the_store_is_down() {
    let mut scene = Scene::start().await;
    let (alice, logout) = (scene.token("alice"), scene.logout());
    scene.store.kill();
    for _ in 0..2 {
        assert_eq!(scene.processes[0].log_out(&logout).await, 503);
    }
    // It holds where it arrived, and nobody else knows.
    assert_eq!(scene.processes[0].status(&alice).await, 401);
    assert_eq!(scene.processes[1].status(&alice).await, 200);
    scene.store.restart();
    until("it comes again", async || {
        scene.processes[0].log_out(&logout).await == 200
    })
    .await;
    assert_eq!(scene.entries(), 1, "it is stored by then");
    scene.is_refused(&alice).await;
    scene.is_accepted(&scene.token("bob")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f42_logouts_without_end() {
    const LIMIT: usize = 200;
    let scene = Scene::with(|fleet| fleet.revocations_limit(LIMIT)).await;
    let users = 0..LIMIT + 100;
    let logouts = users.map(|user| scene.logout().subject(&format!("user-{user}")));
    let logouts: Vec<_> = logouts.collect();
    let (fit, more) = logouts.split_at(LIMIT);
    let process = &scene.processes[0];
    let revoked = scene.token("user-0").claim("iat", unix(ahead(-10)));
    let mut asked = JoinSet::new();
    for logout in fit {
        let (logout, url) = (logout.clone(), process.url("/logout"));
        let client = process.client.clone();
        asked.spawn(async move {
            let request = client.post(url);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let form = format!("logout_token={}", logout.sign());
            request.body(form).send().await.unwrap().status().as_u16()
        });
    }
    // Requests go on meanwhile.
    let good = scene.token("alice");
    let mut slowest = Duration::ZERO;
    while let Some(status) = asked.join_next().await {
        assert_eq!(status.unwrap(), 200);
        let began = std::time::Instant::now();
        assert_eq!(process.status(&good).await, 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    for logout in more {
        assert_eq!(process.log_out(logout).await, 503);
    }
    assert_eq!(process.log_out(&fit[0]).await, 200, "it is in force");
    assert_eq!(scene.entries(), LIMIT as u64);
    scene.is_refused(&revoked).await;
    let last = scene.token(&format!("user-{LIMIT}"));
    scene.is_accepted(&last).await;
    scene.is_accepted(&good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f74_a_cut_that_lies_ahead() {
    let scene = Scene::start().await;
    let alice = scene.token("alice");
    let now = unix(ahead(0));
    for (what, iat) in [("an hour", now + 3_600), ("milliseconds", now * 1_000)] {
        let cut = std::time::UNIX_EPOCH + Duration::from_secs(iat);
        let revocation = tower_jwt_auth::fleet::Revocation::subject(scene.issuer.url(), "alice");
        let fleet = &scene.processes[0].member.fleet;
        let error = fleet.revoke(revocation.issued_before(cut)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("in the future"), "{what}: {error}");
        let logout = scene.logout().claim("iat", iat).without("exp");
        assert_eq!(scene.processes[0].log_out(&logout).await, 400, "{what}");
    }
    assert_eq!(scene.entries(), 0);
    scene.is_accepted(&alice).await;
    let logout = scene.logout().claim("iat", now).without("exp");
    assert_eq!(scene.processes[0].log_out(&logout).await, 200);
    scene.is_refused(&alice.claim("iat", now)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f75_a_logout_of_a_session_and_its_user() {
    let scene = Scene::start().await;
    let alice = scene.token("alice");
    let logout = scene.logout().claim("sid", "s1");
    assert_eq!(scene.processes[0].log_out(&logout).await, 200);
    assert_eq!(scene.entries(), 2);
    scene.is_refused(&alice).await;
    scene.is_refused(&alice.clone().claim("sid", "s1")).await;
    scene.is_accepted(&alice.clone().claim("sid", "s2")).await;
    scene.is_accepted(&scene.token("bob")).await;
    let later = alice.claim("iat", unix(ahead(2)));
    scene.is_accepted(&later).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f36_the_stream_of_a_revoked_token_ends() {
    let scene = Scene::start().await;
    let [first, second] = &scene.processes;
    let open = async |subject: &str| {
        let token = scene.token(subject).sign();
        let request = first.client.get(first.url("/events")).bearer_auth(token);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let event = response.chunk().await.unwrap().unwrap();
        assert_eq!(event, "data: x\n\n");
        response
    };
    let (mut alice, mut bob) = (open("alice").await, open("bob").await);
    let logout = scene.logout();
    assert_eq!(second.log_out(&logout).await, 200);
    let one_second = Duration::from_secs(1);
    let end = tokio::time::timeout(one_second, alice.chunk()).await;
    assert_eq!(end.unwrap().unwrap(), None, "it ends within a second");
    let goes_on = tokio::time::timeout(Duration::from_millis(200), bob.chunk()).await;
    goes_on.unwrap_err();
    assert_eq!(second.log_out(&logout.subject("bob")).await, 200);
    let end = tokio::time::timeout(one_second, bob.chunk()).await;
    assert_eq!(end.unwrap().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_f48_a_nonce_of_one_process_at_another() {
    const OTHER_SECRET: &str = "QUJDREVGMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk";
    let (store, issuer) = (StoreServer::start(), CountingIssuer::start().await);
    let new = async |fleet: FleetBuilder, seconds: i64| {
        let config = config(&issuer.url(), MAX_AGE);
        let config = config.dpop(Dpop::new().nonce(NonceMode::Required));
        Served::start(Member::with_clock(&clock_ahead(seconds), fleet, config)).await
    };
    let ours = || settings(&store.url());
    let (here, there) = (new(ours(), 0).await, new(ours(), 0).await);
    let late = new(ours(), 10 * 60).await;
    let elsewhere = new(ours().secrets([OTHER_SECRET]), 0).await;

    let holder = TestClient::start();
    let token = issuer.mint().bound_to(&holder).sign();
    // The status, and the nonce that the client is to use next.
    let ask = async |served: &Served, nonce: Option<&str>, seconds: i64| {
        let proof = holder.proof("GET", RESOURCE).token(&token);
        let proof = proof.at(ahead(seconds));
        let proof = match nonce {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        };
        let request = served.client.get(served.url("/mcp"));
        let request = request.header("authorization", format!("DPoP {token}"));
        let response = request.header("dpop", proof.sign()).send().await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let challenge = header("www-authenticate").unwrap_or_default();
        let wants_nonce = challenge.contains("use_dpop_nonce");
        let status = response.status().as_u16();
        assert_eq!(status == 401, wants_nonce, "{challenge}");
        (status, header("dpop-nonce"))
    };
    let given = async |served: &Served, seconds: i64| {
        let (status, nonce) = ask(served, None, seconds).await;
        assert_eq!(status, 401);
        nonce.unwrap()
    };
    let nonce = given(&here, 0).await;
    assert_eq!(ask(&there, Some(&nonce), 0).await.0, 200);
    assert_eq!(ask(&elsewhere, Some(&nonce), 0).await.0, 401, "its secret");
    let theirs = given(&elsewhere, 0).await;
    assert_eq!(ask(&elsewhere, Some(&theirs), 0).await.0, 200);
    assert_eq!(ask(&there, Some(&theirs), 0).await.0, 401, "their secret");
    assert_eq!(ask(&late, Some(&nonce), 600).await.0, 401, "expired");
    let fresh = given(&late, 600).await;
    assert_eq!(ask(&late, Some(&fresh), 600).await.0, 200);
}
