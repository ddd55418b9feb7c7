#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

pub(crate) const API: &str = "https://api.example.com";

pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

pub(crate) fn layer() -> (TestIssuer, JwtAuthLayer) {
    let issuer = TestIssuer::start();
    let config = JwtAuthConfig::builder()
        .resource(API)
        .issuer(issuer.issuer())
        .build()
        .unwrap();
    (issuer, JwtAuthLayer::new(config))
}

/// A token of alice, with the scope to read.
pub(crate) fn reader(issuer: &TestIssuer) -> TokenBuilder {
    issuer.mint(API).subject("alice").scope("notes:read")
}

/// A request without a body, for `METHOD PATH`.
pub(crate) fn request(line: &str, token: Option<&str>) -> Request<Body> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::empty()).unwrap()
}

/// The response of `app`, with its body as text.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Response<String> {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8_lossy(&body).into_owned())
}

/// The status of `METHOD PATH` with this token.
pub(crate) async fn status(app: &Router, line: &str, token: Option<&str>) -> u16 {
    send(app, request(line, token)).await.status().as_u16()
}
