//! Who owns a session: callers that differ in one thing, and callers that come at the same time.

use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::mcp::{MemorySessions, Ownership, SessionBindingLayer, SessionStore as _};
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::bound::Bound;
use super::{KEEP, Principal, ask};
use crate::support::{RESOURCE, capture, layer};

/// A subject and a client mean something at their issuer only.
#[tokio::test]
async fn field_s14_the_issuer_is_part_of_the_owner() {
    let (ours, theirs) = (TestIssuer::start(), TestIssuer::start());
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(Issuer::new(ours.issuer()))
        .add_issuer(Issuer::new(theirs.issuer()));
    let auth = JwtAuthLayer::for_mcp(config.build().unwrap());
    let server = Bound::new(auth, SessionBindingLayer::new());
    let named: [(&str, fn(TokenBuilder) -> TokenBuilder); 3] = [
        ("subject-and-client", |token| token.subject("alice")),
        ("subject", |token| {
            token.subject("alice").without("client_id")
        }),
        ("client", |token| token.client_id("app").without("sub")),
    ];
    for (session, name) in named {
        let own = name(ours.mint(RESOURCE)).sign();
        let namesake = name(theirs.mint(RESOURCE)).sign();
        let begun = server.status("POST", &own, &[("x-give", session)]).await;
        assert_eq!(begun, 200, "{session}");
        let named = [("mcp-session-id", session)];
        let calls = server.calls();
        for method in ["POST", "GET", "DELETE"] {
            let refused = server.status(method, &namesake, &named).await;
            assert_eq!(refused, 404, "{method} {session}");
        }
        assert_eq!(server.calls(), calls, "{session}");
        // Nor does the service give the id to the namesake.
        let given = [("x-give", session)];
        let refused = server.send("POST", Some(&namesake), &given).await;
        assert_eq!(refused.status, 404, "{session}");
        assert!(!refused.headers.contains_key("mcp-session-id"));
        assert_eq!(server.status("POST", &own, &named).await, 200, "{session}");
        // The namesake has sessions of its own.
        let begun = format!("{session}-of-the-namesake");
        let begun = [("x-give", begun.as_str())];
        assert_eq!(server.status("POST", &namesake, &begun).await, 200);
    }
}

/// Both requests are with the service before either is answered, and it answers both.
#[tokio::test]
async fn field_s14_the_loser_of_a_race_for_an_unknown_session_is_not_let_in() {
    let issuer = TestIssuer::start();
    let sessions = MemorySessions::new();
    let binding = SessionBindingLayer::with_store(sessions.clone());
    let server = Bound::new(layer(&issuer), binding);
    let token = |name| issuer.mint(RESOURCE).subject(name).sign();
    let tokens = [token("alice"), token("bob")];
    let [alice, bob] = &tokens;
    // An unknown session that both name, and a new one that the service gives to both.
    for (method, header) in [
        ("POST", "mcp-session-id"),
        ("GET", "mcp-session-id"),
        ("POST", "x-give"),
    ] {
        let session = format!("{method}-{header}");
        let headers = [(header, session.as_str()), ("x-meet", "1")];
        let calls = server.calls();
        let answers = tokio::join!(
            server.send(method, Some(alice), &headers),
            server.send(method, Some(bob), &headers)
        );
        assert_eq!(server.calls() - calls, 2, "{session}: both were admitted");
        let [first, second] = <[_; 2]>::from(answers);
        let (winner, loser, refused) = match first.status.as_u16() {
            200 => (alice, bob, second),
            _ => {
                assert_eq!(second.status, 200, "{session}");
                (bob, alice, first)
            }
        };
        assert_eq!(refused.status, 404, "{session}");
        assert_eq!(refused.body, "Not Found: Session not found", "{session}");
        assert!(!refused.headers.contains_key("mcp-session-id"));
        let named = [("mcp-session-id", session.as_str())];
        assert_eq!(server.status("POST", winner, &named).await, 200);
        assert_eq!(server.status("POST", loser, &named).await, 404);
    }
    // Two requests of one caller are no race.
    let headers = [("mcp-session-id", "own"), ("x-meet", "1")];
    let (first, second) = tokio::join!(
        server.status("POST", alice, &headers),
        server.status("POST", alice, &headers)
    );
    assert_eq!((first, second), (200, 200));
}

/// Whoever loses what the store decides between both questions is refused, and keeps what it has.
#[tokio::test]
async fn field_s14_a_session_that_was_bound_in_the_meantime_stays_with_its_owner() {
    let issuer = TestIssuer::start();
    let sessions = MemorySessions::new();
    let binding = SessionBindingLayer::with_store(sessions.clone());
    let server = Bound::new(layer(&issuer), binding);
    let alice = Principal::new(issuer.issuer(), Some("test-client"), Some("alice"));
    let bob = issuer.mint(RESOURCE).subject("bob").sign();
    // From here on the keys are there, and a request waits for nothing but the service.
    assert_eq!(server.status("POST", &bob, &[]).await, 200);
    for status in ["200", "202", "404", "500"] {
        let headers = [
            ("mcp-session-id", status),
            ("x-status", status),
            ("x-meet", "1"),
        ];
        let (answer, ()) = tokio::join!(server.send("POST", Some(&bob), &headers), async {
            let bound = sessions.bind(status, &alice, KEEP).await.unwrap();
            assert_eq!(bound, Ownership::Owner);
            // Lets the service answer.
            let meet = [("x-meet", "1")];
            assert_eq!(server.status("POST", &bob, &meet).await, 200);
        });
        // A failure binds nobody and is passed on.
        let passed_on = status.starts_with('5') || status == "404";
        let want = if passed_on { status } else { "404" };
        assert_eq!(answer.status.as_str(), want);
        assert_eq!(answer.body == "in", passed_on, "{status}");
        assert_eq!(ask(&sessions, status, &alice).await, Ownership::Owner);
    }
}

/// The session of the request was bound in the meantime, so the caller gets no other one either.
#[tokio::test]
async fn field_s14_the_loser_of_a_race_gets_no_new_session() {
    let issuer = TestIssuer::start();
    let sessions = MemorySessions::new();
    let binding = SessionBindingLayer::with_store(sessions.clone());
    let server = Bound::new(layer(&issuer), binding);
    let principal = |name| Principal::new(issuer.issuer(), Some("test-client"), Some(name));
    let (alice, bobs) = (principal("alice"), principal("bob"));
    let bob = issuer.mint(RESOURCE).subject("bob").sign();
    // From here on the keys are there, and a request waits for nothing but the service.
    assert_eq!(server.status("POST", &bob, &[]).await, 200);
    for (winner, want) in [(&bobs, 200), (&alice, 404)] {
        let (used, given) = (format!("used-{want}"), format!("given-{want}"));
        let headers = [
            ("mcp-session-id", used.as_str()),
            ("x-give", given.as_str()),
            ("x-meet", "1"),
        ];
        let (answer, ()) = tokio::join!(server.send("POST", Some(&bob), &headers), async {
            let bound = sessions.bind(&used, winner, KEEP).await.unwrap();
            assert_eq!(bound, Ownership::Owner);
            // Lets the service answer.
            let meet = [("x-meet", "1")];
            assert_eq!(server.status("POST", &bob, &meet).await, 200);
        });
        assert_eq!(answer.status, want);
        let is_given = answer.headers.contains_key("mcp-session-id");
        assert_eq!(is_given, want == 200);
        let owner = ask(&sessions, &given, &bobs).await;
        assert_eq!(owner == Ownership::Owner, want == 200, "{owner:?}");
        assert_eq!(ask(&sessions, &used, winner).await, Ownership::Owner);
    }
}

/// Ending a session that nobody owns makes nobody its owner.
#[tokio::test]
async fn field_s14_a_request_that_ends_an_unknown_session_binds_nothing() {
    let issuer = TestIssuer::start();
    let sessions = MemorySessions::new();
    let binding = SessionBindingLayer::with_store(sessions.clone());
    let server = Bound::new(layer(&issuer), binding);
    let bobs = Principal::new(issuer.issuer(), Some("test-client"), Some("bob"));
    let bob = issuer.mint(RESOURCE).subject("bob").sign();
    for (method, owner) in [
        ("DELETE", Ownership::Unknown),
        ("POST", Ownership::Owner),
        ("GET", Ownership::Owner),
    ] {
        let named = [("mcp-session-id", method)];
        assert_eq!(server.status(method, &bob, &named).await, 200, "{method}");
        assert_eq!(ask(&sessions, method, &bobs).await, owner, "{method}");
    }
}

/// The log tells a stolen session from one that is over.
#[tokio::test]
async fn the_log_says_why_a_session_is_refused() {
    let issuer = TestIssuer::start();
    let binding = SessionBindingLayer::new().strict();
    let server = Bound::new(layer(&issuer), binding);
    let token = |name| issuer.mint(RESOURCE).subject(name).sign();
    let (alice, bob) = (token("alice"), token("bob"));
    let begun = [("x-give", "session")];
    assert_eq!(server.status("POST", &alice, &begun).await, 200);
    for (session, reason) in [
        ("session", "it belongs to somebody else"),
        ("unknown", "it is not known"),
    ] {
        let (log, _guard) = capture();
        let named = [("mcp-session-id", session)];
        assert_eq!(server.status("POST", &bob, &named).await, 404, "{session}");
        assert_eq!(log.counts("session_refused"), 1, "{session}");
        let told = format!("reason=\"{reason}\"");
        assert!(log.text().contains(&told), "{session}: {}", log.text());
    }
}
