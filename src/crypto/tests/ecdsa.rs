//! ECDSA: both halves of a signature, and points that are on no curve.

use super::*;

#[test]
fn of_ecdsa() {
    for (data, algorithm) in [
        (Ecdsa::EcdsaSecp256r1Sha256P1363.json_data(), ES256),
        (Ecdsa::EcdsaSecp384r1Sha384P1363.json_data(), ES384),
        (Ecdsa::EcdsaSecp521r1Sha512P1363.json_data(), ES512),
    ] {
        of_vectors(data, algorithm);
    }
}

/// RFC 7518 §3.4 does not require a low `s`: `n - s` is as valid as `s`.
#[test]
fn of_both_halves_of_ecdsa() {
    for (algorithm, order) in [
        (ES256, ORDER_OF_P256),
        (ES384, ORDER_OF_P384),
        (ES512, ORDER_OF_P521),
    ] {
        let (key, message, signature) = signed(algorithm);
        let order = hex(order);
        let (r, s) = signature.split_at(order.len());
        let zero = vec![0; order.len()];
        let larger = |number: &[u8]| plus(number, &order);
        for (r, s, good) in [
            (r.to_vec(), s.to_vec(), true),
            (r.to_vec(), minus(&order, s), true),
            (r.to_vec(), zero.clone(), false),
            (zero.clone(), s.to_vec(), false),
            (zero.clone(), zero, false),
            (r.to_vec(), order.clone(), false),
            (order.clone(), s.to_vec(), false),
            (r.to_vec(), larger(s), false),
            (larger(r), s.to_vec(), false),
        ] {
            let signature = [r, s].concat();
            assert_eq!(
                verdict(algorithm, &key, &message, &signature),
                Some(good),
                "{algorithm}"
            );
        }
    }
}

#[test]
fn of_points_that_are_on_no_curve() {
    for algorithm in [ES256, ES384, ES512] {
        let (key, message, signature) = signed(algorithm);
        let Material::Raw(point) = key else { panic!() };
        let length = point.len();
        for at in (0..length).step_by(7).chain([1, length - 1]) {
            let mut point = point.clone();
            point[at] ^= 1;
            let key = Material::Raw(point);
            assert_eq!(
                verdict(algorithm, &key, &message, &signature),
                None,
                "{algorithm}, {at}"
            );
        }
        for odd in [
            vec![],
            vec![0],
            vec![0; length],
            [&[4][..], &vec![0; length - 1]].concat(),
            vec![0xff; length],
            point[1..].to_vec(),
        ] {
            assert_eq!(
                verdict(algorithm, &Material::Raw(odd), &message, &signature),
                None,
                "{algorithm}"
            );
        }
    }
}
