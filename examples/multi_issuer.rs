//! Two issuers: one for users, one for machines. Each has its own keys, audience and scopes; a
//! token of one is never checked with the keys of the other.
//!
//! ```sh
//! cargo run --example multi_issuer
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};

const RESOURCE: &str = "https://mcp.example.com/mcp";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (users, machines) = (TestIssuer::start(), TestIssuer::start());
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(Issuer::new(users.issuer()).required_scopes(["mcp:read"]))
        .add_issuer(Issuer::new(machines.issuer()).audience("api://mcp"))
        .build()?;
    let verifier = JwtVerifier::new(config);
    verifier.wait_for_keys().await?;

    let user = users.mint(RESOURCE).scope("mcp:read");
    let machine = machines
        .mint("api://mcp")
        .client_id("backup")
        .without("sub");
    let forged = user.clone().signed_by(machines.signing_key());
    for (caller, token) in [
        ("a user", user),
        ("a machine", machine),
        ("a machine, for users", machines.mint(RESOURCE)),
        ("a user, by the machines' key", forged),
    ] {
        match verifier.verify(&token.sign()).await {
            Ok(auth) => println!("{caller}: {:?}", auth.principal()),
            Err(rejection) => println!("{caller}: {} ({rejection})", rejection.status()),
        }
    }
    for issuer in verifier.keys_health().issuers {
        let (ready, keys, fetches) = (issuer.ready, issuer.keys.len(), issuer.fetches);
        println!(
            "{}: ready {ready}, {keys} key(s), {fetches} fetch(es)",
            issuer.issuer
        );
    }
    Ok(())
}
