//! Events: names, fields, levels and redaction. The only user of `tracing`; `meters` has the
//! metrics.
//!
//! One function for each event, in a file for each subject. Every folder may call them. Arguments
//! are text, numbers and `&dyn Display`, so that nothing here depends on a type of the crate. No
//! function takes a token. Text from outside is escaped and truncated.

#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};
#[cfg(feature = "tracing")]
use std::time::Duration;

#[cfg(feature = "tracing")]
use tokio::time::Instant;

#[cfg(feature = "tracing")]
use crate::base::clock;

mod introspection;
mod issuers;
mod keys;
mod meters;
mod proofs;
#[cfg(all(test, feature = "metrics"))]
pub(crate) mod recorder;
mod refusals;
mod requests;
#[cfg(feature = "redis")]
mod revocations;
#[cfg(feature = "redis")]
mod store;

pub(crate) use introspection::{
    introspection_called, introspection_failed, introspection_looked_up, introspection_recovered,
    introspection_secret_encoded,
};
pub(crate) use issuers::{
    Answered, Exchanged, IssuerChanges, credentials_not_replaced, exchanged, issuers_refused,
    issuers_replaced, metadata_found, no_runtime, task_lost,
};
pub(crate) use keys::{
    fetch_failed, key_skipped, keys_recovered, keys_refreshed, keys_seeded, private_key_published,
    snapshot_ignored, snapshot_not_written, too_many_keys,
};
#[cfg(feature = "redis")]
pub(crate) use keys::{keys_put_off, keys_taken, keys_too_large_to_share};
pub(crate) use meters::{AcceptedRequests, CacheSize, IssuerLabels, KeyCounts};
pub(crate) use proofs::{
    dpop_nonce_wanted, dpop_proof, dpop_url_mismatch, nonce_secret_made_up, proof_replayed,
    replay_clock_set_back, replay_entries_changed, replay_floor_raised, replay_store_failed,
};
pub(crate) use refusals::RefusalLog;
#[cfg(feature = "tracing")]
pub(crate) use requests::metadata_unreachable;
pub(crate) use requests::{
    authorization_servers_empty, layer_missing, peer_address_missing, request_refused,
    session_refused, session_store_failed, shows_refusals,
};
#[cfg(feature = "redis")]
pub(crate) use revocations::{
    logout_not_stored, logout_refused, logout_without_effect, revocation_too_short,
    revocations_behind, revocations_healed, revocations_heard, revocations_known,
    revocations_passed_over, revocations_unread, revoked, store_foreign_records,
};
#[cfg(feature = "redis")]
pub(crate) use store::{
    store_called, store_down, store_evicts, store_filling, store_full, store_not_encrypted,
    store_refuses, store_tampered, store_up,
};

/// When an event was emitted last: an error that every request repeats needs no event for each.
#[cfg(feature = "tracing")]
struct LastEvent(Mutex<Option<Instant>>);

#[cfg(feature = "tracing")]
impl LastEvent {
    const fn never() -> Self {
        Self(Mutex::new(None))
    }

    fn is_older_than(&self, pause: Duration) -> bool {
        is_due(&self.0, pause)
    }
}

/// Whether an event was emitted at least `pause` ago, or never. If so, it counts as emitted now.
#[cfg(feature = "tracing")]
fn is_due(last: &Mutex<Option<Instant>>, pause: Duration) -> bool {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    clock::is_due(&mut last, pause, Instant::now())
}

#[cfg(feature = "tracing")]
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(feature = "tracing")]
const HOUR: Duration = Duration::from_secs(60 * 60);

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";
