//! What ends a session, and what only looks like its end.

use tower_jwt_auth::mcp::{MemorySessions, Ownership, SessionBindingLayer, SessionStore as _};
use tower_jwt_auth::test_util::TestIssuer;

use super::bound::Bound;
use super::{KEEP, Principal, ask};
use crate::support::{RESOURCE, layer};

/// A server, its store, and a caller who owns what the store holds.
struct Alices {
    issuer: TestIssuer,
    server: Bound,
    sessions: MemorySessions,
}

impl Alices {
    fn start() -> Self {
        let issuer = TestIssuer::start();
        let sessions = MemorySessions::new();
        let binding = SessionBindingLayer::with_store(sessions.clone()).strict();
        Self {
            server: Bound::new(layer(&issuer), binding),
            sessions,
            issuer,
        }
    }

    fn token(&self) -> String {
        self.issuer.mint(RESOURCE).subject("alice").sign()
    }

    /// Who owns a session of alice after this request of hers.
    async fn after(&self, method: &str, status: &str, headers: &[(&str, &str)]) -> Ownership {
        let alice = Principal::new(self.issuer.issuer(), Some("test-client"), Some("alice"));
        let bound = self.sessions.bind("s", &alice, KEEP).await.unwrap();
        assert_eq!(bound, Ownership::Owner);
        let headers = [headers, &[("x-status", status)]].concat();
        let answer = self.server.status(method, &self.token(), &headers).await;
        assert_eq!(answer.to_string(), status, "{method} {headers:?}");
        ask(&self.sessions, "s", &alice).await
    }
}

const SESSION: (&str, &str) = ("mcp-session-id", "s");
const STREAM: (&str, &str) = ("x-stream", "1");
const NO_SESSIONS: (&str, &str) = ("mcp-protocol-version", "2026-07-28");

#[tokio::test]
async fn field_s13_only_a_404_that_can_mean_nothing_but_the_session_ends_it() {
    use Ownership::{Owner, Unknown};
    let alices = Alices::start();
    // This service opens streams.
    assert_eq!(alices.after("GET", "200", &[SESSION, STREAM]).await, Owner);
    let rows: [(&str, &str, &[(&str, &str)], Ownership); 18] = [
        // A GET for a stream names the session and nothing else.
        ("GET", "404", &[SESSION], Unknown),
        (
            "GET",
            "404",
            &[SESSION, ("mcp-protocol-version", "2025-11-25")],
            Unknown,
        ),
        ("GET", "404", &[SESSION, ("last-event-id", "1")], Owner),
        ("GET", "404", &[SESSION, ("last-event-id", "")], Owner),
        ("GET", "404", &[SESSION, NO_SESSIONS], Owner),
        ("GET", "404", &[], Owner),
        ("GET", "400", &[SESSION], Owner),
        ("GET", "405", &[SESSION], Owner),
        ("GET", "410", &[SESSION], Owner),
        ("GET", "503", &[SESSION], Owner),
        // The service may not know the method of the message, its tool, its resource.
        ("POST", "404", &[SESSION], Owner),
        ("POST", "404", &[SESSION, ("mcp-method", "ping")], Owner),
        // Nor the method of HTTP.
        ("PUT", "404", &[SESSION], Owner),
        ("HEAD", "404", &[SESSION], Owner),
        ("DELETE", "404", &[SESSION], Owner),
        ("DELETE", "405", &[SESSION], Owner),
        // A server without sessions ends none, whatever the header names.
        ("DELETE", "200", &[SESSION, NO_SESSIONS], Owner),
        ("DELETE", "200", &[SESSION], Unknown),
    ];
    for (method, status, headers, want) in rows {
        let owner = alices.after(method, status, headers).await;
        assert_eq!(owner, want, "{method} {status} {headers:?}");
    }
}

/// Many services answer 404 to a method that they do not support.
#[tokio::test]
async fn field_s13_a_service_that_opens_no_streams_ends_no_session_by_refusing_one() {
    let alices = Alices::start();
    for (status, want) in [("404", Ownership::Owner), ("405", Ownership::Owner)] {
        assert_eq!(alices.after("GET", status, &[SESSION]).await, want);
    }
    // The owner goes on, under `strict` too.
    let token = alices.token();
    assert_eq!(alices.server.status("POST", &token, &[SESSION]).await, 200);
    // None of these shows that a GET opens a stream; the last one does.
    let rows: [(&str, &str, &[(&str, &str)], Ownership); 5] = [
        ("GET", "200", &[SESSION], Ownership::Owner),
        ("GET", "500", &[SESSION, STREAM], Ownership::Owner),
        ("POST", "200", &[SESSION, STREAM], Ownership::Owner),
        (
            "GET",
            "200",
            &[SESSION, STREAM, ("last-event-id", "1")],
            Ownership::Owner,
        ),
        ("GET", "200", &[STREAM], Ownership::Unknown),
    ];
    for (method, status, headers, then) in rows {
        let owner = alices.after(method, status, headers).await;
        assert_eq!(owner, Ownership::Owner, "{method} {status} {headers:?}");
        let owner = alices.after("GET", "404", &[SESSION]).await;
        assert_eq!(owner, then, "{method} {status} {headers:?}");
    }
}
