//! Scopes per route, extractors, and what both do without the layer.

use axum::Router;
use axum::routing::get;
use serde::Deserialize;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, Claims, JwtAuthLayer, RequireScopesLayer};

use crate::support::{RESOURCE, config, send, serve};

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn per_route() {
    let issuer = TestIssuer::start();
    let config = config(&issuer)
        .required_scopes(["base"])
        .scope_hierarchy(|granted, needed| {
            granted == "notes:admin" && needed.starts_with("notes:")
        });
    let app = Router::new()
        .route(
            "/write",
            get(|| async { "ok" }).layer(RequireScopesLayer::new(["notes:write", "notes:read"])),
        )
        .route(
            "/own",
            get(|| async { "ok" })
                .layer(RequireScopesLayer::new(["x:1"]).hierarchy(|granted, _| granted == "x:all")),
        )
        .route(
            "/any",
            get(|| async { "ok" }).layer(RequireScopesLayer::new([""; 0])),
        )
        .layer(JwtAuthLayer::new(config.build().unwrap()));
    let base = serve(app).await;
    let challenge = format!(
        r#"Bearer error="insufficient_scope", scope="base notes:write notes:read", resource_metadata="{METADATA}", error_description="The access token lacks a scope that this operation needs""#
    );
    let cases = [
        ("/write", "base notes:read notes:write", 200),
        ("/write", "base notes:admin", 200),
        ("/write", "base notes:write", 403),
        ("/write", "base notes:writer notes:read", 403),
        ("/write", "base", 403),
        ("/own", "base x:1", 200),
        ("/own", "base x:all", 200),
        ("/own", "base notes:admin", 403),
        ("/any", "base", 200),
    ];
    for (path, scope, status) in cases {
        let token = issuer.mint(RESOURCE).scope(scope).sign();
        let answer = send(
            "GET",
            &format!("{base}{path}"),
            &[&format!("Bearer {token}")],
        )
        .await;
        assert_eq!(answer.status, status, "{path} {scope}");
        if (path, status) == ("/write", 403) {
            assert_eq!(answer.challenge(), Some(challenge.as_str()), "{scope}");
        }
    }
}

#[derive(Deserialize)]
struct Tenant {
    tid: String,
}

fn extracting() -> Router {
    Router::new()
        .route(
            "/auth",
            get(|auth: AuthInfo| async move { auth.client_id().to_owned() }),
        )
        .route(
            "/maybe",
            get(|auth: Option<AuthInfo>| async move {
                auth.map_or("nobody".to_owned(), |a| a.client_id().to_owned())
            }),
        )
        .route(
            "/claims",
            get(|Claims(tenant): Claims<Tenant>| async move { tenant.tid }),
        )
        .route(
            "/scoped",
            get(|| async { "ok" }).layer(RequireScopesLayer::new(["a"])),
        )
}

#[tokio::test]
async fn extractors_with_the_layer() {
    let issuer = TestIssuer::start();
    let config = config(&issuer).build().unwrap();
    let base = serve(extracting().layer(JwtAuthLayer::new(config).optional())).await;
    let plain = format!("Bearer {}", issuer.mint(RESOURCE).sign());
    let tenant = format!(
        "Bearer {}",
        issuer.mint(RESOURCE).claim("tid", "t-1").scope("a").sign()
    );
    let missing = format!(r#"Bearer resource_metadata="{METADATA}""#);
    let cases: [(&str, &[&str], u16, &str, Option<&str>); 9] = [
        ("/auth", &[&plain], 200, "test-client", None),
        ("/auth", &[], 401, "", Some(&missing)),
        ("/maybe", &[&plain], 200, "test-client", None),
        ("/maybe", &[], 200, "nobody", None),
        ("/claims", &[&tenant], 200, "t-1", None),
        // The token is good: a challenge would make the client fetch one just like it.
        ("/claims", &[&plain], 403, "", None),
        ("/claims", &[], 401, "", Some(&missing)),
        ("/scoped", &[&tenant], 200, "ok", None),
        ("/scoped", &[], 401, "", Some(&missing)),
    ];
    for (path, authorization, status, body, challenge) in cases {
        let answer = send("GET", &format!("{base}{path}"), authorization).await;
        assert_eq!(answer.status, status, "{path} {authorization:?}");
        assert_eq!(answer.challenge(), challenge, "{path}");
        if status == 200 {
            assert_eq!(answer.body, body, "{path}");
        }
    }
}

#[tokio::test]
async fn without_the_layer_everything_is_closed() {
    let base = serve(extracting()).await;
    for path in ["/auth", "/maybe", "/claims", "/scoped"] {
        let answer = send("GET", &format!("{base}{path}"), &["Bearer x"]).await;
        assert_eq!(answer.status, 500, "{path}");
        assert_eq!(answer.json()["error"], "server_error", "{path}");
    }
}
