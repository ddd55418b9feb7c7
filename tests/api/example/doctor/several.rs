//! What is said of a token with several faults, and of names that nearly agree.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// Each row has several faults. Each stands under its own name, with what to do.
#[test]
fn field_g06_all_faults_of_a_token_are_named_at_once() {
    let issuer = TestIssuer::start();
    let config = with(&right(&issuer), json!({"algorithms": ["RS256", "ES256"]}));
    assert_eq!(judge(&config, &good(&issuer)).code, Some(0));
    let unix = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let past = unix.as_secs() - 7200;
    let hour = Duration::from_secs(3600);
    let elsewhere = || issuer.mint("https://other.example");
    let stranger = TestIssuer::start();
    let named = |name: &str| format!("{name}/");
    for (what, token, wrong) in [
        (
            "audience, expired",
            elsewhere().scope("notes:read").valid(past, hour).sign(),
            "2 wrong: audience_unknown, token_expired",
        ),
        (
            "audience, expired, scopes",
            elsewhere().valid(past, hour).sign(),
            "3 wrong: audience_unknown, token_expired, insufficient_scope",
        ),
        (
            "type, slash, audience, expired",
            elsewhere()
                .scope("notes:read")
                .header("typ", "id+jwt")
                .claim("iss", named(issuer.issuer()))
                .valid(past, hour)
                .sign(),
            "4 wrong: issuer_unknown, type_wrong, audience_unknown, token_expired",
        ),
        (
            "another issuer, audience, expired",
            stranger
                .mint("https://other.example")
                .scope("notes:read")
                .valid(past, hour)
                .sign(),
            "3 wrong: issuer_unknown, audience_unknown, token_expired",
        ),
        (
            "algorithm, audience, key",
            unsigned(
                &json!({"alg": "RS512", "kid": "k"}),
                &json!({
                    "iss": issuer.issuer(), "aud": "https://other.example", "exp": past, "scope": "notes:read",
                }),
            ),
            "4 wrong: algorithm_not_allowed, audience_unknown, token_expired, key_unknown",
        ),
        (
            "expired, key",
            unsigned(
                &json!({"alg": "RS256", "kid": "nobody's"}),
                &json!({
                    "iss": issuer.issuer(), "aud": RESOURCE, "exp": past, "scope": ["notes:read"],
                }),
            ),
            "2 wrong: token_expired, key_unknown",
        ),
        (
            "expired, bound, with many groups",
            issuer
                .mint(RESOURCE)
                .scope("notes:read")
                .claim(
                    "cnf",
                    json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
                )
                .claim("groups", vec!["a group of some length"; 400])
                .valid(past, hour)
                .sign(),
            "2 wrong: token_expired, proof_missing",
        ),
        (
            "no aud, no exp, no scope",
            unsigned(&json!({"alg": "RS256"}), &json!({"iss": issuer.issuer()})),
            "3 wrong: claim_missing, claim_missing, insufficient_scope",
        ),
        (
            "scheme, audience, expired",
            format!(
                "Token {}",
                elsewhere().scope("notes:read").valid(past, hour).sign()
            ),
            "3 wrong: scheme_unknown, audience_unknown, token_expired",
        ),
    ] {
        let said = judge(&config, &token);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        said.shows(what, wrong);
        said.shows(what, "the signature was not checked");
    }
    // One fault is named once, and what is not wrong is not.
    for (what, token, wrong) in [
        (
            "audience",
            elsewhere().scope("notes:read").sign(),
            "1 wrong: audience_unknown",
        ),
        (
            "scope",
            issuer.mint(RESOURCE).sign(),
            "1 wrong: insufficient_scope",
        ),
        (
            "signature",
            with_other_signature(&good(&issuer)),
            "1 wrong: signature_invalid",
        ),
    ] {
        let said = judge(&config, &token);
        said.shows(what, wrong);
    }
}

fn with_other_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", "A".repeat(signature.len()))
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let (header, claims) = (encoded(header), encoded(claims));
    format!("{header}.{claims}.{}", "A".repeat(342))
}

/// A name that differs by a slash stands under the one that is meant.
#[test]
fn field_g06_names_that_differ_are_side_by_side() {
    let issuer = TestIssuer::start();
    let name = issuer.issuer();
    let token = good(&issuer);
    let fixed = json!({"jwks_uri": issuer.jwks_uri()});
    let right = with(&right(&issuer), fixed);
    assert_eq!(judge(&right, &token).code, Some(0));
    let slash = format!("{name}/");
    let lines_of = |changes: Value| {
        let said = judge(&with(&right, changes), &token);
        assert_eq!(said.code, Some(1), "{said:?}");
        said.output
    };
    let pair = |output: &str, parts: [String; 4]| {
        for part in parts {
            assert!(output.contains(&part), "{part}: {output}");
        }
        let column = |part: &str| {
            let line = output.lines().find(|line| line.contains(part)).unwrap();
            line.find("  http").or_else(|| line.find('^')).unwrap()
        };
        assert_eq!(
            column("of the token  "),
            column("of the configuration  "),
            "{output}"
        );
    };
    pair(
        &lines_of(json!({"issuer": slash})),
        [
            format!("`iss` of the token             {name}\n"),
            format!("`issuer` of the configuration  {slash}\n"),
            format!("{}^ from here on they differ", " ".repeat(name.len())),
            format!("Set `issuer` to {name:?}: only the slash at the end differs"),
        ],
    );
    pair(
        &lines_of(json!({"audience": format!("{RESOURCE}/")})),
        [
            format!("`aud` of the token               {RESOURCE}\n"),
            format!("`audience` of the configuration  {RESOURCE}/\n"),
            "^ from here on they differ".to_owned(),
            format!("Set `audience` to {RESOURCE:?}: only the slash at the end differs"),
        ],
    );
    pair(
        &lines_of(json!({"resource": RESOURCE.replace("example.com", "example.org")})),
        [
            format!("`aud` of the token               {RESOURCE}\n"),
            "`resource` of the configuration  https://mcp.example.org/mcp\n".to_owned(),
            format!(
                "{}^ from here on they differ",
                " ".repeat("https://mcp.example.".len())
            ),
            "Compare the value".to_owned(),
        ],
    );
    let output = lines_of(json!({"issuer": slash, "jwks_uri": null}));
    for part in [
        format!("`issuer` of the metadata       {name}\n"),
        format!("`issuer` of the configuration  {slash}\n"),
        format!("Set `issuer` to {name:?}: only the slash at the end differs"),
    ] {
        assert!(output.contains(&part), "{part}: {output}");
    }
}
