//! The state that requests and the task share. In one file, although it is long: all of it is what
//! one lock guards.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fetches::Fetches;
#[cfg(feature = "redis")]
use super::fleet::memory::FleetMemory;
use super::kids::KidHash;
use super::schedule::{Decision, Schedule};
use crate::base::clock::{Clock, Now};
use crate::keys::demand::{Asked, DemandOutcome, FetchId, KeyDemand};
use crate::keys::persist::seed::seeded;
use crate::keys::settings::KeyOrigin;
use crate::keys::snapshot::{Snapshot, later};
use crate::keys::source::FetchError;
use crate::limits::MAX_REMEMBERED_KIDS;
use crate::telemetry;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) origin: KeyOrigin,
    pub(super) clock: Clock,
    pub(super) hasher: RandomState,
    /// The keys in use. Only the task stores here.
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    /// Read on every request; written when the task starts or ends.
    pub(super) running: AtomicBool,
    /// A request that finds its key does not lock it, unless the machine has slept. Never held
    /// across an await.
    control: Mutex<Control>,
    created: Instant,
    /// When the task must have shown life, in milliseconds since `created`.
    tick_due: AtomicU64,
    /// When requests look for a missed refresh again, in milliseconds since `created`: in between
    /// they need not take the lock.
    next_look: AtomicU64,
    /// The number of the last fetch whose result is in place.
    pub(super) finished: watch::Sender<u64>,
    /// Wakes the task to plan again. A `Notify` would not do: its one permit could go to a task
    /// that was given up.
    pub(super) wake: watch::Sender<()>,
    /// Why the last attempt to save the keys failed. Shared with the thread that writes the file.
    pub(super) unsaved: Arc<Mutex<Option<String>>>,
    /// Ends the task.
    pub(super) closed: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct Control {
    pub(super) schedule: Schedule,
    pub(super) fetches: Fetches,
    /// The number of the last fetch that was abandoned.
    pub(super) lost: u64,
    /// Counts the tasks started, so that one that was given up does no harm when it comes back.
    pub(super) epoch: u64,
    /// The `kid`s that requests asked for before the fetch in progress started.
    pub(super) asked_before_start: HashSet<KidHash>,
    /// The `kid`s that requests have asked for since: up to [`MAX_REMEMBERED_KIDS`], and one for
    /// each fetch.
    pub(super) asked_since: HashSet<KidHash>,
    pub(super) last_error: Option<FetchError>,
    pub(super) failures: u64,
    /// `None` for a process that fetches by itself.
    #[cfg(feature = "redis")]
    pub(super) fleet: Option<FleetMemory>,
}

impl Control {
    /// The time of the next scheduled turn of the task.
    pub(super) fn due(&self, now: Now) -> Instant {
        #[cfg(feature = "redis")]
        if let Some(fleet) = &self.fleet {
            return fleet.due(&self.schedule, now);
        }
        self.schedule.due(now)
    }

    /// The number of fetches of this process. In a fleet, most turns of the task bring none.
    pub(super) fn fetches_started(&self) -> u64 {
        let started = self.fetches.started();
        #[cfg(feature = "redis")]
        if let Some(fleet) = &self.fleet {
            return started.saturating_sub(fleet.turns_without_fetch());
        }
        started
    }

    /// A request needs this `kid`, and the next fetch that starts will tell whether it exists.
    /// Without effect when the memory is full, and for a `kid` that a fetch lacked already.
    fn note_asked(&mut self, kid: KidHash) {
        if self.asked_since.len() < MAX_REMEMBERED_KIDS && !self.schedule.was_lacked(kid) {
            self.asked_since.insert(kid);
        }
    }
}

#[cfg(feature = "redis")]
impl Control {
    /// A turn ended without a proof: the `kid`s that it should have told about are still asked for.
    pub(super) fn keep_asking(&mut self) {
        let room = MAX_REMEMBERED_KIDS.saturating_sub(self.asked_since.len());
        let asked = std::mem::take(&mut self.asked_before_start);
        self.asked_since.extend(asked.into_iter().take(room));
    }
}

impl Shared {
    pub(super) fn new(origin: KeyOrigin, clock: Clock) -> Self {
        let now = clock.now();
        let snapshot = seeded(&origin, now);
        let control = Control {
            #[cfg(feature = "redis")]
            fleet: origin.shared.as_ref().map(|sharing| {
                let fetched_at = snapshot.as_ref().and_then(|snapshot| snapshot.fetched_at());
                FleetMemory::new(origin.times, sharing.leeway, fetched_at.unwrap_or(0))
            }),
            schedule: Schedule::new(origin.times, now.monotonic),
            fetches: Fetches::default(),
            lost: 0,
            epoch: 0,
            asked_before_start: HashSet::new(),
            asked_since: HashSet::new(),
            last_error: None,
            failures: 0,
        };
        Self {
            snapshot: ArcSwapOption::new(snapshot),
            origin,
            clock,
            hasher: RandomState::new(),
            running: AtomicBool::new(false),
            control: Mutex::new(control),
            created: now.monotonic,
            tick_due: AtomicU64::new(u64::MAX),
            next_look: AtomicU64::new(0),
            finished: watch::Sender::new(0),
            wake: watch::Sender::new(()),
            unsaved: Arc::default(),
            closed: watch::Sender::new(false),
        }
    }

    pub(super) fn snapshot_error(&self) -> Option<String> {
        let unsaved = self.unsaved.lock();
        unsaved.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        // Every change leaves the state whole, so a panic elsewhere cannot have broken it.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a demand, or requests the fetch that will.
    pub(super) fn ask(&self, demand: KeyDemand<'_>, now: Now) -> Asked {
        let mut control = self.control();
        if let Some(snapshot) = self.satisfied(demand, now) {
            return Asked::Answered(DemandOutcome::Newer(snapshot));
        }
        let kid = demand.kid().map(|kid| self.hasher.hash_one(kid));
        if let Some(kid) = kid {
            control.note_asked(kid);
        }
        // A token that names no key is content with any newer set.
        let is_any_key_good = matches!(demand, KeyDemand::Key { kid: None, .. });
        if let Some(fetch) = control.fetches.join(is_any_key_good) {
            return Asked::WaitFor(fetch);
        }
        if !control.fetches.is_requested() {
            if let Err(outcome) = self.may_fetch(&mut control, demand, kid, now) {
                return Asked::Answered(outcome);
            }
            self.expect_tick(now.monotonic, self.origin.times.timeout);
            // Looked for again, although a fetch lacked it.
            control.asked_since.extend(kid);
        }
        let fetch = control.fetches.request();
        drop(control);
        self.wake.send_replace(());
        Asked::WaitFor(fetch)
    }

    /// Whether the schedule grants a fetch for this demand; spends from its budgets.
    fn may_fetch(
        &self,
        control: &mut Control,
        demand: KeyDemand<'_>,
        kid: Option<KidHash>,
        now: Now,
    ) -> Result<(), DemandOutcome> {
        let schedule = &mut control.schedule;
        let kid = kid.filter(|_| self.serving(now).is_some());
        let decision = match (demand, kid) {
            (KeyDemand::Signature { .. }, _) => schedule.ask_for_signature(now),
            (KeyDemand::Key { .. }, Some(kid)) => schedule.ask_for_kid(kid, now.monotonic),
            (KeyDemand::Key { .. }, None) => schedule.ask_without_keys(now.monotonic),
        };
        #[cfg(feature = "redis")]
        let decision = match &mut control.fleet {
            Some(fleet) => fleet.permit(schedule, decision, kid, now.monotonic),
            None => decision,
        };
        match decision {
            Decision::Fetch => Ok(()),
            Decision::Absent => Err(DemandOutcome::Absent),
            Decision::TooMany { until } => Err(DemandOutcome::TooMany {
                retry_after: time_until(until, now.monotonic),
            }),
            Decision::BackOff { until } => Err(DemandOutcome::Unavailable {
                retry_after: time_until(until, now.monotonic),
            }),
        }
    }

    /// Whether [`ask`](Self::ask) would answer that nothing meets this demand. The caller has seen
    /// that generation `seen` does not hold the `kid`.
    pub(super) fn would_find_absent(&self, demand: KeyDemand<'_>, now: Now) -> bool {
        let control = self.control();
        let Control {
            fetches, schedule, ..
        } = &*control;
        let grants_none = || match demand {
            KeyDemand::Key { kid: None, .. } => false,
            KeyDemand::Key { kid: Some(kid), .. } => {
                schedule.is_absent(self.hasher.hash_one(kid), now.monotonic)
            }
            KeyDemand::Signature { .. } => !schedule.may_ask_for_signature(now),
        };
        fetches.join(false).is_none()
            && !fetches.is_requested()
            && grants_none()
            // The key may have come while this request waited for the lock.
            && self.satisfied(demand, now).is_none()
    }

    /// What the fetch of this number means for `demand`, for which it was conclusive.
    pub(super) fn outcome(&self, demand: KeyDemand<'_>, number: u64) -> DemandOutcome {
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
            None if self.is_in_doubt(&control, demand, number) => DemandOutcome::TooMany {
                retry_after: time_until(now.monotonic, now.monotonic),
            },
            None => DemandOutcome::Absent,
        }
    }

    /// Whether the key may well be published, because no fetch of this process has looked for it.
    fn is_in_doubt(&self, control: &Control, demand: KeyDemand<'_>, number: u64) -> bool {
        #[cfg(feature = "redis")]
        if let (Some(fleet), Some(kid)) = (&control.fleet, demand.kid()) {
            let kid = self.hasher.hash_one(kid);
            return !fleet.proves(number) && !control.schedule.was_lacked(kid);
        }
        let _ = (control, demand, number);
        false
    }

    /// A set that another process fetched may have been under way when the request asked.
    pub(super) fn judged(&self, fetch: FetchId) -> FetchId {
        #[cfg(feature = "redis")]
        if let Some(fleet) = &self.control().fleet {
            let was_taken = fleet.was_taken(fetch.number);
            let is_conclusive = fetch.is_conclusive && !was_taken;
            return FetchId {
                is_conclusive,
                ..fetch
            };
        }
        fetch
    }

    pub(super) fn serving(&self, now: Now) -> Option<Arc<Snapshot>> {
        self.snapshot
            .load_full()
            .filter(|snapshot| snapshot.may_serve(now))
    }

    /// The keys in use, if they differ from the keys that the request saw and meet its demand.
    fn satisfied(&self, demand: KeyDemand<'_>, now: Now) -> Option<Arc<Snapshot>> {
        self.serving(now).filter(|snapshot| match demand {
            KeyDemand::Key { kid, seen } => {
                snapshot.generation > seen && kid.is_none_or(|kid| snapshot.keys.has_kid(kid))
            }
            KeyDemand::Signature { seen } => snapshot.generation > seen,
        })
    }

    pub(super) fn was_lost(&self, fetch: u64) -> bool {
        fetch <= self.control().lost
    }

    /// Whether an earlier set held the key: another replica of the issuer may hold it still.
    pub(super) fn may_come_back(&self, demand: KeyDemand<'_>) -> bool {
        demand.kid().is_some_and(|kid| {
            let kid = self.hasher.hash_one(kid);
            self.control().schedule.was_withdrawn(kid)
        })
    }

    /// Wakes the task when a refresh is due that its timer does not know of, because the machine
    /// slept. Looks once a second: while the issuer is down, every request comes here.
    pub(super) fn wake_if_due(&self, now: Now) {
        if self.milliseconds(now.monotonic) < self.next_look.load(Ordering::Relaxed) {
            return;
        }
        let next_look = self.milliseconds(later(now.monotonic, BETWEEN_LOOKS));
        self.next_look.store(next_look, Ordering::Relaxed);
        let is_due = {
            let control = self.control();
            control.fetches.join(false).is_none() && control.due(now) <= now.monotonic
        };
        if is_due {
            self.wake.send_replace(());
        }
    }

    /// The task must show life before `pause` has passed. To be called under the lock.
    pub(super) fn expect_tick(&self, now: Instant, pause: Duration) {
        let due = self.milliseconds(later(now, pause));
        self.tick_due.store(due, Ordering::Relaxed);
    }

    /// Gives the task up when it has not shown life in time, and says whether it did.
    pub(super) fn give_up_if_stalled(&self, now: Instant) -> bool {
        let now = self.milliseconds(now);
        let is_stalled = || now >= self.tick_due.load(Ordering::Relaxed);
        if !is_stalled() {
            return false;
        }
        let mut control = self.control();
        if !is_stalled() {
            return false;
        }
        control.epoch = control.epoch.saturating_add(1);
        let number = self.abandon(&mut control, RUNTIME_IDLE);
        drop(control);
        self.release(number, RUNTIME_IDLE);
        true
    }

    /// The task that carried `epoch` is gone with its runtime.
    pub(super) fn task_ended(&self, epoch: u64) {
        let mut control = self.control();
        if control.epoch == epoch {
            let number = self.abandon(&mut control, RUNTIME_ENDED);
            drop(control);
            self.release(number, RUNTIME_ENDED);
        }
    }

    /// The number to [`publish`](Self::publish) once the lock is free.
    fn abandon(&self, control: &mut Control, why: &str) -> Option<u64> {
        let number = control.fetches.abandon();
        if let Some(number) = number {
            control.lost = number;
            control.last_error = Some(FetchError::new(why));
        }
        self.tick_due.store(u64::MAX, Ordering::Relaxed);
        self.running.store(false, Ordering::Release);
        number
    }

    /// Tells the requests that wait for an abandoned fetch, and the log. Outside the lock, like
    /// `publish`.
    fn release(&self, number: Option<u64>, why: &str) {
        if let Some(number) = number {
            self.publish(number);
        }
        if !*self.closed.borrow() {
            telemetry::task_lost(&self.origin.issuer, why);
        }
    }

    /// Releases the requests that wait for this fetch or an earlier one. Outside the lock, because
    /// wakers are foreign code.
    pub(super) fn publish(&self, number: u64) {
        self.finished.send_if_modified(|last| {
            let is_newer = number > *last;
            *last = number.max(*last);
            is_newer
        });
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.created).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}

/// At least a second: clients take `Retry-After: 0` as an invitation.
fn time_until(at: Instant, now: Instant) -> Duration {
    at.saturating_duration_since(now)
        .max(Duration::from_secs(1))
}

const RUNTIME_ENDED: &str = "the task that fetches has ended with its runtime";

const RUNTIME_IDLE: &str = "the runtime that carries the fetch is not driven";

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
