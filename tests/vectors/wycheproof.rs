//! C2SP Wycheproof's JSON Web Signature vectors, at the JWS seam: their payloads are no claims.

use std::collections::HashMap;

use serde::Deserialize as _;
use serde_json::Value;
use tower_jwt_auth::error::TokenErrorKind;

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

/// Each has a good header, a good payload and the right length, and a padding that is not quite
/// right: nothing but the signature may be what it is refused for.
#[test]
fn n25_n27_paddings_of_rsa() {
    let Some(suite) = Suite::open("paddings") else {
        return;
    };
    let vectors = json(&suite.data.join("wycheproof/json_web_signature_test.json"));
    let groups = vectors["testGroups"].as_array().unwrap();
    for (name, ids, count) in [
        ("n25 PKCS #1 v1.5", 46..=258, 213),
        ("n27 PSS", 276..=311, 34),
    ] {
        let rows = groups.iter().flat_map(|group| {
            let keys = jwk_set(vec![
                group.get("public").unwrap_or(&group["private"]).clone(),
            ]);
            let tests = group["tests"].as_array().unwrap();
            tests.iter().map(move |test| (keys.clone(), test))
        });
        // Two of them are good: a salt of one value is a salt.
        let is_odd_salt = |test: &Value| test["comment"].as_str().unwrap().starts_with("saltIsAll");
        let bad = |test: &Value| ids.contains(&id(test)) && !is_odd_salt(test);
        let rows: Vec<_> = rows.filter(|(_, test)| bad(test)).collect();
        assert_eq!(rows.len(), count, "{name}");
        for (keys, test) in rows {
            let verdict = at_seam(&keys, test["jws"].as_str().unwrap()).map(drop);
            let want = Err(Refusal::Token(TokenErrorKind::BadSignature));
            assert_eq!(verdict, want, "{name}: {test}");
        }
    }
}
