//! What the store of one process keeps about a session: its id, and digests in place of names.

use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::store::Ownership;
use crate::caller::Principal;

pub(super) struct Session {
    pub(super) id: Box<str>,
    pub(super) principal: Digest,
    pub(super) user: Digest,
    /// Nanoseconds since the store was made.
    pub(super) expires: AtomicU64,
    /// The index in the list of all sessions, for whoever holds that list.
    pub(super) index: AtomicUsize,
}

pub(super) type Digest = u128;

/// The random keys of one store.
pub(super) struct Keys(RandomState, RandomState);

/// Found by its id.
pub(super) struct ById(pub(super) Arc<Session>);

impl Session {
    pub(super) fn new(id: &str, principal: Digest, user: Digest, expires: u64) -> Self {
        Self {
            id: id.into(),
            principal,
            user,
            expires: AtomicU64::new(expires),
            index: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_expired(&self, now: u64) -> bool {
        self.expires.load(Ordering::Relaxed) <= now
    }

    pub(super) fn used_by(&self, principal: Digest, now: u64, keep: Duration) -> Ownership {
        if self.principal != principal {
            return Ownership::Other;
        }
        self.expires.store(after(now, keep), Ordering::Relaxed);
        Ownership::Owner
    }
}

impl Keys {
    pub(super) fn new() -> Self {
        Self(RandomState::new(), RandomState::new())
    }

    pub(super) fn of_id(&self, id: &str) -> u64 {
        self.0.hash_one(id)
    }

    pub(super) fn of_principal(&self, principal: &Principal) -> Digest {
        self.digest(principal)
    }

    pub(super) fn of_user(&self, principal: &Principal) -> Digest {
        let Principal {
            issuer,
            client_id,
            subject,
            ..
        } = principal;
        let client = client_id.as_ref().filter(|_| subject.is_none());
        self.digest((issuer, client, subject))
    }

    pub(super) fn digest(&self, value: impl Hash) -> Digest {
        let Self(high, low) = self;
        let high = Digest::from(high.hash_one(&value));
        (high << u64::BITS) | Digest::from(low.hash_one(&value))
    }

    /// A number that callers cannot predict.
    pub(super) fn any(&self, seed: u64) -> u64 {
        self.1.hash_one(seed)
    }
}

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        &self.0.id
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}

pub(super) fn after(now: u64, duration: Duration) -> u64 {
    now.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}
