use crate::keys::{FetchId, KeyDemand};
use crate::token::TokenError;

/// A token that cannot be judged with the keys at hand, and may be with those that are on their way.
#[derive(Debug)]
pub(crate) struct Unsettled {
    pub(super) issuer: usize,
    pub(super) lack: OwnedLack,
    pub(super) flight: FetchId,
    pub(super) error: TokenError,
}

/// A [`KeyDemand`] that outlives the request's header.
#[derive(Debug)]
pub(super) enum OwnedLack {
    Key { kid: Option<String>, seen: u64 },
    Signature { seen: u64 },
}

impl OwnedLack {
    pub(super) fn of(lack: KeyDemand<'_>) -> Self {
        match lack {
            KeyDemand::Key { kid, seen } => Self::Key {
                kid: kid.map(ToOwned::to_owned),
                seen,
            },
            KeyDemand::Signature { seen } => Self::Signature { seen },
        }
    }

    pub(super) fn borrowed(&self) -> KeyDemand<'_> {
        match self {
            Self::Key { kid, seen } => KeyDemand::Key {
                kid: kid.as_deref(),
                seen: *seen,
            },
            Self::Signature { seen } => KeyDemand::Signature { seen: *seen },
        }
    }
}
