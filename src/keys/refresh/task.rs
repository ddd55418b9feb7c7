//! The task that keeps one issuer's keys fresh: the only one that fetches, and the only one that stores.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::hash::BuildHasher as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use super::schedule::KidHash;
use super::state::Shared;
use crate::base::clock::Now;
use crate::jwks::{KeySet, KeySetOptions};
use crate::keys::health::{counts, report_faults};
use crate::keys::persist::file as snapshot_file;
use crate::keys::snapshot::{FetchedAt, Life, Origin, Snapshot};
use crate::keys::source::{FetchError, Fetched};
use crate::telemetry;

impl Shared {
    pub(in crate::keys) async fn run(&self, epoch: u64) {
        let mut closed = self.closed.subscribe();
        let mut wake = self.wake.subscribe();
        let mut saving = None;
        loop {
            // Before planning: what is asked for after it wakes us again.
            wake.mark_unchanged();
            match self.plan(epoch) {
                Plan::End => return,
                Plan::Fetch => tokio::select! {
                    biased;
                    () = ended(&mut closed) => return,
                    outcome = self.fetch() => {
                        if self.finish(epoch, outcome) {
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
        self.note_tick(now.monotonic);
        let until = control.schedule.due(now);
        if !control.fetches.is_requested() && until > now.monotonic {
            return Plan::Sleep { until };
        }
        control.fetches.start();
        control.since = now.monotonic;
        control.asked_before_start = std::mem::take(&mut control.waiting);
        Plan::Fetch
    }

    async fn fetch(&self) -> Result<Fetched, FetchError> {
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
    fn finish(&self, epoch: u64, outcome: Result<Fetched, FetchError>) -> bool {
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
        let asked_before_start = std::mem::take(&mut control.asked_before_start);
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
                let absent = asked_before_start
                    .into_iter()
                    .filter(|kid| !held.contains(kid));
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
        let number = control.fetches.finish();
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
                let keys = &snapshot.keys;
                let now = now.wall.unix_seconds();
                telemetry::keys_refreshed(issuer, snapshot.generation, counts(keys), *changed, now);
                if *changed {
                    report_faults(issuer, keys);
                }
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
        let generation = self
            .snapshot
            .load()
            .as_ref()
            .map_or(0, |old| old.generation);
        let life = Life::new(FetchedAt::now(now), self.origin.times, origin);
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
        let in_use = self.snapshot.load_full();
        let Some(snapshot) = in_use.and_then(|keys| keys.export(&self.origin.issuer)) else {
            return;
        };
        let issuer = self.origin.issuer.clone();
        *saving = Some(spawn_blocking(move || {
            if let Err(error) = snapshot_file::write(&path, snapshot) {
                telemetry::snapshot_not_written(&issuer, &error);
            }
        }));
    }
}

/// The last handle is gone.
async fn ended(closed: &mut watch::Receiver<bool>) {
    // The sender lives in `Shared`, so it cannot be gone first.
    let _ = closed.wait_for(|closed| *closed).await;
}

enum Plan {
    End,
    Fetch,
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
