//! What a process of a fleet decides about its keys: one process fetches, the others take its set.
//!
//! What the task calls a fetch is in a fleet a turn: it looks at the store and takes a newer set;
//! or else it gets the lease, fetches, writes the set and gives the lease back. [`turn`] decides
//! the steps of one turn, [`memory`] when the next one is due and what it may do. Both are free of
//! clocks and I/O; `share` carries the steps out. Requests wait for a turn as they wait for a
//! fetch.

pub(super) mod memory;
pub(super) mod turn;
