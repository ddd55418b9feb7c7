//! The cheapest check comes first.

use super::*;

/// One proof with every fault from a place of the list on. The first of them is the reason, and
/// with none the proof is accepted.
#[test]
fn proof_faults_in_order() {
    let client = Setup::new(Algorithm::ES256);
    for first in 0..=STEPS.len() {
        let has = |step: &str| STEPS[first..].contains(&step);
        let verdict = judge(&client, &has);
        let want = STEPS.get(first).map_or(Ok(()), |step| Err(*step));
        assert_eq!(verdict, want);
    }
}

const STEPS: [&str; 14] = [
    "more than one DPoP header",
    "a segment is not canonical base64url",
    "the header has crit or b64",
    "typ is not dpop+jwt",
    "alg is not an accepted algorithm",
    "jwk has a private member",
    "another key",
    "jti is empty",
    "ath is not the hash of the access token",
    "htm is not the method of the request",
    "htu is not the URL of the request",
    "iat is more than 300 seconds from the clock",
    "jwk is not a usable key",
    "the signature does not verify",
];

fn judge(setup: &Setup, has: &dyn Fn(&str) -> bool) -> Result<(), &'static str> {
    let or = |step: &str, fault: Value, good: Value| if has(step) { fault } else { good };
    let mut jwk = setup.client.jwk();
    if has("jwk is not a usable key") {
        jwk["y"] = jwk["x"].clone();
    }
    let bound_to = match has("another key") {
        true => [0; 32],
        false => thumbprint(&jwk),
    };
    if has("jwk has a private member") {
        jwk["d"] = "AQAB".into();
    }
    let header = with(
        &setup.header(),
        &[
            ("jwk", jwk),
            (
                "typ",
                or("typ is not dpop+jwt", json!("JWT"), json!("dpop+jwt")),
            ),
            (
                "alg",
                or(
                    "alg is not an accepted algorithm",
                    json!("none"),
                    json!("ES256"),
                ),
            ),
            (
                "crit",
                or("the header has crit or b64", json!([]), Value::Null),
            ),
        ],
    );
    let good = claims();
    let claims = with(
        &good,
        &[
            ("jti", or("jti is empty", json!(""), good["jti"].clone())),
            ("ath", or(STEPS[8], json!(""), good["ath"].clone())),
            ("htm", or(STEPS[9], json!("GET"), good["htm"].clone())),
            (
                "htu",
                or(
                    STEPS[10],
                    json!("https://evil.example"),
                    good["htu"].clone(),
                ),
            ),
            ("iat", or(STEPS[11], json!(0), good["iat"].clone())),
        ],
    );
    let mut proof = match has("the signature does not verify") {
        true => Setup::new(Algorithm::ES256).sign(&header, &claims),
        false => setup.sign(&header, &claims),
    };
    if has("a segment is not canonical base64url") {
        proof.push('=');
    }
    let lines = match has("more than one DPoP header") {
        true => &[&*proof, ""][..],
        false => &[&*proof],
    };
    let expected = Expected {
        jkt: Some(&bound_to),
        ..REQUEST
    };
    let checked = setup.checks.check(&headers(lines), &expected, at(NOW));
    checked
        .and_then(|mut proof| proof.verify())
        .map_err(|error| match error {
            ProofError::Fault { step, .. } => step,
            ProofError::OtherKey => "another key",
        })
}
