//! One key set and its age.

use std::sync::Arc;
use std::time::Duration;

use super::key_snapshot::KeySnapshot;
use super::settings::{Seed, Times};
use super::source::CacheValidators;
use crate::base::clock::Now;
pub(super) use crate::base::clock::later;
use crate::jwks::KeySet;

/// One key set and when it was fetched. A request uses the same one from start to end.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) keys: Arc<KeySet>,
    /// Counts the sets whose usable keys differ: a set that was fetched again with the same keys
    /// keeps its number, however it is written.
    pub(crate) generation: u64,
    /// `None` for keys that never change.
    pub(super) life: Option<Life>,
}

impl Snapshot {
    /// Keys that never change.
    pub(super) const fn fixed(keys: Arc<KeySet>) -> Self {
        Self {
            keys,
            generation: 1,
            life: None,
        }
    }

    /// Whether the set is younger than `max_age` by both clocks.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        self.life.as_ref().is_none_or(|life| life.is_fresh(now))
    }

    /// Whether the set may verify tokens. Older keys may not: a key that the issuer has withdrawn
    /// in the meantime would still be trusted.
    pub(super) fn may_serve(&self, now: Now) -> bool {
        self.life.as_ref().is_none_or(|life| {
            life.is_fresh(now) || life.fetched.age(now, life.max_age) < life.max_stale
        })
    }

    /// How much longer the set may serve; `None` if it may not, or for keys that never change.
    pub(super) fn serves_for(&self, now: Now) -> Option<Duration> {
        let life = self.life.as_ref()?;
        let age = life.fetched.age(now, life.max_age);
        life.max_stale
            .checked_sub(age)
            .filter(|left| !left.is_zero())
    }

    /// Whether the set went stale while the machine slept, so that the task's timer is late.
    pub(super) fn missed_refresh(&self, now: Now) -> bool {
        self.life.as_ref().is_some_and(|life| {
            life.fetched.measured(now) < life.max_age
                && life.fetched.age(now, life.max_age) >= life.max_age
        })
    }

    pub(super) fn age(&self, now: Now) -> Option<Duration> {
        self.life
            .as_ref()
            .map(|life| life.fetched.age(now, life.max_age))
    }

    pub(super) fn validators(&self) -> Option<&CacheValidators> {
        self.life.as_ref()?.origin.validators.as_ref()
    }

    /// When the set was fetched, in Unix milliseconds; `None` for keys that never change.
    #[cfg(feature = "redis")]
    pub(super) fn fetched_at(&self) -> Option<u64> {
        let life = self.life.as_ref()?;
        Some(life.fetched.unix_seconds().saturating_mul(1000))
    }

    /// The same keys with their age; `None` for keys that never change.
    pub(super) fn seed(&self) -> Option<Seed> {
        let life = self.life.as_ref()?;
        Some(Seed {
            keys: self.keys.clone(),
            document: life.origin.document.clone(),
            fetched_at: Some(life.fetched.unix_seconds()),
        })
    }

    /// A copy for another process; `None` for keys that never change.
    pub(super) fn export(&self, issuer: &str) -> Option<KeySnapshot> {
        let life = self.life.as_ref()?;
        Some(KeySnapshot {
            issuer: issuer.to_owned(),
            fetched_at: life.fetched.unix_seconds(),
            jwks: String::from_utf8(life.origin.document.clone()).ok()?,
        })
    }
}

/// How long a fetched set serves.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) origin: Arc<Origin>,
    fetched: FetchedAt,
    /// Before this, by both clocks, the age need not be computed.
    fresh_until: Now,
    max_age: Duration,
    max_stale: Duration,
}

impl Life {
    pub(super) fn new(fetched: FetchedAt, times: Times, origin: Arc<Origin>) -> Self {
        let Times {
            max_age, max_stale, ..
        } = times;
        Self {
            origin,
            fetched,
            fresh_until: fetched.fresh_until(max_age),
            max_age,
            max_stale,
        }
    }

    fn is_fresh(&self, now: Now) -> bool {
        now.monotonic < self.fresh_until.monotonic && now.wall < self.fresh_until.wall
    }
}

/// The document that a set was read from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) document: Vec<u8>,
    pub(super) validators: Option<CacheValidators>,
}

/// When a set was fetched, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchedAt {
    at: Now,
    /// How old the set was by then: another process may have fetched it.
    already: Duration,
}

impl FetchedAt {
    pub(crate) const fn now(at: Now) -> Self {
        Self {
            at,
            already: Duration::ZERO,
        }
    }

    pub(super) const fn before(at: Now, already: Duration) -> Self {
        Self { at, already }
    }

    /// The age by the monotonic clock, which stands still while the machine sleeps. When the wall
    /// clock has run more than `max_age` ahead of it, the wall clock is right; a wall clock that
    /// was set back changes nothing.
    pub(super) fn age(&self, now: Now, max_age: Duration) -> Duration {
        let measured = self.measured(now);
        let wall = now.wall.seconds_since(self.at.wall) + self.already.as_secs_f64();
        if wall > measured.saturating_add(max_age).as_secs_f64() {
            Duration::try_from_secs_f64(wall).unwrap_or(Duration::MAX)
        } else {
            measured
        }
    }

    /// The age by the monotonic clock alone.
    fn measured(&self, now: Now) -> Duration {
        let here = now.monotonic.saturating_duration_since(self.at.monotonic);
        here.saturating_add(self.already)
    }

    /// Before this, by both clocks, the age is below `max_age`.
    pub(super) fn fresh_until(&self, max_age: Duration) -> Now {
        let left = max_age.saturating_sub(self.already);
        Now {
            monotonic: later(self.at.monotonic, left),
            wall: self.at.wall.plus(left),
        }
    }

    pub(super) fn unix_seconds(&self) -> u64 {
        let wall = self.at.wall.unix_seconds();
        wall.saturating_sub(self.already.as_secs())
    }
}

#[cfg(test)]
mod tests;
