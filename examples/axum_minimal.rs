//! The smallest protected axum service.
//!
//! ```sh
//! cargo run --example axum_minimal
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::{Router, routing::post};
use tokio::net::TcpListener;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "http://127.0.0.1:3000/mcp";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .build()?;
    let app = JwtAuthLayer::new(config).protect(Router::new().route("/mcp", post(handler)));

    let token = issuer.mint(RESOURCE).sign();
    println!("curl -X POST -H \"Authorization: Bearer {token}\" {RESOURCE}");
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

async fn handler(auth: AuthInfo) -> String {
    format!("hello {}\n", auth.client_id())
}
