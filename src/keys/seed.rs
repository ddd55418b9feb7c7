use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::schedule::{FetchedAt, Times};
use super::snapshot_file::{self, SnapshotFault};
use super::{KeyOrigin, Life, Origin, Seed, Snapshot};
use crate::jwks::{KeySet, KeySetOptions};
use crate::numeric_date::NumericDate;
use crate::telemetry;
use crate::time::Now;

/// The keys to start with: those of the file where it is good, or those of the configuration.
pub(super) fn seeded(origin: &KeyOrigin, now: Now) -> Option<Arc<Snapshot>> {
    let from_file = origin.snapshot_file.as_deref().and_then(|path| {
        seed_of_file(path, &origin.issuer)
            .inspect_err(|fault| telemetry::snapshot_ignored(&origin.issuer, fault))
            .ok()
    });
    let seed = from_file.or_else(|| origin.seed.clone())?;
    let fetched_at = seed.fetched_at.and_then(|at| NumericDate::new(at as f64));
    let age = fetched_at.map_or(Duration::ZERO, |at| now.wall.since(at));
    let Times {
        max_age, max_stale, ..
    } = origin.times;
    if age >= max_stale {
        telemetry::snapshot_ignored(&origin.issuer, &SnapshotFault::TooOld);
        return None;
    }
    let life = Life {
        fetched: FetchedAt::before(now, age),
        max_age,
        max_stale,
        origin: Arc::new(Origin {
            document: seed.document,
            validators: None,
        }),
    };
    Some(Arc::new(Snapshot {
        keys: seed.keys,
        generation: 1,
        life: Some(life),
    }))
}

fn seed_of_file(path: &Path, issuer: &str) -> Result<Seed, SnapshotFault> {
    let snapshot = snapshot_file::read(path)?;
    if snapshot.issuer != issuer {
        return Err(SnapshotFault::OtherIssuer);
    }
    let document = snapshot.jwks.into_bytes();
    let keys =
        KeySet::parse(&document, KeySetOptions::default()).map_err(|_| SnapshotFault::Damaged)?;
    Ok(Seed {
        keys: Arc::new(keys),
        document,
        fetched_at: Some(snapshot.fetched_at),
    })
}
