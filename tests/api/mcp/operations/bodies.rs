//! Operations that the body decides, and bodies that are handed on.

use std::convert::Infallible;
use std::future::Future as _;

use axum::body::Bytes;
use http_body::Frame;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, ServiceExt as _};

use super::{CALL, LOOK, NEW, Server, call, scopes};
use crate::support::read;

#[tokio::test]
async fn methods_without_a_body_need_nothing_more() {
    let server = Server::start(scopes());
    for method in ["GET", "DELETE"] {
        assert_eq!(
            server.send_as(method, "base", &[], "").await.status,
            200,
            "{method}"
        );
    }
    for method in ["POST", "PUT", "PATCH"] {
        let answer = server.send_as(method, "base", &[], &call("write")).await;
        assert_eq!(answer.status, 403, "{method}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_compare_has_its_bodies_read() {
    let server = Server::start(scopes().always_read_body());
    let headers = [NEW, CALL, LOOK];
    assert_eq!(
        server
            .send("base mcp:read", &headers, &call("look"))
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .send("base mcp:read", &headers, &call("write"))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn a_body_beyond_the_limit_needs_every_scope() {
    let server = Server::start(scopes());
    let limit = tower_jwt_auth::limits::MAX_MCP_BODY_BYTES;
    let call = call("look");
    let largest = format!("{call}{}", " ".repeat(limit - call.len()));
    let (read, all) = ("base mcp:read", "base mcp:read mcp:write mcp:list");
    // axum's own limit refuses a body this long, which shows that the body was passed on.
    assert_eq!(server.send(read, &[], &largest).await.status, 413);
    assert_eq!(
        server.send(read, &[], &format!("{largest} ")).await.status,
        403
    );
    assert_eq!(
        server.send(all, &[], &format!("{largest} ")).await.status,
        413
    );
}

#[tokio::test]
async fn the_limit_of_the_body_can_be_set() {
    let body = call("look");
    for (limit, status) in [(body.len(), 200), (body.len() - 1, 403)] {
        let server = Server::start(scopes().max_body_bytes(limit));
        let answer = server.send("base mcp:read", &[], &body).await;
        assert_eq!(answer.status, status, "{limit} bytes");
    }
}

/// A request of the layers alone, whose service is handed the body as it is.
#[tokio::test]
async fn bodies_stream_through_and_trailers_are_kept() {
    use tower_jwt_auth::AuthInfo;
    use tower_jwt_auth::service::GuardedBody;

    let sent = |(mut sender, body): (Sender<Bytes, Infallible>, Channel<Bytes, Infallible>)| {
        let data = Bytes::from(call("look"));
        sender.try_send(Frame::data(data.slice(..10))).unwrap();
        sender.try_send(Frame::data(data.slice(10..))).unwrap();
        (sender, body)
    };
    let service = tower::service_fn(
        async |request: http::Request<GuardedBody<Channel<Bytes, Infallible>>>| {
            let mut body = request.into_body();
            // The first frame alone: had the layer read the body to its end, it would hold all.
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            Ok::<_, Infallible>(http::Response::new(Full::from(first)))
        },
    );
    let ask = |headers: &[(&str, &str)], body| {
        let mut request = http::Request::post("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).unwrap();
        let claims = serde_json::json!({"scope": "mcp:read"});
        request.extensions_mut().insert(AuthInfo::for_tests(claims));
        scopes().layer(service).oneshot(request)
    };
    // The headers decide: the body has not ended, and the service has its first frame.
    let (_open, body) = sent(Channel::new(4));
    let answer = read(ask(&[NEW, CALL, LOOK], body).await.unwrap()).await;
    assert_eq!(answer.body, call("look")[..10]);
    // The body decides: it is read to its end, and comes again as one frame.
    let (mut sender, body) = sent(Channel::new(4));
    let trailers = http::HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
    sender.try_send(Frame::trailers(trailers.clone())).unwrap();
    drop(sender);
    let answer = read(ask(&[], body).await.unwrap()).await;
    assert_eq!(answer.body, call("look"));

    let (mut sender, body) = sent(Channel::new(4));
    sender.try_send(Frame::trailers(trailers.clone())).unwrap();
    drop(sender);
    let kept = tower::service_fn(
        async |request: http::Request<GuardedBody<Channel<Bytes, Infallible>>>| {
            let collected = request.into_body().collect().await.unwrap();
            assert!(
                collected
                    .trailers()
                    .is_some_and(|it| it.contains_key("x-sum"))
            );
            Ok::<_, Infallible>(http::Response::new(Full::from(collected.to_bytes())))
        },
    );
    let mut request = http::Request::post("/mcp").body(body).unwrap();
    let claims = serde_json::json!({"scope": "mcp:read"});
    request.extensions_mut().insert(AuthInfo::for_tests(claims));
    let answer = read(scopes().layer(kept).oneshot(request).await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, call("look")));
}

/// A body that does not say how long it is, in pieces of ten bytes.
#[tokio::test]
async fn the_limit_counts_what_was_read() {
    use tower_jwt_auth::AuthInfo;
    use tower_jwt_auth::service::GuardedBody;

    let data = call("look");
    let service = tower::service_fn(
        async |request: http::Request<GuardedBody<Channel<Bytes, Infallible>>>| {
            let read = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(http::Response::new(Full::from(read)))
        },
    );
    for (limit, want) in [
        (data.len(), 200),
        (data.len() - 1, 403),
        (data.len() / 10 * 10, 403),
        (10, 403),
        (0, 403),
    ] {
        let (mut sender, body) = Channel::new(data.len());
        for piece in data.as_bytes().chunks(10) {
            let piece = Bytes::copy_from_slice(piece);
            sender.try_send(Frame::data(piece)).unwrap();
        }
        drop(sender);
        let mut request = http::Request::post("/mcp").body(body).unwrap();
        let claims = serde_json::json!({"scope": "mcp:read"});
        request.extensions_mut().insert(AuthInfo::for_tests(claims));
        let service = scopes().max_body_bytes(limit).layer(service);
        let answer = read(service.oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, want, "{limit} bytes");
        assert_eq!(answer.body == data, want == 200, "{limit} bytes");
    }
}

/// A caller who sends a body slowly holds no permit of the service behind.
#[tokio::test]
async fn a_slow_body_holds_no_permit() {
    use tower::limit::ConcurrencyLimitLayer;
    use tower_jwt_auth::AuthInfo;
    use tower_jwt_auth::service::GuardedBody;

    let service = ConcurrencyLimitLayer::new(1).layer(tower::service_fn(
        async |_: http::Request<GuardedBody<Channel<Bytes, Infallible>>>| {
            Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default()))
        },
    ));
    let service = scopes().layer(service);
    let request = |body| {
        let mut request = http::Request::post("/mcp").body(body).unwrap();
        let claims = serde_json::json!({"scope": "mcp:read"});
        request.extensions_mut().insert(AuthInfo::for_tests(claims));
        request
    };
    let (_never_ends, slow) = Channel::new(1);
    let mut slow = tokio::spawn(service.clone().oneshot(request(slow)));
    tokio::task::yield_now().await;
    let (mut sender, body) = Channel::new(1);
    sender.try_send(Frame::data(call("look").into())).unwrap();
    drop(sender);
    // If the slow body held the permit, this would hang; the number of polls makes that a failure.
    let mut quick = Box::pin(service.oneshot(request(body)));
    let mut turns = 0;
    let answer = std::future::poll_fn(|cx| {
        turns += 1;
        assert!(turns < 100, "the permit is held by the slow body");
        cx.waker().wake_by_ref();
        quick.as_mut().poll(cx)
    });
    assert_eq!(answer.await.unwrap().status(), 200);
    let slow =
        std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut slow).poll(cx)));
    assert!(slow.await.is_pending());
}

/// serde_json reads an object with one private member as another document: a server that parses to
/// a `Value` first would run what is inside.
#[tokio::test]
async fn a_document_within_a_document_is_not_read() {
    let server = Server::start(scopes());
    let inner = call("write").replace('"', "\\\"");
    let wrapped = format!(r#"{{"$serde_json::private::RawValue":"{inner}"}}"#);
    assert_eq!(
        server.send("base mcp:read", &[], &wrapped).await.status,
        403
    );
    let other = wrapped.replace("private::RawValue", "other::RawValue");
    assert_eq!(
        server.send("base mcp:read", &[], &other).await.status,
        403,
        "no operation at all"
    );
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(server.send("base mcp:read", &[], answer).await.status, 200);
}
