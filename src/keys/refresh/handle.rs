//! What readers hold: the keys in use without a lock, and the wait for newer ones.

use std::collections::HashSet;
use std::hash::RandomState;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::fetches::Fetches;
use super::schedule::Schedule;
use super::state::{Control, ENDED, RUNTIME_IDLE, Shared};
use crate::base::clock::{Clock, Now};
use crate::keys::demand::{Asked, DemandOutcome, FetchId, KeyDemand};
use crate::keys::health::{Exportable, IssuerHealth};
use crate::keys::persist::seed::seeded;
use crate::keys::settings::{KeyOrigin, Times};
use crate::keys::snapshot::Snapshot;
use crate::keys::source::FetchError;
use crate::limits::FIRST_BACKOFF;
use crate::telemetry;

/// What readers hold. Dropping the last one ends the task.
#[derive(Debug)]
pub(in crate::keys) struct Handle(Arc<Shared>);

impl Handle {
    pub(in crate::keys) fn new(origin: KeyOrigin, clock: Clock) -> Self {
        let now = clock.now();
        let seeded = seeded(&origin, now);
        let control = Control {
            schedule: Schedule::new(origin.times, now.monotonic),
            fetches: Fetches::default(),
            lost: 0,
            epoch: 0,
            since: now.monotonic,
            asked_before_start: HashSet::new(),
            waiting: HashSet::new(),
            last_error: None,
            failures: 0,
        };
        Self(Arc::new(Shared {
            origin,
            clock,
            hasher: RandomState::new(),
            snapshot: ArcSwapOption::new(seeded),
            running: AtomicBool::new(false),
            control: Mutex::new(control),
            created: now.monotonic,
            last_tick: AtomicU64::new(0),
            finished: watch::Sender::new(0),
            wake: watch::Sender::new(()),
            closed: watch::Sender::new(false),
        }))
    }

    pub(in crate::keys) fn in_use(&self, now: Now) -> Guard<Option<Arc<Snapshot>>> {
        let running = self.ensure_running();
        let in_use = self.0.snapshot.load();
        if in_use.as_ref().is_some_and(|keys| keys.is_fresh(now)) {
            // The task has planned since they were fetched, or is about to: nobody need look after it.
            return in_use;
        }
        if running {
            self.restart_if_stalled(now);
        }
        let missed_refresh = in_use.as_ref().is_some_and(|keys| keys.missed_refresh(now));
        if missed_refresh && self.0.since_last_tick(now) > WAKE_PAUSE {
            self.0.wake.send_replace(());
        }
        in_use
    }

    pub(in crate::keys) fn ask(&self, demand: KeyDemand<'_>, now: Now) -> Asked {
        if runtime::Handle::try_current().is_err() {
            // Without a runtime nothing can be waited for, even if the task runs on another.
            telemetry::no_runtime(&self.0.origin.issuer);
            return Asked::Answered(UNAVAILABLE);
        }
        match self.0.ask(demand, now) {
            // After the question: the task may have ended just before it.
            Asked::WaitFor(_) if !self.ensure_running() => Asked::Answered(UNAVAILABLE),
            asked => asked,
        }
    }

    pub(in crate::keys) fn is_running(&self) -> bool {
        self.0.running.load(Ordering::Acquire)
    }

    pub(in crate::keys) fn would_find_absent(&self, kid: &str, seen: u64, now: Now) -> bool {
        self.0.would_find_absent(kid, seen, now)
    }

    pub(in crate::keys) async fn wait(
        &self,
        demand: KeyDemand<'_>,
        mut fetch: FetchId,
    ) -> DemandOutcome {
        let mut finished = self.0.finished.subscribe();
        let deadline = Instant::now() + self.0.origin.times.timeout;
        // At most two fetches: one that was under way and may have missed the key, and one that
        // took off after we asked and so has the last word.
        let (mut looks, mut lost) = (0, 0);
        loop {
            let finish = finished.wait_for(|done| *done >= fetch.number);
            if timeout_at(deadline, finish).await.is_err() {
                self.0.give_up_stalled(Instant::now());
                return UNAVAILABLE;
            }
            if self.0.was_lost(fetch.number) {
                // Its runtime has ended, and ours carries the next one.
                lost += 1;
            } else {
                looks += 1;
                if fetch.is_conclusive && !self.0.may_come_back(demand) {
                    break;
                }
            }
            if looks == 2 || lost == MOST_LOST {
                break;
            }
            fetch = match self.ask(demand, self.0.clock.now()) {
                Asked::Answered(answer) => return answer,
                Asked::WaitFor(fetch) => fetch,
            };
        }
        self.0.outcome(demand)
    }

    pub(in crate::keys) async fn ready(&self) -> Result<(), FetchError> {
        let now = self.0.clock.now();
        let serving = |keys: &Arc<Snapshot>| keys.may_serve(now);
        if self.in_use(now).as_ref().is_some_and(serving) {
            return Ok(());
        }
        let demand = KeyDemand::Key { kid: None, seen: 0 };
        let answer = match self.ask(demand, now) {
            Asked::Answered(answer) => answer,
            Asked::WaitFor(fetch) => self.wait(demand, fetch).await,
        };
        match answer {
            DemandOutcome::Newer(_) => Ok(()),
            DemandOutcome::Absent | DemandOutcome::Unavailable { .. } => {
                Err(self.0.control().last_error.clone().unwrap_or_else(|| {
                    FetchError::new(format!(
                        "no keys of {} arrived in time",
                        self.0.origin.issuer
                    ))
                }))
            }
        }
    }

    pub(in crate::keys) fn health(&self, now: Now) -> IssuerHealth {
        let snapshot = self.0.snapshot.load_full();
        let control = self.0.control();
        let age = snapshot.as_ref().and_then(|snapshot| snapshot.age(now));
        IssuerHealth {
            ready: self.0.serving(now).is_some(),
            stale: age.is_some_and(|age| age >= self.0.origin.times.max_age),
            age,
            last_error: control.last_error.as_ref().map(ToString::to_string),
            next_attempt: (control.fetches.started() > 0).then(|| {
                control
                    .schedule
                    .due(now)
                    .saturating_duration_since(now.monotonic)
            }),
            fetches: control.fetches.started(),
            failures: control.failures,
            exportable: snapshot.clone().map(Exportable),
            ..IssuerHealth::new(&self.0.origin.issuer, snapshot.as_deref())
        }
    }

    /// A task that has planned nothing for longer than any of its pauses sits on a runtime that nobody
    /// drives: another one takes its place here.
    fn restart_if_stalled(&self, now: Now) {
        let Times {
            max_age,
            cooldown,
            timeout,
            ..
        } = self.0.origin.times;
        let patience = max_age.max(cooldown) + timeout * 2;
        if self.0.since_last_tick(now) <= patience {
            return;
        }
        let mut control = self.0.control();
        if self.0.since_last_tick(now) > patience {
            control.epoch += 1;
            let number = self.0.abandon(&mut control, RUNTIME_IDLE);
            self.0.note_tick(now.monotonic);
            drop(control);
            self.0.release(number, RUNTIME_IDLE);
            self.ensure_running();
        }
    }

    /// Starts the task unless it runs; also when the runtime that carried it is gone. `false` when
    /// there is no runtime to start it on.
    fn ensure_running(&self) -> bool {
        if self.is_running() {
            return true;
        }
        let Ok(runtime) = runtime::Handle::try_current() else {
            return false;
        };
        let epoch = {
            let mut control = self.0.control();
            if self.0.running.swap(true, Ordering::AcqRel) {
                return true;
            }
            control.epoch += 1;
            self.0.note_tick(Instant::now());
            control.epoch
        };
        // The guard is made here, so that it also runs when the runtime drops the task unpolled; which
        // it does at once when it is shutting down, so the lock must be free by now.
        let task = Running {
            shared: self.0.clone(),
            epoch,
        };
        runtime.spawn(async move { task.shared.run(task.epoch).await });
        true
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.closed.send_replace(true);
    }
}

/// Marks the task as gone however it ends, and lets nobody wait for a fetch that will not finish.
struct Running {
    shared: Arc<Shared>,
    epoch: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut control = self.shared.control();
        if control.epoch == self.epoch {
            let number = self.shared.abandon(&mut control, ENDED);
            drop(control);
            self.shared.release(number, ENDED);
        }
    }
}

/// There is nobody to wait for.
const UNAVAILABLE: DemandOutcome = DemandOutcome::Unavailable {
    retry_after: FIRST_BACKOFF,
};

/// How often a machine that slept is told so until it has noticed.
const WAKE_PAUSE: Duration = Duration::from_secs(1);

/// How many runtimes may end under one waiter before it gives up.
const MOST_LOST: u32 = 3;
