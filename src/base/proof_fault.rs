/// Why a DPoP proof is refused, as far as its sender learns it (RFC 9449 §7.1).
///
/// Everything that a proof is compared with is known to its sender, so the group of checks that
/// failed helps only developers. Tokens are different: their reasons are never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofFault {
    /// No `DPoP` header.
    Missing,
    /// More than one `DPoP` header.
    Several,
    /// Not a JWT with the members of a proof.
    Malformed,
    /// An algorithm that is not accepted, or a key that cannot be used.
    KeyOrAlgorithm,
    /// The signature does not verify under the key of the proof.
    Signature,
    /// Made for another method or another URL.
    MethodOrUrl,
    /// `iat`, `exp` or `nbf` do not fit the clock.
    NotFresh,
    /// `ath` is not the hash of the access token.
    OtherToken,
    /// Accepted before.
    Replayed,
}

impl ProofFault {
    pub(crate) const ALL: [Self; 9] = [
        Self::Missing,
        Self::Several,
        Self::Malformed,
        Self::KeyOrAlgorithm,
        Self::Signature,
        Self::MethodOrUrl,
        Self::NotFresh,
        Self::OtherToken,
        Self::Replayed,
    ];

    /// The `error_description`. The sentences are part of the wire format.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "The request carries no DPoP proof",
            Self::Several => "The request carries more than one DPoP proof",
            Self::Malformed => "The DPoP proof is malformed",
            Self::KeyOrAlgorithm => "The DPoP proof has a key or an algorithm that is not accepted",
            Self::Signature => "The signature of the DPoP proof does not verify",
            Self::MethodOrUrl => "The DPoP proof is for another method or URL",
            Self::NotFresh => "The DPoP proof is not fresh",
            Self::OtherToken => "The DPoP proof is for another access token",
            Self::Replayed => "The DPoP proof was used before",
        }
    }

    /// The stable name, for events.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Missing => "proof_missing",
            Self::Several => "proof_repeated",
            Self::Malformed => "proof_malformed",
            Self::KeyOrAlgorithm => "proof_key_not_accepted",
            Self::Signature => "proof_bad_signature",
            Self::MethodOrUrl => "proof_url_mismatch",
            Self::NotFresh => "proof_not_fresh",
            Self::OtherToken => "proof_token_mismatch",
            Self::Replayed => "proof_replayed",
        }
    }
}
