//! N05-N10 and N19: public keys and published secrets, used as a secret of HMAC.

use base64::engine::general_purpose::STANDARD;
use tower_jwt_auth::ConfigError;
use tower_jwt_auth::error::TokenErrorKind::{
    AlgorithmNotAllowed, BadSignature, KeyMismatch, UnknownKey,
};

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![published_keys_as_secrets(), published_secret()]
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = length
        .iter()
        .skip_while(|byte| **byte == 0)
        .copied()
        .collect::<Vec<_>>();
    let prefix = match content.len() {
        0..0x80 => vec![],
        _ => vec![0x80 | significant.len() as u8],
    };
    [&[tag], &prefix[..], &significant, content].concat()
}
/// `SubjectPublicKeyInfo` (RFC 5280 §4.1): what `openssl pkey -pubout` writes.
fn spki(jwk: &Value) -> Vec<u8> {
    let (algorithm, key) = if jwk["kty"] == "RSA" {
        let integer = |bytes: Vec<u8>| {
            let sign = if bytes[0] < 0x80 { &[][..] } else { &[0] };
            der(2, &[sign, &bytes].concat())
        };
        let numbers = [integer(octets(&jwk["n"])), integer(octets(&jwk["e"]))].concat();
        let rsa_encryption = [&RSA_ENCRYPTION[..], &[5, 0]].concat();
        (rsa_encryption, der(0x30, &numbers))
    } else {
        let point = [&[4][..], &octets(&jwk["x"]), &octets(&jwk["y"])].concat();
        ([&EC_PUBLIC_KEY[..], &PRIME256V1].concat(), point)
    };
    let key = der(3, &[&[0][..], &key].concat());
    der(0x30, &[der(0x30, &algorithm), key].concat())
}
const RSA_ENCRYPTION: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC_PUBLIC_KEY: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const PRIME256V1: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
fn pem(jwk: &Value) -> String {
    let text = STANDARD.encode(spki(jwk));
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
/// A token of HS256 under this secret.
pub(super) fn mac(kid: &str, secret: &[u8]) -> String {
    let header = with(header(), &json!({"alg": "HS256", "kid": kid}));
    let signed = format!("{}.{}", encoded(&header), encoded(&claims()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}
/// The secrets that an attacker can make from a published key.
fn guessed_secrets(jwk: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let pem = pem(jwk);
    let numbers = if jwk["kty"] == "RSA" {
        octets(&jwk["n"])
    } else {
        [octets(&jwk["x"]), octets(&jwk["y"])].concat()
    };
    vec![
        ("n05 the PEM text", pem.clone().into_bytes()),
        ("n06 the DER inside", spki(jwk)),
        (
            "n06 the PEM text without its last line feed",
            pem.trim_end().into(),
        ),
        (
            "n06 the PEM text after white space",
            format!(" \n{pem}").into_bytes(),
        ),
        (
            "n06 the PEM text with CRLF",
            pem.replace('\n', "\r\n").into_bytes(),
        ),
        ("n07 the JWK", jwk.to_string().into_bytes()),
        (
            "n07 the JWK in lines",
            serde_json::to_vec_pretty(jwk).unwrap(),
        ),
        ("n08 the modulus, or the point", numbers),
    ]
}
fn published_keys_as_secrets() -> Table {
    let World { es, rsa, .. } = world();
    let mut table = Table::usual().accepts("a good token of RSA", signed(rsa));
    for key in [es, rsa] {
        for (name, secret) in guessed_secrets(&key.jwk()) {
            let name = format!("{name} of {}", key.kid());
            table = table.refuses(name, mac(key.kid(), &secret), AlgorithmNotAllowed);
        }
        table = table.refuses(
            "n09 the empty secret",
            mac(key.kid(), &[]),
            AlgorithmNotAllowed,
        );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n05_n06_n07_n08_n09_published_keys_are_no_secrets() {
    published_keys_as_secrets().check().await;
    let World { es, rsa, .. } = world();
    for key in [es, rsa] {
        // The PEM text belongs to the key, and each MAC is right: a verifier that takes a public
        // key for a secret would accept these tokens.
        let named = rules().public_key_pem(pem(&key.jwk())).build().unwrap();
        assert_eq!(
            outcome(&JwtVerifier::new(named), &signed(key)).await,
            Ok(())
        );
        for (name, secret) in guessed_secrets(&key.jwk()) {
            let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(&secret)});
            let fooled = rules()
                .algorithms([Algorithm::HS256])
                .jwk(jwk)
                .build()
                .unwrap();
            let verdict = outcome(&JwtVerifier::new(fooled), &mac(key.kid(), &secret)).await;
            assert_eq!(verdict, Ok(()), "{name}");
        }
    }
}
/// HS256 is allowed here, for a secret that is configured beside a public key.
#[tokio::test]
async fn n05_n08_a_public_key_beside_a_secret_is_none_either() {
    let rsa = &world().rsa;
    let secret = [7; 32];
    let oct = json!({"kty": "oct", "kid": "oct", "k": URL_SAFE_NO_PAD.encode(secret)});
    let both = rules()
        .algorithms([Algorithm::HS256, Algorithm::RS256])
        .jwks(json!({"keys": [oct, rsa.jwk()]}))
        .build()
        .unwrap();
    let verifier = JwtVerifier::new(both);
    assert_eq!(outcome(&verifier, &mac("oct", &secret)).await, Ok(()));
    assert_eq!(outcome(&verifier, &signed(rsa)).await, Ok(()));
    for (name, guessed) in guessed_secrets(&rsa.jwk()) {
        assert_eq!(
            outcome(&verifier, &mac("rsa", &guessed)).await,
            Err(KeyMismatch),
            "{name}"
        );
        assert_eq!(
            outcome(&verifier, &mac("oct", &guessed)).await,
            Err(BadSignature),
            "{name}"
        );
    }
}
fn published_secret() -> Table {
    let secret = TestKey::generate(Algorithm::HS256, "oct");
    let mut keys = all_keys();
    keys.push(secret.jwk());
    Table::keyed(keys)
        .accepts("a good token", good())
        .refuses(
            "n10 under a secret of the set",
            signed(&secret),
            AlgorithmNotAllowed,
        )
        .refuses(
            "n10 and another alg",
            labelled(&secret, "ES256", "oct"),
            UnknownKey,
        )
}
#[tokio::test(start_paused = true)]
async fn n10_a_secret_that_is_published_is_none() {
    published_secret().check().await;
}
#[test]
fn n19_secrets_with_fetched_keys_are_a_configuration_error() {
    let fetched = || rules().jwks_uri("https://i.example/jwks");
    let discovered = rules;
    let from_a_source = || rules().key_source(InMemoryIssuer::publishing(&[]));
    for config in [fetched(), discovered(), from_a_source()] {
        assert!(config.clone().build().is_ok());
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let error = config
                .clone()
                .algorithms([Algorithm::RS256, algorithm])
                .build()
                .unwrap_err();
            let name = algorithm.name();
            let is_named = matches!(
                error,
                ConfigError::SymmetricAlgorithm { algorithm, .. } if algorithm == name
            );
            assert!(is_named, "{error:?}");
        }
    }
}
