//! A program revokes.

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{MINUTE, Shared, Stream, system_time};
use crate::base::clock::Now;
use crate::base::numeric_date::NumericDate;
use crate::revocation::{Kind, Record, RecordError, Revocation, Revocations, Terms};
use crate::store::commands::{EntryId, StoreError};
use crate::telemetry;

/// What [`Fleet::revoke`](crate::fleet::Fleet::revoke) has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revoked {
    /// When it will be forgotten, in whole seconds.
    pub until: SystemTime,
}

/// Why [`Fleet::revoke`](crate::fleet::Fleet::revoke) has not revoked, or not everywhere.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RevokeError {
    /// The cut lies this far in the future, and at most `leeway` is allowed: it would refuse new
    /// logins, and nothing would undo it. A time in milliseconds looks like this. Nothing was
    /// revoked.
    CutAhead(Duration),
    /// [`until`](crate::fleet::Revocation::until) is this much later than `revocation_keep` from
    /// now, when the fleet forgets. Nothing was revoked.
    UntilTooLate(Duration),
    /// `revocations_limit` distinct revocations are in force. Nothing was revoked, and nothing that
    /// was revoked is forgotten.
    RevocationsFull,
    /// This process refuses the tokens from now on, but the store did not take the revocation: the
    /// others do not know. They hear of it when the store works again, if this process lives until
    /// then. Call again to be sure.
    NotShared(StoreFault),
    /// The fleet was set up without revocations. Nothing was revoked.
    TurnedOff,
}

/// What the store answered, or that it did not. Shows no names and no credentials.
#[derive(Clone, Debug)]
pub struct StoreFault(StoreError);

impl Stream {
    /// Applies to this process at once, and to the others when the store has it.
    pub(crate) async fn revoke(
        &self,
        list: &Revocations,
        revocation: &Revocation,
    ) -> Result<Revoked, RevokeError> {
        let shared = &self.0;
        // Heals, should the store not answer.
        shared.ensure_running();
        let now = shared.store.clock.now();
        let record = shared.record(list, revocation, now)?;
        list.add(record, now)
            .map_err(|_| RevokeError::RevocationsFull)?;
        telemetry::revocations_known(list.len());
        shared.control().unshared.begin(record, list);
        let id = shared.share(revocation.kind(), record).await;
        let id = id.map_err(|error| RevokeError::NotShared(StoreFault(error)))?;
        shared.trim(id, now, list.keep()).await;
        let until = system_time(record.until);
        Ok(Revoked { until })
    }

    /// The same with a cut at `cut`, but adds no second entry if the store has this one.
    pub(crate) async fn revoke_once(
        &self,
        list: &Revocations,
        revocation: Revocation,
        cut: NumericDate,
    ) -> Result<(), RevokeError> {
        let shared = &self.0;
        // Counted from the cut: what is revoked again has the same end.
        let keep = list.keep().saturating_sub(shared.leeway());
        let revocation = revocation
            .issued_before(system_time(cut.unix_seconds()))
            .until(system_time(cut.plus(keep).unix_seconds()));
        let now = shared.store.clock.now();
        let record = shared.record(list, &revocation, now)?;
        let has_ended = record.until <= now.wall.unix_seconds();
        let is_there = list.has(&record, now) && !shared.control().unshared.has(&record);
        match has_ended || is_there {
            true => Ok(()),
            false => self.revoke(list, &revocation).await.map(drop),
        }
    }
}

impl Shared {
    fn record(
        &self,
        list: &Revocations,
        revocation: &Revocation,
        now: Now,
    ) -> Result<Record, RevokeError> {
        let terms = Terms {
            now: now.wall,
            keep: list.keep(),
            leeway: self.leeway(),
        };
        let record = revocation.record(&self.seal.revoked, terms);
        record.map_err(|error| match error {
            RecordError::CutAhead(ahead) => RevokeError::CutAhead(ahead),
            RecordError::UntilTooLate(beyond) => RevokeError::UntilTooLate(beyond),
        })
    }

    async fn share(&self, kind: Kind, record: Record) -> Result<EntryId, StoreError> {
        let mut sharing = Sharing {
            shared: self,
            kind,
            record,
            is_done: false,
        };
        let added = self.append(record).await;
        sharing.is_done = added.is_ok();
        added
    }

    fn add_absent(&self, record: Record) {
        self.control().ask([record]);
        self.healing.send_replace(());
    }

    /// Removes what nobody needs any more, at most once a minute. `id` is what the store gave, so
    /// that a process with a wrong clock removes nothing. Our own time is only a bound: somebody
    /// may have put an id of the far future there, after which the store gives later ones.
    async fn trim(&self, id: EntryId, now: Now, keep: Duration) {
        if !self.control().may_trim(now.monotonic) {
            return;
        }
        let bound = now.wall.plus(self.leeway()).unix_seconds();
        let time = id.milliseconds.min(bound.saturating_mul(1_000));
        // The clock of who revoked may have been ahead of the store's.
        let kept = keep.saturating_add(self.leeway()).as_millis();
        let before = EntryId {
            milliseconds: time.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX)),
            sequence: 0,
        };
        // What is not removed now is removed later.
        let _ = self
            .call(self.store.commands.trim(&self.name, before))
            .await;
    }
}

/// A revocation that the store is told of. Whoever heals adds it if the store did not confirm it,
/// also when the caller does not wait for that.
struct Sharing<'s> {
    shared: &'s Shared,
    kind: Kind,
    record: Record,
    is_done: bool,
}

impl Drop for Sharing<'_> {
    fn drop(&mut self) {
        telemetry::revoked(self.kind.name(), self.is_done);
        match self.is_done {
            true => self.shared.control().unshared.end(&self.record),
            false => self.shared.add_absent(self.record),
        }
    }
}

impl super::Control {
    fn may_trim(&mut self, now: Instant) -> bool {
        let is_due = |trimmed| now.saturating_duration_since(trimmed) >= MINUTE;
        let due = self.trimmed.is_none_or(is_due);
        if due {
            self.trimmed = Some(now);
        }
        due
    }
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |time: &Duration| humantime::format_duration(Duration::from_secs(time.as_secs()));
        match self {
            Self::CutAhead(ahead) => write!(
                f,
                "the cut is {} in the future: nothing was revoked. Give the time in seconds, of a \
                 moment that is past",
                shown(ahead)
            ),
            Self::UntilTooLate(beyond) => write!(
                f,
                "the revocation would last {} longer than revocation_keep: nothing was revoked. \
                 Leave out until(..), or raise revocation_keep",
                shown(beyond)
            ),
            Self::RevocationsFull => f.write_str(
                "as many revocations as revocations_limit are in force: nothing was revoked. Raise \
                 revocations_limit, or shorten revocation_keep and the life of tokens",
            ),
            Self::NotShared(_) => f.write_str(
                "the revocation holds in this process only, because the store did not take it: \
                 revoke again",
            ),
            Self::TurnedOff => f.write_str(
                "the fleet was set up without revocations: nothing was revoked. Turn revocations on",
            ),
        }
    }
}

impl std::error::Error for RevokeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotShared(fault) => Some(fault),
            _ => None,
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StoreFault {}
