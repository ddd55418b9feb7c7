//! Makes signatures, for the assertions with which this server authenticates itself (RFC 7523).

#[cfg(feature = "aws_lc_rs")]
mod aws_lc_rs;
mod material;
// Compiled beside aws-lc-rs in tests, which compare the two.
#[cfg(all(feature = "rust_crypto", any(test, not(feature = "aws_lc_rs"))))]
mod rust_crypto;

use std::fmt;

use material::Signer;
pub(crate) use material::{PrivateMaterial, RsaPrivate};

/// A key that is ready to sign. A closure, because the key types of the back ends have no trait in
/// common.
pub(crate) struct SigningKey(Signer);

impl SigningKey {
    /// `None` if the back end cannot sign with the material. `rust_crypto` signs with no
    /// RSA key (RUSTSEC-2023-0071: its timing may reveal the key).
    pub(crate) fn parse(material: &PrivateMaterial) -> Option<Self> {
        #[cfg(feature = "aws_lc_rs")]
        return aws_lc_rs::signer(material).map(Self);
        #[cfg(all(feature = "rust_crypto", not(feature = "aws_lc_rs")))]
        return rust_crypto::signer(material).map(Self);
        #[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
        {
            let _ = material;
            None
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.0(message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// Whether the back end signs with RSA keys.
pub(crate) const SIGNS_WITH_RSA: bool = cfg!(feature = "aws_lc_rs");

#[cfg(all(test, feature = "aws_lc_rs", feature = "rust_crypto"))]
mod tests;
