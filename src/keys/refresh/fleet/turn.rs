//! One turn: what a process of a fleet does next, from what it has learned so far. Free of clocks
//! and I/O.
//!
//! | purpose | looks, and takes a newer set | hold | shared budget | lease of another |
//! | --- | --- | --- | --- | --- |
//! | there are no keys | yes | ends the turn | – | waits for it, at most the fetch timeout and a second; then fetches |
//! | a refresh is due | yes | ends the turn | – | ends the turn; the task comes back in 100 ms, 200 ms .. |
//! | a request asks for an unknown `kid` | yes | ends the turn | needed; or else waits for the fetch in progress | as without keys |
//! | a request asks for a `kid` of an earlier set, or another key of a `kid` | yes | ends the turn | – | as without keys |
//! | the same, when no budget of this process is left | yes | – | – | – |
//! | no set came for longer than `max_age` | yes | – | – | – |
//!
//! Who writes to the store without a seal can therefore delay a fetch, and not prevent it. When the
//! store fails, the process does what it would do alone; a refresh is then spread over the last
//! fifth of the set's life, because all processes have got their set in one moment.

use std::time::Duration;

use tokio::time::Instant;

use crate::base::clock::Now;
use crate::keys::refresh::schedule::Lookup;
use crate::keys::settings::Times;
use crate::keys::shared::{Hint, Hold, Lease, StoreFailed};
use crate::keys::snapshot::later;
use crate::limits::MAX_WAIT_WITHOUT_KEYS;

#[derive(Debug)]
pub(in crate::keys::refresh) struct Turn {
    pub(in crate::keys::refresh) purpose: Purpose,
    known: Known,
    /// What is in the store; `None` before the look, and when it must be looked at again.
    hints: Option<Vec<Hint>>,
    /// What forbids fetches; the outer `None` before it was read.
    hold: Option<Option<Hold>>,
    /// Whether another process was seen with the lease.
    is_leased: Option<bool>,
    /// Whether the shared budget had a fetch left.
    slot: Option<bool>,
    lease: Asked,
    has_store_failed: bool,
    /// How often the process has waited for the holder of the lease.
    waits: u32,
    /// When it waits no longer.
    patience_ends: Option<Instant>,
}

/// Why a turn began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys::refresh) enum Purpose {
    /// No set was fetched or taken yet, or none may serve.
    Start,
    /// A refresh is due. `is_late`: so late that the process fetches by itself if the store fails.
    Refresh { is_late: bool },
    /// Requests need a key.
    Asked(Permit),
    /// No set came for so long that nothing in the store stands against a fetch.
    Alone,
}

/// What the budgets of this process allow for requests that need a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys::refresh) enum Permit {
    /// Only a look at the store.
    Look,
    /// A fetch for an unknown `kid`, if the shared budget allows it too.
    Unknown(Lookup),
    /// A fetch.
    Fetch(Option<Lookup>),
}

impl Permit {
    /// The budget that it was taken from.
    pub(in crate::keys::refresh) const fn spent(self) -> Option<Lookup> {
        match self {
            Self::Look => None,
            Self::Unknown(lookup) => Some(lookup),
            Self::Fetch(lookup) => lookup,
        }
    }
}

/// What the process knew before the turn.
#[derive(Clone, Debug)]
pub(in crate::keys::refresh) struct Known {
    pub(in crate::keys::refresh) times: Times,
    pub(in crate::keys::refresh) leeway: Duration,
    /// When the fetch of the set in use began, in Unix milliseconds.
    pub(in crate::keys::refresh) fetched_at: u64,
    /// Whether keys may serve.
    pub(in crate::keys::refresh) is_serving: bool,
    /// From when on nothing in the store stands against a fetch; `None` without keys.
    pub(in crate::keys::refresh) alone_from: Option<Instant>,
    /// Whether the last fetch of this process failed.
    pub(in crate::keys::refresh) has_failed: bool,
    /// Sets in the store that did not open, or cannot be used.
    pub(in crate::keys::refresh) passed_over: Vec<Hint>,
}

/// Whether the lease was asked for.
#[derive(Debug)]
enum Asked {
    NotYet,
    Refused,
    Granted(Lease),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys::refresh) enum Step {
    Look,
    Take(Hint),
    ReadHold,
    SeeLease,
    SpendSlot,
    GetLease,
    Wait(Duration),
    Fetch,
    End(NoFetch),
}

/// Why a turn ends without a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys::refresh) enum NoFetch {
    /// Another process is fetching.
    Busy,
    /// A process has failed, and none fetches before this time.
    Held { until: Instant },
    /// Only a look was allowed.
    LookedOnly,
    /// The shared budget for unknown `kid`s is spent.
    Spent,
    /// A refresh can wait until the end of the set's life.
    StoreFailed,
}

impl Turn {
    pub(in crate::keys::refresh) const fn new(purpose: Purpose, known: Known) -> Self {
        Self {
            purpose,
            known,
            hints: None,
            hold: None,
            is_leased: None,
            slot: None,
            lease: Asked::NotYet,
            has_store_failed: false,
            waits: 0,
            patience_ends: None,
        }
    }

    pub(in crate::keys::refresh) fn next(&self, now: Now) -> Step {
        if self.has_store_failed {
            return self.next_without_store();
        }
        let Some(hints) = &self.hints else {
            return Step::Look;
        };
        let wanted = hints.iter().filter(|hint| self.wants(hint, now));
        if let Some(newest) = wanted.max_by_key(|hint| hint.fetched_at) {
            return Step::Take(*newest);
        }
        // A turn that began before may have waited for the holder of the lease until now.
        let is_alone = self.known.alone_from.is_some_and(|at| at <= now.monotonic);
        match self.purpose {
            _ if is_alone => Step::Fetch,
            Purpose::Asked(Permit::Look) => Step::End(NoFetch::LookedOnly),
            _ => self.next_among_others(now),
        }
    }

    fn next_without_store(&self) -> Step {
        match self.purpose {
            Purpose::Refresh { is_late: false } => Step::End(NoFetch::StoreFailed),
            Purpose::Asked(Permit::Look) => Step::End(NoFetch::LookedOnly),
            _ => Step::Fetch,
        }
    }

    /// Nothing in the store is newer, and others may be about to fetch.
    fn next_among_others(&self, now: Now) -> Step {
        if matches!(self.lease, Asked::Granted(_)) {
            // Everything else was asked for before the lease.
            return Step::Fetch;
        }
        let Some(hold) = self.hold else {
            return Step::ReadHold;
        };
        if let Some(until) = hold.and_then(|hold| self.end_of(hold, now)) {
            return Step::End(NoFetch::Held { until });
        }
        let needs_slot = matches!(self.purpose, Purpose::Asked(Permit::Unknown(_)));
        if needs_slot && let Some(step) = self.next_for_slot(hold, now) {
            return step;
        }
        match (&self.lease, self.purpose) {
            (Asked::NotYet, _) => Step::GetLease,
            (_, Purpose::Refresh { .. }) => Step::End(NoFetch::Busy),
            _ if self.is_impatient(now) => Step::Fetch,
            _ => Step::Wait(self.pause(now)),
        }
    }

    /// The shared budget is not spent on a fetch that is in progress already. `None` if the fetch
    /// may go on.
    fn next_for_slot(&self, hold: Option<Hold>, now: Now) -> Option<Step> {
        match (self.slot, self.is_leased) {
            (Some(true), _) => None,
            (None, None) => Some(Step::SeeLease),
            (None, Some(true)) if !self.is_impatient(now) => Some(Step::Wait(self.pause(now))),
            (None, _) => Some(Step::SpendSlot),
            (Some(false), _) if self.was_fetched_lately(hold, now) => {
                Some(Step::End(NoFetch::Spent))
            }
            // Names that anybody could have put there.
            (Some(false), _) => None,
        }
    }

    /// Whether a set that was fetched at this time replaces the one in use. A process without keys
    /// takes no set that its issuer may have replaced long ago, unless it could not fetch.
    pub(in crate::keys::refresh) fn replaces(&self, fetched_at: u64, now: Now) -> bool {
        let Known { times, .. } = &self.known;
        let is_cold = self.purpose == Purpose::Start && !self.known.has_failed;
        let oldest = if is_cold {
            times.max_age
        } else {
            times.max_stale
        };
        let wall = now.wall.unix_milliseconds();
        fetched_at > self.known.fetched_at
            && fetched_at <= wall.saturating_add(milliseconds(self.known.leeway))
            && wall.saturating_sub(fetched_at) < milliseconds(oldest)
    }

    pub(in crate::keys::refresh) fn wants(&self, hint: &Hint, now: Now) -> bool {
        self.replaces(hint.fetched_at, now) && !self.known.passed_over.contains(hint)
    }

    /// The end of a hold that lies ahead, and no further than a process may set one.
    fn end_of(&self, hold: Hold, now: Now) -> Option<Instant> {
        let ahead = hold.until.checked_sub(now.wall.unix_milliseconds())?;
        let is_ahead = ahead > 0 && self.is_plausible(hold, now);
        is_ahead.then(|| later(now.monotonic, Duration::from_millis(ahead)))
    }

    /// A hold that ends no earlier than the one before: the issuer has asked another process for a
    /// longer pause.
    pub(in crate::keys::refresh) fn no_earlier(
        &self,
        hold: Hold,
        before: Option<Hold>,
        now: Now,
    ) -> Hold {
        let before = before.filter(|before| self.is_plausible(*before, now));
        let until = before.map_or(0, |before| before.until).max(hold.until);
        Hold { until, ..hold }
    }

    fn is_plausible(&self, hold: Hold, now: Now) -> bool {
        let Known { times, leeway, .. } = &self.known;
        let longest = MAX_WAIT_WITHOUT_KEYS.max(times.cooldown);
        let longest = match self.known.is_serving {
            true => longest.max(times.max_age),
            false => longest,
        };
        let longest = longest.saturating_add(longest.div_f64(2.0));
        let latest = milliseconds(longest.saturating_add(*leeway));
        hold.until <= now.wall.unix_milliseconds().saturating_add(latest)
    }

    /// Whether a fetch was tried so lately that the shared budget was really spent on it.
    fn was_fetched_lately(&self, hold: Option<Hold>, now: Now) -> bool {
        let wall = now.wall.unix_milliseconds();
        let lately = self.known.times.cooldown.saturating_mul(2);
        let lately = milliseconds(lately.saturating_add(self.known.leeway));
        let is_late = |at: u64| wall.saturating_sub(at) < lately;
        is_late(self.known.fetched_at)
            || hold.is_some_and(|hold| self.is_plausible(hold, now) && is_late(hold.until))
    }

    /// How long to wait for the holder of the lease before the next look.
    fn pause(&self, now: Now) -> Duration {
        let left = |end: Instant| end.saturating_duration_since(now.monotonic);
        let left = self.patience_ends.map_or(LONGEST_WAIT, left);
        pause(self.waits).min(left)
    }

    fn is_impatient(&self, now: Now) -> bool {
        self.patience_ends.is_some_and(|end| now.monotonic >= end)
    }

    /// The failures of the fleet up to now.
    pub(in crate::keys::refresh) fn failures(&self, now: Now) -> u32 {
        let hold = self.hold.flatten();
        let hold = hold.filter(|hold| self.was_fetched_lately(Some(*hold), now));
        hold.map_or(0, |hold| hold.failures.into())
    }
}

/// What is learned.
impl Turn {
    pub(in crate::keys::refresh) fn looked(&mut self, hints: Result<Vec<Hint>, StoreFailed>) {
        self.hints = self.answer(hints);
    }

    /// The set of this hint cannot be used: it is not read again until it changes.
    pub(in crate::keys::refresh) fn pass_over(&mut self, hint: Hint) {
        let passed_over = &mut self.known.passed_over;
        passed_over.retain(|passed| passed.secret != hint.secret);
        passed_over.push(hint);
    }

    pub(in crate::keys::refresh) fn passed_over(&self) -> &[Hint] {
        &self.known.passed_over
    }

    pub(in crate::keys::refresh) fn read_hold(&mut self, hold: Result<Option<Hold>, StoreFailed>) {
        self.hold = self.answer(hold);
    }

    pub(in crate::keys::refresh) fn saw_lease(
        &mut self,
        is_leased: Result<bool, StoreFailed>,
        now: Now,
    ) {
        self.is_leased = self.answer(is_leased);
        if self.is_leased == Some(true) {
            self.be_patient(now);
        }
    }

    pub(in crate::keys::refresh) fn spent_slot(&mut self, slot: Result<bool, StoreFailed>) {
        self.slot = self.answer(slot);
    }

    pub(in crate::keys::refresh) fn asked_for_lease(
        &mut self,
        lease: Lease,
        is_ours: Result<bool, StoreFailed>,
        now: Now,
    ) {
        match self.answer(is_ours) {
            Some(true) => {
                self.lease = Asked::Granted(lease);
                // The holder before may have written just before it gave the lease back.
                self.hints = None;
            }
            Some(false) => {
                self.lease = Asked::Refused;
                self.be_patient(now);
            }
            None => {}
        }
    }

    /// The lease, if it is this process's.
    pub(in crate::keys::refresh) const fn lease(&self) -> Option<&Lease> {
        match &self.lease {
            Asked::Granted(lease) => Some(lease),
            Asked::NotYet | Asked::Refused => None,
        }
    }

    /// Time has passed: everything is looked at again, and a slot of the budget is kept.
    pub(in crate::keys::refresh) fn waited(&mut self) {
        self.waits = self.waits.saturating_add(1);
        self.hints = None;
        self.hold = None;
        self.is_leased = None;
        self.lease = Asked::NotYet;
    }

    fn be_patient(&mut self, now: Now) {
        let patience = self.known.times.timeout.saturating_add(BEYOND_TIMEOUT);
        let end = later(now.monotonic, patience);
        self.patience_ends.get_or_insert(end);
    }

    fn answer<T>(&mut self, answer: Result<T, StoreFailed>) -> Option<T> {
        self.has_store_failed |= answer.is_err();
        answer.ok()
    }
}

/// How long a process waits for the holder of the lease before it looks again.
pub(in crate::keys::refresh) fn pause(waits: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1_u32.checked_shl(waits).unwrap_or(u32::MAX));
    doubled.min(LONGEST_WAIT)
}

pub(in crate::keys::refresh) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A holder whose fetch has timed out needs a moment to say so.
const BEYOND_TIMEOUT: Duration = Duration::from_secs(1);

const FIRST_WAIT: Duration = Duration::from_millis(100);

const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
