//! The checks of a DPoP proof (RFC 9449 §4.3) that need neither a nonce nor a memory of the proofs
//! that were used: the request, the time and the settings are arguments.
//!
//! In order, the cheapest first. A proof costs a signature check only after it has passed all the
//! others, and [`CheckedProof::verify`] is called only after the token itself is good:
//!
//! 1. (the token, which is not checked here)
//! 2. exactly one `DPoP` header, of limited size
//! 3. three segments, each canonical base64url, none empty (RFC 7515 §7.1, §2)
//! 4. header: found by its bytes among the known keys, and then steps 5 to 7 were done before; else
//!    one JSON object, no repeated member, no `crit`, no `b64` (`header`)
//! 5. `typ` is `dpop+jwt`
//! 6. `alg` is one that the settings list
//! 7. `jwk` is a public key for this algorithm, its members in their only spelling (`jwk`)
//! 8. the thumbprint of the key is the one that the token is bound to (RFC 7638). It comes before
//!    anything is computed with the key, so that a stolen token with another key costs one hash
//! 9. claims: one JSON object, no repeated member, every type correct (`claims`)
//! 10. `ath` is the hash of the access token
//! 11. `htm` is the method
//! 12. `htu` is the URL (`htu`)
//! 13. `iat`, `exp` and `nbf` fit the clock
//!
//! Then, by the caller: the nonce (14), the token's signature (15), [`CheckedProof::verify`] (16),
//! and everything up to the memory of used proofs (19). [`DpopChecks::remember`] comes after every
//! check but the last, so that nobody fills the memory of known keys without a good token.

mod claims;
mod error;
mod header;
mod htu;
mod jwk;
mod known_keys;

use std::sync::Arc;
use std::time::Duration;

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use self::claims::Claims;
pub(crate) use self::error::ProofError;
pub(crate) use self::htu::PublicUrl;
use self::jwk::ProofKey;
use self::known_keys::{KnownKey, KnownKeys};
use crate::base::escape::shown_up_to;
use crate::base::numeric_date::NumericDate;
use crate::base::proof_fault::ProofFault;
use crate::base::url_rule::without_credentials;
use crate::crypto::{Algorithm, sha256};
use crate::limits::{MAX_PROOF_AGE, MAX_PROOF_BYTES};
use crate::token::verified::Span;
use crate::token::{Compact, HeaderBuffer, SignatureBuffer, TokenError, TokenErrorKind};

/// The settings of the checks, and the keys of proofs that were accepted.
pub(crate) struct DpopChecks {
    algorithms: Vec<Algorithm>,
    urls: Vec<PublicUrl>,
    proof_window: Duration,
    known: KnownKeys,
}

/// What a proof must be made for: this request, this token.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'r> {
    pub(crate) method: &'r str,
    /// The path of the request, without its query. `None` for a target that has no URL: `*` and the
    /// authority form (RFC 9112 §3.2.3, §3.2.4).
    pub(crate) path: Option<&'r str>,
    /// The access token as it came.
    pub(crate) token: &'r [u8],
    /// The thumbprint that the token is bound to. `None` for a token whose issuer must be asked
    /// first: the caller then compares [`CheckedProof::jkt`].
    pub(crate) jkt: Option<&'r [u8; 32]>,
    /// The hash of `token`, if it is known.
    pub(crate) ath: Option<&'r [u8; 32]>,
}

/// A proof that passed steps 2 to 13. It may outlive its request.
pub(crate) struct CheckedProof {
    proof: HeaderValue,
    payload: String,
    iat: NumericDate,
    jti: Span,
    nonce: Option<Span>,
    jkt: [u8; 32],
    key: Key,
    uses_nonces: bool,
    is_verified: bool,
}

enum Key {
    New(ProofKey),
    /// Made by [`CheckedProof::verify`].
    Built(Arc<KnownKey>),
    /// Found by the bytes of the header.
    Known(Arc<KnownKey>),
}

impl DpopChecks {
    /// `proof_window` is the clock difference that is tolerated on `exp` and `nbf`.
    pub(crate) fn new(
        algorithms: Vec<Algorithm>,
        urls: Vec<PublicUrl>,
        proof_window: Duration,
    ) -> Self {
        Self {
            algorithms,
            urls,
            proof_window,
            known: KnownKeys::new(),
        }
    }

    /// Steps 2 to 13.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        expected: &Expected<'_>,
        now: NumericDate,
    ) -> Result<CheckedProof, ProofError> {
        let proof = only_proof(headers)?;
        let compact = split(proof)?;
        compact.check_encoding().map_err(encoding)?;
        let (key, jkt) = self.key(&compact)?;
        if expected.jkt.is_some_and(|bound| *bound != jkt) {
            return Err(ProofError::OtherKey);
        }
        let malformed = |_| ProofError::malformed("the claims are not UTF-8");
        let payload = compact.claims().map_err(malformed)?;
        let claims = Claims::parse(&payload).map_err(ProofError::malformed)?;
        self.check_claims(&claims, expected, now)?;
        let (iat, jti) = (claims.iat, Span::of(&claims.jti, &payload));
        let nonce = claims.nonce.map(|nonce| Span::of(&nonce, &payload));
        Ok(CheckedProof {
            proof: proof.clone(),
            payload,
            iat,
            jti,
            nonce,
            jkt,
            key,
            uses_nonces: self.known.uses_nonces(&jkt),
            is_verified: false,
        })
    }

    /// Steps 4 to 7, and the thumbprint of the key.
    fn key(&self, compact: &Compact<'_>) -> Result<(Key, [u8; 32]), ProofError> {
        if let Some(known) = self.known.get(compact.header_segment()) {
            let jkt = known.jkt;
            return Ok((Key::Known(known), jkt));
        }
        let mut buffer = HeaderBuffer::new();
        let header = compact.header(&mut buffer).map_err(|error| {
            ProofError::malformed(match error.kind() {
                TokenErrorKind::TooLarge => "the header is too long",
                _ => "the header is not UTF-8",
            })
        })?;
        let (key, jkt) = header::parse(header, &self.algorithms)?;
        Ok((Key::New(key), jkt))
    }

    /// Steps 10 to 13.
    fn check_claims(
        &self,
        claims: &Claims<'_>,
        expected: &Expected<'_>,
        now: NumericDate,
    ) -> Result<(), ProofError> {
        if !is_hash_of(&claims.ath, expected) {
            let step = "ath is not the hash of the access token";
            return Err(ProofError::new(ProofFault::OtherToken, step));
        }
        // RFC 9110 §9.1: case counts.
        if claims.htm != expected.method {
            let step = "htm is not the method of the request";
            return Err(ProofError::new(ProofFault::MethodOrUrl, step));
        }
        self.check_url(&claims.htu, expected.path)?;
        self.check_times(claims, now)
            .map_err(|step| ProofError::new(ProofFault::NotFresh, step))
    }

    /// Step 12.
    pub(crate) fn check_url(&self, htu: &str, path: Option<&str>) -> Result<(), ProofError> {
        let path = path.ok_or(ProofError::new(
            ProofFault::MethodOrUrl,
            "the request target has no URL",
        ))?;
        if htu::is_one_of(htu, &self.urls, path) {
            return Ok(());
        }
        let expected = self.urls.first().map_or("", PublicUrl::as_str);
        let shown = |url: &str| shown_up_to(without_secrets(url), LONGEST_SHOWN_URL);
        Err(ProofError::Fault {
            fault: ProofFault::MethodOrUrl,
            step: "htu is not the URL of the request",
            urls: Some(Box::new((shown(htu), shown(&format!("{expected}{path}"))))),
        })
    }

    /// Step 13. RFC 9449 defines neither `exp` nor `nbf` for proofs, but a signed limit is one.
    fn check_times(&self, claims: &Claims<'_>, now: NumericDate) -> Result<(), &'static str> {
        let window = self.proof_window;
        if claims.iat.plus(MAX_PROOF_AGE) < now || now.plus(MAX_PROOF_AGE) < claims.iat {
            return Err("iat is more than 300 seconds from the clock");
        }
        if claims.exp.is_some_and(|exp| exp.plus(window) <= now) {
            return Err("exp has passed");
        }
        if claims.nbf.is_some_and(|nbf| now.plus(window) < nbf) {
            return Err("nbf is ahead");
        }
        Ok(())
    }

    /// Enters the key among the known ones, and marks it as one that uses nonces if it used one.
    /// Nothing happens for a proof that was not verified.
    pub(crate) fn remember(&self, proof: &CheckedProof, used_a_nonce: bool) {
        if !proof.is_verified {
            return;
        }
        if let Key::Built(key) = &proof.key
            && let Ok(compact) = split(&proof.proof)
        {
            self.known.insert(compact.header_segment(), Arc::clone(key));
        }
        if used_a_nonce && !proof.uses_nonces {
            self.known.mark(proof.jkt);
        }
    }
}

impl CheckedProof {
    pub(crate) const fn iat(&self) -> NumericDate {
        self.iat
    }

    pub(crate) fn nonce(&self) -> Option<&str> {
        self.nonce.as_ref().map(|nonce| nonce.text(&self.payload))
    }

    pub(crate) fn jti(&self) -> &str {
        self.jti.text(&self.payload)
    }

    /// The thumbprint of the key.
    pub(crate) const fn jkt(&self) -> &[u8; 32] {
        &self.jkt
    }

    /// Whether a proof of this key was accepted with a nonce before, in this process.
    pub(crate) const fn key_uses_nonces(&self) -> bool {
        self.uses_nonces
    }

    /// Step 16: the key can be built, and the signature verifies under it.
    pub(crate) fn verify(&mut self) -> Result<(), ProofError> {
        let jkt = self.jkt;
        let key = match &self.key {
            Key::New(new) => Arc::new(KnownKey {
                key: new.build()?,
                jkt,
            }),
            Key::Built(key) | Key::Known(key) => Arc::clone(key),
        };
        let compact = split(&self.proof)?;
        let mut buffer = SignatureBuffer::new();
        let signature = compact.signature(&mut buffer).map_err(encoding)?;
        if !key.verifies(compact.signing_input, signature) {
            let step = "the signature does not verify";
            return Err(ProofError::new(ProofFault::Signature, step));
        }
        self.is_verified = true;
        if let Key::New(_) = self.key {
            self.key = Key::Built(key);
        }
        Ok(())
    }
}

/// Step 2.
fn only_proof(headers: &HeaderMap) -> Result<&HeaderValue, ProofError> {
    let mut proofs = headers.get_all(DPOP).iter();
    match (proofs.next(), proofs.next()) {
        (None, _) => Err(ProofError::new(ProofFault::Missing, "no DPoP header")),
        (Some(proof), None) => Ok(proof),
        (Some(_), Some(_)) => {
            let step = "more than one DPoP header";
            Err(ProofError::new(ProofFault::Several, step))
        }
    }
}

/// Step 2, the size, and step 3 without the encoding.
fn split(proof: &HeaderValue) -> Result<Compact<'_>, ProofError> {
    Compact::split(proof.as_bytes(), MAX_PROOF_BYTES).map_err(encoding)
}

fn encoding(error: TokenError) -> ProofError {
    ProofError::malformed(match error.kind() {
        TokenErrorKind::BadEncoding => "a segment is not canonical base64url",
        TokenErrorKind::BadSignature => "the signature is empty",
        TokenErrorKind::TooLarge => "the proof is too long",
        _ => "the proof is not three segments",
    })
}

/// Step 10. The hash is encoded and not the claim decoded, so that only one spelling fits.
fn is_hash_of(ath: &str, expected: &Expected<'_>) -> bool {
    let hash = match expected.ath {
        Some(hash) => *hash,
        None => sha256(&[expected.token]),
    };
    let mut text = [0; 43];
    *ath.as_bytes() == *URL_SAFE_NO_PAD.encode(&hash, text.as_mut_slice().as_out())
}

/// RFC 9449 §4.1.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What a log may show of a URL: its query and fragment are not compared and often hold secrets,
/// and so may what comes before an `@`.
fn without_secrets(url: &str) -> &str {
    // In this order: a password may hold a question mark.
    let url = without_credentials(url);
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url.get(..end).unwrap_or_default()
}

const LONGEST_SHOWN_URL: usize = 256;

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
