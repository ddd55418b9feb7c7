use std::fmt;

/// Why a key of a set is skipped. The other keys of the set are still used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// `alg` contradicts the key's type or curve (RFC 7517 §4.4).
    AlgorithmMismatch,
    /// The key verifies no algorithm that `algorithms` allows for the issuer.
    AlgorithmNotAllowed,
    /// The key material is malformed: a member is missing, has the wrong length, or (ECDSA) is not
    /// a point on its curve.
    InvalidKey,
    /// The member of `keys` is not a JSON object.
    NotAnObject,
    /// `use` is not `sig`, or `key_ops` does not list `verify` (RFC 7517 §4.2, §4.3).
    #[non_exhaustive]
    NotForSignatures {
        /// `use` or `key_ops`.
        member: &'static str,
    },
    /// The RSA modulus is even or outside 2048 to 8192 bits, or its exponent is even, below 3 or
    /// above 2^33.
    RsaParameters,
    /// The secret of a symmetric key is not base64url text (RFC 7518 §6.4.1).
    SecretNotBase64,
    /// The secret of a symmetric key is shorter than the hash of each algorithm that is listed for
    /// it (RFC 7518 §3.2).
    SecretTooShort,
    /// The key is symmetric. Such a key is used only from a static source and with an `HS*`
    /// algorithm that is listed by name.
    Symmetric,
    /// `alg` is not a signature algorithm that we support.
    UnsupportedAlgorithm,
    /// `kty` or `crv` is not one that we support, or missing.
    UnsupportedType,
    /// A member of the key has a JSON type other than the one that the RFC gives it. `null` stands
    /// for a member that is missing.
    #[non_exhaustive]
    WrongType {
        /// The member.
        member: &'static str,
    },
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotForSignatures { member } => {
                return write!(f, "{member} forbids verification");
            }
            Self::WrongType { member } => {
                return write!(f, "the member {member} has the wrong JSON type");
            }
            Self::AlgorithmNotAllowed => {
                "the setting algorithms allows none of the algorithms of the key"
            }
            Self::AlgorithmMismatch => "alg contradicts the type of the key",
            Self::InvalidKey => "the key material is malformed",
            Self::NotAnObject => "not a JSON object of the right shape",
            Self::RsaParameters => "the RSA modulus or exponent is out of bounds",
            Self::SecretNotBase64 => "the secret in k is not base64url text",
            Self::SecretTooShort => "the secret in k is too short for the algorithms",
            Self::Symmetric => "symmetric keys are not taken from this source",
            Self::UnsupportedAlgorithm => "alg is not a supported signature algorithm",
            Self::UnsupportedType => "kty or crv is not supported",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_differ() {
        use SkipReason::*;
        let reasons = [
            AlgorithmMismatch,
            AlgorithmNotAllowed,
            InvalidKey,
            NotAnObject,
            NotForSignatures { member: "use" },
            NotForSignatures { member: "key_ops" },
            RsaParameters,
            SecretNotBase64,
            SecretTooShort,
            Symmetric,
            UnsupportedAlgorithm,
            UnsupportedType,
            WrongType { member: "use" },
            WrongType { member: "key_ops" },
        ];
        let texts: std::collections::HashSet<_> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), reasons.len());
        assert!(texts.iter().all(|text| !text.is_empty()));
    }
}
