//! The proofs that were used in this process, in shards with a lock each.
//!
//! A request takes the lock of one shard, for one look-up and one insertion, and for taking out the
//! proofs of the seconds that have passed. Which shard it is depends on a secret, so that nobody
//! can fill one of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::index::{Id, MOST_ENTRIES};
use super::key_counts::KeyCounts;
use super::shard::{Shard, Used};
use super::verdict::Replay;
use crate::crypto::{random_secret, sha256};
use crate::limits::MAX_REPLAY_ENTRIES;
use crate::telemetry;

pub(super) struct Memory {
    secret: [u8; 32],
    counts: KeyCounts,
    shards: [Mutex<Shard>; SHARDS],
    /// The second in which a key was last found to have used up its share.
    swept: AtomicU64,
    entries: usize,
}

/// What the operator should know after a call.
pub(super) struct Notices {
    pub(super) floor_rose: bool,
    /// The seconds until the clock shows the time again that it has shown before.
    pub(super) clock_set_back: Option<u64>,
}

impl Memory {
    pub(super) fn new(entries: usize) -> Self {
        let in_shard = entries.div_ceil(SHARDS).max(1);
        Self {
            secret: random_secret(),
            counts: KeyCounts::new(entries),
            shards: std::array::from_fn(|_| Mutex::new(Shard::new(in_shard))),
            swept: AtomicU64::new(0),
            entries,
        }
    }

    pub(super) const fn entries(&self) -> usize {
        self.entries
    }

    #[cfg(any(test, feature = "metrics"))]
    pub(super) fn held(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Records the proof if it is new. `now` and `last_second` are Unix seconds.
    pub(super) fn first_use(
        &self,
        jkt: &[u8; 32],
        jti: &str,
        last_second: u64,
        now: u64,
    ) -> (Result<(), Replay>, Notices) {
        let proof = Used {
            id: self.id(jkt, jti),
            key: self.counts.place_of(jkt),
            last_second,
        };
        let outcome = self.record(&proof, now);
        // Proofs of this key that have ended may still be in shards that no request has asked
        // since. Once a second is enough, and all that somebody who sends too many can cause.
        if outcome.0 == Err(Replay::KeyFull) && self.swept.swap(now, Ordering::Relaxed) != now {
            self.sweep(now);
            return self.record(&proof, now);
        }
        outcome
    }

    fn record(&self, proof: &Used, now: u64) -> (Result<(), Replay>, Notices) {
        Self::within(self.shard_of(proof), |shard| {
            let floor = shard.floor();
            let verdict = shard.record(proof, now, &self.counts);
            let notices = Notices {
                floor_rose: shard.floor() > floor,
                clock_set_back: match verdict {
                    Err(Replay::BelowFloor) => shard.clock_set_back(now),
                    _ => None,
                },
            };
            (verdict, notices)
        })
    }

    /// Takes out of all shards what has ended.
    fn sweep(&self, now: u64) {
        for shard in &self.shards {
            Self::within(shard, |shard| shard.forget_before(now, &self.counts));
        }
    }

    fn within<R>(shard: &Mutex<Shard>, work: impl FnOnce(&mut Shard) -> R) -> R {
        let mut shard = lock(shard);
        let before = shard.len();
        let result = work(&mut shard);
        let after = shard.len();
        drop(shard);
        telemetry::replay_entries_changed(before, after);
        result
    }

    fn shard_of(&self, proof: &Used) -> &Mutex<Shard> {
        let [octet, ..] = proof.id;
        #[expect(
            clippy::indexing_slicing,
            reason = "a remainder is below the number of shards"
        )]
        &self.shards[usize::from(octet) % SHARDS]
    }

    /// Each part with its length, so that no two proofs have one id.
    fn id(&self, jkt: &[u8; 32], jti: &str) -> Id {
        let length = |part: &[u8]| (part.len() as u64).to_be_bytes();
        let jti = jti.as_bytes();
        let parts = [&self.secret[..], &length(jkt), jkt, &length(jti), jti];
        let hash = sha256(&parts);
        let (id, _) = hash.split_at(size_of::<Id>());
        id.try_into().unwrap_or_default()
    }
}

#[cfg(feature = "metrics")]
impl Drop for Memory {
    fn drop(&mut self) {
        telemetry::replay_entries_changed(self.held(), 0);
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With this many, threads rarely wait for each other's lock.
const SHARDS: usize = 16;

const _: () = assert!(MAX_REPLAY_ENTRIES / SHARDS <= MOST_ENTRIES);
