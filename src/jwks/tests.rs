#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::limits::{MAX_KEYS, MAX_KEYS_PER_KID};
use crate::test_util::TestKey;
use crate::token::Algorithm;

const MESSAGE: &[u8] = b"header.payload";

fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::parse(
        json!({"keys": keys}).to_string().as_bytes(),
        KeySetOptions::default(),
    )
}

/// What becomes of `jwk`: usable, or why not. A good key stands beside it and stays usable.
fn verdict(jwk: &Value) -> Result<(), SkipReason> {
    let good = TestKey::generate(Algorithm::EdDSA, "good").jwk();
    let set = set(&[jwk.clone(), good]).unwrap();
    match set.skipped() {
        [] => Ok(()),
        [skipped] => Err(skipped.reason),
        _ => panic!("the good key was skipped"),
    }
}

fn changed(jwk: &Value, changes: &[(&str, Value)]) -> Value {
    let mut jwk = jwk.clone();
    for (name, value) in changes {
        match value {
            Value::String(text) if text == "(absent)" => {
                drop(jwk.as_object_mut().unwrap().remove(*name))
            }
            value => jwk[*name] = value.clone(),
        }
    }
    jwk
}

#[test]
fn members_that_decide() {
    use SkipReason::*;
    let rsa = TestKey::generate(Algorithm::RS256, "k").jwk();
    let ec = TestKey::generate(Algorithm::ES256, "k").jwk();
    let p384 = TestKey::generate(Algorithm::ES384, "k").jwk();
    let ed = TestKey::generate(Algorithm::EdDSA, "k").jwk();
    let akp = TestKey::generate(Algorithm::MlDsa44, "k").jwk();
    let oct = TestKey::generate(Algorithm::HS256, "k").jwk();
    let absent = || json!("(absent)");
    let text = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let bytes = |value: &Value| URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap();
    let n = bytes(&rsa["n"]);
    let short_modulus = [&[0xff; 255][..], &[1]].concat();
    let operations = |count: u8| {
        let other = (1..count).map(|i| format!("operation {i}"));
        ["verify".to_owned()]
            .into_iter()
            .chain(other)
            .collect::<Value>()
    };
    let cases: Vec<(&str, &Value, Vec<(&str, Value)>, Result<(), SkipReason>)> = vec![
        ("RSA", &rsa, vec![], Ok(())),
        ("no alg", &rsa, vec![("alg", absent())], Ok(())),
        ("no use", &rsa, vec![("use", absent())], Ok(())),
        ("no kid", &rsa, vec![("kid", absent())], Ok(())),
        (
            "unknown members",
            &rsa,
            vec![("x5c", json!(["junk"])), ("issuer", json!("x"))],
            Ok(()),
        ),
        (
            "kid as a number",
            &rsa,
            vec![("kid", json!(1))],
            Err(NotAnObject),
        ),
        (
            "use enc",
            &rsa,
            vec![("use", json!("enc"))],
            Err(NotForSignatures),
        ),
        (
            "use as a number",
            &rsa,
            vec![("use", json!(0))],
            Err(NotAnObject),
        ),
        (
            "key_ops verify",
            &rsa,
            vec![("key_ops", json!(["verify"]))],
            Ok(()),
        ),
        (
            "key_ops verify and sign",
            &rsa,
            vec![("key_ops", json!(["sign", "verify"]))],
            Ok(()),
        ),
        (
            "key_ops sign",
            &rsa,
            vec![("key_ops", json!(["sign"]))],
            Err(NotForSignatures),
        ),
        (
            "key_ops empty",
            &rsa,
            vec![("key_ops", json!([]))],
            Err(NotForSignatures),
        ),
        (
            "16 key_ops",
            &rsa,
            vec![("key_ops", operations(16))],
            Ok(()),
        ),
        (
            "17 key_ops",
            &rsa,
            vec![("key_ops", operations(17))],
            Err(NotForSignatures),
        ),
        (
            "key_ops twice",
            &rsa,
            vec![("key_ops", json!(["verify", "verify"]))],
            Err(NotForSignatures),
        ),
        (
            "key_ops with a number",
            &rsa,
            vec![("key_ops", json!(["verify", 0]))],
            Err(NotForSignatures),
        ),
        (
            "key_ops as text",
            &rsa,
            vec![("key_ops", json!("verify"))],
            Err(NotAnObject),
        ),
        (
            "key_ops null",
            &rsa,
            vec![("key_ops", Value::Null)],
            Err(NotAnObject),
        ),
        (
            "alg of encryption",
            &rsa,
            vec![("alg", json!("RSA-OAEP"))],
            Err(UnsupportedAlgorithm),
        ),
        (
            "alg of another type",
            &rsa,
            vec![("alg", json!("ES256"))],
            Err(AlgorithmMismatch),
        ),
        (
            "alg as a number",
            &rsa,
            vec![("alg", json!(1))],
            Err(NotAnObject),
        ),
        (
            "alg HS256 on an RSA key",
            &rsa,
            vec![("alg", json!("HS256"))],
            Err(AlgorithmMismatch),
        ),
        ("n missing", &rsa, vec![("n", absent())], Err(InvalidKey)),
        (
            "n no base64",
            &rsa,
            vec![("n", json!("*"))],
            Err(InvalidKey),
        ),
        (
            "n padded",
            &rsa,
            vec![("n", json!(URL_SAFE.encode(&n)))],
            Ok(()),
        ),
        (
            "n in the standard alphabet",
            &rsa,
            vec![("n", json!(STANDARD.encode(&n)))],
            Ok(()),
        ),
        (
            "n with leading zeros",
            &rsa,
            vec![("n", text(&[&[0, 0][..], &n].concat()))],
            Ok(()),
        ),
        (
            "n of 2040 bits",
            &rsa,
            vec![("n", text(&short_modulus[1..]))],
            Err(RsaParameters),
        ),
        (
            "n of 1024 bits",
            &rsa,
            vec![("n", text(&short_modulus[128..]))],
            Err(RsaParameters),
        ),
        (
            "n of 8200 bits",
            &rsa,
            vec![("n", text(&[0xff; 1025]))],
            Err(RsaParameters),
        ),
        ("n empty", &rsa, vec![("n", json!(""))], Err(RsaParameters)),
        ("e = 3", &rsa, vec![("e", json!("Aw"))], Ok(())),
        ("e = 1", &rsa, vec![("e", json!("AQ"))], Err(RsaParameters)),
        ("e = 0", &rsa, vec![("e", json!("AA"))], Err(RsaParameters)),
        (
            "e even",
            &rsa,
            vec![("e", json!("AQAA"))],
            Err(RsaParameters),
        ),
        (
            "e just under 2^33",
            &rsa,
            vec![("e", text(&[1, 0xff, 0xff, 0xff, 0xff]))],
            Ok(()),
        ),
        (
            "e above 2^33",
            &rsa,
            vec![("e", text(&[2, 0, 0, 0, 1]))],
            Err(RsaParameters),
        ),
        (
            "e of 100 bytes",
            &rsa,
            vec![("e", text(&[1; 100]))],
            Err(RsaParameters),
        ),
        ("EC", &ec, vec![], Ok(())),
        (
            "EC with alg of RSA",
            &ec,
            vec![("alg", json!("RS256"))],
            Err(AlgorithmMismatch),
        ),
        (
            "EC with alg of another curve",
            &ec,
            vec![("alg", json!("ES384"))],
            Err(AlgorithmMismatch),
        ),
        (
            "EC on secp256k1",
            &ec,
            vec![("crv", json!("secp256k1"))],
            Err(UnsupportedType),
        ),
        (
            "EC with another curve's name",
            &p384,
            vec![("crv", json!("P-256")), ("alg", absent())],
            Err(InvalidKey),
        ),
        (
            "EC off the curve",
            &ec,
            vec![("y", ec["x"].clone())],
            Err(InvalidKey),
        ),
        (
            "EC at (0,0)",
            &ec,
            vec![("x", text(&[0; 32])), ("y", text(&[0; 32]))],
            Err(InvalidKey),
        ),
        (
            "EC with a short coordinate",
            &ec,
            vec![("x", text(&bytes(&ec["x"])[1..]))],
            Err(InvalidKey),
        ),
        (
            "EC with a long coordinate",
            &ec,
            vec![("x", text(&[&[0][..], &bytes(&ec["x"])].concat()))],
            Err(InvalidKey),
        ),
        ("EC compressed", &ec, vec![("y", absent())], Err(InvalidKey)),
        ("Ed25519", &ed, vec![], Ok(())),
        (
            "Ed25519 by its newer name",
            &ed,
            vec![("alg", json!("Ed25519"))],
            Ok(()),
        ),
        (
            "X25519",
            &ed,
            vec![("crv", json!("X25519"))],
            Err(UnsupportedType),
        ),
        (
            "Ed448",
            &ed,
            vec![("crv", json!("Ed448"))],
            Err(UnsupportedType),
        ),
        (
            "Ed25519 short",
            &ed,
            vec![("x", text(&[1; 31]))],
            Err(InvalidKey),
        ),
        ("AKP", &akp, vec![], Ok(())),
        (
            "AKP without alg",
            &akp,
            vec![("alg", absent())],
            Err(UnsupportedAlgorithm),
        ),
        (
            "AKP of another size",
            &akp,
            vec![("alg", json!("ML-DSA-65"))],
            Err(InvalidKey),
        ),
        (
            "AKP unknown",
            &akp,
            vec![("alg", json!("ML-DSA-99"))],
            Err(UnsupportedAlgorithm),
        ),
        ("oct", &oct, vec![], Err(Symmetric)),
        (
            "kty unknown",
            &rsa,
            vec![("kty", json!("XYZ"))],
            Err(UnsupportedType),
        ),
        (
            "kty missing",
            &rsa,
            vec![("kty", absent())],
            Err(UnsupportedType),
        ),
        (
            "private members",
            &rsa,
            vec![("d", json!("AQ")), ("p", json!("AQ"))],
            Ok(()),
        ),
    ];
    for (name, jwk, changes, want) in cases {
        assert_eq!(verdict(&changed(jwk, &changes)), want, "{name}");
    }
    for (name, member) in [
        ("null", Value::Null),
        ("text", json!("k")),
        ("number", json!(1)),
        ("list", json!([])),
    ] {
        assert_eq!(verdict(&member), Err(NotAnObject), "{name}");
    }
    assert!(
        set(&[changed(&rsa, &[("d", json!("AQ"))])])
            .unwrap()
            .leaks_private()
    );
    assert!(!set(&[rsa]).unwrap().leaks_private());
}

#[test]
fn documents_that_are_no_set() {
    use KeySetError::*;
    let parse = |text: &str| KeySet::parse(text.as_bytes(), KeySetOptions::default()).map(drop);
    let deep = format!(
        "{{\"keys\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let cases = [
        ("", NotJson),
        ("<html>", NotJson),
        ("{\"keys\":[", NotJson),
        (deep.as_str(), NotJson),
        ("null", NoKeysMember),
        ("[]", NoKeysMember),
        ("{}", NoKeysMember),
        ("{\"keys\":null}", NoKeysMember),
        ("{\"keys\":{}}", NoKeysMember),
        ("{\"keys\":[]}", NoUsableKey { skipped: None }),
        (
            "{\"keys\":[null]}",
            NoUsableKey {
                skipped: Some(SkipReason::NotAnObject),
            },
        ),
    ];
    for (text, want) in cases {
        assert_eq!(parse(text), Err(want), "{:.40}", text);
    }
}

#[test]
fn the_key_is_chosen_and_not_guessed() {
    use KeyMiss::*;
    let one = TestKey::generate(Algorithm::ES256, "one");
    let two = TestKey::generate(Algorithm::ES256, "two");
    let ed = TestKey::generate(Algorithm::EdDSA, "one");
    let both = set(&[one.jwk(), two.jwk(), ed.jwk()]).unwrap();
    let single = set(&[one.jwk(), ed.jwk()]).unwrap();
    let signed = one.sign(MESSAGE);
    let cases = [
        (
            "by kid",
            &both,
            Some("one"),
            Algorithm::ES256,
            &signed,
            Ok(()),
        ),
        (
            "kid of another key",
            &both,
            Some("two"),
            Algorithm::ES256,
            &signed,
            Err(BadSignature),
        ),
        (
            "kid in another case",
            &both,
            Some("ONE"),
            Algorithm::ES256,
            &signed,
            Err(UnknownKid),
        ),
        (
            "unknown kid",
            &both,
            Some("three"),
            Algorithm::ES256,
            &signed,
            Err(UnknownKid),
        ),
        (
            "unknown kid, though one key fits",
            &single,
            Some("three"),
            Algorithm::ES256,
            &signed,
            Err(UnknownKid),
        ),
        (
            "same kid, chosen by alg",
            &both,
            Some("one"),
            Algorithm::EdDSA,
            &ed.sign(MESSAGE),
            Ok(()),
        ),
        (
            "kid whose key does not fit alg",
            &both,
            Some("two"),
            Algorithm::EdDSA,
            &signed,
            Err(NoFit),
        ),
        (
            "no kid and one that fits",
            &single,
            None,
            Algorithm::ES256,
            &signed,
            Ok(()),
        ),
        (
            "no kid and two that fit",
            &both,
            None,
            Algorithm::ES256,
            &signed,
            Err(Ambiguous),
        ),
        (
            "no kid and none that fits",
            &both,
            None,
            Algorithm::RS256,
            &signed,
            Err(NoFit),
        ),
    ];
    for (name, set, kid, algorithm, signature, want) in cases {
        assert_eq!(
            set.verify(kid, algorithm, MESSAGE, signature),
            want,
            "{name}"
        );
    }
}

#[test]
fn keys_that_share_a_kid_are_all_tried_up_to_a_bound() {
    let keys: Vec<TestKey> = (0..=MAX_KEYS_PER_KID)
        .map(|_| TestKey::generate(Algorithm::ES256, "k"))
        .collect();
    let set = set(&keys.iter().map(TestKey::jwk).collect::<Vec<_>>()).unwrap();
    for (n, key) in keys.iter().enumerate() {
        let got = set.verify(Some("k"), Algorithm::ES256, MESSAGE, &key.sign(MESSAGE));
        let want = if n < MAX_KEYS_PER_KID {
            Ok(())
        } else {
            Err(KeyMiss::BadSignature)
        };
        assert_eq!(got, want, "key {n}");
    }
}

#[test]
fn a_key_without_kid_fits_any_only_where_it_stands_alone() {
    let key = TestKey::generate(Algorithm::ES256, "k");
    let jwk = changed(&key.jwk(), &[("kid", json!("(absent)"))]);
    let signature = key.sign(MESSAGE);
    for (alone, want) in [(true, Ok(())), (false, Err(KeyMiss::UnknownKid))] {
        let options = KeySetOptions {
            unnamed_fit_any_kid: alone,
            ..KeySetOptions::default()
        };
        let set = KeySet::from_members(std::slice::from_ref(&jwk), options).unwrap();
        assert_eq!(
            set.verify(Some("any"), Algorithm::ES256, MESSAGE, &signature),
            want
        );
        assert_eq!(
            set.verify(None, Algorithm::ES256, MESSAGE, &signature),
            Ok(())
        );
        // One that has a name of its own goes by it, wherever it stands.
        let named = KeySet::from_members(&[key.jwk()], options).unwrap();
        assert_eq!(
            named.verify(Some("k"), Algorithm::ES256, MESSAGE, &signature),
            Ok(())
        );
        assert_eq!(
            named.verify(Some("K"), Algorithm::ES256, MESSAGE, &signature),
            Err(KeyMiss::UnknownKid)
        );
    }
}

#[test]
fn an_rsa_key_without_alg_verifies_each_of_its_algorithms() {
    for algorithm in Algorithm::RSA {
        let key = TestKey::generate(*algorithm, "k");
        let bound = set(&[key.jwk()]).unwrap();
        let free = set(&[changed(&key.jwk(), &[("alg", json!("(absent)"))])]).unwrap();
        let signature = key.sign(MESSAGE);
        for other in Algorithm::RSA {
            let want = if other == algorithm {
                Ok(())
            } else {
                Err(KeyMiss::NoFit)
            };
            assert_eq!(
                bound.verify(Some("k"), *other, MESSAGE, &signature),
                want,
                "{algorithm} as {other}"
            );
            let want = if other == algorithm {
                Ok(())
            } else {
                Err(KeyMiss::BadSignature)
            };
            assert_eq!(
                free.verify(Some("k"), *other, MESSAGE, &signature),
                want,
                "{algorithm} as {other}"
            );
        }
    }
}

#[test]
fn secrets_are_long_enough() {
    let secret =
        |length: usize| json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(vec![7; length])});
    for (algorithm, least) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        let symmetric = [algorithm];
        let options = KeySetOptions {
            symmetric: &symmetric,
            ..KeySetOptions::default()
        };
        assert!(
            KeySet::from_members(&[secret(least)], options).is_ok(),
            "{algorithm}"
        );
        assert!(
            KeySet::from_members(&[secret(least - 1)], options).is_err(),
            "{algorithm}"
        );
    }
}

#[test]
fn more_keys_than_anybody_needs() {
    let key = TestKey::generate(Algorithm::ES256, "k").jwk();
    let set = set(&vec![key; MAX_KEYS + 5]).unwrap();
    assert_eq!(set.len(), MAX_KEYS);
    assert_eq!((set.skipped().len(), set.beyond_limit()), (0, 5));
}

#[test]
fn an_rsa_key_is_written_without_leading_zeros() {
    // RFC 7518 §6.3.1.1; an INTEGER of DER has one (X.690 §8.3), and strict readers refuse it.
    let jwk = TestKey::generate(Algorithm::RS256, "k").jwk();
    let n = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    assert_eq!((n.len(), jwk["e"].as_str()), (256, Some("AQAB")));
}
