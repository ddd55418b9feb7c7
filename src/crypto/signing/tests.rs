//! The two back ends accept the same keys, and each verifies what the other signs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::crypto::Algorithm;
use crate::crypto::{Material, Verify, aws_lc_rs as first, rust_crypto as second};

/// The order of P-256, and the one before it.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The public key that a signature of `material` verifies with.
fn public_of(material: &PrivateMaterial) -> Material {
    Material::Raw(match material {
        PrivateMaterial::Ec(Algorithm::ES256, d) => {
            let key = p256::ecdsa::SigningKey::from_slice(d).unwrap();
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
        PrivateMaterial::Ec(Algorithm::ES384, d) => {
            let key = p384::ecdsa::SigningKey::from_slice(d).unwrap();
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
        PrivateMaterial::Ec(_, d) => {
            let key = p521::ecdsa::SigningKey::from_slice(d).unwrap();
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
        PrivateMaterial::Ed25519(seed) => {
            let seed = seed.as_slice().try_into().unwrap();
            let key = ed25519_dalek::SigningKey::from_bytes(&seed);
            key.verifying_key().to_bytes().to_vec()
        }
        PrivateMaterial::Rsa(_) => panic!("rust_crypto signs with no RSA key"),
    })
}

#[test]
fn both_sign_for_both() {
    let number = |length: usize| [vec![0; length - 32], vec![7; 32]].concat();
    for material in [
        PrivateMaterial::Ec(Algorithm::ES256, number(32)),
        PrivateMaterial::Ec(Algorithm::ES384, number(48)),
        PrivateMaterial::Ec(Algorithm::ES512, number(66)),
        PrivateMaterial::Ed25519(number(32)),
    ] {
        let (algorithm, public) = (material.algorithm(), public_of(&material));
        for sign in [aws_lc_rs::signer(&material), rust_crypto::signer(&material)] {
            let signature = sign.unwrap()(b"message").unwrap();
            let one = first::SignatureKey::parse(algorithm, &public).unwrap();
            let other = second::SignatureKey::parse(algorithm, &public).unwrap();
            assert!(one.verifies(b"message", &signature), "{algorithm}");
            assert!(other.verifies(b"message", &signature), "{algorithm}");
        }
    }
}

#[test]
fn both_refuse_the_same() {
    let mut last = ORDER;
    last[31] -= 1;
    let ec = |number: &[u8]| PrivateMaterial::Ec(Algorithm::ES256, number.to_vec());
    for (material, good) in [
        (ec(&[7; 32]), true),
        (ec(&last), true),
        (ec(&ORDER), false),
        (ec(&[0; 32]), false),
        (ec(&[0xff; 32]), false),
        (ec(&[7; 31]), false),
        (ec(&[7; 33]), false),
        (ec(&[]), false),
        (PrivateMaterial::Ec(Algorithm::ES384, vec![7; 32]), false),
        (PrivateMaterial::Ec(Algorithm::ES512, vec![7; 65]), false),
        (PrivateMaterial::Ec(Algorithm::RS256, vec![7; 32]), false),
        (PrivateMaterial::Ed25519(vec![7; 32]), true),
        (PrivateMaterial::Ed25519(vec![7; 31]), false),
    ] {
        assert_eq!(aws_lc_rs::signer(&material).is_some(), good);
        assert_eq!(rust_crypto::signer(&material).is_some(), good);
    }
}
