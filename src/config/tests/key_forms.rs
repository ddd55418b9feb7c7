//! Keys in the forms in which users have them, and values that are no key.

use super::*;
use crate::JwtVerifier;

/// Keys in the forms in which users have them; each must verify a token signed with its private
/// key.
#[cfg(feature = "jsonwebtoken")]
#[tokio::test]
async fn keys_of_jsonwebtoken() {
    use jsonwebtoken::DecodingKey;
    for algorithm in [
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ] {
        let key = TestKey::generate(algorithm, "k");
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.jwk()).unwrap();
        let decoding = DecodingKey::from_jwk(&jwk).unwrap();
        let forms = [
            ("Jwk", JwtAuthConfig::builder().jwk(jwk.clone())),
            (
                "JwkSet",
                JwtAuthConfig::builder().jwks(jsonwebtoken::jwk::JwkSet { keys: vec![jwk] }),
            ),
            ("DecodingKey", JwtAuthConfig::builder().jwk(&decoding)),
        ];
        let header = format!(r#"{{"alg":"{algorithm}","kid":"k"}}"#);
        let token = key.sign_compact(&header, r#"{"iss":"i","aud":"a","exp":4102444800}"#);
        for (name, builder) in forms {
            let config = builder
                .issuer("i")
                .audience("a")
                .build()
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            JwtVerifier::new(config)
                .verify(&token)
                .await
                .unwrap_or_else(|e| panic!("{name} {algorithm}: {e}"));
        }
    }
}

#[cfg(not(feature = "jsonwebtoken"))]
#[test]
fn pem_text_needs_jsonwebtoken() {
    let builder = JwtAuthConfig::builder().issuer("i").audience("a");
    assert!(builder.clone().jwk(ec_key()).build().is_ok());
    let missing = ConfigError::FeatureMissing {
        setting: "public_key_pem",
        feature: "jsonwebtoken",
    };
    let refused = builder.public_key_pem("-----BEGIN PUBLIC KEY-----").build();
    assert_eq!(refused.unwrap_err(), missing);
}

#[cfg(feature = "jsonwebtoken")]
#[test]
fn pem_text_of_each_type() {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::rsa;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        KeyPair as _,
    };
    let ec = |algorithm: &'static EcdsaSigningAlgorithm| {
        EcdsaKeyPair::generate(algorithm)
            .unwrap()
            .public_key()
            .as_der()
            .unwrap()
    };
    let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let ders: [(&str, PublicKeyX509Der<'_>); 5] = [
        ("RSA", rsa.public_key().as_der().unwrap()),
        ("P-256", ec(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        ("P-384", ec(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        ("P-521", ec(&ECDSA_P521_SHA512_FIXED_SIGNING)),
        (
            "Ed25519",
            Ed25519KeyPair::generate()
                .unwrap()
                .public_key()
                .as_der()
                .unwrap(),
        ),
    ];
    for (name, der) in ders {
        let pem = pem(der.as_ref());
        let config = |pem: &str| file(json!({"issuer": "i", "audience": "a", "publicKeyPem": pem}));
        config(&pem).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            config(&pem.replacen('M', "N", 1)).is_err(),
            "{name}: one character differs"
        );
    }
}

/// Of many issuers, the error says whose setting it is about.
#[test]
fn field_c05_an_error_in_an_entry_names_the_entry() {
    let (key, set) = (ec_key(), json!({"keys": [ec_key()]}));
    let file = |setting: &str, value: &Value| {
        let mut second = json!({"issuer": "https://b.example"});
        second[setting] = value.clone();
        json!({"issuer": null, "issuers": [{"issuer": "https://a.example"}, second]})
    };
    let second = "issuers[1] (\"https://b.example\"): ";
    for (setting, good, wrong, want) in [
        ("jwk", &key, json!({"kty": "RSA"}), "jwk cannot be used"),
        (
            "jwk",
            &key,
            set.clone(),
            "jwk cannot be used: it is a key set",
        ),
        ("jwk", &key, json!({}), "jwk is empty"),
        ("jwks", &set, json!({"keys": []}), "jwks is empty"),
        (
            "jwks",
            &set,
            key.clone(),
            "jwks cannot be used: it is one key",
        ),
        (
            "initial_jwks",
            &set,
            key.clone(),
            "initial_jwks cannot be used",
        ),
        (
            "public_key_pem",
            &Value::Null,
            json!("key.pem"),
            "public_key_pem ",
        ),
        ("leeway", &json!("5s"), json!("1h"), "leeway is "),
        (
            "algorithms",
            &json!(["ES256"]),
            json!([]),
            "algorithms is empty",
        ),
        ("algorithms", &json!(["ES256"]), json!(["none"]), "\"none\""),
        (
            "required_scopes",
            &json!(["a"]),
            json!(["a\"b"]),
            "required_scopes \"a\\\"b\"",
        ),
        ("audience", &json!("a"), json!([]), "audience is empty"),
        (
            "jwks_cache",
            &json!({"max_age": "5m"}),
            json!({"max_age": "0s"}),
            "jwks_cache.max_age is ",
        ),
    ] {
        if !good.is_null() {
            accepts(file(setting, good));
        }
        let error = refused(file(setting, &wrong));
        assert!(error.starts_with(second), "{setting}: {error}");
        assert!(error.contains(want), "{setting}: {error}");
        // Without a list there is no entry to name.
        let error = refused(json!({setting: wrong}));
        assert!(
            !error.contains("issuers[") && error.contains(want),
            "{setting}: {error}"
        );
    }
    // What names the issuer itself says it once.
    let error = refused(file("algorithms", &json!(["HS256"])));
    assert!(error.starts_with(second), "{error}");
    let mut unfit = file("jwk", &key);
    unfit["algorithms"] = json!(["RS256"]);
    let error = refused(unfit);
    assert_eq!(error.matches("https://b.example").count(), 1, "{error}");
}

#[test]
fn field_c05_a_key_in_the_wrong_place_is_named() {
    let (key, set) = (ec_key(), json!({"keys": [ec_key()]}));
    accepts(json!({"jwk": key}));
    accepts(json!({"jwks": set}));
    accepts(json!({"initial_jwks": set}));
    refuses([
        (
            json!({"jwk": set}),
            "jwk cannot be used: it is a key set, not one key; give it with jwks, or give one of its keys",
        ),
        (
            json!({"jwk": [key]}),
            "jwk cannot be used: it is a list of keys, not a key set; write {\"keys\": [..]} around it",
        ),
        (
            json!({"jwk": key.to_string()}),
            "jwk cannot be used: it is JSON inside a string; write the JSON object itself, without quotes around it",
        ),
        (
            json!({"jwk": "https://i.example/jwks"}),
            "jwk cannot be used: it is a URL; give it with jwks_uri, from which keys are fetched",
        ),
        (
            json!({"jwk": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"}),
            "jwk cannot be used: it is PEM text; give it with public_key_pem",
        ),
        (
            json!({"jwks": key}),
            "jwks cannot be used: it is one key, not a key set; write {\"keys\": [..]} around it, or give it with jwk",
        ),
        (
            json!({"initial_jwks": key}),
            "initial_jwks cannot be used: it is one key, not a key set; write {\"keys\": [..]} around it",
        ),
    ]);
    for setting in ["jwks", "initial_jwks"] {
        for (value, want) in [
            (json!([key]), "it is a list of keys, not a key set"),
            (json!(set.to_string()), "it is JSON inside a string"),
            (
                json!("https://i.example/jwks"),
                "it is a URL; give it with jwks_uri",
            ),
            (
                json!("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
                "it is PEM text; give it with public_key_pem",
            ),
            (json!({"key": 1}), "the document has no list of keys"),
        ] {
            let error = refused(json!({setting: value}));
            assert_eq!(error.split(" cannot be used: ").next(), Some(setting));
            assert!(error.contains(want), "{error}");
        }
    }
}

#[cfg(feature = "jsonwebtoken")]
#[test]
fn field_c05_a_pem_text_that_is_something_else_is_named() {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::KeyPair as _;
    let key = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    )
    .unwrap();
    let pem = super::pem(key.public_key().as_der().unwrap().as_ref());
    let one_line = pem.trim().replace('\n', "\\n");
    let labelled = |label: &str| pem.replace("PUBLIC KEY", label);
    accepts(json!({"public_key_pem": pem}));
    accepts(json!({"public_key_pem": pem.replace('\n', "\r\n")}));
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (text, want) in [
        (
            labelled("PRIVATE KEY"),
            "it is a private key, which only the issuer may have; give the public key",
        ),
        (labelled("RSA PRIVATE KEY"), "it is a private key"),
        (labelled("EC PRIVATE KEY"), "it is a private key"),
        (labelled("ENCRYPTED PRIVATE KEY"), "it is a private key"),
        (labelled("OPENSSH PRIVATE KEY"), "it is a private key"),
        (
            labelled("CERTIFICATE"),
            "it is a certificate; give the public key in it: openssl x509 -pubkey",
        ),
        (
            one_line,
            "it has \\n as two characters in place of each line break; give real line breaks",
        ),
        (
            "/etc/keys/public.pem".to_owned(),
            "it is the path of a file, not PEM text; give the text of the file",
        ),
        ("public.pem".to_owned(), "it is the path of a file"),
        ("./keys/public".to_owned(), "it is the path of a file"),
        (
            "https://i.example/key.pem".to_owned(),
            "it is a URL; give it with jwks_uri",
        ),
        (
            ec_key().to_string(),
            "it is JSON, not PEM text; give a JWK with jwk",
        ),
        (
            base64,
            "it is not PEM text of an RSA, EC (P-256, P-384, P-521) or Ed25519 public key; give the text with its BEGIN PUBLIC KEY line",
        ),
        // Base64 in lines, which may begin like a path.
        ("/w==\n/w==".to_owned(), "it is not PEM text"),
        (String::new(), "it is not PEM text"),
    ] {
        refuses([(json!({"public_key_pem": text}), want)]);
    }
}

#[test]
fn field_c05_a_secret_that_is_too_short_is_named() {
    let secret = |k: &str| json!({"jwk": {"kty": "oct", "k": k}, "algorithms": ["HS256"]});
    let bytes = |length: usize| crate::keys::Jwk::secret(vec![7; length]).0["k"].clone();
    let encoded = |length: usize| bytes(length).as_str().unwrap().to_owned();
    accepts(secret(&encoded(32)));
    for short in [
        encoded(31),
        "mysecretmysecretmysecretmysecret".to_owned(),
        String::new(),
    ] {
        let want = "the secret in k is too short for the algorithms; give a secret of at least 32 bytes for HS256";
        refuses([(secret(&short), want)]);
    }
    for text in [
        "a secret that is long enough, as it is",
        "secret!secret!secret!secret!secret!secret!!",
    ] {
        let want = "the secret in k is not base64url text; encode the secret as base64url, or call Jwk::secret(..) in code";
        refuses([(secret(text), want)]);
        let error = refused(secret(text));
        assert!(
            !error.contains("secret!") && !error.contains("long enough"),
            "{error}"
        );
    }
    let mut without_algorithm = secret("short");
    without_algorithm
        .as_object_mut()
        .unwrap()
        .remove("algorithms");
    refuses([(
        without_algorithm,
        "list the HS algorithm of the secret in algorithms",
    )]);
    let mut longer = secret(&encoded(32));
    longer["algorithms"] = json!(["HS256", "HS384"]);
    refuses([(longer.clone(), "give a secret of at least 48 bytes")]);
    longer["algorithms"] = json!(["HS256", "HS512"]);
    refuses([(
        longer,
        "algorithms lists HS512, which works only with a static secret (a jwk or jwks with kty oct): remove it, or give a secret of at least 64 bytes",
    )]);
}

#[tokio::test]
async fn field_c05_secrets_and_names_of_algorithms_in_code() {
    use crate::keys::Jwk;
    let secret = b"a secret that both of them know: 32 bytes and more";
    let builder = || {
        JwtAuthConfig::builder()
            .issuer("i")
            .audience("a")
            .jwk(Jwk::secret(secret))
    };
    let key = TestKey::generate(Algorithm::HS256, "s");
    assert!(builder().algorithms(["HS256"]).build().is_ok());
    assert!(
        builder()
            .algorithms(vec!["HS256".to_owned()])
            .build()
            .is_ok()
    );
    assert!(builder().algorithms(&["HS256".to_owned()]).build().is_ok());
    let unknown = builder()
        .algorithms(["HS256", "hs256"])
        .build()
        .unwrap_err();
    assert_eq!(
        unknown,
        ConfigError::UnknownAlgorithm {
            name: "hs256".to_owned()
        }
    );
    assert!(!format!("{:?}", Jwk::secret(secret)).contains("secret that"));
    // A token that another program would sign with these bytes.
    let of_test_key = JwtAuthConfig::builder()
        .issuer("i")
        .audience("a")
        .algorithms(["HS256"]);
    let bytes = {
        use base64::Engine as _;
        let text = key.jwk()["k"].as_str().unwrap().to_owned();
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .unwrap()
    };
    let claims = r#"{"iss":"i","aud":"a","exp":4102444800}"#;
    let token = key.sign_compact(r#"{"alg":"HS256"}"#, claims);
    for (secret, good) in [(bytes.clone(), true), ([&bytes[..], b"x"].concat(), false)] {
        let config = of_test_key
            .clone()
            .jwk(Jwk::secret(secret))
            .build()
            .unwrap();
        assert_eq!(JwtVerifier::new(config).verify(&token).await.is_ok(), good);
    }
}
