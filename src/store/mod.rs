//! What the processes of a fleet share, in a Redis or Valkey that the user runs already.
//!
//! Nobody who can write to the store may let a token in: what decides about one is sealed
//! ([`seal`]). And no token that a single process could judge needs the store.
//!
//! [`commands`] is what is asked of the server, one method for each command. [`Store`] is how it is
//! asked: with a limit on time, and seldom while it fails. [`condition`] keeps how it does.

pub(crate) mod commands;
mod condition;
pub(crate) mod keys;
#[cfg(any(test, feature = "test-util"))]
pub(crate) mod memory;
pub(crate) mod redis;
pub(crate) mod replays;
pub(crate) mod revoked;
pub(crate) mod seal;
pub(crate) mod sessions;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use self::commands::{Commands, StoreError, StoreErrorKind};
use self::condition::Condition;
use self::seal::Seals;
use self::watch::Watch;
use crate::base::clock::Clock;
use crate::limits::{MAX_FLEET_WAIT, STORE_CONNECT_TIMEOUT};

/// The store of one fleet, as one process uses it.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) seals: Seals,
    pub(crate) clock: Clock,
    /// The limit of a call.
    pub(crate) timeout: Duration,
    pub(crate) condition: Arc<Condition>,
    /// The largest `leeway` that a configuration has told, in milliseconds.
    leeway_ms: AtomicU64,
    watch: Watch,
}

impl Store {
    pub(crate) fn new(
        commands: Arc<dyn Commands>,
        seals: Seals,
        clock: Clock,
        timeout: Duration,
    ) -> Self {
        Self {
            commands,
            seals,
            clock,
            timeout,
            condition: Arc::default(),
            leeway_ms: AtomicU64::new(0),
            watch: Watch::default(),
        }
    }

    /// By how much the clocks of the fleet may differ, as far as configurations have told.
    pub(crate) fn leeway(&self) -> Duration {
        Duration::from_millis(self.leeway_ms.load(Ordering::Relaxed))
    }

    /// A configuration uses this store whose issuers have at most this `leeway`. It is not
    /// forgotten: other processes may go by an older list of issuers.
    pub(crate) fn note_leeway(&self, leeway: Duration) {
        let leeway = leeway.as_nanos().div_ceil(NANOS_PER_MS);
        let leeway = u64::try_from(leeway).unwrap_or(u64::MAX);
        self.leeway_ms.fetch_max(leeway, Ordering::Relaxed);
    }

    /// The limit of what a request asks of the store, of all its commands together.
    pub(crate) fn request_limit(&self) -> Duration {
        self.timeout.min(MAX_FLEET_WAIT)
    }

    /// As [`call`](Self::call), for who can wait for a connection: that has a limit of its own,
    /// which is longer than that of a call.
    pub(crate) async fn call_connected<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let connected = async {
            self.commands.connect().await?;
            within(self.timeout, call).await
        };
        let limit = self.timeout.saturating_add(STORE_CONNECT_TIMEOUT);
        self.call(limit, connected).await
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
        self.watch.start(&self.commands, &self.condition);
        if !self.condition.may_call() {
            return Err(unreachable("not asked: the store did not answer lately"));
        }
        let answer = within(limit, call).await;
        self.condition.note(answer.as_ref().err());
        answer
    }
}

/// Gives up after `limit`.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(limit, call).await.unwrap_or_else(|_| {
        let limit = humantime::format_duration(limit);
        Err(unreachable(&format!("no answer within {limit}")))
    })
}

const NANOS_PER_MS: u128 = 1_000_000;

fn unreachable(message: &str) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unreachable,
        message: message.to_owned(),
    }
}
