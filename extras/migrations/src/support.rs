#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::convert::Infallible;

use axum::http::{Request, Response};
use tower::{Service, ServiceExt as _};
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};

/// The audience of both services.
pub(crate) const API: &str = "https://api.example.com";

/// A router of any version of axum.
pub(crate) trait App<R>:
    Service<Request<String>, Response = Response<R>, Error = Infallible> + Clone
{
}

impl<S, R> App<R> for S where
    S: Service<Request<String>, Response = Response<R>, Error = Infallible> + Clone
{
}

/// The status of `GET /notes` with these `Authorization` headers.
pub(crate) async fn status<R>(app: &impl App<R>, authorization: &[String]) -> u16 {
    let mut request = Request::get("/notes");
    for line in authorization {
        request = request.header("authorization", line);
    }
    let request = request.body(String::new()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    response.status().as_u16()
}

/// Sends the same requests to the service before and after the migration, and compares both
/// statuses with `wanted`: what is sent, before, after.
pub(crate) async fn compare<R, Q>(
    issuer: &TestIssuer,
    (before, after): (impl App<R>, impl App<Q>),
    wanted: &[(&str, u16, u16)],
) {
    let names = cases(issuer).map(|(name, _)| name);
    assert!(wanted.iter().map(|row| row.0).eq(names), "a row is missing");
    let mut seen = Vec::new();
    for (name, headers) in cases(issuer) {
        let old = status(&before, &headers).await;
        seen.push((name, old, status(&after, &headers).await));
    }
    assert_eq!(seen, wanted);
}

/// Each differs in one thing from the first, which both services accept.
fn cases(issuer: &TestIssuer) -> impl Iterator<Item = (&'static str, Vec<String>)> {
    let good = || issuer.mint(API).subject("alice").scope("notes:read");
    let line = |token: TokenBuilder| vec![format!("Bearer {}", token.sign())];
    let bound = serde_json::json!({"jkt": "a".repeat(43)});
    let twice = [line(good()), line(good())].concat();
    [
        ("a valid token", line(good())),
        ("no token", Vec::new()),
        (
            "a token for another server",
            line(good().claim("aud", "https://other.example")),
        ),
        ("a token without aud", line(good().without("aud"))),
        ("a token without iss", line(good().without("iss"))),
        ("a token without exp", line(good().without("exp"))),
        (
            "nbf in the future",
            line(
                good()
                    .claim("nbf", 4_000_000_000_u64)
                    .claim("exp", 4_000_000_001_u64),
            ),
        ),
        ("a logout token", line(good().header("typ", "logout+jwt"))),
        ("a token bound to a key", line(good().claim("cnf", bound))),
        ("two tokens", twice),
    ]
    .into_iter()
}
