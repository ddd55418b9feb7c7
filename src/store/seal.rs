//! Names and seals: what is stored tells nothing, and only who holds the secret can write it.
//!
//! All numbers are big-endian, and `field(x)` is the length of `x` in 4 bytes, then `x`.
//!
//! | what | bytes |
//! | --- | --- |
//! | `k(p)`, the key for a purpose | HMAC-SHA-256(secret, `tower-jwt-auth fleet 1` ‖ 0 ‖ p) |
//! | name | `tja1:<namespace>:<kind>:<d>` |
//! | `<d>` | base64url of the first 16 bytes of HMAC(k(`name`), field(namespace) ‖ field(kind) ‖ field of each part) |
//! | value | 1 ‖ payload ‖ the first 16 bytes of HMAC(k(`seal`), field(namespace) ‖ field(name) ‖ 1 ‖ payload) |
//!
//! The name is part of what is sealed: a value that somebody moves to another name, namespace,
//! issuer or purpose does not open.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::equal_bytes::are_equal;
use crate::crypto::hmac_sha256;

/// The seals of a fleet: one, or two while its secret is being replaced. The first one seals, all
/// open.
#[derive(Clone, Debug)]
pub(crate) struct Seals {
    namespace: Arc<str>,
    seals: Arc<[Seal]>,
}

/// The keys that are made from one secret.
#[derive(Clone)]
pub(crate) struct Seal {
    namespace: Arc<str>,
    name: [u8; 32],
    seal: [u8; 32],
    /// For the digests of revocations.
    pub(crate) revoked: [u8; 32],
    /// For the digests of principals.
    pub(crate) principal: [u8; 32],
    /// The secret of the nonces for DPoP proofs.
    pub(crate) nonce: [u8; 32],
}

/// Why a value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// A version that this release does not know: as if it were absent.
    OtherVersion,
    /// Nobody with this secret wrote it under this name.
    Tampered,
}

impl Seals {
    /// `secrets` holds one or two.
    pub(crate) fn new<'s>(namespace: &str, secrets: impl IntoIterator<Item = &'s [u8]>) -> Self {
        let namespace: Arc<str> = namespace.into();
        let seal = |secret| Seal::new(namespace.clone(), secret);
        Self {
            seals: secrets.into_iter().map(seal).collect(),
            namespace,
        }
    }

    /// The first one seals.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Seal> {
        self.seals.iter()
    }

    /// The name of the stream of revocations, which is the same for all secrets.
    pub(crate) fn stream(&self) -> String {
        format!("{PREFIX}:{}:revoked", self.namespace)
    }
}

impl Seal {
    fn new(namespace: Arc<str>, secret: &[u8]) -> Self {
        let key = |purpose: &str| hmac_sha256(secret, &[LABEL, &[0], purpose.as_bytes()]);
        Self {
            namespace,
            name: key("name"),
            seal: key("seal"),
            revoked: key("revoked"),
            principal: key("principal"),
            nonce: key("nonce"),
        }
    }

    /// The name of a value of this `kind`. It tells nothing of the `parts`.
    pub(crate) fn name(&self, kind: &str, parts: &[&[u8]]) -> String {
        let first = [self.namespace.as_bytes(), kind.as_bytes()];
        let mut text = Vec::new();
        for part in first.iter().chain(parts) {
            push_field(&mut text, part);
        }
        let digest = hmac_sha256(&self.name, &[&text]);
        let digest = URL_SAFE_NO_PAD.encode(half(&digest));
        format!("{PREFIX}:{}:{kind}:{digest}", self.namespace)
    }

    /// Seals `payload` for `name`.
    pub(crate) fn close(&self, name: &str, payload: &[u8]) -> Vec<u8> {
        let mut value = Vec::with_capacity(payload.len().saturating_add(OVERHEAD));
        value.push(VERSION);
        value.extend_from_slice(payload);
        value.extend_from_slice(&self.tag(name, payload));
        value
    }

    /// The payload of a value that was read from `name`.
    pub(crate) fn open<'v>(&self, name: &str, value: &'v [u8]) -> Result<&'v [u8], Unopened> {
        let rest = match value.split_first() {
            Some((&VERSION, rest)) => rest,
            Some((&version, _)) if is_version(version) => return Err(Unopened::OtherVersion),
            _ => return Err(Unopened::Tampered),
        };
        let (payload, tag) = rest.split_last_chunk::<TAG>().ok_or(Unopened::Tampered)?;
        match are_equal(tag, &self.tag(name, payload)) {
            true => Ok(payload),
            false => Err(Unopened::Tampered),
        }
    }

    fn tag(&self, name: &str, payload: &[u8]) -> [u8; TAG] {
        let mut text = Vec::new();
        push_field(&mut text, self.namespace.as_bytes());
        push_field(&mut text, name.as_bytes());
        half(&hmac_sha256(&self.seal, &[&text, &[VERSION], payload]))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

/// Whether a value that starts so may be of a release to come. Text never is.
pub(crate) const fn is_version(octet: u8) -> bool {
    octet < b' '
}

/// Appends the length of `field` in 4 bytes, and `field`.
pub(crate) fn push_field(text: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(field);
}

/// The first 16 bytes.
pub(crate) fn half(digest: &[u8; 32]) -> [u8; TAG] {
    let (first, _) = digest.split_at(TAG);
    let mut half = [0; TAG];
    half.copy_from_slice(first);
    half
}

/// What a seal adds to a payload, in bytes.
pub(crate) const OVERHEAD: usize = 1 + TAG;

/// What each value starts with.
pub(crate) const VERSION: u8 = 1;

const TAG: usize = 16;

const PREFIX: &str = "tja1";
const LABEL: &[u8] = b"tower-jwt-auth fleet 1";

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
