use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key that is no secret. It is the same in every run, so that a token in a corpus stays valid.
pub enum Signer {
    Ed25519(Ed25519KeyPair),
    Hs256(Box<hmac::Key>),
}

pub static ED25519_SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed");
    Signer::Ed25519(pair)
});

pub static HS256_SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET))));

impl Signer {
    pub fn jwk(&self) -> Value {
        match self {
            Self::Ed25519(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key());
                json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "ed", "use": "sig"})
            }
            Self::Hs256(_) => {
                json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "kid": "hs", "alg": "HS256"})
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
        }
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(pair) => UnparsedPublicKey::new(&ED25519, pair.public_key())
                .verify(message, signature)
                .is_ok(),
            Self::Hs256(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }

    /// A compact JWS of these bytes, whether or not they make sense.
    pub fn compact(&self, header: &[u8], payload: &[u8]) -> String {
        let signing_input = signing_input(header, payload);
        let signature = self.sign(signing_input.as_bytes());
        with_signature(signing_input, &signature)
    }
}

pub fn signing_input(header: &[u8], payload: &[u8]) -> String {
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}")
}

pub fn with_signature(signing_input: String, signature: &[u8]) -> String {
    signing_input + "." + &URL_SAFE_NO_PAD.encode(signature)
}

/// Whether one of our keys signed the token, and whether its segments are canonical base64url.
pub fn is_ours(token: &str) -> bool {
    let Some((signing_input, text)) = token.rsplit_once('.') else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(text) else {
        return false;
    };
    let is_canonical = token.split('.').all(|segment| {
        let decoded = URL_SAFE_NO_PAD.decode(segment);
        decoded.is_ok_and(|bytes| URL_SAFE_NO_PAD.encode(bytes) == segment)
    });
    let signers = [&*ED25519_SIGNER, &*HS256_SIGNER];
    let is_signed = signers
        .iter()
        .any(|signer| signer.verifies(signing_input.as_bytes(), &signature));
    is_canonical && is_signed
}

const SECRET: &[u8] = b"a secret that everybody may know";
