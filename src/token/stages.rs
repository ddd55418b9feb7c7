use std::cell::OnceCell;
use std::sync::Arc;

use super::claims::Claims;
#[cfg(feature = "test-util")]
use super::claims::ScopeClaim;
use super::compact::Compact;
#[cfg(feature = "test-util")]
use super::compact::Scratch;
use super::confirmation::Confirmation;
use super::error::{TokenError, TokenErrorKind};
use super::glance::Glance;
use super::header::Header;
use super::policy::ValidationPolicy;
use super::read_options::ReadOptions;
use crate::base::numeric_date::NumericDate;
use crate::crypto::Algorithm;
use crate::jwks::{KeyMiss, KeySet};
#[cfg(feature = "test-util")]
use crate::limits::MAX_TOKEN_BYTES;
use crate::token::verified::{ClaimSpans, Verified};

/// The proof that a signature was verified. Only [`HeaderRead::verify`] creates it.
#[derive(Debug)]
pub(crate) struct SignatureHolds(());

/// A token whose header was parsed (steps 1 to 3). Nothing in it is trusted yet.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRead<'u> {
    compact: Compact<'u>,
    header: Header<'u>,
}

impl<'u> HeaderRead<'u> {
    /// `header` must be the header of `compact`. `used` returns whether any issuer allows the
    /// algorithm; a token with any other algorithm is not read further.
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

    #[cfg(feature = "redis")]
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// Steps 9 and 10. `signature` must be the decoded signature of the same token.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        signature: &[u8],
    ) -> Result<SignatureHolds, TokenError> {
        let Self { compact, header } = self;
        let signed = compact.signing_input;
        keys.verify(header.kid.as_deref(), header.algorithm, signed, signature)
            .map(|()| SignatureHolds(()))
            .map_err(key_error)
    }

    /// Steps 5 to 7 for what a glance at large claims has found. `glance` must be of the same
    /// token, and `payload` must be empty; it is filled when the claims are read.
    pub(crate) fn check_glance<'p>(
        &self,
        glance: &Glance<'_>,
        payload: &'u OnceCell<String>,
        policy: &'p ValidationPolicy,
        now: NumericDate,
    ) -> Result<Unread<'u, 'p>, TokenError> {
        glance.check(&self.header, policy, now)?;
        Ok(Unread {
            headed: self.clone(),
            payload,
            policy,
        })
    }

    /// Step 4. `payload` must be the decoded payload of the same token.
    pub(crate) fn parse(
        self,
        payload: &'u str,
        options: &ReadOptions,
    ) -> Result<Parsed<'u>, TokenError> {
        Ok(Parsed {
            headed: self,
            payload,
            claims: Claims::parse(payload, &options.scope_claims)?,
        })
    }
}

/// A token whose header and claims were parsed (steps 1 to 4). Nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct Parsed<'u> {
    headed: HeaderRead<'u>,
    payload: &'u str,
    claims: Claims<'u>,
}

impl<'u> Parsed<'u> {
    /// Selects the policy and the keys; [`check`](Self::check) then compares it with the policy.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// Steps 5 to 8.
    pub(crate) fn check<'p>(
        self,
        policy: &'p ValidationPolicy,
        now: NumericDate,
    ) -> Result<Checked<'u, 'p>, TokenError> {
        let resource = policy.check(&self.headed.header, &self.claims, now)?;
        Ok(Checked {
            parsed: self,
            policy,
            resource,
        })
    }
}

/// A token whose large claims nothing at a glance speaks against. What a glance has found is
/// forgotten: they are read, and pass every check, before the token may cause a fetch
/// ([`read`](Self::read)) or is accepted ([`Signed::read`]).
#[derive(Debug)]
pub(crate) struct Unread<'u, 'p> {
    headed: HeaderRead<'u>,
    payload: &'u OnceCell<String>,
    policy: &'p ValidationPolicy,
}

impl<'u, 'p> Unread<'u, 'p> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.headed.kid()
    }

    /// Steps 4 to 8. The issuer that the claims name must be that of the policy.
    pub(crate) fn read(
        &self,
        options: &ReadOptions,
        now: NumericDate,
    ) -> Result<Checked<'u, 'p>, TokenError> {
        let Self {
            headed,
            payload,
            policy,
        } = self;
        let text = match payload.get() {
            Some(text) => text,
            None => {
                let text = headed.compact.claims()?;
                payload.get_or_init(|| text)
            }
        };
        headed.clone().parse(text, options)?.check(policy, now)
    }

    /// Steps 9 and 10. `signature` must be the decoded signature of the same token.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        signature: &[u8],
    ) -> Result<Signed<'_, 'u, 'p>, TokenError> {
        let holds = self.headed.verify(keys, signature)?;
        Ok(Signed { token: self, holds })
    }
}

/// A token whose signature was verified before its large claims were read. Only
/// [`Unread::verify`] creates it.
#[derive(Debug)]
pub(crate) struct Signed<'t, 'u, 'p> {
    token: &'t Unread<'u, 'p>,
    holds: SignatureHolds,
}

impl Signed<'_, '_, '_> {
    /// Steps 4 to 8.
    pub(crate) fn read(
        self,
        options: &ReadOptions,
        now: NumericDate,
    ) -> Result<SignatureVerified, TokenError> {
        let checked = self.token.read(options, now)?;
        checked.with_signature(self.holds)
    }
}

/// A token that passed every check before its signature (steps 1 to 8). Only such a token may cause
/// a fetch of keys.
#[derive(Debug)]
pub(crate) struct Checked<'u, 'p> {
    parsed: Parsed<'u>,
    policy: &'p ValidationPolicy,
    resource: Option<&'p str>,
}

impl Checked<'_, '_> {
    /// The key that the caller must prove.
    pub(crate) fn confirmation(&self) -> Option<&Confirmation> {
        self.parsed.claims.confirmation()
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.parsed.headed.kid()
    }

    /// Steps 9 and 10. `signature` must be the decoded signature of the same token.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        signature: &[u8],
    ) -> Result<SignatureVerified, TokenError> {
        let holds = self.parsed.headed.verify(keys, signature)?;
        self.with_signature(holds)
    }

    /// `_holds` must be of the same token.
    fn with_signature(&self, _holds: SignatureHolds) -> Result<SignatureVerified, TokenError> {
        let Parsed {
            payload, claims, ..
        } = &self.parsed;
        let spans = claims.spans(payload, self.resource, &self.policy.scope_claims)?;
        let not_after = self.policy.not_after(&spans.times);
        Ok(SignatureVerified { spans, not_after })
    }
}

/// A token that passed every check. Only [`Checked::verify`] and [`Signed::read`] create it.
#[derive(Debug)]
pub(crate) struct SignatureVerified {
    spans: ClaimSpans,
    not_after: NumericDate,
}

impl SignatureVerified {
    /// The key that the caller must prove.
    pub(crate) fn confirmation(&self) -> Option<&Confirmation> {
        self.spans.confirmation.as_deref()
    }

    /// Creates the proof that the token passed every check. `payload` must be the payload of the
    /// same token.
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

/// Steps 1, 2, 3, 9 and 10 only, for test vectors whose payloads are not claims.
#[cfg(feature = "test-util")]
pub(crate) fn verify_jws(token: &str, keys: &KeySet) -> Result<Vec<u8>, TokenError> {
    let compact = Compact::split(token.as_bytes(), MAX_TOKEN_BYTES)?;
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

/// Steps 9 and 10 only, for test vectors that are not tokens.
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

/// Builds a [`Verified`] from claims alone, without a token or a signature.
#[cfg(feature = "test-util")]
pub(crate) fn verified_of_claims(json: &str) -> Result<Arc<Verified>, TokenError> {
    let claims = Claims::parse(json, &[])?;
    let first = claims.audience().first().map(|audience| &**audience);
    let spans = claims.spans(json, first, &ScopeClaim::USUAL)?;
    let not_after = spans.times.exp;
    let verified = Verified::assertion(json.to_owned(), spans, not_after);
    Ok(Arc::new(verified))
}
