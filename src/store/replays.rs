//! The DPoP proofs that were used in any process of the fleet.
//!
//! | name | value | lives |
//! | --- | --- | --- |
//! | `dpop:<d>` of the 32 bytes of the [`ProofId`] | empty | until the proof has ended, and `leeway` |
//!
//! A name tells nothing of the proof, and nobody without the secret can make one: who can write to
//! the store cannot use up the proof of somebody else. Who removes a name lets its proof work
//! again.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Store;
use super::commands::StoreError;
use crate::base::numeric_date::NumericDate;
use crate::proof::replay::{ProofId, ReplayFuture, ReplayStore, ReplayStoreError};

/// The used proofs of a fleet. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct FleetReplays {
    store: Arc<Store>,
    /// By how much the clock of a process may be ahead of that of another, or of the store; more if
    /// a configuration tells `store` so.
    leeway: Duration,
}

impl FleetReplays {
    pub(crate) fn new(store: &Arc<Store>, leeway: Duration) -> Self {
        let store = store.clone();
        // A proof that is evicted works again.
        store.condition.must_not_evict();
        Self { store, leeway }
    }

    /// Sets the name of `proof` under each secret. Whoever finds one of them there is refused.
    ///
    /// In the order of the bytes of the names: of two processes that have the same secrets in
    /// another order, the one that sets the first name sets the second too.
    async fn set_everywhere(&self, proof: &ProofId, life: Duration) -> Result<bool, StoreError> {
        let seals = self.store.seals.iter();
        let mut names: Vec<_> = seals
            .map(|seal| seal.name("dpop", &[proof.as_bytes()]))
            .collect();
        names.sort_unstable();
        for name in &names {
            let commands = &self.store.commands;
            if !commands.set_if_absent(name, &[], life).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How long a name is kept, so that it outlives its proof by every clock of the fleet. A store
    /// takes no life of zero, and a proof that ends in this moment may still be asked about.
    fn life(&self, until: SystemTime) -> Duration {
        let until = until.duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = NumericDate::new(until.as_secs_f64()).unwrap_or(NumericDate::FAR_FUTURE);
        let left = until.since(self.store.clock.now().wall);
        let leeway = self.leeway.max(self.store.leeway());
        left.saturating_add(leeway).max(SHORTEST_LIFE)
    }
}

impl ReplayStore for FleetReplays {
    fn first_use(&self, proof: ProofId, until: SystemTime) -> ReplayFuture<'_> {
        Box::pin(async move {
            let set = self.set_everywhere(&proof, self.life(until));
            let answer = self.store.call(self.store.request_limit(), set).await;
            answer.map_err(ReplayStoreError::new)
        })
    }
}

const SHORTEST_LIFE: Duration = Duration::from_secs(1);

#[cfg(all(
    test,
    feature = "test-util",
    any(feature = "aws_lc_rs", feature = "rust_crypto")
))]
mod tests;
