use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair,
    PqdsaSigningAlgorithm, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::crypto::Algorithm;
use crate::jwks::jwk_of_raw_key;

/// A private key that signs tokens of one algorithm.
pub struct TestKey {
    algorithm: Algorithm,
    kid: String,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>, Vec<u8>),
    MlDsa(PqdsaKeyPair, usize),
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
}

impl TestKey {
    /// Generates a key. RSA keys have 2048 bits and take a moment.
    ///
    /// # Panics
    ///
    /// Panics if the system provides no randomness.
    #[must_use]
    pub fn generate(algorithm: Algorithm, kid: impl Into<String>) -> Self {
        let pair = match algorithm {
            Algorithm::ES256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::ES512 => ecdsa(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Algorithm::EdDSA => Pair::Ed25519(Ed25519KeyPair::generate().expect(RANDOMNESS)),
            Algorithm::HS256 => secret(hmac::HMAC_SHA256),
            Algorithm::HS384 => secret(hmac::HMAC_SHA384),
            Algorithm::HS512 => secret(hmac::HMAC_SHA512),
            Algorithm::MlDsa44 => ml_dsa(&signature::ML_DSA_44_SIGNING),
            Algorithm::MlDsa65 => ml_dsa(&signature::ML_DSA_65_SIGNING),
            Algorithm::MlDsa87 => ml_dsa(&signature::ML_DSA_87_SIGNING),
            Algorithm::PS256 => rsa_pair(&signature::RSA_PSS_SHA256),
            Algorithm::PS384 => rsa_pair(&signature::RSA_PSS_SHA384),
            Algorithm::PS512 => rsa_pair(&signature::RSA_PSS_SHA512),
            Algorithm::RS256 => rsa_pair(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa_pair(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa_pair(&signature::RSA_PKCS1_SHA512),
        };
        Self {
            algorithm,
            kid: kid.into(),
            pair,
        }
    }

    /// The algorithm that the key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The JWK that verifies the key's signatures (RFC 7517 §4): `kty`, the public members, `kid`,
    /// `alg` and `use`. For `HS*` it holds the secret itself.
    ///
    /// # Panics
    ///
    /// Never: aws-lc-rs returns public keys in the form that is read here.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let asymmetric =
            |raw: &[u8]| jwk_of_raw_key(self.algorithm, raw).expect("a public key of a known type");
        let mut jwk = match &self.pair {
            Pair::Ecdsa(pair) => asymmetric(pair.public_key().as_ref()),
            Pair::Ed25519(pair) => asymmetric(pair.public_key().as_ref()),
            Pair::Hmac(_, secret) => json!({"kty": "oct", "k": text(secret)}),
            Pair::MlDsa(pair, _) => json!({"kty": "AKP", "pub": text(pair.public_key().as_ref())}),
            Pair::Rsa(pair, _) => asymmetric(pair.public_key().as_ref()),
        };
        for (name, value) in [
            ("kid", self.kid.as_str()),
            ("alg", self.algorithm.name()),
            ("use", "sig"),
        ] {
            jwk[name] = value.into();
        }
        jwk
    }

    /// The raw signature of `message`.
    ///
    /// # Panics
    ///
    /// Panics if the system provides no randomness.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .expect(RANDOMNESS)
                .as_ref()
                .to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Hmac(key, _) => hmac::sign(key, message).as_ref().to_vec(),
            Pair::MlDsa(pair, length) => {
                let mut signature = vec![0; *length];
                let written = pair.sign(message, &mut signature).expect(RANDOMNESS);
                signature.truncate(written);
                signature
            }
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .expect(RANDOMNESS);
                signature
            }
        }
    }

    /// A compact JWS of exactly these texts, whether they are well-formed JSON or not (RFC 7515
    /// §7.1).
    #[must_use]
    pub fn sign_compact(&self, header: &str, payload: &str) -> String {
        let mut token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = self.sign(token.as_bytes());
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        token
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Pair {
    Pair::Ecdsa(EcdsaKeyPair::generate(algorithm).expect(RANDOMNESS))
}

fn ml_dsa(algorithm: &'static PqdsaSigningAlgorithm) -> Pair {
    Pair::MlDsa(
        PqdsaKeyPair::generate(algorithm).expect(RANDOMNESS),
        algorithm.signature_len(),
    )
}

fn rsa_pair(encoding: &'static dyn RsaEncoding) -> Pair {
    Pair::Rsa(
        rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect(RANDOMNESS),
        encoding,
    )
}

/// A secret as long as the longest hash, so that it suits all three algorithms.
fn secret(algorithm: hmac::Algorithm) -> Pair {
    let mut bytes = vec![0; 64];
    aws_lc_rs::rand::fill(&mut bytes).expect(RANDOMNESS);
    Pair::Hmac(Box::new(hmac::Key::new(algorithm, &bytes)), bytes)
}

const RANDOMNESS: &str = "the system gives randomness";
