use std::fmt;

use crate::crypto::Algorithm;

/// A private key, in parts. The lengths are not checked yet.
#[cfg_attr(
    not(feature = "aws_lc_rs"),
    allow(dead_code, reason = "not every back end signs, and one alone with RSA")
)]
pub(crate) enum PrivateMaterial {
    /// The private number of the curve of ES256, ES384 or ES512 (RFC 7518 §6.2.2).
    Ec(Algorithm, Vec<u8>),
    /// The seed (RFC 8032 §5.1.5).
    Ed25519(Vec<u8>),
    Rsa(Box<RsaPrivate>),
}

/// The members of an RSA key (RFC 7518 §6.3), big-endian.
#[cfg_attr(
    not(feature = "aws_lc_rs"),
    allow(dead_code, reason = "not every back end signs, and one alone with RSA")
)]
pub(crate) struct RsaPrivate {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
    pub(crate) d: Vec<u8>,
    pub(crate) p: Vec<u8>,
    pub(crate) q: Vec<u8>,
    pub(crate) dp: Vec<u8>,
    pub(crate) dq: Vec<u8>,
    pub(crate) qi: Vec<u8>,
}

impl PrivateMaterial {
    /// The algorithm that the key signs with.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ec(algorithm, _) => *algorithm,
            Self::Ed25519(_) => Algorithm::EdDSA,
            Self::Rsa(_) => Algorithm::RS256,
        }
    }
}

impl fmt::Debug for PrivateMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateMaterial(..)")
    }
}

/// Signs a message; `None` if the system provides no randomness.
pub(super) type Signer = Box<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;
