//! What is remembered of `kid`s that no key in use has.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::keys::snapshot::later;
use crate::limits::{FIRST_BACKOFF, MAX_REMEMBERED_KIDS, UNKNOWN_KID_FETCHES};

/// A `kid`, hashed with a secret of this process: 8 bytes, however long the `kid` of an attacker
/// is.
pub(super) type KidHash = u64;

/// `kid`s that a fetch lacked which began after they were first seen.
#[derive(Debug, Default)]
pub(super) struct LackedKids(HashMap<KidHash, Lack>);

#[derive(Clone, Copy, Debug)]
struct Lack {
    looked_at: Instant,
    /// How long after that the `kid` is looked for again. It doubles each time: an issuer may sign
    /// with a key some seconds before it publishes the key, and hardly longer.
    pause: Duration,
}

impl LackedKids {
    pub(super) fn contains(&self, kid: KidHash) -> bool {
        self.0.contains_key(&kid)
    }

    /// Whether the `kid` was looked for so recently that it is not worth another fetch.
    pub(super) fn was_just_looked_for(&self, kid: KidHash, now: Instant) -> bool {
        let lack = self.0.get(&kid);
        lack.is_some_and(|lack| now < later(lack.looked_at, lack.pause))
    }

    /// A fetch lacked these `kid`s. When the memory is full, a `kid` is not remembered, and counts
    /// as one that is seen for the first time.
    pub(super) fn note(
        &mut self,
        kids: impl Iterator<Item = KidHash>,
        now: Instant,
        cooldown: Duration,
    ) {
        let Self(lacked) = self;
        for kid in kids {
            if let Some(lack) = lacked.get_mut(&kid) {
                lack.looked_at = now;
                lack.pause = lack.pause.saturating_mul(2).min(cooldown);
                continue;
            }
            if lacked.len() >= MAX_REMEMBERED_KIDS {
                lacked.retain(|_, lack| now < later(lack.looked_at, cooldown));
                if lacked.len() >= MAX_REMEMBERED_KIDS {
                    return;
                }
            }
            let pause = FIRST_BACKOFF.min(cooldown);
            lacked.insert(
                kid,
                Lack {
                    looked_at: now,
                    pause,
                },
            );
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Fetches for unknown `kid`s: a few at once, refilled by one per cooldown.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    /// The time up to which refills are counted.
    since: Instant,
}

impl Budget {
    pub(super) const fn full(now: Instant) -> Self {
        Self {
            left: UNKNOWN_KID_FETCHES,
            since: now,
        }
    }

    pub(super) fn is_spent(&self, now: Instant, cooldown: Duration) -> bool {
        self.left == 0 && now < later(self.since, cooldown)
    }

    /// Takes one fetch, or returns when the next one is available.
    pub(super) fn spend(&mut self, now: Instant, cooldown: Duration) -> Result<(), Instant> {
        while self.left < UNKNOWN_KID_FETCHES && now >= later(self.since, cooldown) {
            self.since = later(self.since, cooldown);
            self.left = self.left.saturating_add(1);
        }
        if self.left == UNKNOWN_KID_FETCHES {
            self.since = now;
        }
        let next = later(self.since, cooldown);
        self.left = self.left.checked_sub(1).ok_or(next)?;
        Ok(())
    }

    /// Puts back one fetch that was taken and did not happen.
    #[cfg(feature = "redis")]
    pub(super) fn give_back(&mut self) {
        self.left = self.left.saturating_add(1).min(UNKNOWN_KID_FETCHES);
    }
}
