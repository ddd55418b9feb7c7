//! axum-login beside it: pages for people who log in, and an API for callers with tokens. Neither
//! opens the other.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId, login_required};
use serde::Deserialize;
use tower_jwt_auth::{AuthInfo, JwtAuthLayer};
use tower_sessions::{MemoryStore, SessionManagerLayer};

#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    /// A new password ends the sessions of the old one.
    fn session_auth_hash(&self) -> &[u8] {
        self.password.as_bytes()
    }
}

/// In place of a database, and of hashed passwords.
#[derive(Clone)]
pub struct Users(pub Arc<HashMap<String, User>>);

#[derive(Deserialize)]
pub struct Login {
    name: String,
    password: String,
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = Login;
    type Error = Infallible;

    async fn authenticate(&self, login: Login) -> Result<Option<User>, Infallible> {
        let user = self.0.get(&login.name);
        Ok(user.filter(|user| user.password == login.password).cloned())
    }

    async fn get_user(&self, name: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(self.0.get(name).cloned())
    }
}

type Session = axum_login::AuthSession<Users>;

pub fn app(auth: &JwtAuthLayer, users: Users) -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let sessions = AuthManagerLayerBuilder::new(users, sessions).build();
    let pages = Router::new()
        .route("/account", get(account))
        .route_layer(login_required!(Users, login_url = "/login"))
        .route("/login", post(login))
        .layer(sessions);
    let api = Router::new().route("/api/notes", get(notes));
    // Each half has its own layer, and neither sees the requests of the other.
    pages.merge(auth.protect(api))
}

async fn login(mut session: Session, Query(login): Query<Login>) -> StatusCode {
    let Ok(Some(user)) = session.authenticate(login).await else {
        return StatusCode::UNAUTHORIZED;
    };
    match session.login(&user).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn account(session: Session) -> String {
    session.user.map(|user| user.name).unwrap_or_default()
}

async fn notes(auth: AuthInfo) -> String {
    auth.subject().unwrap_or(auth.client_id()).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::sync::Arc;

    use super::{User, Users};
    use crate::support::{layer, reader, request, send, status};

    #[tokio::test]
    async fn neither_opens_the_other() {
        let (issuer, auth) = layer();
        let (name, password) = ("bob".to_owned(), "secret".to_owned());
        let users = Users(Arc::new([(name.clone(), User { name, password })].into()));
        let app = super::app(&auth, users);

        let wrong = status(&app, "POST /login?name=bob&password=wrong", None).await;
        assert_eq!(wrong, 401);
        let login = send(&app, request("POST /login?name=bob&password=secret", None)).await;
        assert_eq!(login.status(), 204);
        let cookie = login.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let token = reader(&issuer).sign();
        for (line, cookie, token, expected) in [
            ("GET /account", Some(cookie), None, (200, "bob")),
            ("GET /account", None, Some(token.as_str()), (307, "")),
            ("GET /api/notes", None, Some(token.as_str()), (200, "alice")),
        ] {
            let mut request = request(line, token);
            if let Some(cookie) = cookie {
                request
                    .headers_mut()
                    .insert("cookie", cookie.parse().unwrap());
            }
            let response = send(&app, request).await;
            let seen = (response.status().as_u16(), response.body().as_str());
            assert_eq!(seen, expected, "{line}");
        }
        let mut with_cookie = request("GET /api/notes", None);
        with_cookie
            .headers_mut()
            .insert("cookie", cookie.parse().unwrap());
        assert_eq!(send(&app, with_cookie).await.status(), 401);
    }
}
