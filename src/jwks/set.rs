use std::fmt;

use serde_json::Value;

use super::key::VerificationKey;
use super::skip_reason::SkipReason;
use crate::base::byte_order_mark::without_byte_order_mark;
use crate::base::escape::shown;
use crate::crypto::Algorithm;
use crate::crypto::Verify as _;
use crate::limits::{MAX_KEYS, MAX_KEYS_PER_KID};

/// A JWK Set, parsed once and then only read.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<VerificationKey>,
    /// The indices of the keys with a `kid`, sorted by `kid`; keys that share one stay in document
    /// order. Not a hash map: most sets have two keys, and a token's `kid` is looked up twice.
    by_kid: Vec<(String, usize)>,
    skipped: Vec<SkippedKey>,
    /// The number of members beyond the limit, which take no memory.
    beyond_limit: usize,
    /// Whether a key without `kid` fits tokens with any `kid`, as the key of a static `jwk` or PEM
    /// text does.
    unnamed_fit_any_kid: bool,
}

/// The keys that a source may provide.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeySetOptions<'a> {
    /// The `HS*` algorithms that `oct` keys may verify; empty unless the source is static.
    pub(crate) symmetric: &'a [Algorithm],
    pub(crate) unnamed_fit_any_kid: bool,
}

/// A key that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// The `kid` of the key, if it has one.
    pub kid: Option<String>,
    /// Why the key is not used.
    pub reason: SkipReason,
}

/// Why no key verified a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyMiss {
    Ambiguous,
    BadSignature,
    NoFit,
    UnknownKid,
}

impl KeySet {
    pub(crate) fn parse(document: &[u8], options: KeySetOptions<'_>) -> Result<Self, KeySetError> {
        let document: Value = serde_json::from_slice(without_byte_order_mark(document))
            .map_err(|_| KeySetError::NotJson)?;
        let members = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::NoKeysMember)?;
        Self::from_members(members, options)
    }

    /// No keys, for an issuer whose keys nothing needs.
    pub(crate) const fn empty() -> Self {
        Self {
            keys: Vec::new(),
            by_kid: Vec::new(),
            skipped: Vec::new(),
            beyond_limit: 0,
            unnamed_fit_any_kid: false,
        }
    }

    pub(crate) fn from_members(
        members: &[Value],
        options: KeySetOptions<'_>,
    ) -> Result<Self, KeySetError> {
        let mut set = Self {
            beyond_limit: members.len().saturating_sub(MAX_KEYS),
            unnamed_fit_any_kid: options.unnamed_fit_any_kid,
            ..Self::empty()
        };
        for jwk in members.iter().take(MAX_KEYS) {
            match VerificationKey::parse(jwk, options.symmetric) {
                Ok(key) => set.add(key),
                Err(reason) => set.skipped.push(SkippedKey {
                    kid: kid_of(jwk),
                    reason,
                }),
            }
        }
        set.by_kid.sort_unstable();
        match set.keys.is_empty() {
            true => Err(KeySetError::NoUsableKey {
                skipped: set.skipped,
            }),
            false => Ok(set),
        }
    }

    fn add(&mut self, key: VerificationKey) {
        if let Some(kid) = &key.kid {
            self.by_kid.push((kid.clone(), self.keys.len()));
        }
        self.keys.push(key);
    }

    /// Verifies `signature` with the key that `kid` and `algorithm` select. Nothing is guessed:
    /// `kid` is compared byte for byte, and without a `kid` exactly one key must fit.
    pub(crate) fn verify(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyMiss> {
        let Some(kid) = kid else {
            return self.verify_without_kid(algorithm, message, signature);
        };
        let mut named = self.named(kid).peekable();
        if named.peek().is_none() {
            return match self.knows(kid) {
                true => self.verify_without_kid(algorithm, message, signature),
                false => Err(KeyMiss::UnknownKid),
            };
        }
        let mut fitting = named
            .filter_map(|key| key.for_algorithm(algorithm))
            .take(MAX_KEYS_PER_KID)
            .peekable();
        if fitting.peek().is_none() {
            return Err(KeyMiss::NoFit);
        }
        // Providers that reuse a `kid` during a rotation publish both keys under it for a while.
        match fitting.any(|key| key.verifies(message, signature)) {
            true => Ok(()),
            false => Err(KeyMiss::BadSignature),
        }
    }

    fn verify_without_kid(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyMiss> {
        let mut fitting = self
            .keys
            .iter()
            .filter_map(|key| key.for_algorithm(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) if key.verifies(message, signature) => Ok(()),
            (Some(_), None) => Err(KeyMiss::BadSignature),
            (Some(_), Some(_)) => Err(KeyMiss::Ambiguous),
            (None, _) => Err(KeyMiss::NoFit),
        }
    }

    /// Whether a token with this `kid` may have been signed by one of these keys.
    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.has_kid(kid) || self.unnamed_fit_any_kid && self.by_kid.is_empty()
    }

    pub(crate) fn has_kid(&self, kid: &str) -> bool {
        self.named(kid).next().is_some()
    }

    fn named(&self, kid: &str) -> impl Iterator<Item = &VerificationKey> {
        let start = self.by_kid.partition_point(|(other, _)| **other < *kid);
        let from_there = self.by_kid.iter().skip(start);
        from_there
            .take_while(move |(other, _)| other == kid)
            .filter_map(|(_, index)| self.keys.get(*index))
    }

    pub(crate) fn has_key_for(&self, algorithm: Algorithm) -> bool {
        self.keys
            .iter()
            .any(|key| key.for_algorithm(algorithm).is_some())
    }

    /// The algorithms that the keys verify, by name.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let keys = self.keys.iter();
        let mut algorithms: Vec<_> = keys.flat_map(VerificationKey::algorithms).collect();
        algorithms.sort_unstable_by_key(|algorithm| algorithm.name());
        algorithms.dedup();
        algorithms
    }

    /// Whether both sets hold the same usable keys, in any order and any spelling.
    pub(crate) fn has_same_keys(&self, other: &Self) -> bool {
        are_permutations(&self.keys, &other.keys)
    }

    /// Whether both sets have the same faults, which were reported when `other` came.
    pub(crate) fn has_same_faults(&self, other: &Self) -> bool {
        self.beyond_limit == other.beyond_limit
            && self.leaks_private() == other.leaks_private()
            && are_permutations(&self.skipped, &other.skipped)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn kids(&self) -> impl Iterator<Item = Option<&str>> {
        self.keys.iter().map(|key| key.kid.as_deref())
    }

    pub(crate) fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys that verify an algorithm of `allowed`, by `kid`.
    pub(crate) fn kids_for(&self, allowed: &[Algorithm]) -> impl Iterator<Item = Option<&str>> {
        let keys = self.keys.iter().filter(|key| key.verifies_one_of(allowed));
        keys.map(|key| key.kid.as_deref())
    }

    /// The keys that verify none of them. They stay in the set: a token that names one is known to
    /// be wrong, and nothing is fetched for it.
    pub(crate) fn not_allowed(&self, allowed: &[Algorithm]) -> impl Iterator<Item = SkippedKey> {
        let keys = self.keys.iter().filter(|key| !key.verifies_one_of(allowed));
        keys.map(|key| SkippedKey {
            kid: key.kid.as_deref().map(cut),
            reason: SkipReason::AlgorithmNotAllowed,
        })
    }

    pub(crate) fn beyond_limit(&self) -> usize {
        self.beyond_limit
    }

    pub(crate) fn leaks_private(&self) -> bool {
        self.keys.iter().any(|key| key.leaks_private)
    }
}

/// Whether both lists hold the same values, each as often. The lists are short: at most `MAX_KEYS`.
fn are_permutations<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    let count = |list: &[T], value: &T| list.iter().filter(|member| *member == value).count();
    one.len() == other.len()
        && one
            .iter()
            .all(|value| count(one, value) == count(other, value))
}

/// Truncated, because the `kid` is only displayed.
fn kid_of(jwk: &Value) -> Option<String> {
    jwk.get("kid")?.as_str().map(cut)
}

fn cut(kid: &str) -> String {
    kid.chars().take(LONGEST_SHOWN_KID).collect()
}

/// Why a document was refused as a whole. The previous key set stays in use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySetError {
    /// There is no `keys` member, or it is not a list (RFC 7517 §5.1).
    NoKeysMember,
    /// Every key was skipped, or there was none.
    NoUsableKey {
        /// The keys of the list, and why each was skipped.
        skipped: Vec<SkippedKey>,
    },
    /// The document is not JSON.
    NotJson,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeysMember => f.write_str("the document has no list of keys"),
            Self::NoUsableKey { skipped } => match skipped.is_empty() {
                true => f.write_str("the list of keys is empty"),
                false => write!(f, "no key can be used: {}", listed(skipped)),
            },
            Self::NotJson => f.write_str("the document is not JSON"),
        }
    }
}

/// The first keys, each with its `kid` if it has one, and the number of the others.
fn listed(skipped: &[SkippedKey]) -> String {
    let (shown_keys, others) = skipped.split_at(skipped.len().min(MOST_LISTED));
    let key = |SkippedKey { kid, reason }: &SkippedKey| match kid {
        Some(kid) => format!("{}: {reason}", shown(kid)),
        None => reason.to_string(),
    };
    let list: Vec<_> = shown_keys.iter().map(key).collect();
    match others.len() {
        0 => list.join("; "),
        others => format!("{}; and {others} more", list.join("; ")),
    }
}

impl std::error::Error for KeySetError {}

const LONGEST_SHOWN_KID: usize = 64;

const MOST_LISTED: usize = 8;
