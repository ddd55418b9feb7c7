//! The effect of each member of a JWK: a key with one change is usable, or is skipped for it.

use SkipReason::*;
use serde_json::json;

use super::*;

#[test]
fn n67_use() {
    let rsa = key(Algorithm::RS256);
    assert_eq!(verdict(&without(&rsa, "use")), Ok(()), "absent");
    table(
        &rsa,
        &[
            (
                "enc",
                json!({"use": "enc"}),
                Err(NotForSignatures { member: "use" }),
            ),
            (
                "unknown",
                json!({"use": "tls"}),
                Err(NotForSignatures { member: "use" }),
            ),
            (
                "another case",
                json!({"use": "SIG"}),
                Err(NotForSignatures { member: "use" }),
            ),
            (
                "empty",
                json!({"use": ""}),
                Err(NotForSignatures { member: "use" }),
            ),
            (
                "a number",
                json!({"use": 0}),
                Err(WrongType { member: "use" }),
            ),
            ("null", json!({"use": null}), Ok(())),
        ],
    );
}

#[test]
fn n68_key_ops() {
    let operations = |count: u8| -> Vec<String> {
        let other = (1..count).map(|i| format!("operation {i}"));
        ["verify".to_owned()].into_iter().chain(other).collect()
    };
    table(
        &key(Algorithm::RS256),
        &[
            ("verify", json!({"key_ops": ["verify"]}), Ok(())),
            ("16", json!({"key_ops": operations(16)}), Ok(())),
            (
                "17, more than there are",
                json!({"key_ops": operations(17)}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "verify among others",
                json!({"key_ops": ["sign", "verify"]}),
                Ok(()),
            ),
            (
                "encrypt",
                json!({"key_ops": ["encrypt"]}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "sign",
                json!({"key_ops": ["sign"]}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "none",
                json!({"key_ops": []}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "twice",
                json!({"key_ops": ["verify", "verify"]}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "another case",
                json!({"key_ops": ["Verify"]}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "with a number",
                json!({"key_ops": ["verify", 0]}),
                Err(NotForSignatures { member: "key_ops" }),
            ),
            (
                "a string",
                json!({"key_ops": "verify"}),
                Err(WrongType { member: "key_ops" }),
            ),
            ("null", json!({"key_ops": null}), Ok(())),
        ],
    );
}

#[test]
fn n73_private_members() {
    for (algorithm, members) in [
        (
            Algorithm::RS256,
            &["d", "p", "q", "dp", "dq", "qi", "oth"][..],
        ),
        (Algorithm::ES256, &["d"]),
        (Algorithm::EdDSA, &["d"]),
        (Algorithm::MlDsa44, &["priv"]),
    ] {
        let jwk = key(algorithm);
        assert!(
            !set(std::slice::from_ref(&jwk)).unwrap().leaks_private(),
            "{algorithm}"
        );
        for member in members {
            let leaking = with(&jwk, json!({*member: "AQ"}));
            assert_eq!(verdict(&leaking), Ok(()), "{algorithm} {member}");
            assert!(
                set(&[leaking]).unwrap().leaks_private(),
                "{algorithm} {member}"
            );
        }
    }
}

#[test]
fn n74_what_is_no_key_of_ours() {
    let rsa = key(Algorithm::RS256);
    table(
        &rsa,
        &[
            ("kty unknown", json!({"kty": "XYZ"}), Err(UnsupportedType)),
            (
                "kty in another case",
                json!({"kty": "rsa"}),
                Err(UnsupportedType),
            ),
            ("kty null", json!({"kty": null}), Err(UnsupportedType)),
            (
                "kid a number",
                json!({"kid": 1}),
                Err(WrongType { member: "kid" }),
            ),
            ("kid null", json!({"kid": null}), Ok(())),
        ],
    );
    assert_eq!(verdict(&without(&rsa, "kty")), Err(UnsupportedType));
    assert_eq!(verdict(&without(&rsa, "kid")), Ok(()), "kid is optional");
    assert_eq!(verdict(&key(Algorithm::HS256)), Err(Symmetric));
    let akp = key(Algorithm::MlDsa44);
    table(
        &akp,
        &[
            (
                "AKP unknown",
                json!({"alg": "ML-DSA-99"}),
                Err(UnsupportedAlgorithm),
            ),
            (
                "AKP of another size",
                json!({"alg": "ML-DSA-65"}),
                Err(InvalidKey),
            ),
            (
                "AKP one octet short",
                json!({"pub": text(&[7; 1311])}),
                Err(InvalidKey),
            ),
        ],
    );
    assert_eq!(
        verdict(&without(&akp, "alg")),
        Err(UnsupportedAlgorithm),
        "AKP without alg"
    );
    for odd in [Value::Null, json!("k"), json!(1), json!([]), json!(true)] {
        assert_eq!(verdict(&odd), Err(NotAnObject), "{odd}");
    }
    assert_eq!(verdict(&json!({})), Err(UnsupportedType));
}

#[test]
fn n18_n75_alg_and_type_agree() {
    table(
        &key(Algorithm::RS256),
        &[
            (
                "n75 RSA with ES256",
                json!({"alg": "ES256"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n75 RSA with EdDSA",
                json!({"alg": "EdDSA"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n75 RSA with HS256",
                json!({"alg": "HS256"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n75 RSA with ML-DSA-44",
                json!({"alg": "ML-DSA-44"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n18 RSA-OAEP",
                json!({"alg": "RSA-OAEP"}),
                Err(UnsupportedAlgorithm),
            ),
            ("none", json!({"alg": "none"}), Err(UnsupportedAlgorithm)),
            (
                "a number",
                json!({"alg": 1}),
                Err(WrongType { member: "alg" }),
            ),
            ("null", json!({"alg": null}), Ok(())),
        ],
    );
    table(
        &key(Algorithm::ES256),
        &[
            (
                "n75 P-256 with RS256",
                json!({"alg": "RS256"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n75 P-256 with ES384",
                json!({"alg": "ES384"}),
                Err(AlgorithmMismatch),
            ),
            (
                "n75 P-256 with ECDH-ES",
                json!({"alg": "ECDH-ES"}),
                Err(UnsupportedAlgorithm),
            ),
        ],
    );
    table(
        &key(Algorithm::EdDSA),
        &[(
            "Ed25519 by its newer name",
            json!({"alg": "Ed25519"}),
            Ok(()),
        )],
    );
}

/// A member that is `null` is as good as missing, whatever the member: a key that needs it is
/// skipped as it is without it, and one that does not is used.
#[test]
fn field_f13_null_is_absent_in_every_member() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::MlDsa44,
        Algorithm::HS256,
    ] {
        let jwk = key(algorithm);
        for member in [
            "alg", "crv", "d", "dp", "dq", "e", "k", "key_ops", "kid", "kty", "n", "oth", "p",
            "priv", "pub", "q", "qi", "unknown", "use", "x", "x5c", "x5t", "x5t#S256", "x5u", "y",
        ] {
            let null = with(&jwk, json!({member: null}));
            let mut absent = jwk.clone();
            absent.as_object_mut().unwrap().remove(member);
            assert_eq!(verdict(&null), verdict(&absent), "{algorithm} {member}");
            let set = set(&[null, key(Algorithm::EdDSA)]).unwrap();
            assert!(!set.leaks_private(), "{algorithm} {member}");
        }
    }
    assert_eq!(
        verdict(&with(&key(Algorithm::RS256), json!({"n": null}))),
        Err(InvalidKey)
    );
}
