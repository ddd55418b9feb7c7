//! What one request proves of the key that its token is bound to.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::dpop::{CheckedProof, DpopChecks, Expected, ProofError};
use super::mtls::CertificateSource;
use super::nonce::{Fresh, NonceMode, NonceUse, Nonces, NotFresh};
use super::replay::{Replay, Replays};
use crate::base::clock::Now;
use crate::base::facts::Facts;
use crate::base::proof_fault::ProofFault;
use crate::telemetry;
use crate::token::{Confirmation, TokenErrorKind};

/// The ways in which a caller can prove that it holds a key. All are off until they are configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs {
    pub(crate) dpop: Option<Arc<DpopRules>>,
    pub(crate) mtls: Option<Arc<CertificateSource>>,
}

/// Everything that a DPoP proof is held against.
pub(crate) struct DpopRules {
    pub(crate) checks: DpopChecks,
    pub(crate) nonces: Nonces,
    pub(crate) replays: Replays,
}

/// What a request presents besides the claims of its token.
pub(crate) struct Shown<'r> {
    pub(crate) token: &'r [u8],
    /// Whether the token came with the scheme `DPoP`.
    pub(crate) by_dpop: bool,
    /// `None` for a token without a request, which can prove nothing.
    pub(crate) facts: Option<&'r Facts<'r>>,
}

/// Why the possession of a key is not proven.
#[derive(Debug)]
pub(crate) enum Unproven {
    /// The token cannot be used in this way.
    Token(TokenErrorKind),
    Proof(ProofError),
    /// The request must be repeated with this nonce in its proof.
    NonceWanted {
        nonce: HeaderValue,
    },
    Replay(Replay),
}

impl Unproven {
    /// The stable name of what is wrong with a proof, for metrics. `None` if a token is refused
    /// whatever its proof is.
    pub(crate) const fn code_of_proof(&self) -> Option<&'static str> {
        Some(match self {
            Self::Token(_) => return None,
            Self::Proof(ProofError::Fault { fault, .. }) => fault.code(),
            Self::Proof(ProofError::OtherKey) => TokenErrorKind::ProofOfOtherKey.code(),
            Self::NonceWanted { .. } => "use_dpop_nonce",
            Self::Replay(Replay::Used) => ProofFault::Replayed.code(),
            Self::Replay(Replay::KeyFull) => "too_many_proofs",
            Self::Replay(Replay::BelowFloor | Replay::StoreUnavailable) => "replay_unavailable",
        })
    }
}

/// The proof of a request that passed every check that needs no signature.
#[derive(Default)]
pub(crate) struct Possession {
    dpop: Option<Proof>,
    certificate: Option<[u8; 32]>,
}

struct Proof {
    rules: Arc<DpopRules>,
    checked: CheckedProof,
    fresh: Fresh,
}

impl Proofs {
    /// Steps 2 to 14: what can be decided before any signature is verified. `None` when there is
    /// nothing to prove.
    pub(crate) fn read(
        &self,
        confirmation: Option<&Confirmation>,
        shown: &Shown<'_>,
        now: Now,
    ) -> Result<Option<Box<Possession>>, Unproven> {
        let Some(confirmation) = confirmation else {
            return match shown.by_dpop {
                // A proof proves nothing about a token that names no key (RFC 9449 §7.1).
                true => Err(Unproven::Token(TokenErrorKind::NotBoundToKey)),
                false => Ok(None),
            };
        };
        let bound = Unproven::Token(TokenErrorKind::BoundToKey);
        let Some(facts) = shown.facts else {
            return Err(bound);
        };
        let dpop = match (&confirmation.jkt, shown.by_dpop, &self.dpop) {
            (Some(jkt), true, Some(rules)) => {
                Some(rules.read(facts, shown.token, Some(jkt.bytes()), now)?)
            }
            // Accepted as a bearer token, it would be worth as much as one (RFC 9449 §7.2).
            (Some(_), ..) => return Err(bound),
            (None, true, _) => return Err(Unproven::Token(TokenErrorKind::NotBoundToKey)),
            (None, false, _) => None,
        };
        let wanted = confirmation.x5t_s256.as_ref();
        let certificate = wanted.and_then(|_| self.certificate(facts));
        Ok(Some(Box::new(Possession { dpop, certificate })))
    }

    /// The same for a token whose issuer must be asked before its key is known:
    /// [`settle`](Possession::settle) follows then. `confirmation` is the key that the token itself
    /// names: a thief without it gets no further.
    pub(crate) fn read_ahead(
        &self,
        confirmation: Option<&Confirmation>,
        shown: &Shown<'_>,
        now: Now,
    ) -> Result<Box<Possession>, Unproven> {
        let dpop = match (confirmation, shown.facts) {
            (Some(_), _) => {
                let own = self.read(confirmation, shown, now)?;
                own.and_then(|possession| possession.dpop)
            }
            (None, Some(facts)) => {
                let rules = self.dpop.as_ref().filter(|_| shown.by_dpop);
                let dpop = rules.map(|rules| rules.read(facts, shown.token, None, now));
                dpop.transpose()?
            }
            (None, None) => None,
        };
        let certificate = shown.facts.and_then(|facts| self.certificate(facts));
        Ok(Box::new(Possession { dpop, certificate }))
    }

    fn certificate(&self, facts: &Facts<'_>) -> Option<[u8; 32]> {
        let source = self.mtls.as_ref()?;
        source.thumbprint(facts.headers, facts.extensions)
    }

    /// The nonces, if every proof must have one: every response that refuses a request then names
    /// the newest.
    pub(crate) fn required_nonces(&self) -> Option<&Nonces> {
        let nonces = &self.dpop.as_ref()?.nonces;
        (nonces.mode() == NonceMode::Required).then_some(nonces)
    }
}

impl DpopRules {
    fn read(
        self: &Arc<Self>,
        facts: &Facts<'_>,
        token: &[u8],
        jkt: Option<&[u8; 32]>,
        now: Now,
    ) -> Result<Proof, Unproven> {
        let expected = Expected {
            method: facts.method.as_str(),
            path: facts.original_path(),
            token,
            jkt,
            ath: None,
        };
        let checked = self
            .checks
            .check(facts.headers, &expected, now.wall)
            .map_err(Unproven::Proof)?;
        let fresh = self.nonces.judge(
            checked.nonce(),
            checked.iat(),
            checked.key_uses_nonces(),
            now.wall,
        );
        let fresh = fresh.map_err(|error| match error {
            NotFresh::NonceWanted => Unproven::NonceWanted {
                nonce: self.nonces.newest(now.wall),
            },
            NotFresh::Window => {
                let step = "iat is outside proof_window";
                Unproven::Proof(ProofError::new(ProofFault::NotFresh, step))
            }
        })?;
        Ok(Proof {
            rules: self.clone(),
            checked,
            fresh,
        })
    }
}

impl Possession {
    /// Step 8 for a token whose key is known only now. `None` when there is nothing to prove.
    pub(crate) fn settle(
        self: Box<Self>,
        confirmation: Option<&Confirmation>,
    ) -> Result<Option<Box<Self>>, Unproven> {
        let named = confirmation.and_then(|confirmation| confirmation.jkt.as_ref());
        match (named, &self.dpop) {
            (Some(jkt), Some(proof)) if proof.checked.jkt() != jkt.bytes() => {
                Err(Unproven::Proof(ProofError::OtherKey))
            }
            (Some(_), None) => Err(Unproven::Token(TokenErrorKind::BoundToKey)),
            (None, Some(_)) => Err(Unproven::Token(TokenErrorKind::NotBoundToKey)),
            (Some(_), Some(_)) | (None, None) => Ok(confirmation.is_some().then_some(self)),
        }
    }

    /// Steps 16 and 17: the signature of the proof, and the certificate.
    pub(crate) fn prove(&mut self, confirmation: &Confirmation) -> Result<(), Unproven> {
        if let Some(proof) = &mut self.dpop {
            proof.checked.verify().map_err(Unproven::Proof)?;
        }
        match &confirmation.x5t_s256 {
            Some(wanted) if self.certificate.as_ref() != Some(wanted.bytes()) => {
                Err(Unproven::Token(TokenErrorKind::CertificateMismatch))
            }
            _ => Ok(()),
        }
    }

    /// Step 19, in this process: the last check, so that a request which is refused for anything
    /// else does not use up its proof.
    pub(crate) fn first_use(&self, now: Now) -> Result<(), Unproven> {
        let Some(Proof {
            rules,
            checked,
            fresh,
        }) = &self.dpop
        else {
            return Ok(());
        };
        rules
            .checks
            .remember(checked, fresh.nonce != NonceUse::None);
        rules
            .replays
            .first_use(checked.jkt(), checked.jti(), fresh.last_second, now.wall)
            .map_err(Unproven::Replay)
    }

    /// Counts the proof, if there is one and not a certificate alone.
    pub(crate) fn count_accepted(&self) {
        if self.dpop.is_some() {
            telemetry::dpop_proof("accepted");
        }
    }

    /// Whether other processes must be asked too.
    pub(crate) fn is_shared(&self) -> bool {
        let proof = self.dpop.as_ref();
        proof.is_some_and(|proof| proof.rules.replays.has_store())
    }

    /// Step 19, in all processes that share a store.
    pub(crate) async fn first_use_everywhere(&self, now: Now) -> Result<(), Unproven> {
        let Some(Proof {
            rules,
            checked,
            fresh,
        }) = &self.dpop
        else {
            return Ok(());
        };
        rules
            .replays
            .first_use_everywhere(checked.jkt(), checked.jti(), fresh.last_second, now.wall)
            .await
            .map_err(Unproven::Replay)
    }

    /// The nonce for the response of the service: the client's is good, but there is a newer one.
    pub(crate) fn newer_nonce(&self, now: Now) -> Option<HeaderValue> {
        let proof = self.dpop.as_ref()?;
        let is_outdated = proof.fresh.nonce == NonceUse::Outdated;
        is_outdated.then(|| proof.rules.nonces.newest(now.wall))
    }
}

impl fmt::Debug for DpopRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds the secret of the nonces.
        f.debug_struct("DpopRules").finish_non_exhaustive()
    }
}

impl fmt::Debug for Possession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Possession").finish_non_exhaustive()
    }
}
