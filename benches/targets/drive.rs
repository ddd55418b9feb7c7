//! Sends requests through a service as axum does: each gets a clone of the service, polled ready
//! and called once.

use std::convert::Infallible;
use std::future::{Future as _, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::service::JwtAuth;

use crate::measure::Batch;
use crate::world::Token;

pub(crate) type Ask = Request<Empty<Bytes>>;

/// The service behind: it answers at once.
#[derive(Clone, Debug)]
pub(crate) struct Hello;

impl<B> Service<Request<B>> for Hello {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        black_box(&request);
        ready(Ok(Response::new(Empty::new())))
    }
}

/// What axum's router leaves in the extensions before a layer sees the request.
#[derive(Clone, Debug)]
struct MatchedRoute(#[expect(dead_code, reason = "its size is what counts")] &'static str);

/// A request as it comes out of hyper and axum's router.
pub(crate) fn request(line: Option<&HeaderValue>) -> Ask {
    let mut request = Request::post("https://mcp.example.com/mcp")
        .header("host", "mcp.example.com")
        .header("user-agent", "bench/1.0")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json");
    if let Some(line) = line {
        request = request.header("authorization", line.clone());
    }
    let mut request = request.body(Empty::new()).unwrap();
    request.extensions_mut().insert(MatchedRoute("/mcp"));
    request
}

pub(crate) fn service(layer: &JwtAuthLayer) -> JwtAuth<Hello> {
    layer.layer(Hello)
}

/// One request to the end. Nothing on the paths that are measured waits.
pub(crate) fn status<S, B>(service: &S, request: Ask) -> StatusCode
where
    S: Service<Ask, Response = Response<B>, Error = Infallible> + Clone,
{
    let call = pin!(service.clone().oneshot(request));
    match call.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.status(),
        Poll::Pending => panic!("it waits"),
    }
}

/// As [`status`], for what may wait: a first look at keys, a refused signature.
pub(crate) fn status_waiting<S, B>(service: &S, request: Ask) -> StatusCode
where
    S: Service<Ask, Response = Response<B>, Error = Infallible> + Clone,
{
    let call = service.clone().oneshot(request);
    let response = tokio::runtime::Handle::current().block_on(call);
    response.unwrap_or_else(|never| match never {}).status()
}

/// Sends a token with an unknown `kid` until all fetches for it are spent: at first, and 1 s and
/// 3 s later. For one cooldown it is then rejected at once, as in a flood.
pub(crate) fn spend_fetches<S, B>(service: &S, line: &HeaderValue)
where
    S: Service<Ask, Response = Response<B>, Error = Infallible> + Clone,
{
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_millis(3_300) {
        status_waiting(service, request(Some(line)));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a request with each header. Requests are made within the measured time, as in a server.
/// The bare service makes them too, so that their cost is subtracted.
pub(crate) fn batch<S, B>(
    service: S,
    lines: Vec<Option<HeaderValue>>,
    wanted: StatusCode,
) -> Batch<'static>
where
    S: Service<Ask, Response = Response<B>, Error = Infallible> + Clone + 'static,
{
    let template = request(None);
    Batch::keeping(lines.len(), move || {
        for line in lines {
            let mut request = template.clone();
            if let Some(line) = line {
                request.headers_mut().insert(AUTHORIZATION, line);
            }
            assert_eq!(status(&service, request), wanted);
        }
        // Taking down a layer is no part of a request.
        service
    })
}

pub(crate) fn lines<'t>(tokens: impl IntoIterator<Item = &'t Token>) -> Vec<Option<HeaderValue>> {
    tokens
        .into_iter()
        .map(|token| Some(token.line.clone()))
        .collect()
}

pub(crate) fn repeated(line: Option<&HeaderValue>, times: usize) -> Vec<Option<HeaderValue>> {
    vec![line.cloned(); times]
}
