//! Issuers that are no longer trusted.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::StreamExpiry;
use tower_jwt_auth::service::GuardedBody;

use super::{GOOD, Tenant, UNKNOWN_ISSUER, entries, layer, tasks, tenants};
use crate::support::table::outcome;
use crate::support::{Counting, call, pass, request, seconds};

#[tokio::test(start_paused = true)]
async fn fleet_f66_tokens_of_a_removed_issuer_are_refused() {
    let [one, two, three] = tenants(["one", "two", "three"]);
    let layer = layer([&one, &two]);
    let (verifier, inner) = (layer.verifier(), Counting::default());
    let [first, second] = [&one, &two].map(Tenant::token);
    for token in [&first, &second, &first, &second] {
        assert_eq!(call(&layer, &inner, request(Some(token))).await.status, 200);
    }
    assert_eq!(tasks(), 2);
    // The new issuer takes the place of the old one, with keys of the same generation.
    layer.replace_issuers(entries([&three, &two])).unwrap();
    assert_eq!(outcome(&verifier, &first).await, UNKNOWN_ISSUER);
    assert_eq!(
        call(&layer, &inner, request(Some(&first))).await.status,
        401
    );
    assert_eq!(inner.calls(), 4);
    assert_eq!(outcome(&verifier, &second).await, GOOD);
    assert_eq!(outcome(&verifier, &three.token()).await, GOOD);
    assert_eq!(outcome(&verifier, &first).await, UNKNOWN_ISSUER);
    assert_eq!((two.memory.fetches(), three.memory.fetches()), (1, 1));
    let names: Vec<_> = layer.keys_health().issuers;
    let names: Vec<_> = names.into_iter().map(|it| it.issuer).collect();
    assert_eq!(names, ["three", "two"]);
    pass(seconds(1)).await;
    assert_eq!(tasks(), 2, "its task has ended");
    pass(seconds(3600)).await;
    assert_eq!(one.memory.fetches(), 1);

    // Trusted again, it begins anew.
    layer.replace_issuers(entries([&one])).unwrap();
    assert_eq!(outcome(&verifier, &first).await, GOOD);
    assert_eq!(one.memory.fetches(), 2);
    assert_eq!(outcome(&verifier, &second).await, UNKNOWN_ISSUER);
}

type Stream = GuardedBody<Channel<Bytes, Infallible>>;

/// A stream in the response to a request with `method`, which stays open until its issuer goes.
async fn stream(
    layer: &JwtAuthLayer,
    token: &str,
    method: &str,
    operation: &str,
) -> (Sender<Bytes, Infallible>, Stream) {
    let (sender, body) = Channel::new(8);
    let body = std::sync::Mutex::new(Some(body));
    let body = std::sync::Arc::new(body);
    let service = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let body = body.lock().unwrap().take().unwrap();
        let response = Response::builder().header("content-type", "text/event-stream");
        std::future::ready(Ok::<_, Infallible>(response.body(body).unwrap()))
    });
    let request = Request::builder()
        .method(method)
        .header("mcp-method", operation)
        .header("authorization", format!("Bearer {token}"));
    let request = request.body(Full::default()).unwrap();
    let response = layer.layer(service).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    (sender, response.into_body())
}

/// Whether the stream passes on what the service sends now.
async fn is_open(sender: &mut Sender<Bytes, Infallible>, stream: &mut Stream) -> bool {
    let _ = sender.send_data(Bytes::from_static(b"data: x\n\n")).await;
    tokio::time::timeout(seconds(1), stream.frame())
        .await
        .unwrap()
        .is_some()
}

#[tokio::test(start_paused = true)]
async fn fleet_f66_streams_of_a_removed_issuer_end() {
    use StreamExpiry::{All, ListenOnly, Never};
    for (expiry, method, operation) in [
        (Never, "GET", ""),
        (Never, "POST", "subscriptions/listen"),
        (Never, "POST", "tools/call"),
        (ListenOnly, "GET", ""),
        (ListenOnly, "POST", "tools/call"),
        (All, "GET", ""),
        (All, "POST", "tools/call"),
    ] {
        let what = format!("{expiry:?} {method} {operation}");
        let [removed, kept, changed] = tenants(["removed", "kept", "changed"]);
        let layer = layer([&removed, &kept, &changed]).stream_expiry(expiry);
        let mut streams = Vec::new();
        for tenant in [&removed, &kept, &changed] {
            streams.push(stream(&layer, &tenant.token(), method, operation).await);
        }
        for (sender, stream) in &mut streams {
            assert!(is_open(sender, stream).await, "{what}");
        }
        let other = changed.entry.clone().leeway(seconds(1));
        layer
            .replace_issuers(vec![kept.entry.clone(), other])
            .unwrap();
        let mut open = Vec::new();
        for (sender, stream) in &mut streams {
            open.push(is_open(sender, stream).await);
        }
        assert_eq!(open, [false, true, false], "{what}");
        // It also ends while nothing is sent.
        let (_sender, mut quiet) = stream(&layer, &kept.token(), method, operation).await;
        let waiting = tokio::spawn(async move { quiet.frame().await.is_none() });
        pass(seconds(1)).await;
        layer.replace_issuers(entries([&removed])).unwrap();
        pass(seconds(1)).await;
        assert!(waiting.is_finished(), "{what}");
    }
}

/// A stream outlives the layer whose service opened it.
#[tokio::test(start_paused = true)]
async fn fleet_f66_streams_do_not_end_with_their_layer() {
    let tenant = Tenant::new("one");
    let layer = layer([&tenant]);
    let (mut sender, mut stream) = stream(&layer, &tenant.token(), "GET", "").await;
    drop(layer);
    assert!(is_open(&mut sender, &mut stream).await);
}
