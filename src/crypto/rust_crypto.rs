//! The back end of the RustCrypto crates and `ed25519-dalek`: it contains no C and needs no C
//! compiler. It handles no private RSA keys, so the advisory about them (RUSTSEC-2023-0071) does
//! not apply.

use std::fmt;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use ml_dsa::{EncodedVerifyingKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use rsa::signature::Verifier;
use rsa::{BoxedUint, pkcs1v15, pss};
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::Algorithm;
use super::key::{Material, Verify};
use crate::limits::RSA_BITS;

/// A closure, because the key types have no trait in common.
pub(crate) struct SignatureKey(Box<dyn Fn(&[u8], &[u8]) -> bool + Send + Sync>);

impl Verify for SignatureKey {
    fn parse(algorithm: Algorithm, material: &Material) -> Option<Self> {
        match material {
            Material::Rsa { n, e } => Self::rsa(algorithm, n, e),
            Material::Raw(key) => Self::raw(algorithm, key),
            Material::Secret(secret) => match algorithm {
                Algorithm::HS256 => Self::hmac::<Sha256>(secret),
                Algorithm::HS384 => Self::hmac::<Sha384>(secret),
                Algorithm::HS512 => Self::hmac::<Sha512>(secret),
                _ => None,
            },
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0(message, signature)
    }
}

impl SignatureKey {
    fn public<K, S>(key: K) -> Option<Self>
    where
        K: Verifier<S> + Send + Sync + 'static,
        S: for<'s> TryFrom<&'s [u8]>,
    {
        Some(Self(Box::new(move |message, signature| {
            S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        })))
    }

    fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Option<Self> {
        let [n, e] = [n, e].map(BoxedUint::from_be_slice_vartime);
        let key = rsa::PublicKey::new_with_size_limits(n, e, RSA_BITS).ok()?;
        match algorithm {
            // The salt has the same length as the hash (RFC 7518 §3.5).
            Algorithm::PS256 => Self::public(pss::VerifyingKey::<Sha256>::new(key)),
            Algorithm::PS384 => Self::public(pss::VerifyingKey::<Sha384>::new(key)),
            Algorithm::PS512 => Self::public(pss::VerifyingKey::<Sha512>::new(key)),
            Algorithm::RS256 => Self::public(pkcs1v15::VerifyingKey::<Sha256>::new(key)),
            Algorithm::RS384 => Self::public(pkcs1v15::VerifyingKey::<Sha384>::new(key)),
            Algorithm::RS512 => Self::public(pkcs1v15::VerifyingKey::<Sha512>::new(key)),
            _ => None,
        }
    }

    fn raw(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::ES256 => Self::public::<_, p256::ecdsa::Signature>(
                p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?,
            ),
            Algorithm::ES384 => Self::public::<_, p384::ecdsa::Signature>(
                p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?,
            ),
            Algorithm::ES512 => Self::public::<_, p521::ecdsa::Signature>(
                p521::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?,
            ),
            Algorithm::EdDSA => Self::ed25519(key.try_into().ok()?),
            Algorithm::MlDsa44 => Self::ml_dsa::<MlDsa44>(key),
            Algorithm::MlDsa65 => Self::ml_dsa::<MlDsa65>(key),
            Algorithm::MlDsa87 => Self::ml_dsa::<MlDsa87>(key),
            _ => None,
        }
    }

    /// Same behaviour as aws-lc, which decodes the point only when it verifies: 32 octets that are
    /// not a point, or that are an encoding which RFC 8032 §5.1.3 does not decode, are accepted as
    /// a key that verifies no signature. Points of small order are accepted, and `R` is compared in
    /// its encoded form: hence `verify`, not `verify_strict`.
    fn ed25519(octets: &[u8; 32]) -> Option<Self> {
        let point = Ed25519Key::from_bytes(octets).ok();
        match point.filter(|key| key.to_edwards().compress().as_bytes() == octets) {
            Some(key) => Self::public::<_, ed25519_dalek::Signature>(key),
            None => Some(Self(Box::new(|_, _| false))),
        }
    }

    fn ml_dsa<P: MlDsaParams + Send + Sync + 'static>(key: &[u8]) -> Option<Self> {
        let key = EncodedVerifyingKey::<P>::try_from(key).ok()?;
        let key = ml_dsa::VerifyingKey::<P>::decode(&key);
        Self::public::<_, ml_dsa::Signature<P>>(key)
    }

    fn hmac<D: EagerHash + 'static>(secret: &[u8]) -> Option<Self>
    where
        Hmac<D>: Clone + Send + Sync + hmac::Mac + hmac::KeyInit,
    {
        let keyed = Hmac::<D>::new_from_slice(secret).ok()?;
        Some(Self(Box::new(move |message, signature| {
            let tag = keyed.clone().chain_update(message);
            tag.verify_slice(signature).is_ok()
        })))
    }
}

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureKey").finish_non_exhaustive()
    }
}
