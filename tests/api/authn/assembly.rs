//! The layer in each place where programs put it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service as _, ServiceBuilder, ServiceExt as _};
use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
use tower_jwt_auth::service::{GuardedBody, MetadataRoutes};
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{
    AuthInfo, DrainRefusedLayer, JwtAuthLayer, RequireBoundLayer, RequireScopesLayer,
};

use crate::support::{Counting, RESOURCE, call, config, layer, request, send, serve};

#[tokio::test]
async fn under_axum() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer);
    let who = || get(|auth: AuthInfo| async move { auth.client_id().to_owned() });
    let apps = [
        (
            "Router::layer",
            Router::new().route("/x", who()).layer(auth.clone()),
        ),
        (
            "Router::route_layer",
            Router::new().route("/x", who()).route_layer(auth.clone()),
        ),
        (
            "MethodRouter::layer",
            Router::new().route("/x", who().layer(auth.clone())),
        ),
        (
            "route_service",
            Router::new().route_service("/x", auth.layer(Counting::default())),
        ),
        (
            "nest_service",
            Router::new().nest_service("/x", auth.layer(Counting::default())),
        ),
        (
            "ServiceBuilder",
            Router::new()
                .route("/x", who())
                .layer(ServiceBuilder::new().layer(auth.clone())),
        ),
    ];
    let token = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    for (name, app) in apps {
        let base = serve(app).await;
        let answer = send("GET", &format!("{base}/x"), &[&token]).await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(
            answer.body.contains("test-client"),
            "{name}: {}",
            answer.body
        );
        assert_eq!(
            send("GET", &format!("{base}/x"), &[]).await.status,
            401,
            "{name}"
        );
    }
    assert_eq!(issuer.fetches(), 1, "clones share the keys");
}

#[tokio::test]
async fn the_layer_answers_for_its_metadata() {
    let issuer = TestIssuer::start();
    let paths = [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    ];
    let auth = layer(&issuer);
    let whole = Router::new()
        .route("/mcp", post(|| async { "ok" }))
        .layer(auth.clone());
    let beside = Router::new()
        .route("/mcp", post(|| async { "ok" }).layer(auth.clone()))
        .merge(MetadataRoutes::of([&auth]).router());
    for app in [whole, beside] {
        let base = serve(app).await;
        for path in paths {
            let answer = send("GET", &format!("{base}{path}"), &[]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.headers["access-control-allow-origin"], "*");
            assert_eq!(
                answer.json(),
                serde_json::json!({
                    "resource": RESOURCE,
                    "authorization_servers": [issuer.issuer()],
                    "bearer_methods_supported": ["header"],
                })
            );
            assert_eq!(
                send("POST", &format!("{base}{path}"), &[]).await.status,
                405,
                "{path}"
            );
            let head = send("HEAD", &format!("{base}{path}"), &[]).await;
            assert_eq!(
                (head.status.as_u16(), head.body.as_str()),
                (200, ""),
                "{path}"
            );
        }
        assert_eq!(send("POST", &format!("{base}/mcp"), &[]).await.status, 401);
    }
    assert_eq!(
        auth.resource_metadata().unwrap().url(),
        format!("https://mcp.example.com{}", paths[1])
    );
}

#[tokio::test]
async fn under_plain_hyper() {
    let issuer = TestIssuer::start();
    let service = TowerToHyperService::new(layer(&issuer).layer(Counting::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let token = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    assert_eq!(send("GET", &base, &[&token]).await.status, 200);
    assert_eq!(send("GET", &base, &[]).await.status, 401);
}

async fn ready<S: tower::Service<Request<Full<Bytes>>, Error = Infallible>>(service: &mut S) {
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
}

/// `ConcurrencyLimit` panics when an instance is called that was not polled ready.
#[tokio::test]
async fn the_instance_that_was_polled_ready_is_called() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let service = ServiceBuilder::new()
        .layer(layer(&issuer))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(Counting::default());
    // The first request waits for keys, which is another path through the future; the second does
    // not.
    for _ in 0..2 {
        let mut service = service.clone();
        ready(&mut service).await;
        let response = service.call(request(Some(&token))).await;
        assert_eq!(response.unwrap().status(), 200);
        // The same instance again: the permit of the first call is free.
        ready(&mut service).await;
        let response = service.call(request(Some(&token))).await;
        assert_eq!(response.unwrap().status(), 200);
    }
}

/// A service that is never ready.
#[derive(Clone)]
struct Busy;

impl<B> tower::Service<Request<B>> for Busy {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::pending()
    }
}

/// So that a limit behind the layers holds back the requests in front of them.
#[tokio::test]
async fn a_layer_is_ready_when_the_service_behind_it_is() {
    async fn is_ready<L>(layer: L, has_room: bool) -> bool
    where
        L: Layer<Busy> + Layer<Counting>,
        <L as Layer<Busy>>::Service: tower::Service<Request<Full<Bytes>>>,
        <L as Layer<Counting>>::Service: tower::Service<Request<Full<Bytes>>>,
    {
        poll_fn(|cx| {
            Poll::Ready(match has_room {
                true => layer.layer(Counting::default()).poll_ready(cx).is_ready(),
                false => layer.layer(Busy).poll_ready(cx).is_ready(),
            })
        })
        .await
    }
    let issuer = TestIssuer::start();
    for has_room in [true, false] {
        let auth = layer(&issuer);
        assert_eq!(is_ready(auth, has_room).await, has_room, "JwtAuthLayer");
        let scopes = RequireScopesLayer::new(["a"]);
        assert_eq!(is_ready(scopes, has_room).await, has_room, "RequireScopes");
        let bound = RequireBoundLayer::new();
        assert_eq!(is_ready(bound, has_room).await, has_room, "RequireBound");
        let mcp = McpScopesLayer::new();
        assert_eq!(is_ready(mcp, has_room).await, has_room, "McpScopes");
        let sessions = SessionBindingLayer::new();
        assert_eq!(is_ready(sessions, has_room).await, has_room, "Sessions");
        let drain = DrainRefusedLayer::new();
        assert_eq!(is_ready(drain, has_room).await, has_room, "DrainRefused");
    }
}

/// While a token waits for keys that do not come, its request takes no permit from the others.
#[tokio::test]
async fn a_forged_token_holds_no_permit_while_its_issuer_hangs() {
    let issuer = TestIssuer::start();
    let auth = layer(&issuer);
    auth.wait_for_keys().await.unwrap();
    issuer.fail(Fault::Hang);
    let service = ServiceBuilder::new()
        .layer(auth)
        .layer(ConcurrencyLimitLayer::new(1))
        .service(Counting::default());
    let forged = issuer.mint(RESOURCE).header("kid", "junk").sign();
    let good = issuer.mint(RESOURCE).sign();
    let mut waiting = service.clone();
    ready(&mut waiting).await;
    let pending = tokio::spawn(waiting.call(request(Some(&forged))));
    tokio::task::yield_now().await;
    let response = service.oneshot(request(Some(&good))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert!(!pending.is_finished());
    pending.abort();
}

/// A request that is refused gives its permit back as well.
#[tokio::test]
async fn a_refusal_holds_no_permit() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let service = ServiceBuilder::new()
        .layer(layer(&issuer))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(Counting::default());
    for _ in 0..3 {
        for (token, status) in [(None, 401), (Some(&*token), 200)] {
            let response = service.clone().oneshot(request(token)).await;
            assert_eq!(response.unwrap().status(), status);
        }
    }
}

#[derive(Debug, PartialEq)]
struct InnerFailed;

#[tokio::test]
async fn errors_of_the_service_come_through() {
    let issuer = TestIssuer::start();
    let failing =
        tower::service_fn(|_: Request<_>| async { Err::<Response<Empty<Bytes>>, _>(InnerFailed) });
    let token = issuer.mint(RESOURCE).sign();
    let service = layer(&issuer).layer(failing);
    assert_eq!(
        service
            .clone()
            .oneshot(request(Some(&token)))
            .await
            .unwrap_err(),
        InnerFailed
    );
    assert_eq!(service.oneshot(request(None)).await.unwrap().status(), 401);
}

/// A body whose frames come when the test sends them.
struct Frames(mpsc::UnboundedReceiver<&'static str>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|frame| frame.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

#[tokio::test]
async fn event_streams_pass_frame_by_frame() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE).sign();
    let (send, frames) = mpsc::unbounded_channel();
    let frames = Arc::new(std::sync::Mutex::new(Some(Frames(frames))));
    let streaming = tower::service_fn(move |_: Request<_>| {
        let body = frames.lock().unwrap().take().unwrap();
        async move {
            Ok::<_, Infallible>(
                Response::builder()
                    .header("content-type", "text/event-stream")
                    .body(body)
                    .unwrap(),
            )
        }
    });
    let response = layer(&issuer)
        .layer(streaming)
        .oneshot(request(Some(&token)))
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body: GuardedBody<Frames> = response.into_body();
    for text in ["data: 1\n\n", "data: 2\n\n"] {
        // Each frame arrives before the next one exists: nothing is buffered on the way.
        send.send(text).unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), text);
    }
    drop(send);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn the_verifier_alone_says_the_same() {
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).required_scopes(["a"]).build().unwrap());
    let verifier = layer.verifier();
    for token in [
        issuer.mint(RESOURCE).scope("a").sign(),
        issuer.mint(RESOURCE).sign(),
        issuer.mint("elsewhere").scope("a").sign(),
        "junk".to_owned(),
    ] {
        let answer = call(&layer, &Counting::default(), request(Some(&token))).await;
        match verifier.verify(&token).await {
            Ok(auth) => assert_eq!(answer.json(), serde_json::to_value(&auth).unwrap()),
            Err(rejection) => {
                assert_eq!(answer.status, rejection.status());
                let challenge = rejection
                    .www_authenticate()
                    .map(|value| value.to_str().unwrap());
                assert_eq!(answer.challenge(), challenge);
            }
        }
    }
    assert_eq!(issuer.fetches(), 1, "it shares the keys");
}
