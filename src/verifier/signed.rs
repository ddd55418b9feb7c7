//! JWTs of the issuers that are no access tokens: only the issuer, the algorithm and the signature
//! are judged here.

use std::sync::Arc;

use super::JwtVerifier;
use super::candidate::{KeyTrouble, Missing, verify_with};
use super::issuers::TrustedIssuer;
use super::pending::PendingKeys;
use crate::keys::{Asked, Snapshot};
use crate::token::{HeaderRead, SignatureBuffer, TokenErrorKind};
use crate::wire::credentials::Scheme;
use crate::wire::rejection::Rejection;

impl JwtVerifier {
    /// The issuer of this name, if it is trusted.
    pub(crate) fn issuer(&self, name: &str) -> Option<Arc<TrustedIssuer>> {
        let issuers = self.0.issuers.load();
        let (_, issuer) = issuers.named(Some(name)).ok()?;
        Some(issuer.clone())
    }

    /// Verifies the signature with the keys of the issuer, and waits for newer keys as a request
    /// does. The cheap checks must come first: an unknown `kid` may cause a fetch.
    ///
    /// # Errors
    ///
    /// A rejection with [`retry_after`](Rejection::retry_after) if the keys are not available.
    pub(crate) async fn verify_signed(
        &self,
        jws: &HeaderRead<'_>,
        issuer: Arc<TrustedIssuer>,
    ) -> Result<(), Rejection> {
        let scheme = Scheme::Bearer;
        let refuse = |error| self.0.issuers.load().refuse(scheme, error);
        if !issuer.policy.algorithms.contains(&jws.algorithm()) {
            return Err(refuse(TokenErrorKind::AlgorithmNotAllowed.into()));
        }
        let mut buffer = SignatureBuffer::new();
        let signature = jws.compact().signature(&mut buffer).map_err(refuse)?;
        let verify = |keys: Option<&Snapshot>| {
            verify_with(jws.kid(), keys, |snapshot| {
                jws.verify(&snapshot.keys, signature).map(drop)
            })
        };
        let now = self.0.issuers.load().now(&self.0.clock);
        let missing = match verify(issuer.keys.in_use(now).serving(now)) {
            Ok(()) => return Ok(()),
            Err(KeyTrouble::Refused(error)) => return Err(refuse(error)),
            Err(KeyTrouble::Missing(missing)) => missing,
        };
        let Missing { demand, error } = missing;
        let outcome = match issuer.keys.ask(demand, now) {
            Asked::Answered(outcome) => outcome,
            Asked::WaitFor(fetch) => {
                let pending = PendingKeys::new(issuer.clone(), demand, fetch, error, None);
                pending.wait().await
            }
        };
        let issuers = self.0.issuers.load_full();
        issuers.require_trust(&issuer, scheme)?;
        let newer = issuers.newer_keys_or_rejection(scheme, demand, error, outcome)?;
        verify(Some(&newer)).map_err(|trouble| refuse(trouble.into_error()))
    }
}
