//! The protected resource metadata: rows M1, M2, M3, S5, S6 and S7.

use axum::Router;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::mcp::McpScopesLayer;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer};

use super::{METADATA, World, ask, bearer};
use crate::support::{Counting, RESOURCE, call, layer, naive_client, request, serve};

mod authorization_servers;

const INSERTED: &str = "/.well-known/oauth-protected-resource/mcp";

const ROOT: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn m1_m2_m3_the_document_is_open_and_says_what_was_configured() {
    let world = World::start(|config| {
        config
            .required_scopes(["mcp:read"])
            .resource_name("Notes (beta)")
            .resource_documentation("https://docs.example.com/notes")
            .resource_policy_uri("https://example.com/policy")
            .resource_tos_uri("https://example.com/terms")
            .resource_jwks_uri("https://mcp.example.com/jwks")
    })
    .await;
    let golden = json!({
        "resource": "https://mcp.example.com/mcp",
        "authorization_servers": [world.issuer.issuer()],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["mcp:read"],
        "resource_name": "Notes (beta)",
        "resource_documentation": "https://docs.example.com/notes",
        "resource_policy_uri": "https://example.com/policy",
        "resource_tos_uri": "https://example.com/terms",
        "jwks_uri": "https://mcp.example.com/jwks",
    });
    for path in [INSERTED, ROOT] {
        // Credentials of any kind: nobody reads them.
        for authorization in [&[][..], &["Bearer junk"], &["Bearer a", "Bearer b"]] {
            let answer = world.ask("GET", path, authorization, "").await;
            assert_eq!(answer.status, 200, "{path} {authorization:?}");
            assert_eq!(answer.headers["content-type"], "application/json");
            assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
            assert_eq!(answer.json(), golden);
        }
    }
    let guarded = world.ask("GET", "/mcp/.well-known", &[], "").await;
    assert_eq!(guarded.status, 401, "what is beside it is not open");
    assert_eq!((world.reached(), world.issuer.fetches()), (0, 0));
}

/// Clients refuse null, and take an empty list for "no scopes at all".
#[tokio::test]
async fn m1_what_is_not_set_is_left_out() {
    let world = World::start(|config| config).await;
    let answer = world.ask("GET", INSERTED, &[], "").await;
    let members: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    let mut want = [
        "resource",
        "authorization_servers",
        "bearer_methods_supported",
    ];
    want.sort_unstable();
    assert_eq!(members, want);
    assert!(!answer.body.contains("null") && !answer.body.contains("[]"));
}

#[tokio::test]
async fn m1_methods_and_cors_of_the_document() {
    let world = World::start(|config| config).await;
    let origin = ("origin", "https://app.example.com");
    for path in [INSERTED, ROOT] {
        let url = format!("{}{path}", world.base);
        let found = ask("GET", &url, &[origin], "").await;
        for (method, status) in [
            ("GET", 200),
            ("HEAD", 200),
            ("OPTIONS", 204),
            ("POST", 405),
            ("PUT", 405),
            ("PATCH", 405),
            ("DELETE", 405),
        ] {
            let asked = ("access-control-request-headers", "mcp-protocol-version");
            let answer = ask(method, &url, &[origin, asked], "").await;
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(
                answer.headers["access-control-allow-origin"], "*",
                "{method}"
            );
            let header = |name| answer.headers.get(name).map(|it| it.to_str().unwrap());
            match method {
                "GET" => {}
                "HEAD" => {
                    assert_eq!(answer.body, "");
                    assert_eq!(answer.headers, found.headers, "as GET, with its length");
                }
                _ => assert_eq!(header("allow"), Some("GET, HEAD, OPTIONS"), "{method}"),
            }
            if method == "OPTIONS" {
                assert_eq!(
                    header("access-control-allow-headers"),
                    Some("mcp-protocol-version")
                );
                assert_eq!(
                    header("access-control-allow-methods"),
                    Some("GET, HEAD, OPTIONS")
                );
            }
        }
    }
}

fn with_resource(resource: &str) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(resource)
        .issuer("https://idp.example.com")
}

/// RFC 9728 §3.1. The challenge names the same URL, so that clients find it whichever way they go.
#[tokio::test]
async fn m1_m3_the_path_is_inserted_and_the_challenge_names_it() {
    let at = |rest: &str| format!("/.well-known/oauth-protected-resource{rest}");
    for (resource, origin, path) in [
        ("https://h.example.com", "https://h.example.com", at("")),
        ("https://h.example.com/", "https://h.example.com", at("")),
        (
            "https://h.example.com/mcp",
            "https://h.example.com",
            at("/mcp"),
        ),
        (
            "https://h.example.com/a/b/",
            "https://h.example.com",
            at("/a/b/"),
        ),
        (
            "https://h.example.com:8443/mcp",
            "https://h.example.com:8443",
            at("/mcp"),
        ),
        (
            "https://H.Example.com/Mcp",
            "https://H.Example.com",
            at("/Mcp"),
        ),
        ("http://[::1]:3000/mcp", "http://[::1]:3000", at("/mcp")),
    ] {
        let layer = JwtAuthLayer::new(with_resource(resource).build().unwrap());
        let url = format!("{origin}{path}");
        let inner = Counting::default();
        let mut asked = request(None);
        *asked.method_mut() = http::Method::GET;
        *asked.uri_mut() = path.parse().unwrap();
        let document = call(&layer, &inner, asked).await;
        assert_eq!(document.status, 200, "{resource}");
        assert_eq!(
            document.json()["resource"],
            resource,
            "S6: byte for byte as it was configured"
        );
        let refused = call(&layer, &inner, request(None)).await;
        let challenge = refused.challenge().unwrap();
        assert_eq!(
            challenge,
            format!("Bearer resource_metadata=\"{url}\""),
            "{resource}"
        );
        let seen = naive_client::parameter(challenge, "resource_metadata");
        assert_eq!(
            seen.as_deref(),
            Some(&*url),
            "what careless clients make of it"
        );
        assert_eq!(inner.calls(), 0);
    }
}

#[test]
fn m1_m2_what_would_be_no_metadata_does_not_build() {
    assert!(with_resource(RESOURCE).build().is_ok());
    let without = JwtAuthConfig::builder().resource(RESOURCE).build();
    assert_eq!(
        without.unwrap_err(),
        ConfigError::IssuerMissing,
        "no authorization server"
    );
    for resource in [
        "/mcp",
        "mcp.example.com/mcp",
        "https:///mcp",
        "https://mcp.example.com/mcp#x",
        "https://mcp.example.com/mcp?x=1",
        "http://mcp.example.com/mcp",
        "https://user@mcp.example.com/mcp",
    ] {
        let error = with_resource(resource).build().unwrap_err();
        assert!(
            matches!(
                error,
                ConfigError::InvalidUrl {
                    setting: "resource",
                    ..
                }
            ),
            "{resource}: {error:?}"
        );
    }
}

#[tokio::test]
async fn s5_offline_access_is_never_advertised() {
    for (setting, config) in [
        (
            "required_scopes",
            with_resource(RESOURCE).required_scopes(["mcp:read", "offline_access"]),
        ),
        (
            "scopes_supported",
            with_resource(RESOURCE).scopes_supported(["mcp:read", "offline_access"]),
        ),
    ] {
        let error = config.build().unwrap_err();
        let is_named =
            matches!(error, ConfigError::OfflineAccess { setting: named, .. } if named == setting);
        assert!(is_named, "{error:?}");
    }
    // A scope that an operation demands is still demanded, and left out of the challenge.
    let issuer = TestIssuer::start();
    let scopes = McpScopesLayer::new().method("tools/list", ["mcp:list", "offline_access"]);
    let server = axum::routing::any(|| async { "in" }).layer(scopes);
    let app = Router::new().route("/mcp", server).layer(layer(&issuer));
    let url = format!("{}/mcp", serve(app).await);
    for (granted, status) in [("mcp:list offline_access", 200), ("mcp:list", 403)] {
        let token = bearer(&issuer.mint(RESOURCE).scope(granted));
        let list = [
            ("authorization", &*token),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/list"),
        ];
        let answer = ask("POST", &url, &list, "").await;
        assert_eq!(answer.status, status, "{granted}");
        if let Some(challenge) = answer.challenge() {
            assert!(challenge.contains(r#" scope="mcp:list","#), "{challenge}");
        }
    }
}

/// The scopes that basic use needs, and not every scope there is.
#[tokio::test]
async fn s7_scopes_supported_is_what_every_operation_needs_unless_set() {
    let base = World::start(|config| config.required_scopes(["mcp:read"])).await;
    let document = base.ask("GET", INSERTED, &[], "").await.json();
    assert_eq!(document["scopes_supported"], json!(["mcp:read"]));

    let set = World::start(|config| {
        config
            .required_scopes(["mcp:read"])
            .scopes_supported(["mcp:read", "mcp:list"])
    })
    .await;
    let document = set.ask("GET", INSERTED, &[], "").await.json();
    assert_eq!(
        document["scopes_supported"],
        json!(["mcp:read", "mcp:list"])
    );
    assert_eq!(
        set.whoami(&[]).await.challenge(),
        Some(&*format!(
            r#"Bearer scope="mcp:read mcp:list", resource_metadata="{METADATA}""#
        )),
        "S1: the challenge asks for what the metadata advises"
    );
}

fn document(config: JwtAuthConfigBuilder) -> Value {
    let layer = JwtAuthLayer::new(config.build().unwrap());
    serde_json::from_slice(&layer.resource_metadata().unwrap().document()).unwrap()
}
