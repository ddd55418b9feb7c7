//! What is reported about an introspection endpoint: plain values.

use std::time::Duration;

/// The state of the introspection endpoint of one issuer, for dashboards and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntrospectionHealth {
    /// The issuer, as configured.
    pub issuer: String,
    /// Time since the last verdict, "active" or "not active"; `None` before the first.
    pub since_success: Option<Duration>,
    /// Time since the last call that failed; `None` before the first.
    pub since_failure: Option<Duration>,
    /// Why the last call failed; `None` when it did not.
    pub last_error: Option<String>,
    /// Whether the endpoint refused this server the last time (400, 401, 403), or the metadata of
    /// the issuer names no endpoint that may be used: somebody must change the set-up.
    pub refused: bool,
    /// Time until calls for new tokens are made again; `None` when they do not pause.
    pub pause: Option<Duration>,
    /// The number of calls that are under way.
    pub in_flight: usize,
    /// The number of tokens whose last answer is "active".
    pub answers_kept: usize,
    /// The number of calls so far.
    pub calls: u64,
    /// The number of calls that gave no verdict.
    pub failures: u64,
}
