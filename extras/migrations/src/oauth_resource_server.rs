//! From oauth-resource-server 0.4.

pub mod before {
    use std::error::Error;
    use std::sync::Arc;

    use axum::{Router, routing::get};
    use oauth_resource_server::axum::{AuthLayer, metadata_router};
    use oauth_resource_server::{AuthorizedToken, KeyNaming, OAuthConfig, OAuthValidator};

    pub fn app(issuer: &str) -> Result<Router, Box<dyn Error>> {
        let config = OAuthConfig {
            enabled: true,
            issuer: issuer.to_owned(),
            audience: "https://api.example.com".to_owned(),
            resource: "https://api.example.com".to_owned(),
            required_scope: Some("notes:read".to_owned()),
            ..OAuthConfig::default()
        };
        let config = config
            .resolve(KeyNaming::Dotted("oauth"))?
            .ok_or("not enabled")?;
        let oauth = Arc::new(OAuthValidator::new(&config)?);
        oauth.spawn_background_refresh();
        let auth = AuthLayer::builder().oauth(Arc::clone(&oauth)).build()?;
        Ok(Router::new()
            .route("/notes", get(notes))
            .route_layer(auth)
            .merge(metadata_router(Some(oauth))))
    }

    async fn notes(token: AuthorizedToken) -> String {
        format!(
            "the notes of {}",
            token.subject.as_deref().unwrap_or("nobody")
        )
    }
}

pub mod after {
    use axum::{Router, routing::get};
    use tower_jwt_auth::{AuthInfo, ConfigError, JwtAuthConfig, JwtAuthLayer};

    pub fn app(issuer: &str) -> Result<Router, ConfigError> {
        let config = JwtAuthConfig::builder()
            .resource("https://api.example.com")
            .issuer(issuer)
            .required_scopes(["notes:read"])
            .build()?;
        let routes = Router::new().route("/notes", get(notes));
        Ok(JwtAuthLayer::new(config).protect(routes))
    }

    async fn notes(auth: AuthInfo) -> String {
        format!("the notes of {}", auth.subject().unwrap_or("nobody"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use tower_jwt_auth::test_util::TestIssuer;

    use crate::support::compare;

    #[tokio::test]
    async fn what_stays_and_what_becomes_stricter() {
        let issuer = TestIssuer::start();
        let before = super::before::app(issuer.issuer()).unwrap();
        let after = super::after::app(issuer.issuer()).unwrap();
        let wanted = [
            ("a valid token", 200, 200),
            ("no token", 401, 401),
            ("a token for another server", 401, 401),
            ("a token without aud", 401, 401),
            ("a token without iss", 401, 401),
            ("a token without exp", 401, 401),
            ("nbf in the future", 401, 401),
            ("a logout token", 401, 401),
            ("a token bound to a key", 401, 401),
            ("two tokens", 200, 400),
        ];
        compare(&issuer, (before, after), &wanted).await;
    }
}
