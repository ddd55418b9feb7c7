//! The key set that the processes of a fleet share, and what they tell each other about fetches.
//!
//! The store implements [`SharedKeys`] for each issuer and each source of its keys; the task in
//! `refresh` is the only caller. What the store says may be wrong, late or missing: a key set is
//! sealed, and everything else can only delay a fetch.
//!
//! | value | bytes, all numbers big-endian |
//! | --- | --- |
//! | payload of a key set | when its fetch began, in Unix milliseconds, 8 ‖ its life in seconds, 4 ‖ the first 16 bytes of the SHA-256 of the document ‖ the document |
//! | payload of a hold | no fetch before this time, in Unix milliseconds, 8 ‖ failures so far, 2 |

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::crypto::sha256;
use crate::limits::MAX_DOCUMENT_BYTES;

/// What the fleet shares of one issuer's keys.
pub(crate) trait SharedKeys: fmt::Debug + Send + Sync + 'static {
    /// The first bytes of the key sets in the store: at most one set for each secret of the fleet.
    fn look(&self) -> SharedFuture<'_, Vec<Hint>>;

    /// Reads and opens the set of a hint. `None` if the set is absent, or not sealed by a process
    /// of the fleet.
    fn take<'a>(&'a self, hint: &'a Hint) -> SharedFuture<'a, Option<SharedSet>>;

    /// Replaces the set in the store.
    fn write<'a>(&'a self, set: &'a SharedSet, life: Duration) -> SharedFuture<'a, ()>;

    /// Whether the lease is now this one's, because nobody had it.
    fn get_lease<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, bool>;

    /// Whether somebody has the lease.
    fn is_leased(&self) -> SharedFuture<'_, bool>;

    /// Keeps the lease for another [`LEASE_LIFE`].
    fn prolong<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, ()>;

    /// Gives the lease back, if it is this one's.
    fn release<'a>(&'a self, lease: &'a Lease) -> SharedFuture<'a, ()>;

    /// The last failure of the fleet. `None` if the hold is absent, or not sealed by a process of
    /// the fleet.
    fn read_hold(&self) -> SharedFuture<'_, Option<Hold>>;

    fn write_hold(&self, hold: Hold, life: Duration) -> SharedFuture<'_, ()>;

    fn clear_hold(&self) -> SharedFuture<'_, ()>;

    /// Takes a fetch from the budget of the fleet for unknown `kid`s: two at once, the next after a
    /// `cooldown`, three in two of them in the long run. Whether there was one left.
    fn spend_slot(&self, cooldown: Duration) -> SharedFuture<'_, bool>;
}

pub(crate) type SharedFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, StoreFailed>> + Send + 'a>>;

/// The store did not do what it was asked for, or did not say so in time. Why is logged where it is
/// called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreFailed;

/// What tells the holder of a lease from the others.
pub(crate) type Lease = [u8; 16];

/// The start of a key set in the store. It says whether to read on, and nothing else: it stands
/// before the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// As [`SharedSet::fetched_at`].
    pub(crate) fetched_at: u64,
    life: u32,
    digest: [u8; 16],
    /// Which of the fleet's secrets made the name under which it was found.
    pub(crate) secret: usize,
}

impl Hint {
    /// From what follows the version.
    pub(crate) fn read(head: &[u8], secret: usize) -> Option<Self> {
        let (fetched_at, rest) = head.split_first_chunk()?;
        let (life, rest) = rest.split_first_chunk()?;
        let (digest, _) = rest.split_first_chunk()?;
        Some(Self {
            fetched_at: u64::from_be_bytes(*fetched_at),
            life: u32::from_be_bytes(*life),
            digest: *digest,
            secret,
        })
    }
}

/// A key set in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedSet {
    /// When its fetch began, in Unix milliseconds by the clock of who fetched it; later than every
    /// set that this process had seen by then.
    pub(crate) fetched_at: u64,
    /// How long it stays fresh, by the settings of who fetched it.
    pub(crate) life: Duration,
    pub(crate) document: Vec<u8>,
}

impl SharedSet {
    /// The bytes of its payload.
    pub(crate) fn size(&self) -> usize {
        self.document.len().saturating_add(HEAD)
    }

    pub(crate) fn to_payload(&self) -> Vec<u8> {
        let life = u32::try_from(self.life.as_secs()).unwrap_or(u32::MAX);
        let digest = sha256(&[&self.document]);
        let (digest, _) = digest.split_at(16);
        let mut payload = Vec::with_capacity(self.size());
        payload.extend_from_slice(&self.fetched_at.to_be_bytes());
        payload.extend_from_slice(&life.to_be_bytes());
        payload.extend_from_slice(digest);
        payload.extend_from_slice(&self.document);
        payload
    }

    pub(crate) fn from_payload(payload: &[u8]) -> Option<Self> {
        let head = Hint::read(payload, 0)?;
        let (_, document) = payload.split_at_checked(HEAD)?;
        Some(Self {
            fetched_at: head.fetched_at,
            life: Duration::from_secs(head.life.into()),
            document: document.to_vec(),
        })
    }
}

/// The last failure of the fleet: nobody fetches for anybody before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Unix milliseconds by the clock of who failed.
    pub(crate) until: u64,
    /// How often the fleet has failed in a row.
    pub(crate) failures: u16,
}

impl Hold {
    pub(crate) fn to_payload(self) -> Vec<u8> {
        let (until, failures) = (self.until.to_be_bytes(), self.failures.to_be_bytes());
        [&until[..], &failures].concat()
    }

    pub(crate) fn from_payload(payload: &[u8]) -> Option<Self> {
        let (until, failures) = payload.split_first_chunk()?;
        Some(Self {
            until: u64::from_be_bytes(*until),
            failures: u16::from_be_bytes(failures.try_into().ok()?),
        })
    }
}

/// The bytes of a payload before the document.
pub(crate) const HEAD: usize = 8 + 4 + 16;

/// The bytes of the payload of a hold.
pub(crate) const HOLD: usize = 8 + 2;

/// The largest payload of a key set: larger sets are not shared.
pub(crate) const MAX_PAYLOAD: usize = HEAD + MAX_DOCUMENT_BYTES;

/// How long a lease lives unless its holder prolongs it. A holder that crashed costs the others
/// this long.
pub(crate) const LEASE_LIFE: Duration = Duration::from_secs(2);

#[cfg(all(test, any(feature = "aws_lc_rs", feature = "rust_crypto")))]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Computed from the description of the formats, with Python's `hashlib`.
    #[test]
    fn payloads_as_described() {
        let set = SharedSet {
            fetched_at: 1_800_000_000_123,
            life: Duration::from_secs(600),
            document: b"{\"keys\":[]}".to_vec(),
        };
        let payload = set.to_payload();
        assert_eq!(hex(&payload), SET);
        assert_eq!(SharedSet::from_payload(&payload), Some(set));
        let hold = Hold {
            until: 1_800_000_000_123,
            failures: 3,
        };
        assert_eq!(hex(&hold.to_payload()), "000001a3185c507b0003");
        assert_eq!(Hold::from_payload(&hold.to_payload()), Some(hold));
    }

    #[test]
    fn what_is_too_short_is_no_payload() {
        let payload = [0; HEAD];
        assert!(SharedSet::from_payload(&payload).is_some());
        for length in 0..HEAD {
            assert_eq!(
                SharedSet::from_payload(&payload[..length]),
                None,
                "{length}"
            );
        }
        assert!(Hold::from_payload(&payload[..HOLD]).is_some());
        for length in (0..HOLD).chain([HOLD + 1]) {
            assert_eq!(Hold::from_payload(&payload[..length]), None, "{length}");
        }
    }

    const SET: &str =
        "000001a3185c507b000002589638d11914735d0072002dd4d67c734a7b226b657973223a5b5d7d";
}
