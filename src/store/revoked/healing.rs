//! Entries that the store has lost come back from any process that knows them.

use std::time::Duration;

use tokio::time::sleep;

use super::position::Absent;
use super::{PAGE, Shared};
use crate::revocation::Record;
use crate::store::commands::{EntryId, StoreError, StoreErrorKind};
use crate::telemetry;

impl Shared {
    pub(super) async fn heal_when_asked(&self) {
        let mut asked = self.healing.subscribe();
        loop {
            // Before the look, so that who asks later is heard. What was asked of a task that was
            // given up is asked of this one.
            asked.mark_unchanged();
            if self.control().needs_healing() {
                self.heal().await;
            } else {
                // The sender lives in `Shared`, so it cannot be gone first.
                let _ = asked.changed().await;
            }
        }
    }

    /// Ends when the store has everything that this process knows.
    async fn heal(&self) {
        for attempt in 0_u32.. {
            // Random, so that one process is first, and the others hear its entries.
            sleep(LONGEST_WAIT.mul_f64(fastrand::f64())).await;
            if !self.control().needs_healing() {
                return;
            }
            match self.try_to_heal(attempt >= ATTEMPTS_WITH_LEASE).await {
                Ok(Healing::Done) => return,
                Ok(Healing::ByOthers | Healing::Some) | Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Adds what the stream lacks, unless another process does so now.
    async fn try_to_heal(&self, without_lease: bool) -> Result<Healing, StoreError> {
        let lease = self.seal.name("lease", &[b"revoked"]);
        let holder = fastrand::u128(..).to_be_bytes();
        let commands = &self.store.commands;
        let is_ours = self.call(commands.set_if_absent(&lease, &holder, LEASE));
        // A lease that somebody else has put there must not keep entries away for ever.
        if !is_ours.await? && !without_lease {
            return Ok(Healing::ByOthers);
        }
        let asked = self.control().asked_to_heal;
        let absent = self.read_for_absent().await?;
        for record in &absent {
            self.append(*record).await?;
        }
        let is_all = self.control().healed(asked);
        let _ = self.call(commands.remove_if(&lease, &holder)).await;
        if !absent.is_empty() {
            telemetry::revocations_healed(absent.len());
        }
        Ok(if is_all { Healing::Done } else { Healing::Some })
    }

    /// Reads the whole stream for the revocations in force that it lacks.
    async fn read_for_absent(&self) -> Result<Vec<Record>, StoreError> {
        let mut absent = Absent::new(self.in_force());
        let mut after = EntryId::default();
        loop {
            let entries = match self.page(after, PAGE).await {
                Err(error) if error.kind == StoreErrorKind::WrongType => {
                    self.call(self.store.commands.remove(&self.name)).await?;
                    Vec::new()
                }
                page => page?,
            };
            let records: Vec<_> = entries
                .iter()
                .filter_map(|entry| self.open(entry))
                .collect();
            absent.note(&records);
            match entries.last() {
                Some(last) if entries.len() >= PAGE => after = last.id,
                _ => return Ok(absent.records()),
            }
        }
    }

    /// `XADD`. A stream that can take no more entries, and a value that is no stream, are removed:
    /// then what the stream held is absent.
    pub(super) async fn append(&self, record: Record) -> Result<EntryId, StoreError> {
        let value = self.seal.close(&self.name, &record.to_bytes());
        let commands = &self.store.commands;
        let added = self.call(commands.append(&self.name, &value)).await;
        match added {
            Err(error) if is_beyond_repair(error.kind) => {
                self.call(commands.remove(&self.name)).await?;
                self.ask_for_healing(Absent::new(self.in_force()));
                self.call(commands.append(&self.name, &value)).await
            }
            added => added,
        }
    }

    pub(super) async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.store.call_connected(call).await
    }
}

enum Healing {
    Done,
    /// More became absent meanwhile.
    Some,
    ByOthers,
}

const fn is_beyond_repair(kind: StoreErrorKind) -> bool {
    matches!(
        kind,
        StoreErrorKind::WrongType | StoreErrorKind::IdsExhausted
    )
}

const LONGEST_WAIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// A process that ends while it heals keeps others from it for so long.
const LEASE: Duration = Duration::from_secs(10);
const ATTEMPTS_WITH_LEASE: u32 = 5;
