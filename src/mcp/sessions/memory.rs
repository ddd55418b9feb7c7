//! The sessions of one process.
//!
//! A request reads one of the shards and stores its time in the entry; it takes no lock that
//! writes. Beginning and ending a session takes `Owners` first, then one shard at a time, always in
//! this order.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{ById, Digest, Keys, Session, after};
use super::owners::Owners;
use super::store::{Ownership, SessionFuture, SessionStore};
use crate::caller::Principal;
use crate::limits::{MAX_SESSIONS, MAX_SESSIONS_OF_ONE_USER};

/// The sessions of one process. Clones share them.
///
/// It holds at most [100,000](crate::limits::MAX_SESSIONS) sessions, of which
/// [1,000](crate::limits::MAX_SESSIONS_OF_ONE_USER) belong to one user, unless
/// [`with_limits`](Self::with_limits) sets other limits. A user is an issuer and a subject, or the
/// client if the token has no subject. At the limit of a user, a session of this user is forgotten.
/// When the store is full, a session of the user with the most sessions is forgotten. In both cases
/// it is the session that has been unused for longest, among 1,024 if there are more. A forgotten
/// session is unknown, not free for others under
/// [`strict`](crate::mcp::SessionBindingLayer::strict).
///
/// A session that has expired is unknown at once. Its memory is freed as new sessions begin: each
/// of them looks at 16 others.
///
/// Names of users are not kept: an entry holds its id and a digest of the principal, made with a
/// key that is random for each store. The digest has 128 bits, two SipHashes with different keys. A
/// caller cannot compute it, so two principals have the same digest only by chance, at about 1 in
/// 2^94 for a full store.
#[derive(Clone)]
pub struct MemorySessions(Arc<Sessions>);

struct Sessions {
    limits: Limits,
    made: Instant,
    keys: Keys,
    owners: Mutex<Owners>,
    shards: [RwLock<HashSet<ById>>; SHARDS],
}

struct Limits {
    all: usize,
    of_one_user: usize,
}

impl MemorySessions {
    /// Makes an empty store with the limits of [`limits`](crate::limits).
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(MAX_SESSIONS, MAX_SESSIONS_OF_ONE_USER)
    }

    /// Makes an empty store for at most `sessions`, of which `of_one_user` belong to one user. Each
    /// limit is at least one.
    ///
    /// Raise the second limit for a gateway that begins the sessions of many users as one client.
    #[must_use]
    pub fn with_limits(sessions: usize, of_one_user: usize) -> Self {
        Self(Arc::new(Sessions {
            limits: Limits {
                all: sessions.max(1),
                of_one_user: of_one_user.max(1),
            },
            made: Instant::now(),
            keys: Keys::new(),
            owners: Mutex::default(),
            shards: std::array::from_fn(|_| RwLock::default()),
        }))
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionStore for MemorySessions {
    fn bind<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        SessionFuture::ready(Ok(self.0.bind(id, principal, keep)))
    }

    fn owner_is<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership> {
        let digest = self.0.keys.of_principal(principal);
        SessionFuture::ready(Ok(self.0.owner_is(id, digest, keep)))
    }

    fn end<'s>(&'s self, id: &'s str, principal: &'s Principal) -> SessionFuture<'s, ()> {
        let digest = self.0.keys.of_principal(principal);
        let mut owners = self.0.owners();
        let session = self
            .0
            .find(id)
            .filter(|session| session.principal == digest);
        if let Some(session) = session {
            self.0.remove(&mut owners, &session);
        }
        SessionFuture::ready(Ok(()))
    }
}

impl Sessions {
    fn owner_is(&self, id: &str, principal: Digest, keep: Duration) -> Ownership {
        let now = self.now();
        match self.find(id) {
            Some(session) if !session.is_expired(now) => session.used_by(principal, now, keep),
            _ => Ownership::Unknown,
        }
    }

    fn bind(&self, id: &str, principal: &Principal, keep: Duration) -> Ownership {
        let (user, digest) = (
            self.keys.of_user(principal),
            self.keys.of_principal(principal),
        );
        let now = self.now();
        // Held to the end, so that of two callers only one binds the session.
        let mut owners = self.owners();
        if let Some(session) = self.find(id) {
            if !session.is_expired(now) {
                return session.used_by(digest, now, keep);
            }
            self.remove(&mut owners, &session);
        }
        self.sweep(&mut owners, now);
        self.make_room(&mut owners, user);
        let session = Arc::new(Session::new(id, digest, user, after(now, keep)));
        owners.add(session.clone());
        let mut shard = self
            .shard(id)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        shard.insert(ById(session));
        Ownership::Owner
    }

    /// Forgets a session if `user` has as many as one user may have, or if the store is full.
    fn make_room(&self, owners: &mut Owners, user: Digest) {
        let forgotten = if owners.sessions_of(user).len() >= self.limits.of_one_user {
            owners.longest_unused_of(user, &self.keys)
        } else if owners.len() >= self.limits.all {
            owners.longest_unused(&self.keys)
        } else {
            None
        };
        if let Some(session) = forgotten {
            self.remove(owners, &session);
        }
    }

    /// Looks at the next few sessions of the store, and forgets those that have expired.
    fn sweep(&self, owners: &mut Owners, now: u64) {
        for _ in 0..SWEPT_AT_ONCE {
            if let Some(session) = owners.next_expired(now) {
                self.remove(owners, &session);
            }
        }
    }

    fn remove(&self, owners: &mut Owners, session: &Arc<Session>) {
        owners.remove(session);
        let shard = self.shard(&session.id);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        shard.remove(&*session.id);
    }

    fn find(&self, id: &str) -> Option<Arc<Session>> {
        let shard = self
            .shard(id)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard.get(id).map(|ById(session)| session.clone())
    }

    fn shard(&self, id: &str) -> &RwLock<HashSet<ById>> {
        #[expect(
            clippy::indexing_slicing,
            clippy::arithmetic_side_effects,
            clippy::cast_possible_truncation,
            reason = "a remainder is below the number of shards, which is not zero"
        )]
        &self.shards[(self.keys.of_id(id) % SHARDS as u64) as usize]
    }

    fn owners(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        let since = Instant::now().saturating_duration_since(self.made);
        after(0, since)
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Session ids stay out of logs.
        f.debug_struct("MemorySessions")
            .field("sessions", &self.0.owners().len())
            .finish_non_exhaustive()
    }
}

/// More shards than cores, so that the counters of their locks are rarely shared.
const SHARDS: usize = 64;

/// A few microseconds for each new session.
const SWEPT_AT_ONCE: usize = 16;

#[cfg(test)]
mod tests;
