//! The nonces of this server (RFC 9449 §8 and §9).
//!
//! A nonce is a MAC of the slice of time in which it was made: a fifth of its lifetime. So nothing
//! is stored for each client, and all processes with the same secret accept each other's nonces.
//! The texts that are good in a slice are made once, by the first request of the slice; a nonce is
//! then only compared with them. The comparison may take a different time for different texts: the
//! same nonce is sent to everybody who asks, so it is no secret from whoever sends a proof.
//!
//! A nonce is bound to the resource, not to a key, a method or a URL. Clients keep one nonce for a
//! server (RFC 9449 §8.2) and would be asked for another one again and again.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;

use crate::base::numeric_date::NumericDate;
use crate::crypto::{hmac_sha256, random_secret};
use crate::limits::MAX_PROOF_AGE;

/// When a DPoP proof must hold a nonce of this server ([RFC 9449 §9]).
///
/// A nonce shows that a proof was made a short time ago, by the clock of the server. A client gets
/// one in the header `DPoP-Nonce` of a response and puts it into its next proofs.
///
/// ```
/// use tower_jwt_auth::proof::NonceMode;
///
/// assert_eq!(NonceMode::default(), NonceMode::Auto);
/// ```
///
/// [RFC 9449 §9]: https://www.rfc-editor.org/rfc/rfc9449#section-9
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonceMode {
    /// A proof needs a nonce only if its `iat` is farther than `proof_window` from our clock, and
    /// up to 300 seconds. A client whose clock is right makes no further round trip, and one whose
    /// clock is wrong makes one. A key that has used a nonce must go on using nonces.
    #[default]
    Auto,
    /// Nonces are neither sent nor looked at: `iat` alone decides whether a proof is fresh. Clients
    /// whose clocks are wrong are rejected.
    Off,
    /// Every proof needs a nonce. Nobody can make proofs in advance, for a time when they have no
    /// access to the key any more (RFC 9449 §11.2).
    Required,
}

/// Makes nonces and judges whether a proof is fresh.
pub(crate) struct Nonces {
    mode: NonceMode,
    proof_window: Duration,
    slice_seconds: NonZeroU64,
    /// The first one makes nonces, all of them are accepted.
    secrets: Vec<Vec<u8>>,
    resource: Box<str>,
    /// Of the slice in which the last nonce was needed.
    minted: ArcSwapOption<Minted>,
}

/// All nonces that are good in one slice of time.
struct Minted {
    slice: u64,
    header: HeaderValue,
    good: Vec<Nonce>,
}

struct Nonce {
    text: String,
    /// The last second in which it is good.
    last_second: u64,
    uses: NonceUse,
}

/// A proof that was made a short time ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// The last second, in Unix time, in which this proof could be accepted.
    pub(crate) last_second: u64,
    pub(crate) nonce: NonceUse,
}

/// The nonce that a fresh proof holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceUse {
    /// The one that this process sends now.
    Current,
    /// Of the next slice: a process whose clock is ahead has sent it. No new one is sent, or the
    /// client would get one from each process in turn.
    Early,
    /// None, or it was not looked at.
    None,
    /// Good, but of an older slice or of another secret than the first: the response gets a new
    /// one.
    Outdated,
}

/// Why a proof is not fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotFresh {
    /// A proof with the current nonce would be accepted: `use_dpop_nonce`.
    NonceWanted,
    /// `iat` is too far from our clock: `invalid_dpop_proof`.
    Window,
}

impl Nonces {
    /// Without `secrets`, the process makes one up. `lifetime` is divided into five slices of whole
    /// seconds.
    pub(crate) fn new(
        mode: NonceMode,
        lifetime: Duration,
        mut secrets: Vec<Vec<u8>>,
        resource: &str,
        proof_window: Duration,
    ) -> Self {
        if secrets.is_empty() {
            secrets.push(random_secret().into());
        }
        let slice_seconds = lifetime.as_secs() / SLICES_OF_A_LIFETIME;
        Self {
            mode,
            proof_window,
            slice_seconds: NonZeroU64::new(slice_seconds).unwrap_or(NonZeroU64::MIN),
            secrets,
            resource: resource.into(),
            minted: ArcSwapOption::empty(),
        }
    }

    pub(crate) const fn mode(&self) -> NonceMode {
        self.mode
    }

    /// Judges `iat` and the nonce of a proof (RFC 9449 §4.3, checks 10 and 11). `iat` must be
    /// within [`MAX_PROOF_AGE`] of `now`. `key_uses_nonces` if the key of the proof was accepted
    /// with a nonce before: then whoever has got hold of the key for a while cannot go back to
    /// proofs without one (§11.3).
    pub(crate) fn judge(
        &self,
        nonce: Option<&str>,
        iat: NumericDate,
        key_uses_nonces: bool,
        now: NumericDate,
    ) -> Result<Fresh, NotFresh> {
        let fresh = match (self.mode, nonce) {
            (NonceMode::Off, _) => return self.by_clock(iat, now).ok_or(NotFresh::Window),
            (_, Some(nonce)) => self.by_nonce(nonce, iat, now),
            (NonceMode::Auto, None) if !key_uses_nonces => self.by_clock(iat, now),
            (NonceMode::Auto | NonceMode::Required, None) => None,
        };
        fresh.ok_or(NotFresh::NonceWanted)
    }

    /// The value of `DPoP-Nonce`.
    pub(crate) fn newest(&self, now: NumericDate) -> HeaderValue {
        self.minted(now).header.clone()
    }

    fn by_clock(&self, iat: NumericDate, now: NumericDate) -> Option<Fresh> {
        let distance = now.seconds_since(iat).abs();
        (distance <= self.proof_window.as_secs_f64()).then(|| Fresh {
            last_second: iat.plus(self.proof_window).unix_seconds(),
            nonce: NonceUse::None,
        })
    }

    fn by_nonce(&self, nonce: &str, iat: NumericDate, now: NumericDate) -> Option<Fresh> {
        let minted = self.minted(now);
        let good = minted.good.iter().find(|good| good.text == nonce)?;
        let last_of_proof = iat.plus(MAX_PROOF_AGE).unix_seconds();
        Some(Fresh {
            last_second: last_of_proof.min(good.last_second),
            nonce: good.uses,
        })
    }

    /// The nonces that are good now. Two requests at the beginning of a slice may both make them.
    fn minted(&self, now: NumericDate) -> Arc<Minted> {
        let slice = now.unix_seconds() / self.slice_seconds;
        match self.minted.load_full() {
            Some(minted) if minted.slice == slice => minted,
            _ => {
                let minted = Arc::new(self.mint(slice));
                self.minted.store(Some(minted.clone()));
                minted
            }
        }
    }

    fn mint(&self, now: u64) -> Minted {
        let older = (1..=OLDER_SLICES).filter_map(|age| now.checked_sub(age));
        let slices: Vec<u64> = [now, now.saturating_add(1)]
            .into_iter()
            .chain(older)
            .collect();
        let mut good = Vec::with_capacity(self.secrets.len().saturating_mul(slices.len()));
        for (at, secret) in self.secrets.iter().enumerate() {
            good.extend(slices.iter().map(|&slice| Nonce {
                text: self.text(secret, slice),
                last_second: self.last_second(slice),
                uses: match slice {
                    _ if slice > now => NonceUse::Early,
                    _ if slice == now && at == 0 => NonceUse::Current,
                    _ => NonceUse::Outdated,
                },
            }));
        }
        let newest = good.first().map_or("", |nonce| &nonce.text);
        Minted {
            slice: now,
            // Base64url is always a header value.
            header: HeaderValue::from_str(newest).unwrap_or(HeaderValue::from_static("")),
            good,
        }
    }

    fn text(&self, secret: &[u8], slice: u64) -> String {
        let slice = slice.to_be_bytes();
        let message = [LABEL, &[0], self.resource.as_bytes(), &[0], &slice];
        let mac = hmac_sha256(secret, &message);
        let (nonce, _) = mac.split_at(NONCE_BYTES);
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// The last second in which the nonce of `slice` is good.
    fn last_second(&self, slice: u64) -> u64 {
        let end = slice.saturating_add(OLDER_SLICES).saturating_add(1);
        end.saturating_mul(self.slice_seconds.get())
            .saturating_sub(1)
    }
}

const LABEL: &[u8] = b"tower-jwt-auth dpop nonce 1";

/// Half of the MAC: 128 bits cannot be guessed.
const NONCE_BYTES: usize = 16;

const SLICES_OF_A_LIFETIME: u64 = 5;

/// A nonce that was made at the end of its slice counts for its whole lifetime.
const OLDER_SLICES: u64 = SLICES_OF_A_LIFETIME;

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
