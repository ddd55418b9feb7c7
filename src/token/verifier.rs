use std::sync::Arc;

use super::algorithm::Algorithm;
use super::claims::Claims;
use super::compact::{Compact, Scratch};
use super::error::{TokenError, TokenErrorKind};
use super::header::Header;
use super::policy::ValidationPolicy;
use crate::jwks::{KeyMiss, KeySet};
use crate::numeric_date::NumericDate;
use crate::verified::{Said, Verified};

/// A token whose segments decode (steps 1 and 2). Owns what [`Parsed`] borrows from.
#[derive(Debug)]
pub(crate) struct Unverified<'t> {
    compact: Compact<'t>,
}

/// The signature of one token verified: what its claims say. Made by [`Checked::verify`] alone.
#[derive(Debug)]
pub(crate) struct Attested(Said);

impl<'t> Unverified<'t> {
    pub(crate) fn split(token: &'t [u8], scratch: &'t mut Scratch) -> Result<Self, TokenError> {
        let compact = Compact::split(token, scratch)?;
        Ok(Self { compact })
    }

    /// Steps 3 and 4. `used` says whether any issuer's tokens may have this algorithm: none of the
    /// others is worth reading.
    pub(crate) fn parse(
        &self,
        used: impl FnOnce(Algorithm) -> bool,
    ) -> Result<Parsed<'_>, TokenError> {
        let header = Header::parse(&self.compact.header)?;
        let algorithm = header.algorithm()?;
        if !used(algorithm) {
            return Err(TokenErrorKind::AlgorithmNotAllowed.into());
        }
        let payload = std::str::from_utf8(&self.compact.payload)
            .map_err(|_| TokenErrorKind::MalformedClaims)?;
        let claims = Claims::parse(payload)?;
        Ok(Parsed {
            compact: &self.compact,
            header,
            algorithm,
            payload,
            claims,
        })
    }

    /// The proof that every check was passed, `attested` being this token's.
    pub(crate) fn into_verified(
        self,
        Attested(said): Attested,
        policy: &ValidationPolicy,
    ) -> Result<Arc<Verified>, TokenError> {
        let payload =
            String::from_utf8(self.compact.payload).map_err(|_| TokenErrorKind::MalformedClaims)?;
        let resource = policy.resource.clone();
        Ok(Arc::new(Verified::assertion(payload, said, resource)))
    }
}

/// A token that could be read (steps 1 to 4). Nothing in it is believed yet.
#[derive(Debug)]
pub(crate) struct Parsed<'u> {
    compact: &'u Compact<'u>,
    header: Header<'u>,
    algorithm: Algorithm,
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
        let audience = policy.check(&self.header, self.algorithm, &self.claims, now)?;
        Ok(Checked {
            parsed: self,
            audience,
        })
    }
}

/// A token that passed everything but its signature (steps 1 to 8). Only one of these may ask for
/// fresh keys.
#[derive(Debug)]
pub(crate) struct Checked<'u, 'p> {
    parsed: Parsed<'u>,
    audience: Option<&'p str>,
}

impl Checked<'_, '_> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.parsed.header.kid.as_deref()
    }

    /// Steps 9 and 10.
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<Attested, TokenError> {
        let Parsed {
            compact,
            algorithm,
            payload,
            claims,
            ..
        } = &self.parsed;
        let signed = compact.signing_input;
        keys.verify(self.kid(), *algorithm, signed, &compact.signature)
            .map_err(key_error)?;
        claims.said(payload, self.audience).map(Attested)
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
    let mut scratch = Scratch::new();
    let compact = Compact::split(token.as_bytes(), &mut scratch)?;
    let header = Header::parse(&compact.header)?;
    let signed = compact.signing_input;
    keys.verify(
        header.kid.as_deref(),
        header.algorithm()?,
        signed,
        &compact.signature,
    )
    .map_err(key_error)?;
    Ok(compact.payload)
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
    let said = claims.said(json, first)?;
    let verified = Verified::assertion(json.to_owned(), said, Arc::default());
    Ok(Arc::new(verified))
}
