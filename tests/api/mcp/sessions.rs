//! A session of a real MCP server belongs to the principal that began it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::mcp::{
    MemorySessions, Ownership, Principal, SessionBindingLayer, SessionStore,
};
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};

use crate::support::{Answer, RESOURCE, config, layer, read, request, serve};

pub(crate) mod bound;
mod ended;
mod owners;
mod stores;

#[derive(Clone, Debug)]
struct Plain;

impl ServerHandler for Plain {}

fn rmcp_server() -> StreamableHttpService<Plain, LocalSessionManager> {
    StreamableHttpService::new(
        || Ok(Plain),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    )
}

struct Server {
    issuer: TestIssuer,
    url: String,
}

impl Server {
    async fn start(binding: Option<SessionBindingLayer>) -> Self {
        let issuer = TestIssuer::start();
        let auth = JwtAuthLayer::for_mcp(config(&issuer).build().unwrap());
        let app = match binding {
            Some(binding) => {
                let bound = tower::Layer::layer(&binding, rmcp_server());
                Router::new().route_service("/mcp", bound)
            }
            None => Router::new().route_service("/mcp", rmcp_server()),
        };
        let base = serve(app.layer(auth)).await;
        let url = format!("{base}/mcp");
        Self { issuer, url }
    }

    fn principal(&self, subject: &str) -> Principal {
        Principal::new(self.issuer.issuer(), Some("test-client"), Some(subject))
    }

    fn token(&self, subject: &str) -> TokenBuilder {
        self.issuer.mint(RESOURCE).subject(subject)
    }

    async fn send(
        &self,
        method: &str,
        token: &TokenBuilder,
        sessions: &[&str],
        body: &str,
    ) -> Response {
        let mut request = reqwest::Client::new()
            .request(method.parse().unwrap(), &self.url)
            .bearer_auth(token.sign())
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body.to_owned());
        for session in sessions {
            request = request.header("mcp-session-id", *session);
        }
        request.send().await.unwrap()
    }

    async fn initialize(&self, token: &TokenBuilder) -> String {
        let answer = self.send("POST", token, &[], INITIALIZE).await;
        assert_eq!(answer.status(), 200);
        let session = answer.headers()["mcp-session-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let answer = self.send("POST", token, &[&session], initialized).await;
        assert_eq!(answer.status(), 202);
        session
    }
}

type Response = reqwest::Response;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

const KEEP: Duration = Duration::from_secs(60);

async fn ask(sessions: &MemorySessions, id: &str, principal: &Principal) -> Ownership {
    sessions.owner_is(id, principal, KEEP).await.unwrap()
}

async fn answer(response: Response) -> Answer {
    let response: http::Response<reqwest::Body> = response.into();
    let mut answer = read(response).await;
    answer.headers.remove("date");
    answer
}

/// Rows S8, M16 and N116 of `tests/CATALOGUE.md`.
#[tokio::test]
async fn s8_m16_n116_another_principal_gets_404_as_for_an_unknown_session() {
    let server = Server::start(Some(SessionBindingLayer::new())).await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let session = server.initialize(&alice).await;
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (method, body) in [("POST", PING), ("GET", ""), ("DELETE", "")] {
        let stolen = answer(server.send(method, &bob, &[&session], body).await).await;
        assert_eq!(stolen.status, 404, "{method}");
        if method != "DELETE" {
            let made_up = answer(server.send(method, &bob, &[unknown], body).await).await;
            assert_eq!(stolen, made_up, "{method}: rmcp's own answer, to the byte");
        }
        let own = server.send("POST", &alice, &[&session], PING).await;
        assert_eq!(own.status(), 200, "{method} by another changed nothing");
    }
    // Same subject at another client, and the other way round: other principals.
    let same_user = alice.clone().client_id("other");
    let refused = server.send("POST", &same_user, &[&session], PING).await;
    assert_eq!(refused.status(), 404);
    // A refreshed token is the same principal.
    let refreshed = alice.clone().claim("jti", "next").claim("scope", "more");
    let own = server.send("POST", &refreshed, &[&session], PING).await;
    assert_eq!(own.status(), 200);
    // Two ids in one request: the server would read one of them.
    let both = [&*session, &*session];
    let refused = server.send("POST", &alice, &both, PING).await;
    assert_eq!(refused.status(), 404);
}

/// The reason for the layer: rmcp alone lets bob in.
#[tokio::test]
async fn without_it_rmcp_lets_anybody_into_a_session() {
    let server = Server::start(None).await;
    let session = server.initialize(&server.token("alice")).await;
    let bob = server
        .send("POST", &server.token("bob"), &[&session], PING)
        .await;
    assert_eq!(bob.status(), 200);
}

#[tokio::test]
async fn a_session_is_forgotten_when_its_owner_ends_it() {
    let sessions = MemorySessions::new();
    let server = Server::start(Some(SessionBindingLayer::with_store(sessions.clone()))).await;
    let alice = server.token("alice");
    let session = server.initialize(&alice).await;
    let (own, bobs) = (server.principal("alice"), server.principal("bob"));
    assert_eq!(ask(&sessions, &session, &own).await, Ownership::Owner);
    assert_eq!(ask(&sessions, &session, &bobs).await, Ownership::Other);
    assert!(
        server
            .send("DELETE", &alice, &[&session], "")
            .await
            .status()
            .is_success()
    );
    assert_eq!(ask(&sessions, &session, &own).await, Ownership::Unknown);
    let after = server.send("POST", &alice, &[&session], PING).await;
    assert_eq!(after.status(), 404);
}

/// As after a restart of this process alone: the first caller whose request succeeds owns it.
#[tokio::test]
async fn an_unknown_session_is_asked_for_unless_strict() {
    for (strict, first, second) in [(false, 200, 404), (true, 404, 404)] {
        let sessions = MemorySessions::new();
        let layer = SessionBindingLayer::with_store(sessions.clone());
        let layer = if strict { layer.strict() } else { layer };
        let server = Server::start(Some(layer)).await;
        let (alice, bob) = (server.token("alice"), server.token("bob"));
        let session = server.initialize(&alice).await;
        assert_eq!(
            server
                .send("POST", &alice, &[&session], PING)
                .await
                .status(),
            200
        );
        let own = server.principal("alice");
        assert_eq!(ask(&sessions, &session, &own).await, Ownership::Owner);
        sessions.end(&session, &own).await.unwrap();
        let again = server.send("POST", &alice, &[&session], PING).await;
        assert_eq!(again.status(), first, "strict: {strict}");
        let other = server.send("POST", &bob, &[&session], PING).await;
        assert_eq!(other.status(), second, "strict: {strict}");
    }
}

/// A server of 2026-07-28 ignores the header, so a successful answer makes nobody an owner. Ids
/// that no server gives are no ids.
#[tokio::test]
async fn ids_cannot_be_claimed_in_advance() {
    let sessions = MemorySessions::new();
    let issuer = TestIssuer::start();
    let layer = SessionBindingLayer::with_store(sessions.clone());
    let echo = axum::routing::any(|headers: http::HeaderMap| async move {
        // It returns the session id in failed responses too.
        let status = headers
            .contains_key("x-fail")
            .then_some(http::StatusCode::BAD_REQUEST);
        let session = headers.get("x-give").cloned();
        let mut response = http::Response::new(axum::body::Body::from("in"));
        *response.status_mut() = status.unwrap_or_default();
        session.map(|session| response.headers_mut().insert("mcp-session-id", session));
        response
    });
    let app = Router::new()
        .route("/", echo.layer(layer))
        .layer(JwtAuthLayer::for_mcp(config(&issuer).build().unwrap()));
    let base = serve(app).await;
    let token = issuer.mint(RESOURCE).sign();
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = reqwest::Client::new().post(&base).bearer_auth(&token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let long = "x".repeat(257);
    let cases: [(&[(&str, &str)], &str, u16, bool); 8] = [
        (&[("mcp-session-id", "a")], "a", 200, true),
        (
            &[
                ("mcp-session-id", "b"),
                ("mcp-protocol-version", "2026-07-28"),
            ],
            "b",
            200,
            false,
        ),
        (&[("x-give", "c")], "c", 200, true),
        (&[("x-give", "d"), ("x-fail", "1")], "d", 400, false),
        (&[("mcp-session-id", "a"), ("x-give", "e")], "e", 200, true),
        (&[("mcp-session-id", &long[1..])], &long[1..], 200, true),
        (&[("mcp-session-id", &long)], &long, 404, false),
        (&[("mcp-session-id", "a b")], "a b", 404, false),
    ];
    for (headers, id, status, bound) in cases {
        assert_eq!(ask(headers).await, status, "{headers:?}");
        let owner = Principal::new(issuer.issuer(), Some("test-client"), Some("alice"));
        let want = if bound {
            Ownership::Owner
        } else {
            Ownership::Unknown
        };
        assert_eq!(self::ask(&sessions, id, &owner).await, want, "{headers:?}");
    }
}

/// Two tokens that name neither a subject nor a client cannot be told apart.
#[tokio::test]
async fn who_is_nobody_owns_no_session() {
    let sessions = MemorySessions::new();
    let server = Server::start(Some(SessionBindingLayer::with_store(sessions.clone()))).await;
    let named = server.token("alice").without("client_id");
    let nobody = named.clone().without("sub");
    let session = server.initialize(&nobody).await;
    let own = Principal::new(server.issuer.issuer(), None, Some("alice"));
    assert_eq!(ask(&sessions, &session, &own).await, Ownership::Unknown);
    let session = server.initialize(&named).await;
    assert_eq!(ask(&sessions, &session, &own).await, Ownership::Owner);
    assert_eq!(
        server
            .send("POST", &nobody, &[&session], PING)
            .await
            .status(),
        404
    );
}

/// The name that `client_id()` gives to a client without a name is a client like any other.
#[tokio::test]
async fn a_client_called_jwt_owns_its_session() {
    let server = Server::start(Some(SessionBindingLayer::new())).await;
    let machine = server.token("alice").without("sub").client_id("jwt");
    let session = server.initialize(&machine).await;
    let own = server.send("POST", &machine, &[&session], PING).await;
    assert_eq!(own.status(), 200);
    let other = machine.clone().client_id("other");
    for thief in [
        other,
        machine.without("client_id"),
        server.token("alice").client_id("jwt"),
    ] {
        let refused = server.send("POST", &thief, &[&session], PING).await;
        assert_eq!(refused.status(), 404);
    }
}

#[tokio::test]
async fn who_has_no_token_owns_no_session() {
    let issuer = TestIssuer::start();
    let sessions = MemorySessions::new();
    let alice = Principal::new(issuer.issuer(), Some("test-client"), Some("alice"));
    let bound = sessions.bind("s", &alice, KEEP).await.unwrap();
    assert_eq!(bound, Ownership::Owner);
    let layer = SessionBindingLayer::with_store(sessions);
    let app = Router::new()
        .route(
            "/",
            axum::routing::get(|| async { "in" }).layer(layer.clone()),
        )
        .layer(JwtAuthLayer::new(config(&issuer).build().unwrap()).optional());
    let base = serve(app).await;
    let token = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    for (session, token, want) in [
        ("s", Some(&token), 200),
        ("s", None, 404),
        ("other", None, 200),
    ] {
        let mut request = reqwest::Client::new()
            .get(&base)
            .header("mcp-session-id", session);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        assert_eq!(
            request.send().await.unwrap().status(),
            want,
            "{session} {token:?}"
        );
    }
    let open = Router::new().route("/", axum::routing::get(|| async { "in" }).layer(layer));
    let base = serve(open).await;
    assert_eq!(reqwest::get(&base).await.unwrap().status(), 500);
}
