//! N98-N100 and N102: what a token grants.

use axum::Router;
use axum::routing::get;
use tower_jwt_auth::RequireScopesLayer;
use tower_jwt_auth::error::TokenErrorKind::MalformedClaims;
use tower_jwt_auth::test_util::TestIssuer;

use super::*;
use crate::support::{config, send, serve};

pub(super) fn tables() -> Vec<Table> {
    vec![scope_types()]
}

fn scope_types() -> Table {
    let mut table = Table::usual();
    for claim in ["scope", "scp"] {
        for fine in [json!("a b"), json!(["a", "b"]), json!(""), json!([])] {
            table = table.accepts(
                format!("n98 {claim} {fine}"),
                claiming(json!({claim: fine})),
            );
        }
        for odd in [
            json!(1),
            json!({}),
            json!(["a", 1]),
            json!(true),
            Value::Null,
            json!([["a"]]),
            json!([null]),
        ] {
            table = table.refuses(
                format!("n98 {claim} {odd}"),
                claiming(json!({claim: odd})),
                MalformedClaims,
            );
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n98_scopes_of_a_wrong_type() {
    scope_types().check().await;
    let auth = fixed(&all_keys())
        .verify(&claiming(json!({"scope": "a b", "scp": ["c"]})))
        .await
        .unwrap();
    assert_eq!(auth.scopes(), ["a", "b", "c"], "n98 both are read");
}
#[tokio::test]
async fn n102_claims_that_name_a_power_give_none() {
    let config = rules()
        .required_scopes(["mcp:read"])
        .jwks(json!({"keys": all_keys()}));
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let powers = json!({
        "act": {"sub": "admin", "scope": "mcp:read"}, "may_act": {"sub": "admin"}, "admin": true, "role": "admin",
        "roles": ["mcp:read"], "permissions": ["mcp:read"], "scopes": "mcp:read", "authorized": true,
    });
    for (name, claims, status) in [
        ("the scope", json!({"scope": "mcp:read"}), 200),
        (
            "the scope, and powers",
            with(powers.clone(), &json!({"scope": "mcp:read"})),
            200,
        ),
        ("powers alone", powers.clone(), 403),
        (
            "another actor's scope",
            json!({"act": {"scope": "mcp:read"}}),
            403,
        ),
    ] {
        let inner = Counting::default();
        let answer = call(&layer, &inner, request(Some(&claiming(claims)))).await;
        assert_eq!(answer.status, status, "n102 {name}");
        assert_eq!(inner.calls(), u64::from(status == 200), "n102 {name}");
    }
    let token = claiming(powers);
    let auth = fixed(&all_keys()).verify(&token).await.unwrap();
    assert!(
        auth.scopes().is_empty() && auth.subject().is_none() && auth.client_id() == "jwt",
        "n102"
    );
}
#[tokio::test]
async fn n99_n100_a_scope_that_is_missing_or_only_looks_alike() {
    let issuer = TestIssuer::start();
    let inner = Counting::default();
    let layer = JwtAuthLayer::new(
        config(&issuer)
            .required_scopes(["mcp:read"])
            .build()
            .unwrap(),
    );
    let app = Router::new()
        .route_service("/read", inner.clone())
        .route(
            "/write",
            get(|| async { "ok" }).layer(RequireScopesLayer::new(["mcp:write", "mcp:read"])),
        )
        .layer(layer);
    let base = serve(app).await;
    let challenge = |scopes: &str| {
        format!(
            r#"Bearer error="insufficient_scope", scope="{scopes}", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token lacks a scope that this operation needs""#
        )
    };
    for (path, scope, status) in [
        ("/read", "mcp:read", 200),
        ("/read", "x mcp:read", 200),
        ("/read", "  mcp:read   x ", 200),
        ("/write", "mcp:read mcp:write", 200),
        ("/read", "mcp:readwrite", 403),
        ("/read", "mcp", 403),
        ("/read", "mcp:rea", 403),
        ("/read", "mcp:read\t", 403),
        ("/read", "mcp:read\u{a0}x", 403),
        ("/read", "mcp:read\nx", 403),
        ("/read", "mcp:read,x", 403),
        ("/read", "MCP:READ", 403),
        ("/read", "mcp:*", 403),
        ("/read", "*", 403),
        ("/read", "", 403),
        ("/read", " ", 403),
        ("/write", "mcp:read", 403),
    ] {
        let calls = inner.calls();
        let token = format!("Bearer {}", issuer.mint(RESOURCE).scope(scope).sign());
        let answer = send("GET", &format!("{base}{path}"), &[&token]).await;
        assert_eq!(answer.status, status, "n99 n100 {path} {scope:?}");
        if status == 403 {
            let all = if path == "/read" {
                "mcp:read"
            } else {
                "mcp:read mcp:write"
            };
            assert_eq!(
                answer.challenge(),
                Some(challenge(all).as_str()),
                "n99 {path} {scope:?}"
            );
            assert_eq!(inner.calls(), calls, "n99 {path} {scope:?}");
        }
    }
}
