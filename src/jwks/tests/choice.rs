//! Which keys a set holds, and which of them verifies a signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::limits::{MAX_KEYS, MAX_KEYS_PER_KID};

/// Members other than the key material are ignored, even a certificate for another key.
#[test]
fn n76_certificates_are_not_read() {
    let (signing, other) = (
        TestKey::generate(Algorithm::RS256, "k"),
        key(Algorithm::RS384),
    );
    let jwk = with(
        &signing.jwk(),
        json!({"x5c": [other["n"], 1], "x5t": 7, "x5u": [], "issuer": {"x": 1}}),
    );
    let set = set(&[jwk]).unwrap();
    let got = set.verify(Some("k"), Algorithm::RS256, MESSAGE, &signing.sign(MESSAGE));
    assert_eq!(got, Ok(()));
}
#[test]
fn n77_more_keys_than_anybody_needs() {
    let jwk = key(Algorithm::ES256);
    let full = set(&vec![jwk.clone(); MAX_KEYS]).unwrap();
    assert_eq!((full.len(), full.beyond_limit()), (MAX_KEYS, 0));
    let over = set(&vec![jwk; 10_000]).unwrap();
    assert_eq!(
        (over.len(), over.beyond_limit()),
        (MAX_KEYS, 10_000 - MAX_KEYS)
    );
    let bad = set(&[vec![key(Algorithm::EdDSA)], vec![json!({}); 9_999]].concat()).unwrap();
    assert_eq!(
        bad.skipped().len(),
        MAX_KEYS - 1,
        "what is skipped takes bounded room too"
    );
}
/// If only one key fits, the token needs no `kid`; its signature is checked all the same.
#[test]
fn without_kid_the_only_key_that_fits_verifies() {
    let signing = TestKey::generate(Algorithm::ES256, "k");
    let set = set(&[signing.jwk(), key(Algorithm::EdDSA)]).unwrap();
    let (good, mut bad) = (signing.sign(MESSAGE), signing.sign(MESSAGE));
    bad[7] ^= 1;
    let verify = |algorithm, signature| set.verify(None, algorithm, MESSAGE, signature);
    assert_eq!(verify(Algorithm::ES256, &good), Ok(()));
    assert_eq!(verify(Algorithm::ES256, &bad), Err(KeyMiss::BadSignature));
    assert_eq!(verify(Algorithm::ES384, &good), Err(KeyMiss::NoFit));
    assert!(set.has_kid("k") && set.knows("k"));
    assert!(!set.has_kid("K") && !set.knows("K"));
    assert!(set.has_key_for(Algorithm::ES256) && !set.has_key_for(Algorithm::ES384));
}
#[test]
fn names_are_told_also_of_keys_that_are_skipped() {
    let long = "k".repeat(100);
    let skipped = |kid: Value| json!({"kty": "XYZ", "kid": kid});
    let keys = [
        key(Algorithm::ES256),
        without(&key(Algorithm::EdDSA), "kid"),
        skipped(json!("s")),
        skipped(json!(long)),
        skipped(json!(7)),
    ];
    let set = set(&keys).unwrap();
    assert_eq!(set.kids().collect::<Vec<_>>(), [Some("k"), None]);
    let told: Vec<_> = set.skipped().iter().map(|key| key.kid.as_deref()).collect();
    assert_eq!(told, [Some("s"), Some(&long[..64]), None]);
    let unusable = |skipped| KeySetError::NoUsableKey { skipped }.to_string();
    assert_eq!(unusable(Vec::new()), "the list of keys is empty");
    let skipped = set.skipped();
    let (one, two) = (&skipped[..1], [&skipped[2..], &skipped[..1]].concat());
    let reason = "kty or crv is not supported";
    let want = format!("no key can be used: s: {reason}");
    assert_eq!(unusable(one.to_vec()), want);
    let wrong = "the member kid has the wrong JSON type";
    let want = format!("no key can be used: {wrong}; s: {reason}");
    assert_eq!(unusable(two), want);
    let odd = |n| SkippedKey {
        kid: Some(format!("{n}\r\n\u{202e}")),
        reason: SkipReason::InvalidKey,
    };
    let text = unusable((0..11).map(odd).collect());
    assert!(text.contains("0\\r\\n\\u{202e}: the key material is malformed; 1"));
    assert!(
        text.ends_with("; and 3 more") && !text.contains("8\\r"),
        "{text}"
    );
}
/// RFC 7517 §4.4: a key without `alg` verifies the algorithms that fit its type and curve, and no
/// others.
#[test]
fn without_alg_type_and_curve_decide() {
    for algorithm in [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::EdDSA,
    ] {
        let signing = TestKey::generate(algorithm, "k");
        let free = set(&[without(&signing.jwk(), "alg")]).unwrap();
        for other in Algorithm::ASYMMETRIC {
            let want = if *other == algorithm {
                Ok(())
            } else {
                Err(KeyMiss::NoFit)
            };
            let got = free.verify(Some("k"), *other, MESSAGE, &signing.sign(MESSAGE));
            assert_eq!(got, want, "{algorithm} as {other}");
        }
    }
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
        ("{\"keys\":[]}", NoUsableKey { skipped: vec![] }),
        (
            "{\"keys\":[null]}",
            NoUsableKey {
                skipped: vec![SkippedKey {
                    kid: None,
                    reason: SkipReason::NotAnObject,
                }],
            },
        ),
    ];
    for (text, want) in cases {
        assert_eq!(parse(text), Err(want), "{:.40}", text);
    }
}
#[test]
fn n59_n60_the_key_is_chosen_and_not_guessed() {
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
fn n60_keys_that_share_a_kid_are_all_tried_up_to_a_bound() {
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
    let jwk = without(&key.jwk(), "kid");
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
        // A key that has a `kid` verifies only tokens with that `kid`, under either option.
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
        let free = set(&[without(&key.jwk(), "alg")]).unwrap();
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
fn a_key_of_every_algorithm_serves_it() {
    for algorithm in Algorithm::ASYMMETRIC {
        let key = TestKey::generate(*algorithm, "k");
        let signature = key.sign(MESSAGE);
        let set = set(&[key.jwk()]).unwrap();
        let verified = set.verify(Some("k"), *algorithm, MESSAGE, &signature);
        assert_eq!(verified, Ok(()), "{algorithm}");
        let verified = set.verify(Some("k"), *algorithm, b"another", &signature);
        assert_eq!(verified, Err(KeyMiss::BadSignature), "{algorithm}");
    }
}
