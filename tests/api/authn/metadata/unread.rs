//! A metadata document that no client gets is reported.

use std::time::Duration;

use tokio::time::advance;
use tower_jwt_auth::mcp::McpScopesLayer;

use super::*;
use crate::support::capture;

#[tokio::test(start_paused = true)]
async fn field_m04_a_document_that_nobody_gets_is_reported_once() {
    let (log, _guard) = capture();
    let mut events = 0;
    let mut reported = |name: &str, more: usize| {
        events += more;
        assert_eq!(
            log.counts("metadata_unreachable"),
            events,
            "{name}:\n{}",
            log.text()
        );
    };
    let minute = Duration::from_secs(60);
    let refuse = async |app: &Router, times: usize| {
        for _ in 0..times {
            assert_eq!(ask(app, "POST", "/mcp", None).await.status, 401);
            advance(minute).await;
        }
    };
    let mcp = || Router::new().route("/mcp", post(|| async { "in" }));

    let app = mcp().route_layer(layer(RESOURCE));
    refuse(&app, 9).await;
    reported("nine", 0);
    refuse(&app, 1).await;
    reported("ten", 1);
    assert!(
        log.text()
            .contains(&format!("https://mcp.example.com{ROOT}/mcp"))
    );
    refuse(&app, 30).await;
    reported("once", 0);

    // What a person tries by hand, however often: many requests in a row, or requests with a token.
    let app = mcp().route_layer(layer(RESOURCE));
    for _ in 0..9 {
        refuse(&app, 1).await;
        for token in ["a.b.c", "opaque", "Bearer a"] {
            for _ in 0..10 {
                assert_eq!(ask(&app, "POST", "/mcp", Some(token)).await.status, 401);
            }
            advance(minute).await;
        }
    }
    reported("requests with a token", 0);
    refuse(&app, 1).await;
    reported("the tenth without", 1);
    let app = mcp().route_layer(layer(RESOURCE));
    for _ in 0..9 {
        for _ in 0..30 {
            assert_eq!(ask(&app, "POST", "/mcp", None).await.status, 401);
            advance(Duration::from_secs(1)).await;
        }
        advance(minute - Duration::from_secs(30)).await;
    }
    reported("in a row", 0);
    refuse(&app, 1).await;
    reported("the tenth minute", 1);

    // A preflight request alone gets no document, and neither does a request for another one.
    let app = layer(RESOURCE).protect(mcp());
    refuse(&app, 9).await;
    let document = format!("{ROOT}/mcp");
    assert_eq!(ask(&app, "OPTIONS", &document, None).await.status, 204);
    assert_eq!(get_from(&app, ROOT).await.status, 404);
    refuse(&app, 1).await;
    reported("a preflight alone", 1);

    let auth = layer(RESOURCE);
    let router = || auth.metadata_router();
    let other = layer("https://mcp.example.com/other");
    for (name, app) in [
        ("protect", layer(RESOURCE).protect(mcp())),
        ("the layer itself", mcp().layer(layer(RESOURCE))),
        (
            "the router",
            mcp().route_layer(auth.clone()).merge(router()),
        ),
        (
            "several",
            mcp()
                .route_layer(auth.clone())
                .merge(MetadataRoutes::of([&auth, &other]).router()),
        ),
        (
            "two of one resource",
            mcp()
                .route_layer(auth.clone())
                .merge(MetadataRoutes::of([&layer(RESOURCE), &auth]).router()),
        ),
    ] {
        refuse(&app, 9).await;
        let method = if name == "protect" { "HEAD" } else { "GET" };
        assert_eq!(ask(&app, method, &document, None).await.status, 200);
        refuse(&app, 30).await;
        reported(name, 0);
    }

    // Without a resource, challenges name no document.
    let without = JwtAuthConfig::builder()
        .issuer("https://idp.example.com")
        .audience("a");
    let without = JwtAuthLayer::new(without.build().unwrap());
    refuse(&mcp().route_layer(without), 30).await;
    reported("no resource", 0);

    // The inner layers send the challenges where the outer one lets everybody pass.
    let scopes = || McpScopesLayer::new().method("tools/list", ["a"]);
    for (name, app) in [
        (
            "scopes of a route",
            mcp().route_layer(RequireScopesLayer::new(["a"])),
        ),
        ("scopes of an operation", mcp().route_layer(scopes())),
        (
            "an extractor",
            Router::new().route("/mcp", post(|_: AuthInfo| async {})),
        ),
    ] {
        let app = app.route_layer(layer(RESOURCE).optional());
        refuse(&app, 9).await;
        reported(name, 0);
        refuse(&app, 1).await;
        reported(name, 1);
    }

    // A program with its own HTTP layer may serve the document in its own way.
    let verifier = layer(RESOURCE).verifier();
    for _ in 0..30 {
        let (parts, ()) = Request::new(()).into_parts();
        assert!(verifier.verify_request(&parts).await.is_err());
    }
    reported("a verifier", 0);
    let hooked = layer(RESOURCE).on_rejection(|rejection, _| rejection.to_response());
    let service = hooked.layer(Counting::default());
    for _ in 0..10 {
        let answer = service.clone().oneshot(request(None)).await.unwrap();
        assert_eq!(answer.status(), 401);
        advance(minute).await;
    }
    reported("with a hook", 1);
}
