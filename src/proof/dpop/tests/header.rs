//! Steps 4 to 8: the header and its key.

use super::*;
use ProofFault::{KeyOrAlgorithm, Malformed};

#[test]
fn proof_header_members() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.header();
    let other = json!({"kty": "EC"});
    for (name, members, want) in [
        ("good", vec![], Ok(())),
        (
            "typ as a media type",
            vec![("typ", "application/dpop+jwt")],
            Ok(()),
        ),
        ("typ in upper case", vec![("typ", "DPOP+JWT")], Ok(())),
        (
            "unknown members",
            vec![("kid", "other"), ("foo", "bar"), ("zip", "DEF")],
            Ok(()),
        ),
        ("typ JWT", vec![("typ", "JWT")], Err(Some(Malformed))),
        ("typ jwt", vec![("typ", "jwt")], Err(Some(Malformed))),
        (
            "typ of a token",
            vec![("typ", "at+jwt")],
            Err(Some(Malformed)),
        ),
        (
            "typ dpop-jwt",
            vec![("typ", "dpop-jwt")],
            Err(Some(Malformed)),
        ),
        (
            "typ text/dpop+jwt",
            vec![("typ", "text/dpop+jwt")],
            Err(Some(Malformed)),
        ),
        ("alg none", vec![("alg", "none")], Err(Some(KeyOrAlgorithm))),
        (
            "alg HS256",
            vec![("alg", "HS256")],
            Err(Some(KeyOrAlgorithm)),
        ),
        (
            "alg es256",
            vec![("alg", "es256")],
            Err(Some(KeyOrAlgorithm)),
        ),
        (
            "alg unknown",
            vec![("alg", "ES256K")],
            Err(Some(KeyOrAlgorithm)),
        ),
    ] {
        let members: Vec<_> = members.into_iter().map(|(n, v)| (n, v.into())).collect();
        let header = with(&good, &members);
        assert_eq!(setup.judge(&setup.sign(&header, &claims())), want, "{name}");
    }
    for (name, member, value, want) in [
        ("typ absent", "typ", Value::Null, Malformed),
        ("typ a number", "typ", json!(1), Malformed),
        ("alg absent", "alg", Value::Null, KeyOrAlgorithm),
        ("alg a number", "alg", json!(256), KeyOrAlgorithm),
        ("crit", "crit", json!(["foo"]), Malformed),
        ("crit empty", "crit", json!([]), Malformed),
        ("crit a text", "crit", json!("foo"), Malformed),
        ("b64 false", "b64", json!(false), Malformed),
        ("jwk absent", "jwk", Value::Null, KeyOrAlgorithm),
        (
            "jwk a text",
            "jwk",
            other.to_string().into(),
            KeyOrAlgorithm,
        ),
        ("jwk a list", "jwk", json!([good["jwk"]]), KeyOrAlgorithm),
        ("jwk a number", "jwk", json!(1), KeyOrAlgorithm),
        ("jwk empty", "jwk", json!({}), KeyOrAlgorithm),
    ] {
        let header = with(&good, &[(member, value)]);
        let verdict = setup.judge(&setup.sign(&header, &claims()));
        assert_eq!(verdict, Err(Some(want)), "{name}");
    }
}

/// What a JSON library cannot write: repeated members, `null`, other texts.
#[test]
fn proof_header_texts() {
    let setup = Setup::new(Algorithm::ES256);
    let jwk = setup.client.jwk().to_string();
    let good = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk}}}"#);
    let reordered = format!(r#" {{ "jwk" : {jwk} , "alg" : "ES256","typ":"dpop\u002bjwt"}} "#);
    let judge = |header: &str| {
        let proof = setup.client.sign_compact(header, &claims().to_string());
        setup.judge(&proof)
    };
    assert_eq!(judge(&good), Ok(()));
    assert_eq!(judge(&reordered), Ok(()));
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    for (name, header, want) in [
        (
            "alg twice",
            replaced("\"alg\"", "\"alg\":\"ES256\",\"alg\""),
            Malformed,
        ),
        (
            "jwk twice",
            replaced("\"jwk\"", &format!("\"jwk\":{jwk},\"jwk\"")),
            Malformed,
        ),
        (
            "jwk twice, once escaped",
            replaced("\"jwk\"", &format!("\"\\u006awk\":{jwk},\"jwk\"")),
            Malformed,
        ),
        (
            "jwk twice, once null",
            replaced("\"jwk\"", "\"jwk\":null,\"jwk\""),
            Malformed,
        ),
        (
            "jwk null, and crit",
            good.replace(&jwk, "null,\"crit\":[]"),
            Malformed,
        ),
        (
            "jwk null, and text after it",
            format!("{}x", good.replace(&jwk, "null")),
            Malformed,
        ),
        (
            "jwk null, and another type",
            good.replace(&jwk, "null").replace("dpop+jwt", "JWT"),
            Malformed,
        ),
        ("jwk null", good.replace(&jwk, "null"), KeyOrAlgorithm),
        (
            "an unknown member twice",
            replaced("\"alg\"", "\"a\":1,\"a\":1,\"alg\""),
            Malformed,
        ),
        (
            "a member of jwk twice",
            replaced("\"kty\"", "\"kty\":\"EC\",\"kty\""),
            Malformed,
        ),
        ("a list", format!("[{good}]"), Malformed),
        ("text behind", format!("{good}x"), Malformed),
        ("a second object", format!("{good}{{}}"), Malformed),
        ("no JSON", "x".to_owned(), Malformed),
        ("jwk null", good.replace(&jwk, "null"), KeyOrAlgorithm),
        ("typ null", replaced("\"dpop+jwt\"", "null"), Malformed),
        (
            "257 members",
            replaced("{", &format!("{{{}", members(254))),
            Malformed,
        ),
        (
            "1,025 values",
            replaced("{", &format!("{{\"l\":[{}],", list(1_023))),
            Malformed,
        ),
        (
            "10,001 bytes",
            replaced(
                "{",
                &format!("{{\"l\":\"{}\",", "x".repeat(9_994 - good.len())),
            ),
            Malformed,
        ),
    ] {
        assert_eq!(judge(&header), Err(Some(want)), "{name}");
    }
    for (name, header) in [
        ("256 members", replaced("{", &format!("{{{}", members(253)))),
        (
            "1,024 values",
            replaced("{", &format!("{{\"l\":[{}],", list(1_022))),
        ),
        (
            "10,000 bytes",
            replaced(
                "{",
                &format!("{{\"l\":\"{}\",", "x".repeat(9_993 - good.len())),
            ),
        ),
    ] {
        assert_eq!(judge(&header), Ok(()), "{name}");
    }
}

fn members(how_many: usize) -> String {
    (0..how_many).map(|n| format!("\"{n}\":0,")).collect()
}

fn list(how_many: usize) -> String {
    vec!["0"; how_many].join(",")
}

/// An access token of the same key is no proof, whatever else is in it.
#[test]
fn proof_that_is_an_access_token() {
    let setup = Setup::new(Algorithm::ES256);
    assert_eq!(setup.judge(&setup.proof()), Ok(()));
    let header = with(&setup.header(), &[("typ", "at+jwt".into())]);
    let token = setup.sign(&header, &claims());
    assert_eq!(setup.judge(&token), Err(Some(Malformed)));
}

/// The right key, named in another way.
#[test]
fn proof_whose_key_is_elsewhere() {
    let setup = Setup::new(Algorithm::ES256);
    assert_eq!(setup.judge(&setup.proof()), Ok(()));
    for (member, value) in [
        ("kid", json!("client")),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = with(&setup.header(), &[("jwk", Value::Null), (member, value)]);
        let verdict = setup.judge(&setup.sign(&header, &claims()));
        assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{member}");
    }
}

#[test]
fn proof_with_an_algorithm_that_is_not_listed() {
    let client = || TestKey::generate(Algorithm::EdDSA, "client");
    let mut setup = Setup::of_client(client());
    let proof = setup.proof();
    assert_eq!(setup.judge(&proof), Ok(()));
    setup.checks.algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    assert_eq!(setup.judge(&proof), Err(Some(KeyOrAlgorithm)));
    // EdDSA and Ed25519 are one algorithm (RFC 9864 §2.2).
    let setup = Setup::of_client(client());
    let ed25519 = with(&setup.header(), &[("alg", "Ed25519".into())]);
    assert_eq!(setup.judge(&setup.sign(&ed25519, &claims())), Ok(()));
}

/// Every key that the client could have, and every algorithm.
#[test]
fn proof_of_every_algorithm() {
    let keys: Vec<_> = Algorithm::ASYMMETRIC
        .iter()
        .map(|algorithm| Setup::new(*algorithm))
        .collect();
    for setup in &keys {
        let algorithm = setup.client.algorithm();
        assert_eq!(setup.judge(&setup.proof()), Ok(()), "{algorithm}");
        for other in Algorithm::ASYMMETRIC {
            // The JWK of a test key names its algorithm, which is not what is tested here.
            let jwk = with(&setup.client.jwk(), &[("alg", Value::Null)]);
            let verdict = setup.judge_key(other.name(), &jwk);
            let of_rsa = Algorithm::RSA.contains(&algorithm) && Algorithm::RSA.contains(other);
            let want = match *other == algorithm {
                // ML-DSA needs it.
                true if jwk["kty"] == "AKP" => Err(Some(KeyOrAlgorithm)),
                true => Ok(()),
                false if of_rsa => Err(Some(ProofFault::Signature)),
                false => Err(Some(KeyOrAlgorithm)),
            };
            assert_eq!(verdict, want, "{algorithm} as {other}");
        }
    }
}

#[test]
fn proof_with_a_secret_instead_of_a_key() {
    let setup = Setup::new(Algorithm::HS256);
    let jwk = setup.client.jwk();
    assert_eq!(setup.judge_key("HS256", &jwk), Err(Some(KeyOrAlgorithm)));
    // The MAC is keyed with the public key (RFC 8725 §2.1).
    let good = Setup::new(Algorithm::ES256);
    let jwk = good.client.jwk();
    let header = with(&good.header(), &[("alg", "HS256".into())]);
    let signed = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims().to_string())
    );
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA256,
        jwk["x"].as_str().unwrap().as_bytes(),
    );
    let mac = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    let proof = format!("{signed}.{}", BASE64.encode(mac.as_ref()));
    assert_eq!(good.judge(&proof), Err(Some(KeyOrAlgorithm)));
    // Not even where a list would allow it.
    let mut lax = Setup::new(Algorithm::HS256);
    lax.checks.algorithms = vec![Algorithm::HS256];
    let jwk = lax.client.jwk();
    let public = with(&jwk, &[("k", Value::Null)]);
    assert_eq!(lax.judge_key("HS256", &public), Err(Some(KeyOrAlgorithm)));
}

/// RFC 9449 §4.3 (7), RFC 7518 §6.2.2, §6.3.2.
#[test]
fn proof_with_a_private_key() {
    for (algorithm, members) in [
        (Algorithm::ES256, &["d", "k", "priv"][..]),
        (Algorithm::EdDSA, &["d", "p"]),
        (
            Algorithm::RS256,
            &["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"],
        ),
        (Algorithm::MlDsa44, &["priv", "d"]),
    ] {
        let setup = Setup::new(algorithm);
        let (alg, jwk) = (algorithm.name(), setup.client.jwk());
        assert_eq!(setup.judge_key(alg, &jwk), Ok(()));
        for member in members {
            for value in [json!("AQAB"), json!(""), json!([{}]), json!(false)] {
                let leaking = with(&jwk, &[(member, value)]);
                let verdict = setup.judge_key(alg, &leaking);
                assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{algorithm} {member}");
            }
        }
        let null = setup
            .header()
            .to_string()
            .replace(r#""kty""#, &format!(r#""{}":null,"kty""#, members[0]));
        let proof = setup.client.sign_compact(&null, &claims().to_string());
        assert_eq!(
            setup.judge(&proof),
            Err(Some(KeyOrAlgorithm)),
            "{algorithm}"
        );
    }
}

/// RFC 7517 §4.2 to §4.4; what browsers export beside the key has no effect.
#[test]
fn proof_key_purpose() {
    let setup = Setup::new(Algorithm::ES256);
    let jwk = with(
        &setup.client.jwk(),
        &[
            ("alg", Value::Null),
            ("use", Value::Null),
            ("kid", Value::Null),
        ],
    );
    for (name, members, is_good) in [
        ("bare", json!({}), true),
        (
            "as exported",
            json!({"ext": true, "key_ops": ["verify"]}),
            true,
        ),
        ("use sig", json!({"use": "sig"}), true),
        ("alg", json!({"alg": "ES256"}), true),
        (
            "more operations",
            json!({"key_ops": ["sign", "verify"]}),
            true,
        ),
        (
            "other members",
            json!({"kid": 1, "x5c": [], "x5u": "http://x", "x5t": {}, "iat": 1.5}),
            true,
        ),
        ("use enc", json!({"use": "enc"}), false),
        ("use a list", json!({"use": ["sig"]}), false),
        ("encrypt", json!({"key_ops": ["encrypt"]}), false),
        ("no operations", json!({"key_ops": []}), false),
        ("operations as a text", json!({"key_ops": "verify"}), false),
        (
            "a number among them",
            json!({"key_ops": ["verify", 1]}),
            false,
        ),
        ("alg of a longer hash", json!({"alg": "ES384"}), false),
        ("alg of another family", json!({"alg": "RS256"}), false),
        ("alg unknown", json!({"alg": "ECDH-ES"}), false),
        ("alg a number", json!({"alg": 1}), false),
    ] {
        let members: Vec<_> = members.as_object().unwrap().clone().into_iter().collect();
        let members: Vec<_> = members.iter().map(|(n, v)| (&**n, v.clone())).collect();
        let want = match is_good {
            true => Ok(()),
            false => Err(Some(KeyOrAlgorithm)),
        };
        assert_eq!(
            setup.judge_key("ES256", &with(&jwk, &members)),
            want,
            "{name}"
        );
    }
}

/// The curve, and full length in one spelling (RFC 7518 §6.2.1, RFC 8037 §2).
#[test]
fn proof_key_on_a_curve() {
    let keys = [
        (Algorithm::ES256, "P-256", "P-384"),
        (Algorithm::ES384, "P-384", "P-256"),
        (Algorithm::ES512, "P-521", "secp256k1"),
        (Algorithm::EdDSA, "Ed25519", "X25519"),
    ];
    for (algorithm, curve, other) in keys {
        let setup = Setup::new(algorithm);
        let (alg, jwk) = (algorithm.name(), setup.client.jwk());
        assert_eq!(jwk["crv"], curve);
        assert_eq!(setup.judge_key(alg, &jwk), Ok(()));
        let x = BASE64.decode(jwk["x"].as_str().unwrap()).unwrap();
        let padded = format!("{}=", jwk["x"].as_str().unwrap());
        for (name, member, value) in [
            ("another curve", "crv", json!(other)),
            ("Ed448", "crv", json!("Ed448")),
            ("no curve", "crv", Value::Null),
            ("another type", "kty", json!("RSA")),
            ("a secret", "kty", json!("oct")),
            ("type in lower case", "kty", json!("ec")),
            ("no type", "kty", Value::Null),
            ("no x", "x", Value::Null),
            ("x empty", "x", json!("")),
            ("x one octet short", "x", BASE64.encode(&x[1..]).into()),
            (
                "x one octet longer",
                "x",
                BASE64.encode([&[0], &x[..]].concat()).into(),
            ),
            ("x padded", "x", json!(padded)),
            ("x a number", "x", json!(1)),
        ] {
            let jwk = with(&jwk, &[(member, value)]);
            let verdict = setup.judge_key(alg, &jwk);
            assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{algorithm}: {name}");
        }
        if algorithm != Algorithm::EdDSA {
            let short = BASE64.encode(&x[1..]);
            for y in [Value::Null, json!(""), json!(short)] {
                let verdict = setup.judge_key(alg, &with(&jwk, &[("y", y)]));
                assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{algorithm}");
            }
        }
    }
}

/// A point that is on no curve is found when the key is built, and not before: a stolen token with
/// such a key costs no more than one with any other.
#[test]
fn proof_key_on_no_curve() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        let setup = Setup::new(algorithm);
        let jwk = setup.client.jwk();
        assert_eq!(setup.judge_key(algorithm.name(), &jwk), Ok(()));
        let mut y = BASE64.decode(jwk["y"].as_str().unwrap()).unwrap();
        *y.last_mut().unwrap() ^= 1;
        let off = with(&jwk, &[("y", BASE64.encode(y).into())]);
        let header = with(&setup.header(), &[("jwk", off.clone())]);
        let proof = setup.sign(&header, &claims());
        let mut checked = setup.check(&proof, &thumbprint(&off)).ok().unwrap();
        let refused = checked.verify().map_err(fault);
        assert_eq!(refused, Err(Some(KeyOrAlgorithm)), "{algorithm}");
        assert_eq!(setup.judge(&proof), Err(None), "another key");
    }
}

#[test]
fn proof_key_of_rsa() {
    let setup = Setup::new(Algorithm::RS256);
    let good = setup.client.jwk();
    assert_eq!(setup.judge_key("RS256", &good), Ok(()));
    let n = BASE64.decode(good["n"].as_str().unwrap()).unwrap();
    let octets = |first: u8, length: usize| {
        let mut n = vec![0xff; length];
        n[0] = first;
        BASE64.encode(n)
    };
    let mut even = n.clone();
    *even.last_mut().unwrap() ^= 1;
    let zero = BASE64.encode([&[0], &n[..]].concat());
    for (name, member, value) in [
        ("1024 bits", "n", octets(0xff, 128)),
        ("2047 bits", "n", octets(0x7f, 256)),
        ("4097 bits", "n", octets(0x01, 513)),
        ("4098 bits", "n", octets(0x03, 513)),
        ("8192 bits", "n", octets(0xff, 1024)),
        ("even", "n", BASE64.encode(even)),
        ("a leading zero", "n", zero),
        ("empty", "n", String::new()),
        ("padded", "n", good["n"].as_str().unwrap().to_owned() + "=="),
        ("e 1", "e", BASE64.encode([1])),
        ("e even", "e", BASE64.encode([1, 0, 0])),
        ("e 0", "e", BASE64.encode([0])),
        ("e empty", "e", String::new()),
        ("e with a leading zero", "e", BASE64.encode([0, 1, 0, 1])),
        ("e of 34 bits", "e", BASE64.encode([2, 0, 0, 0, 1])),
        (
            "e of 9 octets",
            "e",
            BASE64.encode([1, 0, 0, 0, 0, 0, 0, 0, 1]),
        ),
    ] {
        let jwk = with(&good, &[(member, value.into())]);
        let verdict = setup.judge_key("RS256", &jwk);
        assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{name}");
    }
    for member in ["n", "e"] {
        let verdict = setup.judge_key("RS256", &with(&good, &[(member, Value::Null)]));
        assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "no {member}");
    }
    // Within the bounds: the next check is the signature.
    for (name, member, value) in [
        ("2048 bits", "n", octets(0x80, 256)),
        ("4096 bits", "n", octets(0xff, 512)),
        ("e 3", "e", BASE64.encode([3])),
    ] {
        let jwk = with(&good, &[(member, value.into())]);
        let verdict = setup.judge_key("RS256", &jwk);
        assert_eq!(verdict, Err(Some(ProofFault::Signature)), "{name}");
    }
}

#[test]
fn proof_key_of_ml_dsa() {
    let setup = Setup::new(Algorithm::MlDsa44);
    let good = setup.client.jwk();
    let public = BASE64.decode(good["pub"].as_str().unwrap()).unwrap();
    assert_eq!(setup.judge_key("ML-DSA-44", &good), Ok(()));
    for (name, member, value) in [
        ("no alg", "alg", Value::Null),
        ("another alg", "alg", json!("ML-DSA-65")),
        ("another type", "kty", json!("OKP")),
        ("no pub", "pub", Value::Null),
        ("short", "pub", BASE64.encode(&public[1..]).into()),
    ] {
        let verdict = setup.judge_key("ML-DSA-44", &with(&good, &[(member, value)]));
        assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{name}");
    }
}

/// The attacker's own key and its own good proof, with a stolen token.
#[test]
fn proof_of_another_key() {
    let setup = Setup::new(Algorithm::ES256);
    let attacker = Setup::new(Algorithm::ES256);
    assert_eq!(setup.judge(&setup.proof()), Ok(()));
    assert_eq!(attacker.judge(&attacker.proof()), Ok(()));
    assert_eq!(setup.judge(&attacker.proof()), Err(None));
    // The caller compares where the token says nothing before its issuer is asked.
    let headers = headers(&[&attacker.proof()]);
    let checked = setup.checks.check(&headers, &REQUEST, at(NOW));
    let jkt = thumbprint(&attacker.client.jwk());
    assert_eq!(checked.ok().unwrap().jkt(), &jkt);
}

/// Under these keys one signature verifies for many messages (RFC 8032 §5.1.7 lets it): the first
/// fourteen are every spelling of the eight points of small order, the others have a `y` that is
/// not below the prime.
#[test]
fn proof_key_of_small_order() {
    let setup = Setup::new(Algorithm::EdDSA);
    let good = setup.client.jwk();
    assert_eq!(setup.judge_key("EdDSA", &good), Ok(()));
    let mut not_reduced: Vec<[u8; 32]> = Vec::new();
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut key = [0xff; 32];
            (key[0], key[31]) = (low, high);
            not_reduced.push(key);
        }
    }
    let small = SMALL_ORDER.map(|key| {
        let octets = (0..32).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap());
        <[u8; 32]>::try_from(octets.collect::<Vec<_>>()).unwrap()
    });
    for key in small.into_iter().chain(not_reduced) {
        let jwk = with(&good, &[("x", BASE64.encode(key).into())]);
        let header = with(&setup.header(), &[("jwk", jwk.clone())]);
        let signed = format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims().to_string())
        );
        // `R` the neutral point and `S` zero: good for every message if the key is neutral too.
        let mut signature = [0; 64];
        signature[0] = 1;
        let proof = format!("{signed}.{}", BASE64.encode(signature));
        let verdict = setup.judge_for(&proof, &thumbprint(&jwk));
        assert_eq!(verdict, Err(Some(KeyOrAlgorithm)), "{key:02x?}");
    }
    // Neighbours: other points, or none. They are keys of the right form that verify nothing here.
    for (low, high) in [(0xeb, 0x7f), (2, 0), (3, 0)] {
        let mut key = [if low == 0xeb { 0xff } else { 0 }; 32];
        (key[0], key[31]) = (low, high);
        let jwk = with(&good, &[("x", BASE64.encode(key).into())]);
        let verdict = setup.judge_key("EdDSA", &jwk);
        assert_eq!(verdict, Err(Some(ProofFault::Signature)), "{key:02x?}");
    }
}

const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
