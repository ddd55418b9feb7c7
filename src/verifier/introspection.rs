//! Tokens whose issuer is asked what they are: which those are, and the answers of `introspection`
//! as rejections.
//!
//! | token | `opaque` | `also_jwts` | `only` |
//! | --- | --- | --- | --- |
//! | no JWT, and the prefix of an issuer that is asked | asked | asked | asked |
//! | a JWT of the issuer | verified | verified, then asked | asked |
//! | any other | as without introspection | the same | the same |

use std::sync::Arc;

use crate::base::clock::Clock;
use crate::base::facts::Facts;
use crate::introspection::{Answered, Introspected, IntrospectedTokens, Looked, is_opaque};
use crate::limits::FIRST_BACKOFF;
use crate::proof::possession::Possession;
use crate::token::verified::Verified;
use crate::token::{Compact, claimed_issuer};
use crate::verifier::asked::TokensAsked;
use crate::verifier::issuers::{Admitted, Found, Issuers, TrustedIssuer};
use crate::verifier::pending::{Pending, PendingIntrospection, Undecided};
use crate::verifier::presented::Presented;
use crate::wire::answers::Answers;
use crate::wire::credentials::is_b64token;
use crate::wire::rejection::Rejection;

/// Who is asked about a token, and the rejections for its bearer.
#[derive(Clone, Copy)]
pub(super) struct Ask<'i> {
    issuer: &'i Arc<Introspected>,
    answers: &'i Arc<Answers>,
}

impl TrustedIssuer {
    /// Whether it is asked about JWTs that were verified here.
    pub(super) fn is_asked_about_jwts(&self) -> bool {
        self.asked_about(IntrospectedTokens::AlsoJwts).is_some()
    }

    fn asked_about(&self, tokens: IntrospectedTokens) -> Option<Ask<'_>> {
        self.asked(|asked| asked.tokens == tokens)
    }

    fn asked(&self, is_wanted: impl FnOnce(&TokensAsked) -> bool) -> Option<Ask<'_>> {
        let asked = self.introspection.as_ref()?;
        is_wanted(asked).then_some(Ask {
            issuer: &asked.issuer,
            answers: &self.answers,
        })
    }
}

impl Issuers {
    /// The first attempt, for any token: what is known of it, by the keys at hand or from an answer
    /// of its issuer.
    pub(super) fn find(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        clock: &Clock,
    ) -> Result<Found, Undecided> {
        if !self.introspect {
            return self.find_by_keys(presented, facts, clock);
        }
        // Before anything is decoded: most opaque tokens have no dot.
        let has_dot = memchr::memchr(b'.', presented.bytes()).is_some();
        let cached = has_dot.then(|| self.cached(presented, clock)).flatten();
        if let Some(admitted) = cached {
            return match self.asked_about(&admitted.0) {
                None if !self.take_proofs => Ok((admitted, None)),
                None => Ok(self.with_possession(admitted, presented, facts, clock)?),
                Some(ask) => {
                    self.look_at_answers(ask, Some(admitted.0), None, presented, facts, clock)
                }
            };
        }
        if let Some(ask) = self.asked_without_keys(presented, has_dot, clock) {
            return self.look_at_answers(ask, None, None, presented, facts, clock);
        }
        let (admitted, possession) = self.first_look(presented, facts, clock)?;
        match self.asked_about(&admitted.0) {
            None => Ok((admitted, possession)),
            Some(ask) => {
                let jwt = Some(admitted.0);
                self.look_at_answers(ask, jwt, possession, presented, facts, clock)
            }
        }
    }

    fn find_by_keys(
        &self,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        clock: &Clock,
    ) -> Result<Found, Undecided> {
        match self.cached(presented, clock) {
            // A token that is bound to a key was not admitted, and no scheme but Bearer is read.
            Some(admitted) if !self.take_proofs => Ok((admitted, None)),
            Some(admitted) => Ok(self.with_possession(admitted, presented, facts, clock)?),
            None => self.first_look(presented, facts, clock),
        }
    }

    #[inline]
    fn with_possession(
        &self,
        (verified, answers): Admitted,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        clock: &Clock,
    ) -> Result<Found, Rejection> {
        let confirmation = verified.confirmation();
        let possession = self.possession(confirmation, presented, facts, &answers, clock)?;
        Ok(((verified, answers), possession))
    }

    /// The issuer that decides alone about this token: it is opaque, or a JWT that is not verified
    /// here.
    fn asked_without_keys(
        &self,
        presented: Presented<'_>,
        has_dot: bool,
        clock: &Clock,
    ) -> Option<Ask<'_>> {
        let token = presented.bytes();
        // What is no token is shown to nobody, and is refused with the right reason elsewhere.
        if token.len() > self.options.max_token_bytes || !is_b64token(token) {
            return None;
        }
        if !has_dot || is_opaque(token) {
            // Prefixes are distinct, so no other issuer takes it.
            let mut asked = self
                .iter()
                .filter_map(|it| it.asked(|asked| asked.issuer.takes(token)));
            return asked.next();
        }
        let mut only = self
            .iter()
            .filter_map(|it| it.asked_about(IntrospectedTokens::Only))
            .peekable();
        only.peek()?;
        // A token of which an answer is kept need not be read.
        let now = clock.now();
        only.find(|ask| ask.issuer.knows(token, now)).or_else(|| {
            let compact = Compact::split(token, self.options.max_token_bytes).ok()?;
            let asked = |issuer: &str| {
                let (_, trusted) = self.named(Some(issuer)).ok()?;
                trusted.asked_about(IntrospectedTokens::Only)
            };
            let is_asked = |issuer: &str| asked(issuer).is_some();
            asked(&claimed_issuer(compact, is_asked)?)
        })
    }

    /// The issuer of a JWT that was verified here, if it is asked about such tokens too.
    pub(super) fn asked_about(&self, verified: &Verified) -> Option<Ask<'_>> {
        if !self.introspect_jwts {
            return None;
        }
        let (_, trusted) = self.named(Some(verified.issuer())).ok()?;
        trusted.asked_about(IntrospectedTokens::AlsoJwts)
    }

    /// What an answer at hand says, or the request to ask. `possession` is what the request shows
    /// of a key, if that was read already.
    fn look_at_answers(
        &self,
        ask: Ask<'_>,
        jwt: Option<Arc<Verified>>,
        possession: Option<Box<Possession>>,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        clock: &Clock,
    ) -> Result<Found, Undecided> {
        let Ask { issuer, answers } = ask;
        match issuer.look(presented.bytes(), self.now(clock)) {
            Looked::Known(verified) => {
                let admitted = (verified, answers.clone());
                let Some(possession) = possession else {
                    return Ok(self.with_possession(admitted, presented, facts, clock)?);
                };
                let confirmation = admitted.0.confirmation();
                let scheme = presented.scheme();
                let possession = self.settled(possession, confirmation, scheme, answers)?;
                Ok((admitted, possession))
            }
            Looked::NotActive(error) => Err(answers
                .invalid_token(presented.scheme(), Some(error))
                .into()),
            Looked::Ask => {
                let confirmation = jwt.as_ref().and_then(|jwt| jwt.confirmation());
                let possession = match possession {
                    Some(possession) => possession,
                    None => {
                        self.possession_ahead(confirmation, presented, facts, answers, clock)?
                    }
                };
                let pending = ask.pending(jwt, Some(possession));
                Err(Pending::Introspection(pending).into())
            }
        }
    }

    /// Waits for what the issuer says.
    pub(super) async fn introspected(
        &self,
        pending: PendingIntrospection,
        presented: Presented<'_>,
    ) -> Result<Found, Rejection> {
        let PendingIntrospection {
            issuer,
            answers,
            jwt,
            possession,
        } = pending;
        let scheme = presented.scheme();
        let verified = match issuer.ask(presented.bytes(), jwt).await {
            Answered::Active(verified) => verified,
            Answered::NotActive(error) => return Err(answers.invalid_token(scheme, Some(error))),
            Answered::Unavailable { retry_after } => {
                return Err(answers.introspection_unavailable(retry_after));
            }
        };
        let confirmation = verified.confirmation();
        let possession = possession.unwrap_or_default();
        let possession = self.settled(possession, confirmation, scheme, &answers)?;
        Ok(((verified, answers), possession))
    }

    /// What an issuer has said counts only if it is still trusted, and asked in the same way.
    pub(super) fn require_asked(&self, issuer: &Arc<Introspected>) -> Result<(), Rejection> {
        let mut asked = self.iter().filter_map(|it| it.introspection.as_ref());
        match asked.any(|asked| Arc::ptr_eq(&asked.issuer, issuer)) {
            true => Ok(()),
            false => Err(self.answers.introspection_unavailable(FIRST_BACKOFF)),
        }
    }
}

impl Ask<'_> {
    /// `jwt` is the token itself, if it was verified here. `possession` is what the request shows
    /// of the key that the token may be bound to.
    pub(super) fn pending(
        self,
        jwt: Option<Arc<Verified>>,
        possession: Option<Box<Possession>>,
    ) -> PendingIntrospection {
        PendingIntrospection {
            issuer: self.issuer.clone(),
            answers: self.answers.clone(),
            jwt,
            possession,
        }
    }
}
