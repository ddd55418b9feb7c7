//! OpenAPI with utoipa: the document says where tokens come from, which scopes an operation needs,
//! and how a rejection looks. `describe_auth` works on plain JSON, so it suits other tools too.

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthLayer, RequireScopesLayer};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(paths(list, save))]
struct Api;

/// Lists the notes.
#[utoipa::path(get, path = "/notes", security(("token" = ["notes:read"])),
    responses((status = 200, body = String)))]
async fn list() -> &'static str {
    "notes"
}

/// Saves a note.
#[utoipa::path(post, path = "/notes", security(("token" = ["notes:write"])),
    responses((status = 200, body = String)))]
async fn save() -> &'static str {
    "saved"
}

pub fn app(auth: &JwtAuthLayer, issuer: &str) -> Router {
    let mut document = json!(Api::openapi());
    describe_auth(&mut document, issuer);
    let list = get(list).layer(RequireScopesLayer::new(["notes:read"]));
    let save = post(save).layer(RequireScopesLayer::new(["notes:write"]));
    auth.protect(Router::new().route("/notes", list.merge(save)))
        .route("/openapi.json", get(|| async { Json(document) }))
}

/// Adds the security scheme `token`, and the rejections of the layer to each operation that has
/// `security`. The issuer needs OpenID Connect Discovery, as nearly all have.
pub fn describe_auth(document: &mut Value, issuer: &str) {
    let issuer = issuer.trim_end_matches('/');
    document["components"]["securitySchemes"]["token"] = json!({
        "type": "openIdConnect",
        "openIdConnectUrl": format!("{issuer}/.well-known/openid-configuration"),
    });
    document["components"]["schemas"]["Rejection"] = json!({
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let paths = paths.filter_map(|(_, path)| path.as_object_mut());
    for operation in paths.flat_map(|path| path.values_mut()) {
        if operation.get("security").is_none() {
            continue;
        }
        for (status, description) in [
            (
                "401",
                "The token is missing or not valid; `WWW-Authenticate` says how to get one",
            ),
            (
                "403",
                "The token lacks a scope; `WWW-Authenticate` names it",
            ),
            (
                "503",
                "The keys of the issuer are unavailable; keep the token and retry",
            ),
        ] {
            let schema = json!({"$ref": "#/components/schemas/Rejection"});
            operation["responses"][status] = json!({
                "description": description,
                "content": {"application/json": {"schema": schema}},
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde_json::Value;

    use crate::support::{API, layer, request, send};

    #[tokio::test]
    async fn the_document_says_what_the_layer_does() {
        let (issuer, auth) = layer();
        let app = super::app(&auth, issuer.issuer());
        let document = send(&app, request("GET /openapi.json", None)).await;
        let document: Value = serde_json::from_str(document.body()).unwrap();
        let scheme = &document["components"]["securitySchemes"]["token"];
        let url = format!("{}/.well-known/openid-configuration", issuer.issuer());
        assert_eq!(scheme["openIdConnectUrl"], url);

        let token = issuer.mint(API).sign();
        for method in ["get", "post"] {
            let operation = &document["paths"]["/notes"][method];
            let scope = operation["security"][0]["token"][0].as_str().unwrap();
            let line = format!("{} /notes", method.to_uppercase());
            for (token, expected) in [(None, 401), (Some(token.as_str()), 403)] {
                let response = send(&app, request(&line, token)).await;
                assert_eq!(response.status(), expected);
                let described = &operation["responses"][expected.to_string()];
                assert!(described["description"].is_string(), "{operation}");
                let body: Value = serde_json::from_str(response.body()).unwrap();
                assert!(body["error"].is_string() && body["error_description"].is_string());
            }
            let refused = send(&app, request(&line, Some(&token))).await;
            let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
            assert!(
                challenge.contains(&format!("scope=\"{scope}\"")),
                "{challenge}"
            );
            let granted = issuer.mint(API).scope(scope).sign();
            let accepted = send(&app, request(&line, Some(&granted))).await;
            assert_eq!(accepted.status(), 200);
        }
    }
}
