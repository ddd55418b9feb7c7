//! Scopes per operation of an MCP server: decided by headers that a server must check, or by the
//! body.

use std::convert::Infallible;
use std::future::Future as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use http_body::Frame;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Full};
use rmcp::transport::auth::WWWAuthenticateParams;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfigBuilder, JwtAuthLayer, McpScopes};

use crate::support::{Answer, RESOURCE, config, read};

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// A server that gives back what it got, behind the layers; and how often it was reached.
struct Server {
    issuer: TestIssuer,
    app: Router,
    calls: Arc<AtomicU64>,
}

impl Server {
    fn start(scopes: McpScopes) -> Self {
        Self::configured(scopes, |config| config)
    }

    fn configured(
        scopes: McpScopes,
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> Self {
        let issuer = TestIssuer::start();
        let config = change(config(&issuer).required_scopes(["base"]));
        let calls = Arc::new(AtomicU64::new(0));
        let count = calls.clone();
        let echo = any(move |body: Bytes| async move {
            count.fetch_add(1, Ordering::SeqCst);
            body
        });
        let app = Router::new()
            .route("/mcp", echo.layer(scopes))
            .layer(JwtAuthLayer::mcp(config.build().unwrap()));
        Self { issuer, app, calls }
    }

    async fn send(&self, scope: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send_as("POST", scope, headers, body).await
    }

    async fn send_as(
        &self,
        method: &str,
        scope: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let token = self.issuer.mint(RESOURCE).scope(scope).sign();
        let mut request = http::Request::builder()
            .method(method)
            .uri("/mcp")
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = axum::body::Body::from(body.to_owned());
        let request = request.body(body).unwrap();
        read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

fn scopes() -> McpScopes {
    McpScopes::new()
        .tool("look", ["mcp:read"])
        .tool("write", ["mcp:write"])
        .method("tools/list", ["mcp:list"])
}

fn call(tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
    )
}

const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const OLD: (&str, &str) = ("mcp-protocol-version", "2025-11-25");
const CALL: (&str, &str) = ("mcp-method", "tools/call");
const LOOK: (&str, &str) = ("mcp-name", "look");
const WRITE: (&str, &str) = ("mcp-name", "write");

/// Row S9 of `tests/CATALOGUE.md`, and the attack that it prevents: a harmless name in the header,
/// a privileged one in the body.
#[tokio::test]
async fn s9_headers_count_only_where_the_server_must_check_them() {
    let server = Server::start(scopes());
    let (look, write, new) = (call("look"), call("write"), call("new"));
    let batch = format!("[{look},{write}]");
    let twice = look.replace(r#""params""#, r#""params":{"name":"write"},"params""#);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let encoded = ("mcp-name", "=?base64?bG9vaw==?=");
    let encoded_write = ("mcp-name", "=?base64?d3JpdGU=?=");
    let cases: [(&str, &[(&str, &str)], &str, u16); 22] = [
        ("the body is read", &[], &look, 200),
        ("and decides", &[], &write, 403),
        ("the headers decide", &[NEW, CALL, LOOK], &look, 200),
        ("the headers decide", &[NEW, CALL, WRITE], &write, 403),
        // What follows is the server's to refuse: it must compare the two.
        ("so the body is not read", &[NEW, CALL, LOOK], "{", 200),
        ("a name in base64", &[NEW, CALL, encoded], &look, 200),
        ("a name in base64", &[NEW, CALL, encoded_write], &write, 403),
        ("forged, old version", &[OLD, CALL, LOOK], &write, 403),
        ("not forged, old version", &[OLD, CALL, LOOK], &look, 200),
        ("forged, no version", &[CALL, LOOK], &write, 403),
        ("forged, two versions", &[NEW, OLD, CALL, LOOK], &write, 403),
        ("forged, two versions", &[OLD, NEW, CALL, LOOK], &write, 403),
        (
            "forged, two methods",
            &[NEW, ("mcp-method", "ping"), CALL, LOOK],
            &write,
            403,
        ),
        ("forged, two names", &[NEW, CALL, LOOK, WRITE], &write, 403),
        (
            "two names, and the body",
            &[NEW, CALL, LOOK, WRITE],
            &look,
            200,
        ),
        ("a batch with one privileged call", &[], &batch, 403),
        ("a tool that is not listed", &[], &new, 403),
        ("parameters twice", &[], &twice, 403),
        ("malformed JSON", &[], "{", 403),
        ("no JSON at all", &[], "", 403),
        ("a method with a rule", &[], list, 403),
        ("a method without", &[], r#"{"method":"ping"}"#, 200),
    ];
    for (name, headers, body, want) in cases {
        let before = server.calls();
        let answer = server.send("base mcp:read", headers, body).await;
        assert_eq!(answer.status, want, "{name}: {headers:?} {body}");
        assert_eq!(server.calls() - before, u64::from(want == 200), "{name}");
        if want == 200 {
            assert_eq!(answer.body, body, "{name}");
        }
        // Only the scopes differ.
        let all = "base mcp:read mcp:write mcp:list";
        let answer = server.send(all, headers, body).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, body),
            "{name}"
        );
    }
}

#[tokio::test]
async fn s2_s3_s4_the_challenge_lists_base_and_operation_and_does_not_vary() {
    let server = Server::start(scopes());
    let write = call("write");
    let first = server.send("base mcp:read", &[], &write).await;
    assert_eq!(
        first.challenge(),
        Some(&*format!(
            r#"Bearer error="insufficient_scope", scope="base mcp:write", resource_metadata="{METADATA}", error_description="The access token lacks a scope that this operation needs""#
        ))
    );
    let again = server.send("base mcp:read", &[NEW, CALL, WRITE], "").await;
    assert_eq!(again.challenge(), first.challenge());
    let url = "https://mcp.example.com/mcp".parse().unwrap();
    let parsed = WWWAuthenticateParams::parse(first.challenge().unwrap(), &url);
    assert_eq!(parsed.scope.as_deref(), Some("base mcp:write"));

    let server = Server::configured(
        scopes(),
        JwtAuthConfigBuilder::challenge_operation_scopes_only,
    );
    let answer = server.send("base mcp:read", &[], &write).await;
    assert!(
        answer
            .challenge()
            .unwrap()
            .contains(r#", scope="mcp:write", "#)
    );
}

/// A bad token is a 401, whatever it would have been used for; validity comes before scopes.
#[tokio::test]
async fn m7_m9_an_expired_token_is_not_asked_to_step_up() {
    let server = Server::start(scopes());
    let expired = server
        .issuer
        .mint(RESOURCE)
        .scope("base")
        .valid(1, std::time::Duration::from_secs(1));
    let request = |token: String| {
        http::Request::post("/mcp")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(call("write")))
            .unwrap()
    };
    let answer = server.app.clone().oneshot(request(expired.sign())).await;
    assert_eq!(answer.unwrap().status(), 401);
    let good = server.issuer.mint(RESOURCE).scope("base");
    let answer = server.app.clone().oneshot(request(good.sign())).await;
    assert_eq!(answer.unwrap().status(), 403);
    assert_eq!(server.calls(), 0);
}

/// Row M11 of `tests/CATALOGUE.md`: a broad scope allows what its narrow ones allow, and the
/// challenge names the narrow one.
#[tokio::test]
async fn m11_broad_scopes_imply_narrow_ones() {
    let implies =
        |granted: &str, needed: &str| granted == "mcp:admin" && needed.starts_with("mcp:");
    for server in [
        Server::start(scopes().hierarchy(implies)),
        Server::configured(scopes(), |config| config.scope_hierarchy(implies)),
    ] {
        assert_eq!(
            server
                .send("base mcp:admin", &[], &call("write"))
                .await
                .status,
            200
        );
        let answer = server.send("base mcp:reader", &[], &call("write")).await;
        assert_eq!(answer.status, 403);
        assert!(
            answer
                .challenge()
                .unwrap()
                .contains(r#"scope="base mcp:write""#)
        );
    }
}

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
    // axum's own limit stands in the way of a body this long, and so shows that it was handed on.
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
async fn without_the_layer_it_is_closed() {
    let app: Router = Router::new().route("/mcp", any(|| async { "open" }).layer(scopes()));
    let request = http::Request::post("/mcp").body(axum::body::Body::empty());
    assert_eq!(app.oneshot(request.unwrap()).await.unwrap().status(), 500);
}

/// A request of the layers alone, whose service is handed the body as it is.
#[tokio::test]
async fn bodies_stream_through_and_trailers_are_kept() {
    use tower_jwt_auth::{AuthInfo, McpBody};

    let sent = |(mut sender, body): (Sender<Bytes, Infallible>, Channel<Bytes, Infallible>)| {
        let data = Bytes::from(call("look"));
        sender.try_send(Frame::data(data.slice(..10))).unwrap();
        sender.try_send(Frame::data(data.slice(10..))).unwrap();
        (sender, body)
    };
    let service = tower::service_fn(
        async |request: http::Request<McpBody<Channel<Bytes, Infallible>>>| {
            let mut body = request.into_body();
            // The first frame: whether it was waited for the last one shows here.
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
        async |request: http::Request<McpBody<Channel<Bytes, Infallible>>>| {
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

/// A caller who sends a body slowly holds no permit of the service behind.
#[tokio::test]
async fn a_slow_body_holds_no_permit() {
    use tower::limit::ConcurrencyLimitLayer;
    use tower_jwt_auth::{AuthInfo, McpBody};

    let service = ConcurrencyLimitLayer::new(1).layer(tower::service_fn(
        async |_: http::Request<McpBody<Channel<Bytes, Infallible>>>| {
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
    // A hang would be the failure: it is made one by the number of turns that this task gets.
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

/// What nobody can read, or no rule speaks of, asks no client to have everything granted (S7).
#[tokio::test]
async fn s7_no_challenge_lists_every_scope_there_is() {
    let server = Server::start(scopes());
    for (body, challenged) in [
        (call("write"), true),
        (call("new"), false),
        ("{".to_owned(), false),
    ] {
        let answer = server.send("base mcp:read", &[], &body).await;
        assert_eq!(answer.status, 403, "{body}");
        assert_eq!(answer.challenge().is_some(), challenged, "{body}");
        let error = if challenged {
            "insufficient_scope"
        } else {
            "access_denied"
        };
        assert_eq!(answer.json()["error"], error, "{body}");
    }
}

#[tokio::test]
async fn resources_by_uri_and_what_leads_elsewhere() {
    let server = Server::start(
        McpScopes::new()
            .resources_under("file:///public/", ["read"])
            .resources_under("file:///private/", ["admin"])
            .prompt("p", ["prompt"]),
    );
    let read = |uri: &str| format!(r#"{{"method":"resources/read","params":{{"uri":"{uri}"}}}}"#);
    let listen = |uri: &str| {
        format!(
            r#"{{"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":["{uri}"]}}}}}}"#
        )
    };
    let complete = |uri: &str| {
        format!(
            r#"{{"method":"completion/complete","params":{{"ref":{{"type":"ref/resource","uri":"{uri}"}}}}}}"#
        )
    };
    let (public, private) = ("file:///public/x", "file:///private/x");
    let listening = [NEW, ("mcp-method", "subscriptions/listen")];
    let cases: [(&[(&str, &str)], String, u16); 10] = [
        (&[], read(public), 200),
        (&[], read(private), 403),
        (&[], read("file:///public/../private/x"), 403),
        (&[], read("file:///public/%2e%2E/private/x"), 403),
        (&[], listen(public), 200),
        (&[], listen(private), 403),
        (&listening, listen(public), 200),
        (&listening, listen(private), 403),
        (&[], complete(private), 403),
        (
            &[],
            r#"{"method":"prompts/get","params":{"name":"p"}}"#.to_owned(),
            403,
        ),
    ];
    for (headers, body, want) in cases {
        let answer = server.send("base read", headers, &body).await;
        assert_eq!(answer.status, want, "{headers:?} {body}");
        let answer = server.send("base read admin prompt", headers, &body).await;
        assert_eq!(answer.status, 200, "{headers:?} {body}");
    }
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

/// What the way by headers stands on: rmcp refuses those that differ from the body.
#[tokio::test]
async fn rmcp_refuses_forged_headers_that_the_layer_trusts() {
    use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
    use rmcp::transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
    };

    #[derive(Clone, Debug)]
    struct Plain;

    impl rmcp::ServerHandler for Plain {}

    let issuer = TestIssuer::start();
    let mcp = StreamableHttpService::new(
        || Ok(Plain),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let app = Router::new()
        .route_service("/mcp", scopes().layer(mcp))
        .layer(JwtAuthLayer::mcp(config(&issuer).build().unwrap()));
    let url = format!("{}/mcp", crate::support::serve(app).await);
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;
    let body = |tool: &str| {
        call(tool).replace(r#""arguments":{}"#, &format!(r#""arguments":{{}},{meta}"#))
    };
    let token = issuer.mint(RESOURCE).scope("mcp:read").sign();
    for (tool, forged) in [("look", false), ("write", true)] {
        let answer = reqwest::Client::new()
            .post(&url)
            .bearer_auth(&token)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", "look")
            .body(body(tool))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        // -32020: the headers do not match the body.
        assert_eq!(text.contains("-32020"), forged, "{tool}: {status} {text}");
        assert_eq!(status == 400, forged, "{tool}: {status} {text}");
    }
}

#[tokio::test]
async fn who_has_no_token_may_do_what_needs_nothing() {
    let issuer = TestIssuer::start();
    let auth = JwtAuthLayer::new(config(&issuer).build().unwrap()).optional();
    let app = Router::new()
        .route("/mcp", any(|| async { "in" }).layer(scopes()))
        .layer(auth);
    for (method, name, want) in [("ping", None, 200), ("tools/call", Some("look"), 401)] {
        let mut request = http::Request::post("/mcp")
            .header(NEW.0, NEW.1)
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(
            app.clone().oneshot(request).await.unwrap().status(),
            want,
            "{method}"
        );
    }
}
