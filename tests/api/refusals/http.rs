//! N109-N115 and N118: the rest of the request and of the answer, over real sockets. N116 is in
//! `mcp/sessions.rs`, N117 in `requirements/privacy.rs`.

use axum::routing::get;
use axum::{Extension, Router};
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{AuthInfo, ConfigError, RequireScopesLayer};

use super::server::{Refusal, Server, refusal};
use super::*;
use crate::support::{Connection, layer, serve};

/// The layer writes no header, so there is none to forge: the caller stands in the extensions
/// alone.
#[tokio::test]
async fn n109_headers_name_nobody() {
    let issuer = TestIssuer::start();
    let echo = |headers: ::http::HeaderMap, auth: AuthInfo| async move {
        let mut names: Vec<_> = headers.keys().map(::http::HeaderName::as_str).collect();
        names.sort_unstable();
        format!("{} {}", auth.subject().unwrap(), names.join(","))
    };
    let base = serve(Router::new().route("/mcp", get(echo)).layer(layer(&issuer))).await;
    let forged = "X-Jwt-Claim-Sub: root\r\nX-Auth-Subject: root\r\nX-Forwarded-User: root\r\nX-Jwt-Payload: e30\r\n";
    let mut connection = Connection::open(&base).await;
    assert_eq!(
        connection
            .exchange("GET /mcp", forged.as_bytes())
            .await
            .status,
        401,
        "n109"
    );
    let token = issuer.mint(RESOURCE).subject("alice").sign();
    let lines = format!("{forged}Authorization: Bearer {token}\r\n");
    let answer = connection.exchange("GET /mcp", lines.as_bytes()).await;
    assert_eq!(
        answer.body,
        "alice authorization,host,x-auth-subject,x-forwarded-user,x-jwt-claim-sub,x-jwt-payload",
        "n109"
    );
}
#[tokio::test]
async fn n110_without_the_layer_handlers_are_closed() {
    let app = Router::new()
        .route(
            "/auth",
            get(|auth: AuthInfo| async move { auth.client_id().to_owned() }),
        )
        .route(
            "/maybe",
            get(|auth: Option<AuthInfo>| async move { format!("{}", auth.is_some()) }),
        )
        .route(
            "/scoped",
            get(|| async { "ok" }).layer(RequireScopesLayer::new([""; 0])),
        );
    let issuer = TestIssuer::start();
    let line = format!("Authorization: Bearer {}\r\n", issuer.mint(RESOURCE).sign());
    let (open, guarded) = (
        serve(app.clone()).await,
        serve(app.layer(layer(&issuer))).await,
    );
    for path in ["/auth", "/maybe", "/scoped"] {
        for (base, status) in [(&guarded, 200), (&open, 500)] {
            let start = format!("GET {path}");
            let answer = Connection::open(base)
                .await
                .exchange(&start, line.as_bytes())
                .await;
            assert_eq!(answer.status, status, "n110 {path}");
        }
    }
}
/// An outer layer that verifies nothing leaves a caller there; this layer replaces or removes it.
#[tokio::test]
async fn n111_a_caller_that_was_there_before() {
    let issuer = TestIssuer::start();
    let forged = AuthInfo::for_tests(json!({"sub": "root"}));
    let line = format!(
        "Authorization: Bearer {}\r\n",
        issuer.mint(RESOURCE).subject("alice").sign()
    );
    let auth = layer(&issuer);
    for (name, auth, without_token) in [
        ("every request needs a token", auth.clone(), None),
        (
            "tokens are optional",
            auth.clone().optional(),
            Some("nobody"),
        ),
        (
            "the path is open",
            auth.clone().open_paths(["/mcp"]),
            Some("nobody"),
        ),
    ] {
        let inner = Counting::default();
        let app = Router::new()
            .fallback_service(inner.clone())
            .layer(auth)
            .layer(Extension(forged.clone()));
        let base = serve(app).await;
        let answer = Connection::open(&base)
            .await
            .exchange("GET /mcp", b"")
            .await;
        match without_token {
            None => assert_eq!(
                (answer.status.as_u16(), inner.calls()),
                (401, 0),
                "n111 {name}"
            ),
            Some(who) => assert_eq!(answer.body, who, "n111 {name}"),
        }
        let answer = Connection::open(&base)
            .await
            .exchange("GET /mcp", line.as_bytes())
            .await;
        assert!(
            !answer.body.contains("root"),
            "n111 {name}: {}",
            answer.body
        );
    }
}
#[tokio::test]
async fn n112_preflights_pass_only_where_the_path_is_open() {
    let lines = b"Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";
    let server = Server::start().await;
    let answer = server.ask("OPTIONS /mcp", lines).await;
    assert_eq!(
        (refusal(&answer), server.inner.calls()),
        (Some(Refusal::NoToken), 0),
        "n112"
    );
    let open = Server::with(|layer| layer.open_paths(["/mcp"])).await;
    assert_eq!(open.ask("OPTIONS /mcp", lines).await.status, 200, "n112");
    assert_eq!(open.ask("OPTIONS /mcp/x", lines).await.status, 401, "n112");
    assert_eq!(open.inner.calls(), 1);
}
#[tokio::test]
async fn n113_the_metadata_needs_no_token() {
    let server = Server::start().await;
    let root = "/.well-known/oauth-protected-resource";
    for path in [root.to_owned(), format!("{root}/mcp")] {
        for line in ["", "Authorization: Bearer junk\r\n"] {
            let answer = server.ask(&format!("GET {path}"), line.as_bytes()).await;
            assert_eq!(answer.status, 200, "n113 {path} {line}");
            assert_eq!(answer.json()["resource"], RESOURCE, "n113 {path} {line}");
        }
    }
    for near in [
        format!("{root}/other"),
        format!("{root}x"),
        format!("/x{root}"),
        root.to_uppercase(),
    ] {
        let answer = server.ask(&format!("GET {near}"), b"").await;
        assert_eq!(refusal(&answer), Some(Refusal::NoToken), "n113 {near}");
    }
    assert_eq!(
        (server.inner.calls(), server.issuer.fetches()),
        (0, 0),
        "n113"
    );
}
#[tokio::test]
async fn n114_challenges_hold_nothing_that_breaks_them() {
    // Text that cannot stand in a challenge is an error of `build()`.
    let fine = || {
        rules()
            .realm("My server (test)")
            .required_scopes(["mcp:read"])
    };
    assert!(fine().build().is_ok());
    for odd in [
        "a\"b",
        "a\\b",
        "a\rb",
        "a\nb",
        "a\r\nSet-Cookie: x=y",
        "\0",
        "\u{7f}",
        "caf\u{e9}",
        "x scope=y",
    ] {
        let error = fine().realm(odd).build().unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidCharacters { .. }),
            "n114 realm {odd:?}: {error}"
        );
        let error = fine().required_scopes([odd]).build().unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidCharacters { .. }),
            "n114 scope {odd:?}: {error}"
        );
        let error = fine()
            .resource(format!("{RESOURCE}/{odd}"))
            .build()
            .unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidUrl { .. }),
            "n114 resource {odd:?}: {error}"
        );
    }
    // A scope of a route is still required, and only left out of the challenge.
    let issuer = TestIssuer::start();
    let odd = [
        "a\"b",
        "a\\b",
        "a\r\nSet-Cookie:x=y",
        "caf\u{e9}",
        "mcp:read",
    ];
    let app = Router::new()
        .route(
            "/mcp",
            get(|| async { "ok" }).layer(RequireScopesLayer::new(odd)),
        )
        .layer(layer(&issuer));
    let line = format!(
        "Authorization: Bearer {}\r\n",
        issuer.mint(RESOURCE).scope("mcp:read").sign()
    );
    let answer = Connection::open(&serve(app).await)
        .await
        .exchange("GET /mcp", line.as_bytes())
        .await;
    assert_eq!(answer.status, 403, "n114");
    assert!(
        answer
            .challenge()
            .unwrap()
            .contains(r#"scope="mcp:read", "#),
        "n114 {answer:?}"
    );
    assert!(
        !answer.headers.contains_key("set-cookie"),
        "n114 {answer:?}"
    );
}
/// The answers of a failing issuer are for the operator, and never reach a caller.
#[tokio::test]
async fn n114_answers_of_the_issuer_are_not_passed_on() {
    let server = Server::start().await;
    let line = format!("Authorization: Bearer {}\r\n", server.token);
    server
        .issuer
        .serve_document(Some(b"<html>CANARY of the issuer</html>"));
    server
        .issuer
        .serve_headers(&[("x-canary", "CANARY"), ("set-cookie", "CANARY=1")]);
    let spoiled = server.get(line.as_bytes()).await;
    server.issuer.fail(Fault::Status(500));
    let failed = server.get(line.as_bytes()).await;
    for answer in [spoiled, failed] {
        assert_eq!(
            (answer.status.as_u16(), answer.challenge()),
            (503, None),
            "n114"
        );
        assert!(!format!("{answer:?}").contains("CANARY"), "n114 {answer:?}");
    }
    assert_eq!(server.inner.calls(), 0);
}
/// One connection, one session: each request needs its own token.
#[tokio::test]
async fn n115_every_request_of_a_session_needs_its_token() {
    let server = Server::start().await;
    let good = format!("Authorization: Bearer {}\r\n", server.token);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let stream = "Accept: text/event-stream\r\nLast-Event-ID: 7\r\n";
    let mut connection = Connection::open(&server.base).await;
    for (start, lines) in [
        ("POST /mcp", ""),
        ("GET /mcp", stream),
        ("DELETE /mcp", ""),
        ("HEAD /mcp", ""),
        ("PUT /mcp", ""),
        ("BREW /mcp", ""),
        ("GET /mcp", upgrade),
        ("GET /elsewhere", ""),
    ] {
        let session = format!("Mcp-Session-Id: of-alice\r\n{lines}");
        for (authorization, status) in [
            (good.as_str(), 200),
            ("", 401),
            ("Authorization: Bearer junk\r\n", 401),
            (&good, 200),
        ] {
            let before = server.inner.calls();
            let lines = format!("{authorization}{session}");
            let answer = connection.exchange(start, lines.as_bytes()).await.status;
            assert_eq!(answer, status, "n115 {start} {authorization:.20}");
            assert_eq!(
                server.reached(before),
                status == 200,
                "n115 {start} {authorization:.20}"
            );
        }
    }
}
/// The answer does not show what was wrong.
#[tokio::test]
async fn n118_every_refused_token_gets_the_same_answer() {
    let server = Server::start().await;
    let mint = |audience: &str| server.issuer.mint(audience);
    let attacker = std::sync::Arc::new(TestKey::generate(Algorithm::ES256, "key-1"));
    assert_eq!(
        server
            .get(format!("Authorization: Bearer {}\r\n", server.token).as_bytes())
            .await
            .status,
        200
    );
    let mut answers = Vec::new();
    for (name, token) in [
        (
            "unknown kid",
            mint(RESOURCE).header("kid", "unknown").sign(),
        ),
        ("bad signature", mint(RESOURCE).signed_by(attacker).sign()),
        ("other audience", mint("elsewhere").sign()),
        (
            "other issuer",
            mint(RESOURCE).claim("iss", "https://other.example").sign(),
        ),
        (
            "expired",
            mint(RESOURCE).claim("exp", 1).without("iat").sign(),
        ),
        (
            "other type",
            mint(RESOURCE).header("typ", "logout+jwt").sign(),
        ),
        (
            "other algorithm",
            mint(RESOURCE).header("alg", "none").sign(),
        ),
        (
            "bound",
            mint(RESOURCE).claim("cnf", json!({"jkt": "x"})).sign(),
        ),
        ("no token", "junk".to_owned()),
    ] {
        let mut answer = server
            .get(format!("Authorization: Bearer {token}\r\n").as_bytes())
            .await;
        assert_eq!(answer.status, 401, "n118 {name}");
        answer.headers.remove("date");
        answers.push((
            name,
            answer.status,
            format!("{:?}", answer.headers),
            answer.body,
        ));
    }
    for other in &answers[1..] {
        let first = &answers[0];
        assert_eq!(
            (&first.1, &first.2, &first.3),
            (&other.1, &other.2, &other.3),
            "n118 {}",
            other.0
        );
    }
    assert_eq!(server.inner.calls(), 1);
}
