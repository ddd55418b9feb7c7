//! One layer, several routes with different settings. Clones of a layer share its keys.

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::{AuthInfo, ConfigError, JwtAuthLayer, RequireScopesLayer};

pub fn app(config: JwtAuthConfigBuilder) -> Result<Router, ConfigError> {
    let auth = JwtAuthLayer::new(config.clone().resource("https://api.example.com").build()?);

    // A token is enough to read, and writing needs a scope.
    let save = post(|| async { "saved" }).layer(RequireScopesLayer::new(["notes:write"]));
    let notes = Router::new().route("/notes", get(|| async { "notes" }).merge(save));

    // Callers without a token are welcome, and callers with a bad one are not.
    let feed = Router::new()
        .route("/feed", get(feed))
        .route_layer(auth.clone().optional());

    // Another audience is another layer. It shares the issuer's keys with the first.
    let admin = config
        .resource("https://api.example.com/admin")
        .keys_of(&auth);
    let admin = JwtAuthLayer::new(admin.build()?)
        .protect(Router::new().route("/admin", get(|| async { "admin" })));

    Ok(auth
        .protect(notes)
        .merge(feed)
        .merge(admin)
        .route("/about", get(|| async { "open to everybody" })))
}

async fn feed(auth: Option<AuthInfo>) -> Json<Value> {
    Json(json!({"for": auth.as_ref().and_then(AuthInfo::subject)}))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use tower_jwt_auth::JwtAuthConfig;
    use tower_jwt_auth::test_util::TestIssuer;

    use crate::support::{API, METADATA, reader, request, send, status};

    #[tokio::test]
    async fn each_route_has_its_own_rule() {
        let issuer = TestIssuer::start();
        let app = super::app(JwtAuthConfig::builder().issuer(issuer.issuer())).unwrap();
        let read = reader(&issuer).sign();
        let write = reader(&issuer).scope("notes:write").sign();
        let admin = reader(&issuer).claim("aud", format!("{API}/admin")).sign();
        for (line, token, expected) in [
            ("GET /notes", None, 401),
            ("GET /notes", Some(&read), 200),
            ("POST /notes", Some(&read), 403),
            ("POST /notes", Some(&write), 200),
            ("GET /feed", None, 200),
            ("GET /feed", Some(&read), 200),
            ("GET /feed", Some(&admin), 401),
            ("GET /admin", Some(&read), 401),
            ("GET /admin", Some(&admin), 200),
            ("GET /notes", Some(&admin), 401),
            ("GET /about", None, 200),
        ] {
            let token = token.map(String::as_str);
            assert_eq!(status(&app, line, token).await, expected, "{line}");
        }
        assert_eq!(issuer.fetches(), 1);
        let feed = send(&app, request("GET /feed", Some(&read))).await;
        assert_eq!(feed.body(), r#"{"for":"alice"}"#);
        for path in [METADATA, &format!("{METADATA}/admin")] {
            assert_eq!(status(&app, &format!("GET {path}"), None).await, 200);
        }
    }
}
