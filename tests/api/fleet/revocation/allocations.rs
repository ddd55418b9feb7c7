//! A list of revocations costs a request no memory.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Empty;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::config::StreamExpiry;
use tower_jwt_auth::fleet::Revocation;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::{Process, RevocationList};
use crate::fleet::A;
use crate::support::RESOURCE;

/// A body of unknown length.
struct Unending;

impl Body for Unending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// How often a request with `token` allocates, until its response is there.
fn allocations(layer: &JwtAuthLayer, method: &str, content_type: &str, token: &str) -> u64 {
    let content_type = content_type.to_owned();
    let service = layer.layer(tower::service_fn(move |request: Request<Empty<Bytes>>| {
        // What the layer puts into the request is freed here, as in a service that ends with it.
        drop(request);
        let response = Response::builder().header("content-type", &content_type);
        std::future::ready(Ok::<_, Infallible>(response.body(Unending).unwrap()))
    }));
    let request = Request::builder()
        .method(method)
        .uri("/mcp")
        .header("authorization", format!("Bearer {token}"));
    let request = request.body(Empty::new()).unwrap();
    let measured = allocation_counter::measure(|| {
        let mut context = Context::from_waker(Waker::noop());
        let response = pin!(service.oneshot(request)).poll(&mut context);
        assert!(matches!(response, Poll::Ready(Ok(response)) if response.status() == 200));
    });
    measured.count_total
}

fn layer_without_a_list(process: &Process) -> JwtAuthLayer {
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(process.issuer.issuer())
        .jwks(process.issuer.jwks())
        .clock(&process.clock);
    JwtAuthLayer::new(config.build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_list_costs_no_allocation() {
    use StreamExpiry::{All, ListenOnly, Never};
    let process = Process::with(
        |clock| RevocationList::new(&[A], 100, clock),
        |config| config.token_cache_entries(100),
    );
    let token = process.token().claim("jti", "t1").claim("sid", "s1").sign();
    let count = |layer: &JwtAuthLayer, expiry, method: &str| {
        let layer = layer.clone().stream_expiry(expiry);
        allocations(&layer, method, "application/json", &token)
    };
    let without = layer_without_a_list(&process);
    // The first request with the token makes what later ones share.
    count(&without, Never, "POST");
    let wanted = count(&without, Never, "POST");
    assert!(wanted > 0, "nothing is counted");
    let all = || {
        [Never, ListenOnly, All]
            .into_iter()
            .flat_map(|expiry| ["POST", "GET"].map(|method| (expiry, method)))
    };
    for (expiry, method) in all() {
        let got = count(&without, expiry, method);
        assert_eq!(got, wanted, "without a list, {expiry:?} {method}");
    }
    process.list.tick();
    count(&process.layer, Never, "POST");
    for (expiry, method) in all() {
        let got = count(&process.layer, expiry, method);
        assert_eq!(got, wanted, "an empty list, {expiry:?} {method}");
    }
    // The names of the token are made once, for the first list that is not empty.
    process.revoke(&Revocation::subject(process.issuer.issuer(), "bob"));
    count(&process.layer, Never, "POST");
    for (number, (expiry, method)) in all().enumerate() {
        let other = Revocation::token(process.issuer.issuer(), format!("other-{number}"));
        process.revoke(&other);
        let got = count(&process.layer, expiry, method);
        assert_eq!(got, wanted, "a changed list, {expiry:?} {method}");
        let got = count(&process.layer, expiry, method);
        assert_eq!(got, wanted, "a list, {expiry:?} {method}");
    }
    // An event stream is what costs something: it ends with the trust in its issuer, and one that
    // only listens with its token, too.
    let stream = |method| allocations(&process.layer, method, "text/event-stream", &token);
    assert!(stream("POST") > wanted);
    assert!(stream("GET") > stream("POST"));
}
