//! The numbers in a key: their size, their spelling, and points that are on their curve.

use SkipReason::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::json;

use super::*;

#[test]
fn n69_n70_n71_rsa_parameters() {
    let rsa = key(Algorithm::RS256);
    let n = octets(&rsa["n"]);
    assert_eq!(n.len(), 256);
    let bits = |bits: usize| {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = 0xff >> (modulus.len() * 8 - bits);
        json!({"n": text(&modulus)})
    };
    table(
        &rsa,
        &[
            ("n69 2047 bits", bits(2047), Err(RsaParameters)),
            ("n69 2040 bits", bits(2040), Err(RsaParameters)),
            ("n69 1024 bits", bits(1024), Err(RsaParameters)),
            ("n69 512 bits", bits(512), Err(RsaParameters)),
            ("n69 none", json!({"n": ""}), Err(RsaParameters)),
            (
                "n69 zero",
                json!({"n": text(&[0; 256])}),
                Err(RsaParameters),
            ),
            (
                "n69 even",
                json!({"n": text(&[&n[..255], &[n[255] ^ 1]].concat())}),
                Err(RsaParameters),
            ),
            ("n69 2048 bits", bits(2048), Ok(())),
            ("n70 8192 bits", bits(8192), Ok(())),
            ("n70 8193 bits", bits(8193), Err(RsaParameters)),
            ("n70 16,384 bits", bits(16_384), Err(RsaParameters)),
            ("n70 64 kB", bits(524_288), Err(RsaParameters)),
            ("n71 e = 3", json!({"e": "Aw"}), Ok(())),
            ("n71 e = 2", json!({"e": "Ag"}), Err(RsaParameters)),
            ("n71 e = 1", json!({"e": "AQ"}), Err(RsaParameters)),
            ("n71 e = 0", json!({"e": "AA"}), Err(RsaParameters)),
            (
                "n71 e missing its octets",
                json!({"e": ""}),
                Err(RsaParameters),
            ),
            ("n71 e even", json!({"e": "AQAA"}), Err(RsaParameters)),
            (
                "n71 e just under 2^33",
                json!({"e": text(&[1, 0xff, 0xff, 0xff, 0xff])}),
                Ok(()),
            ),
            (
                "n71 e above 2^33",
                json!({"e": text(&[2, 0, 0, 0, 1])}),
                Err(RsaParameters),
            ),
            (
                "n71 e of 100 octets",
                json!({"e": text(&[1; 100])}),
                Err(RsaParameters),
            ),
        ],
    );
}

/// Some providers publish these encodings. A second encoding of a key is harmless.
#[test]
fn spellings_of_numbers() {
    let rsa = key(Algorithm::RS256);
    let (n, e) = (octets(&rsa["n"]), octets(&rsa["e"]));
    table(
        &rsa,
        &[
            ("n padded", json!({"n": URL_SAFE.encode(&n)}), Ok(())),
            (
                "n in the standard alphabet",
                json!({"n": STANDARD_NO_PAD.encode(&n)}),
                Ok(()),
            ),
            ("n in both", json!({"n": STANDARD.encode(&n)}), Ok(())),
            (
                "n after zeros",
                json!({"n": text(&[&[0, 0][..], &n].concat())}),
                Ok(()),
            ),
            (
                "e after zeros",
                json!({"e": text(&[&[0, 0][..], &e].concat())}),
                Ok(()),
            ),
            ("n no base64", json!({"n": "*"}), Err(InvalidKey)),
            (
                "n with a line feed",
                json!({"n": format!("\n{}", rsa["n"])}),
                Err(InvalidKey),
            ),
            (
                "n a number",
                json!({"n": 65537}),
                Err(WrongType { member: "n" }),
            ),
        ],
    );
    for member in ["n", "e"] {
        assert_eq!(
            verdict(&without(&rsa, member)),
            Err(InvalidKey),
            "{member} missing"
        );
    }
    let ec = key(Algorithm::ES256);
    table(
        &ec,
        &[(
            "x padded",
            json!({"x": URL_SAFE.encode(octets(&ec["x"]))}),
            Ok(()),
        )],
    );
}

#[test]
fn what_the_test_issuer_publishes_is_canonical() {
    for algorithm in Algorithm::RSA {
        assert_ne!(
            octets(&TestKey::generate(*algorithm, "k").jwk()["n"])[0],
            0,
            "{algorithm}"
        );
    }
}

#[test]
fn n72_points() {
    let ec = key(Algorithm::ES256);
    let (x, y) = (octets(&ec["x"]), octets(&ec["y"]));
    let p384 = key(Algorithm::ES384);
    let longer = |coordinate: &[u8]| text(&[&[0][..], coordinate].concat());
    table(
        &ec,
        &[
            ("off the curve", json!({"y": ec["x"]}), Err(InvalidKey)),
            (
                "at (0, 0)",
                json!({"x": text(&[0; 32]), "y": text(&[0; 32])}),
                Err(InvalidKey),
            ),
            (
                "out of the field",
                json!({"x": text(&[0xff; 32])}),
                Err(InvalidKey),
            ),
            ("a short x", json!({"x": text(&x[1..])}), Err(InvalidKey)),
            ("a long x", json!({"x": longer(&x)}), Err(InvalidKey)),
            ("a short y", json!({"y": text(&y[1..])}), Err(InvalidKey)),
            ("a long y", json!({"y": longer(&y)}), Err(InvalidKey)),
            ("x empty", json!({"x": ""}), Err(InvalidKey)),
            (
                "on another curve",
                json!({"crv": "P-384", "alg": "ES384"}),
                Err(InvalidKey),
            ),
            (
                "secp256k1",
                json!({"crv": "secp256k1"}),
                Err(UnsupportedType),
            ),
            (
                "no name of a curve",
                json!({"crv": "p-256"}),
                Err(UnsupportedType),
            ),
        ],
    );
    for member in ["x", "y"] {
        assert_eq!(
            verdict(&without(&ec, member)),
            Err(InvalidKey),
            "compressed: no {member}"
        );
    }
    let misnamed = without(&with(&p384, json!({"crv": "P-256"})), "alg");
    assert_eq!(verdict(&misnamed), Err(InvalidKey), "P-384 called P-256");
    let ed = key(Algorithm::EdDSA);
    table(
        &ed,
        &[
            (
                "Ed25519 short",
                json!({"x": text(&[1; 31])}),
                Err(InvalidKey),
            ),
            (
                "Ed25519 long",
                json!({"x": text(&[1; 33])}),
                Err(InvalidKey),
            ),
            ("X25519", json!({"crv": "X25519"}), Err(UnsupportedType)),
            ("Ed448", json!({"crv": "Ed448"}), Err(UnsupportedType)),
        ],
    );
}
