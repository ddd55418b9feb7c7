//! A token that only its signature, or large claims that nobody has read yet, can speak against,
//! and what the keys at hand say of it.

use std::sync::Arc;

use crate::base::clock::Now;
use crate::keys::{KeyDemand, Snapshot};
use crate::token::{Checked, ReadOptions, SignatureVerified, TokenError, TokenErrorKind, Unread};
use crate::verifier::issuer_id::IssuerId;
use crate::verifier::issuers::TrustedIssuer;
use crate::wire::credentials::Scheme;

/// A token that nothing but its signature speaks against so far, and its decoded signature.
pub(super) struct Candidate<'t> {
    pub(super) claims: Claims<'t>,
    pub(super) signature: &'t [u8],
    pub(super) issuer: &'t Arc<TrustedIssuer>,
    pub(super) id: IssuerId,
    pub(super) scheme: Scheme,
}

/// How much of the claims is known before the signature is verified.
#[expect(
    clippy::large_enum_variant,
    reason = "of nearly every token the claims are read"
)]
pub(super) enum Claims<'t> {
    /// They passed every check (steps 1 to 8).
    Checked(Checked<'t, 't>),
    /// They are large, and were glanced at.
    Unread(Unread<'t, 't>),
}

/// A token that passed every check, and the generation of the keys that verified its signature.
pub(super) struct Proven {
    pub(super) verified: SignatureVerified,
    pub(super) generation: u64,
}

/// The available keys do not verify a token, but newer keys may.
pub(super) struct Missing<'t> {
    pub(super) demand: KeyDemand<'t>,
    pub(super) error: TokenError,
}

/// Why the signature of a candidate did not verify.
pub(super) enum KeyTrouble<'t> {
    Missing(Missing<'t>),
    Refused(TokenError),
}

impl<'t> Candidate<'t> {
    /// The same token, whose claims have been read.
    pub(super) const fn with_claims(&self, checked: Checked<'t, 't>) -> Self {
        Self {
            claims: Claims::Checked(checked),
            ..*self
        }
    }

    /// Steps 9 and 10, and then the claims if they were not read before.
    pub(super) fn verify_with(
        &self,
        keys: Option<&Snapshot>,
        options: &ReadOptions,
        now: Now,
    ) -> Result<Proven, KeyTrouble<'_>> {
        verify_with(self.claims.kid(), keys, |snapshot| {
            let (keys, signature) = (&snapshot.keys, self.signature);
            let verified = match &self.claims {
                Claims::Checked(checked) => checked.verify(keys, signature)?,
                Claims::Unread(unread) => {
                    unread.verify(keys, signature)?.read(options, now.wall)?
                }
            };
            Ok(Proven {
                verified,
                generation: snapshot.generation,
            })
        })
    }
}

impl Claims<'_> {
    fn kid(&self) -> Option<&str> {
        match self {
            Self::Checked(checked) => checked.kid(),
            Self::Unread(unread) => unread.kid(),
        }
    }
}

/// What `verify` makes of these keys, or what newer keys would need.
pub(super) fn verify_with<'t, T>(
    kid: Option<&'t str>,
    keys: Option<&Snapshot>,
    verify: impl FnOnce(&Snapshot) -> Result<T, TokenError>,
) -> Result<T, KeyTrouble<'t>> {
    let missing = |demand, error| KeyTrouble::Missing(Missing { demand, error });
    let Some(snapshot) = keys else {
        let demand = KeyDemand::Key { kid, seen: 0 };
        return Err(missing(demand, TokenErrorKind::UnknownKey.into()));
    };
    let seen = snapshot.generation;
    verify(snapshot).map_err(|error| match error.kind() {
        TokenErrorKind::UnknownKey => missing(KeyDemand::Key { kid, seen }, error),
        // A key of another type that replaces the old one is also new key material.
        TokenErrorKind::BadSignature | TokenErrorKind::KeyMismatch => {
            missing(KeyDemand::Signature { seen }, error)
        }
        _ => KeyTrouble::Refused(error),
    })
}

impl KeyTrouble<'_> {
    pub(super) fn into_error(self) -> TokenError {
        match self {
            Self::Missing(missing) => missing.error,
            Self::Refused(error) => error,
        }
    }
}
