//! How the layer fits its surroundings: availability, transparency, frameworks. `tests/api/keys`
//! has the faults that it survives, page A of `tests/CATALOGUE.md`.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tokio::net::TcpListener;
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _};
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::mcp::{McpScopes, McpScopesLayer, SessionBinding, SessionBindingLayer};
use tower_jwt_auth::service::JwtAuth;
use tower_jwt_auth::test_util::TestIssuer;

use super::{CALL_WHOAMI, Rmcp, WHOAMI, World, ask, bearer, result, rmcp_server};
use crate::support::{Answer, HeldClock, RESOURCE, config, layer, serve, until};

type Stack = JwtAuth<SessionBinding<McpScopes<Rmcp>>>;

fn stack(auth: JwtAuthLayer) -> Stack {
    ServiceBuilder::new()
        .layer(auth)
        .layer(SessionBindingLayer::new())
        .layer(McpScopesLayer::new().tool("whoami", ["mcp:read"]))
        .service(rmcp_server(StreamableHttpServerConfig::default()))
}

/// The server is up before its issuer: no client is told to discard its token meanwhile.
#[tokio::test(start_paused = true)]
async fn availability_the_server_starts_before_its_issuer() {
    let _held = HeldClock::hold();
    let issuer = TestIssuer::start();
    issuer.go_down();
    let auth = layer(&issuer);
    let url = format!(
        "{}/mcp",
        serve(Router::new().route_service("/mcp", stack(auth.clone()))).await
    );
    let token = bearer(&issuer.mint(RESOURCE).scope("mcp:read"));
    let mut headers = CALL_WHOAMI.to_vec();
    headers.push(("authorization", &token));
    assert_eq!(ask("POST", &url, CALL_WHOAMI, WHOAMI).await.status, 401);
    let early = ask("POST", &url, &headers, WHOAMI).await;
    assert_eq!(early.status, 503);
    assert!(early.headers.contains_key("retry-after"));
    issuer.come_up();
    tokio::time::advance(Duration::from_secs(1)).await;
    until("the keys are there", || auth.keys_health().is_ready()).await;
    assert_eq!(ask("POST", &url, &headers, WHOAMI).await.status, 200);
}

/// What two servers answer to the same request.
async fn pair(
    urls: [&str; 2],
    token: &str,
    exchange: &Exchange<'_>,
    sessions: &[String; 2],
) -> [Answer; 2] {
    let mut answers = Vec::new();
    for (url, session) in urls.into_iter().zip(sessions) {
        let mut headers = exchange.headers.to_vec();
        headers.push(("authorization", token));
        if exchange.in_session {
            headers.push(("mcp-session-id", session));
        }
        let answer = ask(exchange.method, url, &headers, exchange.body);
        answers.push(answer.await);
    }
    answers.try_into().unwrap()
}

struct Exchange<'a> {
    name: &'a str,
    method: &'a str,
    headers: &'a [(&'a str, &'a str)],
    in_session: bool,
    body: &'a str,
    status: u16,
}

/// rmcp answers through the layers as it does without them: status, headers and body.
#[tokio::test]
async fn transparency_answers_are_those_of_the_server() {
    let issuer = TestIssuer::start();
    let auth = JwtAuthLayer::for_mcp(config(&issuer).build().unwrap());
    let token = bearer(&issuer.mint(RESOURCE).scope("mcp:read"));
    let bare = rmcp_server(StreamableHttpServerConfig::default());
    let bare = serve(Router::new().route_service("/mcp", bare)).await + "/mcp";
    let ours = serve(Router::new().route_service("/mcp", stack(auth))).await + "/mcp";
    let hello_headers = [
        CALL_WHOAMI[0],
        CALL_WHOAMI[1],
        CALL_WHOAMI[2],
        CALL_WHOAMI[3],
        ("mcp-name", "hello"),
    ];
    let hello = WHOAMI.replace("whoami", "hello");
    let plain = &CALL_WHOAMI[..2];
    let html = [
        ("content-type", "application/json"),
        ("accept", "text/html"),
    ];
    let text = [("content-type", "text/plain"), CALL_WHOAMI[1]];
    let post = |name, headers, in_session, body, status| Exchange {
        name,
        method: "POST",
        headers,
        in_session,
        body,
        status,
    };
    let exchanges = [
        post(
            "initialize",
            plain,
            false,
            r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
            200,
        ),
        post(
            "initialized",
            plain,
            true,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            202,
        ),
        post(
            "list",
            plain,
            true,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
            200,
        ),
        post(
            "call",
            plain,
            true,
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"hello","arguments":{}}}"#,
            200,
        ),
        post(
            "an unknown method",
            plain,
            true,
            r#"{"jsonrpc":"2.0","id":3,"method":"no/such"}"#,
            200,
        ),
        post("without a session", &hello_headers, false, &hello, 200),
        post("headers that lie", CALL_WHOAMI, false, &hello, 400),
        post("no JSON", plain, true, "{", 415),
        post("no event stream accepted", &html, true, "{}", 406),
        post("another content type", &text, true, "{}", 415),
        Exchange {
            name: "PUT",
            method: "PUT",
            headers: plain,
            in_session: false,
            body: "",
            status: 405,
        },
        Exchange {
            name: "HEAD",
            method: "HEAD",
            headers: plain,
            in_session: true,
            body: "",
            status: 405,
        },
        Exchange {
            name: "end",
            method: "DELETE",
            headers: plain,
            in_session: true,
            body: "",
            status: 202,
        },
        post(
            "ended",
            plain,
            true,
            r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#,
            404,
        ),
    ];
    let mut sessions = [String::new(), String::new()];
    for exchange in &exchanges {
        let mut answers = pair([&bare, &ours], &token, exchange, &sessions).await;
        for (answer, session) in answers.iter_mut().zip(&mut sessions) {
            if let Some(given) = answer.headers.remove("mcp-session-id") {
                *session = given.to_str().unwrap().to_owned();
            }
        }
        assert_eq!(answers[0], answers[1], "{}", exchange.name);
        assert_eq!(answers[1].status, exchange.status, "{}", exchange.name);
    }
    assert!(sessions.iter().all(|session| !session.is_empty()));
}

#[tokio::test]
async fn transparency_sizes_trailers_and_errors_come_through() {
    let issuer = TestIssuer::start();
    let token = bearer(&issuer.mint(RESOURCE));
    let request = || {
        Request::get("/")
            .header("authorization", &token)
            .body(Empty::<Bytes>::new())
    };
    let sized = layer(&issuer).layer(tower::service_fn(async |_: Request<Empty<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("abc")))
    }));
    let body = sized.oneshot(request().unwrap()).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(3));
    let trailing = layer(&issuer).layer(tower::service_fn(async |_: Request<Empty<Bytes>>| {
        let trailers =
            http::HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
        let body = Full::<Bytes>::from("abc").with_trailers(std::future::ready(Some(Ok(trailers))));
        Ok::<_, Infallible>(Response::new(body))
    }));
    let body = trailing
        .oneshot(request().unwrap())
        .await
        .unwrap()
        .into_body();
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "1");
    let failing = layer(&issuer).layer(tower::service_fn(async |_: Request<Empty<Bytes>>| {
        Err::<Response<Full<Bytes>>, _>("the service failed")
    }));
    let error = failing.oneshot(request().unwrap()).await.unwrap_err();
    assert_eq!(error, "the service failed");
}

/// As axum's `route_service` and hyper ask for it, with all of our layers around rmcp.
#[test]
fn fit_axum_and_hyper_take_the_stack() {
    fn axum_takes<S>()
    where
        S: Service<axum::extract::Request, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
    }
    fn hyper_takes<S>()
    where
        S: Service<Request<hyper::body::Incoming>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
    }
    axum_takes::<Stack>();
    hyper_takes::<Stack>();
}

#[tokio::test]
async fn fit_plain_hyper() {
    let issuer = TestIssuer::start();
    let service = TowerToHyperService::new(stack(layer(&issuer)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let good = issuer.mint(RESOURCE).scope("mcp:read");
    for (token, status) in [(good.clone(), 200), (good.scope("mcp:other"), 403)] {
        let token = bearer(&token);
        let mut headers = CALL_WHOAMI.to_vec();
        headers.push(("authorization", &token));
        let answer = ask("POST", &url, &headers, WHOAMI).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(result(&answer)["caller"]["subject"], "alice");
        }
    }
    assert_eq!(ask("POST", &url, CALL_WHOAMI, WHOAMI).await.status, 401);
}

/// Clones share keys: a server that is cloned for each connection fetches once.
#[tokio::test]
async fn fit_clones_share_their_keys() {
    let world = World::start(|config| config).await;
    for _ in 0..3 {
        assert_eq!(world.with_token(&world.token()).await.status, 200);
    }
    assert_eq!(world.issuer.fetches(), 1);
    assert!(world.auth.clone().keys_health().is_ready());
}
