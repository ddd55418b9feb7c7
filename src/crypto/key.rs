use super::algorithm::Algorithm;

/// A public key in the encoding that its type uses, lengths not checked yet.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "aws_lc_rs", feature = "rust_crypto")),
    expect(dead_code, reason = "nothing reads it without a back end")
)]
pub(crate) enum Material {
    /// Big-endian, no leading zeros; the modulus is odd and of allowed size, and so is the
    /// exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Uncompressed point (SEC 1 §2.3.3), raw Ed25519 key or raw ML-DSA key.
    Raw(Vec<u8>),
    /// A shared secret.
    Secret(Vec<u8>),
}

/// A key ready to verify one algorithm.
pub(crate) trait Verify: Sized {
    /// `None` when the material is no key of this algorithm: wrong length, off the curve.
    fn parse(algorithm: Algorithm, material: &Material) -> Option<Self>;

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
}
