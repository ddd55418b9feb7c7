//! N104-N108: what stands in the `Authorization` header, over real sockets.

use axum::Router;

use super::server::{METADATA, Refusal, Server, refusal};
use super::*;
use crate::support::{Connection, config, serve};

async fn table(server: &Server, id: &str, rows: &[(&str, Option<Refusal>)]) {
    for (lines, want) in rows {
        let before = server.inner.calls();
        let answer = server.get(lines.as_bytes()).await;
        assert_eq!(refusal(&answer), *want, "{id} {lines:?}");
        assert_eq!(server.reached(before), want.is_none(), "{id} {lines:?}");
        if want.is_some() {
            assert_eq!(
                answer.headers["content-type"], "application/json",
                "{id} {lines:?}"
            );
            assert_eq!(
                answer.headers["cache-control"], "no-store",
                "{id} {lines:?}"
            );
        }
    }
}
#[tokio::test]
async fn n104_no_credentials() {
    let server = Server::start().await;
    let good = format!("Authorization: Bearer {}\r\n", server.token);
    let rows = [
        ("", Some(Refusal::NoToken)),
        ("Authorization:\r\n", Some(Refusal::NoToken)),
        (&good, None),
    ];
    table(&server, "n104", &rows).await;
    let scoped = config(&server.issuer)
        .required_scopes(["b", "a"])
        .build()
        .unwrap();
    let app = Router::new()
        .fallback_service(server.inner.clone())
        .layer(JwtAuthLayer::new(scoped));
    let answer = Connection::open(&serve(app).await)
        .await
        .exchange("GET /mcp", b"")
        .await;
    let challenge = format!(r#"Bearer scope="b a", resource_metadata="{METADATA}""#);
    assert_eq!(
        (answer.status.as_u16(), answer.challenge()),
        (401, Some(challenge.as_str()))
    );
    assert_eq!(server.inner.calls(), 1);
}
#[tokio::test]
async fn n105_schemes_and_spaces() {
    use Refusal::{InvalidToken, NoToken};
    let server = Server::start().await;
    let token = &server.token;
    let rows = [
        ("Basic dXNlcjpwYXNz".to_owned(), Some(NoToken)),
        (format!("DPoP {token}"), Some(NoToken)),
        (format!("Bearers {token}"), Some(NoToken)),
        (format!("MAC {token}"), Some(NoToken)),
        (token.clone(), Some(NoToken)),
        (format!("\"Bearer\" {token}"), Some(NoToken)),
        ("Bearer".to_owned(), Some(InvalidToken)),
        ("Bearer  ".to_owned(), Some(InvalidToken)),
        ("Bearer a b".to_owned(), Some(InvalidToken)),
        (format!("Bearer {token} x"), Some(InvalidToken)),
        (format!("Bearer\t{token}"), Some(InvalidToken)),
        (format!("Bearer \t{token}"), Some(InvalidToken)),
        (format!("Bearer={token}"), Some(InvalidToken)),
        (format!("Bearer \"{token}\""), Some(InvalidToken)),
        (format!("Bearer token={token}"), Some(InvalidToken)),
        (format!("Bearer {token};"), Some(InvalidToken)),
        (format!("Bearer {token}="), Some(InvalidToken)),
        (format!("Bearer {token}"), None),
        (format!("bearer {token}"), None),
        (format!("BEARER {token}"), None),
        (format!("bEaReR    {token}"), None),
    ];
    for (value, want) in rows {
        table(
            &server,
            "n105",
            &[(&format!("Authorization: {value}\r\n"), want)],
        )
        .await;
    }
}
#[tokio::test]
async fn n106_more_than_one_token() {
    use Refusal::{InvalidRequest, InvalidToken};
    let server = Server::start().await;
    let line = format!("Authorization: Bearer {}\r\n", server.token);
    let token = &server.token;
    let rows = [
        (format!("{line}{line}"), Some(InvalidRequest)),
        (
            format!("{line}Authorization: Basic dXNlcjpwYXNz\r\n"),
            Some(InvalidRequest),
        ),
        (
            format!("Authorization: Basic dXNlcjpwYXNz\r\n{line}"),
            Some(InvalidRequest),
        ),
        (
            format!("{line}authorization: Bearer x\r\n"),
            Some(InvalidRequest),
        ),
        (format!("Authorization:\r\n{line}"), Some(InvalidRequest)),
        (
            format!("Authorization: Bearer {token}, Bearer {token}\r\n"),
            Some(InvalidToken),
        ),
        (
            format!("Authorization: Bearer {token},Bearer {token}\r\n"),
            Some(InvalidToken),
        ),
        (
            format!("Authorization: Bearer {token} {token}\r\n"),
            Some(InvalidToken),
        ),
        (
            format!("Authorization: Bearer {token}, x\r\n"),
            Some(InvalidToken),
        ),
        (line.clone(), None),
    ];
    for (lines, want) in &rows {
        table(&server, "n106", &[(lines, *want)]).await;
    }
}
#[tokio::test]
async fn n107_a_token_elsewhere_is_not_read() {
    let server = Server::start().await;
    let token = &server.token;
    let form = format!("access_token={token}");
    let posted = |more: &str| {
        let length = form.len();
        format!(
            "{more}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        )
    };
    let header = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for (start, lines, want) in [
        (
            format!("GET /mcp?access_token={token}"),
            String::new(),
            Some(Refusal::NoToken),
        ),
        (
            format!("GET /mcp?Authorization=Bearer%20{token}"),
            String::new(),
            Some(Refusal::NoToken),
        ),
        (
            "GET /mcp".to_owned(),
            format!("Cookie: access_token={token}\r\n"),
            Some(Refusal::NoToken),
        ),
        (
            "GET /mcp".to_owned(),
            format!("X-Access-Token: {token}\r\n"),
            Some(Refusal::NoToken),
        ),
        (
            "GET /mcp".to_owned(),
            format!("Proxy-Authorization: Bearer {token}\r\n"),
            Some(Refusal::NoToken),
        ),
        (
            format!("GET /mcp?access_token={token}"),
            header("junk"),
            Some(Refusal::InvalidToken),
        ),
        ("GET /mcp?access_token=junk".to_owned(), header(token), None),
        (
            format!("GET /mcp?access_token={token}"),
            header(token),
            None,
        ),
    ] {
        let before = server.inner.calls();
        let answer = server.ask(&start, lines.as_bytes()).await;
        assert_eq!(refusal(&answer), want, "n107 {start} {lines}");
        assert_eq!(
            server.reached(before),
            want.is_none(),
            "n107 {start} {lines}"
        );
    }
    for (lines, want) in [
        (posted(""), Some(Refusal::NoToken)),
        (posted(&header(token)), None),
    ] {
        let mut connection = Connection::open(&server.base).await;
        // The form is the body: the blank line after the headers stands before it.
        let answer = connection.exchange("POST /mcp", lines.as_bytes()).await;
        assert_eq!(refusal(&answer), want, "n107 {lines}");
    }
}
#[tokio::test]
async fn n108_bytes_that_no_header_may_hold() {
    let server = Server::start().await;
    let good = format!("Authorization: Bearer {}\r\n", server.token);
    let odd: &[(&[u8], u16)] = &[
        (b"Authorization: Bearer \xff\xfe\r\n", 401),
        (b"Authorization: Bearer caf\xc3\xa9\r\n", 401),
        (b"Authorization: \xff\r\n", 401),
        (b"Authorization: Bearer a\xa0b\r\n", 401),
        (b"Authorization: B\xc3\xa9arer a\r\n", 401),
        // The server's own answers: such a request never becomes one.
        (b"Authorization: Bearer a\0b\r\n", 400),
        (b"Authorization: Bearer a\x01b\r\n", 400),
        (b"Authorization: Bearer a\x7fb\r\n", 400),
        (b"Authorization: Bearer a\r\n b\r\n", 400),
        (b"Authorization : Bearer a\r\n", 400),
        (b"Authorization\xc3\xa9: Bearer a\r\n", 400),
        (b": Bearer a\r\n", 400),
    ];
    for (lines, status) in odd {
        let shown = String::from_utf8_lossy(lines);
        assert_eq!(server.get(lines).await.status, *status, "n108 {shown:?}");
        assert_eq!(server.inner.calls(), 0, "n108 {shown:?}");
    }
    assert_eq!(
        server.get(good.as_bytes()).await.status,
        200,
        "n108 the server lives"
    );
}
/// Lines that carry something odd around a token, for the run that looks at what is told.
pub(super) fn odd_lines(token: &str) -> Vec<String> {
    [
        format!("Authorization: Bearer {token}, Bearer {token}\r\n"),
        format!("Authorization: Bearer {token} {token}\r\n"),
        format!("Authorization: Bearer \"{token}\"\r\n"),
        format!("Authorization: Bearer\t{token}\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
        format!("Cookie: access_token={token}\r\n"),
        format!("Mcp-Session-Id: {token}\r\n"),
    ]
    .into()
}
