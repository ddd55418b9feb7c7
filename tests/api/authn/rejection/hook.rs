//! The hook of `on_rejection` changes the response and never the verdict.

use http::{HeaderValue, Response};
use tower_jwt_auth::error::RejectionContext;

use super::*;

#[tokio::test]
async fn a_hook_changes_the_answer_and_not_the_verdict() {
    let issuer = TestIssuer::start();
    let layer =
        layer(&issuer).on_rejection(|rejection: &Rejection, context: &RejectionContext<'_>| {
            assert_eq!(context.method, Some(&http::Method::POST));
            assert!(
                rejection
                    .to_response()
                    .headers()
                    .contains_key("www-authenticate")
            );
            let mut response = Response::new(Bytes::from_static(b"{\"jsonrpc\":\"2.0\"}"));
            response
                .headers_mut()
                .insert("x-hook", HeaderValue::from_static("yes"));
            response
        });
    let inner = Counting::default();
    let response = layer
        .layer(inner.clone())
        .oneshot(request(None))
        .await
        .unwrap();
    assert_eq!(
        response.extensions().get::<Rejection>().unwrap().kind(),
        RejectionKind::MissingToken
    );
    let answer = read(response).await;
    assert_eq!((answer.status.as_u16(), inner.calls()), (401, 0));
    assert_eq!(answer.body, "{\"jsonrpc\":\"2.0\"}");
    assert_eq!(answer.headers["x-hook"], "yes");
    // What the hook leaves out is added: the status, the challenge, the caching rule.
    assert_eq!(answer.headers["cache-control"], "no-store");
    let plain = call(&self::layer(&issuer), &inner, request(None)).await;
    let challenge = "www-authenticate";
    assert_eq!(answer.headers[challenge], plain.headers[challenge]);
    // It would describe another body.
    assert!(!answer.headers.contains_key("content-type"));
    let token = issuer.mint(RESOURCE).sign();
    assert_eq!(
        call(&layer, &inner, request(Some(&token))).await.status,
        200
    );
}

#[tokio::test]
async fn a_grpc_response_of_a_hook_keeps_its_status() {
    let issuer = TestIssuer::start();
    for (grpc, status) in [(true, 200), (false, 401)] {
        let layer = layer(&issuer).on_rejection(move |_: &Rejection, _: &RejectionContext<'_>| {
            let mut response = Response::new(Bytes::new());
            if grpc {
                let unauthenticated = HeaderValue::from_static("16");
                response
                    .headers_mut()
                    .insert("grpc-status", unauthenticated);
            }
            response
        });
        let answer = call(&layer, &Counting::default(), request(None)).await;
        assert_eq!(answer.status.as_u16(), status, "grpc: {grpc}");
        assert!(
            answer.headers.contains_key("www-authenticate"),
            "grpc: {grpc}"
        );
    }
}

/// One hook for every layer, extractor and handler behind it.
#[tokio::test]
async fn the_hook_holds_for_everything_inside_the_layer() {
    use axum::Extension;
    use axum::routing::post;
    use tower_jwt_auth::{AuthInfo, Claims, RequireScopesLayer};

    async fn step_up(Extension(auth): Extension<AuthInfo>) -> Result<(), Rejection> {
        Err(Rejection::insufficient_scope(&auth, ["handler"]))
    }
    async fn unfit(_: Claims<Vec<String>>) {}
    async fn needs_caller(_: AuthInfo) {}

    let issuer = TestIssuer::start();
    let layer = layer(&issuer).open_paths(["/extractor"]).on_rejection(
        |rejection: &Rejection, context: &RejectionContext<'_>| {
            let path = context.uri.map_or("no request", |uri| uri.path());
            let line = format!("{path} {:?}", rejection.kind());
            Response::new(line.into())
        },
    );
    let app = axum::Router::new()
        .route(
            "/layer",
            post(|| async {}).layer(RequireScopesLayer::new(["layer"])),
        )
        .route("/handler", post(step_up))
        .route("/claims", post(unfit))
        .route("/extractor", post(needs_caller))
        .layer(layer);
    let token = issuer.mint(RESOURCE).sign();
    for (path, status, body, challenge) in [
        (
            "/layer",
            403,
            "/layer InsufficientScope",
            Some("scope=\"layer\""),
        ),
        (
            "/handler",
            403,
            "no request InsufficientScope",
            Some("scope=\"handler\""),
        ),
        ("/claims", 403, "/claims AccessDenied", None),
        (
            "/extractor",
            401,
            "/extractor MissingToken",
            Some("resource_metadata="),
        ),
    ] {
        let mut request = request(Some(&token));
        *request.uri_mut() = path.parse().unwrap();
        let (parts, _) = request.into_parts();
        let request = http::Request::from_parts(parts, axum::body::Body::empty());
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let found = response.headers().get("www-authenticate");
        let found = found.map(|challenge| challenge.to_str().unwrap().to_owned());
        match challenge {
            Some(part) => assert!(found.unwrap().contains(part), "{path}"),
            None => assert_eq!(found, None, "{path}"),
        }
        let rejection = response.extensions().get::<Rejection>();
        assert!(rejection.is_some(), "{path}");
        let answered = axum::body::to_bytes(response.into_body(), 1000)
            .await
            .unwrap();
        assert_eq!(answered, body, "{path}");
    }
}
