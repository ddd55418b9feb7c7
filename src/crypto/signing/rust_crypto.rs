//! Signing with the RustCrypto crates and `ed25519-dalek`. ECDSA derives its nonces as RFC 6979
//! defines, and needs no randomness.

use ed25519_dalek::Signer as _;
use rsa::signature::SignatureEncoding;

use super::material::{PrivateMaterial, Signer};
use crate::crypto::Algorithm;

pub(super) fn signer(material: &PrivateMaterial) -> Option<Signer> {
    match material {
        PrivateMaterial::Ec(Algorithm::ES256, number) => signing::<_, p256::ecdsa::Signature>(
            p256::ecdsa::SigningKey::from_slice(exactly(number, 32)?).ok()?,
        ),
        PrivateMaterial::Ec(Algorithm::ES384, number) => signing::<_, p384::ecdsa::Signature>(
            p384::ecdsa::SigningKey::from_slice(exactly(number, 48)?).ok()?,
        ),
        PrivateMaterial::Ec(Algorithm::ES512, number) => signing::<_, p521::ecdsa::Signature>(
            p521::ecdsa::SigningKey::from_slice(exactly(number, 66)?).ok()?,
        ),
        PrivateMaterial::Ed25519(seed) => {
            let seed = <&[u8; 32]>::try_from(seed.as_slice()).ok()?;
            let key = ed25519_dalek::SigningKey::from_bytes(seed);
            Some(Box::new(move |message| {
                Some(key.sign(message).to_bytes().to_vec())
            }))
        }
        PrivateMaterial::Ec(..) | PrivateMaterial::Rsa(_) => None,
    }
}

fn signing<K, S>(key: K) -> Option<Signer>
where
    K: rsa::signature::Signer<S> + Send + Sync + 'static,
    S: SignatureEncoding,
{
    Some(Box::new(move |message| {
        Some(key.try_sign(message).ok()?.to_bytes().as_ref().to_vec())
    }))
}

/// The crates also accept a shorter number, which a JWK must not hold (RFC 7518 §6.2.2.1).
fn exactly(number: &[u8], length: usize) -> Option<&[u8]> {
    Some(number).filter(|number| number.len() == length)
}
