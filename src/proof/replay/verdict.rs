/// Why a request with a good proof is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// The proof is so old that it may have been used and forgotten: 503.
    BelowFloor,
    /// Too many proofs of this key are remembered: 429.
    KeyFull,
    /// The store did not answer: 503.
    StoreUnavailable,
    /// The proof was used before: 401 `invalid_dpop_proof`.
    Used,
}
