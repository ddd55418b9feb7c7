//! `X-Forwarded-Client-Cert`, as Envoy writes it: elements with `,` between them, one of each
//! proxy, of pairs `name=value` with `;` between them. A value may be in double quotes, with `\` in
//! front of a quote inside.
//!
//! Envoy puts no quotes around the URI of a certificate, which its holder chooses. So a pair too
//! many is refused wherever it stands, and so is a second element.

use memchr::memchr;

use super::encoding::{sha256_of_der, sha256_of_hex, unescaped};
use super::pem;

/// The hash of the certificate in the only element.
pub(super) fn thumbprint(element: &[u8]) -> Option<[u8; 32]> {
    let (mut hash, mut certificate) = (None, None);
    let mut rest = element;
    loop {
        let (name, value, behind) = pair(rest)?;
        let seen = match name {
            name if name.eq_ignore_ascii_case(b"hash") => hash.replace(sha256_of_hex(value)?),
            name if name.eq_ignore_ascii_case(b"cert") => {
                let der = pem::only(&unescaped(value)?)?;
                certificate.replace(sha256_of_der(&der)?)
            }
            _ => None,
        };
        rest = match (seen, behind) {
            (None, [b';', rest @ ..]) => rest,
            (None, []) => break,
            // A second hash or certificate, or the element of another proxy.
            _ => return None,
        };
    }
    match (hash, certificate) {
        (Some(hash), Some(other)) => (hash == other).then_some(hash),
        (hash, certificate) => hash.or(certificate),
    }
}

/// The name and the value of the first pair, and what follows it.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = text.split_at_checked(memchr(b'=', text)?)?;
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric);
    let rest = is_name.then(|| rest.get(1..))??;
    let (value, behind) = match rest {
        [b'"', rest @ ..] => {
            let (value, behind) = rest.split_at_checked(closing_quote(rest)?)?;
            (value, behind.get(1..)?)
        }
        _ => {
            let end = rest.iter().position(|byte| b";,\"".contains(byte));
            rest.split_at_checked(end.unwrap_or(rest.len()))?
        }
    };
    Some((name, value, behind))
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let closes = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    })
}
