//! What the requests and the task share, and what requests ask of it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fetches::Fetches;
use super::schedule::{Decision, KidHash, Schedule};
use crate::base::clock::{Clock, Now};
use crate::keys::demand::{Asked, DemandOutcome, FetchId, KeyDemand};
use crate::keys::settings::KeyOrigin;
use crate::keys::snapshot::Snapshot;
use crate::keys::source::FetchError;
use crate::limits::MAX_REMEMBERED_KIDS;
use crate::telemetry;

#[derive(Debug)]
pub(in crate::keys) struct Shared {
    pub(in crate::keys) origin: KeyOrigin,
    pub(in crate::keys) clock: Clock,
    pub(in crate::keys) hasher: RandomState,
    pub(in crate::keys) snapshot: ArcSwapOption<Snapshot>,
    /// Read on every request; written when the task starts or ends.
    pub(in crate::keys) running: AtomicBool,
    /// Never locked by a request that finds its key, and never held across an await.
    pub(in crate::keys) control: Mutex<Control>,
    pub(in crate::keys) created: Instant,
    /// When the task planned last, in milliseconds since `created`.
    pub(in crate::keys) last_tick: AtomicU64,
    /// The number of the last fetch whose result is in place.
    pub(in crate::keys) finished: watch::Sender<u64>,
    /// Wakes the task: there is something to plan. Not a `Notify`, whose one permit could go to a task
    /// that was given up.
    pub(in crate::keys) wake: watch::Sender<()>,
    /// Ends the task.
    pub(in crate::keys) closed: watch::Sender<bool>,
}

#[derive(Debug)]
pub(in crate::keys) struct Control {
    pub(in crate::keys) schedule: Schedule,
    pub(in crate::keys) fetches: Fetches,
    /// The last fetch that was abandoned.
    pub(in crate::keys) lost: u64,
    /// Counts the tasks started, so that one that was given up does no harm when it comes back.
    pub(in crate::keys) epoch: u64,
    /// When the fetch under way took off, or the next was asked for.
    pub(in crate::keys) since: Instant,
    /// Asked for before the current fetch took off, and since.
    pub(in crate::keys) asked_before_start: HashSet<KidHash>,
    pub(in crate::keys) waiting: HashSet<KidHash>,
    pub(in crate::keys) last_error: Option<FetchError>,
    pub(in crate::keys) failures: u64,
}

impl Shared {
    pub(in crate::keys) fn control(&self) -> MutexGuard<'_, Control> {
        // Every change below leaves the state whole, so a panic elsewhere cannot have broken it.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::keys) fn ask(&self, demand: KeyDemand<'_>, now: Now) -> Asked {
        let mut control = self.control();
        if let Some(snapshot) = self.satisfied(demand, now) {
            return Asked::Answered(DemandOutcome::Newer(snapshot));
        }
        if let Some(fetch) = control.fetches.in_progress() {
            // It may have missed a key that is newer than itself. Who names no key takes what comes.
            let is_conclusive = matches!(demand, KeyDemand::Key { kid: None, .. });
            return Asked::WaitFor(FetchId {
                number: fetch,
                is_conclusive,
            });
        }
        let kid = match demand {
            KeyDemand::Key { kid, .. } => kid.map(|kid| self.hasher.hash_one(kid)),
            KeyDemand::Signature { .. } => None,
        };
        if !control.fetches.is_requested() {
            let schedule = &mut control.schedule;
            let decision = match (demand, kid) {
                (KeyDemand::Signature { .. }, _) => schedule.ask_for_signature(now),
                (KeyDemand::Key { .. }, Some(kid)) if self.serving(now).is_some() => {
                    schedule.ask_for_kid(kid, now.monotonic)
                }
                (KeyDemand::Key { .. }, _) => schedule.ask_without_keys(now.monotonic),
            };
            match decision {
                Decision::Fetch => control.since = now.monotonic,
                Decision::Absent => return Asked::Answered(DemandOutcome::Absent),
                Decision::BackOff { until } => {
                    let retry_after = time_until(until, now.monotonic);
                    return Asked::Answered(DemandOutcome::Unavailable { retry_after });
                }
            }
        }
        if let Some(kid) = kid.filter(|_| control.waiting.len() < MAX_REMEMBERED_KIDS) {
            control.waiting.insert(kid);
        }
        let fetch = control.fetches.request();
        drop(control);
        self.wake.send_replace(());
        Asked::WaitFor(FetchId {
            number: fetch,
            is_conclusive: true,
        })
    }

    /// Whether [`ask`](Self::ask) would answer that this `kid` is absent, which the keys of the generation
    /// that was seen demand.
    pub(in crate::keys) fn would_find_absent(&self, kid: &str, seen: u64, now: Now) -> bool {
        let control = self.control();
        let Control {
            fetches, schedule, ..
        } = &*control;
        let demand = KeyDemand::Key {
            kid: Some(kid),
            seen,
        };
        fetches.in_progress().is_none()
            && !fetches.is_requested()
            && schedule.is_absent(self.hasher.hash_one(kid), now.monotonic)
            // They may have come since, while the lock was waited for.
            && self.satisfied(demand, now).is_none()
    }

    /// What the fetch that had the last word means for `lack`.
    pub(in crate::keys) fn outcome(&self, demand: KeyDemand<'_>) -> DemandOutcome {
        let now = self.clock.now();
        if let Some(snapshot) = self.satisfied(demand, now) {
            return DemandOutcome::Newer(snapshot);
        }
        let control = self.control();
        match control.last_error {
            Some(_) => {
                let next = control.schedule.retry_at(now.monotonic);
                DemandOutcome::Unavailable {
                    retry_after: time_until(next, now.monotonic),
                }
            }
            None => DemandOutcome::Absent,
        }
    }

    pub(in crate::keys) fn serving(&self, now: Now) -> Option<Arc<Snapshot>> {
        self.snapshot
            .load_full()
            .filter(|snapshot| snapshot.may_serve(now))
    }

    /// Keys in use that differ from those that the request saw, and hold what it lacked.
    fn satisfied(&self, demand: KeyDemand<'_>, now: Now) -> Option<Arc<Snapshot>> {
        self.serving(now).filter(|snapshot| match demand {
            KeyDemand::Key { kid, seen } => {
                snapshot.generation > seen && kid.is_none_or(|kid| snapshot.keys.has_kid(kid))
            }
            KeyDemand::Signature { seen } => snapshot.generation > seen,
        })
    }

    /// A waiter's time is over. When the fetch's is too, nobody drives the runtime that carries the
    /// task: the next request starts another one on its own.
    pub(in crate::keys) fn give_up_stalled(&self, now: Instant) {
        let mut control = self.control();
        let patience = match control.fetches.in_progress() {
            // The fetch ends itself at its timeout, if anybody polls it.
            Some(_) => self.origin.times.timeout * 2,
            None => self.origin.times.timeout,
        };
        let awaited = control.fetches.in_progress().is_some() || control.fetches.is_requested();
        if awaited && now >= control.since + patience {
            control.epoch += 1;
            let number = self.abandon(&mut control, RUNTIME_IDLE);
            drop(control);
            self.release(number, RUNTIME_IDLE);
        }
    }

    /// The number to [`publish`](Self::publish) once the lock is free.
    pub(in crate::keys) fn abandon(&self, control: &mut Control, why: &str) -> Option<u64> {
        let number = control.fetches.abandon();
        if let Some(number) = number {
            control.lost = number;
            control.last_error = Some(FetchError::new(why));
        }
        self.running.store(false, Ordering::Release);
        number
    }

    /// Tells those who wait for an abandoned fetch, and the log. Outside the lock, as `publish`.
    pub(in crate::keys) fn release(&self, number: Option<u64>, why: &str) {
        self.publish(number);
        if !*self.closed.borrow() {
            telemetry::task_lost(&self.origin.issuer, why);
        }
    }

    /// Outside the lock: wakers are other people's code.
    pub(in crate::keys) fn publish(&self, number: Option<u64>) {
        self.finished.send_if_modified(|last| {
            let newer = number.is_some_and(|number| number > *last);
            *last = number.unwrap_or(*last).max(*last);
            newer
        });
    }

    pub(in crate::keys) fn was_lost(&self, fetch: u64) -> bool {
        fetch <= self.control().lost
    }

    /// An earlier set held the key: another replica of the issuer may hold it still.
    pub(in crate::keys) fn may_come_back(&self, demand: KeyDemand<'_>) -> bool {
        let KeyDemand::Key { kid: Some(kid), .. } = demand else {
            return false;
        };
        self.control()
            .schedule
            .was_withdrawn(self.hasher.hash_one(kid))
    }

    /// Time since the task planned last.
    pub(in crate::keys) fn since_last_tick(&self, now: Now) -> Duration {
        let last_tick = Duration::from_millis(self.last_tick.load(Ordering::Relaxed));
        let now = now.monotonic.saturating_duration_since(self.created);
        now.saturating_sub(last_tick)
    }

    pub(in crate::keys) fn note_tick(&self, now: Instant) {
        let since = now.saturating_duration_since(self.created).as_millis();
        self.last_tick
            .store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// At least a second: clients take `Retry-After: 0` as an invitation.
fn time_until(at: Instant, now: Instant) -> Duration {
    at.saturating_duration_since(now)
        .max(Duration::from_secs(1))
}

pub(in crate::keys) const ENDED: &str = "the task that fetches has ended with its runtime";

pub(in crate::keys) const RUNTIME_IDLE: &str = "the runtime that carries the fetch is not driven";
