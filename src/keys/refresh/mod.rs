//! The background task that keeps one issuer's keys fresh, and what requests ask of it.
//!
//! [`handle`] is what readers hold: the keys in use without a lock, the start of the task, and the
//! wait for a fetch. [`state`] is shared by readers and the task. [`task`] runs the loop, [`adopt`]
//! turns a fetched document into the keys in use. [`fetches`] numbers the fetches and decides how
//! long a request waits; [`schedule`] decides when to fetch, and [`kids`] is what it remembers of
//! unknown `kid`s. All three are free of clocks and I/O.
//!
//! # The states of the task
//!
//! | state | begins when | ends when | shows life until (`tick_due`) |
//! | --- | --- | --- | --- |
//! | not running | the process starts; the task was lost | a request needs keys inside a runtime | – |
//! | sleeping | nothing is due and nothing was requested | the timer fires, or a request wakes it | the end of the sleep, and twice the timeout |
//! | requested | a request asked for a fetch | the task starts the fetch | one timeout after the request |
//! | fetching | the task started a fetch | the result is in place, or the timeout is over | twice the timeout after the start |
//! | in a turn of a fleet, instead of fetching | the task looked at the store | a set is in place, the turn ended without one, or the timeout of its fetch is over | twice the timeout and 30 s after each step: a call to the store, a wait of at most a second, a fetch |
//!
//! # When the task is lost
//!
//! The task lives on the runtime of the request that started it. Two things can happen to that
//! runtime:
//!
//! - **It is gone.** The runtime drops the task and with it the guard `Running`, which marks the
//!   task as not running and releases the requests that wait. They ask again, and the task starts
//!   on theirs.
//! - **It is not driven** (a `current_thread` runtime that nobody polls). Nothing is dropped, so
//!   the only sign is that `tick_due` passes. [`restart_if_stalled`](handle::Handle) compares it
//!   with the clock in two places: when a request has waited in vain, and when a request reads keys
//!   that are no longer fresh. The second place is needed because a server whose tokens all name
//!   known keys never waits: without it, a withdrawn key would be trusted until `max_stale`. Fresh
//!   keys need no look.
//!
//! A task that was given up keeps its old `epoch`. If its runtime comes back, it ends itself at its
//! next step and its result is discarded.

mod adopt;
pub(super) mod fetches;
#[cfg(feature = "redis")]
mod fleet;
pub(super) mod handle;
mod kids;
pub(crate) mod schedule;
#[cfg(feature = "redis")]
mod share;
mod state;
mod task;
