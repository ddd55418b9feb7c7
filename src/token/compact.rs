use std::cell::OnceCell;
use std::mem::MaybeUninit;

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

use super::error::{TokenError, TokenErrorKind};
use crate::limits::{MAX_HEADER_BYTES, MAX_UNVERIFIED_CLAIMS_BYTES};

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
    /// On the heap, because a verified token keeps it. Filled when the claims are read.
    pub(crate) payload: OnceCell<String>,
    pub(crate) signature: SignatureBuffer,
}

/// A buffer on the stack for decoded bytes that are not kept; larger segments go to the heap.
pub(crate) struct StackBuffer<const BYTES: usize> {
    stack: [MaybeUninit<u8>; BYTES],
    heap: Vec<u8>,
}

pub(crate) type HeaderBuffer = StackBuffer<HEADER_STACK_BYTES>;

pub(crate) type SignatureBuffer = StackBuffer<SIGNATURE_STACK_BYTES>;

/// For the start of large claims.
pub(crate) type StartBuffer = StackBuffer<START_STACK_BYTES>;

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

    /// The header as it is sent: base64url of any length.
    pub(crate) const fn header_segment(&self) -> &'t [u8] {
        self.header
    }

    /// Whether every segment is in its only encoding (RFC 7515 §2), without decoding any.
    pub(crate) fn check_encoding(&self) -> Result<(), TokenError> {
        let segments = [self.header, self.payload, self.signature];
        let is_good = |segment: &[u8]| URL_SAFE_NO_PAD.check(segment).is_ok();
        match segments.into_iter().all(is_good) {
            true => Ok(()),
            false => Err(TokenErrorKind::BadEncoding.into()),
        }
    }

    pub(crate) fn header<'r>(&self, buffer: &'r mut HeaderBuffer) -> Result<&'r str, TokenError> {
        let header = buffer.decode(self.header)?;
        if header.len() > MAX_HEADER_BYTES {
            return Err(TokenError::at(TokenErrorKind::TooLarge, Some("header")));
        }
        std::str::from_utf8(header).map_err(|_| TokenErrorKind::MalformedHeader.into())
    }

    /// Whether the claims are too large to be read before their signature is verified.
    pub(crate) const fn has_large_claims(&self) -> bool {
        self.payload.len() * 3 / 4 > MAX_UNVERIFIED_CLAIMS_BYTES
    }

    /// The start of large claims up to a comma, so that it ends in the middle of no number. Empty
    /// if it cannot be read.
    pub(super) fn start_of_claims<'r>(&self, buffer: &'r mut StartBuffer) -> &'r str {
        let start = self.payload.get(..START_CHARACTERS).unwrap_or_default();
        let start = buffer.decode(start).unwrap_or_default();
        let end = memchr::memrchr(b',', start).map_or(0, |comma| comma + 1);
        let start = start.get(..end).unwrap_or_default();
        std::str::from_utf8(start).unwrap_or_default()
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
            payload: OnceCell::new(),
            signature: StackBuffer::new(),
        }
    }
}

impl<const BYTES: usize> StackBuffer<BYTES> {
    pub(crate) const fn new() -> Self {
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

/// A kibibyte of claims. Whole groups of four characters, each of which stands for three bytes.
const START_CHARACTERS: usize = 1_364;

/// What these stand for, and the few bytes by which `decode` overestimates it.
const START_STACK_BYTES: usize = 1_026;

/// An RSA signature of 4096 bits, and the few bytes by which `decode` overestimates its length.
const SIGNATURE_STACK_BYTES: usize = 516;

#[cfg(test)]
mod tests;
