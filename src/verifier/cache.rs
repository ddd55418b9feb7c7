//! Tokens that were verified before: the second time, not even the signature is checked.
//!
//! What is remembered is the claims of a token whose every check passed, under the MAC of all its
//! bytes. A hit is worth as much as a fresh verification because what could change since is looked at
//! again by the caller: that the keys are still of the generation that verified it and may still
//! serve, and everything about the token that the clock decides. Whatever fails there is verified
//! anew, so that a refusal is always a fresh one, and refusals are never remembered. One memory
//! belongs to one verifier, so that no other audience, issuer or setting ever meets its entries.
//!
//! # Why a MAC
//!
//! The key of an entry is a 128-bit MAC under a secret that the process makes up and never shows: the
//! tag of AES-GCM over an empty text, with the token as associated data and one nonce for all
//! ([NIST SP 800-38D]). Such a tag is GHASH of the token, masked with what is the same for all. GHASH is
//! universal: of two tokens that differ, whoever wrote them, at most one secret in 2^117 gives both the
//! same tag (2^128 divided by the number of blocks, of which 16 KiB have 1026).
//!
//! That is all that is asked of it, because it is only ever compared inside this process. Using a nonce
//! twice breaks GCM where tags are seen: from two of them an attacker works out the secret. Here nobody
//! sees one. They are not written, not logged, not sent, not in any `Debug`, and what a caller learns is
//! whether the token was accepted, which an unequal tag does not change: the token is then verified. So
//! an attacker's best is to guess, once for each request, with a chance below 2^-117.
//!
//! With the feature `rust_crypto` the key is GHASH itself, without the mask, which hides nothing from
//! nobody: all of the above rests on GHASH.
//!
//! SHA-256 would take six times as long, and most of a hit; AES-GCM-SIV ([RFC 8452]), which stands even
//! when its tags are shown, twice as long.
//!
//! # How it is built
//!
//! Sets of 32 entries. The last bytes of a token, which are those of its signature, choose the set
//! and the entries worth a look, so that junk is passed over before a MAC is made of it; the MAC alone
//! decides. Readers compare one line of tags and load one pointer: no lock, and no write to memory that
//! other readers use, but for the mark "was used" where it is not set yet. The tags of all sets lie
//! together, 32 KiB by default, so that a processor has them at hand. Writers, who have just paid
//! for a signature, lock one set. Both bounds hold for each set, and so for the whole. What is evicted
//! is one of those that were not used of late.
//!
//! [NIST SP 800-38D]: https://doi.org/10.6028/NIST.SP.800-38D
//! [RFC 8452]: https://www.rfc-editor.org/rfc/rfc8452

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::{ArcSwapOption, Guard};

use crate::crypto::{Mac as _, TokenMac};
use crate::limits::MAX_TOKEN_BYTES;
use crate::token::verified::{TokenKey, Verified, VerifiedBy};

/// What one verifier remembers.
pub(crate) struct TokenMemory {
    mac: TokenMac,
    secret: (u64, u64),
    /// Made with the first entry: a layer that sees no token takes no memory for them.
    sets: OnceLock<Sets>,
    how_many: usize,
}

/// As many of the one as of the other.
struct Sets {
    tags: Box<[Tags]>,
    sets: Box<[Set]>,
}

/// Where to look for a token.
#[derive(Clone, Copy)]
struct Glance(u64);

/// An entry, held for one request.
pub(crate) struct Recalled(Guard<Option<Arc<Verified>>>);

/// Which entries of a set to load: 16 bits for each, zero where there is none. One line of the cache.
#[derive(Default)]
#[repr(align(64))]
struct Tags([AtomicU64; WAYS / LANES]);

#[derive(Default)]
struct Set {
    entries: [ArcSwapOption<Verified>; WAYS],
    /// One bit for each entry that was used since it was last passed over.
    used: AtomicU32,
    ledger: Mutex<Ledger>,
}

/// What only writers need.
#[derive(Default)]
struct Ledger {
    /// In bytes; a set has no more than fit.
    weights: [u16; WAYS],
    /// One bit for each entry that is there.
    held: u32,
    bytes: usize,
    /// The newest generation of keys of any issuer: what it supersedes was forgotten.
    generation: u64,
}

impl TokenMemory {
    /// For about `entries` tokens; `None` for none, and where there is no randomness for the secret.
    pub(crate) fn new(entries: usize) -> Option<Self> {
        let how_many = entries.div_ceil(WAYS);
        (how_many > 0).then_some(())?;
        let random = RandomState::new();
        Some(Self {
            mac: TokenMac::random()?,
            secret: (random.hash_one(0), random.hash_one(1)),
            sets: OnceLock::new(),
            how_many,
        })
    }

    pub(crate) fn recall(&self, token: &[u8]) -> Option<Recalled> {
        // Nothing longer is ever verified.
        let token = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES)?;
        let glance = self.glance(token);
        let (tags, set) = self.sets.get()?.at(glance.place(self.how_many))?;
        let mut alike = tags.alike(glance.tag()).peekable();
        alike.peek()?;
        let key = Some(self.key(token)?);
        alike.find_map(|way| {
            let held = set.entries.get(way)?.load();
            held.as_ref().filter(|entry| entry.by.token == key)?;
            set.mark_used(way);
            Some(Recalled(held))
        })
    }

    /// By what this token is remembered.
    pub(crate) fn key(&self, token: &[u8]) -> Option<TokenKey> {
        self.mac.of(token).map(TokenKey)
    }

    /// Remembers a token that has just been verified, under the key that its verdict carries.
    pub(crate) fn remember(&self, token: &[u8], verified: Arc<Verified>) {
        if verified.by.token.is_none() {
            return;
        }
        let sets = self.sets.get_or_init(|| Sets::new(self.how_many));
        let glance = self.glance(token);
        if let Some((tags, set)) = sets.at(glance.place(self.how_many)) {
            set.put(tags, glance.tag(), verified);
        }
    }

    /// From the end of the signature, which differs for nearly any two tokens (of ML-DSA it says least), under
    /// a secret, so that nobody can fill one set on purpose.
    fn glance(&self, token: &[u8]) -> Glance {
        let last = token.last_chunk().copied().map_or(0, u128::from_le_bytes);
        let fold = |one: u64, other: u64| {
            let product = u128::from(one) * u128::from(other);
            product as u64 ^ (product >> 64) as u64
        };
        let (one, other) = self.secret;
        let once = fold(last as u64 ^ one, (last >> 64) as u64 ^ other);
        // Once more: characters differ in few bits, and one product spreads those badly.
        Glance(fold(once ^ other, one | 1))
    }
}

impl Glance {
    /// One of `sets`, by the upper bits.
    fn place(self, sets: usize) -> usize {
        ((u128::from(self.0) * sets as u128) >> 64) as usize
    }

    /// Never zero.
    const fn tag(self) -> u16 {
        self.0 as u16 | 1
    }
}

impl Recalled {
    pub(crate) fn verified(&self) -> Option<&Arc<Verified>> {
        self.0.as_ref()
    }
}

impl Sets {
    fn new(how_many: usize) -> Self {
        fn empty<T: Default>(how_many: usize) -> Box<[T]> {
            std::iter::repeat_with(T::default).take(how_many).collect()
        }
        Self {
            tags: empty(how_many),
            sets: empty(how_many),
        }
    }

    fn at(&self, place: usize) -> Option<(&Tags, &Set)> {
        self.tags.get(place).zip(self.sets.get(place))
    }
}

impl Tags {
    /// The ways whose tag this is, and now and then another.
    fn alike(&self, tag: u16) -> impl Iterator<Item = usize> {
        let wanted = u64::from(tag) * LOWEST;
        let words = self.0.iter().enumerate();
        words.flat_map(move |(index, word)| {
            let differs = word.load(Ordering::Relaxed) ^ wanted;
            // The highest bit of each lane that is zero; a borrow may add the next one.
            let mut zeros = differs.wrapping_sub(LOWEST) & !differs & (LOWEST << 15);
            std::iter::from_fn(move || {
                let lane = (zeros != 0).then(|| zeros.trailing_zeros() as usize / 16)?;
                zeros &= zeros - 1;
                Some(index * LANES + lane)
            })
        })
    }

    /// Under the lock of the ledger: nobody else writes.
    fn set(&self, way: usize, tag: u16) {
        if let Some(word) = self.0.get(way / LANES) {
            let place = way % LANES * 16;
            let others = word.load(Ordering::Relaxed) & !(0xffff << place);
            word.store(others | u64::from(tag) << place, Ordering::Relaxed);
        }
    }
}

impl Set {
    fn mark_used(&self, way: usize) {
        let bit = 1_u32 << way;
        if self.used.load(Ordering::Relaxed) & bit == 0 {
            self.used.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Only numbers: at worst a panic elsewhere leaves an entry uncounted.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, tags: &Tags, tag: u16, verified: Arc<Verified>) {
        let VerifiedBy {
            token,
            issuer,
            generation,
        } = verified.by;
        let weight = verified.weight() + ENTRY_OVERHEAD;
        let Some(noted) = u16::try_from(weight).ok().filter(|_| weight <= SET_BYTES) else {
            return;
        };
        let mut ledger = self.ledger();
        if generation > ledger.generation {
            ledger.generation = generation;
            let held = ledger.held;
            let ways = (0..WAYS).filter(|way| held >> way & 1 == 1);
            let older = |held: &VerifiedBy| held.issuer == issuer && held.generation < generation;
            self.forget_those(&mut ledger, tags, ways, older);
        }
        self.forget_those(&mut ledger, tags, tags.alike(tag), |held| {
            held.token == token
        });
        let mut hand = usize::from(tag >> 8);
        while ledger.bytes + weight > SET_BYTES && ledger.held != 0 {
            self.evict(&mut ledger, tags, &mut hand);
        }
        let way = match ledger.held.trailing_ones() as usize {
            WAYS => self.evict(&mut ledger, tags, &mut hand),
            free => free,
        };
        let (Some(place), Some(weighs)) = (self.entries.get(way), ledger.weights.get_mut(way))
        else {
            return;
        };
        *weighs = noted;
        ledger.held |= 1 << way;
        ledger.bytes += weight;
        place.store(Some(verified));
        tags.set(way, tag);
    }

    fn forget_those(
        &self,
        ledger: &mut Ledger,
        tags: &Tags,
        ways: impl Iterator<Item = usize>,
        which: impl Fn(&VerifiedBy) -> bool,
    ) {
        for way in ways {
            let entry = self.entries.get(way).map(ArcSwapOption::load);
            let meant =
                entry.is_some_and(|entry| entry.as_ref().is_some_and(|held| which(&held.by)));
            if meant {
                self.forget(ledger, tags, way);
            }
        }
    }

    /// Frees one way, and says which: the first after `hand` that was not used of late. The hand starts where
    /// the new tag says: from where the last one ended, callers that take turns would each find that they
    /// have just been forgotten.
    fn evict(&self, ledger: &mut Ledger, tags: &Tags, hand: &mut usize) -> usize {
        // Readers may mark as fast as this clears: after two rounds anything goes.
        let mut patience = 2 * WAYS;
        loop {
            *hand = (*hand + 1) % WAYS;
            let bit = 1_u32 << *hand;
            patience = patience.saturating_sub(1);
            let is_held = ledger.held & bit != 0;
            if is_held && (self.used.fetch_and(!bit, Ordering::Relaxed) & bit == 0 || patience == 0)
            {
                self.forget(ledger, tags, *hand);
                return *hand;
            }
        }
    }

    fn forget(&self, ledger: &mut Ledger, tags: &Tags, way: usize) {
        let bit = 1_u32 << way;
        let (Some(entry), Some(weight)) = (self.entries.get(way), ledger.weights.get(way)) else {
            return;
        };
        if ledger.held & bit != 0 {
            ledger.bytes -= usize::from(*weight);
            ledger.held &= !bit;
            tags.set(way, 0);
            entry.store(None);
        }
    }
}

impl fmt::Debug for TokenMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenMemory").finish_non_exhaustive()
    }
}

/// Entries of a set: with fewer, sets fill up unevenly and evict too early.
const WAYS: usize = 32;

/// Tags in a word.
const LANES: usize = 4;

/// The lowest bit of each of them.
const LOWEST: u64 = 0x0001_0001_0001_0001;

/// Bytes of a set: 1.5 KiB for each entry. Where a token of 1 KiB fits in just so, sets that are fuller than
/// others forget in turn what they are asked for next; and the largest token still fits.
const SET_BYTES: usize = WAYS * 1536;

/// Its place in the set, and the two reference counts.
const ENTRY_OVERHEAD: usize =
    (size_of::<Tags>() + size_of::<Set>()) / WAYS + 2 * size_of::<usize>();

#[cfg(all(
    test,
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util"
))]
mod tests;
