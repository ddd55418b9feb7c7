//! Scopes per route, a scope that implies others, and optional authentication. Sends itself
//! requests and prints the responses.
//!
//! ```sh
//! cargo run --example scopes
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::{get, post};
use tower::ServiceExt as _;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer, RequireScopesLayer};

const RESOURCE: &str = "https://notes.example.com";

fn app(auth: JwtAuthLayer) -> Router {
    let read = get(|| async { "a note" }).layer(RequireScopesLayer::new(["notes:read"]));
    let write = post(|| async { "saved" }).layer(RequireScopesLayer::new(["notes:write"]));
    let routes = Router::new()
        .route("/", get(greet))
        .route("/read", read)
        .route("/write", write);
    auth.optional().protect(routes)
}

async fn greet(auth: Option<AuthInfo>) -> String {
    match auth {
        Some(auth) => format!("hello {}", auth.subject().unwrap_or(auth.client_id())),
        None => "hello, anonymous".to_owned(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        // Only the application knows which scope implies which.
        .scope_hierarchy(|granted, needed| granted == "notes:admin" && needed.starts_with("notes:"))
        .build()?;
    let app = app(JwtAuthLayer::new(config));

    let token = |scope| Some(issuer.mint(RESOURCE).scope(scope).sign());
    let (reader, admin) = (token("notes:read"), token("notes:admin"));
    for (caller, token, request) in [
        ("anonymous", &None, Request::get("/")),
        ("anonymous", &None, Request::get("/read")),
        ("a reader", &reader, Request::get("/read")),
        ("a reader", &reader, Request::post("/write")),
        ("an admin", &admin, Request::post("/write")),
    ] {
        let request = match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let request = request.body(Body::empty())?;
        println!("{caller}: {} {}", request.method(), request.uri());
        let response = app.clone().oneshot(request).await?;
        println!("  {}", response.status());
        if let Some(challenge) = response.headers().get(header::WWW_AUTHENTICATE) {
            println!("  {challenge:?}");
        }
    }
    Ok(())
}
