//! C2SP Wycheproof's JSON Web Signature vectors, at the JWS seam: their payloads are no claims.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize as _;
use serde_json::Value;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, TokenErrorKind};

use crate::support::{Refusal, Suite, Verdict, at_seam, json, jwk_set, rows};

#[test]
fn wycheproof() {
    let Some(mut suite) = Suite::open("wycheproof") else {
        return;
    };
    let folder = suite.data.join("wycheproof");
    // Wycheproof's own `result` is for a verifier that takes HS* from a key set and does not hold a
    // key to its `alg` (RFC 7517 §4.4); these are the verdicts for one like ours.
    let verdict = |row: &Value| Verdict::deserialize(&row["expected"]).unwrap();
    let expected: HashMap<u64, Verdict> = rows(&folder.join("expected.json"))
        .iter()
        .map(|row| (id(row), verdict(row)))
        .collect();
    let vectors = json(&folder.join("json_web_signature_test.json"));
    for group in vectors["testGroups"].as_array().unwrap() {
        // Only secrets have no public part.
        let jwk = group.get("public").unwrap_or(&group["private"]);
        let keys = jwk_set(vec![jwk.clone()]);
        for test in group["tests"].as_array().unwrap() {
            let verdict = at_seam(&keys, test["jws"].as_str().unwrap());
            suite.row();
            suite.verdict(&id(test).to_string(), expected[&id(test)], &verdict);
        }
    }
    let detail = format!("{} accepted, {} refused", suite.accepted(), suite.refused());
    let found = vectors["numberOfTests"].as_u64().unwrap();
    assert_eq!(found, expected.len() as u64, "verdicts and vectors");
    suite.finish(expected.len(), detail);
}

fn id(row: &Value) -> u64 {
    row["tcId"].as_u64().unwrap()
}

/// Wycheproof has its base64 cases (357-377) for HS256 alone, which we refuse for that. The same
/// mutations for a public key, each signed as it stands, so that nothing but the encoding is wrong
/// (RFC 7515 §2: no padding, no other characters). `S` stands for the signature.
#[test]
fn base64_cases_with_a_public_key() {
    let key = TestKey::generate(Algorithm::ES256, "k");
    let keys = jwk_set(vec![key.jwk()]);
    let cases = [
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "S", true),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "    S", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "?S", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "S?", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "S==", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA", "S\n", false),
        ("eyJhbGciOiJFUzI1NiJ9    .VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9####.VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9=.VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ?9.VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9.    VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9.####VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9.?VGVzdA", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA?", "S", false),
        ("eyJhbGciOiJFUzI1NiJ9.VGVzdA==", "S", false),
        // One octet in two characters leaves four bits over: clear, then set.
        ("eyJhbGciOiJFUzI1NiJ9.AA", "S", true),
        ("eyJhbGciOiJFUzI1NiJ9.AB", "S", false),
        // White space inside the JSON is lawful: { "alg" : "ES256" }
        ("eyAiYWxnIiA6ICJFUzI1NiIgfQ.VGVzdA", "S", true),
    ];
    for (signed, signature, good) in cases {
        let own = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
        let token = format!("{signed}.{}", signature.replace('S', &own));
        let wanted = match good {
            true => Ok(()),
            false => Err(Refusal::Token(TokenErrorKind::BadEncoding)),
        };
        let verdict = at_seam(&keys, &token).map(drop);
        assert_eq!(verdict, wanted, "{signed}.{signature}");
    }
}
