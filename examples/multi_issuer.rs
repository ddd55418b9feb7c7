//! Two issuers: one for users, one for machines. Each has its own keys, audience and scopes; a
//! token of one is never checked with the keys of the other.
//!
//! ```sh
//! cargo run --example multi_issuer
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{Issuer, JwtAuthConfig, JwtVerifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let users = TestIssuer::start();
    let machines = TestIssuer::start();
    let config = JwtAuthConfig::builder()
        .resource("https://mcp.example.com/mcp")
        .add_issuer(Issuer::new(users.issuer()).required_scopes(["mcp:read"]))
        .add_issuer(Issuer::new(machines.issuer()).audience("api://mcp"))
        .build()?;
    let verifier = JwtVerifier::new(config);
    verifier.ready().await?;

    let tokens = [
        (
            "a user",
            users
                .mint("https://mcp.example.com/mcp")
                .scope("mcp:read")
                .sign(),
        ),
        (
            "a machine",
            machines
                .mint("api://mcp")
                .client_id("backup")
                .without("sub")
                .sign(),
        ),
        (
            "a machine with the users' audience",
            machines.mint("https://mcp.example.com/mcp").sign(),
        ),
        (
            "a user signed by the machines' issuer",
            users
                .mint("https://mcp.example.com/mcp")
                .signed_by(machines.signing_key())
                .sign(),
        ),
    ];
    for (who, token) in tokens {
        match verifier.verify(&token).await {
            Ok(auth) => println!("{who}: {:?}", auth.principal()),
            Err(rejection) => println!("{who}: {} ({rejection})", rejection.status()),
        }
    }
    for issuer in verifier.keys().issuers {
        println!(
            "{}: ready {}, {} key(s), {} fetch(es)",
            issuer.issuer,
            issuer.ready,
            issuer.keys.len(),
            issuer.fetches
        );
    }
    Ok(())
}
