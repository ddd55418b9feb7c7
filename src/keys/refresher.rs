//! The task that keeps one issuer's keys fresh, and what requests ask of it.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::flights::Flights;
use super::schedule::{Decision, FetchedAt, KidHash, Schedule, Times};
use super::seed::seeded;
use super::snapshot_file::{self, KeySnapshot};
use super::source::{FetchError, Fetched};
use super::{Answer, IssuerHealth, KeyOrigin, Lack, Life, Origin, Snapshot, time_until};
use crate::jwks::{KeySet, KeySetOptions};
use crate::limits::{FIRST_BACKOFF, MAX_REMEMBERED_KIDS};
use crate::telemetry;
use crate::time::{Clock, Now};

/// What readers hold. Dropping the last one ends the task.
#[derive(Debug)]
pub(super) struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: KeyOrigin,
    clock: Clock,
    hasher: RandomState,
    snapshot: ArcSwapOption<Snapshot>,
    /// Read on every request; written when the task starts or ends.
    running: AtomicBool,
    /// Never locked by a request that finds its key, and never held across an await.
    control: Mutex<Control>,
    born: Instant,
    /// When the task planned last, in milliseconds since `born`.
    planned: AtomicU64,
    /// The number of the last flight whose result is in place.
    landed: watch::Sender<u64>,
    /// Wakes the task: there is something to plan. Not a `Notify`, whose one permit could go to a task
    /// that was given up.
    wake: watch::Sender<()>,
    /// Ends the task.
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Control {
    schedule: Schedule,
    flights: Flights,
    /// The last flight that was abandoned.
    lost: u64,
    /// Counts the tasks started, so that one that was given up does no harm when it comes back.
    epoch: u64,
    /// When the flight under way took off, or the next was asked for.
    since: Instant,
    /// Asked for before the current flight took off, and since.
    boarded: HashSet<KidHash>,
    waiting: HashSet<KidHash>,
    last_error: Option<FetchError>,
    failures: u64,
}

impl Handle {
    pub(super) fn new(origin: KeyOrigin, clock: Clock) -> Self {
        let now = clock.now();
        let seeded = seeded(&origin, now);
        let control = Control {
            schedule: Schedule::new(origin.times, now.monotonic),
            flights: Flights::default(),
            lost: 0,
            epoch: 0,
            since: now.monotonic,
            boarded: HashSet::new(),
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
            born: now.monotonic,
            planned: AtomicU64::new(0),
            landed: watch::Sender::new(0),
            wake: watch::Sender::new(()),
            closed: watch::Sender::new(false),
        }))
    }

    pub(super) fn snapshot(&self, now: Now) -> Option<Arc<Snapshot>> {
        if self.ensure_running() {
            self.revive_if_silent(now);
        }
        let snapshot = self.0.snapshot.load_full()?;
        if snapshot.overslept(now) && self.0.silence(now) > WAKE_PAUSE {
            self.0.wake.send_replace(());
        }
        snapshot.may_serve(now).then_some(snapshot)
    }

    pub(super) async fn newer(&self, lack: Lack<'_>) -> Answer {
        let unavailable = Answer::Unavailable {
            retry_after: FIRST_BACKOFF,
        };
        if runtime::Handle::try_current().is_err() {
            // Without a runtime nothing can be waited for, even if the task runs on another.
            telemetry::no_runtime(&self.0.origin.issuer);
            return unavailable;
        }
        let mut landed = self.0.landed.subscribe();
        let deadline = Instant::now() + self.0.origin.times.timeout;
        // At most two flights: one that was under way and may have missed the key, and one that
        // took off after we asked and so has the last word.
        let (mut looks, mut lost) = (0, 0);
        while looks < 2 && lost < MOST_LOST {
            let (flight, last_word) = match self.0.ask(lack) {
                Asked::Answered(answer) => return answer,
                Asked::WaitFor { flight, last_word } => (flight, last_word),
            };
            // After the question: the task may have ended just before it.
            if !self.ensure_running() {
                return unavailable;
            }
            let landing = landed.wait_for(|done| *done >= flight);
            if timeout_at(deadline, landing).await.is_err() {
                self.0.give_up_stalled(Instant::now());
                return unavailable;
            }
            if self.0.was_lost(flight) {
                // Its runtime has ended, and ours carries the next one.
                lost += 1;
                continue;
            }
            looks += 1;
            if last_word && !self.0.may_come_back(lack) {
                break;
            }
        }
        self.0.outcome(lack)
    }

    pub(super) async fn ready(&self) -> Result<(), FetchError> {
        if self.snapshot(self.0.clock.now()).is_some() {
            return Ok(());
        }
        match self.newer(Lack::Key { kid: None, seen: 0 }).await {
            Answer::Newer(_) => Ok(()),
            Answer::Absent | Answer::Unavailable { .. } => {
                Err(self.0.control().last_error.clone().unwrap_or_else(|| {
                    FetchError::new(format!(
                        "no keys of {} arrived in time",
                        self.0.origin.issuer
                    ))
                }))
            }
        }
    }

    pub(super) fn health(&self, now: Now) -> IssuerHealth {
        let snapshot = self.0.snapshot.load_full();
        let control = self.0.control();
        let age = snapshot.as_ref().and_then(|snapshot| snapshot.age(now));
        IssuerHealth {
            ready: self.0.serving(now).is_some(),
            stale: age.is_some_and(|age| age >= self.0.origin.times.max_age),
            age,
            last_error: control.last_error.as_ref().map(ToString::to_string),
            next_attempt: (control.flights.started() > 0).then(|| {
                control
                    .schedule
                    .due(now)
                    .saturating_duration_since(now.monotonic)
            }),
            fetches: control.flights.started(),
            failures: control.failures,
            exported: self.0.exported(),
            ..IssuerHealth::new(&self.0.origin.issuer, snapshot.as_deref())
        }
    }

    /// A task that has planned nothing for longer than any of its pauses sits on a runtime that nobody
    /// drives: another one takes its place here.
    fn revive_if_silent(&self, now: Now) {
        let Times {
            max_age,
            cooldown,
            timeout,
            ..
        } = self.0.origin.times;
        let patience = max_age.max(cooldown) + timeout * 2;
        if self.0.silence(now) <= patience {
            return;
        }
        let mut control = self.0.control();
        if self.0.silence(now) > patience {
            control.epoch += 1;
            let number = self.0.abandon(&mut control, NOT_DRIVEN);
            self.0.has_planned(now.monotonic);
            drop(control);
            self.0.release(number, NOT_DRIVEN);
            self.ensure_running();
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
        let epoch = {
            let mut control = self.0.control();
            if self.0.running.swap(true, Ordering::AcqRel) {
                return true;
            }
            control.epoch += 1;
            self.0.has_planned(Instant::now());
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

/// Marks the task as gone however it ends, and lets nobody wait for a flight that will not land.
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
        if let Some(flight) = control.flights.under_way() {
            // It may have missed a key that is newer than itself. Who names no key takes what comes.
            let last_word = matches!(lack, Lack::Key { kid: None, .. });
            return Asked::WaitFor { flight, last_word };
        }
        let kid = match lack {
            Lack::Key { kid, .. } => kid.map(|kid| self.hasher.hash_one(kid)),
            Lack::Signature { .. } => None,
        };
        if !control.flights.is_requested() {
            let schedule = &mut control.schedule;
            let decision = match (lack, kid) {
                (Lack::Signature { .. }, _) => schedule.ask_for_signature(now),
                (Lack::Key { .. }, Some(kid)) if self.serving(now).is_some() => {
                    schedule.ask_for_kid(kid, now.monotonic)
                }
                (Lack::Key { .. }, _) => schedule.ask_without_keys(now.monotonic),
            };
            match decision {
                Decision::Fetch => control.since = now.monotonic,
                Decision::Absent => return Asked::Answered(Answer::Absent),
                Decision::BackOff { until } => {
                    let retry_after = time_until(until, now.monotonic);
                    return Asked::Answered(Answer::Unavailable { retry_after });
                }
            }
        }
        if let Some(kid) = kid.filter(|_| control.waiting.len() < MAX_REMEMBERED_KIDS) {
            control.waiting.insert(kid);
        }
        let flight = control.flights.request();
        drop(control);
        self.wake.send_replace(());
        Asked::WaitFor {
            flight,
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
            Some(_) => {
                let next = control.schedule.retry_at(now.monotonic);
                Answer::Unavailable {
                    retry_after: time_until(next, now.monotonic),
                }
            }
            None => Answer::Absent,
        }
    }

    fn serving(&self, now: Now) -> Option<Arc<Snapshot>> {
        self.snapshot
            .load_full()
            .filter(|snapshot| snapshot.may_serve(now))
    }

    /// Keys in use that differ from those that the request saw, and hold what it lacked.
    fn satisfied(&self, lack: Lack<'_>, now: Now) -> Option<Arc<Snapshot>> {
        self.serving(now).filter(|snapshot| match lack {
            Lack::Key { kid, seen } => {
                snapshot.generation > seen && kid.is_none_or(|kid| snapshot.keys.has_kid(kid))
            }
            Lack::Signature { seen } => snapshot.generation > seen,
        })
    }

    /// A waiter's time is over. When the flight's is too, nobody drives the runtime that carries the
    /// task: the next request starts another one on its own.
    fn give_up_stalled(&self, now: Instant) {
        let mut control = self.control();
        let patience = match control.flights.under_way() {
            // The flight ends itself at its timeout, if anybody polls it.
            Some(_) => self.origin.times.timeout * 2,
            None => self.origin.times.timeout,
        };
        let awaited = control.flights.under_way().is_some() || control.flights.is_requested();
        if awaited && now >= control.since + patience {
            control.epoch += 1;
            let number = self.abandon(&mut control, NOT_DRIVEN);
            drop(control);
            self.release(number, NOT_DRIVEN);
        }
    }

    /// The number to [`publish`](Self::publish) once the lock is free.
    fn abandon(&self, control: &mut Control, why: &str) -> Option<u64> {
        let number = control.flights.abandon();
        if let Some(number) = number {
            control.lost = number;
            control.last_error = Some(FetchError::new(why));
        }
        self.running.store(false, Ordering::Release);
        number
    }

    /// Tells those who wait for an abandoned flight, and the log. Outside the lock, as `publish`.
    fn release(&self, number: Option<u64>, why: &str) {
        self.publish(number);
        if !*self.closed.borrow() {
            telemetry::task_lost(&self.origin.issuer, why);
        }
    }

    /// Outside the lock: wakers are other people's code.
    fn publish(&self, number: Option<u64>) {
        self.landed.send_if_modified(|last| {
            let newer = number.is_some_and(|number| number > *last);
            *last = number.unwrap_or(*last).max(*last);
            newer
        });
    }

    fn was_lost(&self, flight: u64) -> bool {
        flight <= self.control().lost
    }

    /// An earlier set held the key: another replica of the issuer may hold it still.
    fn may_come_back(&self, lack: Lack<'_>) -> bool {
        let Lack::Key { kid: Some(kid), .. } = lack else {
            return false;
        };
        self.control()
            .schedule
            .was_withdrawn(self.hasher.hash_one(kid))
    }

    /// Time since the task planned last.
    fn silence(&self, now: Now) -> Duration {
        let planned = Duration::from_millis(self.planned.load(Ordering::Relaxed));
        let now = now.monotonic.saturating_duration_since(self.born);
        now.saturating_sub(planned)
    }

    fn has_planned(&self, now: Instant) {
        let since = now.saturating_duration_since(self.born).as_millis();
        self.planned
            .store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    async fn run(&self, epoch: u64) {
        let mut closed = self.closed.subscribe();
        let mut wake = self.wake.subscribe();
        let mut saving = None;
        loop {
            // Before planning: what is asked for after it wakes us again.
            wake.mark_unchanged();
            match self.plan(epoch) {
                Plan::End => return,
                Plan::Fly => tokio::select! {
                    biased;
                    () = ended(&mut closed) => return,
                    outcome = self.fly() => {
                        if self.land(epoch, outcome) {
                            self.save(&mut saving);
                        }
                    }
                },
                Plan::Sleep { until } => tokio::select! {
                    biased;
                    () = ended(&mut closed) => return,
                    _ = wake.changed() => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }

    /// Takes off when something is due or was asked for; says otherwise until when to sleep.
    fn plan(&self, epoch: u64) -> Plan {
        let now = self.clock.now();
        let mut control = self.control();
        if control.epoch != epoch {
            return Plan::End;
        }
        self.has_planned(now.monotonic);
        let until = control.schedule.due(now);
        if !control.flights.is_requested() && until > now.monotonic {
            return Plan::Sleep { until };
        }
        control.flights.take_off();
        control.since = now.monotonic;
        control.boarded = std::mem::take(&mut control.waiting);
        Plan::Fly
    }

    async fn fly(&self) -> Result<Fetched, FetchError> {
        let limit = self.origin.times.timeout;
        let in_use = self.snapshot.load_full();
        let known = in_use.as_deref().and_then(Snapshot::validators);
        let fetch = catching_panics(async { self.origin.source.fetch(known).await });
        match timeout(limit, fetch).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(Panicked)) => Err(FetchError::new(
                "the key source panicked; this is a bug in it",
            )),
            Err(_) => Err(FetchError::new(format!(
                "the keys of {} did not arrive within the timeout of {}",
                self.origin.issuer,
                humantime::format_duration(limit)
            ))),
        }
    }

    /// Puts a result in place: first the keys, then what is known about them, then the number that
    /// waiters look at.
    fn land(&self, epoch: u64, outcome: Result<Fetched, FetchError>) -> bool {
        let now = self.clock.now();
        let parsed = outcome.and_then(|fetched| self.read(fetched));
        let mut control = self.control();
        if control.epoch != epoch {
            // Given up: a later task may have brought newer keys.
            return false;
        }
        let mut recovered = false;
        let old = self.snapshot.load_full();
        let outcome = parsed.map(|set| self.adopt(set, now));
        let boarded = std::mem::take(&mut control.boarded);
        match &outcome {
            Ok(Adopted {
                snapshot,
                changed,
                max_age,
            }) => {
                control.schedule.succeeded(now, *max_age, fastrand::f64());
                let hashes = |snapshot: &Snapshot| -> HashSet<KidHash> {
                    let kids = snapshot.keys.kids().flatten();
                    kids.map(|kid| self.hasher.hash_one(kid)).collect()
                };
                let held = hashes(snapshot);
                let before = old.as_deref().filter(|_| *changed).map(hashes);
                let schedule = &mut control.schedule;
                schedule.note_withdrawn(
                    before
                        .iter()
                        .flatten()
                        .filter(|kid| !held.contains(kid))
                        .copied(),
                );
                let absent = boarded.into_iter().filter(|kid| !held.contains(kid));
                schedule.note_absent(absent, *changed, now.monotonic);
                recovered = control.last_error.take().is_some();
            }
            Err(error) => {
                control
                    .schedule
                    .failed(now.monotonic, error.wait(), fastrand::f64());
                control.failures += 1;
                control.last_error = Some(error.clone());
            }
        }
        let number = control.flights.land();
        drop(control);
        self.publish(Some(number));
        // A subscriber may take its time, or ask for the health of the keys.
        self.tell(&outcome, now);
        if recovered {
            telemetry::keys_recovered(&self.origin.issuer);
        }
        outcome.is_ok()
    }

    fn tell(&self, outcome: &Result<Adopted, FetchError>, now: Now) {
        let issuer = &self.origin.issuer;
        match outcome {
            Ok(Adopted {
                snapshot, changed, ..
            }) => {
                telemetry::keys_refreshed(
                    issuer,
                    snapshot.generation,
                    &snapshot.keys,
                    *changed,
                    now.wall,
                );
            }
            Err(error) => {
                let in_use = self.snapshot.load_full();
                let age = in_use.as_ref().and_then(|snapshot| snapshot.age(now));
                telemetry::fetch_failed(issuer, error, age, self.serving(now).is_some());
            }
        }
    }

    /// Reads a fetched set, outside the lock: it may be large.
    fn read(&self, fetched: Fetched) -> Result<ReadSet, FetchError> {
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
            (Some(document), Some((old, life))) if life.origin.document == document => (
                old.keys.clone(),
                Arc::new(Origin {
                    document,
                    validators,
                }),
                false,
            ),
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
        Ok(ReadSet {
            keys,
            origin,
            changed,
            max_age,
        })
    }

    /// Only a good set replaces the one in use, and then fully: a key that is gone is gone.
    fn adopt(&self, set: ReadSet, now: Now) -> Adopted {
        let ReadSet {
            keys,
            origin,
            changed,
            max_age,
        } = set;
        let Times {
            max_age: life,
            max_stale,
            ..
        } = self.origin.times;
        let generation = self
            .snapshot
            .load()
            .as_ref()
            .map_or(0, |old| old.generation);
        let life = Life {
            fetched: FetchedAt::now(now),
            max_age: life,
            max_stale,
            origin,
        };
        let snapshot = Arc::new(Snapshot {
            keys,
            generation: generation + u64::from(changed),
            life: Some(life),
        });
        self.snapshot.store(Some(snapshot.clone()));
        Adopted {
            snapshot,
            changed,
            max_age,
        }
    }

    /// Keeps what is in use for the next start of the process. Nobody waits for the file: while one is
    /// still being written, the next set is left to the one after it.
    fn save(&self, saving: &mut Option<JoinHandle<()>>) {
        if saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            return;
        }
        let Some(path) = self.origin.snapshot_file.clone() else {
            return;
        };
        let Some(snapshot) = self.exported() else {
            return;
        };
        let issuer = self.origin.issuer.clone();
        *saving = Some(spawn_blocking(move || {
            if let Err(error) = snapshot_file::write(&path, snapshot) {
                telemetry::snapshot_not_written(&issuer, &error);
            }
        }));
    }

    fn exported(&self) -> Option<KeySnapshot> {
        let snapshot = self.snapshot.load_full()?;
        let life = snapshot.life.as_ref()?;
        Some(KeySnapshot {
            issuer: self.origin.issuer.to_string(),
            fetched_at: life.fetched.unix_seconds(),
            jwks: String::from_utf8(life.origin.document.clone()).ok()?,
        })
    }
}

/// The last handle is gone.
async fn ended(closed: &mut watch::Receiver<bool>) {
    // The sender lives in `Shared`, so it cannot be gone first.
    let _ = closed.wait_for(|closed| *closed).await;
}

enum Plan {
    End,
    Fly,
    Sleep { until: Instant },
}

struct ReadSet {
    keys: Arc<KeySet>,
    origin: Arc<Origin>,
    changed: bool,
    max_age: Option<Duration>,
}

struct Adopted {
    snapshot: Arc<Snapshot>,
    changed: bool,
    max_age: Option<Duration>,
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

/// How often a machine that slept is told so until it has noticed.
const WAKE_PAUSE: Duration = Duration::from_secs(1);

/// How many runtimes may end under one waiter before it gives up.
const MOST_LOST: u32 = 3;

const ENDED: &str = "the task that fetches has ended with its runtime";

const NOT_DRIVEN: &str = "the runtime that carries the fetch is not driven";
