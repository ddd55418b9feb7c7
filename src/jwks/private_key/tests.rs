#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::crypto::{Material, SignatureKey, Verify as _};

/// A file of `tests/`, which OpenSSL wrote for these tests.
macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("tests/", $name, ".pem")).as_slice()
    };
}

const PUBLIC_P256: &str = "04b4352c28bf2fc127e41c5bcd78dbfb5b86f46762cce1a01502e32c64876fb3eeee386a004162bd8e0d3b257527075b838574ab2fd6fc60bfc5894014cf2f7abd";
const PUBLIC_P384: &str = "04f50fcfd5f878ca7d5fbef01d920774cd713384492de7143e422f7cdec60cc356c4e4f8a7dd7c48cd312e0e087d2cc14e76dcd51a1b69167d124e2420c6721690a2dd65ae9169e61b404d4797cfe48b46f23d86cd50189d92583b5f118c4863b2";
const PUBLIC_P521: &str = "04001c89df941c2f2565dae0263ad0040a069a66d733f52f0d4174aefcb94946f31336c94ba145b1c31879e22cdb55a296e3be9f3a45adbecfcee07e55bd2dff2054800043df027af60a771361d5a191108cf987c66ced6ace557f296c4f1119ca99abedad99e2505556e14fae89a259db40847c0871444fec2fd9bee338560fbb886b993d";
const PUBLIC_ED25519: &str = "546de28f0c3e685ad2dd2e0dc4339b44fa604fb709b7f4a995d45f2a3c459ca1";

fn hex(text: &str) -> Vec<u8> {
    let octets = text.as_bytes().chunks(2);
    let octet = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    octets.map(octet).collect()
}

fn base64_url(bytes: &[u8]) -> Value {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    engine.encode(bytes).into()
}

/// What a JWK of the key holds: parts of the PEM file.
fn jwk(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let file = match name {
        "EC" => file!("p256"),
        "OKP" => file!("ed25519"),
        _ => file!("rsa"),
    };
    let text = base64_url;
    let material = of_pem(std::str::from_utf8(file).unwrap()).unwrap();
    let members: Vec<(&str, Value)> = match material {
        PrivateMaterial::Ec(_, d) => vec![("crv", "P-256".into()), ("d", text(&d))],
        PrivateMaterial::Ed25519(d) => vec![("crv", "Ed25519".into()), ("d", text(&d))],
        PrivateMaterial::Rsa(key) => vec![
            ("n", text(&key.n)),
            ("e", text(&key.e)),
            ("d", text(&key.d)),
            ("p", text(&key.p)),
            ("q", text(&key.q)),
            ("dp", text(&key.dp)),
            ("dq", text(&key.dq)),
            ("qi", text(&key.qi)),
        ],
    };
    let mut jwk = serde_json::json!({"kty": name, "kid": "k1"});
    for (name, value) in members {
        jwk[name] = value;
    }
    change(&mut jwk);
    jwk.to_string().into_bytes()
}

#[test]
fn keys_of_every_form_sign() {
    let rsa = of_pem(std::str::from_utf8(file!("rsa")).unwrap()).unwrap();
    let PrivateMaterial::Rsa(rsa) = rsa else {
        panic!("no RSA key")
    };
    let rsa = || Material::Rsa {
        n: rsa.n.clone(),
        e: rsa.e.clone(),
    };
    let raw = |public| Material::Raw(hex(public));
    let same = |_: &mut Value| ();
    let on_curve = |curve: &str, file: &[u8]| {
        let material = of_pem(std::str::from_utf8(file).unwrap()).unwrap();
        let PrivateMaterial::Ec(_, d) = material else {
            panic!("no EC key")
        };
        jwk("EC", |jwk| {
            jwk["crv"] = curve.into();
            jwk["d"] = base64_url(&d);
        })
    };
    let p384_jwk = on_curve("P-384", file!("p384"));
    let p521_jwk = on_curve("P-521", file!("p521"));
    let (ec_jwk, ed_jwk, rsa_jwk) = (jwk("EC", same), jwk("OKP", same), jwk("RSA", same));
    let rows = [
        (
            "PKCS #8, P-256",
            file!("p256"),
            Algorithm::ES256,
            raw(PUBLIC_P256),
        ),
        (
            "SEC1, after its parameters",
            file!("p256_sec1"),
            Algorithm::ES256,
            raw(PUBLIC_P256),
        ),
        (
            "PKCS #8, P-384",
            file!("p384"),
            Algorithm::ES384,
            raw(PUBLIC_P384),
        ),
        (
            "PKCS #8, P-521",
            file!("p521"),
            Algorithm::ES512,
            raw(PUBLIC_P521),
        ),
        (
            "PKCS #8, Ed25519",
            file!("ed25519"),
            Algorithm::EdDSA,
            raw(PUBLIC_ED25519),
        ),
        ("PKCS #8, RSA", file!("rsa"), Algorithm::RS256, rsa()),
        ("PKCS #1", file!("rsa_pkcs1"), Algorithm::RS256, rsa()),
        ("a JWK, P-256", &ec_jwk, Algorithm::ES256, raw(PUBLIC_P256)),
        (
            "a JWK, P-384",
            &p384_jwk,
            Algorithm::ES384,
            raw(PUBLIC_P384),
        ),
        (
            "a JWK, P-521",
            &p521_jwk,
            Algorithm::ES512,
            raw(PUBLIC_P521),
        ),
        (
            "a JWK, Ed25519",
            &ed_jwk,
            Algorithm::EdDSA,
            raw(PUBLIC_ED25519),
        ),
        ("a JWK, RSA", &rsa_jwk, Algorithm::RS256, rsa()),
    ];
    for (name, file, algorithm, public) in rows {
        let parsed = PrivateKey::parse(file);
        if algorithm == Algorithm::RS256 && !SIGNS_WITH_RSA {
            assert_eq!(
                parsed.map(drop),
                Err(PrivateKeyError::NeedsAwsLcRs),
                "{name}"
            );
            continue;
        }
        let key = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.algorithm, algorithm, "{name}");
        assert_eq!(key.kid.is_some(), name.starts_with("a JWK"), "{name}");
        let signature = key.key.sign(b"header.claims").unwrap();
        let verifier = SignatureKey::parse(algorithm, &public).unwrap();
        assert!(verifier.verifies(b"header.claims", &signature), "{name}");
        assert!(!verifier.verifies(b"header.claimt", &signature), "{name}");
        assert_eq!(format!("{:?}", key.key), "SigningKey(..)");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    use PrivateKeyError::{Encrypted, NoKey, Unsupported};
    let pem = std::str::from_utf8(file!("p256")).unwrap();
    let cut = pem.replacen("MIGH", "MIG", 1);
    let public = pem.replace("PRIVATE", "PUBLIC");
    let short = jwk("EC", |jwk| jwk["d"] = "AAAA".into());
    let without = jwk("OKP", |jwk| jwk["d"] = Value::Null);
    let other_alg = jwk("EC", |jwk| jwk["alg"] = "ES384".into());
    let same_alg = jwk("EC", |jwk| jwk["alg"] = "ES256".into());
    let other_curve = jwk("EC", |jwk| jwk["crv"] = "secp256k1".into());
    assert!(PrivateKey::parse(&same_alg).is_ok());
    let rows: [(&str, &[u8], PrivateKeyError); 12] = [
        ("nothing", b"", NoKey),
        ("bytes", &[0xff, 0], NoKey),
        ("broken base64", cut.as_bytes(), NoKey),
        ("a public key", public.as_bytes(), NoKey),
        ("a block that does not end", &pem.as_bytes()[..40], NoKey),
        ("encrypted", file!("encrypted"), Encrypted),
        (
            "encrypted in the old way",
            file!("encrypted_sec1"),
            Encrypted,
        ),
        ("another curve", file!("secp256k1"), Unsupported),
        ("a JWK of another curve", &other_curve, Unsupported),
        ("a JWK with a short number", &short, NoKey),
        ("a public JWK", &without, NoKey),
        ("a JWK for another algorithm", &other_alg, Unsupported),
    ];
    for (name, file, want) in rows {
        assert_eq!(PrivateKey::parse(file).map(drop), Err(want), "{name}");
    }
}

/// A feature that is missing is the reason only where it is.
#[test]
fn field_s14_a_broken_rsa_key_is_no_key() {
    let broken = jwk("RSA", |jwk| jwk["n"] = "AAAA".into());
    let want = match SIGNS_WITH_RSA {
        true => PrivateKeyError::NoKey,
        false => PrivateKeyError::NeedsAwsLcRs,
    };
    assert_eq!(PrivateKey::parse(&broken).map(drop), Err(want));
}

#[test]
fn field_s14_what_is_wrong_with_a_key_and_what_to_do() {
    use PrivateKeyError::{Encrypted, NeedsAwsLcRs, NoKey, Unsupported};
    let rows = [
        (Encrypted, "holds an encrypted key: decrypt it"),
        (
            NeedsAwsLcRs,
            "holds an RSA key, which needs the feature aws_lc_rs: turn it on, or use an EC or \
             Ed25519 key",
        ),
        (
            NoKey,
            "holds no private key: give one as PEM (PKCS #8 or SEC1) or as a JWK",
        ),
        (
            Unsupported,
            "holds a key of an unsupported type: give an EC key on P-256, P-384 or P-521, an \
             Ed25519 key, or an RSA key",
        ),
    ];
    for (error, text) in rows {
        assert_eq!(error.to_string(), text);
    }
}

/// No cut file leads to a panic.
#[test]
fn cut_files() {
    for file in [file!("p256"), file!("rsa_pkcs1"), file!("ed25519")] {
        let text = std::str::from_utf8(file).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        for end in 0..der.len() {
            let _ = of_pkcs8(&der[..end]);
            let _ = of_pkcs1(&der[..end]);
            let _ = of_sec1(&der[..end], None);
        }
    }
}
