//! Step 16: the signature.

use super::*;
use ProofFault::Signature;

#[test]
fn proof_with_another_signature() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let setup = Setup::new(algorithm);
        let good = setup.proof();
        assert_eq!(setup.judge(&good), Ok(()));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let signature = BASE64.decode(signature).unwrap();
        let mut others = vec![
            signature[..signature.len() - 1].to_vec(),
            signature[1..].to_vec(),
            [&signature[..], &[0]].concat(),
            [&[0], &signature[..]].concat(),
            vec![0; signature.len()],
            vec![0],
            der(&signature),
            // Of another key.
            Setup::new(algorithm).client.sign(signed.as_bytes()),
            // Of another text.
            setup.client.sign(format!("{signed}.").as_bytes()),
            setup.client.sign(good.as_bytes()),
        ];
        for at in (0..signature.len()).step_by(7) {
            let mut flipped = signature.clone();
            flipped[at] ^= 1 << (at % 8);
            others.push(flipped);
        }
        for other in others {
            let proof = format!("{signed}.{}", BASE64.encode(&other));
            let verdict = setup.judge(&proof);
            assert_eq!(verdict, Err(Some(Signature)), "{algorithm}: {other:02x?}");
        }
    }
}

/// The payload or the header of another proof of the same key.
#[test]
fn proof_that_was_changed_after_signing() {
    let setup = Setup::new(Algorithm::ES256);
    let other_claims = with(&claims(), &[("jti", "another".into())]);
    let other_header = with(&setup.header(), &[("kid", "another".into())]);
    let good = setup.proof();
    let others = [
        setup.sign(&setup.header(), &other_claims),
        setup.sign(&other_header, &claims()),
    ];
    let (_, signature) = good.rsplit_once('.').unwrap();
    for other in others {
        assert_eq!(setup.judge(&other), Ok(()));
        let (signed, _) = other.rsplit_once('.').unwrap();
        let mixed = format!("{signed}.{signature}");
        assert_eq!(setup.judge(&mixed), Err(Some(Signature)));
    }
}

/// `jwk` is that of the victim, and the signature is the attacker's.
#[test]
fn proof_signed_by_another_key() {
    let setup = Setup::new(Algorithm::ES256);
    let attacker = Setup::new(Algorithm::ES256);
    assert_eq!(setup.judge(&setup.proof()), Ok(()));
    let forged = attacker.sign(&setup.header(), &claims());
    assert_eq!(setup.judge(&forged), Err(Some(Signature)));
}

/// ECDSA has a second signature, (r, n - s). It is a proof of the same key with the same `jti`, so
/// the memory of used proofs finds it.
#[test]
fn proof_with_the_other_signature_of_ecdsa() {
    let setup = Setup::new(Algorithm::ES256);
    let good = setup.proof();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let signature = BASE64.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let other = [r, &order_minus(s)].concat();
    let other = format!("{signed}.{}", BASE64.encode(other));
    assert_ne!(good, other);
    let (one, two) = (setup.accept(&good, false), setup.accept(&other, false));
    assert_eq!((one.jti(), one.jkt()), (two.jti(), two.jkt()));
}

/// `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279 §2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let integer = |number: &[u8]| [&[2, number.len() as u8 + 1, 0], number].concat();
    let content = [integer(r), integer(s)].concat();
    [&[0x30, content.len() as u8][..], &content].concat()
}

/// The order of P-256 (SEC 2 §2.4.2) minus this number.
fn order_minus(number: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut borrow = 0;
    let mut difference: Vec<u8> = (ORDER.iter().rev())
        .zip(number.iter().rev())
        .map(|(one, other)| {
            let digit = i16::from(*one) - i16::from(*other) - borrow;
            borrow = i16::from(digit < 0);
            digit as u8
        })
        .collect();
    difference.reverse();
    difference
}
