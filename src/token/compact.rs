use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{TokenError, TokenErrorKind};
use crate::limits::{MAX_HEADER_BYTES, MAX_TOKEN_BYTES};

/// The three segments of a compact JWS (RFC 7515 §7.1), decoded but not believed.
#[derive(Debug)]
pub(crate) struct Compact<'t> {
    pub(super) header: String,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// RFC 7515 §5.2 step 8: what was signed are these bytes, not what they decode to.
    pub(super) signing_input: &'t str,
}

impl<'t> Compact<'t> {
    /// Splits and decodes. The size comes first: nothing below it is ever larger.
    pub(crate) fn split(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenErrorKind::TooLarge.into());
        }
        let (signing_input, signature) = token
            .rsplit_once('.')
            .ok_or(TokenErrorKind::WrongSegments)?;
        let (header, payload) = signing_input
            .split_once('.')
            .ok_or(TokenErrorKind::WrongSegments)?;
        if payload.contains('.') {
            return Err(TokenErrorKind::WrongSegments.into());
        }
        let header = decode(header)?;
        if header.len() > MAX_HEADER_BYTES {
            return Err(TokenErrorKind::TooLarge.into());
        }
        let header = String::from_utf8(header).map_err(|_| TokenErrorKind::MalformedHeader)?;
        let signature = decode(signature)?;
        if signature.is_empty() {
            return Err(TokenErrorKind::BadSignature.into());
        }
        Ok(Self {
            header,
            payload: decode(payload)?,
            signature,
            signing_input,
        })
    }
}

/// RFC 7515 §2: no padding, no line breaks; and no spare bits set in the last character, so that one
/// token has one spelling.
fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| TokenErrorKind::BadEncoding.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape() {
        use TokenErrorKind::{BadEncoding, BadSignature, MalformedHeader, TooLarge, WrongSegments};
        let long = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES));
        let longest = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES - 8));
        let big_header = format!(
            "{}.e30.AA",
            URL_SAFE_NO_PAD.encode(vec![b'x'; MAX_HEADER_BYTES + 1])
        );
        let largest_header = format!(
            "{}.e30.AA",
            URL_SAFE_NO_PAD.encode(vec![b'x'; MAX_HEADER_BYTES])
        );
        let dots = ".".repeat(10_000);
        let cases = [
            ("three segments", "e30.e30.AA", Ok(())),
            ("at the size limit", &longest, Ok(())),
            ("over the size limit", &long, Err(TooLarge)),
            ("header at the limit", &largest_header, Ok(())),
            ("header over the limit", &big_header, Err(TooLarge)),
            ("empty", "", Err(WrongSegments)),
            ("one segment", "e30", Err(WrongSegments)),
            ("two segments", "e30.e30", Err(WrongSegments)),
            ("four segments", "e30.e30.AA.AA", Err(WrongSegments)),
            (
                "five segments, a JWE",
                "e30.e30.AA.AA.AA",
                Err(WrongSegments),
            ),
            ("dots", &dots, Err(WrongSegments)),
            ("signature removed, dot kept", "e30.e30.", Err(BadSignature)),
            ("padded", "e30=.e30.AA", Err(BadEncoding)),
            ("standard alphabet", "e30.e30.A+", Err(BadEncoding)),
            ("line feed inside", "e30.e3\n0.AA", Err(BadEncoding)),
            ("space in front", " e30.e30.AA", Err(BadEncoding)),
            (
                "spare bits set in the header",
                "e31.e30.AA",
                Err(BadEncoding),
            ),
            (
                "spare bits set in the signature",
                "e30.e30.AB",
                Err(BadEncoding),
            ),
            ("header not UTF-8", "_w.e30.AA", Err(MalformedHeader)),
        ];
        for (name, token, want) in cases {
            assert_eq!(
                Compact::split(token).map(drop).map_err(|e| e.kind()),
                want,
                "{name}"
            );
        }
    }
}
