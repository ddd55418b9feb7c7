//! Decides when to fetch. The caller passes the time and the random numbers.
//!
//! A key set passes four stages: fresh; due (it is refreshed when 80 % of its lifetime are over);
//! stale (its lifetime is over and refreshes fail, but it still serves); expired (older than
//! `max_stale`). Fetches have separate budgets, so that one cannot starve another: for the
//! schedule, for unknown `kid`s, and for `kid`s of earlier sets. The back-off after failures
//! applies to all of them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::clock::Now;
use crate::keys::settings::Times;
use crate::keys::snapshot::{FetchedAt, later};
use crate::limits::{
    FIRST_BACKOFF, MAX_REMEMBERED_KIDS, MAX_WAIT_WITHOUT_KEYS, UNKNOWN_KID_FETCHES,
};

#[derive(Debug)]
pub(crate) struct Schedule {
    times: Times,
    last_good: Option<LastGood>,
    failures: u32,
    /// No fetch starts before this time, whatever the reason for it.
    retry_at: Option<Instant>,
    unknown_kid: Budget,
    /// For `kid`s of an earlier set. Tokens of a key that has been removed for good still arrive
    /// for a while, and must not use up the fetches that a new key needs.
    returning_kid: Budget,
    /// The time of the last refresh that a wrong signature caused.
    forced_at: Option<Instant>,
    absent: AbsentKids,
    /// `kid`s of earlier sets. Replicas of an issuer may disagree for hours about the current keys,
    /// so such a key may come back at any moment and never counts as absent.
    withdrawn: HashSet<KidHash>,
}

#[derive(Clone, Copy, Debug)]
struct LastGood {
    fetched: FetchedAt,
    /// The age at which the refresh is due.
    refresh_at_age: Duration,
}

/// The decision about a request that needs a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Fetch,
    /// The keys in use are as current as the budgets allow, and do not contain the key.
    Absent,
    /// Fetches fail; the next one is allowed at this time.
    BackOff {
        until: Instant,
    },
}

impl Schedule {
    pub(crate) fn new(times: Times, now: Instant) -> Self {
        Self {
            times,
            last_good: None,
            failures: 0,
            retry_at: None,
            unknown_kid: Budget::full(now),
            returning_kid: Budget::full(now),
            forced_at: None,
            absent: AbsentKids::default(),
            withdrawn: HashSet::new(),
        }
    }

    /// The time of the next scheduled fetch; `now` or earlier if it is due at once.
    pub(crate) fn due(&self, now: Now) -> Instant {
        let due = self.last_good.map_or(now.monotonic, |good| {
            let age = good.fetched.age(now, self.times.max_age);
            later(now.monotonic, good.refresh_at_age.saturating_sub(age))
        });
        self.retry_at.map_or(due, |retry| due.max(retry))
    }

    /// There is no key set, or none that may still serve: only the back-off can prevent a fetch.
    pub(crate) fn ask_without_keys(&self, now: Instant) -> Decision {
        match self.backing_off(now) {
            Some(until) => Decision::BackOff { until },
            None => Decision::Fetch,
        }
    }

    /// Whether [`ask_for_kid`](Self::ask_for_kid) would return `Absent`. Uses no budget.
    pub(crate) fn is_absent(&self, kid: KidHash, now: Instant) -> bool {
        let budget = match self.withdrawn.contains(&kid) {
            true => &self.returning_kid,
            false => &self.unknown_kid,
        };
        let refused = self.failures == 0 && budget.is_spent(now, self.times.cooldown);
        self.backing_off(now).is_none() && (refused || self.absent.contains(kid, now))
    }

    pub(crate) fn ask_for_kid(&mut self, kid: KidHash, now: Instant) -> Decision {
        if let Some(until) = self.backing_off(now) {
            return Decision::BackOff { until };
        }
        if self.absent.contains(kid, now) {
            return Decision::Absent;
        }
        let budget = match self.withdrawn.contains(&kid) {
            true => &mut self.returning_kid,
            false => &mut self.unknown_kid,
        };
        match budget.spend(now, self.times.cooldown) {
            Ok(()) => Decision::Fetch,
            Err(until) if self.failures > 0 => Decision::BackOff { until },
            Err(_) => Decision::Absent,
        }
    }

    /// A signature failed with a known key: the issuer may have reused its `kid`. This allows one
    /// fetch per cooldown, and none while the set is younger than the cooldown.
    pub(crate) fn ask_for_signature(&mut self, now: Now) -> Decision {
        let young = self
            .last_good
            .is_some_and(|good| good.fetched.age(now, self.times.max_age) < self.times.cooldown);
        let forced = self
            .forced_at
            .is_some_and(|at| now.monotonic < later(at, self.times.cooldown));
        if young || forced || self.backing_off(now.monotonic).is_some() {
            return Decision::Absent;
        }
        self.forced_at = Some(now.monotonic);
        Decision::Fetch
    }

    /// `jitter` in `0.0..1.0` spreads the fetches of processes that started together.
    pub(crate) fn succeeded(&mut self, now: Now, server_max_age: Option<Duration>, jitter: f64) {
        let life = self.times.lifetime(server_max_age);
        self.last_good = Some(LastGood {
            fetched: FetchedAt::now(now),
            refresh_at_age: life.mul_f64(REFRESH_AHEAD * (1.0 - JITTER * jitter)),
        });
        self.failures = 0;
        self.retry_at = None;
    }

    /// Remembers `kid`s that requests needed and a fetched set does not contain. If the set has
    /// changed, the `kid`s noted earlier are forgotten.
    pub(crate) fn note_absent(
        &mut self,
        kids: impl Iterator<Item = KidHash>,
        changed: bool,
        now: Instant,
    ) {
        let AbsentKids(absent) = &mut self.absent;
        absent.retain(|_, until| !changed && now < *until);
        let free = MAX_REMEMBERED_KIDS.saturating_sub(absent.len());
        let unknown = kids.filter(|kid| !self.withdrawn.contains(kid));
        absent.extend(
            unknown
                .take(free)
                .map(|kid| (kid, later(now, self.times.cooldown))),
        );
    }

    /// Remembers `kid`s of the replaced set that the new set does not contain.
    pub(crate) fn note_withdrawn(&mut self, kids: impl Iterator<Item = KidHash>) {
        if self.withdrawn.len() >= MAX_REMEMBERED_KIDS {
            self.withdrawn.clear();
        }
        self.withdrawn.extend(kids.take(MAX_REMEMBERED_KIDS));
    }

    pub(crate) fn was_withdrawn(&self, kid: KidHash) -> bool {
        self.withdrawn.contains(&kid)
    }

    /// `jitter` in `0.0..1.0` spreads the next attempts of processes whose issuer failed.
    pub(crate) fn failed(&mut self, now: Instant, retry_after: Option<RetryAfter>, jitter: f64) {
        let doubled =
            FIRST_BACKOFF.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        // Spread downwards only, so that recovery takes at most the cooldown.
        let pause = doubled
            .min(self.times.cooldown)
            .mul_f64(1.0 - BACKOFF_JITTER * jitter);
        let asked = retry_after
            .map(|asked| asked.pause(self.times.max_age, jitter))
            .unwrap_or_default();
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(later(now, pause.max(asked)));
    }

    /// The time at which a fetch is allowed again after a failed one.
    pub(crate) fn retry_at(&self, now: Instant) -> Instant {
        self.backing_off(now).unwrap_or(now)
    }

    fn backing_off(&self, now: Instant) -> Option<Instant> {
        self.retry_at.filter(|retry| now < *retry)
    }
}

/// The pause that the issuer asked for after a failed fetch (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryAfter {
    pub(crate) asked: Duration,
    /// How much longer the keys in use may serve; `None` if no key may serve.
    pub(crate) serving_for: Option<Duration>,
}

impl RetryAfter {
    /// Without keys, the pause is spread upwards: many processes met the rate limit in the same
    /// second, and all of them have the same cap.
    fn pause(self, max_age: Duration, jitter: f64) -> Duration {
        let capped = self.asked.min(MAX_WAIT_WITHOUT_KEYS);
        let without_keys = capped.mul_f64(1.0 + RETRY_AFTER_JITTER * jitter);
        match self.serving_for {
            None => without_keys,
            // The pause must not outlast the keys.
            Some(left) => self.asked.min(max_age).min(left.max(without_keys)),
        }
    }
}

/// Fetches for unknown `kid`s: a few at once, refilled by one per cooldown.
#[derive(Debug)]
struct Budget {
    left: u32,
    /// The time up to which refills are counted.
    since: Instant,
}

impl Budget {
    const fn full(now: Instant) -> Self {
        Self {
            left: UNKNOWN_KID_FETCHES,
            since: now,
        }
    }

    fn is_spent(&self, now: Instant, cooldown: Duration) -> bool {
        self.left == 0 && now < later(self.since, cooldown)
    }

    /// Takes one fetch, or returns when the next one is available.
    fn spend(&mut self, now: Instant, cooldown: Duration) -> Result<(), Instant> {
        while self.left < UNKNOWN_KID_FETCHES && now >= later(self.since, cooldown) {
            self.since = later(self.since, cooldown);
            self.left = self.left.saturating_add(1);
        }
        if self.left == UNKNOWN_KID_FETCHES {
            self.since = now;
        }
        let next = later(self.since, cooldown);
        self.left = self.left.checked_sub(1).ok_or(next)?;
        Ok(())
    }
}

/// A `kid`, hashed with a secret of this process: 8 bytes, however long the `kid` of an attacker
/// is.
pub(crate) type KidHash = u64;

/// `kid`s that a fetched set did not contain, each remembered for one cooldown.
#[derive(Debug, Default)]
struct AbsentKids(HashMap<KidHash, Instant>);

impl AbsentKids {
    fn contains(&self, kid: KidHash, now: Instant) -> bool {
        self.0.get(&kid).is_some_and(|until| now < *until)
    }
}

/// The part of a set's lifetime after which it is refreshed: early enough for several attempts.
const REFRESH_AHEAD: f64 = 0.8;

/// The largest part of that time by which jitter makes the refresh earlier.
const JITTER: f64 = 0.1;

/// The largest part of a back-off by which jitter shortens it.
const BACKOFF_JITTER: f64 = 0.25;

/// The largest part of an issuer's `Retry-After` by which jitter lengthens it while no key may
/// serve.
const RETRY_AFTER_JITTER: f64 = 0.5;

#[cfg(test)]
mod tests;
