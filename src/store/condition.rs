//! How the store does: what the last calls told, and the last look at its memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::commands::{ServerMemory, StoreError, StoreErrorKind};
use crate::base::clock::{is_due, later};
use crate::limits::{STORE_FAILURES, STORE_PAUSE};
use crate::telemetry;

#[derive(Debug, Default)]
pub(crate) struct Condition {
    calls: Mutex<Calls>,
    memory: Mutex<Memory>,
    /// Proofs or revocations are in the store. Keys may go: they are fetched again.
    must_not_evict: AtomicBool,
}

/// How the last calls ended.
#[derive(Debug, Default)]
struct Calls {
    failures_in_a_row: u32,
    /// While the store is down: no call before this time but one.
    next_attempt: Option<Instant>,
    has_answered: bool,
    last_error: Option<String>,
    full_told: Option<Instant>,
    refused_told: Option<Instant>,
}

/// What the last look told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// What must stay is evicted, or was.
    pub(crate) evicts: bool,
    /// The part of `maxmemory` that is used.
    pub(crate) fullness: Option<f64>,
    evicted_keys: u64,
    is_filling: bool,
}

impl Condition {
    /// Proofs or revocations are kept in the store.
    pub(crate) fn must_not_evict(&self) {
        self.must_not_evict.store(true, Ordering::Relaxed);
    }

    /// Whether a call may be made now. While the store is down, who is told so must make one.
    pub(super) fn may_call(&self) -> bool {
        let now = Instant::now();
        let mut calls = self.calls();
        match calls.next_attempt {
            Some(at) if now < at => false,
            Some(_) => {
                calls.next_attempt = Some(later(now, STORE_PAUSE));
                true
            }
            None => true,
        }
    }

    /// A call has ended, with this error or without one.
    pub(super) fn note(&self, error: Option<&StoreError>) {
        match self.note_quietly(error) {
            Some(Change::Down(why)) => telemetry::store_down(&why),
            Some(Change::Up) => telemetry::store_up(),
            None => {}
        }
        match error {
            Some(error) if error.kind == StoreErrorKind::Full => {
                let is_due = is_due(&mut self.calls().full_told, TOLD_AGAIN, Instant::now());
                is_due.then(|| telemetry::store_full(error));
            }
            // Other calls may be allowed, so that the store is not down.
            Some(error) if error.kind == StoreErrorKind::Refused => {
                let is_due = is_due(&mut self.calls().refused_told, TOLD_AGAIN, Instant::now());
                is_due.then(|| telemetry::store_refuses(error));
            }
            _ => {}
        }
    }

    /// A store that refuses us is as good as down. Any other error is an answer.
    fn note_quietly(&self, error: Option<&StoreError>) -> Option<Change> {
        use StoreErrorKind::{Refused, Unreachable};
        let failure = error.filter(|error| matches!(error.kind, Refused | Unreachable));
        let mut calls = self.calls();
        calls.last_error = error.map(|error| error.message.clone());
        let Some(failure) = failure else {
            let was_down = calls.next_attempt.take().is_some();
            calls.failures_in_a_row = 0;
            calls.has_answered = true;
            return was_down.then_some(Change::Up);
        };
        calls.failures_in_a_row = calls.failures_in_a_row.saturating_add(1);
        if calls.failures_in_a_row < STORE_FAILURES {
            return None;
        }
        let was_down = calls.next_attempt.is_some();
        calls.next_attempt = Some(later(Instant::now(), STORE_PAUSE));
        (!was_down).then(|| Change::Down(failure.message.clone()))
    }

    /// What `INFO` of each server told.
    pub(super) fn look(&self, servers: &[ServerMemory]) {
        let must_stay = self.must_not_evict.load(Ordering::Relaxed);
        let limited = || servers.iter().filter(|server| limit(server).is_some());
        let evicting = limited().find(|server| must_stay && evicts(server));
        let evicted = limited().filter_map(|server| server.evicted_keys);
        let evicted = evicted.fold(0, u64::saturating_add);
        let keeping = limited().filter(|server| !evicts(server));
        let fullest = keeping.filter_map(fullness).reduce(f64::max);
        let now = Memory {
            evicts: evicting.is_some(),
            fullness: limited().filter_map(fullness).reduce(f64::max),
            evicted_keys: evicted,
            is_filling: fullest.is_some_and(|part| part >= FILLING),
        };
        let before = {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *memory, now)
        };
        let has_evicted = before.evicts && evicted > before.evicted_keys;
        if let Some(server) = evicting.filter(|_| !before.evicts || has_evicted) {
            let policy = server.maxmemory_policy.as_deref();
            telemetry::store_evicts(policy.unwrap_or("unknown"), evicted);
        }
        if let Some(part) = fullest.filter(|_| now.is_filling && !before.is_filling) {
            telemetry::store_filling(part);
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_reachable(&self) -> bool {
        let calls = self.calls();
        calls.has_answered && calls.next_attempt.is_none()
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.calls().last_error.clone()
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Change {
    Down(String),
    Up,
}

/// `maxmemory`, if there is a limit.
fn limit(server: &ServerMemory) -> Option<u64> {
    server.maxmemory.filter(|limit| *limit > 0)
}

/// Where the policy is not told, only what was evicted tells of it.
fn evicts(server: &ServerMemory) -> bool {
    match server.maxmemory_policy.as_deref() {
        Some(policy) => policy != "noeviction",
        None => server.evicted_keys.is_some_and(|count| count > 0),
    }
}

fn fullness(server: &ServerMemory) -> Option<f64> {
    let limit = limit(server)?;
    server.used_memory.map(|used| used as f64 / limit as f64)
}

const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// Soon a store that evicts nothing takes no revocation.
const FILLING: f64 = 0.8;

#[cfg(all(test, feature = "test-util"))]
mod tests;
