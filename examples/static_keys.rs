//! Keys that never change, in the configuration: a public key and, for services that share one, a
//! secret. There is no network access and no refresh: a new key needs a new configuration.
//!
//! ```sh
//! cargo run --example static_keys
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use serde_json::json;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The issuer would do this: sign with a private key or with the shared secret.
    let public = TestKey::generate(Algorithm::EdDSA, "k1");
    let secret = TestKey::generate(Algorithm::HS256, "s1");
    let claims =
        json!({"iss": "internal", "aud": "notes", "exp": 4_102_444_800_u64, "sub": "alice"})
            .to_string();

    let by_public_key = JwtAuthConfig::builder()
        .issuer("internal")
        .audience("notes")
        .jwk(public.jwk())
        .build()?;
    let token = public.sign_compact(r#"{"alg":"EdDSA","kid":"k1"}"#, &claims);
    println!(
        "public key: {:?}",
        JwtVerifier::new(by_public_key).verify(&token).await?
    );

    // HS* works only when it is listed by name, and never with fetched keys.
    let by_secret = JwtAuthConfig::builder()
        .issuer("internal")
        .audience("notes")
        .jwk(secret.jwk())
        .algorithms([Algorithm::HS256])
        .build()?;
    let token = secret.sign_compact(r#"{"alg":"HS256","kid":"s1"}"#, &claims);
    let verifier = JwtVerifier::new(by_secret);
    println!("secret: {:?}", verifier.verify(&token).await?);

    // A token that is not signed with the secret: the rejection says how to respond.
    let forged = public.sign_compact(r#"{"alg":"EdDSA","kid":"s1"}"#, &claims);
    if let Err(rejection) = verifier.verify(&forged).await {
        println!(
            "forged: {} {:?}",
            rejection.status(),
            rejection.www_authenticate()
        );
    }
    Ok(())
}
