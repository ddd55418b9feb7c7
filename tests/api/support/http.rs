//! Requests, answers and servers.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer as _, Service, ServiceExt as _};
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};

/// A service that says who calls, and counts how often it is called: a refused request leaves it at
/// zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting(Arc<AtomicU64>);

impl Counting {
    pub(crate) fn calls(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl<B> Service<Request<B>> for Counting {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        let who = match request.extensions().get::<AuthInfo>() {
            Some(auth) => serde_json::to_string(auth).unwrap(),
            None => "nobody".to_owned(),
        };
        ready(Ok(Response::new(Full::from(who))))
    }
}

/// A response with its body, read to the end.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn challenge(&self) -> Option<&str> {
        self.headers
            .get("www-authenticate")
            .map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn request(token: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method("POST")
        .uri("https://mcp.example.com/mcp");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Full::from("{}")).unwrap()
}

/// One request through `layer` in front of `inner`, as axum does it: clone, then call.
pub(crate) async fn call(
    layer: &JwtAuthLayer,
    inner: &Counting,
    request: Request<Full<Bytes>>,
) -> Answer {
    read(layer.layer(inner.clone()).oneshot(request).await.unwrap()).await
}

pub(crate) async fn read<B>(response: Response<B>) -> Answer
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Serves `app` on the loopback interface and gives its base URL.
pub(crate) async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}

/// One request over a socket; `authorization` as it stands.
pub(crate) async fn send(method: &str, url: &str, authorization: &[&str]) -> Answer {
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
    for value in authorization {
        request = request.header("authorization", *value);
    }
    let response: Response<reqwest::Body> = request.send().await.unwrap().into();
    read(response).await
}

/// A connection on which requests go out byte for byte, as no client library would send them.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) async fn open(base: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// One request and its answer; `lines` are the header lines besides `Host`.
    pub(crate) async fn exchange(&mut self, start: &str, lines: &[u8]) -> Answer {
        let head = [
            start.as_bytes(),
            b" HTTP/1.1\r\nHost: mcp.example.com\r\n",
            lines,
            b"\r\n",
        ]
        .concat();
        self.0.get_mut().write_all(&head).await.unwrap();
        self.answer(!start.starts_with("HEAD ")).await
    }

    async fn answer(&mut self, has_body: bool) -> Answer {
        let status = self.line().await;
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        // Every answer here says how long it is; one to HEAD says how long it would be.
        let length = headers.get("content-length").filter(|_| has_body);
        let length = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end_matches("\r\n").to_owned()
    }
}
