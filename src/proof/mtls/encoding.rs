use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::base::hex;
use crate::crypto::sha256;
use crate::limits::MAX_CERTIFICATE_BYTES;

/// `None` for a certificate over the limit.
pub(super) fn sha256_of_der(der: &[u8]) -> Option<[u8; 32]> {
    (der.len() <= MAX_CERTIFICATE_BYTES).then(|| sha256(&[der]))
}

/// 64 hexadecimal digits.
pub(super) fn sha256_of_hex(text: &[u8]) -> Option<[u8; 32]> {
    let (digits, []) = text.as_chunks() else {
        return None;
    };
    let octets: Option<Vec<u8>> = digits.iter().map(|digits| hex::octet(*digits)).collect();
    octets?.try_into().ok()
}

/// What the percent-encoded text stands for (RFC 3986 §2.1). `+` is no space: base64 needs it.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let octet = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                rest = behind;
                hex::octet([*high, *low])?
            }
            (b'%', _) => return None,
            _ => {
                rest = behind;
                first
            }
        };
        octets.push(octet);
    }
    Some(octets)
}

pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// As RFC 9651 §4.2.7 asks of parsers: padding may be absent, and its bits may be set. Another
/// spelling is no danger here, since the hash is made of the octets.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
