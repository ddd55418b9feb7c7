//! What a refused caller is told: rows M7, M10, S1 to S4 and S10, and RFC 6750 §3.

use std::sync::atomic::{AtomicU32, Ordering};

use tower_jwt_auth::error::CheckError;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use super::{METADATA, World, bearer};
use crate::support::{Answer, Counting, RESOURCE, call, naive_client, request};

/// One answer of the table: name, `Authorization`, status, challenge, body.
type Row = (&'static str, Vec<String>, u16, Option<String>, &'static str);

async fn check(world: &World, rows: Vec<Row>) {
    for (name, authorization, status, challenge, body) in rows {
        let values: Vec<_> = authorization.iter().map(String::as_str).collect();
        let before = world.reached();
        let answer = world.whoami(&values).await;
        assert_eq!(answer.status, status, "{name}");
        assert_eq!(answer.challenge(), challenge.as_deref(), "{name}");
        assert_eq!(answer.body, body, "{name}");
        assert_eq!(answer.headers["content-type"], "application/json", "{name}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{name}");
        assert_eq!(world.reached(), before, "{name}");
        assert_eq!(world.whoami(&values).await, answer, "S4, {name}: as before");
    }
}

#[tokio::test]
async fn m7_m10_s1_s2_s3_s4_status_challenge_and_body() {
    let world = World::start(|config| {
        config
            .required_scopes(["mcp:read", "mcp:list"])
            .check(|auth| match auth.subject() {
                Some("mallory") => Err(CheckError::Forbidden),
                _ => Ok(()),
            })
    })
    .await;
    let good = world.token().scope("mcp:read mcp:list");
    assert_eq!(world.with_token(&good).await.status, 200);
    let other = "https://other.example.com/mcp";
    let elsewhere = world.issuer.mint(other).scope("mcp:read mcp:list");
    let missing = format!(r#"Bearer scope="mcp:read mcp:list", resource_metadata="{METADATA}""#);
    let invalid = format!(
        r#"Bearer error="invalid_token", scope="mcp:read mcp:list", resource_metadata="{METADATA}", error_description="The access token is invalid or has expired""#
    );
    let unauthorized =
        r#"{"error":"unauthorized","error_description":"Authentication is required"}"#;
    let invalid_token = r#"{"error":"invalid_token","error_description":"The access token is invalid or has expired"}"#;
    let rows = vec![
        ("none", vec![], 401, Some(missing.clone()), unauthorized),
        (
            "another scheme",
            vec!["Basic dXNlcjpwYXNz".to_owned()],
            401,
            Some(missing),
            unauthorized,
        ),
        (
            "malformed, which is a 401 in MCP",
            vec!["Bearer a b".to_owned()],
            401,
            Some(invalid.clone()),
            invalid_token,
        ),
        (
            "for somebody else",
            vec![bearer(&elsewhere)],
            401,
            Some(invalid.clone()),
            invalid_token,
        ),
        (
            "validity comes before scopes",
            vec![bearer(&elsewhere.clone().scope("mcp:list"))],
            401,
            Some(invalid),
            invalid_token,
        ),
        (
            "one scope of two",
            vec![bearer(&good.clone().scope("mcp:list"))],
            403,
            Some(format!(
                r#"Bearer error="insufficient_scope", scope="mcp:read mcp:list", resource_metadata="{METADATA}", error_description="The access token lacks a scope that this operation needs""#
            )),
            r#"{"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs"}"#,
        ),
        (
            "a refusal that no scope mends carries no challenge",
            vec![bearer(&good.clone().subject("mallory"))],
            403,
            None,
            r#"{"error":"access_denied","error_description":"The access token does not permit this operation"}"#,
        ),
        (
            "two headers",
            vec![bearer(&good), bearer(&good)],
            400,
            Some(format!(
                r#"Bearer error="invalid_request", resource_metadata="{METADATA}", error_description="The request carries more than one Authorization header""#
            )),
            r#"{"error":"invalid_request","error_description":"The request carries more than one Authorization header"}"#,
        ),
    ];
    check(&world, rows).await;
}

/// During an outage a good token stays good: a challenge would make the client discard it.
#[tokio::test]
async fn m10_without_keys_it_is_503_and_no_challenge() {
    let world = World::start(|config| config).await;
    world.issuer.go_down();
    let answer = world.with_token(&world.token()).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (503, None));
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(
        answer.body,
        r#"{"error":"temporarily_unavailable","error_description":"Access tokens cannot be verified at the moment"}"#
    );
    assert_eq!(world.whoami(&[]).await.status, 401);
    assert_eq!(world.reached(), 0);
}

/// A caller that tries out tokens learns nothing: the reasons are in the log (`telemetry.rs`).
#[tokio::test]
async fn s10_every_bad_token_gets_the_same_answer() {
    let world = World::start(|config| config).await;
    let good = world.token();
    assert_eq!(world.with_token(&good).await.status, 200);
    let bad = [
        good.clone().claim("aud", "api"),
        good.clone().claim("exp", 1).claim("iat", 0),
        good.clone().claim("iss", "https://other.example.com"),
        good.clone().header("kid", "nobody's"),
        good.clone().header("typ", "logout+jwt"),
        good.clone().header("alg", "none"),
        good.clone().claim("cnf", serde_json::json!({"jkt": "x"})),
        good.signed_by(tower_jwt_auth::test_util::TestIssuer::start().signing_key()),
    ];
    let mut answers: Vec<Answer> = vec![world.whoami(&["Bearer x"]).await];
    for token in bad {
        answers.push(world.with_token(&token).await);
    }
    assert_eq!(answers[0].status, 401);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}

/// A challenge read by the grammar: the scheme, one space, and parameters of which none comes
/// twice.
fn parameters(challenge: &str) -> Vec<(&str, &str)> {
    let mut rest = challenge.strip_prefix("Bearer ").unwrap();
    let mut parameters: Vec<(&str, &str)> = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (value, after) = after.split_once('"').unwrap();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(name.bytes().all(plain), "{challenge}");
        assert!(!value.contains('\\'), "{challenge}");
        assert!(
            parameters.iter().all(|(other, _)| *other != name),
            "{challenge}"
        );
        parameters.push((name, value));
        if after.is_empty() {
            return parameters;
        }
        rest = after.strip_prefix(", ").unwrap();
    }
}

fn parameter<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    let mut found = parameters(challenge).into_iter();
    let (_, value) = found.find(|(other, _)| *other == name)?;
    Some(value)
}

#[tokio::test]
async fn rfc6750_3_there_is_always_a_parameter_and_no_error_without_credentials() {
    let without = || {
        JwtAuthConfig::builder()
            .issuer("https://idp.example.com")
            .audience("a")
    };
    let with = || without().resource(RESOURCE);
    let metadata = format!("resource_metadata=\"{METADATA}\"");
    for (config, missing) in [
        (without(), r#"realm="mcp""#.to_owned()),
        (without().realm("Notes"), r#"realm="Notes""#.to_owned()),
        (
            without().required_scopes(["a", "b"]),
            r#"realm="mcp", scope="a b""#.to_owned(),
        ),
        (with(), metadata.clone()),
        (
            with().realm("Notes"),
            format!(r#"realm="Notes", {metadata}"#),
        ),
    ] {
        let layer = JwtAuthLayer::new(config.build().unwrap());
        let inner = Counting::default();
        let none = call(&layer, &inner, request(None)).await;
        assert_eq!(none.challenge(), Some(&*format!("Bearer {missing}")));
        assert_eq!(parameter(none.challenge().unwrap(), "error"), None);
        let bad = call(&layer, &inner, request(Some("x"))).await;
        let challenge = bad.challenge().unwrap();
        assert_eq!(parameter(challenge, "error"), Some("invalid_token"));
        assert_eq!(
            parameter(challenge, "scope"),
            parameter(none.challenge().unwrap(), "scope")
        );
    }
}

#[tokio::test]
async fn rfc6750_3_schemes_in_any_case_and_values_in_any_bytes() {
    let world = World::start(|config| config).await;
    let token = world.token().sign();
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        let answer = world.whoami(&[&format!("{scheme}{token}")]).await;
        assert_eq!(answer.status, 200, "{scheme:?}");
    }
    for (value, error) in [
        (format!("Bearer{token}"), None),
        (format!("Bearer: {token}"), Some("invalid_token")),
        ("Bearer".to_owned(), Some("invalid_token")),
        (format!("Bearer {token}\u{e9}"), Some("invalid_token")),
        (format!("Bearer \u{202e}{token}"), Some("invalid_token")),
        (
            format!("Bearer {token}, Bearer {token}"),
            Some("invalid_token"),
        ),
        (format!("Bearer \"{token}\""), Some("invalid_token")),
    ] {
        let answer = world.whoami(&[&value]).await;
        assert_eq!(answer.status, 401, "{value}");
        let challenge = answer.challenge().unwrap();
        assert_eq!(parameter(challenge, "error"), error, "{value}");
    }
    assert_eq!(world.reached(), 4);
}

/// Any configuration that builds: the grammar and a real client read the same parameters.
#[test]
fn m7_m10_rfc6750_3_no_configuration_breaks_a_parser() {
    use proptest::prelude::*;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(500)
    };
    // Texts that are near what breaks: names of parameters, quotes, separators.
    let text = || {
        prop::collection::vec(
            prop_oneof![
                "[ -~]{0,6}",
                "(scope|realm|error|error_description|resource_metadata|Scope)=?",
                "[\"\\\\,; =]",
                "[a-z:./]{1,8}",
            ],
            0..4,
        )
        .prop_map(|pieces| pieces.concat())
    };
    let built = AtomicU32::new(0);
    let cases = (text(), prop::collection::vec(text(), 1..3), text());
    proptest::test_runner::TestRunner::new(config)
        .run(&cases, |(realm, scopes, path)| {
            let resource = format!("https://h.example.com/{path}");
            let config = JwtAuthConfig::builder()
                .resource(&resource)
                .issuer("https://idp.example.com")
                .realm(&realm)
                .required_scopes(&scopes)
                .build();
            let Ok(config) = config else { return Ok(()) };
            built.fetch_add(1, Ordering::Relaxed);
            let layer = JwtAuthLayer::new(config);
            let metadata = layer.resource_metadata().unwrap().url().to_owned();
            for token in [None, Some("x")] {
                let answer = runtime.block_on(call(&layer, &Counting::default(), request(token)));
                let challenge = answer.challenge().unwrap();
                let error = token.map(|_| "invalid_token");
                prop_assert_eq!(parameter(challenge, "realm"), Some(&*realm));
                prop_assert_eq!(parameter(challenge, "error"), error);
                prop_assert_eq!(parameter(challenge, "resource_metadata"), Some(&*metadata));
                for name in ["error", "error_description", "resource_metadata", "scope"] {
                    let seen = naive_client::parameter(challenge, name);
                    prop_assert_eq!(seen.as_deref(), parameter(challenge, name));
                }
            }
            Ok(())
        })
        .unwrap();
    let built = built.into_inner();
    assert!(built > 25, "{built} of the configurations did build");
}
