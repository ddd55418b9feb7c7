//! A configuration file combined with code: the file holds the settings of the operator, the code
//! adds what no file can hold.
//!
//! ```sh
//! cargo run --example from_file                # a file made for this run
//! cargo run --example from_file -- auth.json   # your own
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use axum::{Router, routing::get};
use serde_json::json;
use tokio::net::TcpListener;
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};

const RESOURCE: &str = "http://127.0.0.1:3000/notes";

/// Reads the file as a builder, so that code can add to it before `build`.
fn config(file: &str) -> Result<JwtAuthConfig, Box<dyn std::error::Error>> {
    let json = file.strip_prefix('\u{feff}').unwrap_or(file); // a mark that some editors write
    let builder: JwtAuthConfigBuilder = serde_json::from_str(json)?;
    let config = builder
        .scope_hierarchy(|granted, needed| granted == "notes:admin" && needed.starts_with("notes:"))
        .check(|auth| match auth.claim("suspended") == Some(true.into()) {
            true => Err(CheckError::Forbidden),
            false => Ok(()),
        })
        .build()?; // a `ConfigError`, whether the file or the code is wrong
    Ok(config)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::start(); // takes the place of your identity provider
    let file = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => json!({
            "resource": RESOURCE,
            "issuer": issuer.issuer(),
            "required_scopes": ["notes:read"],
            "leeway": "30s",
            "jwks_cache": {"max_age": "5m"},
        })
        .to_string(),
    };
    let auth = JwtAuthLayer::new(config(&file)?);
    let app = auth.protect(Router::new().route("/notes", get(notes)));

    let token = issuer.mint(RESOURCE).scope("notes:admin");
    let suspended = token.clone().claim("suspended", true).sign();
    println!(
        "accepted:\ncurl -i -H \"Authorization: Bearer {}\" {RESOURCE}\n",
        token.sign()
    );
    println!("rejected by the check:\ncurl -i -H \"Authorization: Bearer {suspended}\" {RESOURCE}");
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

async fn notes(auth: AuthInfo) -> String {
    format!("the notes of {}\n", auth.client_id())
}
