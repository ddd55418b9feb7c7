//! The revocations in force, as one value that is replaced and never changed.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::record::{Kind, Record};
use crate::base::clock::Now;
use crate::base::numeric_date::NumericDate;
use crate::token::marks::{Digest, Mark};

/// A large table that many versions share, and a small one with what came since.
#[derive(Clone, Default)]
pub(super) struct Tables {
    /// Counts the changes that can refuse a token.
    pub(super) version: u64,
    /// The version in which `frozen` came to hold what it holds.
    frozen_in: u64,
    frozen: Arc<Map>,
    /// Counts more than `frozen`.
    recent: Map,
    /// The digests in both, each once.
    len: usize,
}

/// A digest is a MAC: who does not have the secret cannot choose any of its bits.
pub(super) type Map = HashMap<Digest, Entry, BuildHasherDefault<FirstBytes>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    kind: Kind,
    cut: u64,
    until: u64,
}

impl Tables {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<&Entry> {
        self.recent.get(digest).or_else(|| self.frozen.get(digest))
    }

    /// Whether a token is refused that has these names and was issued at `issued`. In the version
    /// `seen` it was not refused, so that only what came since is searched. The clock is read if
    /// one of the names is found.
    pub(super) fn refuse(
        &self,
        names: &[Mark],
        seen: Option<u64>,
        issued: Option<NumericDate>,
        now: impl Fn() -> Now,
    ) -> bool {
        let only_recent = seen.is_some_and(|seen| seen >= self.frozen_in);
        names.iter().any(|mark| {
            let entry = match only_recent {
                true => self.recent.get(&mark.digest),
                false => self.get(&mark.digest),
            };
            entry.is_some_and(|entry| {
                let is_before = issued.is_none_or(|issued| issued.unix_seconds() <= entry.cut);
                (is_before || !mark.has_cut) && entry.is_in_force(now().wall.unix_seconds())
            })
        })
    }

    /// The next version, with `changes`.
    pub(super) fn with(&self, changes: Map, now: u64) -> Self {
        let added = changes.keys().filter(|digest| self.get(digest).is_none());
        let len = self.len.saturating_add(added.count());
        let version = self.version.saturating_add(1);
        let mut recent = self.recent.clone();
        recent.extend(changes);
        let next = Self {
            version,
            frozen_in: self.frozen_in,
            frozen: self.frozen.clone(),
            recent,
            len,
        };
        match next.recent.len() <= MOST_RECENT {
            true => next,
            false => next.without_expired(now),
        }
    }

    /// The next version, in which every token is looked for anew.
    pub(super) fn anew(&self) -> Self {
        let version = self.version.saturating_add(1);
        Self {
            version,
            frozen_in: version,
            ..self.clone()
        }
    }

    /// The same version without what is no longer in force, as one table.
    pub(super) fn without_expired(&self, now: u64) -> Self {
        let frozen: Map = self.in_force(now).collect();
        Self {
            version: self.version,
            frozen_in: self.version,
            len: frozen.len(),
            frozen: frozen.into(),
            recent: Map::default(),
        }
    }

    pub(super) fn in_force(&self, now: u64) -> impl Iterator<Item = (Digest, Entry)> {
        let older = self.frozen.iter();
        let older = older.filter(|(digest, _)| !self.recent.contains_key(*digest));
        let all = older.chain(&self.recent);
        let in_force = all.filter(move |(_, entry)| entry.is_in_force(now));
        in_force.map(|(digest, entry)| (*digest, *entry))
    }
}

impl Entry {
    pub(super) const fn of(record: Record) -> Self {
        Self {
            kind: record.kind,
            cut: record.cut,
            until: record.until,
        }
    }

    pub(super) const fn is_in_force(self, now: u64) -> bool {
        self.until > now
    }

    pub(super) const fn record(self, digest: Digest) -> Record {
        Record {
            kind: self.kind,
            digest,
            cut: self.cut,
            until: self.until,
        }
    }

    /// The later cut and the later end of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            kind: self.kind,
            cut: self.cut.max(other.cut),
            until: self.until.max(other.until),
        }
    }
}

/// The first bytes of a digest as its hash.
#[derive(Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of the digest, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Copied for each change: 64 KiB at most.
const MOST_RECENT: usize = 1024;
