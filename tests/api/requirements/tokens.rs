//! Which tokens are accepted: rows M4, M5, M6 and M13 of `tests/CATALOGUE.md`, the extensions, and
//! tokens that are bound to a key.

use serde_json::json;
use tower_jwt_auth::test_util::{TestIssuer, TokenBuilder};
use tower_jwt_auth::{ConfigError, JwtAuthConfig};

use super::{World, bearer, result};
use crate::support::RESOURCE;

/// Each differs in what its name says from the token that is accepted first.
async fn refused(world: &World, good: &TokenBuilder, rows: Vec<(&str, TokenBuilder)>) {
    for (name, token) in rows {
        assert_eq!(world.with_token(good).await.status, 200);
        let before = world.reached();
        let answer = world.with_token(&token).await;
        assert_eq!(answer.status, 401, "{name}");
        assert!(
            answer
                .challenge()
                .unwrap()
                .contains(r#"error="invalid_token""#),
            "{name}"
        );
        assert_eq!(world.reached(), before, "{name}");
    }
}

/// OAuth 2.1 §5.2. All that is refused is in `tests/api/refusals`, and on page N of
/// `tests/CATALOGUE.md`.
#[tokio::test]
async fn m4_tokens_are_validated() {
    let world = World::start(|config| config).await;
    let good = world.token();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let with_slash = format!("{}/", world.issuer.issuer());
    let stranger = TestIssuer::start();
    let rows = vec![
        (
            "expired",
            good.clone().claim("iat", 0).claim("exp", now - 61),
        ),
        ("without exp", good.clone().without("exp")),
        ("not yet valid", good.clone().claim("nbf", now + 600)),
        ("from the future", good.clone().claim("iat", now + 600)),
        (
            "another issuer",
            good.clone().claim("iss", stranger.issuer()),
        ),
        (
            "its issuer, and a slash",
            good.clone().claim("iss", with_slash),
        ),
        ("without an issuer", good.clone().without("iss")),
        ("alg none", good.clone().header("alg", "none")),
        ("alg of a secret", good.clone().header("alg", "HS256")),
        (
            "a crit that nobody knows",
            good.clone().header("crit", json!(["x"])),
        ),
        ("a logout token", good.clone().header("typ", "logout+jwt")),
        (
            "an unknown kid",
            good.clone().header("kid", "../../etc/passwd"),
        ),
        (
            "another key",
            good.clone().signed_by(stranger.signing_key()),
        ),
    ];
    refused(&world, &good, rows).await;
    // Clients give up on a token that is refused right after it was issued.
    let ahead = good.clone().claim("iat", now + 30).claim("nbf", now + 30);
    assert_eq!(
        world.with_token(&ahead).await.status,
        200,
        "within the leeway"
    );
    let late = good.claim("iat", 0).claim("exp", now - 30);
    assert_eq!(
        world.with_token(&late).await.status,
        200,
        "within the leeway"
    );
}

#[tokio::test]
async fn m5_m6_the_audience_is_this_server_and_nobody_else() {
    let world = World::start(|config| config).await;
    let good = world.token();
    for aud in [
        json!(RESOURCE),
        json!([RESOURCE]),
        json!(["https://idp.example.com/userinfo", RESOURCE]),
    ] {
        let answer = world
            .with_token(&good.clone().claim("aud", aud.clone()))
            .await;
        assert_eq!(
            result(&answer)["caller"]["client_id"],
            "test-client",
            "{aud}"
        );
    }
    let aud = |aud: serde_json::Value| good.clone().claim("aud", aud);
    let rows = vec![
        ("none", good.clone().without("aud")),
        ("a slash more", aud(json!("https://mcp.example.com/mcp/"))),
        ("a prefix of it", aud(json!("https://mcp.example.com"))),
        ("it is a prefix", aud(json!("https://mcp.example.com/mcp2"))),
        ("a longer path", aud(json!("https://mcp.example.com/mcp/x"))),
        ("another path", aud(json!("https://mcp.example.com/other"))),
        ("another host", aud(json!("https://evil.example.com/mcp"))),
        (
            "an upper-case host",
            aud(json!("https://MCP.example.com/mcp")),
        ),
        ("its port", aud(json!("https://mcp.example.com:443/mcp"))),
        ("http", aud(json!("http://mcp.example.com/mcp"))),
        ("a fragment", aud(json!("https://mcp.example.com/mcp#x"))),
        ("a generic name", aud(json!("api"))),
        ("the issuer", aud(json!(world.issuer.issuer()))),
        ("the client, as in an ID token", aud(json!("test-client"))),
        ("an empty text", aud(json!(""))),
        ("an empty list", aud(json!([]))),
        (
            "a list of others",
            aud(json!(["https://mcp.example.com/mcp/", "api"])),
        ),
        ("a list with a number", aud(json!([RESOURCE, 1]))),
        ("null", aud(json!(null))),
        ("an object", aud(json!({"0": RESOURCE}))),
    ];
    refused(&world, &good, rows).await;
}

/// S6: both spellings are accepted where both are listed, and `AuthInfo::resource` says which it
/// was.
#[tokio::test]
async fn m5_s6_spellings_are_listed_and_not_guessed() {
    let upper = "HTTPS://MCP.example.com/mcp";
    let both = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .audience(RESOURCE)
        .audience(upper);
    let issuer = TestIssuer::start();
    let config = both.issuer(issuer.issuer()).build().unwrap();
    let verifier = tower_jwt_auth::JwtVerifier::new(config);
    for aud in [RESOURCE, upper] {
        let auth = verifier.verify(&issuer.mint(aud).sign()).await.unwrap();
        assert_eq!(auth.resource(), Some(aud));
    }
    let lower = issuer.mint("https://MCP.example.com/mcp").sign();
    assert!(verifier.verify(&lower).await.is_err());
}

#[test]
fn m5_m6_nothing_builds_without_an_audience() {
    let issuer = || JwtAuthConfig::builder().issuer("https://idp.example.com");
    assert!(issuer().resource(RESOURCE).build().is_ok());
    assert!(issuer().audience("api://mcp").build().is_ok());
    assert!(matches!(
        issuer().build().unwrap_err(),
        ConfigError::AudienceMissing { .. }
    ));
}

/// RFC 6750 §2.2 and §2.3 allow them, and MCP forbids clients to send them.
#[tokio::test]
async fn m13_tokens_in_the_query_or_in_a_form_are_not_read() {
    let world = World::start(|config| config).await;
    let token = world.token().sign();
    let query = format!("/mcp?access_token={token}");
    let without = world.ask("POST", &query, &[], super::WHOAMI).await;
    assert_eq!(without.status, 401);
    assert!(!without.challenge().unwrap().contains("error="));
    let form = format!("access_token={token}");
    let url = format!("{}/mcp", world.base);
    let urlencoded = [("content-type", "application/x-www-form-urlencoded")];
    let answer = super::ask("POST", &url, &urlencoded, &form).await;
    assert_eq!((answer.status.as_u16(), world.reached()), (401, 0));

    // Nor do they harm a token in the right place.
    let header = format!("Bearer {token}");
    let junk = "/mcp?access_token=junk";
    let both = world.ask("POST", junk, &[&header], super::WHOAMI).await;
    assert_eq!(both.status, 200);
}

/// Machines have no user: `sub` names the client, or is missing.
#[tokio::test]
async fn extensions_client_credentials_tokens_are_accepted() {
    let world = World::start(|config| config).await;
    let machine = world
        .token()
        .client_id("nightly-job")
        .subject("nightly-job");
    let seen = result(&world.with_token(&machine).await);
    assert_eq!(seen["caller"]["subject"], "nightly-job");
    assert_eq!(seen["caller"]["client_id"], "nightly-job");
    let nobody = result(&world.with_token(&machine.without("sub")).await);
    assert_eq!(nobody["caller"]["subject"], json!(null));
}

/// A grant that an identity provider issues for an authorization server is no access token.
#[tokio::test]
async fn extensions_grants_for_the_issuer_are_no_access_tokens() {
    let world = World::start(|config| config).await;
    let good = world.token();
    let issuer = world.issuer.issuer();
    let rows = vec![
        ("an ID-JAG", good.clone().header("typ", "oauth-id-jag+jwt")),
        (
            "an ID-JAG, in full",
            good.clone()
                .header("typ", "oauth-id-jag+jwt")
                .claim("aud", issuer)
                .claim("resource", RESOURCE),
        ),
        (
            "the token of a workload",
            good.clone().header("typ", "JWT").claim("aud", issuer),
        ),
        (
            "an assertion of a client",
            good.clone()
                .header("typ", "JWT")
                .claim("aud", format!("{issuer}/token")),
        ),
    ];
    refused(&world, &good, rows).await;
    let plain = good.header("typ", "JWT");
    assert_eq!(world.with_token(&plain).await.status, 200);
}

/// A token that is bound to a key is refused as a bearer token.
#[tokio::test]
async fn dpop_bound_tokens_are_refused_as_bearer() {
    let world = World::start(|config| config).await;
    let good = world.token();
    let cnf = |cnf| good.clone().claim("cnf", cnf);
    let rows = vec![
        (
            "DPoP",
            cnf(json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
        ),
        (
            "mTLS",
            cnf(json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})),
        ),
        ("a key", cnf(json!({"jwk": {"kty": "OKP"}}))),
        ("null", cnf(json!(null))),
    ];
    refused(&world, &good, rows).await;
    let other_scheme = bearer(&good).replacen("Bearer", "DPoP", 1);
    let answer = world.whoami(&[&other_scheme]).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.challenge().unwrap().contains("error="));
    let metadata = world.auth.resource_metadata().unwrap().document();
    let metadata = String::from_utf8(metadata.to_vec()).unwrap();
    assert!(!metadata.contains("dpop"), "nothing is promised");
}
