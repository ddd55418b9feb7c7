//! When to fetch: state and now in, a decision out. No clock, no I/O, no randomness of its own.
//!
//! The life of a key set has four times: fresh; due (from 80 % of its life on it is refreshed
//! ahead); stale (its life is over, refreshes fail, it still serves); expired (`max_stale`). Three
//! budgets decide about fetches, so that none can starve another: the schedule itself, unknown
//! `kid`s, and the back-off after failures, which holds for all of them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::clock::Now;
use crate::keys::settings::Times;
use crate::keys::snapshot::FetchedAt;
use crate::limits::{FIRST_BACKOFF, MAX_REMEMBERED_KIDS, UNKNOWN_KID_FETCHES};

#[derive(Debug)]
pub(crate) struct Schedule {
    times: Times,
    last_good: Option<LastGood>,
    failures: u32,
    /// No fetch before this, whoever asks.
    retry_at: Option<Instant>,
    unknown_kid: Budget,
    /// For `kid`s that an earlier set held: tokens of a key that is really gone go on coming for a while,
    /// and must not take the fetches of a new key.
    returning_kid: Budget,
    /// The last refresh that a bad signature forced.
    forced_at: Option<Instant>,
    absent: AbsentKids,
    /// `kid`s of earlier sets. Replicas of an issuer may disagree for hours about which keys there are,
    /// so one of these may come back any moment, and is never taken for absent.
    withdrawn: HashSet<KidHash>,
}

#[derive(Clone, Copy, Debug)]
struct LastGood {
    fetched: FetchedAt,
    /// From this age on it is refreshed ahead.
    refresh_at_age: Duration,
}

/// The answer to a request that wants a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Fetch,
    /// The keys in use are as current as the budgets allow, and the key is not there.
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

    /// When the next scheduled fetch is due; not after `now` when it is due at once.
    pub(crate) fn due(&self, now: Now) -> Instant {
        let due = self.last_good.map_or(now.monotonic, |good| {
            let age = good.fetched.age(now, self.times.max_age);
            now.monotonic + good.refresh_at_age.saturating_sub(age)
        });
        self.retry_at.map_or(due, |retry| due.max(retry))
    }

    /// No key set, or none that may still serve: only the back-off stands in the way.
    pub(crate) fn ask_without_keys(&self, now: Instant) -> Decision {
        match self.backing_off(now) {
            Some(until) => Decision::BackOff { until },
            None => Decision::Fetch,
        }
    }

    /// Whether [`ask_for_kid`](Self::ask_for_kid) would say so. Asks for nothing, and spends nothing.
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

    /// A signature failed under a key that we know: the issuer may have reused its `kid`. Worth one
    /// look per cooldown, and none while the set is younger than that.
    pub(crate) fn ask_for_signature(&mut self, now: Now) -> Decision {
        let young = self
            .last_good
            .is_some_and(|good| good.fetched.age(now, self.times.max_age) < self.times.cooldown);
        let forced = self
            .forced_at
            .is_some_and(|at| now.monotonic < at + self.times.cooldown);
        if young || forced || self.backing_off(now.monotonic).is_some() {
            return Decision::Absent;
        }
        self.forced_at = Some(now.monotonic);
        Decision::Fetch
    }

    /// `jitter` in `0.0..1.0` spreads processes that started together.
    pub(crate) fn succeeded(&mut self, now: Now, server_max_age: Option<Duration>, jitter: f64) {
        let life = self.times.lifetime(server_max_age);
        self.last_good = Some(LastGood {
            fetched: FetchedAt::now(now),
            refresh_at_age: life.mul_f64(REFRESH_AHEAD * (1.0 - JITTER * jitter)),
        });
        self.failures = 0;
        self.retry_at = None;
    }

    /// Which of the asked `kid`s a good set did not hold. A changed set forgets the older ones.
    pub(crate) fn note_absent(
        &mut self,
        kids: impl Iterator<Item = KidHash>,
        changed: bool,
        now: Instant,
    ) {
        let AbsentKids(absent) = &mut self.absent;
        absent.retain(|_, until| !changed && now < *until);
        let room = MAX_REMEMBERED_KIDS.saturating_sub(absent.len());
        let unheard = kids.filter(|kid| !self.withdrawn.contains(kid));
        absent.extend(
            unheard
                .take(room)
                .map(|kid| (kid, now + self.times.cooldown)),
        );
    }

    /// These were in the set that is replaced, and are not in the new one.
    pub(crate) fn note_withdrawn(&mut self, kids: impl Iterator<Item = KidHash>) {
        if self.withdrawn.len() >= MAX_REMEMBERED_KIDS {
            self.withdrawn.clear();
        }
        self.withdrawn.extend(kids.take(MAX_REMEMBERED_KIDS));
    }

    pub(crate) fn was_withdrawn(&self, kid: KidHash) -> bool {
        self.withdrawn.contains(&kid)
    }

    pub(crate) fn failed(&mut self, now: Instant, retry_after: Option<Duration>, jitter: f64) {
        let doubled =
            FIRST_BACKOFF.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        // Spread downwards only, so that recovery takes at most the cooldown.
        let pause = doubled
            .min(self.times.cooldown)
            .mul_f64(1.0 - BACKOFF_JITTER * jitter);
        let asked = retry_after.unwrap_or_default().min(self.times.max_age);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now + pause.max(asked));
    }

    /// When a fetch may be asked for again after one that failed.
    pub(crate) fn retry_at(&self, now: Instant) -> Instant {
        self.backing_off(now).unwrap_or(now)
    }

    fn backing_off(&self, now: Instant) -> Option<Instant> {
        self.retry_at.filter(|retry| now < *retry)
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
        self.left == 0 && now < self.since + cooldown
    }

    /// Or when the next one comes.
    fn spend(&mut self, now: Instant, cooldown: Duration) -> Result<(), Instant> {
        while self.left < UNKNOWN_KID_FETCHES && now >= self.since + cooldown {
            self.since += cooldown;
            self.left += 1;
        }
        if self.left == UNKNOWN_KID_FETCHES {
            self.since = now;
        }
        self.left = self.left.checked_sub(1).ok_or(self.since + cooldown)?;
        Ok(())
    }
}

/// A `kid` by a hash under a secret of this process: 8 bytes whatever an attacker sends.
pub(crate) type KidHash = u64;

/// `kid`s that a fresh set was seen not to hold, each for one cooldown.
#[derive(Debug, Default)]
struct AbsentKids(HashMap<KidHash, Instant>);

impl AbsentKids {
    fn contains(&self, kid: KidHash, now: Instant) -> bool {
        self.0.get(&kid).is_some_and(|until| now < *until)
    }
}

/// Share of a set's life after which it is refreshed: early enough for several attempts.
const REFRESH_AHEAD: f64 = 0.8;

/// How much earlier than that at most.
const JITTER: f64 = 0.1;

/// How much shorter a back-off at most.
const BACKOFF_JITTER: f64 = 0.25;

#[cfg(test)]
mod tests;
