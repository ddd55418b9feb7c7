//! Converts public keys from their raw forms to JWKs: PKCS #1 for RSA, a point for EC, 32 bytes for
//! Ed25519.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::der::der_value;
use super::key::{UNCOMPRESSED_POINT, without_leading_zeros};

#[cfg(feature = "test-util")]
pub(crate) fn jwk_of_raw_key(algorithm: crate::crypto::Algorithm, raw: &[u8]) -> Option<Value> {
    use crate::crypto::Algorithm;
    match algorithm {
        Algorithm::EdDSA => Some(ed25519_jwk(raw)),
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::ES512 => ec_jwk(raw),
        _ => rsa_der_jwk(raw),
    }
}

pub(super) fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": text(n), "e": text(e)})
}

pub(super) fn rsa_der_jwk(der: &[u8]) -> Option<Value> {
    rsa_components(der).map(|(n, e)| rsa_jwk(n, e))
}

/// The curve follows from the length of the point. `None` for another length or a compressed point.
pub(super) fn ec_jwk(point: &[u8]) -> Option<Value> {
    let (curve, coordinates) = match (point.len(), point.split_first()?) {
        (65, (&UNCOMPRESSED_POINT, xy)) => ("P-256", xy),
        (97, (&UNCOMPRESSED_POINT, xy)) => ("P-384", xy),
        (133, (&UNCOMPRESSED_POINT, xy)) => ("P-521", xy),
        _ => return None,
    };
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    Some(json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)}))
}

pub(super) fn ed25519_jwk(raw: &[u8]) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": text(raw)})
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1).
/// The numbers are returned as a JWK holds them, without the sign octet (RFC 7518 §6.3.1.1).
fn rsa_components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, rest) = der_value(der, 0x30)?;
    let (n, e) = der_value(sequence, 0x02)?;
    let (e, end) = der_value(e, 0x02)?;
    let numbers = (without_leading_zeros(n), without_leading_zeros(e));
    (rest.is_empty() && end.is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_of_an_rsa_key() {
        let integer = |bytes: &[u8]| [&[0x02, bytes.len() as u8], bytes].concat();
        let sequence = |content: &[u8]| [&[0x30, content.len() as u8], content].concat();
        let (n, e) = (integer(&[0, 0xc3]), integer(&[1, 0, 1]));
        let both = [&n[..], &e].concat();
        let key = sequence(&both);
        assert_eq!(
            rsa_components(&key),
            Some((&[0xc3][..], &[1, 0, 1][..])),
            "without the sign octet"
        );
        let long = [&[0x30, 0x82, 0, both.len() as u8], &both[..]].concat();
        assert_eq!(rsa_components(&long), rsa_components(&key));
        let filled = [&integer(&[0x77; 121])[..], &e].concat();
        let indefinite = [&[0x30, 0x80], &filled[..]].concat();
        assert_eq!(filled.len(), 128);
        let rows = [
            ("a byte behind", [&key[..], &[0]].concat()),
            ("a byte behind e", sequence(&[&both[..], &[0]].concat())),
            ("a third number", sequence(&[&both[..], &e].concat())),
            ("one number", sequence(&n)),
            ("cut short", key[..key.len() - 1].to_vec()),
            ("no sequence", [&[0x31], &key[1..]].concat()),
            ("no integer", sequence(&[&n[..], &[0x03], &e[1..]].concat())),
            (
                "a length of three bytes",
                [&[0x30, 0x83, 0, 0, both.len() as u8], &both[..]].concat(),
            ),
            ("an indefinite length", indefinite),
            ("nothing", vec![]),
        ];
        for (name, der) in rows {
            assert_eq!(rsa_components(&der), None, "{name}");
        }
    }
}
