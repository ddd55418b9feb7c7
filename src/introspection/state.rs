//! What calls have shown of the endpoint: its pauses, and what the operator is told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::failure::Failure;
use super::health::IntrospectionHealth;
use super::pauses::{Pauses, Ticket};
use crate::base::clock::is_due;

/// Behind one lock, which is held for a few instructions.
#[derive(Debug, Default)]
pub(super) struct State(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    pauses: Pauses,
    calls: u64,
    failures: u64,
    last_success: Option<Instant>,
    last_failure: Option<(Instant, Failure)>,
    /// Whether the last call failed.
    is_failing: bool,
    /// The last events: of a failure, and of a refusal.
    reported: [Option<Instant>; 2],
}

/// A call that is under way. If it is dropped, it says nothing about the endpoint.
#[derive(Debug)]
pub(super) struct Underway<'s> {
    state: &'s State,
    ticket: Option<Ticket>,
}

impl State {
    /// As [`Pauses::refuses_new`].
    pub(super) fn refuses_new(&self, now: Instant) -> Option<Duration> {
        self.seen().pauses.refuses_new(now)
    }

    /// As [`Pauses::begin`].
    pub(super) fn begin(&self, is_known: bool, now: Instant) -> Result<Underway<'_>, Duration> {
        let mut seen = self.seen();
        let ticket = seen.pauses.begin(is_known, now)?;
        seen.calls = seen.calls.saturating_add(1);
        Ok(Underway {
            state: self,
            ticket: Some(ticket),
        })
    }

    /// Whether the endpoint is known to fail in a way that lets old answers serve.
    pub(super) fn pauses_with_stale(&self) -> bool {
        let seen = self.seen();
        seen.pauses.is_failing() && seen.allows_stale()
    }

    pub(super) fn allows_stale(&self) -> bool {
        self.seen().allows_stale()
    }

    /// The time until the pause ends; `None` without one.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.seen().pauses.left(now)
    }

    pub(super) fn health(
        &self,
        issuer: &str,
        in_flight: usize,
        answers_kept: usize,
        now: Instant,
    ) -> IntrospectionHealth {
        let seen = self.seen();
        let since = |at: Instant| now.saturating_duration_since(at);
        let failure = seen.last_failure.as_ref();
        let current = failure.filter(|_| seen.is_failing);
        IntrospectionHealth {
            issuer: issuer.to_owned(),
            since_success: seen.last_success.map(since),
            since_failure: failure.map(|(at, _)| since(*at)),
            last_error: current.map(|(_, failure)| failure.to_string()),
            refused: current.is_some_and(|(_, failure)| failure.kind().is_refusal()),
            pause: seen.pauses.left(now),
            in_flight,
            answers_kept,
            calls: seen.calls,
            failures: seen.failures,
        }
    }

    /// Every value in it is replaced as a whole, so a panic elsewhere cannot have broken one.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn allows_stale(&self) -> bool {
        let last = self.last_failure.as_ref().filter(|_| self.is_failing);
        last.is_none_or(|(_, failure)| failure.kind().allows_stale())
    }
}

impl Underway<'_> {
    /// The endpoint gave a verdict. Returns whether a pause ended.
    pub(super) fn succeeded(mut self, now: Instant) -> bool {
        self.ticket = None;
        let mut seen = self.state.seen();
        seen.last_success = Some(now);
        seen.is_failing = false;
        seen.pauses.succeeded()
    }

    /// The endpoint gave none. Returns whether the operator should be told.
    pub(super) fn failed(mut self, failure: &Failure, now: Instant) -> bool {
        let ticket = self.ticket.take();
        let mut seen = self.state.seen();
        match ticket {
            Some(ticket) if failure.kind().counts() => {
                seen.pauses.failed(ticket, failure.retry_after(), now);
            }
            Some(ticket) => seen.pauses.given_up(ticket),
            None => {}
        }
        seen.failures = seen.failures.saturating_add(1);
        seen.is_failing = true;
        seen.last_failure = Some((now, failure.clone()));
        let [failed, refused] = &mut seen.reported;
        let last = match failure.kind().is_refusal() {
            true => refused,
            false => failed,
        };
        is_due(last, BETWEEN_EVENTS, now)
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.state.seen().pauses.given_up(ticket);
        }
    }
}

/// Strangers can cause failures at will.
const BETWEEN_EVENTS: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
