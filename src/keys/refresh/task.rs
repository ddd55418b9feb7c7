//! The task that keeps one issuer's keys fresh. Only the task fetches and stores keys.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use super::adopt::Adopted;
use super::kids::KidHash;
use super::schedule::RetryAfter;
use super::state::{Control, Shared};
use crate::base::clock::Now;
use crate::base::panics::{Panicked, catching_panics};
use crate::keys::persist::file as snapshot_file;
use crate::keys::report::{counts, report_faults};
use crate::keys::snapshot::{FetchedAt, Snapshot};
use crate::keys::source::{FetchError, FetchRequest, Fetched};
use crate::telemetry;

impl Shared {
    pub(super) async fn run(&self, epoch: u64) {
        let mut closed = self.closed.subscribe();
        let mut wake = self.wake.subscribe();
        let mut saving = None;
        loop {
            // Before planning, so that a request that asks later wakes the task again.
            wake.mark_unchanged();
            match self.plan(epoch) {
                Plan::End => return,
                Plan::Fetch { since } => tokio::select! {
                    biased;
                    () = ended(&mut closed) => return,
                    () = self.turn(epoch, since, &mut saving) => {}
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

    /// Starts a fetch when one is due or requested, or says until when to sleep.
    fn plan(&self, epoch: u64) -> Plan {
        let now = self.clock.now();
        let mut control = self.control();
        if control.epoch != epoch {
            return Plan::End;
        }
        let late = self.origin.times.timeout.saturating_mul(2);
        let until = control.due(now);
        if !control.fetches.is_requested() && until > now.monotonic {
            self.expect_tick(until, late);
            return Plan::Sleep { until };
        }
        self.expect_tick(now.monotonic, late);
        control.fetches.start();
        control.asked_before_start = std::mem::take(&mut control.asked_since);
        Plan::Fetch {
            since: now.monotonic,
        }
    }

    async fn turn(&self, epoch: u64, since: Instant, saving: &mut Option<JoinHandle<()>>) {
        #[cfg(feature = "redis")]
        if let Some(sharing) = &self.origin.shared {
            return self.turn_in_fleet(sharing, epoch, since, saving).await;
        }
        let outcome = self.fetch().await;
        if self.finish(epoch, since, outcome) {
            self.save(saving);
        }
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, FetchError> {
        let limit = self.origin.times.timeout;
        let in_use = self.snapshot.load_full();
        let mut request = FetchRequest::new(&self.origin.issuer, limit);
        request.after_failure = self.control().last_error.is_some();
        request.validators = in_use.as_deref().and_then(Snapshot::validators);
        let fetch = catching_panics(async { self.origin.source.fetch(request).await });
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
    /// requests wait for. Returns whether there are keys to save.
    pub(super) fn finish(
        &self,
        epoch: u64,
        since: Instant,
        outcome: Result<Fetched, FetchError>,
    ) -> bool {
        let now = self.clock.now();
        let took = now.monotonic.saturating_duration_since(since);
        let read = outcome.and_then(|fetched| self.read(fetched));
        let mut control = self.control();
        if control.epoch != epoch {
            // The task was given up: a later one may have brought newer keys.
            return false;
        }
        let old = self.snapshot.load_full();
        let fetched = FetchedAt::now(now);
        let outcome = read.map(|set| self.adopt(set, fetched));
        let has_recovered = outcome.is_ok() && control.last_error.is_some();
        match &outcome {
            Ok(adopted) => {
                let asked = std::mem::take(&mut control.asked_before_start);
                self.note_success(&mut control, old.as_deref(), adopted, fetched, asked, now);
            }
            Err(error) => note_failure(&mut control, old.as_deref(), error, now),
        }
        let number = control.fetches.finish();
        #[cfg(feature = "redis")]
        control.note_own_fetch(number, outcome.as_ref().map(|adopted| adopted.max_age).ok());
        drop(control);
        self.publish(number);
        // After the lock and the waiters: a subscriber may be slow, or ask for the health of the
        // keys.
        self.report(&outcome, took, now);
        if has_recovered {
            telemetry::keys_recovered(&self.origin.issuer);
        }
        outcome.is_ok()
    }

    /// `asked`: the `kid`s that the set proves absent unless it holds them.
    pub(super) fn note_success(
        &self,
        control: &mut Control,
        old: Option<&Snapshot>,
        adopted: &Adopted,
        fetched: FetchedAt,
        asked: HashSet<KidHash>,
        now: Now,
    ) {
        let hashes = |snapshot: &Snapshot| -> HashSet<KidHash> {
            let kids = snapshot.keys.kids().flatten();
            kids.map(|kid| self.hasher.hash_one(kid)).collect()
        };
        let held = hashes(&adopted.snapshot);
        let before = old.filter(|_| adopted.changed).map(hashes);
        let withdrawn = before.iter().flatten().filter(|kid| !held.contains(kid));
        let lacked = asked.into_iter().filter(|kid| !held.contains(kid));

        let schedule = &mut control.schedule;
        schedule.succeeded(fetched, adopted.max_age, fastrand::f64());
        schedule.note_withdrawn(withdrawn.copied());
        schedule.note_lacked(lacked, adopted.changed, now.monotonic);
        control.last_error = None;
    }

    fn report(&self, outcome: &Result<Adopted, FetchError>, took: Duration, now: Now) {
        let issuer = &self.origin.issuer;
        let labelled = self.origin.labelled();
        match outcome {
            Ok(Adopted {
                snapshot,
                changed,
                has_new_faults,
                ..
            }) => {
                let keys = &snapshot.keys;
                let allowed = &self.origin.algorithms;
                let (generation, counts) = (snapshot.generation, counts(keys, allowed));
                let now = now.wall.unix_seconds();
                telemetry::keys_refreshed(labelled, generation, counts, *changed, took, now);
                if *changed || *has_new_faults {
                    report_faults(issuer, keys, allowed);
                }
            }
            Err(error) => {
                let in_use = self.snapshot.load_full();
                let age = in_use.as_ref().and_then(|snapshot| snapshot.age(now));
                let serving = self.serving(now).is_some();
                telemetry::fetch_failed(labelled, error, age, took, serving);
            }
        }
    }

    /// Saves the keys in use for the next start of the process. Nothing waits for the file: while
    /// one set is being written, the next is skipped, and the one after it is written again.
    pub(super) fn save(&self, saving: &mut Option<JoinHandle<()>>) {
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
        let unsaved = self.unsaved.clone();
        *saving = Some(spawn_blocking(move || {
            let path_shown = path.to_string_lossy();
            let error = snapshot_file::write(&path, snapshot).err();
            if let Some(error) = &error {
                telemetry::snapshot_not_written(&issuer, &path_shown, error);
            }
            let error = error.map(|error| format!("{path_shown}: {error}"));
            *unsaved.lock().unwrap_or_else(PoisonError::into_inner) = error;
        }));
    }
}

fn note_failure(control: &mut Control, in_use: Option<&Snapshot>, error: &FetchError, now: Now) {
    control.asked_before_start.clear();
    let retry_after = error.wait().map(|asked| RetryAfter {
        asked,
        serving_for: in_use.and_then(|keys| keys.serves_for(now)),
    });
    control
        .schedule
        .failed(now.monotonic, retry_after, fastrand::f64());
    control.failures = control.failures.saturating_add(1);
    control.last_error = Some(error.clone());
}

/// Completes when the last handle is gone.
async fn ended(closed: &mut watch::Receiver<bool>) {
    // The sender lives in `Shared`, so it cannot be gone first.
    let _ = closed.wait_for(|closed| *closed).await;
}

enum Plan {
    /// A later task has taken over.
    End,
    Fetch {
        since: Instant,
    },
    Sleep {
        until: Instant,
    },
}
