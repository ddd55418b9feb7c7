//! Certificates as PEM text (RFC 7468 §5), without explanatory text around them.

use memchr::memmem;

use super::encoding::base64;

/// The DER of the only certificate.
pub(super) fn only(text: &[u8]) -> Option<Vec<u8>> {
    let (der, rest) = certificate(text)?;
    rest.is_empty().then_some(der)
}

/// The DER of the first certificate; others follow it.
pub(super) fn first(text: &[u8]) -> Option<Vec<u8>> {
    let (der, mut rest) = certificate(text)?;
    while !rest.is_empty() {
        (_, rest) = certificate(rest)?;
    }
    Some(der)
}

/// Takes one certificate off, and the line breaks behind it.
fn certificate(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let body = text.strip_prefix(BEGIN)?;
    let (lines, rest) = body.split_at_checked(memmem::find(body, END)?)?;
    // Line breaks only: a space may have been a `+`.
    let is_content = |byte: &u8| !matches!(byte, b'\r' | b'\n');
    let content: Vec<u8> = lines.iter().copied().filter(is_content).collect();
    let rest = rest.strip_prefix(END)?;
    let next = rest.iter().position(is_content).unwrap_or(rest.len());
    Some((base64(&content)?, rest.get(next..)?))
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
