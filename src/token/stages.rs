use std::sync::Arc;

use super::claims::Claims;
use super::compact::Compact;
#[cfg(feature = "test-util")]
use super::compact::Scratch;
use super::error::{TokenError, TokenErrorKind};
use super::header::Header;
use super::policy::ValidationPolicy;
use crate::base::numeric_date::NumericDate;
use crate::crypto::Algorithm;
use crate::jwks::{KeyMiss, KeySet};
use crate::token::verified::{ClaimSpans, Verified};

/// A token whose header could be read (steps 1 to 3). Nothing in it is believed yet.
#[derive(Debug)]
pub(crate) struct HeaderRead<'u> {
    compact: Compact<'u>,
    header: Header<'u>,
}

impl<'u> HeaderRead<'u> {
    /// `header` is the header of `compact`. `used` says whether the tokens of any issuer may have
    /// its algorithm: a token with another one is not read further.
    pub(crate) fn new(
        compact: Compact<'u>,
        header: Header<'u>,
        used: impl FnOnce(Algorithm) -> bool,
    ) -> Result<Self, TokenError> {
        match used(header.algorithm) {
            true => Ok(Self { compact, header }),
            false => Err(TokenErrorKind::AlgorithmNotAllowed.into()),
        }
    }

    pub(crate) const fn compact(&self) -> Compact<'u> {
        self.compact
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Step 4. `payload` is the decoded one of the same token.
    pub(crate) fn parse(self, payload: &'u str) -> Result<Parsed<'u>, TokenError> {
        Ok(Parsed {
            headed: self,
            payload,
            claims: Claims::parse(payload)?,
        })
    }
}

/// A token that could be read (steps 1 to 4). Nothing in it is believed yet.
#[derive(Debug)]
pub(crate) struct Parsed<'u> {
    headed: HeaderRead<'u>,
    payload: &'u str,
    claims: Claims<'u>,
}

impl<'u> Parsed<'u> {
    /// Chooses the policy and the keys; [`check`](Self::check) then compares it again.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// Steps 5 to 8.
    pub(crate) fn check<'p>(
        self,
        policy: &'p ValidationPolicy,
        now: NumericDate,
    ) -> Result<Checked<'u, 'p>, TokenError> {
        let audience = policy.check(&self.headed.header, &self.claims, now)?;
        Ok(Checked {
            parsed: self,
            policy,
            audience,
        })
    }
}

/// A token that passed everything but its signature (steps 1 to 8). Only one of these may ask for
/// fresh keys.
#[derive(Debug)]
pub(crate) struct Checked<'u, 'p> {
    parsed: Parsed<'u>,
    policy: &'p ValidationPolicy,
    audience: Option<&'p str>,
}

impl Checked<'_, '_> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.parsed.headed.kid()
    }

    /// Steps 9 and 10. `signature` is the decoded one of the same token.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        signature: &[u8],
    ) -> Result<SignatureVerified, TokenError> {
        let Parsed {
            headed,
            payload,
            claims,
        } = &self.parsed;
        let HeaderRead { compact, header } = headed;
        let signed = compact.signing_input;
        keys.verify(header.kid.as_deref(), header.algorithm, signed, signature)
            .map_err(key_error)?;
        let spans = claims.spans(payload, self.audience)?;
        let not_after = self.policy.not_after(&spans.times);
        Ok(SignatureVerified { spans, not_after })
    }
}

/// The signature of one token verified. Made by [`Checked::verify`] alone.
#[derive(Debug)]
pub(crate) struct SignatureVerified {
    spans: ClaimSpans,
    not_after: NumericDate,
}

impl SignatureVerified {
    /// The proof that every check was passed. `payload` is the payload of the same token.
    pub(crate) fn into_verified(self, payload: String) -> Arc<Verified> {
        Arc::new(Verified::assertion(payload, self.spans, self.not_after))
    }
}

const fn key_error(miss: KeyMiss) -> TokenError {
    TokenError::new(match miss {
        KeyMiss::Ambiguous => TokenErrorKind::AmbiguousKey,
        KeyMiss::BadSignature => TokenErrorKind::BadSignature,
        KeyMiss::NoFit => TokenErrorKind::KeyMismatch,
        KeyMiss::UnknownKid => TokenErrorKind::UnknownKey,
    })
}

/// Steps 1, 2, 3, 9 and 10 alone, for test vectors whose payloads are no claims.
#[cfg(feature = "test-util")]
pub(crate) fn verify_jws(token: &str, keys: &KeySet) -> Result<Vec<u8>, TokenError> {
    let compact = Compact::split(token.as_bytes())?;
    let mut scratch = Scratch::new();
    let header = Header::parse(compact.header(&mut scratch.header)?)?;
    let payload = compact.payload()?;
    let signature = compact.signature(&mut scratch.signature)?;
    keys.verify(
        header.kid.as_deref(),
        header.algorithm,
        compact.signing_input,
        signature,
    )
    .map_err(key_error)?;
    Ok(payload)
}

/// Steps 9 and 10 alone, for test vectors that are no tokens.
#[cfg(feature = "test-util")]
pub(crate) fn verify_raw(
    keys: &KeySet,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), TokenError> {
    keys.verify(None, algorithm, message, signature)
        .map_err(key_error)
}

/// What [`Checked::verify`] would say of these claims, without a token.
#[cfg(feature = "test-util")]
pub(crate) fn verified_of_claims(json: &str) -> Result<Arc<Verified>, TokenError> {
    let claims = Claims::parse(json)?;
    let first = claims.audience().first().map(|audience| &**audience);
    let spans = claims.spans(json, first)?;
    let not_after = spans.times.exp;
    let verified = Verified::assertion(json.to_owned(), spans, not_after);
    Ok(Arc::new(verified))
}
