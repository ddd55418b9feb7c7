//! The HTTP side of the test issuer.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::body::{Answer, answer_with};
use super::introspection::{self, INTROSPECTION_PATH};
use super::state::{Fault, Mode, Shared, State};

/// Serves until the mode is [`Mode::Ended`].
pub(super) fn run(
    listener: TcpListener,
    address: SocketAddr,
    shared: &Arc<Shared>,
    mode: watch::Receiver<Mode>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .expect("a thread can have a runtime")
        .block_on(serve(listener, address, shared, mode));
}

async fn serve(
    listener: TcpListener,
    address: SocketAddr,
    shared: &Arc<Shared>,
    mut mode: watch::Receiver<Mode>,
) {
    let mut first = Some(listener);
    loop {
        let listener = match first.take() {
            Some(listener) => Ok(listener),
            None => TcpListener::bind(address),
        };
        if let Ok(listener) = listener.and_then(listen) {
            accept(listener, shared, &mut mode).await;
        }
        if mode
            .wait_for(|mode| *mode != Mode::Down)
            .await
            .map_or(true, |mode| *mode == Mode::Ended)
        {
            return;
        }
    }
}

fn listen(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// Accepts connections until the mode changes, and then closes those that are open.
async fn accept(
    listener: tokio::net::TcpListener,
    shared: &Arc<Shared>,
    mode: &mut watch::Receiver<Mode>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = mode.wait_for(|mode| *mode != Mode::Up) => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = shared.clone();
                let is_new = Arc::new(AtomicBool::new(true));
                let service = service_fn(move |request| answer(shared.clone(), is_new.clone(), request));
                connections.spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        }
    }
}

/// What is served at a path, and how.
struct Served {
    document: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
    etag: Option<String>,
    fault: Option<Fault>,
    delay: Duration,
}

/// Counts a request, and reads what is served for it.
fn served(shared: &Shared, path: &str, headers: &HeaderMap) -> Served {
    let mut state = shared.state();
    let is_jwks = path == "/jwks" || path == "/.well-known/jwks.json";
    let document = match is_jwks {
        true => Some(key_set(&mut state, headers)),
        false => metadata(shared, &mut state, path),
    };
    let etag = document.as_deref().filter(|_| is_jwks && state.etag);
    Served {
        etag: etag.map(etag_of),
        headers: match is_jwks {
            true => state.headers.clone(),
            false => Vec::new(),
        },
        fault: state.next_fault(),
        delay: state.delay,
        document,
    }
}

fn key_set(state: &mut State, headers: &HeaderMap) -> Vec<u8> {
    state.jwks_fetches += 1;
    state.last_request = Some(headers.clone());
    let own = || state.jwks().to_string().into_bytes();
    state.document.clone().unwrap_or_else(own)
}

/// `None` for a path without metadata.
fn metadata(shared: &Shared, state: &mut State, path: &str) -> Option<Vec<u8>> {
    let is_openid = path.contains("/.well-known/openid-configuration");
    let is_oauth = path.contains("/.well-known/oauth-authorization-server");
    if !is_openid && !is_oauth {
        return None;
    }
    state.metadata_fetches += 1;
    if !(is_openid && state.openid || is_oauth && state.oauth) {
        return None;
    }
    let mut metadata = json!({"issuer": shared.issuer, "jwks_uri": shared.jwks_uri});
    if state.introspection.is_announced {
        metadata["introspection_endpoint"] = shared.introspection_endpoint.clone().into();
    }
    let metadata = state.metadata.clone().unwrap_or(metadata);
    Some(metadata.to_string().into_bytes())
}

fn etag_of(document: &[u8]) -> String {
    let sum = document.iter().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    format!("\"{sum:x}\"")
}

/// `is_new`: no token has been introspected on this connection.
async fn answer(
    shared: Arc<Shared>,
    is_new: Arc<AtomicBool>,
    request: Request<hyper::body::Incoming>,
) -> io::Result<Response<Answer>> {
    let path = request.uri().path().to_owned();
    if path == INTROSPECTION_PATH {
        if is_new.swap(false, Ordering::Relaxed) {
            shared.state().introspection.connections += 1;
        }
        return introspection::answer(&shared, request).await;
    }
    let Served {
        document,
        headers,
        etag,
        fault,
        delay,
    } = served(&shared, &path, request.headers());
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let Some(document) = document else {
        return Ok(status(StatusCode::NOT_FOUND));
    };
    let same = request
        .headers()
        .get("if-none-match")
        .and_then(|seen| seen.to_str().ok());
    let (code, body) = match fault {
        None if etag.is_some() && same == etag.as_deref() => {
            shared.state().not_modified += 1;
            (StatusCode::NOT_MODIFIED, Answer::whole(Vec::new()))
        }
        fault => answer_with(fault, document).await?,
    };
    let mut response = Response::builder().status(code);
    let is_content_type = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
    if !headers.iter().any(is_content_type) {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in headers {
        response = response.header(name, value);
    }
    if let Some(etag) = etag {
        response = response.header("etag", etag);
    }
    response.body(body).map_err(io::Error::other)
}

fn status(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(Vec::new()));
    *response.status_mut() = status;
    response
}
