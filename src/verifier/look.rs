//! One attempt to verify a token with the available keys. Each line is a stage of `token`, and each
//! `?` a rejection with its reason.

use std::sync::Arc;

use crate::base::clock::{Clock, Now};
use crate::base::facts::Facts;
use crate::keys::{Asked, DemandOutcome, KeyDemand, Snapshot};
use crate::limits::FIRST_BACKOFF;
use crate::proof::possession::Possession;
use crate::token::verified::Verified;
use crate::token::{
    Checked, Compact, Header, HeaderBuffer, HeaderRead, Scratch, SignatureBuffer,
    SignatureVerified, TokenError, TokenErrorKind,
};
use crate::verifier::cache::Cached;
use crate::verifier::issuer_id::IssuerId;
use crate::verifier::issuers::{Admitted, Issuers, TrustedIssuer};
use crate::verifier::pending::{Pending, PendingKeys, Undecided};
use crate::verifier::presented::Presented;
use crate::wire::credentials::{Scheme, is_b64token};
use crate::wire::rejection::Rejection;

/// A token that passed every check but its signature (steps 1 to 8), and its decoded signature.
struct Candidate<'t> {
    checked: Checked<'t, 't>,
    signature: &'t [u8],
    issuer: &'t Arc<TrustedIssuer>,
    id: IssuerId,
    scheme: Scheme,
}

/// A token whose signature verified, and the generation of the keys that verified it.
struct Proven {
    signature: SignatureVerified,
    generation: u64,
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

impl Issuers {
    /// The first attempt: a missing key is requested. Returns also what the request shows of the
    /// key that the token is bound to, which is read before any signature is verified.
    pub(super) fn first_look(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        clock: &Clock,
    ) -> Result<(Admitted, Option<Box<Possession>>), Undecided> {
        self.look(
            presented,
            clock,
            |header, now| Ok(self.refuse_unknown_kid(header, presented.scheme(), now)?),
            |candidate, now| {
                let confirmation = candidate.checked.confirmation();
                let answers = &candidate.issuer.answers;
                let possession = match candidate.issuer.is_asked_about_jwts() {
                    false => self.possession(confirmation, presented, facts, answers, clock),
                    true => {
                        let ahead =
                            self.possession_ahead(confirmation, presented, facts, answers, clock);
                        ahead.map(Some)
                    }
                };
                self.prove(candidate, possession?, now)
            },
        )
    }

    /// The attempt with the keys that were requested. It cannot request more: its error type is a
    /// rejection.
    pub(super) fn final_look(
        &self,
        presented: Presented<'_>,
        newer: &Snapshot,
        clock: &Clock,
    ) -> Result<Admitted, Rejection> {
        let (admitted, ()) = self.look(
            presented,
            clock,
            |_, _| Ok(()),
            |candidate, _| Ok((self.prove_with(candidate, newer)?, ())),
        )?;
        Ok(admitted)
    }

    /// Reads a token, verifies it with `prove`, and stores it in the cache. `worth_reading` checks
    /// the header before the claims are read. Returns also what `prove` found out besides.
    fn look<T, E: From<Rejection>>(
        &self,
        presented: Presented<'_>,
        clock: &Clock,
        worth_reading: impl FnOnce(&HeaderRead<'_>, Now) -> Result<(), E>,
        prove: impl FnOnce(&Candidate<'_>, Now) -> Result<(Proven, T), E>,
    ) -> Result<(Admitted, T), E> {
        let mut scratch = Scratch::new();
        let Scratch {
            header,
            payload,
            signature,
        } = &mut scratch;
        let header_read = self.read_header(presented, header)?;
        // Not earlier, so that the clock is not read for a value that is not a token.
        let now = self.now(clock);
        worth_reading(&header_read, now)?;
        let candidate = self.read_claims(presented, header_read, payload, signature, now)?;
        let (proven, found) = prove(&candidate, now)?;
        let (answers, id) = (candidate.issuer.answers.clone(), candidate.id);
        let verified = self.remember(presented, id, proven, scratch.payload);
        Ok(((verified, answers), found))
    }

    /// Steps 1 to 3.
    fn read_header<'t>(
        &self,
        presented: Presented<'t>,
        header: &'t mut HeaderBuffer,
    ) -> Result<HeaderRead<'t>, Rejection> {
        let unreadable = |error| self.refuse_unreadable(presented, error);
        let compact =
            Compact::split(presented.bytes(), self.options.max_token_bytes).map_err(unreadable)?;
        let text = compact.header(header).map_err(unreadable)?;
        let refuse = |error| self.refuse(presented.scheme(), error);
        let header = Header::parse(text).map_err(refuse)?;
        HeaderRead::new(compact, header, |algorithm| self.use_algorithm(algorithm)).map_err(refuse)
    }

    /// Rejects a token at once if the only issuer is known not to have its key, so that a flood of
    /// such tokens does not cost the parsing of their claims.
    fn refuse_unknown_kid(
        &self,
        token: &HeaderRead<'_>,
        scheme: Scheme,
        now: Now,
    ) -> Result<(), Rejection> {
        let lacking = self.only().is_some_and(|only| {
            let in_use = only.keys.in_use_already(now);
            in_use.is_some_and(|in_use| only.keys.are_known_to_lack(token.kid(), &in_use, now))
        });
        match lacking {
            true => Err(self.refuse(scheme, TokenErrorKind::UnknownKey.into())),
            false => Ok(()),
        }
    }

    /// Steps 4 to 9, up to the signature.
    fn read_claims<'t>(
        &'t self,
        presented: Presented<'_>,
        token: HeaderRead<'t>,
        payload: &'t mut String,
        signature: &'t mut SignatureBuffer,
        now: Now,
    ) -> Result<Candidate<'t>, Rejection> {
        let unreadable = |error| self.refuse_unreadable(presented, error);
        let refuse = |error| self.refuse(presented.scheme(), error);
        let compact = token.compact();
        *payload = compact.claims().map_err(unreadable)?;
        let parsed = token.parse(payload, &self.options).map_err(refuse)?;
        let (id, issuer) = self.named(parsed.issuer()).map_err(refuse)?;
        let checked = parsed.check(&issuer.policy, now.wall).map_err(refuse)?;
        // Before any key is requested: a malformed signature must not cause a fetch.
        let signature = compact.signature(signature).map_err(unreadable)?;
        Ok(Candidate {
            checked,
            signature,
            issuer,
            id,
            scheme: presented.scheme(),
        })
    }

    /// Steps 9 and 10. If the available keys are not enough, requests newer keys once.
    fn prove(
        &self,
        candidate: &Candidate<'_>,
        possession: Option<Box<Possession>>,
        now: Now,
    ) -> Result<(Proven, Option<Box<Possession>>), Undecided> {
        let keys = &candidate.issuer.keys;
        let in_use = keys.in_use(now);
        let missing = match candidate.verify_with(in_use.serving(now)) {
            Ok(proven) => return Ok((proven, possession)),
            Err(KeyTrouble::Refused(error)) => {
                return Err(self.refuse(candidate.scheme, error).into());
            }
            Err(KeyTrouble::Missing(missing)) => missing,
        };
        let Missing { demand, error } = missing;
        match keys.ask(demand, now) {
            Asked::Answered(outcome) => {
                let newer =
                    self.newer_keys_or_rejection(candidate.scheme, demand, error, outcome)?;
                Ok((self.prove_with(candidate, &newer)?, possession))
            }
            Asked::WaitFor(fetch) => {
                let issuer = candidate.issuer.clone();
                let pending = PendingKeys::new(issuer, demand, fetch, error, possession);
                Err(Pending::Keys(pending).into())
            }
        }
    }

    /// Steps 9 and 10 with newer keys. The result is final.
    fn prove_with(&self, candidate: &Candidate<'_>, newer: &Snapshot) -> Result<Proven, Rejection> {
        candidate
            .verify_with(Some(newer))
            .map_err(|trouble| self.refuse(candidate.scheme, trouble.into_error()))
    }

    /// What a request waited for counts only if its issuer is still trusted with the same settings:
    /// the keys that came may be those of another source.
    pub(super) fn require_trust(
        &self,
        issuer: &TrustedIssuer,
        scheme: Scheme,
    ) -> Result<(), Rejection> {
        match self.named(Some(&issuer.policy.issuer)) {
            Ok(_) if self.trust(issuer) => Ok(()),
            Ok(_) => Err(self.answers.keys_unavailable(FIRST_BACKOFF)),
            Err(error) => Err(self.refuse(scheme, error)),
        }
    }

    /// The keys for the last attempt, or the rejection if there are none.
    pub(super) fn newer_keys_or_rejection(
        &self,
        scheme: Scheme,
        demand: KeyDemand<'_>,
        error: TokenError,
        answer: DemandOutcome,
    ) -> Result<Arc<Snapshot>, Rejection> {
        match (answer, demand) {
            (DemandOutcome::Newer(snapshot), _) => Ok(snapshot),
            (DemandOutcome::Unavailable { retry_after }, KeyDemand::Key { .. }) => {
                Err(self.answers.keys_unavailable(retry_after))
            }
            (DemandOutcome::TooMany { retry_after }, _) => {
                Err(self.answers.too_many_requests(Some(error), retry_after))
            }
            // The key is known and the signature is wrong, so the issuer is not needed to reject
            // the token.
            (DemandOutcome::Unavailable { .. }, KeyDemand::Signature { .. })
            | (DemandOutcome::Absent, _) => Err(self.refuse(scheme, error)),
        }
    }

    fn remember(
        &self,
        presented: Presented<'_>,
        id: IssuerId,
        proven: Proven,
        payload: String,
    ) -> Arc<Verified> {
        let verified = proven.signature.into_verified(payload);
        if let Some(cache) = &self.cache {
            let cached = Cached::new(id, proven.generation, verified.clone());
            cache.insert(presented.bytes(), cached);
        }
        verified
    }

    /// Distinguishes a value that is not a `b64token` from a malformed JWT (RFC 6750 §2.1).
    fn refuse_unreadable(&self, presented: Presented<'_>, error: TokenError) -> Rejection {
        match presented {
            Presented::Line(token) if !is_b64token(token.bytes()) => self
                .answers
                .invalid_token(token.scheme(), token.fault().map(Into::into)),
            _ => self.refuse(presented.scheme(), error),
        }
    }

    pub(super) fn refuse(&self, scheme: Scheme, error: TokenError) -> Rejection {
        self.answers.invalid_token(scheme, Some(error))
    }
}

impl<'t> Candidate<'t> {
    fn verify_with(&self, keys: Option<&Snapshot>) -> Result<Proven, KeyTrouble<'_>> {
        verify_with(self.checked.kid(), keys, |snapshot| {
            let signature = self.checked.verify(&snapshot.keys, self.signature)?;
            Ok(Proven {
                signature,
                generation: snapshot.generation,
            })
        })
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
