//! What readers hold: the keys in use without a lock, and the wait for newer keys.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::Guard;
use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use super::fetches::{End, Step, Turns};
use super::state::Shared;
use crate::base::clock::{Clock, Now};
use crate::crypto::Algorithm;
use crate::keys::demand::{Asked, DemandOutcome, FetchId, KeyDemand};
use crate::keys::health::{IssuerHealth, verifies};
use crate::keys::key_snapshot::KeySnapshot;
use crate::keys::settings::{KeyOrigin, Seed};
use crate::keys::snapshot::Snapshot;
use crate::keys::source::FetchError;
use crate::limits::FIRST_BACKOFF;
use crate::telemetry;

/// What readers hold. Dropping the last one ends the task.
#[derive(Debug)]
pub(in crate::keys) struct Handle(Arc<Shared>);

impl Handle {
    pub(in crate::keys) fn new(origin: KeyOrigin, clock: Clock) -> Self {
        Self(Arc::new(Shared::new(origin, clock)))
    }

    /// The keys in use. Starts the task if it does not run.
    pub(in crate::keys) fn in_use(&self, now: Now) -> Guard<Option<Arc<Snapshot>>> {
        self.ensure_running();
        let in_use = self.0.snapshot.load();
        if in_use.as_ref().is_some_and(|keys| keys.is_fresh(now)) {
            // Even if the task is lost, it is not late yet.
            return in_use;
        }
        self.restart_if_stalled(now.monotonic);
        if in_use.as_ref().is_some_and(|keys| keys.missed_refresh(now)) {
            self.0.wake_if_due(now);
        }
        in_use
    }

    pub(in crate::keys) fn is_running(&self) -> bool {
        self.0.running.load(Ordering::Acquire)
    }

    pub(in crate::keys) fn would_find_absent(&self, demand: KeyDemand<'_>, now: Now) -> bool {
        self.0.would_find_absent(demand, now)
    }

    pub(in crate::keys) fn ask(&self, demand: KeyDemand<'_>, now: Now) -> Asked {
        if runtime::Handle::try_current().is_err() {
            // Nothing can be waited for without a runtime, even if the task runs on another one.
            telemetry::no_runtime(&self.0.origin.issuer, "keys can only be fetched");
            return Asked::Answered(UNAVAILABLE);
        }
        match self.0.ask(demand, now) {
            // Checked after the question: the task may have ended just before it.
            Asked::WaitFor(_) if !self.ensure_running() => Asked::Answered(UNAVAILABLE),
            asked => asked,
        }
    }

    /// Waits for `fetch`, and for the fetches that must follow it, at most the fetch timeout.
    pub(in crate::keys) async fn wait(
        &self,
        demand: KeyDemand<'_>,
        mut fetch: FetchId,
    ) -> DemandOutcome {
        let mut finished = self.0.finished.subscribe();
        let deadline = Instant::now().checked_add(self.0.origin.times.timeout);
        let deadline = deadline.unwrap_or_else(Instant::now);
        let mut turns = Turns::default();
        loop {
            let end = finished.wait_for(|last| *last >= fetch.number);
            if timeout_at(deadline, end).await.is_err() {
                self.restart_if_stalled(Instant::now());
                return UNAVAILABLE;
            }
            let end = match self.0.was_lost(fetch.number) {
                true => End::Lost,
                false => End::Finished,
            };
            match turns.next_step(self.0.judged(fetch), end, || self.0.may_come_back(demand)) {
                Step::Conclude => return self.0.outcome(demand, fetch.number),
                Step::AskAgain => {}
            }
            fetch = match self.ask(demand, self.0.clock.now()) {
                Asked::Answered(outcome) => return outcome,
                Asked::WaitFor(fetch) => fetch,
            };
        }
    }

    pub(in crate::keys) async fn ready(&self) -> Result<(), FetchError> {
        let now = self.0.clock.now();
        let serving = |keys: &Arc<Snapshot>| keys.may_serve(now);
        if self.in_use(now).as_ref().is_some_and(serving) {
            return Ok(());
        }
        let demand = KeyDemand::Key { kid: None, seen: 0 };
        let outcome = match self.ask(demand, now) {
            Asked::Answered(outcome) => outcome,
            Asked::WaitFor(fetch) => self.wait(demand, fetch).await,
        };
        match outcome {
            DemandOutcome::Newer(_) => Ok(()),
            DemandOutcome::Absent
            | DemandOutcome::TooMany { .. }
            | DemandOutcome::Unavailable { .. } => Err(self.why_not_ready()),
        }
    }

    pub(in crate::keys) fn health(&self, allowed: &[Algorithm], now: Now) -> IssuerHealth {
        let snapshot = self.0.snapshot.load_full();
        let control = self.0.control();
        let age = snapshot.as_ref().and_then(|snapshot| snapshot.age(now));
        IssuerHealth {
            ready: (self.0.serving(now)).is_some_and(|it| verifies(&it.keys, allowed)),
            stale: age.is_some_and(|age| age >= self.0.origin.times.max_age),
            age,
            last_error: control.last_error.as_ref().map(ToString::to_string),
            next_attempt: (control.fetches.started() > 0).then(|| {
                let due = control.due(now);
                due.saturating_duration_since(now.monotonic)
            }),
            fetches: control.fetches_started(),
            failures: control.failures,
            snapshot_error: self.0.snapshot_error(),
            ..IssuerHealth::new(&self.0.origin.issuer, snapshot.as_deref(), allowed)
        }
    }

    pub(in crate::keys) fn seed(&self) -> Option<Seed> {
        self.0.snapshot.load().as_ref()?.seed()
    }

    pub(in crate::keys) fn export(&self) -> Option<KeySnapshot> {
        let snapshot = self.0.snapshot.load_full()?;
        snapshot.export(&self.0.origin.issuer)
    }

    fn why_not_ready(&self) -> FetchError {
        let last_error = self.0.control().last_error.clone();
        last_error.unwrap_or_else(|| {
            let issuer = &self.0.origin.issuer;
            FetchError::new(format!("no keys of {issuer} arrived in time"))
        })
    }

    /// Starts the task here when the runtime that carries it is not driven.
    fn restart_if_stalled(&self, now: Instant) {
        if self.0.give_up_if_stalled(now) {
            self.ensure_running();
        }
    }

    /// Starts the task unless it runs; also when the runtime that carried it is gone. Returns
    /// `false` when there is no runtime to start it on.
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
            control.epoch = control.epoch.saturating_add(1);
            self.0
                .expect_tick(Instant::now(), self.0.origin.times.timeout);
            control.epoch
        };
        // The guard exists before the task is spawned, so that it also runs when the runtime drops
        // the task without a poll. A runtime that shuts down does so at once: the lock must be
        // free.
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

/// Marks the task as gone however it ends, so that no request waits for a fetch that cannot finish.
struct Running {
    shared: Arc<Shared>,
    epoch: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.task_ended(self.epoch);
    }
}

/// Nothing can be waited for.
const UNAVAILABLE: DemandOutcome = DemandOutcome::Unavailable {
    retry_after: FIRST_BACKOFF,
};
