//! The one seam to a crypto back end: parse once, verify often.
//!
//! With both back ends compiled in, aws-lc-rs is used: features unify across a program, and a crate that
//! turns on the slower one must not slow down the others.

mod algorithm;
#[cfg(feature = "aws_lc_rs")]
mod aws_lc_rs;
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod none;
// Beside aws-lc-rs it is there to be compared.
#[cfg(all(feature = "rust_crypto", any(test, not(feature = "aws_lc_rs"))))]
mod rust_crypto;

#[cfg(feature = "aws_lc_rs")]
use self::aws_lc_rs as back_end;
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
use self::none as back_end;
#[cfg(all(feature = "rust_crypto", not(feature = "aws_lc_rs")))]
use self::rust_crypto as back_end;

pub use algorithm::Algorithm;
pub(crate) use back_end::SignatureKey;

/// Whether a [`SignatureKey`] can be made.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "aws_lc_rs", feature = "rust_crypto"));

/// A public key in the encoding that its type uses, lengths not checked yet.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "aws_lc_rs", feature = "rust_crypto")),
    expect(dead_code, reason = "nothing reads it without a back end")
)]
pub(crate) enum Material {
    /// Big-endian, no leading zeros; the modulus is odd and of allowed size, and so is the exponent.
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

#[cfg(all(
    test,
    feature = "aws_lc_rs",
    feature = "rust_crypto",
    feature = "test-util"
))]
mod tests;
