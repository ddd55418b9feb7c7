//! Scopes per route, a scope that implies others, and optional authentication.
//!
//! ```sh
//! cargo run --example scopes
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer, RequireScopesLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);

    let config = JwtAuthConfig::builder()
        .resource(&base)
        .issuer(issuer.issuer())
        // Only the application knows which scope implies which.
        .scope_hierarchy(|granted, needed| granted == "notes:admin" && needed.starts_with("notes:"))
        .build()?;
    let app = Router::new()
        .route("/", get(greet))
        .route(
            "/read",
            get(|| async { "a note\n" }).layer(RequireScopesLayer::new(["notes:read"])),
        )
        .route(
            "/write",
            post(|| async { "saved\n" }).layer(RequireScopesLayer::new(["notes:write"])),
        )
        .layer(JwtAuthLayer::new(config).optional());

    println!("listening on {base}");
    let reader = issuer
        .mint(&base)
        .subject("reader")
        .scope("notes:read")
        .sign();
    let admin = issuer
        .mint(&base)
        .subject("admin")
        .scope("notes:admin")
        .sign();
    println!("\nanonymous, greeted:\ncurl -i {base}/");
    println!("\na reader may read:\ncurl -i -H \"Authorization: Bearer {reader}\" {base}/read");
    println!("\na reader may not write, and the challenge says which scope is missing:");
    println!("curl -i -X POST -H \"Authorization: Bearer {reader}\" {base}/write");
    println!("\nan admin may:\ncurl -i -X POST -H \"Authorization: Bearer {admin}\" {base}/write");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn greet(auth: Option<AuthInfo>) -> String {
    match auth {
        Some(auth) => format!("hello {}\n", auth.subject().unwrap_or(auth.client_id())),
        None => "hello, anonymous\n".to_owned(),
    }
}
