//! Where the metadata document is found, wherever the layer stands.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::Request;
use serde_json::json;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::service::{MetadataRoutes, ResourceMetadata};
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{
    AuthInfo, DrainRefusedLayer, JwtAuthConfig, JwtAuthLayer, RequireScopesLayer,
};

use crate::support::{Answer, Counting, RESOURCE, call, config, read, request};

mod patterns;
mod unread;

const ROOT: &str = "/.well-known/oauth-protected-resource";

fn config_of(resource: &str) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(resource)
        .issuer("https://idp.example.com")
}

fn layer(resource: &str) -> JwtAuthLayer {
    JwtAuthLayer::new(config_of(resource).build().unwrap())
}

async fn get_from(app: &Router, path: &str) -> Answer {
    ask(app, "GET", path, None).await
}

async fn ask(app: &Router, method: &str, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    read(app.clone().oneshot(request).await.unwrap()).await
}

/// The path of the document that the challenge to a request without a token names.
async fn challenged(app: &Router, path: &str) -> String {
    let refused = ask(app, "POST", path, None).await;
    assert_eq!(refused.status, 401, "{path}");
    let challenge = refused.challenge().unwrap();
    let url = challenge.split_once("resource_metadata=\"").unwrap().1;
    let url: http::Uri = url.split_once('"').unwrap().0.parse().unwrap();
    url.path().to_owned()
}

/// Which resource the document at `path` describes; `None` when there is none.
async fn resource_at(app: &Router, path: &str) -> Option<String> {
    let answer = get_from(app, path).await;
    let is_document = answer.status == 200 && answer.body.starts_with('{');
    is_document.then(|| answer.json()["resource"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn field_f19_a_slash_more_or_less_finds_the_document() {
    let at = |path: &str| format!("{ROOT}{path}");
    for (resource, found, lost) in [
        (
            "https://h.example.com/mcp",
            vec!["", "/", "/mcp", "/mcp/"],
            vec!["//", "/mcp//", "/mcp/x", "/mcpx", "/mc", "//mcp", "/MCP"],
        ),
        (
            "https://h.example.com/a/b/",
            vec!["", "/", "/a/b", "/a/b/"],
            vec!["/a", "/a/", "/a/b//", "/b"],
        ),
        (
            "https://h.example.com",
            vec!["", "/"],
            vec!["//", "/mcp", "s"],
        ),
        (
            "https://h.example.com/",
            vec!["", "/"],
            vec!["//", "/mcp", "s"],
        ),
    ] {
        let (auth, inner) = (layer(resource), Counting::default());
        let status = async |path: &str| {
            let mut asked = request(None);
            *asked.method_mut() = http::Method::GET;
            *asked.uri_mut() = path.parse().unwrap();
            let answer = call(&auth, &inner, asked).await;
            if answer.status == 200 {
                assert_eq!(answer.json()["resource"], resource, "{path}");
            }
            answer.status.as_u16()
        };
        for path in found {
            assert_eq!(status(&at(path)).await, 200, "{resource} at {path:?}");
        }
        for path in lost {
            assert_eq!(status(&at(path)).await, 401, "{resource} at {path:?}");
        }
        assert_eq!(inner.calls(), 0);
    }
}

#[tokio::test]
async fn field_f10_a_router_serves_its_own_path_alone() {
    let at = |path: &str| format!("{ROOT}{path}");
    let routes = Router::new().without_v07_checks();
    let routes = routes.route("/in", post(|| async { "in" }));
    for (resource, found, lost) in [
        (
            "https://h.example.com/a/mcp",
            vec!["/a/mcp", "/a/mcp/"],
            vec!["", "/", "/a", "/a/mcp//"],
        ),
        (
            "https://h.example.com/a/mcp/",
            vec!["/a/mcp", "/a/mcp/"],
            vec!["", "/", "/a"],
        ),
        // What older versions of axum took for patterns.
        (
            "https://h.example.com/:a/*b",
            vec!["/:a/*b", "/:a/*b/"],
            vec!["", "/x/y"],
        ),
        (
            "https://h.example.com/{a}",
            vec!["/%7Ba%7D", "/%7Ba%7D/"],
            vec!["", "/x"],
        ),
        ("https://h.example.com", vec!["", "/"], vec!["/mcp"]),
    ] {
        let auth = layer(resource);
        let routers: [Router; 3] = [
            auth.resource_metadata().unwrap().router(),
            auth.metadata_router(),
            auth.protect(routes.clone()),
        ];
        for (which, router) in routers.iter().enumerate() {
            for path in &found {
                let got = resource_at(router, &at(path)).await;
                assert_eq!(got.as_deref(), Some(resource), "{which}: {path:?}");
            }
            for path in &lost {
                let status = get_from(router, &at(path)).await.status;
                assert_eq!(status, 404, "{which}: {resource} at {path:?}");
            }
        }
    }
    let without = JwtAuthConfig::builder()
        .issuer("https://idp.example.com")
        .audience("a");
    let without = JwtAuthLayer::new(without.build().unwrap());
    assert!(!without.metadata_router::<()>().has_routes());
}

/// Each as a router of its own, as in a program with one module for each server.
#[tokio::test]
async fn field_f10_m02_several_resources_in_one_router() {
    let server = |name: &'static str| {
        let path = format!("/{name}/mcp");
        let auth = layer(&format!("https://h.example.com{path}"));
        let routes = Router::new().route(&path, post(move || async move { name }));
        (auth, routes)
    };
    let ((notes, notes_routes), (mail, mail_routes)) = (server("notes"), server("mail"));
    let protected = Router::new()
        .merge(notes.protect(notes_routes.clone()))
        .merge(mail.protect(mail_routes.clone()));
    let with_root = Router::new()
        .merge(notes_routes.route_layer(notes.clone()))
        .merge(mail_routes.route_layer(mail.clone()))
        .layer(DrainRefusedLayer::new())
        .merge(MetadataRoutes::of([&notes, &mail]).router());
    for (app, root) in [
        (&protected, None),
        (&with_root, Some("https://h.example.com/notes/mcp")),
    ] {
        for name in ["notes", "mail"] {
            let path = challenged(app, &format!("/{name}/mcp")).await;
            assert_eq!(path, format!("{ROOT}/{name}/mcp"));
            for path in [&path, &format!("{path}/")] {
                let want = format!("https://h.example.com/{name}/mcp");
                assert_eq!(resource_at(app, path).await, Some(want));
            }
        }
        for path in [ROOT, &format!("{ROOT}/")] {
            assert_eq!(resource_at(app, path).await.as_deref(), root);
        }
        assert_eq!(
            get_from(app, &format!("{ROOT}/other/mcp")).await.status,
            404
        );
    }
}

#[tokio::test]
async fn field_f10_the_root_form_belongs_to_an_origin_or_to_the_first() {
    let [first, origin] = ["https://h.example.com/mcp", "https://h.example.com"];
    let (mcp, whole) = (layer(first), layer(origin));
    for (layers, root) in [
        (vec![&mcp], first),
        (vec![&whole], origin),
        (vec![&mcp, &whole], origin),
        (vec![&whole, &mcp], origin),
    ] {
        let routes = MetadataRoutes::of(layers);
        for path in [ROOT, &format!("{ROOT}/")] {
            let at = routes.at(path).map(ResourceMetadata::document);
            let served = get_from(&routes.router(), path).await;
            assert_eq!(served.json()["resource"], root);
            assert_eq!(at.unwrap(), &served.body);
        }
        assert!(routes.at(&format!("{ROOT}//")).is_none());
    }
    // Two routers merge, because only the origin has the root form.
    let merged = mcp.metadata_router().merge(whole.metadata_router());
    assert_eq!(resource_at(&merged, ROOT).await.as_deref(), Some(origin));
    assert!(!MetadataRoutes::of([]).router::<()>().has_routes());
}

/// Each has its own document at its own path, and not that of the other.
#[tokio::test]
async fn field_f10_resources_that_differ_by_a_slash() {
    let [without, with] = ["https://h.example.com/a", "https://h.example.com/a/"];
    let (first, second) = (layer(with), layer(without));
    let app: Router = MetadataRoutes::of([&first, &second]).router();
    for (path, resource) in [("/a", without), ("/a/", with), ("", with)] {
        let got = resource_at(&app, &format!("{ROOT}{path}")).await;
        assert_eq!(got.as_deref(), Some(resource), "{path}");
    }
}

/// The URL in the challenge leads to the document, whatever is put around the protected routes, and
/// in whichever order.
#[tokio::test]
async fn field_m01_protect_does_not_depend_on_order() {
    let issuer = TestIssuer::start();
    let auth = JwtAuthLayer::new(config(&issuer).build().unwrap());
    let token = issuer.mint(RESOURCE).sign();
    let hello = |auth: AuthInfo| async move { auth.client_id().to_owned() };
    let mcp = || Router::new().route("/mcp", post(hello));
    let public = || Router::new().route("/public", get(|| async { "public" }));
    let spa = || async { "the page" };
    let same = tower::layer::util::Identity::new();

    for (name, app, path, elsewhere) in [
        ("alone", auth.protect(mcp()), "/mcp", 404),
        (
            "then public",
            auth.protect(mcp()).merge(public()),
            "/mcp",
            404,
        ),
        (
            "public first",
            public().merge(auth.protect(mcp())),
            "/mcp",
            404,
        ),
        (
            "nested inside",
            auth.protect(Router::new().nest("/api", mcp())),
            "/api/mcp",
            404,
        ),
        (
            "then a page for all other paths",
            auth.protect(mcp()).fallback(spa),
            "/mcp",
            200,
        ),
        (
            "the page first",
            Router::new().fallback(spa).merge(auth.protect(mcp())),
            "/mcp",
            200,
        ),
        (
            "a layer outside",
            auth.protect(mcp()).layer(same),
            "/mcp",
            404,
        ),
        (
            "a layer inside",
            auth.protect(mcp().layer(RequireScopesLayer::new([""; 0]))),
            "/mcp",
            404,
        ),
        (
            "as a service inside",
            auth.protect(Router::new().nest_service("/mcp", mcp().into_service::<Body>())),
            "/mcp/mcp",
            404,
        ),
        (
            "every path",
            auth.protect(Router::new().route("/{*rest}", post(hello))),
            "/mcp",
            405,
        ),
    ] {
        let document = challenged(&app, path).await;
        for document in [document.clone(), format!("{document}/")] {
            let got = resource_at(&app, &document).await;
            assert_eq!(got.as_deref(), Some(RESOURCE), "{name}: {document}");
        }
        let welcome = ask(&app, "POST", path, Some(&token)).await;
        assert_eq!(welcome.status, 200, "{name}");
        let lost = ask(&app, "GET", "/elsewhere", Some(&token)).await;
        assert_eq!(lost.status, elsewhere, "{name}");
        if name.contains("public") {
            assert_eq!(get_from(&app, "/public").await.body, "public", "{name}");
        }
    }
}

#[tokio::test]
async fn field_m03_one_resource_and_two_issuers_have_one_document() {
    let with = |change: fn(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder, resource: &str| {
        let config = change(JwtAuthConfig::builder()).resource(resource);
        JwtAuthLayer::new(config.build().unwrap())
    };
    let users = with(
        |config| {
            config
                .add_issuer(Issuer::new("https://users.example.com"))
                .add_issuer(Issuer::new("https://both.example.com"))
                .required_scopes(["read"])
                .resource_name("Notes")
        },
        RESOURCE,
    );
    let machines = |resource: &str| {
        with(
            |config| {
                config
                    .add_issuer(Issuer::new("https://both.example.com"))
                    .add_issuer(Issuer::new("https://machines.example.com"))
                    .scopes_supported(["run", "read"])
                    .resource_name("Machines")
                    .resource_policy_uri("https://example.com/policy")
            },
            resource,
        )
    };
    let document = |layers: [&JwtAuthLayer; 2]| {
        let routes = MetadataRoutes::of(layers);
        let at = routes.at(&format!("{ROOT}/mcp")).unwrap().document();
        serde_json::from_slice::<serde_json::Value>(&at).unwrap()
    };
    let joined = json!({
        "resource": RESOURCE,
        "authorization_servers": [
            "https://users.example.com", "https://both.example.com", "https://machines.example.com",
        ],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read", "run"],
        "resource_name": "Notes",
        "resource_policy_uri": "https://example.com/policy",
    });
    // The same URL, however it is spelled.
    for resource in [RESOURCE, "https://MCP.example.com:443/mcp"] {
        assert_eq!(document([&users, &machines(resource)]), joined);
    }
    // Another host is another resource: its issuers are not for this one.
    let other = machines("https://other.example.com/mcp");
    let names = document([&users, &other])["authorization_servers"].clone();
    let own = ["https://users.example.com", "https://both.example.com"];
    assert_eq!(names, json!(own));
    let app: Router = MetadataRoutes::of([&users, &machines(RESOURCE)]).router();
    for path in ["", "/", "/mcp", "/mcp/"] {
        let got = get_from(&app, &format!("{ROOT}{path}")).await.json();
        assert_eq!(got, joined, "{path}");
    }
}
