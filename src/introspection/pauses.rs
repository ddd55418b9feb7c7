//! When calls to an endpoint that fails pause. No clock and no I/O: the time is an argument.
//!
//! | state | begins when | a call for a new token | ends when |
//! | --- | --- | --- | --- |
//! | open | a call succeeds; at the start | is made | five failures in a row, or one with `Retry-After` |
//! | paused | the endpoint fails | is refused | its time is over |
//! | probing | a call takes the probe | is refused | the probe succeeds: open; it fails: paused, for twice as long |
//!
//! Calls for tokens that were active before are always made. Between pauses they are the probe too,
//! so that an endpoint that is down is recognised even when no new token comes.

use std::time::Duration;

use tokio::time::Instant;

use crate::base::clock::later;
use crate::limits::{FIRST_BACKOFF, INTROSPECTION_FAILURES, MAX_INTROSPECTION_PAUSE};

#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// Failures in a row.
    failures: u32,
    pause: Option<Pause>,
    /// The number of pauses and recoveries so far: a call that began before the last one says
    /// nothing about what came after.
    epoch: u64,
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    /// Without the `Retry-After` of the endpoint.
    length: Duration,
    is_probing: bool,
}

/// A call that was let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    epoch: u64,
    is_probe: bool,
}

impl Pauses {
    /// The time for which a call for a new token is refused; `None` if it may be made.
    pub(super) fn refuses_new(&self, now: Instant) -> Option<Duration> {
        let pause = self.pause.as_ref()?;
        match pause.until.saturating_duration_since(now) {
            Duration::ZERO if pause.is_probing => Some(FIRST_BACKOFF),
            Duration::ZERO => None,
            left => Some(left),
        }
    }

    /// Whether the endpoint is known to fail.
    pub(super) const fn is_failing(&self) -> bool {
        self.pause.is_some()
    }

    /// The time until the pause ends; `None` without one.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let pause = self.pause.as_ref()?;
        Some(pause.until.saturating_duration_since(now))
    }

    /// Lets a call through, or says how long to wait. `is_known`: its token was active before.
    pub(super) fn begin(&mut self, is_known: bool, now: Instant) -> Result<Ticket, Duration> {
        match self.refuses_new(now) {
            Some(wait) if !is_known => return Err(wait),
            _ => {}
        }
        let is_over = |pause: &&mut Pause| !pause.is_probing && pause.until <= now;
        let is_probe = match self.pause.as_mut().filter(is_over) {
            Some(pause) => {
                pause.is_probing = true;
                true
            }
            None => false,
        };
        Ok(Ticket {
            epoch: self.epoch,
            is_probe,
        })
    }

    /// The endpoint gave a verdict. Returns whether a pause ended.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        let ended = self.pause.take().is_some();
        self.epoch = self.epoch.saturating_add(u64::from(ended));
        ended
    }

    /// The call could not be made, or was given up, or its failure may be the token's: it says
    /// nothing about the endpoint.
    pub(super) fn given_up(&mut self, ticket: Ticket) {
        if let Some(pause) = self.pause_of(ticket) {
            pause.is_probing = false;
        }
    }

    /// The endpoint failed.
    pub(super) fn failed(&mut self, ticket: Ticket, retry_after: Option<Duration>, now: Instant) {
        let asked = retry_after.unwrap_or_default();
        let probed = self.pause_of(ticket).map(|pause| pause.length);
        let length = match (probed, &self.pause) {
            (Some(length), _) => length.saturating_mul(2).min(MAX_INTROSPECTION_PAUSE),
            // It began before the pause, or for a token that was active before.
            (None, Some(_)) => return,
            (None, None) if ticket.epoch != self.epoch => return,
            (None, None) => {
                self.failures = self.failures.saturating_add(1);
                if asked.is_zero() && self.failures < INTROSPECTION_FAILURES {
                    return;
                }
                FIRST_BACKOFF
            }
        };
        self.epoch = self.epoch.saturating_add(1);
        self.pause = Some(Pause {
            until: later(now, length.max(asked)),
            length,
            is_probing: false,
        });
    }

    /// The pause that this call is the probe of.
    fn pause_of(&mut self, ticket: Ticket) -> Option<&mut Pause> {
        let is_current = ticket.is_probe && ticket.epoch == self.epoch;
        self.pause.as_mut().filter(|_| is_current)
    }
}

#[cfg(test)]
mod tests;
