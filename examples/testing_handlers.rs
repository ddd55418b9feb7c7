//! Tests of handlers and of a `check`, without tokens and keys: `AuthInfo::for_tests` makes a
//! caller.
//!
//! ```sh
//! cargo test --example testing_handlers   # the tests at the end of this file
//! cargo run --example testing_handlers    # the program that they test
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

/// The routes, without the auth layer, so that tests can insert any caller.
fn app() -> Router {
    Router::new().route("/notes/{owner}", get(notes))
}

/// Users read their own notes. The scope `notes:admin` reads all notes.
async fn notes(Path(owner): Path<String>, auth: AuthInfo) -> Result<String, StatusCode> {
    match auth.subject() == Some(owner.as_str()) || auth.has_scope("notes:admin") {
        true => Ok(format!("the notes of {owner}\n")),
        false => Err(StatusCode::NOT_FOUND),
    }
}

/// A check for every request: only employees, and no revoked token. It can reject a valid token,
/// and never accept an invalid one.
fn employees_only(auth: &AuthInfo) -> Result<(), CheckError> {
    const REVOKED: [&str; 1] = ["token-7"];
    if auth.jti().is_some_and(|jti| REVOKED.contains(&jti)) {
        return Err(CheckError::InvalidToken);
    }
    match auth.claim("employee") == Some(true.into()) {
        true => Ok(()),
        false => Err(CheckError::Forbidden),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let config = JwtAuthConfig::builder()
        .resource(&base)
        .issuer(issuer.issuer())
        .check(employees_only)
        .build()?;

    let token = issuer.mint(&base).subject("alice").claim("employee", true);
    println!(
        "curl -H \"Authorization: Bearer {}\" {base}/notes/alice",
        token.sign()
    );
    axum::serve(listener, JwtAuthLayer::new(config).protect(app())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::Extension;
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::json;
    use tower::ServiceExt as _;

    use super::*;

    /// A handler is a function: call it with a caller of your choice.
    #[tokio::test]
    async fn users_read_their_own_notes() {
        let alice = AuthInfo::for_tests(json!({"sub": "alice"}));
        let own = notes(Path("alice".to_owned()), alice.clone()).await;
        assert_eq!(own.as_deref(), Ok("the notes of alice\n"));

        let others = notes(Path("bob".to_owned()), alice).await;
        assert_eq!(others, Err(StatusCode::NOT_FOUND));
    }

    /// A request through the routes: an `Extension` takes the place of the auth layer.
    #[tokio::test]
    async fn an_admin_reads_all_notes() {
        let get = async |caller| {
            let request = Request::get("/notes/bob").body(Body::empty()).unwrap();
            let response = app().layer(Extension(caller)).oneshot(request).await;
            response.unwrap().status()
        };
        let admin = AuthInfo::for_tests(json!({"sub": "root", "scope": "notes:admin"}));
        assert_eq!(get(admin).await, StatusCode::OK);

        let user = AuthInfo::for_tests(json!({"sub": "root", "scope": "notes:read"}));
        assert_eq!(get(user).await, StatusCode::NOT_FOUND);
    }

    /// A check is a function, too.
    #[test]
    fn employees_pass_the_check() {
        let check = |claims| employees_only(&AuthInfo::for_tests(claims));
        assert_eq!(check(json!({"employee": true, "jti": "token-1"})), Ok(()));
        assert_eq!(
            check(json!({"employee": true, "jti": "token-7"})),
            Err(CheckError::InvalidToken)
        );
        assert_eq!(
            check(json!({"employee": false, "jti": "token-1"})),
            Err(CheckError::Forbidden)
        );
    }

    /// The whole path once, with real tokens, proves that the layer and the check are in place.
    #[tokio::test]
    async fn the_check_is_in_place() {
        let issuer = TestIssuer::start();
        let config = JwtAuthConfig::builder()
            .resource("https://notes.example.com")
            .issuer(issuer.issuer())
            .check(employees_only);
        let app = app().layer(JwtAuthLayer::new(config.build().unwrap()));
        for (employee, expected) in [(true, StatusCode::OK), (false, StatusCode::FORBIDDEN)] {
            let token = issuer.mint("https://notes.example.com").subject("bob");
            let token = token.claim("employee", employee).sign();
            let request =
                Request::get("/notes/bob").header("authorization", format!("Bearer {token}"));
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
            assert_eq!(response.await.unwrap().status(), expected);
        }
    }
}
