//! From a fetched document to the keys in use.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::state::Shared;
use crate::jwks::{KeySet, KeySetOptions};
use crate::keys::snapshot::{FetchedAt, Life, Origin, Snapshot};
use crate::keys::source::{FetchError, Fetched};

/// A fetched set that is good enough to use.
pub(super) struct ReadSet {
    keys: Arc<KeySet>,
    origin: Arc<Origin>,
    changed: bool,
    has_new_faults: bool,
    max_age: Option<Duration>,
}

/// The set that is in use now.
pub(super) struct Adopted {
    pub(super) snapshot: Arc<Snapshot>,
    /// Whether its usable keys differ from the keys before.
    pub(super) changed: bool,
    /// Whether something is wrong with it that was not wrong with the set before.
    pub(super) has_new_faults: bool,
    /// How long the issuer says that it stays fresh.
    pub(super) max_age: Option<Duration>,
}

impl Shared {
    /// Reads a fetched set. To be called outside the lock: the document may be large.
    pub(super) fn read(&self, fetched: Fetched) -> Result<ReadSet, FetchError> {
        let old = self.snapshot.load_full();
        let in_use = old
            .as_deref()
            .and_then(|old| Some((old, old.life.as_ref()?)));
        let Fetched {
            document,
            max_age,
            validators,
        } = fetched;
        let Some(document) = document else {
            let (old, life) = in_use.ok_or_else(|| {
                FetchError::new("the source says not modified, but no keys are in use")
            })?;
            return Ok(ReadSet {
                keys: old.keys.clone(),
                origin: life.origin.clone(),
                changed: false,
                has_new_faults: false,
                max_age,
            });
        };
        let same = in_use.filter(|(_, life)| life.origin.document == document);
        let keys = match same {
            Some((old, _)) => old.keys.clone(),
            None => Arc::new(parse_catching_panics(&document)?),
        };
        // Some issuers write the same keys in another order each time. Nothing that was verified
        // with them is in doubt then.
        let before = in_use.map(|(old, _)| &old.keys);
        Ok(ReadSet {
            changed: before.is_none_or(|before| !keys.has_same_keys(before)),
            has_new_faults: before.is_none_or(|before| !keys.has_same_faults(before)),
            keys,
            origin: Arc::new(Origin {
                document,
                validators,
            }),
            max_age,
        })
    }

    /// Replaces the keys in use by a good set, and fully: a key that it does not hold is gone.
    pub(super) fn adopt(&self, set: ReadSet, fetched: FetchedAt) -> Adopted {
        let ReadSet {
            keys,
            origin,
            changed,
            has_new_faults,
            max_age,
        } = set;
        let generation = self
            .snapshot
            .load()
            .as_ref()
            .map_or(0, |old| old.generation);
        let snapshot = Arc::new(Snapshot {
            keys,
            generation: generation.saturating_add(u64::from(changed)),
            life: Some(Life::new(fetched, self.origin.times, origin)),
        });
        self.snapshot.store(Some(snapshot.clone()));
        Adopted {
            snapshot,
            changed,
            has_new_faults,
            max_age,
        }
    }
}

/// A panic in the parser fails one fetch, not the task.
fn parse_catching_panics(document: &[u8]) -> Result<KeySet, FetchError> {
    catch_unwind(|| KeySet::parse(document, KeySetOptions::default()))
        .map_err(|_| FetchError::new("reading the key set panicked; please report it"))?
        .map_err(FetchError::from)
}
