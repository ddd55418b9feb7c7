//! A token that every peer can verify, and its bare verification.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestKey;

use crate::issuer::Issuer;

pub const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The length of the RS256 token in bytes; the others have the same claims.
pub const TOKEN_BYTES: usize = 953;

/// The claims that every peer reads, where that is configurable.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Caller {
    pub iss: String,
    pub sub: String,
    pub aud: Vec<String>,
    pub exp: u64,
    pub nbf: Option<u64>,
    pub client_id: String,
    pub scope: String,
}

/// A token as it arrives, and its parts as the bare verification needs them.
pub struct Token {
    pub line: HeaderValue,
    pub text: String,
    signature: Vec<u8>,
    signed: usize,
}

impl Token {
    fn new(text: String) -> Self {
        let (signed, signature) = text.rsplit_once('.').expect("a compact JWS");
        Self {
            line: line(&text),
            signature: URL_SAFE_NO_PAD.decode(signature).expect("base64url"),
            signed: signed.len(),
            text,
        }
    }
}

/// The header as hyper produces it: a slice of the buffer that the request was read into. A clone
/// copies a pointer.
fn line(token: &str) -> HeaderValue {
    let buffer = Bytes::from(format!("authorization: Bearer {token}\r\n"));
    let shared = buffer.clone();
    HeaderValue::from_maybe_shared(shared.slice(15..buffer.len() - 2))
        .expect("a token is visible text")
}

pub fn good(issuer: &Issuer, number: usize) -> Token {
    let key = issuer.key();
    sign(&key, key.kid(), &claims(issuer, number))
}

/// A token that the issuer has signed and that has expired; nothing else is wrong with it.
pub fn expired(issuer: &Issuer, number: usize) -> Token {
    let key = issuer.key();
    let mut claims = claims(issuer, number);
    let now = claims["exp"].as_u64().expect("a time") - 3600;
    for (name, ago) in [("iat", 7200), ("nbf", 7200), ("exp", 3600)] {
        claims[name] = json!(now - ago);
    }
    sign(&key, key.kid(), &claims)
}

/// A forged token: the claims of a good one, signed with a foreign key under an unknown `kid`.
pub fn of_stranger(issuer: &Issuer, stranger: &TestKey, number: usize) -> Token {
    sign(
        stranger,
        &format!("unknown-{number}"),
        &claims(issuer, number),
    )
}

fn sign(key: &TestKey, kid: &str, claims: &Value) -> Token {
    let header = json!({"alg": key.algorithm().name(), "typ": "at+jwt", "kid": kid});
    Token::new(key.sign_compact(&header.to_string(), &claims.to_string()))
}

/// The claims of RFC 9068, and Keycloak's own, which some peers require.
fn claims(issuer: &Issuer, number: usize) -> Value {
    const RS256_SIGNATURE: usize = 342;
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since_epoch.expect("a clock after 1970").as_secs();
    let mut claims = json!({
        "iss": issuer.name(),
        "sub": "auth0|64f1c2d3e4b5a69788796a5b",
        "aud": [RESOURCE, "https://tenant.eu.auth0.example.com/userinfo"],
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 3600,
        "jti": format!("{number:08}-6f1e-4a0b"),
        "azp": "kP3x9QmA7vT2cD8LzW5rN1sYb4Hf6GjE",
        "client_id": "kP3x9QmA7vT2cD8LzW5rN1sYb4Hf6GjE",
        "typ": "Bearer",
        "scope": "openid profile mcp:read mcp:write",
        "org": "",
    });
    let base64 = |bytes: usize| (bytes * 4).div_ceil(3);
    let header = base64(r#"{"alg":"RS256","kid":"key-1","typ":"at+jwt"}"#.len());
    let payload = (TOKEN_BYTES - 2 - RS256_SIGNATURE - header) * 3 / 4;
    claims["org"] = "x".repeat(payload - claims.to_string().len()).into();
    claims
}

/// The signature check alone, by the fastest library here, with a key parsed beforehand.
pub struct Bare(ParsedPublicKey);

impl Bare {
    pub fn of(jwk: &Value, algorithm: Algorithm) -> Self {
        Self(public_key(jwk, algorithm))
    }

    pub fn verify(&self, token: &Token) {
        let signed = &token.text.as_bytes()[..token.signed];
        let verdict = self.0.verify_sig(signed, &token.signature);
        verdict.expect("a good signature");
    }
}

pub fn public_key(jwk: &Value, algorithm: Algorithm) -> ParsedPublicKey {
    let bytes = |name: &str| {
        let text = jwk[name].as_str().expect("a member of the JWK");
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    let rsa = |parameters| {
        let (n, e) = (bytes("n"), bytes("e"));
        // A JWK made from DER may keep the leading zero octet of a positive integer.
        let n: Vec<u8> = n.into_iter().skip_while(|byte| *byte == 0).collect();
        RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
    };
    let key = match algorithm {
        Algorithm::ES256 => {
            let point = [&[4][..], &bytes("x"), &bytes("y")].concat();
            ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
        }
        Algorithm::EdDSA => ParsedPublicKey::new(&signature::ED25519, bytes("x")),
        Algorithm::PS256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::RS256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        other => panic!("{other} is not measured"),
    };
    key.expect("a public key")
}
