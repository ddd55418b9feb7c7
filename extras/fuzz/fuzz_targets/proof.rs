//! The low bits of the first byte say how to read the rest: 0 `DPoP` header lines with line feeds
//! between them, 1 `header|claims` and 2 `claims` to be signed with Ed25519, 3 `path|htu`.
#![no_main]

// The second normaliser is that of the unit tests.
#[path = "../../../src/proof/dpop/htu/by_the_rfc.rs"]
mod by_the_rfc;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use by_the_rfc::by_the_rfc;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tower_jwt_auth::limits;
use tower_jwt_auth::test_util::internal::dpop::{Checks, Proof, Request};
use tower_jwt_auth_fuzz::count::Acceptance;
use tower_jwt_auth_fuzz::part;
use tower_jwt_auth_fuzz::signer::ED25519_SIGNER;

static ACCEPTANCE: Acceptance = Acceptance::new();

/// These know every key that was accepted.
static KNOWING: LazyLock<Checks> = LazyLock::new(checks);

/// These know none.
static FORGETTING: LazyLock<Checks> = LazyLock::new(checks);

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    match choice & 3 {
        0 => judge(&rest.split(|byte| *byte == b'\n').collect::<Vec<_>>()),
        1 => {
            let (header, claims) = part(rest, b'|');
            signed(header, claims);
        }
        2 => signed(header().as_bytes(), rest),
        _ => {
            let (path, htu) = part(rest, b'|');
            let texts = (std::str::from_utf8(path), std::str::from_utf8(htu));
            if let (Ok(path), Ok(htu)) = texts {
                compare(path, htu);
            }
        }
    }
});

fn signed(header: &[u8], claims: &[u8]) {
    let proof = ED25519_SIGNER.compact(header, claims);
    judge(&[proof.as_bytes()]);
}

/// The verdict does not depend on whether the key is known.
fn judge(lines: &[&[u8]]) {
    let lines: Result<Vec<_>, _> = lines
        .iter()
        .map(|line| HeaderValue::from_bytes(line))
        .collect();
    let Ok(lines) = lines else {
        return;
    };
    let headers: HeaderMap = lines.iter().map(|line| (DPOP, line.clone())).collect();
    let verdict = verdict(&FORGETTING, &headers);
    match &verdict {
        Ok(proof) => check_accepted(&lines, proof),
        Err(step) => assert!(!step.is_empty()),
    }
    for _ in 0..2 {
        let known = self::verdict(&KNOWING, &headers);
        assert_eq!(known.as_ref().err(), verdict.as_ref().err());
        known.iter().for_each(|proof| KNOWING.remember(proof));
    }
    ACCEPTANCE.note(verdict.is_ok());
}

fn verdict(checks: &Checks, headers: &HeaderMap) -> Result<Proof, &'static str> {
    let request = Request {
        method: "POST",
        path: PATH,
        token: TOKEN,
        jkt: None,
        ath: None,
    };
    let mut proof = checks.check(headers, &request, NOW)?;
    let jkt = *proof.jkt();
    let bound = Request {
        jkt: Some(&jkt),
        ath: Some(&hash(TOKEN)),
        ..request
    };
    assert!(checks.check(headers, &bound, NOW).is_ok());
    let other = Request {
        jkt: Some(&[0; 32]),
        ..request
    };
    let refused = checks.check(headers, &other, NOW).map(drop);
    assert_eq!(refused, Err("another key"));
    proof.verify()?;
    Ok(proof)
}

/// What RFC 9449 §4.3 asks for, read with a JSON library.
fn check_accepted(lines: &[HeaderValue], proof: &Proof) {
    let [line] = lines else {
        panic!("{} proofs", lines.len());
    };
    let text = line.to_str().expect("visible ASCII");
    assert!(text.len() <= limits::MAX_PROOF_BYTES);
    let segments: Vec<_> = text
        .split('.')
        .map(|segment| {
            let decoded = URL_SAFE_NO_PAD.decode(segment).expect("base64url");
            assert_eq!(URL_SAFE_NO_PAD.encode(&decoded), segment);
            decoded
        })
        .collect();
    let [header, claims, signature] = &*segments else {
        panic!("{} segments", segments.len());
    };
    let (header, claims) = (read(header), read(claims));
    let typ = header["typ"].as_str().expect("a text").to_lowercase();
    assert!(["dpop+jwt", "application/dpop+jwt"].contains(&&*typ));
    assert!(header.get("crit").is_none() && header.get("b64").is_none());
    check_key(&header, proof);

    assert_eq!(claims["htm"], "POST");
    assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(hash(TOKEN)));
    assert_eq!(claims["jti"], proof.jti());
    assert!((1..=limits::MAX_JTI_BYTES).contains(&proof.jti().len()));
    assert_eq!(claims.get("nonce").and_then(Value::as_str), proof.nonce());
    assert!((claims["iat"].as_f64().expect("a number") - NOW).abs() <= 300.0);
    let htu = claims["htu"].as_str().expect("a text");
    assert_eq!(by_the_rfc(htu), by_the_rfc(&format!("{PUBLIC_URL}{PATH}")));

    if header["jwk"]["x"] == ED25519_SIGNER.jwk()["x"] {
        let (signed, _) = text.rsplit_once('.').expect("three segments");
        assert!(ED25519_SIGNER.verifies(signed.as_bytes(), signature));
    }
}

fn check_key(header: &Value, proof: &Proof) {
    let jwk = header["jwk"].as_object().expect("an object");
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        assert!(!jwk.contains_key(private), "{private}");
    }
    let algorithm = header["alg"].as_str().expect("a text");
    let (required, algorithms): (&[&str], &[&str]) = match jwk["kty"].as_str() {
        Some("AKP") => (
            &["alg", "kty", "pub"],
            &["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
        ),
        Some("EC") => (&["crv", "kty", "x", "y"], &["ES256", "ES384", "ES512"]),
        Some("OKP") => (&["crv", "kty", "x"], &["EdDSA", "Ed25519"]),
        Some("RSA") => (
            &["e", "kty", "n"],
            &["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
        ),
        other => panic!("{other:?}"),
    };
    assert!(algorithms.contains(&algorithm), "{algorithm}");
    let members: BTreeMap<_, _> = required.iter().map(|name| (*name, &jwk[*name])).collect();
    let json = serde_json::to_string(&members).expect("texts");
    assert_eq!(*proof.jkt(), hash(json.as_bytes()));
}

/// The last of a repeated member would count here, but no such proof is accepted.
fn read(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("it was read")
}

/// One URL is another exactly if a second normaliser says so, or their bytes are equal.
fn compare(path: &str, htu: &str) {
    let is_path = path.starts_with('/') && !path.contains(['?', '#']);
    let of_path = by_the_rfc(&format!("https://a{path}"));
    let of_path = of_path.as_deref().map(|url| &url["https://a".len()..]);
    let expected = of_path
        .filter(|_| is_path)
        .map(|path| format!("{PUBLIC_URL}{path}"));
    let is_same = expected.is_some()
        && (by_the_rfc(htu) == expected || *htu == format!("{PUBLIC_URL}{path}"));
    assert_eq!(KNOWING.is_url(htu, path), is_same);
    ACCEPTANCE.note(is_same);
}

fn checks() -> Checks {
    Checks::new(PUBLIC_URL).expect("a good setting")
}

fn header() -> String {
    json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": ED25519_SIGNER.jwk()}).to_string()
}

fn hash(text: &[u8]) -> [u8; 32] {
    let hash = digest(&SHA256, text);
    hash.as_ref().try_into().expect("32 bytes")
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
const PUBLIC_URL: &str = "https://r.example/base";
const PATH: &str = "/mcp";
const TOKEN: &[u8] = b"a.b.c";
const NOW: f64 = 1_700_000_000.0;
