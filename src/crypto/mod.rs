//! The interface to the crypto back ends: a key is parsed once and then verifies many signatures.
//!
//! Only `jwks` parses keys and verifies signatures here; every folder may name an `Algorithm`. It
//! imports only [`limits`](crate::limits). `signing` makes signatures. `key` defines the
//! trait of a back end; `aws_lc_rs` and `rust_crypto` implement it, and `none` always fails.
//!
//! If both back ends are compiled in, aws-lc-rs is used: features unify across a program, and a
//! crate that turns on the slower back end must not slow down the others.

mod algorithm;
#[cfg(feature = "aws_lc_rs")]
mod aws_lc_rs;
mod digest;
mod key;
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod none;
mod random;
// Compiled beside aws-lc-rs in tests, which compare the two.
#[cfg(all(feature = "rust_crypto", any(test, not(feature = "aws_lc_rs"))))]
mod rust_crypto;
pub(crate) mod signing;

#[cfg(feature = "aws_lc_rs")]
use self::aws_lc_rs as back_end;
#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
use self::none as back_end;
#[cfg(all(feature = "rust_crypto", not(feature = "aws_lc_rs")))]
use self::rust_crypto as back_end;

pub use algorithm::{Algorithm, UnsupportedAlgorithm};
pub(crate) use back_end::SignatureKey;
pub(crate) use digest::{hmac_sha256, sha256};
pub(crate) use key::{Material, Verify};
pub(crate) use random::random_secret;

/// Whether a [`SignatureKey`] can be made.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "aws_lc_rs", feature = "rust_crypto"));

#[cfg(all(
    test,
    feature = "aws_lc_rs",
    feature = "rust_crypto",
    feature = "test-util"
))]
mod tests;
