//! What an issuer has for the introspection of its tokens.

use std::sync::Arc;

use crate::base::clock::{Clock, Now};
use crate::introspection::{
    AnswerKeys, Introspected, IntrospectedTokens, KeysUnavailable, Plan, Signed, VerifyFuture,
};
use crate::jwks::KeyMiss;
use crate::keys::{Asked, DemandOutcome, KeyDemand, LiveKeys};

/// The issuer that is asked, and about which tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokensAsked {
    pub(crate) issuer: Arc<Introspected>,
    pub(crate) tokens: IntrospectedTokens,
}

impl TokensAsked {
    pub(crate) fn new(plan: Plan, tokens: IntrospectedTokens) -> Self {
        let issuer = Arc::new(Introspected::new(plan));
        Self { issuer, tokens }
    }
}

/// The keys of an issuer, for its signed answers.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    keys: LiveKeys,
    clock: Clock,
}

impl IssuerKeys {
    pub(crate) const fn new(keys: LiveKeys, clock: Clock) -> Self {
        Self { keys, clock }
    }

    /// As for a token: newer keys are requested once.
    async fn verify(&self, signed: Signed<'_>) -> Result<bool, KeysUnavailable> {
        let now = self.clock.now();
        let (seen, miss) = match self.try_verify(signed, now) {
            (_, Ok(())) => return Ok(true),
            (seen, Err(miss)) => (seen, miss),
        };
        let demand = match miss {
            KeyMiss::Ambiguous => return Ok(false),
            KeyMiss::BadSignature | KeyMiss::NoFit => KeyDemand::Signature { seen },
            KeyMiss::UnknownKid => KeyDemand::Key {
                kid: signed.kid,
                seen,
            },
        };
        let outcome = match self.keys.ask(demand, now) {
            Asked::Answered(outcome) => outcome,
            Asked::WaitFor(fetch) => self.keys.wait(demand, fetch).await,
        };
        match outcome {
            DemandOutcome::Newer(newer) => {
                let Signed {
                    kid,
                    algorithm,
                    message,
                    signature,
                } = signed;
                let verified = newer.keys.verify(kid, algorithm, message, signature);
                Ok(verified.is_ok())
            }
            DemandOutcome::Absent => Ok(false),
            DemandOutcome::TooMany { .. } | DemandOutcome::Unavailable { .. } => {
                Err(KeysUnavailable)
            }
        }
    }

    /// With the keys in use, and the generation of those.
    fn try_verify(&self, signed: Signed<'_>, now: Now) -> (u64, Result<(), KeyMiss>) {
        let Signed {
            kid,
            algorithm,
            message,
            signature,
        } = signed;
        let in_use = self.keys.in_use(now);
        match in_use.serving(now) {
            Some(keys) => {
                let verified = keys.keys.verify(kid, algorithm, message, signature);
                (keys.generation, verified)
            }
            None => (0, Err(KeyMiss::UnknownKid)),
        }
    }
}

impl AnswerKeys for IssuerKeys {
    fn verify<'a>(&'a self, signed: Signed<'a>) -> VerifyFuture<'a> {
        Box::pin(self.verify(signed))
    }
}
