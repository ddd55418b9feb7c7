//! From axum-jwt-auth 0.7.

pub mod before {
    use std::sync::Arc;

    use axum::{Router, http::StatusCode, routing::get};
    use axum_jwt_auth::{Claims, Decoder, Error, RemoteJwksDecoder};
    use jsonwebtoken10::{Algorithm, Validation};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct User {
        sub: String,
        scope: String,
    }

    pub async fn app(issuer: &str, jwks_url: &str) -> Result<Router, Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_nbf = true;
        validation.set_audience(&["https://api.example.com"]);
        validation.set_issuer(&[issuer]);
        let decoder = RemoteJwksDecoder::builder()
            .jwks_url(jwks_url.to_owned())
            .validation(validation)
            .build()?;
        let decoder = Arc::new(decoder);
        decoder.initialize().await?; // fetches the keys, and again every hour
        let decoder: Decoder<User> = decoder;
        Ok(Router::new()
            .route("/notes", get(notes))
            .with_state(decoder))
    }

    async fn notes(user: Claims<User>) -> Result<String, StatusCode> {
        let user = user.claims;
        if !user.scope.split(' ').any(|scope| scope == "notes:read") {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(format!("the notes of {}", user.sub))
    }
}

pub mod after {
    use axum::{Router, routing::get};
    use serde::Deserialize;
    use tower_jwt_auth::{Claims, ConfigError, JwtAuthConfig, JwtAuthLayer};

    #[derive(Deserialize)]
    pub struct User {
        sub: String,
    }

    pub fn app(issuer: &str, jwks_url: &str) -> Result<Router, ConfigError> {
        let config = JwtAuthConfig::builder()
            .resource("https://api.example.com")
            .issuer(issuer)
            .jwks_uri(jwks_url) // may be left out: it is found by discovery
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
        let (name, keys) = (issuer.issuer(), issuer.jwks_uri());
        let before = super::before::app(name, keys).await.unwrap();
        let after = super::after::app(name, keys).unwrap();
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
