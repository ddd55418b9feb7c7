//! What the processes of a fleet share, in a Redis or Valkey that the user runs already.
//!
//! Nobody who can write to the store may let a token in: what decides about one is sealed
//! ([`seal`]). And no token that a single process could judge needs the store.
//!
//! [`commands`] is what is asked of the server, one method for each command. [`Store`] is how it is
//! asked: with a limit on time, and seldom while it fails.

pub(crate) mod commands;
pub(crate) mod keys;
#[cfg(any(test, feature = "test-util"))]
pub(crate) mod memory;
pub(crate) mod redis;
pub(crate) mod replays;
pub(crate) mod revoked;
pub(crate) mod seal;
pub(crate) mod sessions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use self::commands::{Commands, StoreError, StoreErrorKind};
use self::seal::Seals;
use crate::base::clock::{Clock, later};
use crate::limits::MAX_FLEET_WAIT;

/// The store of one fleet, as one process uses it.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) seals: Seals,
    pub(crate) clock: Clock,
    /// The limit of a call.
    pub(crate) timeout: Duration,
    state: Mutex<State>,
}

/// How the last calls ended.
#[derive(Debug, Default)]
struct State {
    failures_in_a_row: u32,
    /// While the store fails: no call before this time but one.
    next_attempt: Option<Instant>,
}

impl Store {
    pub(crate) fn new(
        commands: Arc<dyn Commands>,
        seals: Seals,
        clock: Clock,
        timeout: Duration,
    ) -> Self {
        let state = Mutex::default();
        Self {
            commands,
            seals,
            clock,
            timeout,
            state,
        }
    }

    /// The limit of what a request asks of the store, of all its commands together.
    pub(crate) fn request_limit(&self) -> Duration {
        self.timeout.min(MAX_FLEET_WAIT)
    }

    /// Makes a call and waits for its answer, at most `limit`. A call that got no answer may have
    /// been executed, or may be later, so it is not repeated.
    ///
    /// After three failures in a row, one call per second is made, and the others fail at once: a
    /// store that is down must not cost each request the limit.
    pub(crate) async fn call<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if !self.may_call() {
            return Err(unreachable("not asked: the store did not answer lately"));
        }
        let answer = timeout(limit, call).await;
        let answer = answer.unwrap_or_else(|_| {
            let limit = humantime::format_duration(limit);
            Err(unreachable(&format!("no answer within {limit}")))
        });
        self.note(answer.as_ref().err());
        answer
    }

    fn may_call(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.next_attempt {
            Some(at) if now < at => false,
            Some(_) => {
                state.next_attempt = Some(later(now, RETRY));
                true
            }
            None => true,
        }
    }

    /// Only a store that does not answer is down: an error is an answer.
    fn note(&self, error: Option<&StoreError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = error.is_some_and(|error| error.kind == StoreErrorKind::Unreachable);
        if !failed {
            *state = State::default();
            return;
        }
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if state.failures_in_a_row >= FAILURES {
            state.next_attempt = Some(later(Instant::now(), RETRY));
        }
    }
}

fn unreachable(message: &str) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unreachable,
        message: message.to_owned(),
    }
}

const FAILURES: u32 = 3;
const RETRY: Duration = Duration::from_secs(1);
