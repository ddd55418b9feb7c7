//! The one seam to a crypto back end: parse once, verify often.

use crate::token::Algorithm;

/// A public key in the encoding that its type uses, lengths not checked yet.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "aws_lc_rs"),
    expect(dead_code, reason = "nothing reads it without a back end")
)]
pub(super) enum Material {
    /// Big-endian, no leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Uncompressed point (SEC 1 §2.3.3), raw Ed25519 key or raw ML-DSA key.
    Raw(Vec<u8>),
    /// A shared secret.
    Secret(Vec<u8>),
}

#[cfg(feature = "aws_lc_rs")]
mod back_end {
    use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use aws_lc_rs::hmac;
    use aws_lc_rs::rand;
    use aws_lc_rs::rsa::RsaParameters;
    use aws_lc_rs::signature::{
        self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm,
    };

    use super::{Algorithm, MAC_BYTES, Material};

    pub(crate) const AVAILABLE: bool = true;

    /// A keyed hash of tokens whose results must never be shown; `memory` says why.
    pub(crate) struct TokenMac(LessSafeKey);

    impl TokenMac {
        pub(crate) fn random() -> Option<Self> {
            let mut secret = [0; 16];
            rand::fill(&mut secret).ok()?;
            let key = UnboundKey::new(&AES_128_GCM, &secret).ok()?;
            Some(Self(LessSafeKey::new(key)))
        }

        pub(crate) fn of(&self, token: &[u8]) -> Option<[u8; MAC_BYTES]> {
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let sealed = self
                .0
                .seal_in_place_separate_tag(nonce, Aad::from(token), &mut []);
            sealed.ok()?.as_ref().try_into().ok()
        }
    }

    /// A key ready to verify one algorithm.
    #[derive(Debug)]
    pub(in crate::jwks) enum SignatureKey {
        Public(ParsedPublicKey),
        Secret(Box<hmac::Key>),
    }

    impl SignatureKey {
        /// `None` when the material is no key of this algorithm: wrong length, off the curve.
        pub(in crate::jwks) fn parse(algorithm: Algorithm, material: &Material) -> Option<Self> {
            match material {
                Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                    .to_parsed_public_key(rsa_parameters(algorithm)?)
                    .ok()
                    .map(Self::Public),
                Material::Raw(bytes) => ParsedPublicKey::new(raw_algorithm(algorithm)?, bytes)
                    .ok()
                    .map(Self::Public),
                Material::Secret(secret) => {
                    let key = hmac::Key::new(hmac_algorithm(algorithm)?, secret);
                    Some(Self::Secret(Box::new(key)))
                }
            }
        }

        pub(in crate::jwks) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            match self {
                Self::Public(key) => key.verify_sig(message, signature).is_ok(),
                Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            }
        }
    }

    fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
        Some(match algorithm {
            Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
            Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return None,
        })
    }

    fn raw_algorithm(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match algorithm {
            Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
            Algorithm::ES512 => &signature::ECDSA_P521_SHA512_FIXED,
            Algorithm::EdDSA => &signature::ED25519,
            Algorithm::MlDsa44 => &signature::ML_DSA_44,
            Algorithm::MlDsa65 => &signature::ML_DSA_65,
            Algorithm::MlDsa87 => &signature::ML_DSA_87,
            _ => return None,
        })
    }

    fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
        Some(match algorithm {
            Algorithm::HS256 => hmac::HMAC_SHA256,
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            _ => return None,
        })
    }
}

#[cfg(not(feature = "aws_lc_rs"))]
mod back_end {
    use super::{Algorithm, MAC_BYTES, Material};

    pub(crate) const AVAILABLE: bool = false;

    /// Cannot be made.
    pub(crate) enum TokenMac {}

    impl TokenMac {
        pub(crate) fn random() -> Option<Self> {
            None
        }

        pub(crate) fn of(&self, _: &[u8]) -> Option<[u8; MAC_BYTES]> {
            match *self {}
        }
    }

    /// Cannot be made: `build()` says which feature is missing.
    #[derive(Debug)]
    pub(in crate::jwks) enum SignatureKey {}

    impl SignatureKey {
        pub(in crate::jwks) fn parse(_: Algorithm, _: &Material) -> Option<Self> {
            None
        }

        pub(in crate::jwks) fn verifies(&self, _: &[u8], _: &[u8]) -> bool {
            match *self {}
        }
    }
}

/// Bytes of a [`TokenMac`].
pub(crate) const MAC_BYTES: usize = 16;

pub(super) use back_end::SignatureKey;
pub(crate) use back_end::{AVAILABLE, TokenMac};
