//! A service that answers as a request says, behind the layers.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use http::{HeaderMap, HeaderValue};
use http_body_util::channel::Channel;
use tokio::sync::Barrier;
use tower::ServiceExt as _;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::mcp::SessionBindingLayer;

use crate::support::{Answer, read};

/// The service answers with the status of `x-status` and the session id of `x-give`, where they are
/// there, and with a stream if `x-stream` is. With `x-meet` it waits for another such request.
#[derive(Clone)]
pub(crate) struct Bound {
    app: Router,
    calls: Arc<AtomicU64>,
}

impl Bound {
    pub(crate) fn new(auth: JwtAuthLayer, binding: SessionBindingLayer) -> Self {
        let (calls, met) = (Arc::new(AtomicU64::new(0)), Arc::new(Barrier::new(2)));
        let count = calls.clone();
        let service = any(async move |headers: HeaderMap| {
            count.fetch_add(1, Ordering::SeqCst);
            if headers.contains_key("x-meet") {
                met.wait().await;
            }
            let mut response = http::Response::new(axum::body::Body::from("in"));
            if headers.contains_key("x-stream") {
                // Without a length, and with nothing in it.
                let (_, events) = Channel::<Bytes, Infallible>::new(1);
                *response.body_mut() = axum::body::Body::new(events);
                let media_type = HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert("content-type", media_type);
            }
            if let Some(status) = headers.get("x-status") {
                *response.status_mut() = status.to_str().unwrap().parse().unwrap();
            }
            if let Some(session) = headers.get("x-give") {
                let session = session.clone();
                response.headers_mut().insert("mcp-session-id", session);
            }
            response
        });
        let app = Router::new().route("/mcp", service.layer(binding));
        Self {
            app: app.layer(auth),
            calls,
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri("/mcp");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answered = self.app.clone().oneshot(request);
        let answered = tokio::time::timeout(Duration::from_secs(10), answered).await;
        read(answered.expect("no answer comes").unwrap()).await
    }

    pub(crate) async fn status(&self, method: &str, token: &str, headers: &[(&str, &str)]) -> u16 {
        self.send(method, Some(token), headers)
            .await
            .status
            .as_u16()
    }
}
