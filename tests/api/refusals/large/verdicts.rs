//! The verdict on a token of the issuer, which does not depend on its size.

use proptest::prelude::*;

use super::*;

/// Claims with at most one fault.
fn of_one_fault() -> Vec<String> {
    let long = strangers();
    let ours = format!(r#"[{long},"{RESOURCE}"]"#);
    let theirs = format!("[{long}]");
    let (past, future) = ("1799999000", "1800000100");
    let deep = "[".repeat(200) + &"]".repeat(200);
    let changes: &[&[(&str, &str)]] = &[
        &[],
        &[("aud", &ours)],
        &[("aud", &theirs)],
        &[("aud", &format!(r#"["{STRANGER}"]"#))],
        &[("aud", &format!(r#""{STRANGER}""#))],
        &[("aud", "")],
        &[("aud", "null")],
        &[("aud", "[]")],
        &[("aud", "1")],
        &[("aud", "[1]")],
        &[("aud", &format!("[{long},1]"))],
        &[("aud", ""), ("azp", "\"other\"")],
        &[("client_id", "\"other\"")],
        &[("client_id", "")],
        &[("iss", "")],
        &[("iss", &format!(r#""{STRANGER}""#))],
        &[("iss", &format!(r#"["{ISSUER}"]"#))],
        &[("iss", r#""https:\/\/i.example""#)],
        &[("iss", "null")],
        &[("exp", past)],
        &[("exp", "1800000000.5")],
        &[("exp", "1799999999.5")],
        &[("exp", "\"1800000600\"")],
        &[("exp", "1e999")],
        &[("exp", "1e17")],
        &[("exp", "null")],
        &[("exp", "")],
        &[("nbf", past)],
        &[("nbf", future)],
        &[("nbf", "{}")],
        &[("iat", past)],
        &[("iat", future)],
        &[("iat", "true")],
        &[("events", "{}")],
        &[("events", "null")],
        &[("sub", "")],
        &[("sub", "1")],
        &[("jti", "[]")],
        &[("scope", "\"a b\"")],
        &[("scope", r#"["a","b"]"#)],
        &[("scope", "{}")],
        &[("scp", "[1]")],
        &[("roles", r#"["a"]"#)],
        &[("roles", "1")],
        &[("cnf", "{}")],
        &[(
            "cnf",
            r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
        )],
        &[("typ", "\"ID\"")],
        &[("token_use", "\"id\"")],
        &[("client_id", "1")],
        &[("x", &deep)],
        &[("x", "1e999")],
        &[("x", "01")],
        &[("x", r#""\ud800""#)],
        &[("x", "\"\u{1}\"")],
        &[("x", r#""\x""#)],
        &[("x", r#""\u00e9""#)],
        &[("x", "tru")],
        &[("x", "[1,]")],
        &[("x", r#"{"iss":1,"iss":2}"#)],
        &[("x", "")],
        &[("\\u0069ss", &format!(r#""{ISSUER}""#))],
        &[("\\u0069ss", &format!(r#""{ISSUER}""#)), ("iss", "")],
        &[("x", "1"), ("y", "1"), ("x", "1")],
        &[("sub", "\"a\""), ("sub", "\"a\"")],
    ];
    let mut all: Vec<_> = changes.iter().map(|changes| text(changes)).collect();
    let usual = text(&[]);
    let twice = |member: &str| usual.replacen('{', &format!("{{{member},"), 1);
    all.extend([
        twice(&format!(r#""iss":"{ISSUER}""#)),
        twice(&format!(r#""iss":"{STRANGER}""#)),
        twice(r#""exp":1800000600"#),
        twice(&format!(r#""aud":"{RESOURCE}""#)),
        format!("{usual} "),
        format!("{usual}x"),
        format!("{usual}{usual}"),
        usual.replacen('{', "[", 1),
        usual.trim_end_matches('}').to_owned(),
    ]);
    all
}

/// Rules under which different claims are good.
fn many_rules() -> Vec<(&'static str, JwtVerifier)> {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let all = vec![
        ("usual", rules()),
        ("leeway", rules().leeway(minutes(5))),
        ("age", rules().max_token_age(minutes(5))),
        ("rfc9068", rules().rfc9068()),
        ("keycloak", rules().keycloak()),
        ("cognito", rules().cognito(["listed"])),
        ("roles", rules().scope_claims(["scope", "roles"])),
        (
            "without audience",
            rules().danger_missing_audience_for_clients(["listed"]),
        ),
        ("two audiences", rules().audience(RESOURCE).audience("two")),
    ];
    let keys = json!({"keys": all_keys()});
    all.into_iter()
        .map(|(name, rules)| {
            (
                name,
                JwtVerifier::new(rules.jwks(keys.clone()).build().unwrap()),
            )
        })
        .collect()
}

/// A token that the issuer signed gets the same verdict in both sizes.
#[tokio::test]
async fn field_f09_a_large_token_of_the_issuer_gets_the_verdict_of_a_small_one() {
    let mut seen = Vec::new();
    for (name, verifier) in many_rules() {
        for claims in of_one_fault() {
            let small = outcome(&verifier, &of_issuer(&claims)).await;
            for large in padded(&claims) {
                let large = outcome(&verifier, &of_issuer(&large)).await;
                assert_eq!(large, small, "{name}: {claims}");
            }
            if !seen.contains(&small) {
                seen.push(small);
            }
        }
    }
    assert!(seen.contains(&Ok(())) && seen.len() > 12, "{seen:?}");
}

#[test]
fn field_f09_any_claims_get_one_verdict_whatever_is_beside_them() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let verifiers = many_rules();
    let names = prop::sample::select(vec![
        "aud",
        "azp",
        "client_id",
        "cnf",
        "events",
        "exp",
        "iat",
        "iss",
        "jti",
        "nbf",
        "roles",
        "scope",
        "scp",
        "sub",
        "token_use",
        "typ",
        "x",
        "\\u0065xp",
        "\\u0061ud",
    ]);
    let values = prop::sample::select(vec![
        "",
        "null",
        "true",
        "0",
        "-1",
        "1e3",
        "1799999400",
        "1800000600",
        "1e400",
        "\"\"",
        "\"a\"",
        "\"listed\"",
        "[]",
        "[null]",
        "[\"a\"]",
        "{}",
        "{\"jkt\":1}",
        "\"https://i.example\"",
        "\"https://mcp.example.com/mcp\"",
        "[\"https://mcp.example.com/mcp\",\"b\"]",
        "[",
        "\"",
    ]);
    let changes = prop::collection::vec((names, values), 0..4);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(600)
    };
    proptest!(config, |(changes in changes, which in 0..verifiers.len())| {
        let (name, verifier) = &verifiers[which];
        let claims = text(&changes);
        let verdict = |claims: &str| runtime.block_on(outcome(verifier, &of_issuer(claims)));
        let small = verdict(&claims);
        for large in padded(&claims) {
            let large = verdict(&large);
            // Of several faults, another one may be found first. A claim `events` is one in itself,
            // and a text without its end takes what follows for its own.
            let is_one = !claims.contains("events") && !changes.iter().any(|(_, it)| *it == "\"");
            match &*changes {
                [] | [(_, _)] if is_one => prop_assert_eq!(large, small, "{}: {}", name, claims),
                _ => prop_assert_eq!(large.is_ok(), small.is_ok(), "{}: {}", name, claims),
            }
        }
    });
}
