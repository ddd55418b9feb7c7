//! A server behind the layer, for rows that need a real socket.

use axum::Router;
use tower_jwt_auth::test_util::TestIssuer;

use super::*;
use crate::support::{Answer as Response, Connection, layer, serve};

pub(super) const METADATA: &str =
    "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
/// A server behind the usual layer, whose service counts.
pub(super) struct Server {
    pub(super) issuer: TestIssuer,
    pub(super) inner: Counting,
    pub(super) base: String,
    pub(super) token: String,
}
impl Server {
    pub(super) async fn start() -> Self {
        Self::with(|layer| layer).await
    }

    pub(super) async fn with(change: impl FnOnce(JwtAuthLayer) -> JwtAuthLayer) -> Self {
        let issuer = TestIssuer::start();
        let inner = Counting::default();
        let auth = change(layer(&issuer));
        let base = serve(Router::new().fallback_service(inner.clone()).layer(auth)).await;
        let token = issuer.mint(RESOURCE).sign();
        Self {
            issuer,
            inner,
            base,
            token,
        }
    }

    pub(super) async fn get(&self, lines: &[u8]) -> Response {
        self.ask("GET /mcp", lines).await
    }

    pub(super) async fn ask(&self, start: &str, lines: &[u8]) -> Response {
        Connection::open(&self.base)
            .await
            .exchange(start, lines)
            .await
    }

    /// Whether the service has been called since there were `before` calls.
    pub(super) fn reached(&self, before: u64) -> bool {
        self.inner.calls() > before
    }
}
/// How the request was refused; `None` where it was admitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refusal {
    /// 401 without an error code: nobody tried to log in.
    NoToken,
    /// 401
    InvalidToken,
    /// 400
    InvalidRequest,
}
pub(super) fn refusal(answer: &Response) -> Option<Refusal> {
    if answer.status == 200 {
        return None;
    }
    let challenge = answer.challenge().unwrap();
    let body = answer.json()["error"].as_str().unwrap().to_owned();
    Some(match (answer.status.as_u16(), body.as_str()) {
        (401, "unauthorized") => {
            assert_eq!(
                challenge,
                format!(r#"Bearer resource_metadata="{METADATA}""#)
            );
            Refusal::NoToken
        }
        (401, "invalid_token") => {
            assert_eq!(challenge, INVALID_TOKEN);
            Refusal::InvalidToken
        }
        (400, "invalid_request") => {
            assert!(
                challenge.starts_with(r#"Bearer error="invalid_request", "#),
                "{challenge}"
            );
            Refusal::InvalidRequest
        }
        other => panic!("{other:?}"),
    })
}
