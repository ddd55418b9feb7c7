use std::mem::MaybeUninit;

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

use super::error::{TokenError, TokenErrorKind};
use crate::limits::MAX_HEADER_BYTES;

/// The three segments of a compact JWS (RFC 7515 §7.1). Each is decoded only when a check needs it,
/// so that a token that fails early costs little.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<'t> {
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
    /// RFC 7515 §5.2 step 8: the signature covers these bytes, not the decoded ones.
    pub(crate) signing_input: &'t [u8],
}

/// Buffers for the decoded segments of one token.
pub(crate) struct Scratch {
    pub(crate) header: HeaderBuffer,
    /// On the heap, because a verified token keeps it.
    pub(crate) payload: String,
    pub(crate) signature: SignatureBuffer,
}

/// A buffer on the stack for decoded bytes that are not kept; larger segments go to the heap.
pub(crate) struct StackBuffer<const BYTES: usize> {
    stack: [MaybeUninit<u8>; BYTES],
    heap: Vec<u8>,
}

pub(crate) type HeaderBuffer = StackBuffer<HEADER_STACK_BYTES>;
pub(crate) type SignatureBuffer = StackBuffer<SIGNATURE_STACK_BYTES>;

impl<'t> Compact<'t> {
    /// Checks the size first, so that no later step handles a larger token.
    pub(crate) fn split(token: &'t [u8], max_bytes: usize) -> Result<Self, TokenError> {
        if token.len() > max_bytes {
            return Err(TokenErrorKind::TooLarge.into());
        }
        let mut dots = memchr::memchr_iter(b'.', token);
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(TokenErrorKind::WrongSegments.into());
        };
        let segment = |from, to| token.get(from..to).ok_or(TokenErrorKind::WrongSegments);
        let signature = segment(second + 1, token.len())?;
        if signature.is_empty() {
            return Err(TokenErrorKind::BadSignature.into());
        }
        Ok(Self {
            header: segment(0, first)?,
            payload: segment(first + 1, second)?,
            signature,
            signing_input: segment(0, second)?,
        })
    }

    pub(crate) fn header<'r>(&self, buffer: &'r mut HeaderBuffer) -> Result<&'r str, TokenError> {
        let header = buffer.decode(self.header)?;
        if header.len() > MAX_HEADER_BYTES {
            return Err(TokenError::at(TokenErrorKind::TooLarge, Some("header")));
        }
        std::str::from_utf8(header).map_err(|_| TokenErrorKind::MalformedHeader.into())
    }

    /// The decoded payload, which must be UTF-8 in a JWT.
    pub(crate) fn claims(&self) -> Result<String, TokenError> {
        String::from_utf8(self.payload()?).map_err(|_| TokenErrorKind::MalformedClaims.into())
    }

    pub(super) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        URL_SAFE_NO_PAD
            .decode_to_vec(self.payload)
            .map_err(|_| TokenErrorKind::BadEncoding.into())
    }

    pub(crate) fn signature<'r>(
        &self,
        buffer: &'r mut SignatureBuffer,
    ) -> Result<&'r [u8], TokenError> {
        Ok(buffer.decode(self.signature)?)
    }
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            header: StackBuffer::new(),
            payload: String::new(),
            signature: StackBuffer::new(),
        }
    }
}

impl<const BYTES: usize> StackBuffer<BYTES> {
    const fn new() -> Self {
        Self {
            stack: [MaybeUninit::uninit(); BYTES],
            heap: Vec::new(),
        }
    }

    /// RFC 7515 §2: no padding and no line breaks. The spare bits of the last character must be
    /// zero, so that a segment has only one encoding.
    fn decode(&mut self, segment: &[u8]) -> Result<&[u8], TokenErrorKind> {
        let bad = |_| TokenErrorKind::BadEncoding;
        if segment.len() / 4 * 3 + 3 <= BYTES {
            let decoded = URL_SAFE_NO_PAD.decode(segment, self.stack.as_mut_slice().as_out());
            return decoded.map(|bytes| &*bytes).map_err(bad);
        }
        self.heap = URL_SAFE_NO_PAD.decode_to_vec(segment).map_err(bad)?;
        Ok(&self.heap)
    }
}

/// Real headers take under 300 bytes.
const HEADER_STACK_BYTES: usize = 512;

/// An RSA signature of 4096 bits, and the few bytes by which `decode` overestimates its length.
const SIGNATURE_STACK_BYTES: usize = 516;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use proptest::prelude::*;

    use super::*;
    use crate::limits::MAX_TOKEN_BYTES;

    /// Compares the decoder with another one: both accept the same texts and decode them to the
    /// same bytes.
    #[test]
    fn every_ending() {
        let alphabet: Vec<u8> = (0..=127).collect();
        for length in 1..=9 {
            for last in &alphabet {
                for before in b"AQz_-=+/" {
                    let mut text = vec![b'e'; length];
                    text[length - 1] = *last;
                    if length > 1 {
                        text[length - 2] = *before;
                    }
                    agree(&text);
                }
            }
        }
    }

    fn agree(text: &[u8]) {
        let shown = String::from_utf8_lossy(text);
        let want = BASE64.decode(text).ok();
        let mut stack = StackBuffer::<600>::new();
        let got = stack.decode(text).ok().map(<[u8]>::to_vec);
        assert_eq!(got, want, "{shown:?}");
        let mut heap = StackBuffer::<0>::new();
        let got = heap.decode(text).ok().map(<[u8]>::to_vec);
        assert_eq!(got, want, "{shown:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

        #[test]
        fn any_length(bytes in prop::collection::vec(any::<u8>(), 0..800), at in any::<prop::sample::Index>(), to in 0..128_u8) {
            let mut text = BASE64.encode(&bytes).into_bytes();
            agree(&text);
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = to;
                agree(&text);
            }
        }
    }

    #[test]
    fn shape() {
        use TokenErrorKind::{BadEncoding, BadSignature, MalformedHeader, TooLarge, WrongSegments};
        let long = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES));
        let longest = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES - 8));
        let big_header = format!("{}.e30.AA", BASE64.encode(vec![b'x'; MAX_HEADER_BYTES + 1]));
        let largest_header = format!("{}.e30.AA", BASE64.encode(vec![b'x'; MAX_HEADER_BYTES]));
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
            ("header not UTF-8", "_w.e30.AA", Err(MalformedHeader)),
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
        ];
        for (name, token, want) in cases {
            let read = || {
                let compact = Compact::split(token.as_bytes(), MAX_TOKEN_BYTES)?;
                compact.header(&mut Scratch::new().header)?;
                compact.payload()?;
                compact.signature(&mut Scratch::new().signature).map(drop)
            };
            assert_eq!(read().map_err(|e| e.kind()), want, "{name}");
        }
    }
}
