//! What is read of rejected requests, so that their clients get to read the response.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};
use tower_jwt_auth::limits::{DRAIN_TIME, MAX_DRAINED_BYTES, MAX_DRAINS};
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, DrainRefusedLayer, RequireScopesLayer};

use self::upload::{CHUNK, Counts, Upload};
use crate::support::{Counting, RESOURCE, layer, pass, serve, until};

mod upload;

type Answered = Response<Full<Bytes>>;

/// Rejects every request without a token, and is outside a service that must not be reached.
async fn refused(drain: &DrainRefusedLayer, request: Request<Upload>) -> bool {
    let issuer = TestIssuer::start();
    let inner = Counting::default();
    let service = drain.layer(layer(&issuer).layer(inner.clone()));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(inner.calls(), 0);
    closes(&response)
}

fn closes<B>(response: &Response<B>) -> bool {
    let connection = response.headers().get("connection");
    assert!(
        connection.is_none_or(|value| value == "close"),
        "{connection:?}"
    );
    connection.is_some()
}

fn upload(version: Version, headers: &[(&str, &str)], body: Upload) -> Request<Upload> {
    let mut request = Request::post(RESOURCE).version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

const LENGTH: (&str, &str) = ("content-length", "131072");

#[tokio::test(start_paused = true)]
async fn field_f08_what_a_client_is_still_sending_is_read() {
    let chunked = ("transfer-encoding", "chunked");
    for (version, headers, is_read) in [
        (Version::HTTP_11, &[LENGTH][..], true),
        (Version::HTTP_11, &[chunked], true),
        (Version::HTTP_10, &[LENGTH], true),
        (Version::HTTP_2, &[LENGTH], false),
        (Version::HTTP_11, &[], false),
        (Version::HTTP_11, &[("content-length", "0")], false),
        (Version::HTTP_11, &[("content-length", "x")], false),
        (
            Version::HTTP_11,
            &[LENGTH, ("expect", "100-continue")],
            false,
        ),
        (
            Version::HTTP_11,
            &[chunked, ("expect", "100-continue")],
            false,
        ),
    ] {
        let counts = Arc::new(Counts::default());
        let request = upload(version, headers, Upload::new(&counts, 2, true));
        let closes = refused(&DrainRefusedLayer::new(), request).await;
        assert_eq!(closes, is_read, "{version:?} {headers:?}");
        pass(Duration::from_millis(1)).await;
        let want = if is_read { 2 * CHUNK } else { 0 };
        assert_eq!(counts.bytes.load(SeqCst), want, "{version:?} {headers:?}");
        assert_eq!(counts.bodies.load(SeqCst), 0, "{version:?} {headers:?}");
    }
}

/// Whoever it was that rejected the request.
#[tokio::test]
async fn field_f08_only_rejections_of_this_crate_count() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer);
    let token = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    let ok = |_: Request<_>| async { Ok::<_, Infallible>(Answered::default()) };
    let own_401 = |_: Request<_>| async {
        let mut response = Answered::default();
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        Ok::<_, Infallible>(response)
    };
    let scopes = RequireScopesLayer::new(["a"]);
    let drain = DrainRefusedLayer::new();

    let counts = Arc::new(Counts::default());
    let asked = |token: &str| {
        let headers = [LENGTH, ("authorization", token)];
        upload(Version::HTTP_11, &headers, Upload::new(&counts, 2, true))
    };
    let read = async || {
        until("the body is dropped", || counts.bodies.load(SeqCst) == 0).await;
        counts.bytes.swap(0, SeqCst)
    };
    // The request goes through `service`, and the layer closes the connection or does not.
    macro_rules! check {
        ($name:literal, $service:expr, $token:expr, $status:literal, $closes:literal) => {
            let response = drain.layer($service).oneshot(asked($token)).await.unwrap();
            assert_eq!(
                (response.status().as_u16(), closes(&response)),
                ($status, $closes),
                $name
            );
            drop(response);
            let want = if $closes { 2 * CHUNK } else { 0 };
            assert_eq!(read().await, want, $name);
        };
    }
    check!(
        "a bad token",
        auth.layer(service_fn(ok)),
        "Bearer x",
        401,
        true
    );
    check!(
        "a good token",
        auth.layer(service_fn(ok)),
        &token,
        200,
        false
    );
    check!(
        "the service's own 401",
        auth.layer(service_fn(own_401)),
        &token,
        401,
        false
    );
    check!(
        "an inner layer",
        auth.layer(scopes.layer(service_fn(ok))),
        &token,
        403,
        true
    );
    let hooked = auth.clone().on_rejection(|_, _| Response::default());
    check!(
        "with a hook",
        hooked.layer(service_fn(ok)),
        "Bearer x",
        401,
        true
    );
}

/// A body that was read to its end needs nothing, and the connection can be used again.
#[tokio::test]
async fn field_f08_a_body_that_was_read_keeps_the_connection() {
    let issuer = TestIssuer::start();
    let token = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    let scopes = McpScopesLayer::new().tool("t", ["a"]);
    let app = layer(&issuer).protect(Router::new().route("/mcp", post(|| async {}).layer(scopes)));
    for (token, status, keeps) in [(&*token, 403, true), ("Bearer x", 401, false)] {
        let request = Request::post("/mcp")
            .header("authorization", token)
            .header("content-length", call.len());
        let request = request.body(axum::body::Body::from(call)).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(closes(&response), !keeps);
    }
}

#[tokio::test(start_paused = true)]
async fn field_f08_no_more_is_read_and_held_than_the_limits_say() {
    let counts = Arc::new(Counts::default());
    let drain = DrainRefusedLayer::new();
    let begin = async |chunks: usize, ends: bool| {
        let body = Upload::new(&counts, chunks, ends);
        refused(&drain, upload(Version::HTTP_11, &[LENGTH], body)).await
    };
    // So many bytes, a chunk at a time.
    assert!(begin(usize::MAX, true).await);
    pass(Duration::from_millis(1)).await;
    assert_eq!(counts.bytes.swap(0, SeqCst), MAX_DRAINED_BYTES);
    assert_eq!(counts.most_chunks_held.load(SeqCst), 1);
    assert_eq!(counts.bodies.load(SeqCst), 0);
    // So much time.
    assert!(begin(1, false).await);
    pass(DRAIN_TIME - Duration::from_millis(1)).await;
    assert_eq!(counts.bodies.load(SeqCst), 1);
    pass(Duration::from_millis(2)).await;
    assert_eq!(counts.bodies.load(SeqCst), 0);
    assert_eq!(counts.bytes.swap(0, SeqCst), CHUNK);
    // So many at a time, for all clones of the layer together.
    for _ in 0..MAX_DRAINS {
        assert!(begin(1, false).await);
    }
    let more = Upload::new(&counts, 1, false);
    let more = upload(Version::HTTP_11, &[LENGTH], more);
    assert!(
        !refused(&drain.clone(), more).await,
        "dropped, as without the layer"
    );
    pass(Duration::from_millis(1)).await;
    assert_eq!(counts.bodies.load(SeqCst), MAX_DRAINS);
    assert_eq!(counts.bytes.load(SeqCst), MAX_DRAINS * CHUNK);
    pass(DRAIN_TIME).await;
    assert_eq!(counts.bodies.load(SeqCst), 0);
    assert!(begin(1, true).await, "there is room again");
    pass(Duration::from_millis(1)).await;
    assert_eq!(counts.bodies.load(SeqCst), 0);
}

/// Without a runtime nothing can be read on, and nothing panics.
#[test]
fn field_f08_outside_a_runtime_the_body_is_dropped() {
    let counts = Arc::new(Counts::default());
    let request = upload(Version::HTTP_11, &[LENGTH], Upload::new(&counts, 2, true));
    let refuse = |_: Request<GuardedBody<Upload>>| {
        let mut response = Answered::default();
        let kind = tower_jwt_auth::error::RejectionKind::MissingToken;
        let rejection = tower_jwt_auth::Rejection::for_tests(kind);
        response.extensions_mut().insert(rejection);
        std::future::ready(Ok::<_, Infallible>(response))
    };
    let mut service = DrainRefusedLayer::new().layer(service_fn(refuse));
    let response = std::pin::pin!(service.call(request));
    let mut context = Context::from_waker(std::task::Waker::noop());
    match response.poll(&mut context) {
        Poll::Ready(Ok(response)) => assert!(!closes(&response)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        (counts.bytes.load(SeqCst), counts.bodies.load(SeqCst)),
        (0, 0)
    );
}

/// The service inside sees the body as it came.
#[tokio::test]
async fn field_f08_an_admitted_body_passes_unchanged() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let echo = |_: AuthInfo, body: Bytes| async move { body };
    let app = layer(&issuer).protect(Router::new().route("/mcp", post(echo)));
    for length in [0, 1, 100_000] {
        let sent = Bytes::from(vec![b'x'; length]);
        let body = || Full::new(sent.clone());
        let trailers = body().with_trailers(std::future::ready(Some(Ok(HeaderMap::new()))));
        for body in [
            axum::body::Body::new(body()),
            axum::body::Body::new(trailers),
        ] {
            let request = Request::post("/mcp")
                .header("authorization", format!("Bearer {token}"))
                .header("content-length", length);
            let response = app
                .clone()
                .oneshot(request.body(body).unwrap())
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
            assert!(!closes(&response));
            assert_eq!(
                response.into_body().collect().await.unwrap().to_bytes(),
                sent
            );
        }
    }
}

/// A client that sends everything before it reads, as Python's `http.client` and Node's `fetch` do.
/// The server reads as much as the client sends, and holds what one read gives.
#[tokio::test]
async fn field_f08_a_client_that_sends_everything_first_reads_the_response() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer);
    let counts = Arc::new(Counts::default());
    let count = {
        let counts = counts.clone();
        move |request: Request<axum::body::Body>| {
            let counts = counts.clone();
            request.map(|body| {
                axum::body::Body::new(body.map_frame(move |frame| {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    counts.bytes.fetch_add(length, SeqCst);
                    counts.most_chunks_held.fetch_max(length, SeqCst);
                    frame
                }))
            })
        }
    };
    let app = auth
        .protect(Router::new().route("/mcp", post(|| async { "in" })))
        .layer(tower::util::MapRequestLayer::new(count));
    let base = serve(app).await;
    let address = base.strip_prefix("http://").unwrap();
    for (length, kind) in [
        (1, "length"),
        (64 * 1024, "length"),
        (1024 * 1024, "length"),
        (MAX_DRAINED_BYTES - 1, "length"),
        (1024 * 1024, "chunked"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let announced = match kind {
            "length" => format!("Content-Length: {length}"),
            _ => "Transfer-Encoding: chunked".to_owned(),
        };
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a.b.c\r\n{announced}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let body = vec![b'x'; length];
        if kind == "chunked" {
            let line = format!("{length:x}\r\n");
            stream.write_all(line.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
            stream.write_all(b"\r\n0\r\n\r\n").await.unwrap();
        } else {
            stream.write_all(&body).await.unwrap();
        }
        let mut answer = Vec::new();
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(
                stream.read_buf(&mut answer).await.unwrap(),
                0,
                "{length} {kind}"
            );
        }
        let mut answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 401"),
            "{length} {kind}: {answer}"
        );
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.contains("\r\nwww-authenticate: Bearer "), "{answer}");
        stream.read_to_string(&mut answer).await.unwrap();
        let read = || counts.bytes.load(SeqCst) == length;
        until("everything has been read", read).await;
        counts.bytes.store(0, SeqCst);
        let most = counts.most_chunks_held.load(SeqCst);
        assert!(most <= 512 * 1024, "{most} bytes of {length} at once");
    }
}
