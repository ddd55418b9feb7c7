//! From a middleware that calls `jsonwebtoken::decode`.

pub mod before {
    use std::collections::HashMap;
    use std::sync::Arc;

    use axum::extract::{Request, State};
    use axum::http::{StatusCode, header::AUTHORIZATION};
    use axum::middleware::{Next, from_fn_with_state};
    use axum::response::Response;
    use axum::{Extension, Router, routing::get};
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use serde::Deserialize;

    #[derive(Clone, Deserialize)]
    pub struct User {
        sub: String,
        scope: String,
    }

    struct Keys {
        by_kid: HashMap<String, DecodingKey>,
        issuer: String,
    }

    pub async fn app(issuer: &str, jwks_url: &str) -> Result<Router, Box<dyn std::error::Error>> {
        let set: JwkSet = reqwest::get(jwks_url).await?.json().await?; // once, at the start
        let mut by_kid = HashMap::new();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.clone().unwrap_or_default();
            by_kid.insert(kid, DecodingKey::from_jwk(jwk)?);
        }
        let issuer = issuer.to_owned();
        let keys = Arc::new(Keys { by_kid, issuer });
        Ok(Router::new()
            .route("/notes", get(notes))
            .route_layer(from_fn_with_state(keys, authenticate)))
    }

    async fn authenticate(
        State(keys): State<Arc<Keys>>,
        mut request: Request,
        next: Next,
    ) -> Result<Response, StatusCode> {
        let header = request.headers().get(AUTHORIZATION);
        let token = header
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let user = verify(&keys, token).ok_or(StatusCode::UNAUTHORIZED)?;
        if !user.scope.split(' ').any(|scope| scope == "notes:read") {
            return Err(StatusCode::FORBIDDEN);
        }
        request.extensions_mut().insert(user);
        Ok(next.run(request).await)
    }

    fn verify(keys: &Keys, token: &str) -> Option<User> {
        let header = decode_header(token).ok()?;
        let key = keys.by_kid.get(&header.kid?)?;
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&["https://api.example.com"]);
        validation.set_issuer(&[&keys.issuer]);
        Some(decode::<User>(token, key, &validation).ok()?.claims)
    }

    async fn notes(Extension(user): Extension<User>) -> String {
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

    use crate::support::{API, compare, status};

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
            ("nbf in the future", 200, 401),
            ("a logout token", 200, 401),
            ("a token bound to a key", 200, 401),
            ("two tokens", 200, 400),
        ];
        compare(&issuer, (before, after), &wanted).await;
    }

    #[tokio::test]
    async fn a_new_key_is_accepted_without_a_restart() {
        let issuer = TestIssuer::start();
        let (name, keys) = (issuer.issuer(), issuer.jwks_uri());
        let before = super::before::app(name, keys).await.unwrap();
        let after = super::after::app(name, keys).unwrap();
        let token = || {
            vec![format!(
                "Bearer {}",
                issuer.mint(API).scope("notes:read").sign()
            )]
        };
        assert_eq!(status(&before, &token()).await, 200);
        assert_eq!(status(&after, &token()).await, 200);
        issuer.rotate();
        assert_eq!(status(&before, &token()).await, 401);
        assert_eq!(status(&after, &token()).await, 200);
    }
}
