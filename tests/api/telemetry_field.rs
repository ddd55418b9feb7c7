//! What an operator learns about tokens that are refused.

use http::Request;
use http_body_util::Full;
use serde_json::json;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::test_util::TestIssuer;

use crate::support::{Counting, RESOURCE, call, capture, config, layer, request};

async fn send(layer: &JwtAuthLayer, line: &str) -> u16 {
    let request = Request::post("https://mcp.example.com/mcp").header("authorization", line);
    let request = request.body(Full::from("{}")).unwrap();
    call(layer, &Counting::default(), request)
        .await
        .status
        .as_u16()
}

/// At the default level: one warning for each reason and minute, with a count and an example.
#[tokio::test(start_paused = true)]
async fn field_g01_a_wrong_issuer_is_seen_at_the_default_level() {
    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    let wrong = issuer
        .mint(RESOURCE)
        .claim("iss", "https://idp.example")
        .sign();
    for _ in 0..100 {
        assert_eq!(send(&layer, &format!("Bearer {wrong}")).await, 401);
        assert_eq!(
            call(&layer, &Counting::default(), request(None))
                .await
                .status,
            401
        );
    }
    assert_eq!(log.counts("refusals"), 1, "{}", log.text());
    let other = issuer.mint("https://other.example").sign();
    assert_eq!(send(&layer, &format!("Bearer {other}")).await, 401);
    assert_eq!(log.counts("refusals"), 2, "another reason");
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    assert_eq!(send(&layer, &format!("Bearer {wrong}")).await, 401);
    assert_eq!(log.counts("refusals"), 3, "a minute later");
    let text = log.text();
    let warnings: Vec<_> = text
        .lines()
        .filter(|line| line.contains("event=\"refusals\""))
        .collect();
    assert!(
        warnings.iter().all(|line| line.contains("WARN")),
        "{warnings:?}"
    );
    for part in [
        "code=\"issuer_unknown\"",
        "count=1",
        "iss is",
        "https://idp.example",
        issuer.issuer(),
    ] {
        assert!(warnings[0].contains(part), "{part}: {}", warnings[0]);
    }
    assert!(warnings[1].contains("audience_unknown") && warnings[1].contains(RESOURCE));
    assert!(warnings[2].contains("count=100"), "{}", warnings[2]);
    assert!(!text.contains(&wrong) && !text.contains("code=\"unauthorized\" count"));
}

/// At debug, each rejection has what came and what is accepted.
#[tokio::test]
async fn field_g02_a_reason_has_the_value_that_came_and_those_accepted() {
    let issuer = TestIssuer::start();
    let many = (0..20).fold(config(&issuer), |config, n| {
        config.audience(format!("api://{n}"))
    });
    let layer = JwtAuthLayer::new(many.build().unwrap());
    let long = "x".repeat(500);
    let mint = || issuer.mint("api://0");
    for (token, parts) in [
        (
            mint().claim("iss", "https://a\u{202e}b").sign(),
            vec!["iss is", "a\\\\u{202e}b", issuer.issuer()],
        ),
        (
            mint().claim("aud", json!(["api://x", "api://y"])).sign(),
            vec!["api://x", "api://y", "api://7", "and 12 more"],
        ),
        (
            mint().header("kid", "other-key").sign(),
            vec!["kid is", "other-key"],
        ),
        (
            mint().header("typ", "id+jwt").sign(),
            vec!["typ is", "id+jwt", "at+jwt"],
        ),
        (
            mint().claim("iss", long.clone()).sign(),
            vec!["iss is", ".."],
        ),
    ] {
        let (log, _guard) = capture();
        assert_eq!(send(&layer, &format!("Bearer {token}")).await, 401);
        let text = log.text();
        let line = text
            .lines()
            .find(|line| line.contains("request_refused"))
            .unwrap();
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!text.contains(&"x".repeat(129)), "cut at 128 characters");
        assert!(!text.contains(token.split('.').nth(2).unwrap()));
    }
    // An issuer among several shows its own.
    let keys = issuer.jwks();
    let two = tower_jwt_auth::JwtAuthConfig::builder()
        .add_issuer(
            Issuer::new(issuer.issuer())
                .jwks(keys.clone())
                .audience("mine"),
        )
        .add_issuer(
            Issuer::new("https://b.example")
                .jwks(keys)
                .audience("theirs"),
        );
    let layer = JwtAuthLayer::new(two.build().unwrap());
    let (log, _guard) = capture();
    assert_eq!(
        send(&layer, &format!("Bearer {}", issuer.mint("x").sign())).await,
        401
    );
    assert!(
        log.text().contains("mine") && !log.text().contains("theirs"),
        "{}",
        log.text()
    );
}

/// With keys that never change, a `kid` that is not theirs is refused before the claims are read.
#[tokio::test]
async fn field_g02_an_unknown_key_names_another_issuer_too() {
    let (issuer, stranger) = (TestIssuer::start(), TestIssuer::start());
    let fixed = tower_jwt_auth::JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .jwks(issuer.jwks());
    let layer = || JwtAuthLayer::new(fixed.clone().build().unwrap());
    let own = issuer.signing_key().kid().to_owned();
    let mint = || issuer.mint(RESOURCE).header("kid", "other-key");
    let named = format!(
        "iss is {:?}; accepted: {:?}",
        stranger.issuer(),
        issuer.issuer()
    );
    for (what, token, is_stranger) in [
        ("a key that is not published", mint().sign(), false),
        (
            "another issuer",
            mint().claim("iss", stranger.issuer()).sign(),
            true,
        ),
        ("no text", mint().claim("iss", 1).sign(), false),
    ] {
        // Each has its own minute.
        let layer = layer();
        let (log, _guard) = capture();
        assert_eq!(
            send(&layer, &format!("Bearer {token}")).await,
            401,
            "{what}"
        );
        let text = log.text();
        for event in ["refusals", "request_refused"] {
            let event = format!("event=\"{event}\"");
            let line = text.lines().find(|line| line.contains(&event)).unwrap();
            let line = line.replace('\\', "");
            let kid = format!("kid is \"other-key\"; accepted: {own:?}");
            assert!(
                line.contains("key_unknown") && line.contains(&kid),
                "{what}: {line}"
            );
            assert_eq!(line.contains(&named), is_stranger, "{what}: {line}");
        }
    }
    let layer = layer();
    let good = issuer.mint(RESOURCE).sign();
    assert_eq!(send(&layer, &format!("Bearer {good}")).await, 200);
}

#[tokio::test]
async fn field_g03_each_fault_of_the_header_has_its_reason() {
    let issuer = TestIssuer::start();
    let layer = layer(&issuer);
    let good = issuer.mint(RESOURCE).sign();
    assert_eq!(send(&layer, &format!("Bearer {good}")).await, 200);
    for (line, code) in [
        ("Bearer".to_owned(), "token_empty"),
        (format!("Bearer \"{good}\""), "token_quoted"),
        (format!("Bearer '{good}'"), "token_quoted"),
        (good.clone(), "scheme_missing"),
        (format!("Bearer Bearer {good}"), "scheme_repeated"),
        (format!("bearer bearer {good}"), "scheme_repeated"),
        (format!("Bearer {good}, {good}"), "token_malformed"),
        (format!("Bearer\t{good}"), "token_malformed"),
        (format!("DPoP {good}"), "dpop_off"),
        (format!("Token {good}"), "scheme_unknown"),
        (format!("JWT {good}"), "scheme_unknown"),
        (format!("BearerToken {good}"), "scheme_unknown"),
        (format!("Bearer{good}"), "scheme_missing"),
        ("s3cret s3cret".to_owned(), "scheme_unknown"),
        ("s3cret".to_owned(), "scheme_missing"),
        // g04: an opaque token, with what to do.
        ("Bearer opaque".to_owned(), "not_a_jwt"),
    ] {
        let (log, _guard) = capture();
        // Its own layer: each reason is logged once a minute.
        let layer = self::layer(&issuer);
        assert_eq!(send(&layer, &line).await, 401, "{line:.20}");
        let text = log.text();
        assert!(text.contains(&format!("code=\"{code}\"")), "{code}: {text}");
        assert_eq!(log.counts("refusals"), 1, "{code}: {text}");
        assert!(!text.contains(&good) && !text.contains("s3cret"), "{text}");
    }
    let (log, _guard) = capture();
    assert_eq!(send(&layer, "Basic dXNlcjpwYXNz").await, 401);
    assert!(
        log.text().contains("code=\"unauthorized\""),
        "another scheme is no fault"
    );
}

#[tokio::test]
async fn field_g04_an_opaque_token_is_told_what_to_do() {
    let issuer = TestIssuer::start();
    let (log, _guard) = capture();
    assert_eq!(send(&layer(&issuer), "Bearer gho_opaque").await, 401);
    let text = log.text();
    for part in [
        "opaque",
        "must name this resource",
        "issue JWTs",
        "introspection",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
