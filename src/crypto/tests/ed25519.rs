//! Ed25519: another spelling of S, points of small order, and values that are no point.

use super::*;

#[test]
fn of_ed25519() {
    of_vectors(Eddsa::Ed25519.json_data(), EdDSA);
}

/// `S` plus the order of the group satisfies the same equation as `S`, but only `S` is valid (RFC
/// 8032 §5.1.7).
#[test]
fn of_a_larger_s_in_ed25519() {
    let (key, message, signature) = signed(EdDSA);
    assert_eq!(verdict(EdDSA, &key, &message, &signature), Some(true));
    let (r, s) = signature.split_at(32);
    let order = hex(ORDER_OF_ED25519);
    let mut s: Vec<u8> = s.iter().rev().copied().collect();
    // As long as the sum fits into 256 bits.
    for _ in 0..15 {
        s = plus(&s, &order);
        let larger: Vec<u8> = r.iter().chain(s.iter().rev()).copied().collect();
        assert_eq!(verdict(EdDSA, &key, &message, &larger), Some(false));
    }
}

/// Points of small order, and encodings that RFC 8032 §5.1.3 does not decode, as key and as `R`. An
/// issuer that publishes such a key has no security; the test only checks that the back ends agree.
#[test]
fn of_points_of_small_order_in_ed25519() {
    let mut accepted = 0;
    for key in SMALL_ORDER {
        let key = Material::Raw(hex(key));
        for r in SMALL_ORDER {
            let signature = [hex(r), vec![0; 32]].concat();
            for message in 0..16_u8 {
                accepted += usize::from(verdict(EdDSA, &key, &[message], &signature) == Some(true));
            }
        }
    }
    assert!(accepted > 0);
}

/// About half of all 32-octet strings are not a point. Such a key verifies no signature.
#[test]
fn of_keys_that_are_no_point_in_ed25519() {
    let (key, message, signature) = signed(EdDSA);
    let Material::Raw(key) = key else { panic!() };
    for at in 0..32 {
        for bit in 0..8 {
            let mut key = key.clone();
            key[at] ^= 1 << bit;
            assert_ne!(
                verdict(EdDSA, &Material::Raw(key), &message, &signature),
                Some(true)
            );
        }
    }
    for length in [0, 31, 33] {
        assert_eq!(
            verdict(EdDSA, &Material::Raw(vec![1; length]), &message, &signature),
            None
        );
    }
}
