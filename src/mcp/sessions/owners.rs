//! The sessions of each user, and which of them is forgotten first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::entry::{Digest, Keys, Session};

#[derive(Default)]
pub(super) struct Owners {
    /// In the order in which they began.
    by_user: HashMap<Digest, Vec<Arc<Session>>>,
    by_count: BTreeSet<(usize, Digest)>,
    /// In any order. Each knows its index.
    all: Vec<Arc<Session>>,
    /// The index in `all` of the session that is looked at next.
    next: usize,
    /// Since the store was made: another seed for each sample.
    begun: u64,
}

impl Owners {
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn sessions_of(&self, user: Digest) -> &[Arc<Session>] {
        self.by_user.get(&user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn add(&mut self, session: Arc<Session>) {
        let user = session.user;
        session.index.store(self.all.len(), Ordering::Relaxed);
        self.all.push(session.clone());
        let own = self.by_user.entry(user).or_default();
        self.by_count.remove(&(own.len(), user));
        own.push(session);
        self.by_count.insert((own.len(), user));
        self.begun = self.begun.wrapping_add(1);
    }

    pub(super) fn remove(&mut self, session: &Arc<Session>) {
        let user = session.user;
        let Some(own) = self.by_user.get_mut(&user) else {
            return;
        };
        let Some(at) = own.iter().position(|other| Arc::ptr_eq(other, session)) else {
            return;
        };
        self.by_count.remove(&(own.len(), user));
        own.remove(at);
        match own.len() {
            0 => drop(self.by_user.remove(&user)),
            left => drop(self.by_count.insert((left, user))),
        }
        let index = session.index.load(Ordering::Relaxed);
        if index < self.all.len() {
            self.all.swap_remove(index);
        }
        if let Some(moved) = self.all.get(index) {
            moved.index.store(index, Ordering::Relaxed);
        }
    }

    pub(super) fn longest_unused_of(&self, user: Digest, keys: &Keys) -> Option<Arc<Session>> {
        let own = self.some_of(self.sessions_of(user), keys);
        longest_unused(own.take(SAMPLE))
    }

    /// From the users with the most sessions.
    pub(super) fn longest_unused(&self, keys: &Keys) -> Option<Arc<Session>> {
        let (most, _) = *self.by_count.last()?;
        let start = (most, keys.digest(self.begun));
        let before = self.by_count.range((most, 0)..start);
        let users = self.by_count.range(start..).chain(before).take(USERS);
        let sessions = users.flat_map(|(_, user)| self.some_of(self.sessions_of(*user), keys));
        longest_unused(sessions.take(SAMPLE))
    }

    /// The oldest first. If there are more than are looked at, from a random one on.
    fn some_of<'o>(
        &self,
        own: &'o [Arc<Session>],
        keys: &Keys,
    ) -> impl Iterator<Item = &'o Arc<Session>> + use<'o> {
        let start = match own.len() {
            ..=SAMPLE => 0,
            length => keys.any(self.begun).checked_rem(length as u64).unwrap_or(0),
        };
        let start = usize::try_from(start).unwrap_or(0);
        own.iter().skip(start).chain(own.iter().take(start))
    }

    /// Looks at the next session of the store. Returns it if it has expired.
    pub(super) fn next_expired(&mut self, now: u64) -> Option<Arc<Session>> {
        let Some(session) = self.all.get(self.next) else {
            self.next = 0;
            return None;
        };
        if session.is_expired(now) {
            // Another session takes its place when it is removed.
            return Some(session.clone());
        }
        self.next = self.next.saturating_add(1);
        None
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        let by_user = self.by_user.values().map(Vec::len);
        assert_eq!(by_user.sum::<usize>(), self.all.len());
        assert_eq!(self.by_count.len(), self.by_user.len());
        for (index, session) in self.all.iter().enumerate() {
            assert_eq!(session.index.load(Ordering::Relaxed), index);
        }
    }
}

/// The first of those that have been unused for longest.
fn longest_unused<'o>(sessions: impl Iterator<Item = &'o Arc<Session>>) -> Option<Arc<Session>> {
    sessions
        .min_by_key(|session| session.expires.load(Ordering::Relaxed))
        .cloned()
}

/// Sessions to choose from: all of a user, with the limits that are set unless configured. A few
/// microseconds, and only at a limit.
const SAMPLE: usize = 1024;

/// Users to choose from.
const USERS: usize = 16;
