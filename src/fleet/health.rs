//! What is reported about a fleet: plain values, which keep nothing alive.

use std::time::{Duration, SystemTime};

use super::Fleet;
use crate::limits::SESSION_IDLE_TIME;

/// The state of a fleet, for dashboards and logs.
///
/// It is no reason to restart a process, and none to keep traffic away from it: without the store,
/// each process judges plain bearer tokens by itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FleetHealth {
    /// Whether the store answers: false before the first answer, and after
    /// [three calls](crate::limits::STORE_FAILURES) in a row without one, until the next.
    pub reachable: bool,
    /// Why the last call failed; `None` when it did not. It shows no user and no password.
    pub last_error: Option<String>,
    /// While there are two secrets: what was written under the second one is needed until then, as
    /// far as this process knows. Take the second one away not before the latest of these times of
    /// all processes.
    ///
    /// Somebody may have revoked a token, or begun a session, with the old secret just before this
    /// process started: a revocation is kept for
    /// [`revocation_keep`](super::FleetBuilder::revocation_keep), and a session for
    /// [24 hours](crate::limits::SESSION_IDLE_TIME).
    pub old_secret_needed_until: Option<SystemTime>,
    /// When the store last told this process of every revocation. `None` before the list was read,
    /// and where revocations are off.
    pub revocations_heard: Option<SystemTime>,
    /// Whether the store tells nothing of new revocations: tokens that others revoke are accepted
    /// here.
    pub revocations_behind: bool,
    /// Whether the store evicts what must stay: proofs, which then work again, or revocations. Not
    /// set where only keys are shared, and where the store has no `maxmemory`.
    pub evicts: bool,
    /// The part of `maxmemory` that is used, from 0 to 1 and more; in a cluster, that of the
    /// fullest primary. `None` before the first look, and where there is no limit.
    pub fullness: Option<f64>,
}

impl Fleet {
    /// How the store does, and what is to be done. It asks nobody: the store is looked at with the
    /// first call, and then each minute.
    #[must_use]
    pub fn health(&self) -> FleetHealth {
        let condition = &self.store().condition;
        let memory = condition.memory();
        let revoking = self.0.revoking.as_ref();
        let stream = revoking.map(|(_, stream)| stream.health(self.store().clock.now()));
        let stream_error = stream.as_ref().and_then(|stream| stream.last_error.clone());
        FleetHealth {
            reachable: condition.is_reachable(),
            last_error: condition.last_error().or(stream_error),
            old_secret_needed_until: self.old_secret_needed_until(),
            revocations_heard: stream.as_ref().and_then(|stream| stream.heard),
            revocations_behind: stream.is_some_and(|stream| stream.is_behind),
            evicts: memory.evicts,
            fullness: memory.fullness,
        }
    }

    fn old_secret_needed_until(&self) -> Option<SystemTime> {
        let secrets = self.store().seals.iter().len();
        let longest = self.revocation_keep().max(SESSION_IDLE_TIME);
        let until = Duration::from_secs(self.0.made.plus(longest).unix_seconds());
        let until = SystemTime::UNIX_EPOCH.checked_add(until);
        until.filter(|_| secrets > 1)
    }
}
