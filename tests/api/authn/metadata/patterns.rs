//! Resources whose paths a router could take for patterns.

use super::*;

/// Older versions of axum took a segment that starts with `:` or `*` for a pattern, and newer ones
/// panic when they get one.
#[tokio::test]
async fn field_f10_a_segment_that_looks_like_a_pattern_is_served() {
    let at = |path: &str| format!("{ROOT}{path}");
    let open = |path: &str| Router::new().route(path, post(|| async { "in" }));
    for path in [
        "/:id", "/*all", "/:", "/*", "/a/:id/b", "/:a/*b", "/:id/", "/a:b",
    ] {
        let resource = format!("https://h.example.com{path}");
        let auth = layer(&resource);
        // Routers as every program has them, with the check for patterns.
        let routers: [Router; 4] = [
            open("/in").merge(auth.metadata_router()),
            auth.metadata_router().merge(open("/in")),
            open("/in").merge(auth.protect(open("/other"))),
            open("/in").merge(MetadataRoutes::of([&auth]).router()),
        ];
        for (which, router) in routers.iter().enumerate() {
            for path in [path, path.trim_end_matches('/')] {
                let got = resource_at(router, &at(path)).await;
                assert_eq!(got.as_deref(), Some(&*resource), "{which}: {path}");
            }
            for other in ["/x", "/x/y", "/a/x/b", "/%3Aid"] {
                let status = get_from(router, &at(other)).await.status;
                assert_eq!(status, 404, "{which}: {path} at {other}");
            }
            assert_eq!(ask(router, "POST", &at(path), None).await.status, 405);
        }
    }
    // Several of them, and one that a pattern would cover.
    let resources =
        ["/:a", "/:b", "/c", "/:d/e"].map(|path| format!("https://h.example.com{path}"));
    let layers = resources.each_ref().map(|resource| layer(resource));
    let router: Router = open("/in").merge(MetadataRoutes::of(&layers).router());
    for (resource, path) in resources.iter().zip(["/:a", "/:b", "/c", "/:d/e"]) {
        let got = resource_at(&router, &at(path)).await;
        assert_eq!(got.as_ref(), Some(resource), "{path}");
    }
    assert_eq!(get_from(&router, &at("/:x")).await.status, 404);
}
