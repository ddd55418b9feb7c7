//! The keys to start with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::file::{self as snapshot_file, SnapshotError};
use crate::base::clock::Now;
use crate::base::numeric_date::NumericDate;
use crate::jwks::{KeySet, KeySetOptions};
use crate::keys::report::{counts, report_faults};
use crate::keys::settings::{KeyOrigin, Seed, Times};
use crate::keys::snapshot::{FetchedAt, Life, Origin, Snapshot};
use crate::telemetry;

/// The keys in the file, or the keys in the configuration if the file is missing or unusable.
pub(in crate::keys) fn seeded(origin: &KeyOrigin, now: Now) -> Option<Arc<Snapshot>> {
    let ignored = |error: &SnapshotError| {
        let is_absent = matches!(error, SnapshotError::Absent);
        telemetry::snapshot_ignored(&origin.issuer, error, is_absent);
    };
    let from_file = || {
        let path = origin.snapshot_file.as_deref()?;
        snapshot_file::remove_leftovers(path);
        if origin.ignores_file {
            return None;
        }
        let seed = seed_of_file(path, &origin.issuer)
            .inspect_err(ignored)
            .ok()?;
        snapshot_of(seed, origin.times, now)
            .inspect_err(ignored)
            .ok()
    };
    let from_configuration = || {
        let seed = origin.seed.clone()?;
        snapshot_of(seed, origin.times, now)
            .inspect_err(ignored)
            .ok()
    };
    let snapshot = from_file().or_else(from_configuration)?;
    let (keys, allowed) = (&snapshot.keys, &origin.algorithms);
    telemetry::keys_seeded(&origin.issuer, counts(keys, allowed));
    report_faults(&origin.issuer, keys, allowed);
    Some(Arc::new(snapshot))
}

fn snapshot_of(seed: Seed, times: Times, now: Now) -> Result<Snapshot, SnapshotError> {
    let fetched_at = seed.fetched_at.and_then(|at| NumericDate::new(at as f64));
    let age = fetched_at.map_or(Duration::ZERO, |at| now.wall.since(at));
    if age >= times.max_stale {
        return Err(SnapshotError::TooOld);
    }
    let origin = Arc::new(Origin {
        document: seed.document,
        validators: None,
    });
    let fetched = FetchedAt::before(now, age);
    let life = Some(Life::new(fetched, times, origin));
    Ok(Snapshot {
        keys: seed.keys,
        generation: 1,
        life,
    })
}

fn seed_of_file(path: &Path, issuer: &str) -> Result<Seed, SnapshotError> {
    let snapshot = snapshot_file::read(path)?;
    if snapshot.issuer != issuer {
        return Err(SnapshotError::OtherIssuer);
    }
    let document = snapshot.jwks.into_bytes();
    let keys =
        KeySet::parse(&document, KeySetOptions::default()).map_err(|_| SnapshotError::Damaged)?;
    Ok(Seed {
        keys: Arc::new(keys),
        document,
        fetched_at: Some(snapshot.fetched_at),
    })
}
