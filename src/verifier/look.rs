//! One attempt to verify a token with the available keys. Each line is a stage of `token`, and each
//! `?` a rejection with its reason.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::base::clock::{Clock, Now};
use crate::base::facts::Facts;
use crate::keys::{Asked, DemandOutcome, KeyDemand, Snapshot};
use crate::limits::FIRST_BACKOFF;
use crate::proof::possession::Possession;
use crate::token::verified::Verified;
use crate::token::{
    Compact, Confirmation, Glance, Header, HeaderBuffer, HeaderRead, Scratch, SignatureBuffer,
    StartBuffer, TokenError, TokenErrorKind, Unread,
};
use crate::verifier::cache::Cached;
use crate::verifier::candidate::{Candidate, Claims, KeyTrouble, Missing, Proven};
use crate::verifier::issuer_id::IssuerId;
use crate::verifier::issuers::{Admitted, Issuers, TrustedIssuer};
use crate::verifier::pending::{Pending, PendingKeys, Undecided};
use crate::verifier::presented::Presented;
use crate::wire::credentials::{Scheme, is_b64token};
use crate::wire::rejection::Rejection;

/// What a request shows of the key that a token is bound to.
type Shown = Option<Box<Possession>>;

/// What is known of the claims of a token, and its issuer.
type Known<'t> = (Claims<'t>, IssuerId, &'t Arc<TrustedIssuer>);

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
                let answers = &candidate.issuer.answers;
                let shown = |confirmation: Option<&Confirmation>| match candidate
                    .issuer
                    .is_asked_about_jwts()
                {
                    false => self.possession(confirmation, presented, facts, answers, clock),
                    true => self
                        .possession_ahead(confirmation, presented, facts, answers, clock)
                        .map(Some),
                };
                match &candidate.claims {
                    Claims::Checked(checked) => {
                        self.prove(candidate, shown(checked.confirmation())?, now)
                    }
                    Claims::Unread(unread) => self.prove_unread(candidate, unread, shown, now),
                }
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
            |candidate, now| Ok((self.prove_with(candidate, newer, now)?, ())),
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
        let payload = scratch.payload.into_inner().unwrap_or_default();
        let verified = self.remember(presented, id, proven, payload);
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

    /// Steps 4 to 9, up to the signature. Of large claims, what a glance tells.
    fn read_claims<'t>(
        &'t self,
        presented: Presented<'_>,
        token: HeaderRead<'t>,
        payload: &'t OnceCell<String>,
        signature: &'t mut SignatureBuffer,
        now: Now,
    ) -> Result<Candidate<'t>, Rejection> {
        let unreadable = |error| self.refuse_unreadable(presented, error);
        let refuse = |error| self.refuse(presented.scheme(), error);
        let compact = token.compact();
        let glanced = match compact.has_large_claims() {
            false => None,
            true => self.glance(presented, &token, payload, now)?,
        };
        let (claims, id, issuer) = match glanced {
            Some(glanced) => glanced,
            None => {
                let decoded = compact.claims().map_err(unreadable)?;
                let payload = payload.get_or_init(|| decoded);
                let parsed = token.parse(payload, &self.options).map_err(refuse)?;
                let (id, issuer) = self.named(parsed.issuer()).map_err(refuse)?;
                let checked = parsed.check(&issuer.policy, now.wall).map_err(refuse)?;
                (Claims::Checked(checked), id, issuer)
            }
        };
        // Before any key is requested: a malformed signature must not cause a fetch.
        let signature = compact.signature(signature).map_err(unreadable)?;
        Ok(Candidate {
            claims,
            signature,
            issuer,
            id,
            scheme: presented.scheme(),
        })
    }

    /// The encoding of large claims, and steps 5 to 7 for what stands at their start. `None` if
    /// that does not tell whose claims they are.
    #[inline(never)]
    fn glance<'t>(
        &'t self,
        presented: Presented<'_>,
        token: &HeaderRead<'t>,
        payload: &'t OnceCell<String>,
        now: Now,
    ) -> Result<Option<Known<'t>>, Rejection> {
        let refuse = |error| self.refuse(presented.scheme(), error);
        let compact = token.compact();
        compact
            .check_encoding()
            .map_err(|error| self.refuse_unreadable(presented, error))?;
        let mut start = StartBuffer::new();
        let glance = Glance::at(compact, &mut start);
        let named = self.named_or_only(glance.issuer()).map_err(refuse)?;
        let Some((id, issuer)) = named else {
            return Ok(None);
        };
        let unread = token.check_glance(&glance, payload, &issuer.policy, now.wall);
        let unread = unread.map_err(refuse)?;
        Ok(Some((Claims::Unread(unread), id, issuer)))
    }

    /// Steps 9 and 10. If the available keys are not enough, requests newer keys once.
    fn prove(
        &self,
        candidate: &Candidate<'_>,
        shown: Shown,
        now: Now,
    ) -> Result<(Proven, Shown), Undecided> {
        let in_use = candidate.issuer.keys.in_use(now);
        match candidate.verify_with(in_use.serving(now), &self.options, now) {
            Ok(proven) => Ok((proven, shown)),
            Err(KeyTrouble::Refused(error)) => Err(self.refuse(candidate.scheme, error).into()),
            Err(KeyTrouble::Missing(missing)) => {
                self.prove_with_newer(candidate, missing, shown, now)
            }
        }
    }

    /// The same for large claims, which are read last: if the signature is good, or newer keys are
    /// about to be requested.
    fn prove_unread<'t>(
        &self,
        candidate: &Candidate<'t>,
        unread: &Unread<'t, 't>,
        shown: impl Fn(Option<&Confirmation>) -> Result<Shown, Rejection>,
        now: Now,
    ) -> Result<(Proven, Shown), Undecided> {
        let refuse = |error| Undecided::from(self.refuse(candidate.scheme, error));
        let read = || -> Result<_, Undecided> {
            let checked = unread.read(&self.options, now.wall).map_err(refuse)?;
            let shown = shown(checked.confirmation())?;
            Ok((candidate.with_claims(checked), shown))
        };
        let keys = &candidate.issuer.keys;
        let in_use = keys.in_use_already(now);
        let Some(in_use) =
            in_use.filter(|it| it.serving(now).is_some_and(|set| set.keys.len() > 0))
        else {
            // A token with a fault must not be the first that needs the keys. Without keys there is
            // no signature to verify, so a forger makes us read the claims and nothing more.
            let (candidate, shown) = read()?;
            return self.prove(&candidate, shown, now);
        };
        let missing = match candidate.verify_with(in_use.serving(now), &self.options, now) {
            Ok(proven) => {
                let shown = shown(proven.verified.confirmation())?;
                return Ok((proven, shown));
            }
            Err(KeyTrouble::Refused(error)) => return Err(refuse(error)),
            Err(KeyTrouble::Missing(missing)) => missing,
        };
        // A forger gets no more than the verification of a signature.
        if keys.would_find_absent(missing.demand, now) {
            return Err(refuse(missing.error));
        }
        let (candidate, shown) = read()?;
        self.prove_with_newer(&candidate, missing, shown, now)
    }

    /// Requests newer keys, and tries those that are here.
    fn prove_with_newer(
        &self,
        candidate: &Candidate<'_>,
        missing: Missing<'_>,
        possession: Shown,
        now: Now,
    ) -> Result<(Proven, Shown), Undecided> {
        let Missing { demand, error } = missing;
        match candidate.issuer.keys.ask(demand, now) {
            Asked::Answered(outcome) => {
                let newer =
                    self.newer_keys_or_rejection(candidate.scheme, demand, error, outcome)?;
                Ok((self.prove_with(candidate, &newer, now)?, possession))
            }
            Asked::WaitFor(fetch) => {
                let issuer = candidate.issuer.clone();
                let pending = PendingKeys::new(issuer, demand, fetch, error, possession);
                Err(Pending::Keys(pending).into())
            }
        }
    }

    /// Steps 9 and 10 with newer keys. The result is final.
    fn prove_with(
        &self,
        candidate: &Candidate<'_>,
        newer: &Snapshot,
        now: Now,
    ) -> Result<Proven, Rejection> {
        candidate
            .verify_with(Some(newer), &self.options, now)
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
        let verified = proven.verified.into_verified(payload);
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
