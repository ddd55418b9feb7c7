//! Event streams end with the token of their request, where `stream_expiry` says so.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, Full};
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::{JwtAuthConfigBuilder, StreamExpiry};
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::service::GuardedBody;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer};

use crate::support::{RESOURCE, config};

/// A stream of one event each ten seconds, without end; says when it is dropped.
struct Events {
    next: tokio::time::Interval,
    dropped: Arc<AtomicBool>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.next
            .poll_tick(cx)
            .map(|_| Some(Ok(Frame::data(Bytes::from_static(b"data: x\n\n")))))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

const NOW: u64 = 1_700_000_000;

/// Seconds until the stream of a token with 100 s to live ends; `None` when it is still there after
/// an hour. Both clocks run at the same pace.
async fn lives(
    expiry: StreamExpiry,
    method: &str,
    operation: &str,
    content_type: &str,
) -> Option<u64> {
    lives_with(|config| config, expiry, method, operation, content_type).await
}

async fn lives_with(
    change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    expiry: StreamExpiry,
    method: &str,
    operation: &str,
    content_type: &str,
) -> Option<u64> {
    let issuer = TestIssuer::start();
    let clock = FakeClock::at(unix(NOW as f64));
    let config = change(config(&issuer).jwks(issuer.jwks()).clock(&clock));
    let layer = JwtAuthLayer::new(config.build().unwrap()).stream_expiry(expiry);
    let dropped = Arc::new(AtomicBool::new(false));
    let (flag, content_type) = (dropped.clone(), content_type.to_owned());
    let service = tower::service_fn(move |_: Request<Empty<Bytes>>| {
        let next = tokio::time::interval(Duration::from_secs(10));
        let dropped = flag.clone();
        let response = Response::builder().header("content-type", &content_type);
        std::future::ready(Ok::<_, Infallible>(
            response.body(Events { next, dropped }).unwrap(),
        ))
    });
    let token = issuer
        .mint(RESOURCE)
        .valid(NOW, Duration::from_secs(100))
        .sign();
    let request = Request::builder()
        .method(method)
        .uri("/mcp")
        .header("mcp-method", operation)
        .header("authorization", format!("Bearer {token}"));
    let response = layer
        .layer(service)
        .oneshot(request.body(Empty::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let end = end_of(&mut body, &clock).await;
    assert_eq!(
        dropped.load(Ordering::SeqCst),
        end.is_some(),
        "the service must notice the end, and only that"
    );
    end
}

#[tokio::test(start_paused = true)]
async fn streams_end_at_the_expiry_of_their_token() {
    use StreamExpiry::{All, ListenOnly, Never};
    const SSE: &str = "text/event-stream";
    // `exp` and the leeway of 60 s: as long as the token would be accepted.
    let end = Some(160);
    let cases = [
        (Never, "GET", "", SSE, None),
        (ListenOnly, "GET", "", SSE, end),
        (ListenOnly, "POST", "subscriptions/listen", SSE, end),
        (ListenOnly, "POST", "tools/call", SSE, None),
        (ListenOnly, "POST", "", SSE, None),
        (ListenOnly, "GET", "", "application/json", None),
        (All, "POST", "tools/call", SSE, end),
        (All, "GET", "", "Text/Event-Stream; charset=utf-8", end),
        (All, "GET", "", "text/plain", None),
    ];
    for (expiry, method, operation, content_type, want) in cases {
        let got = lives(expiry, method, operation, content_type).await;
        assert_eq!(got, want, "{expiry:?} {method} {operation} {content_type}");
    }
}

/// A token that is too old before it expires takes its stream with it.
#[tokio::test(start_paused = true)]
async fn streams_end_when_their_token_is_too_old() {
    let age = |seconds| {
        move |config: JwtAuthConfigBuilder| config.max_token_age(Duration::from_secs(seconds))
    };
    for (seconds, want) in [(30, 90), (100, 160), (500, 160)] {
        let all = StreamExpiry::All;
        let got = lives_with(age(seconds), all, "GET", "", "text/event-stream").await;
        assert_eq!(got, Some(want), "{seconds}");
    }
}

/// A client that leaves the header out listens no longer than its token lives, once a layer inside
/// reads the body.
#[tokio::test(start_paused = true)]
async fn field_s12_what_the_body_asks_for_counts() {
    const LISTEN: &str = r#"{"method":"subscriptions/listen","params":{"notifications":{}}}"#;
    const CALL: &str = r#"{"method":"tools/call","params":{"name":"a"}}"#;
    let end = Some(160);
    let any = McpScopesLayer::new;
    let ruled = || any().tool("a", ["a"]).tool("b", ["b"]);
    for (name, layer, method, headers, body, want) in [
        ("listens, no rules", any(), "POST", &[][..], LISTEN, end),
        ("calls, no rules", any(), "POST", &[], CALL, None),
        ("listens, rules", ruled(), "POST", &[], LISTEN, end),
        ("calls, rules", ruled(), "POST", &[], CALL, None),
        ("GET", ruled(), "GET", &[], "", end),
        (
            "another header",
            any(),
            "POST",
            &[("mcp-method", "tools/call")],
            LISTEN,
            end,
        ),
        (
            "another header that the server compares",
            any(),
            "POST",
            &[
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "a"),
            ],
            CALL,
            None,
        ),
        (
            "in a batch",
            any(),
            "POST",
            &[],
            &format!("[{CALL},{LISTEN}]"),
            end,
        ),
        ("unreadable", any(), "POST", &[], "{", end),
    ] {
        let mut request = Request::builder().method(method).uri("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned())).unwrap();
        for scope in ["a", "a b"] {
            let got = lives_behind(&layer, scope, request.clone()).await;
            assert_eq!(got, want, "{name}, scope {scope}");
        }
    }
}

/// As [`lives`], with `layer` inside and a service that reads its request first.
async fn lives_behind(
    layer: &McpScopesLayer,
    scope: &str,
    mut request: Request<Full<Bytes>>,
) -> Option<u64> {
    let issuer = TestIssuer::start();
    let clock = FakeClock::at(unix(NOW as f64));
    let config = config(&issuer).jwks(issuer.jwks()).clock(&clock);
    let auth = JwtAuthLayer::new(config.build().unwrap()).stream_expiry(StreamExpiry::ListenOnly);
    let service = tower::service_fn(async |request: Request<GuardedBody<Full<Bytes>>>| {
        request.into_body().collect().await.unwrap();
        let next = tokio::time::interval(Duration::from_secs(10));
        let response = Response::builder().header("content-type", "text/event-stream");
        let events = Events {
            next,
            dropped: Arc::default(),
        };
        Ok::<_, Infallible>(response.body(events).unwrap())
    });
    let token = issuer.mint(RESOURCE).scope(scope);
    let token = token.valid(NOW, Duration::from_secs(100)).sign();
    let authorization = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", authorization);
    let service = auth.layer(layer.layer(service));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    end_of(&mut response.into_body(), &clock).await
}

/// The second in which the stream ends; `None` if it is there after an hour.
async fn end_of<B>(body: &mut B, clock: &FakeClock) -> Option<u64>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    for second in 0..3600 {
        while let Ok(frame) = tokio::time::timeout(Duration::ZERO, body.frame()).await {
            match frame {
                Some(frame) => assert_eq!(frame.unwrap().into_data().unwrap(), "data: x\n\n"),
                None => {
                    assert!(body.is_end_stream());
                    return Some(second);
                }
            }
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        clock.set(unix((NOW + second + 1) as f64));
    }
    None
}
