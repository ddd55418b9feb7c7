//! The task that keeps one issuer's keys fresh, and the protocol between it and waiting requests.
//!
//! Flights are numbered. A request that needs a fetch learns, under the lock, the number of the flight
//! to wait for; the task publishes the number of each finished flight after its result is in place.
//! Comparing numbers, not waiting for a signal, is what makes a wake-up impossible to lose.

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use arc_swap::ArcSwapOption;
use tokio::runtime;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::schedule::{Decision, FetchedAt, KidHash, Schedule, Times};
use super::source::{FetchError, Fetched, KeySource};
use super::{Answer, IssuerHealth, Lack, Life, Origin, Snapshot, time_until};
use crate::jwks::{KeySet, KeySetOptions};
use crate::limits::{FIRST_BACKOFF, MAX_REMEMBERED_KIDS};
use crate::telemetry;
use crate::time::{Clock, Now};

/// What readers hold. Dropping the last one ends the task.
#[derive(Debug)]
pub(super) struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    issuer: Arc<str>,
    source: Arc<dyn KeySource>,
    times: Times,
    clock: Clock,
    hasher: RandomState,
    snapshot: ArcSwapOption<Snapshot>,
    /// Read on every request; written when the task starts or ends.
    running: AtomicBool,
    /// Never locked by a request that finds its key, and never held across an await.
    control: Mutex<Control>,
    /// The number of the last flight whose result is in place.
    landed: watch::Sender<u64>,
    /// Wakes the task: there is something to plan.
    wake: Notify,
    /// Ends the task.
    closed: Notify,
}

#[derive(Debug)]
struct Control {
    schedule: Schedule,
    /// The number of the last flight that took off.
    started: u64,
    in_flight: bool,
    requested: bool,
    /// Asked for before the current flight took off, and since.
    boarded: Vec<KidHash>,
    waiting: Vec<KidHash>,
    last_error: Option<FetchError>,
    failures: u64,
}

impl Handle {
    pub(super) fn new(
        issuer: Arc<str>,
        source: Arc<dyn KeySource>,
        times: Times,
        clock: Clock,
    ) -> Self {
        let control = Control {
            schedule: Schedule::new(times, clock.now().monotonic),
            started: 0,
            in_flight: false,
            requested: false,
            boarded: Vec::new(),
            waiting: Vec::new(),
            last_error: None,
            failures: 0,
        };
        Self(Arc::new(Shared {
            issuer,
            source,
            times,
            clock,
            hasher: RandomState::new(),
            snapshot: ArcSwapOption::empty(),
            running: AtomicBool::new(false),
            control: Mutex::new(control),
            landed: watch::Sender::new(0),
            wake: Notify::new(),
            closed: Notify::new(),
        }))
    }

    pub(super) fn snapshot(&self, now: Now) -> Option<Arc<Snapshot>> {
        self.ensure_running();
        let snapshot = self.0.snapshot.load_full()?;
        if snapshot.overslept(now) {
            self.0.wake.notify_one();
        }
        snapshot.may_serve(now).then_some(snapshot)
    }

    pub(super) async fn newer(&self, lack: Lack<'_>) -> Answer {
        if !self.ensure_running() {
            // Without a runtime nothing can be fetched, nor waited for.
            telemetry::no_runtime(&self.0.issuer);
            return Answer::Unavailable {
                retry_after: FIRST_BACKOFF,
            };
        }
        let mut landed = self.0.landed.subscribe();
        let deadline = Instant::now() + self.0.times.timeout;
        // At most two flights: one that was under way and may have missed the key, and one that
        // took off after we asked and so has the last word.
        for _ in 0..2 {
            let (flight, last_word) = match self.0.ask(lack) {
                Asked::Answered(answer) => return answer,
                Asked::WaitFor { flight, last_word } => (flight, last_word),
            };
            if timeout_at(deadline, landed.wait_for(|done| *done >= flight))
                .await
                .is_err()
            {
                return Answer::Unavailable {
                    retry_after: FIRST_BACKOFF,
                };
            }
            if last_word {
                break;
            }
        }
        self.0.outcome(lack)
    }

    pub(super) async fn ready(&self) -> Result<(), FetchError> {
        if self.snapshot(self.0.clock.now()).is_some() {
            return Ok(());
        }
        match self.newer(Lack::Keys).await {
            Answer::Newer(_) => Ok(()),
            Answer::Absent | Answer::Unavailable { .. } => {
                Err(self.0.control().last_error.clone().unwrap_or_else(|| {
                    FetchError::new(format!("no keys of {} arrived in time", self.0.issuer))
                }))
            }
        }
    }

    pub(super) fn health(&self, now: Now) -> IssuerHealth {
        let snapshot = self
            .0
            .snapshot
            .load_full()
            .filter(|snapshot| snapshot.may_serve(now));
        let control = self.0.control();
        let age = snapshot.as_ref().and_then(|snapshot| snapshot.age(now));
        IssuerHealth {
            stale: age.is_some_and(|age| age >= self.0.times.max_age),
            age,
            last_error: control.last_error.as_ref().map(ToString::to_string),
            next_attempt: (control.started > 0).then(|| {
                control
                    .schedule
                    .due(now)
                    .saturating_duration_since(now.monotonic)
            }),
            fetches: control.started,
            failures: control.failures,
            ..IssuerHealth::new(&self.0.issuer, snapshot.as_deref())
        }
    }

    /// Starts the task unless it runs; also when the runtime that carried it is gone. `false` when
    /// there is no runtime to start it on.
    fn ensure_running(&self) -> bool {
        if self.0.running.load(Ordering::Acquire) {
            return true;
        }
        let Ok(runtime) = runtime::Handle::try_current() else {
            return false;
        };
        if !self.0.running.swap(true, Ordering::AcqRel) {
            // The guard is made here, so that it also runs when the runtime drops the task unpolled.
            let task = Running(self.0.clone());
            runtime.spawn(async move { task.0.run().await });
        }
        true
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.closed.notify_one();
    }
}

/// Marks the task as gone however it ends, and lets nobody wait for a flight that will not land.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut control = self.0.control();
        let lost = std::mem::take(&mut control.in_flight) || control.requested;
        if lost {
            control.started += u64::from(std::mem::take(&mut control.requested));
            control.last_error = Some(FetchError::new(
                "the runtime that carried the fetch has ended",
            ));
            self.0.landed.send_replace(control.started);
        }
        self.0.running.store(false, Ordering::Release);
    }
}

enum Asked {
    Answered(Answer),
    WaitFor {
        flight: u64,
        /// The flight takes off after the question, so that its result settles it.
        last_word: bool,
    },
}

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        // Every change below leaves the state whole, so a panic elsewhere cannot have broken it.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, lack: Lack<'_>) -> Asked {
        let now = self.clock.now();
        let mut control = self.control();
        if let Some(snapshot) = self.satisfied(lack, now) {
            return Asked::Answered(Answer::Newer(snapshot));
        }
        let kid = match lack {
            Lack::Kid { kid, .. } => Some(self.hasher.hash_one(kid)),
            Lack::Keys | Lack::Signature { .. } => None,
        };
        if control.in_flight && !matches!(lack, Lack::Signature { .. }) {
            // A first fetch is as good as any; one that was under way may have missed a new key.
            let last_word = matches!(lack, Lack::Keys);
            return Asked::WaitFor {
                flight: control.started,
                last_word,
            };
        }
        if !control.requested {
            let decision = match (lack, kid) {
                (Lack::Kid { .. }, Some(kid)) => control.schedule.ask_for_kid(kid, now.monotonic),
                (Lack::Signature { .. }, _) => control.schedule.ask_for_signature(now),
                _ => control.schedule.ask_without_keys(now.monotonic),
            };
            match decision {
                Decision::Fetch => control.requested = true,
                Decision::Absent => return Asked::Answered(Answer::Absent),
                Decision::BackOff { until } => {
                    let retry_after = time_until(until, now.monotonic);
                    return Asked::Answered(Answer::Unavailable { retry_after });
                }
            }
        }
        if let Some(kid) = kid.filter(|_| control.waiting.len() < MAX_REMEMBERED_KIDS) {
            control.waiting.push(kid);
        }
        self.wake.notify_one();
        Asked::WaitFor {
            flight: control.started + 1,
            last_word: true,
        }
    }

    /// What the flight that had the last word means for `lack`.
    fn outcome(&self, lack: Lack<'_>) -> Answer {
        let now = self.clock.now();
        if let Some(snapshot) = self.satisfied(lack, now) {
            return Answer::Newer(snapshot);
        }
        let control = self.control();
        match control.last_error {
            Some(_) => Answer::Unavailable {
                retry_after: time_until(control.schedule.due(now), now.monotonic),
            },
            None => Answer::Absent,
        }
    }

    /// Keys in use that differ from those that the request saw.
    fn satisfied(&self, lack: Lack<'_>, now: Now) -> Option<Arc<Snapshot>> {
        let snapshot = self
            .snapshot
            .load_full()
            .filter(|snapshot| snapshot.may_serve(now))?;
        let newer = match lack {
            Lack::Keys => true,
            Lack::Kid { kid, seen } => snapshot.generation > seen && snapshot.keys.has_kid(kid),
            Lack::Signature { seen } => snapshot.generation > seen,
        };
        newer.then_some(snapshot)
    }

    async fn run(&self) {
        loop {
            match self.plan() {
                Plan::Fly => tokio::select! {
                    biased;
                    () = self.closed.notified() => return,
                    outcome = self.fly() => self.land(outcome),
                },
                Plan::Sleep { until } => tokio::select! {
                    biased;
                    () = self.closed.notified() => return,
                    () = self.wake.notified() => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }

    /// Takes off when something is due or was asked for; says otherwise until when to sleep.
    fn plan(&self) -> Plan {
        let now = self.clock.now();
        let mut control = self.control();
        let until = control.schedule.due(now);
        if !control.requested && until > now.monotonic {
            return Plan::Sleep { until };
        }
        control.requested = false;
        control.in_flight = true;
        control.started += 1;
        control.boarded = std::mem::take(&mut control.waiting);
        Plan::Fly
    }

    async fn fly(&self) -> Result<Fetched, FetchError> {
        let limit = self.times.timeout;
        let in_use = self.snapshot.load_full();
        let known = in_use.as_deref().and_then(Snapshot::validators);
        let fetch = catching_panics(async { self.source.fetch(known).await });
        match timeout(limit, fetch).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(Panicked)) => Err(FetchError::new(
                "the key source panicked; this is a bug in it",
            )),
            Err(_) => Err(FetchError::new(format!(
                "the keys of {} did not arrive within the timeout of {}",
                self.issuer,
                humantime::format_duration(limit)
            ))),
        }
    }

    /// Puts a result in place: first the keys, then what is known about them, then the number that
    /// waiters look at.
    fn land(&self, outcome: Result<Fetched, FetchError>) {
        let now = self.clock.now();
        let outcome = outcome.and_then(|fetched| self.adopt(fetched, now));
        let mut control = self.control();
        let control = &mut *control;
        let boarded = std::mem::take(&mut control.boarded);
        match outcome {
            Ok(Adopted {
                snapshot,
                changed,
                max_age,
            }) => {
                control.schedule.succeeded(now, max_age, fastrand::f64());
                let held: Vec<_> = snapshot
                    .keys
                    .kids()
                    .flatten()
                    .map(|kid| self.hasher.hash_one(kid))
                    .collect();
                let absent = boarded.into_iter().filter(|kid| !held.contains(kid));
                control.schedule.note_absent(absent, changed, now.monotonic);
                control.last_error = None;
                telemetry::keys_refreshed(
                    &self.issuer,
                    snapshot.generation,
                    &snapshot.keys,
                    changed,
                );
            }
            Err(error) => {
                control
                    .schedule
                    .failed(now.monotonic, error.wait(), fastrand::f64());
                control.failures += 1;
                let in_use = self.snapshot.load_full();
                let age = in_use.as_ref().and_then(|snapshot| snapshot.age(now));
                let serving = in_use.is_some_and(|snapshot| snapshot.may_serve(now));
                telemetry::fetch_failed(&self.issuer, &error, age, serving);
                control.last_error = Some(error);
            }
        }
        control.in_flight = false;
        self.landed.send_replace(control.started);
    }

    /// Only a good set replaces the one in use, and then fully: a key that is gone is gone.
    fn adopt(&self, fetched: Fetched, now: Now) -> Result<Adopted, FetchError> {
        let old = self.snapshot.load_full();
        let published = old
            .as_deref()
            .and_then(|old| Some((old, old.life.as_ref()?)));
        let Fetched {
            document,
            max_age,
            validators,
        } = fetched;
        let (keys, origin, changed) = match (document, published) {
            (None, None) => {
                return Err(FetchError::new(
                    "the source says not modified, but no keys are in use",
                ));
            }
            (None, Some((old, life))) => (old.keys.clone(), life.origin.clone(), false),
            // The same bytes are the same keys: nothing that was verified with them is in doubt.
            (Some(document), Some((old, life))) if life.origin.document == document => {
                let origin = Arc::new(Origin {
                    document,
                    validators,
                });
                (old.keys.clone(), origin, false)
            }
            (Some(document), _) => {
                let keys = Arc::new(parse_catching_panics(&document)?);
                (
                    keys,
                    Arc::new(Origin {
                        document,
                        validators,
                    }),
                    true,
                )
            }
        };
        let Times {
            max_age: life,
            max_stale,
            ..
        } = self.times;
        let generation = old.as_ref().map_or(0, |old| old.generation) + u64::from(changed);
        let life = Life {
            fetched: FetchedAt(now),
            max_age: life,
            max_stale,
            origin,
        };
        let snapshot = Arc::new(Snapshot {
            keys,
            generation,
            life: Some(life),
        });
        self.snapshot.store(Some(snapshot.clone()));
        Ok(Adopted {
            snapshot,
            changed,
            max_age,
        })
    }
}

enum Plan {
    Fly,
    Sleep { until: Instant },
}

struct Adopted {
    snapshot: Arc<Snapshot>,
    changed: bool,
    max_age: Option<std::time::Duration>,
}

struct Panicked;

/// A panic in a source or a parser fails one fetch, not the task.
async fn catching_panics<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(
        move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(Panicked)),
        },
    )
    .await
}

fn parse_catching_panics(document: &[u8]) -> Result<KeySet, FetchError> {
    catch_unwind(|| KeySet::parse(document, KeySetOptions::default()))
        .map_err(|_| FetchError::new("reading the key set panicked; please report it"))?
        .map_err(FetchError::from)
}
