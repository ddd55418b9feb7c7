//! Events: names, fields, levels and redaction. The only user of `tracing`; `meters` has the
//! metrics.
//!
//! Long, because it has one function for each event. Every folder may call it. Arguments are text,
//! numbers and `&dyn Display`, so that this file depends on no type of the crate. No function takes
//! a token. Text from outside is escaped and truncated.

use std::fmt::Display;
#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "tracing")]
use tokio::time::Instant;

mod meters;
#[cfg(all(test, feature = "metrics"))]
pub(crate) mod recorder;
mod refusals;
#[cfg(feature = "redis")]
mod revocations;
#[cfg(feature = "redis")]
mod store;

pub(crate) use meters::{AcceptedRequests, CacheSize, IssuerLabels, KeyCounts};
pub(crate) use refusals::RefusalLog;
#[cfg(feature = "redis")]
pub(crate) use revocations::{
    logout_without_effect, revocation_too_short, revocations_behind, revocations_healed,
    revocations_heard, revocations_known, revocations_passed_over, revocations_unread, revoked,
    store_foreign_records,
};
#[cfg(feature = "redis")]
pub(crate) use store::{
    store_called, store_down, store_evicts, store_filling, store_full, store_not_encrypted,
    store_up,
};

#[cfg(feature = "tracing")]
use crate::base::escape::shown;

/// A request was rejected. Level debug, because callers cause it at will.
///
/// `label` is the error code in the response body, `code` the stable name of the reason.
pub(crate) fn request_refused(
    label: &'static str,
    code: &'static str,
    kind: &dyn Display,
    reason: &dyn Display,
) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "request_refused",
        kind = kind.to_string().as_str(),
        code,
        reason = reason.to_string().as_str(),
        "request refused"
    );
    #[cfg(feature = "metrics")]
    meters::request_refused(label, code);
    let _ = (label, code, kind, reason);
}

/// Whether somebody reads [`request_refused`].
pub(crate) fn shows_refusals() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::enabled!(target: TARGET, tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    false
}

/// A session was rejected. Level debug, as for any rejection. The event omits the session id, which
/// is a secret.
pub(crate) fn session_refused(known: bool) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        event = "session_refused",
        reason = if known { "it belongs to somebody else" } else { "it is not known" },
        "session refused"
    );
    #[cfg(feature = "metrics")]
    meters::session_refused();
    let _ = known;
}

/// The resource metadata lists no authorization server, so that no client learns where to sign in.
pub(crate) fn authorization_servers_empty(left_out: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "authorization_servers_empty",
        left_out = %shown(left_out),
        "the resource metadata lists no authorization server: set authorization_servers, or \
         advertise for an issuer at which users sign in"
    );
    let _ = left_out;
}

/// Nonces are required, and are made with a secret that only this process has.
pub(crate) fn nonce_secret_made_up() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "nonce_secret_made_up",
        "dpop.nonce is required, but no secret is set: if several processes serve the same clients, \
         set dpop.nonce_secret or dpop.nonce_secret_file, so that each accepts the nonces of the others"
    );
}

/// The client's id or secret for the introspection endpoint has characters that form-encoding
/// changes.
pub(crate) fn introspection_secret_encoded(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "introspection_secret_encoded",
        issuer = %shown(issuer),
        "the client id or secret for introspection has characters that form-encoding changes \
         (RFC 6749 section 2.3.1): if the endpoint refuses it, set introspection.auth to \
         basic_unencoded or post"
    );
    let _ = issuer;
}

/// The session store returned an error.
pub(crate) fn session_store_failed(error: &(dyn std::error::Error + 'static)) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        event = "session_store_failed",
        error,
        "the session store could not be asked"
    );
    let _ = error;
}

/// Counts the DPoP proofs that came. `outcome` is `accepted`, or the code of what was wrong.
pub(crate) fn dpop_proof(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::dpop_proof(outcome);
    let _ = outcome;
}

/// A client was sent back for a nonce.
pub(crate) fn dpop_nonce_wanted() {
    #[cfg(feature = "metrics")]
    meters::dpop_nonce_wanted();
}

/// A proof names another URL. `public_url` is what would make it fit, if that can be told.
pub(crate) fn dpop_url_mismatch(named: &str, expected: &str, public_url: Option<&str>) {
    #[cfg(feature = "tracing")]
    {
        let advice = match public_url {
            Some(url) => {
                format!("set dpop.public_url to {url:?} if clients reach this service there")
            }
            None => {
                "set dpop.public_url to where clients reach the root of this service".to_owned()
            }
        };
        if first_within(HOUR, &LAST_URL_MISMATCH) {
            tracing::warn!(target: TARGET, event = "dpop_url_mismatch", named, expected, "{advice}");
        } else {
            tracing::debug!(target: TARGET, event = "dpop_url_mismatch", named, expected, "{advice}");
        }
    }
    let _ = (named, expected, public_url);
}

/// A proof was rejected because it was used before.
pub(crate) fn proof_replayed() {
    #[cfg(feature = "metrics")]
    meters::proof_replayed();
}

/// The number of remembered proofs went from `before` to `after`, in one of the memories of the
/// process.
pub(crate) fn replay_entries_changed(before: usize, after: usize) {
    #[cfg(feature = "metrics")]
    meters::replay_entries_changed(before, after);
    let _ = (before, after);
}

/// Proofs that may still be fresh were forgotten. Requests with proofs as old are rejected from now
/// on.
pub(crate) fn replay_floor_raised(entries: usize) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_FLOOR_RAISED) {
        tracing::error!(
            target: TARGET,
            event = "replay_floor_raised",
            entries,
            "the memory of used DPoP proofs is full, and requests with older proofs are rejected \
             with 503: raise dpop.replay_entries, or with nonces shorten dpop.nonce_lifetime"
        );
    }
    let _ = entries;
}

/// The clock shows an earlier time than before, and proofs of the time between were forgotten.
pub(crate) fn replay_clock_set_back(seconds: u64) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_CLOCK_SET_BACK) {
        tracing::error!(
            target: TARGET,
            event = "replay_clock_set_back",
            seconds,
            "the clock was set back, and requests whose DPoP proofs may have been used before are \
             rejected with 503 until it has caught up"
        );
    }
    let _ = seconds;
}

/// The store of used proofs returned an error, panicked, or did not answer in time.
pub(crate) fn replay_store_failed(error: &(dyn std::error::Error + 'static)) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_STORE_FAILED) {
        tracing::error!(
            target: TARGET,
            event = "replay_store_failed",
            error,
            "the store of used DPoP proofs could not be asked"
        );
    }
    let _ = error;
}

/// A valid key set was fetched at `now`, in Unix seconds; `changed` if it differs from the last
/// one.
pub(crate) fn keys_refreshed(
    (issuer, labels): (&str, &IssuerLabels),
    generation: u64,
    counts: KeyCounts,
    changed: bool,
    took: Duration,
    now: u64,
) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "metrics")]
    meters::keys_refreshed((issuer, labels), counts, changed, took, now);
    #[cfg(feature = "tracing")]
    if changed {
        tracing::info!(target: TARGET, event = "keys_replaced", issuer, generation, usable, skipped, "new keys are in use");
    } else {
        tracing::debug!(target: TARGET, event = "keys_renewed", issuer, generation, "keys are still current");
    }
    let _ = (
        issuer, labels, generation, usable, skipped, changed, took, now,
    );
}

/// How a list of issuers differs from the one before it.
#[derive(Default)]
pub(crate) struct IssuerChanges {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
    pub(crate) unchanged: usize,
}

impl IssuerChanges {
    pub(crate) const fn are_none(&self) -> bool {
        matches!(
            self,
            Self {
                added: 0,
                changed: 0,
                removed: 0,
                unchanged: _
            }
        )
    }
}

/// A new list of issuers is in use, which is not the old one in another order.
pub(crate) fn issuers_replaced(changes: &IssuerChanges) {
    #[cfg(feature = "tracing")]
    {
        let IssuerChanges {
            added,
            changed,
            removed,
            unchanged,
        } = changes;
        tracing::info!(target: TARGET, event = "issuers_replaced", added, changed, removed, unchanged, "other issuers are trusted from now on");
    }
    let _ = changes;
}

/// A new list of issuers is not used.
pub(crate) fn issuers_refused(error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "issuers_refused", %error, "the new list of issuers is not used; the old issuers are still trusted");
    let _ = error;
}

/// Keys of an earlier process are in use until the first fetch.
pub(crate) fn keys_seeded(issuer: &str, counts: KeyCounts) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "keys_seeded", issuer, usable, skipped, "keys from a snapshot are in use");
    let _ = (issuer, usable, skipped);
}

/// Keys that another process has fetched are in use. `fetched_at` is in Unix seconds.
#[cfg(feature = "redis")]
pub(crate) fn keys_taken(
    (issuer, labels): (&str, &IssuerLabels),
    generation: u64,
    counts: KeyCounts,
    changed: bool,
    fetched_at: u64,
    age: Duration,
) {
    let KeyCounts { usable, skipped } = counts;
    #[cfg(feature = "metrics")]
    meters::keys_taken((issuer, labels), counts, fetched_at);
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.as_secs();
        if changed {
            tracing::info!(target: TARGET, event = "keys_taken", issuer, generation, usable, skipped, age_seconds, "new keys that another process has fetched are in use");
        } else {
            tracing::debug!(target: TARGET, event = "keys_taken", issuer, generation, usable, skipped, age_seconds, "another process has confirmed the keys");
        }
    }
    let _ = (issuer, labels, generation, usable, skipped);
    let _ = (changed, fetched_at, age);
}

/// Another process of the fleet could not fetch the keys, and no process tries again before `pause`
/// has passed.
#[cfg(feature = "redis")]
pub(crate) fn keys_put_off(
    (issuer, labels): (&str, &IssuerLabels),
    pause: Duration,
    serving: bool,
) {
    #[cfg(feature = "metrics")]
    meters::keys_put_off((issuer, labels), serving);
    #[cfg(feature = "tracing")]
    {
        let pause_seconds = pause.as_secs();
        if serving {
            tracing::debug!(target: TARGET, event = "keys_put_off", issuer, pause_seconds, "another process could not fetch keys; the old ones serve on");
        } else {
            tracing::warn!(target: TARGET, event = "keys_put_off", issuer, pause_seconds, "another process could not fetch keys, and none may serve");
        }
    }
    let _ = (issuer, labels, pause, serving);
}

/// A key set is too large for the store: each process fetches by itself.
#[cfg(feature = "redis")]
pub(crate) fn keys_too_large_to_share(issuer: &str, bytes: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "keys_too_large_to_share", issuer, bytes, "the key set is too large to be shared: each process fetches it");
    let _ = (issuer, bytes);
}

/// A value in the store was not written by a process with the secret of the fleet, or was moved
/// there. `kind` says what it should be.
#[cfg(feature = "redis")]
pub(crate) fn store_tampered(kind: &'static str) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_STORE_TAMPERED) {
        tracing::error!(target: TARGET, event = "store_tampered", kind, "a value in the store has no seal of this fleet, and is ignored: somebody else writes there, or processes of one namespace have different secrets");
    }
    let _ = kind;
}

/// The key set holds more keys than the limit; the others are not read.
pub(crate) fn too_many_keys(issuer: &str, beyond_limit: usize) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "too_many_keys", issuer, beyond_limit, "the key set holds more keys than are read");
    let _ = (issuer, beyond_limit);
}

/// A key of a set that is now in use cannot be used.
pub(crate) fn key_skipped(issuer: &str, kid: Option<&str>, reason: &dyn Display) {
    #[cfg(feature = "tracing")]
    {
        let kid = kid.map(shown);
        tracing::warn!(target: TARGET, event = "key_skipped", issuer, kid = kid.as_deref(), %reason, "a key is not used");
    }
    let _ = (issuer, kid, reason);
}

/// The key set publishes private members.
pub(crate) fn private_key_published(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, event = "private_key_published", issuer, "the key set holds private members: replace those keys");
    let _ = issuer;
}

/// A fetch failed. The back-off limits how often this happens. Level error when requests are
/// rejected for lack of keys.
pub(crate) fn fetch_failed(
    (issuer, labels): (&str, &IssuerLabels),
    error: &dyn Display,
    age: Option<Duration>,
    took: Duration,
    serving: bool,
) {
    #[cfg(feature = "metrics")]
    meters::fetch_failed((issuer, labels), took, serving);
    #[cfg(feature = "tracing")]
    {
        let age_seconds = age.map(|age| age.as_secs());
        if serving {
            tracing::warn!(target: TARGET, event = "fetch_failed", issuer, %error, age_seconds, "keys could not be fetched; the old ones serve on");
        } else {
            tracing::error!(target: TARGET, event = "keys_unavailable", issuer, %error, age_seconds, "keys could not be fetched, and none may serve");
        }
    }
    let _ = (issuer, labels, error, age, took, serving);
}

/// What came of one HTTP exchange with an issuer.
pub(crate) struct Exchanged<'e> {
    pub(crate) method: &'e str,
    pub(crate) url: &'e str,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Answered<'e>, &'e dyn Display>,
}

/// What an answer says about itself.
#[cfg_attr(
    not(feature = "tracing"),
    allow(dead_code, reason = "read for an event")
)]
pub(crate) struct Answered<'e> {
    pub(crate) status: u16,
    pub(crate) bytes: usize,
    pub(crate) date: Option<&'e str>,
    pub(crate) age: Option<&'e str>,
}

/// An HTTP exchange with an issuer is over.
pub(crate) fn exchanged(exchange: &Exchanged<'_>) {
    let Exchanged {
        method,
        url,
        took,
        outcome,
    } = exchange;
    #[cfg(feature = "tracing")]
    {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Answered {
                status,
                bytes,
                date,
                age,
            }) => {
                let (date, age) = (date.map(shown), age.map(shown));
                tracing::debug!(target: TARGET, event = "exchanged", method, url, milliseconds, status, bytes, date = date.as_deref(), age = age.as_deref(), "the issuer has answered");
            }
            Err(error) => {
                tracing::debug!(target: TARGET, event = "exchanged", method, url, milliseconds, %error, "the issuer has not answered");
            }
        }
    }
    let _ = (method, url, took, outcome);
}

/// The metadata of an issuer was found. `outcomes` names each URL where it may be.
pub(crate) fn metadata_found(issuer: &str, outcomes: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: TARGET, event = "metadata_found", issuer, %outcomes, "the metadata of the issuer was found");
    let _ = (issuer, outcomes);
}

/// A file with certificates or credentials has changed and cannot be used.
pub(crate) fn credentials_not_replaced(issuer: &str, error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "credentials_not_replaced", issuer, %error, "a file for requests to the issuer cannot be used; its old content serves on");
    let _ = (issuer, error);
}

/// The first successful fetch after failures.
pub(crate) fn keys_recovered(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "keys_recovered", issuer, "keys can be fetched again");
    let _ = issuer;
}

/// The runtime that ran the task has ended or is not driven; the next request starts the task
/// again.
pub(crate) fn task_lost(issuer: &str, why: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "task_lost", issuer, "{why}");
    let _ = (issuer, why);
}

/// The issuer is needed outside a tokio runtime. `what` cannot be done there.
pub(crate) fn no_runtime(issuer: &str, what: &'static str) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_NO_RUNTIME) {
        tracing::error!(target: TARGET, event = "no_runtime", issuer, "{what} inside a tokio runtime");
    }
    let _ = (issuer, what);
}

/// The introspection endpoint gave no verdict, or not one that can be used. `is_refusal`: it
/// refuses us, so that somebody must change the set-up. The caller limits how often this happens.
pub(crate) fn introspection_failed(issuer: &str, error: &dyn Display, is_refusal: bool) {
    #[cfg(feature = "tracing")]
    if is_refusal {
        tracing::error!(target: TARGET, event = "introspection_refused", issuer, %error, "the introspection endpoint refuses this server");
    } else {
        tracing::error!(target: TARGET, event = "introspection_failed", issuer, %error, "tokens could not be introspected");
    }
    let _ = (issuer, error, is_refusal);
}

/// The first verdict after calls to the introspection endpoint had paused.
pub(crate) fn introspection_recovered(issuer: &str) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, event = "introspection_recovered", issuer, "tokens can be introspected again");
    let _ = issuer;
}

/// Counts the calls to introspection endpoints. `outcome` is one of a few fixed labels.
pub(crate) fn introspection_called(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::introspection_called(outcome);
    let _ = outcome;
}

/// Counts the tokens that were looked up among the kept answers. `outcome` is one of a few fixed
/// labels.
pub(crate) fn introspection_looked_up(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    meters::introspection_looked_up(outcome);
    let _ = outcome;
}

/// The snapshot of keys is not used. On the first start there is none yet, which needs no warning.
pub(crate) fn snapshot_ignored(issuer: &str, reason: &dyn Display, is_absent: bool) {
    #[cfg(feature = "tracing")]
    if is_absent {
        tracing::debug!(target: TARGET, event = "snapshot_ignored", issuer, %reason, "no snapshot of keys to start with");
    } else {
        tracing::warn!(target: TARGET, event = "snapshot_ignored", issuer, %reason, "the snapshot of keys is not used");
    }
    let _ = (issuer, reason, is_absent);
}

/// The snapshot of keys could not be written.
pub(crate) fn snapshot_not_written(issuer: &str, path: &str, error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, event = "snapshot_not_written", issuer, path, %error, "the snapshot of keys could not be written");
    let _ = (issuer, path, error);
}

/// Challenges have sent clients without credentials to the metadata document at `url`, and none has
/// got it here.
#[cfg(feature = "tracing")]
pub(crate) fn metadata_unreachable(url: &str) {
    tracing::warn!(
        target: TARGET,
        event = "metadata_unreachable",
        url,
        "in ten different minutes clients without credentials were sent to the metadata document, \
         and none has got it from this server: if clients cannot sign in, serve it at this URL, for \
         example with JwtAuthLayer::protect"
    );
}

/// Code that needs `JwtAuthLayer` runs without it.
pub(crate) fn layer_missing(what: &str) {
    #[cfg(feature = "tracing")]
    if first_for_a_while(&LAST_LAYER_MISSING) {
        tracing::error!(target: TARGET, event = "layer_missing", "{what} runs without JwtAuthLayer in front of it");
    }
    let _ = what;
}

/// A certificate came in a header, and nothing says from whom.
pub(crate) fn peer_address_missing(header: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: TARGET,
        event = "peer_address_missing",
        header,
        "no certificate of a client is accepted: insert a PeerAddress into the extensions of each \
         request, in front of JwtAuthLayer"
    );
    let _ = header;
}

/// For errors that every request repeats: one event a minute is enough.
#[cfg(feature = "tracing")]
fn first_for_a_while(last: &Mutex<Option<Instant>>) -> bool {
    first_within(PAUSE, last)
}

#[cfg(feature = "tracing")]
fn first_within(pause: Duration, last: &Mutex<Option<Instant>>) -> bool {
    let now = Instant::now();
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let due = last.is_none_or(|last| now.saturating_duration_since(last) >= pause);
    if due {
        *last = Some(now);
    }
    due
}

#[cfg(feature = "tracing")]
static LAST_NO_RUNTIME: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
static LAST_LAYER_MISSING: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
static LAST_URL_MISMATCH: Mutex<Option<Instant>> = Mutex::new(None);

/// A wrong `public_url` concerns every request of every client.
#[cfg(feature = "tracing")]
const HOUR: Duration = Duration::from_secs(60 * 60);

#[cfg(feature = "tracing")]
static LAST_FLOOR_RAISED: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
static LAST_CLOCK_SET_BACK: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
static LAST_STORE_FAILED: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(all(feature = "redis", feature = "tracing"))]
static LAST_STORE_TAMPERED: Mutex<Option<Instant>> = Mutex::new(None);

#[cfg(feature = "tracing")]
const PAUSE: Duration = Duration::from_secs(60);

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";
