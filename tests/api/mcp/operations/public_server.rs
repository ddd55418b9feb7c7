//! A server that serves callers without a token, and the scopes that its challenges list.

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use tower::ServiceExt as _;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestIssuer;

use super::{CALL, LOOK, NEW, OLD, WRITE, call, scopes};
use crate::support::{Answer, RESOURCE, config, read};

struct PublicServer(Router);

impl PublicServer {
    fn start(
        change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder,
    ) -> (TestIssuer, Self) {
        let issuer = TestIssuer::start();
        let config = change(config(&issuer)).build().unwrap();
        let echo = any(|body: axum::body::Bytes| async move { body });
        let app = Router::new()
            .route("/mcp", echo.layer(scopes().unlisted([""; 0])))
            .layer(JwtAuthLayer::for_mcp(config).optional());
        (issuer, Self(app))
    }

    async fn send(&self, token: Option<&str>, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = http::Request::post("/mcp");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        read(self.0.clone().oneshot(request).await.unwrap()).await
    }
}

/// Public tools, and a sign-in when one is called that is not.
#[tokio::test]
async fn field_f21_an_anonymous_caller_may_do_what_needs_no_scope() {
    let (issuer, server) = PublicServer::start(|config| config.scopes_supported(["mcp:read"]));
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#;
    for headers in [&[OLD][..], &[]] {
        for body in [initialize, list, &call("public")] {
            let answer = server.send(None, headers, body).await;
            assert_eq!(
                (answer.status.as_u16(), &*answer.body),
                (200, body),
                "{headers:?}"
            );
        }
        let batch = format!("[{},{}]", call("public"), call("write"));
        for (body, scope) in [
            (call("write"), Some("mcp:read mcp:write")),
            (call("look"), Some("mcp:read")),
            (batch, Some("mcp:read mcp:write")),
            // Nobody should be asked for every scope for what cannot be read.
            ("{".to_owned(), Some("mcp:read")),
        ] {
            let answer = server.send(None, headers, &body).await;
            assert_eq!(answer.status, 401, "{body}");
            let challenge = answer.challenge().unwrap();
            let got = challenge
                .split("scope=\"")
                .nth(1)
                .and_then(|it| it.split('"').next());
            assert_eq!(got, scope, "{body}: {challenge}");
            assert!(!challenge.contains("error"), "{challenge}");
        }
    }
    // The headers decide as before, and a bad token is never an anonymous caller.
    let headers = [NEW, CALL, WRITE];
    let answer = server.send(None, &headers, &call("write")).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().unwrap().contains("mcp:write"));
    assert_eq!(
        server
            .send(None, &[NEW, CALL, LOOK], &call("look"))
            .await
            .status,
        401
    );
    let expired = issuer
        .mint(RESOURCE)
        .valid(1_000_000_000, std::time::Duration::from_secs(60))
        .sign();
    assert_eq!(
        server.send(Some(&expired), &[], initialize).await.status,
        401
    );
    let token = issuer.mint(RESOURCE).scope("mcp:write").sign();
    assert_eq!(
        server.send(Some(&token), &[], &call("write")).await.status,
        200
    );
    assert_eq!(
        server.send(Some(&token), &[], &call("look")).await.status,
        403
    );
}

/// Clients that cannot step up ask for what the first challenge lists, and for nothing more.
#[tokio::test]
async fn field_f22_every_401_lists_the_initial_scopes() {
    type Change = fn(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder;
    let cases: [(&str, Change, Option<&str>); 5] = [
        ("neither", |config| config, None),
        (
            "required",
            |config| config.required_scopes(["a"]),
            Some("a"),
        ),
        (
            "supported",
            |config| config.required_scopes(["a"]).scopes_supported(["a", "b"]),
            Some("a b"),
        ),
        (
            "initial",
            |config| {
                let config = config.required_scopes(["a"]).scopes_supported(["a", "b"]);
                config.initial_scopes(["a", "c"])
            },
            Some("a c"),
        ),
        (
            "initial alone",
            |config| config.initial_scopes(["c"]),
            Some("c"),
        ),
    ];
    for (name, change, want) in cases {
        let issuer = TestIssuer::start();
        let layer = JwtAuthLayer::for_mcp(change(config(&issuer)).build().unwrap());
        let app = Router::new()
            .route("/mcp", any(|| async { "in" }))
            .layer(layer);
        let good = issuer.mint(RESOURCE).scope("a b c").sign();
        let narrow = issuer.mint(RESOURCE).scope("x").sign();
        let expired = issuer
            .mint(RESOURCE)
            .scope("a b c")
            .valid(1_000_000_000, std::time::Duration::from_secs(60))
            .sign();
        let send = async |token: Option<&str>| {
            let mut request = http::Request::post("/mcp");
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            read(
                app.clone()
                    .oneshot(request.body(Body::empty()).unwrap())
                    .await
                    .unwrap(),
            )
            .await
        };
        let scope = |answer: &Answer| {
            let challenge = answer.challenge().unwrap();
            let value = challenge.split("scope=\"").nth(1)?.split('"').next()?;
            Some(value.to_owned())
        };
        for token in [None, Some(&*expired)] {
            let answer = send(token).await;
            assert_eq!(answer.status, 401, "{name}");
            assert_eq!(scope(&answer).as_deref(), want, "{name} {token:?}");
        }
        assert_eq!(send(Some(&good)).await.status, 200, "{name}");
        // What is needed stays what it was: 403 names the required scopes alone.
        let answer = send(Some(&narrow)).await;
        match name {
            "neither" | "initial alone" => assert_eq!(answer.status, 200, "{name}"),
            _ => {
                assert_eq!(answer.status, 403, "{name}");
                assert_eq!(scope(&answer).as_deref(), Some("a"), "{name}");
            }
        }
    }
    let issuer = TestIssuer::start();
    let refused = config(&issuer)
        .initial_scopes(["a", "offline_access"])
        .build();
    assert!(refused.is_err_and(|error| error.to_string().contains("initial_scopes")));
}
