//! From jwt-authorizer 0.15.

pub mod before {
    use axum07::{Router, routing::get};
    use jwt_authorizer::error::InitError;
    use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
    use serde::Deserialize;

    #[derive(Clone, Deserialize)]
    pub struct User {
        sub: String,
        scope: String,
    }

    pub async fn app(issuer: &str) -> Result<Router, InitError> {
        let validation = Validation::new()
            .iss(&[issuer])
            .aud(&["https://api.example.com"])
            .nbf(true);
        let auth: Authorizer<User> = JwtAuthorizer::from_oidc(issuer)
            .validation(validation)
            .check(|user: &User| user.scope.split(' ').any(|scope| scope == "notes:read"))
            .build()
            .await?;
        Ok(Router::new()
            .route("/notes", get(notes))
            .layer(auth.into_layer()))
    }

    async fn notes(JwtClaims(user): JwtClaims<User>) -> String {
        format!("the notes of {}", user.sub)
    }
}

pub mod after {
    use axum::{Router, routing::get};
    use serde::Deserialize;
    use tower_jwt_auth::{Claims, ConfigError, JwtAuthConfig, JwtAuthLayer};

    #[derive(Clone, Deserialize)]
    pub struct User {
        sub: String,
    }

    pub fn app(issuer: &str) -> Result<Router, ConfigError> {
        let config = JwtAuthConfig::builder()
            .resource("https://api.example.com")
            .issuer(issuer)
            .required_scopes(["notes:read"])
            .build()?;
        let routes = Router::new().route("/notes", get(notes));
        Ok(JwtAuthLayer::new(config).protect(routes))
    }

    async fn notes(Claims(user): Claims<User>) -> String {
        format!("the notes of {}", user.sub)
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
        let before = super::before::app(issuer.issuer()).await.unwrap();
        let after = super::after::app(issuer.issuer()).unwrap();
        let wanted = [
            ("a valid token", 200, 200),
            ("no token", 401, 401),
            ("a token for another server", 401, 401),
            ("a token without aud", 200, 401),
            ("a token without iss", 200, 401),
            ("a token without exp", 401, 401),
            ("nbf in the future", 401, 401),
            ("a logout token", 200, 401),
            ("a token bound to a key", 200, 401),
            ("two tokens", 200, 400),
        ];
        compare(&issuer, (before, after), &wanted).await;
    }
}
