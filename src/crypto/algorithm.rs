use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A signature algorithm of a token's `alg` header or of a JWK's `alg`.
///
/// `EdDSA` ([RFC 8037]) and `Ed25519` ([RFC 9864]) name the same algorithm, [`Algorithm::EdDSA`].
/// The `HS*` algorithms work only with a static secret and only if they are listed by name, never
/// with fetched keys.
///
/// ```
/// use tower_jwt_auth::Algorithm;
///
/// assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDSA));
/// assert_eq!(Algorithm::from_name("none"), None);
/// assert_eq!(Algorithm::try_from("ES256"), Ok(Algorithm::ES256));
/// # #[cfg(feature = "jsonwebtoken")]
/// assert_eq!(Algorithm::try_from(jsonwebtoken::Algorithm::RS256), Ok(Algorithm::RS256));
/// ```
///
/// [RFC 8037]: https://www.rfc-editor.org/rfc/rfc8037
/// [RFC 9864]: https://www.rfc-editor.org/rfc/rfc9864
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    ES256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    ES384,
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4).
    ES512,
    /// EdDSA on Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2).
    EdDSA,
    /// HMAC with SHA-256 (RFC 7518 §3.2); static secrets only.
    HS256,
    /// HMAC with SHA-384 (RFC 7518 §3.2); static secrets only.
    HS384,
    /// HMAC with SHA-512 (RFC 7518 §3.2); static secrets only.
    HS512,
    /// ML-DSA-44 (FIPS 204, JWK `kty` `AKP`).
    MlDsa44,
    /// ML-DSA-65 (FIPS 204, JWK `kty` `AKP`).
    MlDsa65,
    /// ML-DSA-87 (FIPS 204, JWK `kty` `AKP`).
    MlDsa87,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    PS256,
    /// RSASSA-PSS with SHA-384 (RFC 7518 §3.5).
    PS384,
    /// RSASSA-PSS with SHA-512 (RFC 7518 §3.5).
    PS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    RS512,
}

impl Algorithm {
    /// Every algorithm that verifies with a public key; the default allow-list.
    pub const ASYMMETRIC: &[Self] = &[
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
    ];

    pub(crate) const RSA: &[Self] = &[
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
    ];

    /// The algorithm with this registered name, compared byte for byte (RFC 7515 §4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "ES512" => Self::ES512,
            "EdDSA" | "Ed25519" => Self::EdDSA,
            "HS256" => Self::HS256,
            "HS384" => Self::HS384,
            "HS512" => Self::HS512,
            "ML-DSA-44" => Self::MlDsa44,
            "ML-DSA-65" => Self::MlDsa65,
            "ML-DSA-87" => Self::MlDsa87,
            "PS256" => Self::PS256,
            "PS384" => Self::PS384,
            "PS512" => Self::PS512,
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            _ => return None,
        })
    }

    /// The registered name, as in tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    /// Whether the algorithm needs a shared secret.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By its registered name, compared byte for byte.
impl FromStr for Algorithm {
    type Err = UnsupportedAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnsupportedAlgorithm> {
        Self::from_name(name).ok_or_else(|| UnsupportedAlgorithm {
            name: name.to_owned(),
        })
    }
}

macro_rules! from_text {
    ($($text:ty),*) => {$(
        /// By its registered name, compared byte for byte.
        impl TryFrom<$text> for Algorithm {
            type Error = UnsupportedAlgorithm;

            fn try_from(name: $text) -> Result<Self, UnsupportedAlgorithm> {
                name.parse()
            }
        }
    )*};
}
from_text!(&str, &String, String);

/// An algorithm that this crate does not support.
///
/// [`algorithms`](crate::config::JwtAuthConfigBuilder::algorithms) accepts it, and `build` reports
/// it as [`ConfigError::UnknownAlgorithm`](crate::ConfigError::UnknownAlgorithm).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedAlgorithm {
    pub(crate) name: String,
}

impl UnsupportedAlgorithm {
    /// The name that was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for UnsupportedAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the algorithm {:?} is not supported", self.name)
    }
}

impl std::error::Error for UnsupportedAlgorithm {}

/// An [`Algorithm`] converts to itself without an error.
impl From<Infallible> for UnsupportedAlgorithm {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for algorithm in Algorithm::ASYMMETRIC.iter().chain(&[
            Algorithm::HS256,
            Algorithm::HS384,
            Algorithm::HS512,
        ]) {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(*algorithm));
        }
    }

    #[test]
    fn other_names_are_none() {
        for name in [
            "none", "None", "", "rs256", "RS256 ", "ES256K", "RSA-OAEP", "Ed448",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }
}
