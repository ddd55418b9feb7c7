//! Each DPoP proof works once (RFC 9449 §11.1).
//!
//! The verifier asks last, when the request has passed every other check, so that a request that is
//! rejected for something else uses up no proof. Recording a proof and asking whether it is new is
//! one step under one lock: of two requests with one proof, one passes.
//!
//! A proof is found by its key and its `jti`. Not by `jti` alone: two clients may choose the same
//! one. Not by its URL, which has several spellings, nor by the hash of the JWS: an ECDSA signature
//! (r, s) has a second spelling, (r, n-s).
//!
//! An entry is kept for as long as its proof could be accepted, also if `iat` is ahead. Nothing is
//! forgotten before that without a consequence: when a shard of the [`memory`] is
//! full, the proofs that end first are forgotten, and its *floor* rises to their last second. A
//! proof whose own last second is at or below the floor may have been used; its request is rejected
//! with 503. So the time for which a proof is good becomes shorter under load, and no proof works
//! twice. The same holds after the clock has been set back.
//!
//! A [`ReplayStore`] is asked after the memory of this process. It also knows what this process has
//! forgotten, so that the floor is of no consequence then.

mod index;
mod key_counts;
mod memory;
mod shard;
mod store;
mod verdict;

use std::sync::Arc;

use crate::base::numeric_date::NumericDate;
use crate::telemetry;
use memory::{Memory, Notices};
use store::SharedStore;
pub use store::{ProofId, ReplayFuture, ReplayStore, ReplayStoreError};
pub(crate) use verdict::Replay;

/// Which proofs were used.
pub(crate) struct Replays {
    /// `None` with `danger_allow_replay`.
    memory: Option<Memory>,
    store: Option<SharedStore>,
}

impl Replays {
    /// Remembers `entries` proofs in this process, and asks `store` too.
    pub(crate) fn new(entries: usize, resource: &str, store: Option<Arc<dyn ReplayStore>>) -> Self {
        Self {
            memory: Some(Memory::new(entries)),
            store: store.map(|store| SharedStore::new(store, resource)),
        }
    }

    /// Remembers no proof.
    pub(crate) const fn off() -> Self {
        Self {
            memory: None,
            store: None,
        }
    }

    pub(crate) const fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Records the proof in this process if it is new here. `last_second` is the last second, in
    /// Unix time, in which it could be accepted.
    pub(crate) fn first_use(
        &self,
        jkt: &[u8; 32],
        jti: &str,
        last_second: u64,
        now: NumericDate,
    ) -> Result<(), Replay> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        let now = now.unix_seconds();
        // It was fresh, but the request has waited for keys since. Nothing that ended is recorded.
        if last_second < now {
            return Err(Replay::BelowFloor);
        }
        let (verdict, notices) = memory.first_use(jkt, jti, last_second, now);
        if !self.has_store() {
            report(memory, &notices);
        }
        match verdict {
            // The store knows what this process has forgotten.
            Err(Replay::BelowFloor) if self.has_store() => Ok(()),
            Err(Replay::Used) => Err(used()),
            verdict => verdict,
        }
    }

    /// Records the proof in the store if it is new there. The proof must have passed
    /// [`first_use`](Self::first_use). It stays recorded in this process whatever the store
    /// answers, and if the caller goes away.
    pub(crate) async fn first_use_everywhere(
        &self,
        jkt: &[u8; 32],
        jti: &str,
        last_second: u64,
        now: NumericDate,
    ) -> Result<(), Replay> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        if last_second < now.unix_seconds() {
            return Err(Replay::BelowFloor);
        }
        match store.first_use(jkt, jti, last_second).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(used()),
            Err(error) => {
                telemetry::replay_store_failed(&error);
                Err(Replay::StoreUnavailable)
            }
        }
    }
}

fn report(memory: &Memory, notices: &Notices) {
    if notices.floor_rose {
        telemetry::replay_floor_raised(memory.entries());
    }
    if let Some(seconds) = notices.clock_set_back {
        telemetry::replay_clock_set_back(seconds);
    }
}

fn used() -> Replay {
    telemetry::proof_replayed();
    Replay::Used
}

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests;
