//! Signing with aws-lc-rs.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeyPairComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};

use super::material::{PrivateMaterial, RsaPrivate, Signer};
use crate::crypto::Algorithm;

pub(super) fn signer(material: &PrivateMaterial) -> Option<Signer> {
    match material {
        PrivateMaterial::Ec(algorithm, number) => ec(*algorithm, number),
        PrivateMaterial::Ed25519(seed) => {
            let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
            Some(Box::new(move |message| {
                Some(key.sign(message).as_ref().to_vec())
            }))
        }
        PrivateMaterial::Rsa(key) => rsa(key),
    }
}

fn ec(algorithm: Algorithm, number: &[u8]) -> Option<Signer> {
    let (curve, length) = match algorithm {
        Algorithm::ES256 => (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, 32),
        Algorithm::ES384 => (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, 48),
        Algorithm::ES512 => (&signature::ECDSA_P521_SHA512_FIXED_SIGNING, 66),
        _ => return None,
    };
    if number.len() != length {
        return None;
    }
    // RFC 5915 §3, version and private number only. Both lengths are under 128, so they take one
    // octet. The public key is computed.
    let inner = u8::try_from(length).ok()?;
    let outer = inner.checked_add(5)?;
    let der = [&[0x30, outer, 0x02, 1, 1, 0x04, inner], number].concat();
    let key = EcdsaKeyPair::from_private_key_der(curve, &der).ok()?;
    Some(Box::new(move |message| {
        let signature = key.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    }))
}

fn rsa(key: &RsaPrivate) -> Option<Signer> {
    let key = rsa::KeyPair::from_components(&KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: &key.n,
            e: &key.e,
        },
        d: &key.d,
        p: &key.p,
        q: &key.q,
        dP: &key.dp,
        dQ: &key.dq,
        qInv: &key.qi,
    })
    .ok()?;
    Some(Box::new(move |message| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .ok()?;
        Some(signature)
    }))
}
