//! Event streams end when their token is revoked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Empty};
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::config::StreamExpiry;
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::{JwtAuthLayer, JwtVerifier, Rejection};

use super::{Process, RevocationList};
use crate::fleet::A;
use crate::support::seconds;

type Events = Channel<Bytes, Infallible>;

/// A stream, and the end of the service that sends it.
struct Stream {
    body: GuardedBody<Events>,
    sender: Sender<Bytes, Infallible>,
}

impl Stream {
    /// The response to a request with `token`.
    async fn open(layer: &JwtAuthLayer, method: &str, operation: &str, token: &str) -> Self {
        let senders = Arc::new(Mutex::new(None));
        let kept = senders.clone();
        let service = tower::service_fn(move |_: Request<Empty<Bytes>>| {
            let (sender, events) = Channel::new(8);
            *kept.lock().unwrap() = Some(sender);
            let response = Response::builder().header("content-type", "text/event-stream");
            std::future::ready(Ok::<_, Infallible>(response.body(events).unwrap()))
        });
        let request = Request::builder()
            .method(method)
            .uri("/mcp")
            .header("mcp-method", operation)
            .header("authorization", format!("Bearer {token}"));
        let request = request.body(Empty::new()).unwrap();
        let response = layer.layer(service).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let sender = senders.lock().unwrap().take().unwrap();
        let mut stream = Self {
            body: response.into_body(),
            sender,
        };
        assert!(stream.goes_on().await);
        stream
    }

    /// Whether an event still arrives.
    async fn goes_on(&mut self) -> bool {
        if self.sender.send_data("data: x\n\n".into()).await.is_err() {
            return false;
        }
        match self.body.frame().await {
            Some(frame) => {
                assert_eq!(frame.unwrap().into_data().unwrap(), "data: x\n\n");
                true
            }
            None => {
                assert!(self.body.is_end_stream());
                false
            }
        }
    }

    /// Whether it ends by itself, without an event.
    async fn has_ended(&mut self) -> bool {
        let frame = tokio::time::timeout(seconds(0), self.body.frame()).await;
        matches!(frame, Ok(None))
    }
}

fn process(expiry: Option<StreamExpiry>) -> Process {
    let process = Process::new();
    let layer = match expiry {
        None => process.layer.clone(),
        Some(expiry) => process.layer.clone().stream_expiry(expiry),
    };
    Process { layer, ..process }
}

/// With the default of `stream_expiry`, which ends no stream with its token.
#[tokio::test(start_paused = true)]
async fn fleet_f36_the_stream_of_a_revoked_token_ends() {
    use StreamExpiry::{All, ListenOnly, Never};
    for (expiry, method, operation, ends) in [
        (None, "GET", "", true),
        (None, "POST", "subscriptions/listen", true),
        (None, "POST", "tools/call", false),
        (Some(Never), "GET", "", true),
        (Some(ListenOnly), "GET", "", true),
        (Some(ListenOnly), "POST", "subscriptions/listen", true),
        (Some(ListenOnly), "POST", "tools/call", false),
        (Some(All), "GET", "", true),
        (Some(All), "POST", "tools/call", true),
    ] {
        let what = format!("{expiry:?} {method} {operation}");
        let process = process(expiry);
        let (alice, bob) = (
            process.token().sign(),
            process.token().subject("bob").sign(),
        );
        let mut of_alice = Stream::open(&process.layer, method, operation, &alice).await;
        let mut of_bob = Stream::open(&process.layer, method, operation, &bob).await;
        process.list.tick();
        process.pass(seconds(1)).await;
        assert!(!of_alice.has_ended().await, "{what}");
        process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
        assert_eq!(of_alice.has_ended().await, ends, "{what}");
        assert_eq!(of_alice.goes_on().await, !ends, "{what}");
        assert!(!of_bob.has_ended().await, "{what}");
        assert!(of_bob.goes_on().await, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn revoked_streams_go_on_where_the_layer_says_so() {
    let process = process(None);
    let token = process.token().sign();
    let lasting = process.layer.clone().revoked_streams_go_on();
    let mut ended = Stream::open(&process.layer, "GET", "", &token).await;
    let mut goes_on = Stream::open(&lasting, "GET", "", &token).await;
    process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
    assert!(ended.has_ended().await);
    assert!(!goes_on.has_ended().await);
    assert!(goes_on.goes_on().await);
    // They still end with the life of their token.
    let lasting = lasting.stream_expiry(StreamExpiry::ListenOnly);
    let bob = process.token().subject("bob").sign();
    let mut expires = Stream::open(&lasting, "GET", "", &bob).await;
    process.pass(seconds(3600 + 59)).await;
    assert!(!expires.has_ended().await);
    process.pass(seconds(3600 + 60)).await;
    assert!(expires.has_ended().await);
}

/// They are looked at twice a second at most, and the timer of the reader does what is left.
#[tokio::test(start_paused = true)]
async fn streams_are_looked_at_twice_a_second() {
    let process = process(None);
    let issuer = process.issuer.issuer();
    let mut streams = Vec::new();
    for user in ["u1", "u2", "u3"] {
        let token = process.token().subject(user).sign();
        streams.push(Stream::open(&process.layer, "GET", "", &token).await);
    }
    process.revoke(&Revocation::subject(issuer, "u1"));
    assert!(streams[0].has_ended().await);
    tokio::time::advance(seconds(1) / 4).await;
    process.revoke(&Revocation::subject(issuer, "u2"));
    process.list.tick();
    assert!(!streams[1].has_ended().await);
    tokio::time::advance(seconds(1) / 4).await;
    process.list.tick();
    assert!(streams[1].has_ended().await);
    assert!(!streams[2].has_ended().await);
}

/// A user is revoked while the service makes its response.
#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_after_its_token_was_revoked_ends_at_once() {
    for (user, ends) in [("alice", true), ("bob", false)] {
        let process = process(None);
        let verifier: JwtVerifier = process.layer.verifier();
        let list = process.list.clone();
        let issuer = process.issuer.issuer().to_owned();
        let service = tower::service_fn(move |_: Request<Empty<Bytes>>| {
            list.revoke(&Revocation::subject(issuer.clone(), user))
                .unwrap();
            let (sender, events) = Events::new(1);
            std::mem::forget(sender);
            let response = Response::builder().header("content-type", "text/event-stream");
            std::future::ready(Ok::<_, Infallible>(response.body(events).unwrap()))
        });
        let token = process.token().subject("alice").sign();
        let request = Request::get("/mcp").header("authorization", format!("Bearer {token}"));
        let request = request.body(Empty::new()).unwrap();
        let response = process.layer.layer(service).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();
        let frame = tokio::time::timeout(seconds(0), body.frame()).await;
        assert_eq!(matches!(frame, Ok(None)), ends, "{user}: {frame:?}");
        assert_eq!(verifier.verify(&token).await.is_err(), ends, "{user}");
    }
}

/// What the body asks for counts, if a layer inside reads it.
#[tokio::test(start_paused = true)]
async fn a_stream_that_listens_by_its_body_ends_too() {
    for (body, ends) in [
        (
            r#"{"method":"subscriptions/listen","params":{"notifications":{}}}"#,
            true,
        ),
        (r#"{"method":"tools/call","params":{"name":"a"}}"#, false),
    ] {
        let process = process(None);
        let service = tower::service_fn(async |request: Request<GuardedBody<_>>| {
            let _: http_body_util::Collected<Bytes> = request.into_body().collect().await.unwrap();
            let (sender, events) = Events::new(1);
            std::mem::forget(sender);
            let response = Response::builder().header("content-type", "text/event-stream");
            Ok::<_, Infallible>(response.body(events).unwrap())
        });
        let service = process.layer.layer(McpScopesLayer::new().layer(service));
        let token = process.token().sign();
        let request = Request::post("/mcp").header("authorization", format!("Bearer {token}"));
        let request = request
            .body(http_body_util::Full::<Bytes>::from(body))
            .unwrap();
        let mut response = service.oneshot(request).await.unwrap();
        let first = tokio::time::timeout(seconds(0), response.body_mut().frame()).await;
        assert!(first.is_err(), "{body}");
        process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
        let frame = tokio::time::timeout(seconds(0), response.body_mut().frame()).await;
        assert_eq!(matches!(frame, Ok(None)), ends, "{body}");
    }
}

/// A stream that ends by itself is forgotten.
#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_leaves_nothing_behind() {
    let process = Process::with(|clock| RevocationList::new(&[A], 100, clock), |it| it);
    let token = process.token().sign();
    let stream = Stream::open(&process.layer, "GET", "", &token).await;
    let other = Stream::open(&process.layer, "GET", "", &token).await;
    assert_eq!(process.list.open_streams(), 2);
    drop(stream);
    assert_eq!(process.list.open_streams(), 1);
    process.revoke(&Revocation::subject(process.issuer.issuer(), "alice"));
    assert_eq!(process.list.open_streams(), 0);
    drop(other);
    assert_eq!(process.list.open_streams(), 0);
}

/// A handler may keep its caller for hours, and the list may be long.
#[tokio::test(start_paused = true)]
async fn a_caller_that_is_kept_does_not_keep_the_list() {
    let process = Process::with(|clock| RevocationList::new(&[A], 100, clock), |it| it);
    let verifier = process.layer.verifier();
    let caller = verifier.verify(&process.token().sign()).await.unwrap();
    let rejection = verifier.verify("opaque").await.unwrap_err();
    let refusal = Rejection::insufficient_scope(&caller, ["a"]);
    let Process { list, layer, .. } = process;
    assert!(list.holders() > 1);
    drop((layer, verifier));
    assert_eq!(list.holders(), 1);
    assert_eq!(caller.subject(), Some("alice"));
    drop((caller, rejection, refusal));
}

/// An open stream keeps what tells it that its token was revoked.
#[tokio::test(start_paused = true)]
async fn a_stream_that_outlives_the_layer_ends_with_its_token() {
    let process = Process::with(|clock| RevocationList::new(&[A], 100, clock), |it| it);
    let mut stream = Stream::open(&process.layer, "GET", "", &process.token().sign()).await;
    let Process {
        list,
        layer,
        issuer,
        ..
    } = process;
    drop(layer);
    assert!(stream.goes_on().await);
    let revocation = Revocation::subject(issuer.issuer(), "alice");
    assert_eq!(list.revoke(&revocation), Ok(true));
    assert!(stream.has_ended().await);
    drop(stream);
    assert_eq!(list.holders(), 1);
}
