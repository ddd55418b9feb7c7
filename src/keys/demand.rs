//! What a request asks of the keys, and what comes of asking.

use std::sync::Arc;
use std::time::Duration;

use super::snapshot::Snapshot;

/// What the keys in use could not give a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyDemand<'k> {
    /// A key with this `kid`, or any key for a token without one. `seen` is the generation of the
    /// keys that the request looked at; 0 when no keys could serve.
    Key { kid: Option<&'k str>, seen: u64 },
    /// A key that verifies a signature which no key of generation `seen` verified.
    Signature { seen: u64 },
}

impl<'k> KeyDemand<'k> {
    /// The `kid` that is missing; `None` for a demand that any newer set may meet.
    pub(super) const fn kid(self) -> Option<&'k str> {
        match self {
            Self::Key { kid, .. } => kid,
            Self::Signature { .. } => None,
        }
    }
}

/// The reply to a demand.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(DemandOutcome),
    WaitFor(FetchId),
}

/// A fetch to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchId {
    pub(super) number: u64,
    /// The fetch starts after the request asked, so it cannot miss a key that was published before.
    pub(super) is_conclusive: bool,
}

/// What came of a demand.
#[derive(Debug)]
pub(crate) enum DemandOutcome {
    /// Keys that the request has not seen: it should look at the token again with these.
    Newer(Arc<Snapshot>),
    /// The keys in use are current and do not meet the demand.
    Absent,
    /// A fetch might meet the demand, but requests for unknown keys have used up the fetches for
    /// them. The next one is allowed after this time.
    TooMany { retry_after: Duration },
    /// The issuer cannot be reached; the next attempt comes after this time.
    Unavailable { retry_after: Duration },
}
