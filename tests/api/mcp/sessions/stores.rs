//! Stores of sessions that are not needed, and that fail.

use tower_jwt_auth::Rejection;
use tower_jwt_auth::mcp::{SessionFuture, SessionStoreError};

use super::*;
use crate::support::Counting;

/// A store that knows the owner of each session, and cannot be told of new ones.
#[derive(Debug)]
struct ReadOnly(Principal);

impl SessionStore for ReadOnly {
    fn bind<'s>(
        &'s self,
        _: &'s str,
        _: &'s Principal,
        _: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::ready(Err(SessionStoreError::new("read only")))
    }

    fn owner_is<'s>(
        &'s self,
        _: &'s str,
        principal: &'s Principal,
        _: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::ready(Ok(match *principal == self.0 {
            true => Ownership::Owner,
            false => Ownership::Other,
        }))
    }

    fn end<'s>(&'s self, _: &'s str, _: &'s Principal) -> SessionFuture<'s, ()> {
        SessionFuture::ready(Ok(()))
    }
}

/// When the store fails after a call has been done, the answer is not "try again".
#[tokio::test]
async fn the_store_is_not_needed_again_for_a_session_that_is_known() {
    let issuer = TestIssuer::start();
    let alice = Principal::new(issuer.issuer(), Some("test-client"), Some("alice"));
    let layer = SessionBindingLayer::with_store(ReadOnly(alice));
    let app = Router::new()
        .route("/", axum::routing::post(|| async { "done" }).layer(layer))
        .layer(JwtAuthLayer::for_mcp(config(&issuer).build().unwrap()));
    let base = serve(app).await;
    let token = issuer.mint(RESOURCE).sign();
    let request = reqwest::Client::new().post(&base).bearer_auth(token);
    let answer = request.header("mcp-session-id", "s").send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[derive(Debug)]
struct Broken;

impl SessionStore for Broken {
    fn bind<'s>(
        &'s self,
        _: &'s str,
        _: &'s Principal,
        _: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::new(async { Err(SessionStoreError::new("connection refused")) })
    }

    fn owner_is<'s>(
        &'s self,
        _: &'s str,
        _: &'s Principal,
        _: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::new(async { Err(SessionStoreError::new("connection refused")) })
    }

    fn end<'s>(&'s self, _: &'s str, _: &'s Principal) -> SessionFuture<'s, ()> {
        SessionFuture::new(async { Err(SessionStoreError::new("connection refused")) })
    }
}

/// The hook learns which request the store failed.
#[tokio::test]
async fn a_hook_answers_for_a_store_that_fails() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer).on_rejection(|rejection: &Rejection, context| {
        let (method, uri) = (context.method.unwrap(), context.uri.unwrap());
        http::Response::new(format!("{method} {} {:?}", uri.path(), rejection.kind()).into())
    });
    let service = Counting::default();
    let sessions = SessionBindingLayer::with_store(Broken).layer(service.clone());
    let mut request = request(Some(&issuer.mint(RESOURCE).subject("alice").sign()));
    let id = http::HeaderValue::from_static("s");
    request.headers_mut().insert("mcp-session-id", id);
    let response = auth.layer(sessions).oneshot(request).await.unwrap();
    let answer = read(response).await;
    assert_eq!((answer.status.as_u16(), service.calls()), (503, 0));
    assert_eq!(answer.body, "POST /mcp SessionsUnavailable");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_and_hands_out_no_session() {
    let server = Server::start(Some(SessionBindingLayer::with_store(Broken))).await;
    let alice = server.token("alice");
    for (sessions, body) in [(&[][..], INITIALIZE), (&["s"][..], PING)] {
        let answer = answer(server.send("POST", &alice, sessions, body).await).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(!answer.headers.contains_key("mcp-session-id"));
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert!(!answer.body.contains("refused"));
    }
}
