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
    let claims = json!({"iss": "internal", "aud": "notes", "exp": 4_102_444_800_u64}).to_string();
    let by_key = public.sign_compact(r#"{"alg":"EdDSA","kid":"k1"}"#, &claims);
    let by_secret = secret.sign_compact(r#"{"alg":"HS256","kid":"s1"}"#, &claims);

    let builder = || {
        JwtAuthConfig::builder()
            .issuer("internal")
            .audience("notes")
    };
    let verifier = JwtVerifier::new(builder().jwk(public.jwk()).build()?);
    println!("public key: {:?}", verifier.verify(&by_key).await?);

    // HS* works only when it is listed by name, and never with fetched keys.
    let config = builder().jwk(secret.jwk()).algorithms([Algorithm::HS256]);
    let verifier = JwtVerifier::new(config.build()?);
    println!("secret: {:?}", verifier.verify(&by_secret).await?);

    // The rejection of a token that is not signed with the secret says how to respond.
    if let Err(rejection) = verifier.verify(&by_key).await {
        println!(
            "rejected: {} {:?}",
            rejection.status(),
            rejection.www_authenticate()
        );
    }
    Ok(())
}
