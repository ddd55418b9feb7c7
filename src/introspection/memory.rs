//! What is kept of the answers about one issuer's tokens.
//!
//! Answers "active" and "not active" are kept apart, so that junk pushes out nothing good. Both are
//! found by the whole token: its bytes are hashed with a random secret, and equal only if all of
//! them are. Raw tokens are in no `Debug`, event or serialised value.
//!
//! An answer "active" stays when it is too old to be used, until another one takes its place or the
//! issuer says "not active": it tells that the token is no junk.

use std::fmt;
use std::hash::{Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use tokio::time::Instant;

use crate::base::clock::{Now, later};
use crate::base::equal_bytes::are_equal;
use crate::limits::{FIRST_BACKOFF, MAX_ACTIVE_ANSWERS, MAX_INACTIVE_ANSWERS};
use crate::token::verified::Verified;
use crate::token::{TokenError, ValidationPolicy, Vouched};

/// How long answers count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    /// Of the answer "active".
    pub(super) active: Duration,
    pub(super) inactive: Duration,
    /// How much longer an answer "active" counts while the endpoint cannot be asked.
    pub(super) stale: Duration,
}

#[derive(Debug)]
pub(super) struct Memory {
    ages: Ages,
    active: Answers<Arc<Kept>>,
    inactive: Answers<Refusal>,
}

/// An answer "active" that was accepted.
#[derive(Debug)]
pub(super) struct Kept {
    vouched: Vouched,
    /// The token, if it is a JWT that was verified here.
    pub(super) jwt: Option<Arc<Verified>>,
    at: Instant,
    /// Milliseconds after `at` from which the token is asked about again in the background.
    refresh_after: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Refusal {
    until: Instant,
    error: TokenError,
}

impl Memory {
    pub(super) const fn new(ages: Ages) -> Self {
        Self {
            ages,
            active: Answers::new(MAX_ACTIVE_ANSWERS),
            inactive: Answers::new(MAX_INACTIVE_ANSWERS),
        }
    }

    /// The last answer "active", however old.
    pub(super) fn active(&self, token: &[u8]) -> Option<Arc<Kept>> {
        self.active.get(token)
    }

    /// Why the token was refused a moment ago.
    pub(super) fn refusal(&self, token: &[u8], now: Instant) -> Option<TokenError> {
        let refusal = self.inactive.get(token)?;
        match now < refusal.until {
            true => Some(refusal.error),
            false => {
                self.inactive.remove(token);
                None
            }
        }
    }

    pub(super) fn keep_active(
        &self,
        token: &[u8],
        vouched: Vouched,
        jwt: Option<Arc<Verified>>,
        now: Instant,
    ) {
        self.inactive.remove(token);
        let of_jwt = jwt.as_ref().map_or(0, |jwt| jwt.weight());
        let bytes = vouched.verified.weight().saturating_add(of_jwt);
        let kept = Kept {
            vouched,
            jwt,
            at: now,
            refresh_after: AtomicU64::new(milliseconds(self.ages.active.mul_f64(REFRESH_AHEAD))),
        };
        self.active.insert(token, Arc::new(kept), bytes);
    }

    pub(super) fn keep_refusal(&self, token: &[u8], error: TokenError, now: Instant) {
        self.active.remove(token);
        if !self.ages.inactive.is_zero() {
            let until = later(now, self.ages.inactive);
            self.inactive.insert(token, Refusal { until, error }, 0);
        }
    }

    pub(super) fn forget(&self, token: &[u8]) {
        self.active.remove(token);
        self.inactive.remove(token);
    }

    /// The number of tokens whose last answer is "active".
    pub(super) fn active_answers(&self) -> usize {
        self.active.len()
    }

    /// Whether the answer still counts. Never past `exp`, whatever `max_age` says (RFC 7662 §4).
    pub(super) fn is_fresh(&self, kept: &Kept, policy: &ValidationPolicy, now: Now) -> bool {
        kept.age(now.monotonic) < self.ages.active && kept.is_in_time(policy, now)
    }

    /// Whether the answer may serve while the endpoint cannot be asked.
    pub(super) fn may_be_stale(&self, kept: &Kept, policy: &ValidationPolicy, now: Now) -> bool {
        let most = self.ages.active.saturating_add(self.ages.stale);
        !self.ages.stale.is_zero() && kept.age(now.monotonic) < most && kept.is_in_time(policy, now)
    }
}

impl Kept {
    pub(super) const fn verified(&self) -> &Arc<Verified> {
        &self.vouched.verified
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.at)
    }

    /// All checks that depend on the clock, `exp` without the leeway: an issuer that is asked anew
    /// knows better.
    fn is_in_time(&self, policy: &ValidationPolicy, now: Now) -> bool {
        let times = &self.vouched.times;
        now.wall < times.exp && policy.check_times(times, now.wall).is_ok()
    }

    /// Whether this caller should have the token asked about in the background. Only one of those
    /// who ask at the same time is told so, and after a failure the next one a second later.
    pub(super) fn takes_refresh(&self, now: Instant) -> bool {
        let age = milliseconds(self.age(now));
        let due = self.refresh_after.load(Ordering::Relaxed);
        let next = age.saturating_add(milliseconds(FIRST_BACKOFF));
        let (load, store) = (Ordering::Relaxed, Ordering::Relaxed);
        age >= due
            && self
                .refresh_after
                .compare_exchange(due, next, store, load)
                .is_ok()
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Values by token.
struct Answers<V> {
    most: usize,
    /// Created for the first value, so that an issuer without opaque tokens uses no memory for it.
    values: OnceLock<Cache<Key, V, ByWeight, RandomState>>,
}

/// A token as it is stored, with the weight of its value.
struct Key {
    token: Box<[u8]>,
    weight: u64,
}

/// A token that is looked up.
struct Wanted<'t>(&'t [u8]);

#[derive(Clone)]
struct ByWeight;

impl<V: Clone> Answers<V> {
    const fn new(most: usize) -> Self {
        Self {
            most,
            values: OnceLock::new(),
        }
    }

    fn get(&self, token: &[u8]) -> Option<V> {
        self.values.get()?.get(&Wanted(token))
    }

    /// `bytes` of the value on the heap.
    fn insert(&self, token: &[u8], value: V, bytes: usize) {
        let bytes = bytes.saturating_add(token.len()).saturating_add(OVERHEAD);
        let key = Key {
            token: token.into(),
            // The one bound limits both bytes and entries.
            weight: bytes.max(BYTES_PER_ENTRY) as u64,
        };
        if let Some(values) = self.values() {
            values.insert(key, value);
        }
    }

    fn remove(&self, token: &[u8]) {
        if let Some(values) = self.values.get() {
            drop(values.remove(&Wanted(token)));
        }
    }

    fn len(&self) -> usize {
        self.values.get().map_or(0, Cache::len)
    }

    fn values(&self) -> Option<&Cache<Key, V, ByWeight, RandomState>> {
        if let Some(values) = self.values.get() {
            return Some(values);
        }
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(self.most)
            .weight_capacity(self.most.saturating_mul(BYTES_PER_ENTRY) as u64)
            .build()
            .ok()?;
        let (secret, lifecycle) = (RandomState::new(), DefaultLifecycle::default());
        let new = || Cache::with_options(options, ByWeight, secret, lifecycle);
        Some(self.values.get_or_init(new))
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

/// The whole token: strangers choose the tokens that are refused, and may give many of them the
/// same end.
impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl<V> Weighter<Key, V> for ByWeight {
    fn weight(&self, key: &Key, _: &V) -> u64 {
        key.weight
    }
}

impl<V> fmt::Debug for Answers<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

/// The part of `max_age` after which a token that is used is asked about in the background.
const REFRESH_AHEAD: f64 = 0.75;

/// Of a full memory, on average: the token, the answer, and lists that a handler may request.
const BYTES_PER_ENTRY: usize = 3 * 1024;

/// The entry in the library's list, its slot in the hash table, and reference counts.
const OVERHEAD: usize = 256;

/// With this many, threads rarely wait for each other's lock, and the largest answer is a small
/// part of one.
const SHARDS: usize = 8;

#[cfg(all(test, feature = "test-util"))]
mod tests;
