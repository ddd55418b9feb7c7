//! A cache of verified tokens, so that a token that comes again needs no second signature check.
//!
//! Only the verifier calls this. An entry is written after a token has passed every check, and
//! looked up before anything else is done with the next token. A hit is as safe as a new
//! verification because the verifier checks again everything that may have changed since: that the
//! issuer is still the same, that its keys are of the same generation and may still serve, and the
//! times of the token. If one of these checks fails, the token is verified from the start, so a
//! rejection never comes from the cache. Rejections are never stored. Each verifier has its own
//! cache, so that its entries are never used for another audience, issuer or setting.
//!
//! # Equal bytes are equal tokens
//!
//! The key of an entry is the token itself. A keyed hash of its last 16 bytes, which are part of
//! its signature and differ between nearly any two tokens, selects the candidates; the comparison
//! of all bytes decides, and it does not stop at the first difference. Each cache has its own
//! random hash secret, so that an attacker cannot choose tokens that collide. A hit needs no
//! cryptography, and so nothing here depends on the crypto back end.
//!
//! Raw tokens are held in memory for as long as their entries. They appear in no `Debug`, no
//! serialised value and no event. An entry is removed when it is evicted, when it is looked up
//! after its token has expired or its keys have been replaced, when its issuer is no longer
//! trusted, and when the verifier is dropped.
//!
//! # Bounds
//!
//! `quick_cache` keeps the entries: it is divided into shards with a lock each, and evicts entries
//! that have not been used recently. Its only bound is a total weight. The weight of an entry is
//! its size in bytes, but at least its share of the cache, so that the one bound limits both bytes
//! and entries.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::{fmt, thread};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Options, OptionsBuilder, Weighter};

use crate::base::equal_bytes::are_equal;
use crate::limits::MAX_TOKEN_BYTES;
use crate::telemetry::CacheSize;
use crate::token::verified::Verified;
use crate::verifier::issuer_id::IssuerId;

/// The verified tokens of one verifier.
pub(crate) struct TokenCache {
    options: Options,
    /// The least weight of an entry.
    share: u64,
    /// Created for the first entry, so that a verifier without tokens uses no memory for the cache.
    entries: OnceLock<Entries>,
    size: CacheSize,
}

/// The result of verifying one token, and the keys that verified it. Cheap to clone.
///
/// Every field must be a fact about the token itself, never about the request that carried it.
#[derive(Clone, Debug)]
pub(crate) struct Cached {
    issuer: IssuerId,
    generation: u64,
    verified: Arc<Verified>,
}

type Entries = Cache<Key, Cached, ByWeight, RandomState>;

/// A token as it is stored, with the weight of its entry.
struct Key {
    token: Box<[u8]>,
    weight: u64,
}

/// A token that is looked up.
struct Wanted<'t>(&'t [u8]);

#[derive(Clone)]
struct ByWeight;

impl TokenCache {
    /// A cache for this many tokens of the usual size; `None` if `entries` is 0.
    pub(crate) fn new(entries: usize) -> Option<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::with_shards(entries, shards_for(entries, threads))
    }

    fn with_shards(entries: usize, shards: usize) -> Option<Self> {
        let in_shard = room_in_shard(entries, shards)?;
        let share = BYTES_PER_ENTRY.max(LEAST_SHARD_BYTES.div_ceil(in_shard));
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(in_shard.saturating_mul(shards))
            .weight_capacity(share.saturating_mul(in_shard).saturating_mul(shards) as u64)
            .build()
            .ok()?;
        Some(Self {
            options,
            share: share as u64,
            entries: OnceLock::new(),
            size: CacheSize::default(),
        })
    }

    /// Shows the number of entries in the metrics.
    pub(crate) fn shown_by(self, size: CacheSize) -> Self {
        Self { size, ..self }
    }

    /// The entry of this token. The caller must check that it is still valid.
    pub(crate) fn get(&self, token: &[u8]) -> Option<Cached> {
        self.entries.get()?.get(&Wanted(token))
    }

    /// Stores a token that has just been verified, unless it is too large to be worth the memory.
    pub(crate) fn insert(&self, token: &[u8], cached: Cached) {
        let token_bytes = token.len().saturating_add(ENTRY_OVERHEAD);
        let bytes = token_bytes.saturating_add(cached.verified.weight());
        if token.len() > MAX_TOKEN_BYTES || bytes > MOST_ENTRY_BYTES {
            return;
        }
        let key = Key {
            token: token.into(),
            weight: self.share.max(bytes as u64),
        };
        let entries = self.entries.get_or_init(|| self.build());
        entries.insert(key, cached);
        self.size.show(|| entries.len());
    }

    /// Removes a token whose entry is no longer valid: it has expired, or its keys have been
    /// replaced.
    pub(crate) fn remove(&self, token: &[u8]) {
        if let Some(entries) = self.entries.get() {
            drop(entries.remove(&Wanted(token)));
            self.size.show(|| entries.len());
        }
    }

    /// Removes the tokens of the other issuers.
    pub(crate) fn retain(&self, is_trusted: impl Fn(IssuerId) -> bool) {
        if let Some(entries) = self.entries.get() {
            entries.retain(|_, cached| is_trusted(cached.issuer));
            self.size.show(|| entries.len());
        }
    }

    /// The number of stored tokens.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.get().map_or(0, Cache::len)
    }

    fn build(&self) -> Entries {
        let (secret, lifecycle) = (RandomState::new(), DefaultLifecycle::default());
        Cache::with_options(self.options.clone(), ByWeight, secret, lifecycle)
    }
}

impl Cached {
    pub(crate) const fn new(issuer: IssuerId, generation: u64, verified: Arc<Verified>) -> Self {
        Self {
            issuer,
            generation,
            verified,
        }
    }

    pub(crate) const fn issuer(&self) -> IssuerId {
        self.issuer
    }

    /// The generation of the keys that verified the signature.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) const fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    pub(crate) fn into_verified(self) -> Arc<Verified> {
        self.verified
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        are_equal(&self.token, &other.token)
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        are_equal(&key.token, self.0)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Wanted(&self.token).hash(state);
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(
            self.0
                .last_chunk::<HASHED_BYTES>()
                .map_or(self.0, |end| end),
        );
    }
}

impl Weighter<Key, Cached> for ByWeight {
    fn weight(&self, key: &Key, _: &Cached) -> u64 {
        key.weight
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// The number of shards, a power of two.
fn shards_for(entries: usize, threads: usize) -> usize {
    let most = threads.saturating_mul(SHARDS_PER_THREAD);
    let wanted = most.min(entries / LEAST_IN_SHARD).max(1);
    match wanted.next_power_of_two() {
        larger if larger > wanted => larger / 2,
        wanted => wanted,
    }
}

/// The number of entries that one shard must hold; `None` if the cache has no entries.
fn room_in_shard(entries: usize, shards: usize) -> Option<usize> {
    let mean = entries.div_ceil(shards);
    match (mean, shards) {
        (0, _) => None,
        // A shard of the library does not accept an entry that would fill it.
        (mean, 1) => Some(mean.max(2)),
        // Tokens are distributed over shards at random: four standard deviations for shards that
        // get more.
        (mean, _) => Some(mean.saturating_add(mean.isqrt().saturating_mul(4))),
    }
}

/// The number of bytes at the end of a signature that are hashed: 96 bits in base64url.
const HASHED_BYTES: usize = 16;

/// With this many, threads rarely wait for each other's lock.
const SHARDS_PER_THREAD: usize = 4;

/// With fewer entries in a shard, the reserve for uneven shards would be more than a sixth of the
/// cache.
const LEAST_IN_SHARD: usize = 512;

/// Bytes per entry of a full cache, on average: the token, its claims, and lists that a handler may
/// request. A token of 1 KB takes 2.1 KB; with tokens of 1.5 KB the cache still holds the
/// configured number.
const BYTES_PER_ENTRY: usize = 3 * 1024;

/// The largest token with usual claims fits. A token with thousands of scopes does not, because it
/// takes more memory than it is worth.
const MOST_ENTRY_BYTES: usize = 48 * 1024;

/// Large enough for one such entry: the library accepts an entry of at most 97 % of a shard.
const LEAST_SHARD_BYTES: usize = 50 * 1024;

/// The entry in the library's list, its slot in the hash table, half the hash of an evicted entry
/// (the library keeps one for every second entry), and reference counts.
const ENTRY_OVERHEAD: usize = 192;

#[cfg(all(test, feature = "test-util"))]
mod tests;
