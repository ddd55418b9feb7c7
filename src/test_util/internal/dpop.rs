//! The checks of DPoP proofs without a layer, for benches and fuzz targets.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;

use crate::base::numeric_date::NumericDate;
use crate::crypto::Algorithm;
use crate::proof::dpop::{CheckedProof, DpopChecks, Expected, ProofError, PublicUrl};

/// The checks of a server that accepts every algorithm.
pub struct Checks(DpopChecks);

/// The request and the token that a proof must be made for.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "not part of the public API")]
pub struct Request<'r> {
    /// The method.
    pub method: &'r str,
    /// The path.
    pub path: &'r str,
    /// The access token.
    pub token: &'r [u8],
    /// The thumbprint that the token is bound to.
    pub jkt: Option<&'r [u8; 32]>,
    /// The hash of the token.
    pub ath: Option<&'r [u8; 32]>,
}

/// A proof that passed every check that needs no signature.
pub struct Proof(CheckedProof);

impl Checks {
    /// The checks of a server with this public URL. `None` if the setting is not accepted.
    #[must_use]
    pub fn new(public_url: &str) -> Option<Self> {
        let url = PublicUrl::parse(public_url)?;
        let algorithms = Algorithm::ASYMMETRIC.to_vec();
        let window = Duration::from_secs(60);
        Some(Self(DpopChecks::new(algorithms, vec![url], window)))
    }

    /// Everything but the signature, at this Unix time.
    ///
    /// # Errors
    ///
    /// Returns the check that failed.
    ///
    /// # Panics
    ///
    /// Panics if `now` is not a date.
    pub fn check(
        &self,
        headers: &HeaderMap,
        request: &Request<'_>,
        now: f64,
    ) -> Result<Proof, &'static str> {
        let expected = Expected {
            method: request.method,
            path: Some(request.path),
            token: request.token,
            jkt: request.jkt,
            ath: request.ath,
        };
        let now = NumericDate::new(now).expect("a date");
        let checked = self.0.check(headers, &expected, now);
        checked.map(Proof).map_err(step)
    }

    /// Whether `htu` names this path of the server.
    #[must_use]
    pub fn is_url(&self, htu: &str, path: &str) -> bool {
        self.0.check_url(htu, Some(path)).is_ok()
    }

    /// Enters the key of a verified proof among the known ones.
    pub fn remember(&self, proof: &Proof) {
        self.0.remember(&proof.0, false);
    }
}

impl Proof {
    /// Verifies the signature.
    ///
    /// # Errors
    ///
    /// Returns the check that failed.
    pub fn verify(&mut self) -> Result<(), &'static str> {
        self.0.verify().map_err(step)
    }

    /// The thumbprint of the key.
    #[must_use]
    pub const fn jkt(&self) -> &[u8; 32] {
        self.0.jkt()
    }

    /// The claim `jti`.
    #[must_use]
    pub fn jti(&self) -> &str {
        self.0.jti()
    }

    /// The claim `nonce`.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.0.nonce()
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checks").finish_non_exhaustive()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").finish_non_exhaustive()
    }
}

fn step(error: ProofError) -> &'static str {
    match error {
        ProofError::Fault { step, .. } => step,
        ProofError::OtherKey => "another key",
    }
}
