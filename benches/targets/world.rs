//! Keys, tokens and layers, made once per part.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::keys::{FetchFuture, FetchRequest, Fetched, KeySource};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtAuthLayer};

pub(crate) const ISSUER: &str = "https://tenant.eu.auth0.example.com/";
pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The RS256 token of every figure has this many bytes; the others carry the same claims.
const TOKEN_BYTES: usize = 953;
const RS256_SIGNATURE: usize = 342;

/// A key, the JWK of it, and the bare verification of what it signs.
pub(crate) struct World {
    pub(crate) key: TestKey,
    pub(crate) bare: ParsedPublicKey,
}

/// One token as it arrives, and its parts as the bare verification wants them.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: HeaderValue,
    pub(crate) signature: Vec<u8>,
    signed: usize,
}

impl World {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = TestKey::generate(algorithm, "2c9f2b1e-key-2025-11");
        let bare = bare(&key.jwk(), algorithm);
        Self { key, bare }
    }

    pub(crate) fn source(&self) -> Memory {
        Memory::publishing(vec![self.key.jwk()])
    }

    /// A layer whose keys are already here.
    pub(crate) fn layer(&self) -> JwtAuthLayer {
        ready(config(self.source()))
    }

    pub(crate) fn token(&self, number: usize) -> Token {
        self.signed(&header(&self.key), &claims(number))
    }

    pub(crate) fn tokens(&self, how_many: usize) -> Vec<Token> {
        (0..how_many).map(|number| self.token(number)).collect()
    }

    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> Token {
        Token::new(
            self.key
                .sign_compact(&header.to_string(), &claims.to_string()),
        )
    }

    pub(crate) fn verify(&self, token: &Token) {
        let signed = &token.text.as_bytes()[..token.signed];
        self.bare.verify_sig(signed, &token.signature).unwrap();
    }
}

impl Token {
    pub(crate) fn new(text: String) -> Self {
        let signed = text.rfind('.').unwrap_or(0);
        let signature = text.get(signed + 1..).unwrap_or_default();
        Self {
            line: line(&text),
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap_or_default(),
            signed,
            text,
        }
    }
}

/// The header as hyper produces it: a slice of the buffer that the request was read into. A clone
/// copies a pointer.
fn line(token: &str) -> HeaderValue {
    let buffer = Bytes::from(format!("authorization: Bearer {token}\r\n"));
    let shared = buffer.clone();
    HeaderValue::from_maybe_shared(shared.slice(15..buffer.len() - 2)).unwrap()
}

pub(crate) fn header(key: &TestKey) -> Value {
    json!({"alg": key.algorithm().name(), "typ": "at+jwt", "kid": key.kid()})
}

/// The claims that identity providers put into an access token, padded to the size of the RS256
/// token.
pub(crate) fn claims(number: usize) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let mut claims = json!({
        "iss": ISSUER,
        "sub": "auth0|64f1c2d3e4b5a69788796a5b",
        "aud": [RESOURCE, "https://tenant.eu.auth0.example.com/userinfo"],
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 3600,
        "jti": format!("{number:08}-6f1e-4a0b"),
        "azp": "kP3x9QmA7vT2cD8LzW5rN1sYb4Hf6GjE",
        "scope": "openid profile mcp:read mcp:write",
        "org": "",
    });
    let header = r#"{"alg":"RS256","kid":"2c9f2b1e-key-2025-11","typ":"at+jwt"}"#;
    let header = base64_length(header.len());
    let payload = (TOKEN_BYTES - 2 - RS256_SIGNATURE - header) * 3 / 4;
    let missing = payload - claims.to_string().len();
    claims["org"] = "x".repeat(missing).into();
    claims
}

const fn base64_length(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

pub(crate) fn config(source: Memory) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(ISSUER)
        .key_source(source)
}

pub(crate) fn ready(config: JwtAuthConfigBuilder) -> JwtAuthLayer {
    let layer = JwtAuthLayer::new(config.build().unwrap());
    tokio::runtime::Handle::current()
        .block_on(layer.wait_for_keys())
        .unwrap();
    layer
}

/// A key source in memory: the keys live and are refreshed as those of a real issuer are.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub(crate) fn publishing(keys: Vec<Value>) -> Self {
        Self(Arc::new(Mutex::new(
            json!({"keys": keys}).to_string().into_bytes(),
        )))
    }
}

impl KeySource for Memory {
    fn fetch<'a>(&'a self, _: FetchRequest<'a>) -> FetchFuture<'a> {
        let document = self.0.lock().unwrap().clone();
        Box::pin(
            async move { Ok(Fetched::document(document).with_max_age(Duration::from_secs(600))) },
        )
    }
}

fn bare(jwk: &Value, algorithm: Algorithm) -> ParsedPublicKey {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = || [&[4][..], &bytes("x"), &bytes("y")].concat();
    let rsa = |parameters| {
        // A JWK made from DER may keep the octet that says "positive".
        let unsigned = |bytes: Vec<u8>| {
            bytes
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect::<Vec<_>>()
        };
        let (n, e) = (unsigned(bytes("n")), bytes("e"));
        RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(parameters)
            .unwrap()
    };
    let raw = |algorithm, key: &[u8]| ParsedPublicKey::new(algorithm, key).unwrap();
    match algorithm {
        Algorithm::ES256 => raw(&signature::ECDSA_P256_SHA256_FIXED, &point()),
        Algorithm::ES384 => raw(&signature::ECDSA_P384_SHA384_FIXED, &point()),
        Algorithm::ES512 => raw(&signature::ECDSA_P521_SHA512_FIXED, &point()),
        Algorithm::EdDSA => raw(&signature::ED25519, &bytes("x")),
        Algorithm::MlDsa44 => raw(&signature::ML_DSA_44, &bytes("pub")),
        Algorithm::MlDsa65 => raw(&signature::ML_DSA_65, &bytes("pub")),
        Algorithm::MlDsa87 => raw(&signature::ML_DSA_87, &bytes("pub")),
        Algorithm::PS256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::RS256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        other => panic!("{other} is not measured"),
    }
}
