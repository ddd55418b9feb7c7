//! Metrics: their names, labels and values. The only user of the crate `metrics`.
//!
//! Labels hold texts of the configuration and fixed words of this crate, never text from outside,
//! because an attacker must not be able to create time series. `guide::operations` lists every
//! metric; a test compares it with this file.

#[cfg(feature = "metrics")]
use std::sync::Arc;
#[cfg(feature = "metrics")]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "metrics")]
use crate::limits::MAX_LABELLED_ISSUERS;

#[cfg(feature = "metrics")]
pub(super) use recorded::{
    dpop_nonce_wanted, dpop_proof, fetch_failed, introspection_called, introspection_looked_up,
    keys_refreshed, proof_replayed, replay_entries_changed, request_refused, session_refused,
};
#[cfg(all(feature = "metrics", feature = "redis"))]
pub(super) use recorded::{keys_put_off, keys_taken};

#[cfg(all(feature = "metrics", feature = "redis"))]
pub(super) use recorded::{revocations_heard, revocations_known, store_called};

/// Whether metrics have the label `issuer`: not above
/// [`MAX_LABELLED_ISSUERS`]. Shared by the
/// issuers of one layer. Without the feature `metrics` it has no state.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerLabels {
    #[cfg(feature = "metrics")]
    are_left_out: Arc<AtomicBool>,
}

impl IssuerLabels {
    /// The layer trusts this many issuers from now on.
    pub(crate) fn set_number(&self, issuers: usize) {
        #[cfg(feature = "metrics")]
        self.are_left_out
            .store(issuers > MAX_LABELLED_ISSUERS, Ordering::Relaxed);
        let _ = issuers;
    }

    #[cfg(feature = "metrics")]
    fn label<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        (!self.are_left_out.load(Ordering::Relaxed)).then_some(issuer)
    }
}

/// Counts the accepted requests of one issuer. Without the feature `metrics` it has no state.
///
/// Its label is made once, because this is on the path of every request.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcceptedRequests(
    #[cfg(feature = "metrics")] Option<(metrics::Key, IssuerLabels)>,
);

impl AcceptedRequests {
    pub(crate) fn of(issuer: &str, labels: &IssuerLabels) -> Self {
        #[cfg(feature = "metrics")]
        let made = Self(Some((
            recorded::key(recorded::ACCEPTED, "issuer", issuer),
            labels.clone(),
        )));
        #[cfg(not(feature = "metrics"))]
        let made = Self();
        let _ = (issuer, labels);
        made
    }

    #[inline]
    pub(crate) fn count(&self) {
        #[cfg(feature = "metrics")]
        match &self.0 {
            Some((key, labels)) if labels.label("").is_some() => {
                recorded::counter(key).increment(1);
            }
            Some(_) => recorded::counter(&recorded::ACCEPTED_OF_MANY).increment(1),
            None => {}
        }
    }
}

/// Shows the number of entries of one token cache. Without the feature `metrics` it has no state.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheSize(#[cfg(feature = "metrics")] Option<metrics::Key>);

impl CacheSize {
    /// `resource` is empty when it is not set, which Prometheus takes for a label that is absent.
    pub(crate) fn of(resource: &str) -> Self {
        #[cfg(feature = "metrics")]
        let made = Self(Some(recorded::key(
            "tower_jwt_auth_token_cache_entries",
            "resource",
            resource,
        )));
        #[cfg(not(feature = "metrics"))]
        let made = Self();
        let _ = resource;
        made
    }

    /// `entries` is called only where somebody may read it, because counting takes locks.
    pub(crate) fn show(&self, entries: impl FnOnce() -> usize) {
        #[cfg(feature = "metrics")]
        if let Some(key) = &self.0 {
            recorded::gauge(key).set(entries() as f64);
        }
        #[cfg(not(feature = "metrics"))]
        let _ = entries;
    }
}

/// The number of keys in a key set.
#[derive(Clone, Copy)]
pub(crate) struct KeyCounts {
    /// Keys that can verify a token.
    pub(crate) usable: usize,
    /// Keys that cannot be used.
    pub(crate) skipped: usize,
}

#[cfg(feature = "metrics")]
mod recorded {
    use std::time::Duration;

    use metrics::{Counter, Gauge, Key, Label, Level, Metadata, with_recorder};

    use super::{IssuerLabels, KeyCounts};

    pub(super) fn key(name: &'static str, label: &'static str, value: &str) -> Key {
        Key::from_parts(name, vec![Label::new(label, value.to_owned())])
    }

    pub(super) fn counter(key: &Key) -> Counter {
        with_recorder(|recorder| recorder.register_counter(key, &METADATA))
    }

    pub(super) fn gauge(key: &Key) -> Gauge {
        with_recorder(|recorder| recorder.register_gauge(key, &METADATA))
    }

    /// `kind` is the error code in the response body, `code` the stable name of the reason. Where
    /// there is no reason beside the kind, as for a missing token, both are the same; their labels
    /// are literals and need no allocation, because such rejections cost a client nothing.
    pub(in crate::telemetry) fn request_refused(kind: &'static str, code: &'static str) {
        macro_rules! counted {
            // The name is a literal too: then the key is a constant, and nothing is hashed.
            ($name:literal: $($literal:literal)*) => {
                match kind {
                    $($literal if code == $literal => metrics::counter!(
                        $name, "kind" => $literal, "code" => $literal
                    ),)*
                    _ => metrics::counter!($name, "kind" => kind, "code" => code),
                }
            };
        }
        let counter = counted!(
            "tower_jwt_auth_requests_refused_total":
            "access_denied"
            "insufficient_scope"
            "invalid_request"
            "invalid_token"
            "server_error"
            "temporarily_unavailable"
            "too_many_requests"
            "unauthorized"
            "use_dpop_nonce"
        );
        counter.increment(1);
    }

    pub(in crate::telemetry) fn dpop_proof(outcome: &'static str) {
        metrics::counter!("tower_jwt_auth_dpop_proofs_total", "outcome" => outcome).increment(1);
    }

    pub(in crate::telemetry) fn dpop_nonce_wanted() {
        metrics::counter!("tower_jwt_auth_dpop_nonce_challenges_total").increment(1);
    }

    pub(in crate::telemetry) fn proof_replayed() {
        metrics::counter!("tower_jwt_auth_dpop_replays_total").increment(1);
    }

    pub(in crate::telemetry) fn replay_entries_changed(before: usize, after: usize) {
        let gauge = metrics::gauge!("tower_jwt_auth_dpop_replay_entries");
        gauge.increment(after as f64 - before as f64);
    }

    pub(in crate::telemetry) fn introspection_called(outcome: &'static str) {
        metrics::counter!("tower_jwt_auth_introspection_calls_total", "outcome" => outcome)
            .increment(1);
    }

    /// With each opaque token, so the labels are literals: then the key is a constant, which is
    /// neither allocated nor hashed.
    pub(in crate::telemetry) fn introspection_looked_up(outcome: &'static str) {
        macro_rules! counted {
            ($name:literal: $($literal:literal)*) => {
                match outcome {
                    $($literal => metrics::counter!($name, "outcome" => $literal),)*
                    _ => metrics::counter!($name, "outcome" => outcome),
                }
            };
        }
        let counter = counted!(
            "tower_jwt_auth_introspection_cache_total":
            "absent"
            "active"
            "not_active"
            "stale"
        );
        counter.increment(1);
    }

    pub(in crate::telemetry) fn session_refused() {
        metrics::counter!("tower_jwt_auth_sessions_refused_total").increment(1);
    }

    #[cfg(feature = "redis")]
    pub(in crate::telemetry) fn revocations_known(count: usize) {
        metrics::gauge!("tower_jwt_auth_revocations").set(count as f64);
    }

    #[cfg(feature = "redis")]
    pub(in crate::telemetry) fn revocations_heard(now: u64) {
        metrics::gauge!("tower_jwt_auth_revocations_heard_timestamp_seconds").set(now as f64);
    }

    #[cfg(feature = "redis")]
    pub(in crate::telemetry) fn store_called(
        operation: &'static str,
        outcome: &'static str,
        took: Option<Duration>,
    ) {
        metrics::counter!("tower_jwt_auth_store_calls_total", "op" => operation, "outcome" => outcome)
            .increment(1);
        if let Some(took) = took {
            metrics::histogram!("tower_jwt_auth_store_seconds", "op" => operation).record(took);
        }
    }

    /// A valid key set was fetched at `now`, in Unix seconds.
    pub(in crate::telemetry) fn keys_refreshed(
        (issuer, labels): (&str, &IssuerLabels),
        counts: KeyCounts,
        changed: bool,
        took: Duration,
        now: u64,
    ) {
        let outcome = if changed { "replaced" } else { "renewed" };
        let issuer = labels.label(issuer);
        fetched(issuer, outcome, took);
        in_use(issuer, counts, now);
    }

    /// A key set that another process has fetched at this time, in Unix seconds.
    #[cfg(feature = "redis")]
    pub(in crate::telemetry) fn keys_taken(
        (issuer, labels): (&str, &IssuerLabels),
        counts: KeyCounts,
        fetched_at: u64,
    ) {
        let issuer = labels.label(issuer);
        let label = issuer.map(|issuer| Label::new("issuer", issuer.to_owned()));
        let labels: Vec<_> = label.into_iter().collect();
        metrics::counter!("tower_jwt_auth_keys_taken_total", labels).increment(1);
        in_use(issuer, counts, fetched_at);
    }

    #[cfg(feature = "redis")]
    pub(in crate::telemetry) fn keys_put_off(
        (issuer, labels): (&str, &IssuerLabels),
        serving: bool,
    ) {
        set_serving(labels.label(issuer), serving);
    }

    /// One gauge for all issuers would show the last one, so without a label there is none.
    fn set_serving(issuer: Option<&str>, serving: bool) {
        if let Some(issuer) = issuer {
            let serving = if serving { 1.0 } else { 0.0 };
            gauge(&key("tower_jwt_auth_keys_serving", "issuer", issuer)).set(serving);
        }
    }

    /// The set in use was fetched or confirmed at this time, in Unix seconds.
    fn in_use(issuer: Option<&str>, KeyCounts { usable, skipped }: KeyCounts, confirmed_at: u64) {
        set_serving(issuer, true);
        let Some(issuer) = issuer else {
            return;
        };
        let set = |name, value| gauge(&key(name, "issuer", issuer)).set(value);
        set("tower_jwt_auth_keys_usable", usable as f64);
        set("tower_jwt_auth_keys_skipped", skipped as f64);
        set(
            "tower_jwt_auth_keys_confirmed_timestamp_seconds",
            confirmed_at as f64,
        );
    }

    pub(in crate::telemetry) fn fetch_failed(
        (issuer, labels): (&str, &IssuerLabels),
        took: Duration,
        serving: bool,
    ) {
        let issuer = labels.label(issuer);
        fetched(issuer, "failed", took);
        set_serving(issuer, serving);
    }

    fn fetched(issuer: Option<&str>, outcome: &'static str, took: Duration) {
        let issuer = issuer.map(|issuer| Label::new("issuer", issuer.to_owned()));
        let labels: Vec<_> = issuer
            .into_iter()
            .chain([Label::from_static_parts("outcome", outcome)])
            .collect();
        metrics::counter!("tower_jwt_auth_fetches_total", labels.clone()).increment(1);
        metrics::histogram!("tower_jwt_auth_fetch_duration_seconds", labels).record(took);
    }

    pub(super) const ACCEPTED: &str = "tower_jwt_auth_requests_accepted_total";

    pub(super) static ACCEPTED_OF_MANY: Key = Key::from_static_name(ACCEPTED);

    static METADATA: Metadata<'static> =
        Metadata::new("tower_jwt_auth", Level::INFO, Some(module_path!()));
}
