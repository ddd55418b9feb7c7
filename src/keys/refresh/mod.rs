//! The task that keeps one issuer's keys fresh, and what requests ask of it.

#[allow(
    clippy::arithmetic_side_effects,
    reason = "durations are bounded by MAX_DURATION, counters are of 64 bits"
)]
pub(super) mod fetches;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "durations are bounded by MAX_DURATION, counters are of 64 bits"
)]
pub(super) mod handle;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "durations are bounded by MAX_DURATION, counters are of 64 bits"
)]
pub(crate) mod schedule;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "durations are bounded by MAX_DURATION, counters are of 64 bits"
)]
pub(super) mod state;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "durations are bounded by MAX_DURATION, counters are of 64 bits"
)]
pub(super) mod task;
