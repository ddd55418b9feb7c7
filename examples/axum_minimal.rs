//! The smallest protected axum service.
//!
//! ```sh
//! cargo run --example axum_minimal
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::routing::post;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Takes the place of your identity provider.
    let issuer = TestIssuer::start();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);

    let config = JwtAuthConfig::builder()
        .resource(&resource)
        .issuer(issuer.issuer())
        .build()?;
    let app = Router::new()
        .route("/mcp", post(handler))
        .layer(JwtAuthLayer::new(config));

    println!("listening on {resource}");
    println!(
        "curl -X POST -H \"Authorization: Bearer {}\" {resource}",
        issuer.mint(&resource).sign()
    );
    axum::serve(listener, app).await?;
    Ok(())
}

async fn handler(Extension(auth): Extension<AuthInfo>) -> String {
    format!("hello {}\n", auth.client_id())
}
