//! Whether a request proves that its sender holds the key of its token: the verdicts of `proof`, as
//! rejections.

use std::time::Duration;

use crate::base::clock::{Clock, Now};
use crate::base::facts::Facts;
use crate::base::proof_fault::ProofFault;
use crate::caller::AuthInfo;
use crate::proof::dpop::ProofError;
use crate::proof::possession::{Possession, Shown, Unproven};
use crate::proof::replay::Replay;
use crate::telemetry;
use crate::token::{Confirmation, TokenErrorKind};
use crate::verifier::issuers::Issuers;
use crate::verifier::presented::Presented;
use crate::wire::answers::Answers;
use crate::wire::credentials::Scheme;
use crate::wire::rejection::Rejection;

/// A caller whose proof is good here, while other processes are asked whether they have seen it.
#[derive(Debug)]
pub(crate) struct PendingUse {
    auth: AuthInfo,
    possession: Box<Possession>,
}

/// What the verdict on a caller still depends on, or its rejection.
pub(super) enum Unauthorized {
    Rejected(Rejection),
    Pending(PendingUse),
}

impl Issuers {
    /// Steps 2 to 14 of a proof, before any signature is verified. `None` when there is nothing to
    /// prove.
    #[inline]
    pub(super) fn possession(
        &self,
        confirmation: Option<&Confirmation>,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        answers: &Answers,
        clock: &Clock,
    ) -> Result<Option<Box<Possession>>, Rejection> {
        if confirmation.is_none() && presented.scheme() == Scheme::Bearer {
            return bound_if_required(answers).map(|()| None);
        }
        self.proofs
            .read(confirmation, &shown(presented, facts), clock.now())
            .map_err(|unproven| self.refuse_unproven(unproven, presented.scheme(), answers))
    }

    /// The same for a token whose issuer may name a further key than `confirmation`.
    pub(super) fn possession_ahead(
        &self,
        confirmation: Option<&Confirmation>,
        presented: Presented<'_>,
        facts: Option<&Facts<'_>>,
        answers: &Answers,
        clock: &Clock,
    ) -> Result<Box<Possession>, Rejection> {
        self.proofs
            .read_ahead(confirmation, &shown(presented, facts), clock.now())
            .map_err(|unproven| self.refuse_unproven(unproven, presented.scheme(), answers))
    }

    /// What is left to prove, now that the key of the token is known.
    pub(super) fn settled(
        &self,
        possession: Box<Possession>,
        confirmation: Option<&Confirmation>,
        scheme: Scheme,
        answers: &Answers,
    ) -> Result<Option<Box<Possession>>, Rejection> {
        if confirmation.is_none() && scheme == Scheme::Bearer {
            return bound_if_required(answers).map(|()| None);
        }
        possession
            .settle(confirmation)
            .map_err(|unproven| self.refuse_unproven(unproven, scheme, answers))
    }

    /// Steps 16 and 17.
    pub(super) fn prove_possession(
        &self,
        possession: &mut Possession,
        confirmation: Option<&Confirmation>,
        scheme: Scheme,
        answers: &Answers,
    ) -> Result<(), Rejection> {
        let Some(confirmation) = confirmation else {
            return Ok(());
        };
        possession
            .prove(confirmation)
            .map_err(|unproven| self.refuse_unproven(unproven, scheme, answers))
    }

    /// Step 19: the caller is admitted if its proof is used for the first time.
    pub(super) fn use_once(
        &self,
        possession: Box<Possession>,
        auth: AuthInfo,
        now: Now,
    ) -> Result<AuthInfo, Unauthorized> {
        possession
            .first_use(now)
            .map_err(|unproven| self.refuse_unproven(unproven, auth.scheme(), auth.answers()))?;
        let auth = auth.with_dpop_nonce(possession.newer_nonce(now));
        match possession.is_shared() {
            false => {
                possession.count_accepted();
                Ok(auth)
            }
            true => Err(Unauthorized::Pending(PendingUse { auth, possession })),
        }
    }

    /// Step 19 in the other processes.
    pub(super) async fn use_once_everywhere(
        &self,
        pending: PendingUse,
        now: Now,
    ) -> Result<AuthInfo, Rejection> {
        let PendingUse { auth, possession } = pending;
        match possession.first_use_everywhere(now).await {
            Ok(()) => {
                possession.count_accepted();
                Ok(auth)
            }
            Err(unproven) => Err(self.refuse_unproven(unproven, auth.scheme(), auth.answers())),
        }
    }

    fn refuse_unproven(&self, unproven: Unproven, scheme: Scheme, answers: &Answers) -> Rejection {
        let token = |kind: TokenErrorKind| answers.invalid_token(scheme, Some(kind.into()));
        if let Some(code) = unproven.code_of_proof() {
            telemetry::dpop_proof(code);
        }
        match unproven {
            Unproven::Token(kind) => token(kind),
            Unproven::Proof(ProofError::OtherKey) => token(TokenErrorKind::ProofOfOtherKey),
            Unproven::Proof(ProofError::Fault { fault, step, urls }) => {
                let detail = match urls {
                    None => step.to_owned(),
                    Some(urls) => {
                        let (named, expected) = *urls;
                        let public_url = public_url(&named, &expected);
                        telemetry::dpop_url_mismatch(&named, &expected, public_url);
                        format!("{step}: the proof names {named}, expected {expected}")
                    }
                };
                answers.invalid_dpop_proof(fault, Some(detail))
            }
            Unproven::NonceWanted { nonce } => {
                telemetry::dpop_nonce_wanted();
                answers.use_dpop_nonce(nonce)
            }
            Unproven::Replay(Replay::Used) => {
                answers.invalid_dpop_proof(ProofFault::Replayed, None)
            }
            Unproven::Replay(Replay::KeyFull) => answers.too_many_proofs(),
            Unproven::Replay(Replay::BelowFloor | Replay::StoreUnavailable) => {
                answers.replay_unavailable(RETRY_AFTER)
            }
        }
    }
}

fn shown<'r>(presented: Presented<'r>, facts: Option<&'r Facts<'r>>) -> Shown<'r> {
    Shown {
        token: presented.bytes(),
        by_dpop: presented.scheme() == Scheme::Dpop,
        facts,
    }
}

/// The verdict on a token that is not bound to a key.
#[inline]
fn bound_if_required(answers: &Answers) -> Result<(), Rejection> {
    match answers.resource().bound_tokens.required {
        true => Err(answers
            .not_bound()
            .with_token_error(Some(TokenErrorKind::NotBoundToKey.into()))),
        false => Ok(()),
    }
}

impl From<Rejection> for Unauthorized {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Where the service is reached from outside, if the proof names the same path there.
fn public_url<'n>(named: &'n str, expected: &str) -> Option<&'n str> {
    let (_, rest) = expected.split_once("://")?;
    let path = rest.get(rest.find('/')?..)?;
    let root = named.strip_suffix(path)?;
    root.split_once("://")
        .is_some_and(|(_, host)| !host.is_empty())
        .then_some(root)
}

/// What is known of proofs changes from second to second.
const RETRY_AFTER: Duration = Duration::from_secs(1);
