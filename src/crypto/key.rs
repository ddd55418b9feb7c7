use std::fmt;

use super::algorithm::Algorithm;

/// A public key or a secret, in the usual encoding of its type. The lengths are not checked yet.
#[derive(PartialEq, Eq)]
pub(crate) enum Material {
    /// Big-endian, without leading zeros. Modulus and exponent are odd and of allowed size.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Uncompressed point (SEC 1 §2.3.3), raw Ed25519 key or raw ML-DSA key.
    Raw(Vec<u8>),
    /// A shared secret.
    Secret(Vec<u8>),
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret.
        f.write_str("Material(..)")
    }
}

/// A key that is ready to verify signatures of one algorithm.
pub(crate) trait Verify: Sized {
    /// `None` if the material is not a key of this algorithm: for example, it has the wrong length
    /// or is not a point on the curve.
    fn parse(algorithm: Algorithm, material: &Material) -> Option<Self>;

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
}
