//! Sends requests as a server does: each gets a clone of the service, polled ready and called once.

use std::convert::Infallible;
use std::future::Future as _;
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::runtime::Handle;
use tower::{Service, ServiceExt as _};

/// Sends one request and waits for the response.
pub type Call = Rc<dyn Fn(Request<()>) -> StatusCode>;

/// A configured peer, and the same service without it.
pub struct App {
    pub call: Call,
    pub bare: Call,
}

impl App {
    /// A service with the peer as a layer or extractor, and one without.
    pub fn of<S, Bare, B, BareB, Body>(with: S, without: Bare, body: fn() -> Body) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + 'static,
        Bare: Service<Request<Body>, Response = Response<BareB>, Error = Infallible>
            + Clone
            + 'static,
        Body: 'static,
    {
        Self {
            call: calling(with, body),
            bare: calling(without, body),
        }
    }

    /// A function that gets the header as it arrived.
    pub fn of_function(verify: impl Fn(&HeaderValue) -> StatusCode + 'static) -> Self {
        Self {
            call: Rc::new(move |request| verify(&request.headers()[AUTHORIZATION])),
            bare: nothing(),
        }
    }
}

fn calling<S, B, Body: 'static>(service: S, body: fn() -> Body) -> Call
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + 'static,
{
    Rc::new(move |request| {
        let request = request.map(|()| body());
        let mut call = pin!(service.clone().oneshot(request));
        // Most are ready after one poll; a peer that fetches keys has to wait.
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let answer = match polled {
            Poll::Ready(answer) => answer,
            Poll::Pending => Handle::current().block_on(call),
        };
        answer.unwrap_or_else(|never| match never {}).status()
    })
}

/// Makes a request and drops it: the cost of making one.
pub fn nothing() -> Call {
    Rc::new(|request| {
        black_box(request);
        StatusCode::OK
    })
}

/// A request as hyper produces it.
pub fn request(line: &HeaderValue) -> Request<()> {
    let request = Request::get("https://mcp.example.com/mcp")
        .header("host", "mcp.example.com")
        .header("user-agent", "bench/1.0")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header(AUTHORIZATION, line.clone());
    request.body(()).expect("a request")
}
