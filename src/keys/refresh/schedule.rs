//! Decides when to fetch. The caller passes the time and the random numbers.
//!
//! A key set passes four stages: fresh; due (it is refreshed when 80 % of its lifetime are over);
//! stale (its lifetime is over and refreshes fail, but it still serves); expired (older than
//! `max_stale`). Fetches have separate budgets, so that one cannot starve another: for the
//! schedule, for `kid`s that are seen for the first time, for those that a fetch lacked, and for
//! `kid`s of earlier sets. The back-off after failures applies to all of them.
//!
//! A request whose `kid` no key has gets one of these answers:
//!
//! | what is known of the `kid` | a fetch is in the budget | it is not |
//! | --- | --- | --- |
//! | nothing: no fetch that began after it was first seen has been answered | fetch | too many requests: the key may well be published |
//! | such a fetch lacked it, less than 1 s, 2 s, 4 s .. ago | absent | absent |
//! | such a fetch lacked it, longer ago | fetch | absent |
//! | an earlier set held it | fetch | absent if a fetch lacked it, else too many requests |

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::kids::{Budget, KidHash, LackedKids};
use crate::base::clock::Now;
use crate::keys::settings::Times;
use crate::keys::snapshot::{FetchedAt, later};
use crate::limits::{FIRST_BACKOFF, MAX_REMEMBERED_KIDS, MAX_WAIT_WITHOUT_KEYS};

#[derive(Debug)]
pub(crate) struct Schedule {
    times: Times,
    last_good: Option<LastGood>,
    failures: u32,
    /// No fetch starts before this time, whatever the reason for it.
    retry_at: Option<Instant>,
    /// Nor before this time, because another process has failed.
    #[cfg(feature = "redis")]
    held_until: Option<Instant>,
    /// For `kid`s that are seen for the first time.
    first_look: Budget,
    /// For `kid`s that a fetch lacked: a flood of new ones takes nothing from it.
    second_look: Budget,
    /// For `kid`s of an earlier set. Tokens of a key that has been removed for good still arrive
    /// for a while, and must not use up the fetches that a new key needs.
    returning_kid: Budget,
    /// The time of the last refresh that a wrong signature caused.
    forced_at: Option<Instant>,
    lacked: LackedKids,
    /// `kid`s of earlier sets. Replicas of an issuer may disagree for hours about the current keys,
    /// so such a key may come back at any moment.
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
    /// A fetch that began after the `kid` was first seen lacked the key.
    Absent,
    /// The key may be published, but no fetch may look for it before this time.
    TooMany {
        until: Instant,
    },
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
            #[cfg(feature = "redis")]
            held_until: None,
            first_look: Budget::full(now),
            second_look: Budget::full(now),
            returning_kid: Budget::full(now),
            forced_at: None,
            lacked: LackedKids::default(),
            withdrawn: HashSet::new(),
        }
    }

    /// The time of the next scheduled fetch; `now` or earlier if it is due at once.
    pub(crate) fn due(&self, now: Now) -> Instant {
        let due = self.refresh_due(now);
        self.retry_at.map_or(due, |retry| due.max(retry))
    }

    /// As [`due`](Self::due), without the pause after failures.
    pub(super) fn refresh_due(&self, now: Now) -> Instant {
        let due = self.last_good.map(|good| good.refresh_at_age);
        due.and_then(|age| self.reaches_age(age, now))
            .unwrap_or(now.monotonic)
    }

    /// When the last good set reaches this age; `now` if it has. `None` if there is no such set.
    pub(super) fn reaches_age(&self, age: Duration, now: Now) -> Option<Instant> {
        let so_far = self.last_good?.fetched.age(now, self.times.max_age);
        Some(later(now.monotonic, age.saturating_sub(so_far)))
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
        if !self.lacked.contains(kid) || self.backing_off(now).is_some() {
            return false;
        }
        match self.withdrawn.contains(&kid) {
            true => self.failures == 0 && self.returning_kid.is_spent(now, self.times.cooldown),
            false => {
                self.lacked.was_just_looked_for(kid, now)
                    || self.second_look.is_spent(now, self.times.cooldown)
            }
        }
    }

    pub(crate) fn ask_for_kid(&mut self, kid: KidHash, now: Instant) -> Decision {
        if let Some(until) = self.backing_off(now) {
            return Decision::BackOff { until };
        }
        let cooldown = self.times.cooldown;
        let is_lacked = self.lacked.contains(kid);
        let is_withdrawn = self.withdrawn.contains(&kid);
        if is_lacked && !is_withdrawn {
            let is_worth_it = !self.lacked.was_just_looked_for(kid, now)
                && self.second_look.spend(now, cooldown).is_ok();
            return match is_worth_it {
                true => Decision::Fetch,
                false => Decision::Absent,
            };
        }
        let budget = match is_withdrawn {
            true => &mut self.returning_kid,
            false => &mut self.first_look,
        };
        match budget.spend(now, cooldown) {
            Ok(()) => Decision::Fetch,
            Err(until) if self.failures > 0 => Decision::BackOff { until },
            Err(_) if is_lacked => Decision::Absent,
            Err(until) => Decision::TooMany { until },
        }
    }

    /// Whether a fetch that began after the `kid` was first seen lacked it.
    pub(crate) fn was_lacked(&self, kid: KidHash) -> bool {
        self.lacked.contains(kid)
    }

    /// A signature failed with a known key: the issuer may have reused its `kid`. This allows one
    /// fetch per cooldown, and none while the set is younger than the cooldown.
    pub(crate) fn ask_for_signature(&mut self, now: Now) -> Decision {
        if !self.may_ask_for_signature(now) {
            return Decision::Absent;
        }
        self.forced_at = Some(now.monotonic);
        Decision::Fetch
    }

    /// Whether [`ask_for_signature`](Self::ask_for_signature) would return `Fetch`. Spends nothing.
    pub(crate) fn may_ask_for_signature(&self, now: Now) -> bool {
        let young = self
            .last_good
            .is_some_and(|good| good.fetched.age(now, self.times.max_age) < self.times.cooldown);
        let forced = self
            .forced_at
            .is_some_and(|at| now.monotonic < later(at, self.times.cooldown));
        !young && !forced && self.backing_off(now.monotonic).is_none()
    }

    /// `jitter` in `0.0..1.0` spreads the fetches of processes that started together.
    pub(crate) fn succeeded(
        &mut self,
        fetched: FetchedAt,
        server_max_age: Option<Duration>,
        jitter: f64,
    ) {
        let life = self.times.lifetime(server_max_age);
        self.last_good = Some(LastGood {
            fetched,
            refresh_at_age: life.mul_f64(REFRESH_AHEAD * (1.0 - JITTER * jitter)),
        });
        self.failures = 0;
        self.retry_at = None;
        #[cfg(feature = "redis")]
        {
            self.held_until = None;
        }
    }

    /// Remembers `kid`s that requests needed and a fetched set does not contain. If the set has
    /// changed, the `kid`s noted earlier are forgotten.
    pub(crate) fn note_lacked(
        &mut self,
        kids: impl Iterator<Item = KidHash>,
        changed: bool,
        now: Instant,
    ) {
        if changed {
            self.lacked.clear();
        }
        self.lacked.note(kids, now, self.times.cooldown);
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
        let retry_at = self.retry_at;
        #[cfg(feature = "redis")]
        let retry_at = retry_at.max(self.held_until);
        retry_at.filter(|retry| now < *retry)
    }
}

/// For a fleet, whose processes share a part of the budgets.
#[cfg(feature = "redis")]
impl Schedule {
    /// The end of the pause after the last failure of this process.
    pub(super) const fn own_retry(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Another process has failed: requests cause no fetch before this time.
    pub(super) const fn hold(&mut self, until: Instant) {
        self.held_until = Some(until);
    }

    /// The whole fleet has failed this often in a row.
    pub(super) fn note_failures(&mut self, failures: u32) {
        self.failures = self.failures.max(failures);
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// The budget that a fetch for this `kid` is taken from.
    pub(super) fn lookup(&self, kid: KidHash) -> Lookup {
        match (self.withdrawn.contains(&kid), self.lacked.contains(kid)) {
            (true, _) => Lookup::Returning,
            (false, true) => Lookup::Second,
            (false, false) => Lookup::First,
        }
    }

    /// Puts back what a decision has spent: there was no fetch.
    pub(super) fn give_back(&mut self, lookup: Lookup) {
        match lookup {
            Lookup::First => self.first_look.give_back(),
            Lookup::Second => self.second_look.give_back(),
            Lookup::Returning => self.returning_kid.give_back(),
        }
    }
}

/// Which budget a look for a `kid` was taken from.
#[cfg(feature = "redis")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    First,
    Second,
    Returning,
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
