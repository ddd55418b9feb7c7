//! What the task of a process in a fleet remembers from one turn to the next, and when the next
//! turn is due. Free of clocks and I/O.
//!
//! The budgets of the process stay in force: the shared one can only forbid more. A look at the
//! store costs none of them, but there is one per second for unknown `kid`s.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::turn::{Known, NoFetch, Permit, Purpose, Turn, milliseconds, pause};
use crate::base::clock::Now;
use crate::keys::refresh::kids::KidHash;
use crate::keys::refresh::schedule::{Decision, Lookup, Schedule};
use crate::keys::settings::Times;
use crate::keys::shared::{Hint, Lease};
use crate::keys::snapshot::later;

#[derive(Debug)]
pub(in crate::keys::refresh) struct FleetMemory {
    times: Times,
    leeway: Duration,
    /// When the fetch of the set in use began, in Unix milliseconds by the clock of who fetched it.
    fetched_at: u64,
    /// The same of the set that this process fetches.
    fetching: u64,
    /// How long the set in use stays fresh.
    life: Duration,
    /// The age of the set at which this process fetches by itself if the store fails.
    late_at: Duration,
    /// The age of the set at which nothing in the store stands against a fetch.
    alone_at: Duration,
    /// A set from a clock too far ahead, which stood in the store when this process had fetched its
    /// own. It has taken none since.
    ahead: Option<Hint>,
    /// Whether the last fetch of this process failed.
    has_failed: bool,
    passed_over: Vec<Hint>,
    /// No scheduled turn before this time.
    put_off: Option<Instant>,
    /// How often a refresh has met a lease of another process.
    busy: u32,
    /// What the turn that was requested may do.
    permit: Option<Permit>,
    /// No look for an unknown `kid` before this time.
    next_look: Option<Instant>,
    /// `kid`s that the set of another process lacked, whose fetch may have begun before a request
    /// needed them.
    lacked_once: HashSet<KidHash>,
    /// The last turn in which this process fetched a set: it proves which `kid`s are absent.
    proof: u64,
    /// The last turn that brought the set of another process.
    taken: u64,
    turns_without_fetch: u64,
    /// A lease that was asked for and never answered: it may still be granted.
    pub(in crate::keys::refresh) orphan: Option<Lease>,
}

impl FleetMemory {
    /// `fetched_at`: of the keys to start with, in Unix milliseconds; 0 without keys.
    pub(in crate::keys::refresh) fn new(times: Times, leeway: Duration, fetched_at: u64) -> Self {
        Self {
            times,
            leeway,
            fetched_at,
            fetching: 0,
            life: times.max_age,
            late_at: times.max_age,
            alone_at: times.max_age,
            ahead: None,
            has_failed: false,
            passed_over: Vec::new(),
            put_off: None,
            busy: 0,
            permit: None,
            next_look: None,
            lacked_once: HashSet::new(),
            proof: 0,
            taken: 0,
            turns_without_fetch: 0,
            orphan: None,
        }
    }

    /// The time of the next scheduled turn.
    pub(in crate::keys::refresh) fn due(&self, schedule: &Schedule, now: Now) -> Instant {
        let refresh = schedule.refresh_due(now);
        let due = self.put_off.map_or(refresh, |at| refresh.max(at));
        let alone = schedule.reaches_age(self.alone_at, now);
        let due = alone.map_or(due, |alone| due.min(alone));
        schedule.own_retry().map_or(due, |retry| due.max(retry))
    }

    /// Judges what the schedule decided about a request: `kid` is the one that no key in use has,
    /// if that is why it asks.
    pub(in crate::keys::refresh) fn permit(
        &mut self,
        schedule: &mut Schedule,
        decision: Decision,
        kid: Option<KidHash>,
        now: Instant,
    ) -> Decision {
        let too_early = self.next_look.filter(|at| kid.is_some() && now < *at);
        let spent = kid.map(|kid| schedule.lookup(kid));
        match (decision, too_early) {
            (Decision::Fetch, Some(until)) => {
                if let Some(spent) = spent {
                    schedule.give_back(spent);
                }
                match spent {
                    Some(Lookup::Second) => Decision::Absent,
                    _ => Decision::TooMany { until },
                }
            }
            (Decision::Fetch, None) => {
                self.permit = Some(match spent {
                    Some(spent @ (Lookup::First | Lookup::Second)) => Permit::Unknown(spent),
                    Some(Lookup::Returning) | None => Permit::Fetch(spent),
                });
                Decision::Fetch
            }
            (Decision::TooMany { .. }, None) => {
                self.permit = Some(Permit::Look);
                Decision::Fetch
            }
            (Decision::TooMany { .. }, Some(until)) => Decision::TooMany { until },
            (Decision::Absent | Decision::BackOff { .. }, _) => decision,
        }
    }

    /// A turn begins.
    pub(in crate::keys::refresh) fn turn(
        &mut self,
        schedule: &Schedule,
        is_serving: bool,
        now: Now,
    ) -> Turn {
        let has_reached = |at: Option<Instant>| at.is_some_and(|at| at <= now.monotonic);
        let permit = self.permit.take();
        let alone = schedule.reaches_age(self.alone_at, now);
        let purpose = match permit {
            _ if !is_serving || alone.is_none() => Purpose::Start,
            _ if has_reached(alone) => Purpose::Alone,
            // The fetch is due anyway.
            Some(permit) if has_reached(Some(schedule.refresh_due(now))) => {
                Purpose::Asked(Permit::Fetch(permit.spent()))
            }
            Some(permit) => Purpose::Asked(permit),
            None => Purpose::Refresh {
                is_late: has_reached(schedule.reaches_age(self.late_at, now)),
            },
        };
        let known = Known {
            times: self.times,
            leeway: self.leeway,
            fetched_at: self.fetched_at,
            is_serving,
            alone_from: alone.filter(|_| is_serving),
            has_failed: self.has_failed,
            passed_over: self.passed_over.clone(),
        };
        Turn::new(purpose, known)
    }

    /// This process begins to fetch. Returns what the set is known by: later than every set that
    /// the process has seen, whatever the clocks say. But not so far ahead that nobody would take
    /// it: the set in use is, if it is of a clock that was set right since.
    pub(in crate::keys::refresh) fn begin_fetch(&mut self, now: Now) -> u64 {
        let wall = now.wall.unix_milliseconds();
        let later = self.fetched_at.saturating_add(1);
        self.fetching = wall.max(later.min(self.latest(now)));
        self.fetching
    }

    /// Whether others share sets from clocks far ahead of this one, and this process should leave
    /// theirs in place: its own looks old to them, so one of them would fetch once more. It is so
    /// when this process has fetched twice and taken nothing in between, and met a new one of
    /// those sets each time.
    pub(in crate::keys::refresh) fn is_left_behind(&mut self, hints: &[Hint], now: Now) -> bool {
        let latest = self.latest(now);
        let ahead = hints.iter().find(|hint| hint.fetched_at > latest).copied();
        let before = std::mem::replace(&mut self.ahead, ahead);
        before.is_some() && ahead.is_some() && before != ahead
    }

    /// No set is taken that was fetched after this time.
    fn latest(&self, now: Now) -> u64 {
        let wall = now.wall.unix_milliseconds();
        wall.saturating_add(milliseconds(self.leeway))
    }

    /// The set that this process fetched is in use.
    pub(in crate::keys::refresh) fn fetched(
        &mut self,
        server_max_age: Option<Duration>,
        turn: u64,
    ) {
        self.adopted(self.fetching, server_max_age);
        self.proof = turn;
    }

    /// The set of another process is in use. Returns the `kid`s of `asked` that it proves absent,
    /// unless it holds them: it is the second newer set since they were asked for, and the first
    /// may have been under way.
    pub(in crate::keys::refresh) fn taken(
        &mut self,
        fetched_at: u64,
        life: Duration,
        turn: u64,
        asked: &HashSet<KidHash>,
    ) -> HashSet<KidHash> {
        self.adopted(fetched_at, Some(life));
        self.ahead = None;
        self.taken = turn;
        self.turns_without_fetch = self.turns_without_fetch.saturating_add(1);
        let proved: HashSet<_> = asked.intersection(&self.lacked_once).copied().collect();
        self.lacked_once = asked.difference(&proved).copied().collect();
        proved
    }

    fn adopted(&mut self, fetched_at: u64, server_max_age: Option<Duration>) {
        let life = self.times.lifetime(server_max_age);
        self.fetched_at = fetched_at;
        self.life = life;
        self.late_at = life.mul_f64(LATE + (1.0 - LATE) * fastrand::f64());
        self.alone_at = self.times.max_age.mul_f64(1.0 + ALONE * fastrand::f64());
        self.has_failed = false;
        self.put_off = None;
        self.busy = 0;
    }

    pub(in crate::keys::refresh) const fn life(&self) -> Duration {
        self.life
    }

    pub(in crate::keys::refresh) const fn failed(&mut self) {
        self.has_failed = true;
    }

    /// A turn ended without a set.
    pub(in crate::keys::refresh) fn ended(
        &mut self,
        why: NoFetch,
        schedule: &mut Schedule,
        began: Instant,
        now: Now,
    ) {
        self.turns_without_fetch = self.turns_without_fetch.saturating_add(1);
        match why {
            NoFetch::Busy => {
                self.put_off = Some(later(now.monotonic, pause(self.busy)));
                self.busy = self.busy.saturating_add(1);
            }
            NoFetch::Held { until } => {
                schedule.hold(until);
                self.put_off = Some(until);
            }
            NoFetch::StoreFailed => self.put_off = schedule.reaches_age(self.late_at, now),
            NoFetch::LookedOnly | NoFetch::Spent => {
                self.next_look = Some(later(began, BETWEEN_LOOKS));
            }
        }
    }

    /// What only the turn knows, for the next one.
    pub(in crate::keys::refresh) fn keep(&mut self, turn: &Turn, began: Instant) {
        self.passed_over = turn.passed_over().to_vec();
        if turn.purpose == Purpose::Asked(Permit::Look) {
            self.next_look = Some(later(began, BETWEEN_LOOKS));
        }
    }

    /// Whether the end of this turn tells which `kid`s are absent.
    pub(in crate::keys::refresh) const fn proves(&self, turn: u64) -> bool {
        turn <= self.proof
    }

    /// Whether this turn brought the set of another process, whose fetch may have begun before the
    /// turn.
    pub(in crate::keys::refresh) const fn was_taken(&self, turn: u64) -> bool {
        turn == self.taken
    }

    pub(in crate::keys::refresh) const fn turns_without_fetch(&self) -> u64 {
        self.turns_without_fetch
    }
}

/// The part of a set's life after which a process may fetch by itself while the store fails. Each
/// has a moment of its own between that and the end of the life.
const LATE: f64 = 0.8;

/// Each process has a moment of its own, up to this part of `max_age` after it.
const ALONE: f64 = 0.2;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
