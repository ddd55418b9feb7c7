//! What one process hands to the one that writes the tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// By the name of the peer.
pub type ByPeer<T> = BTreeMap<String, T>;

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Timings {
    /// Microseconds of the bare verification, by algorithm.
    pub bare: BTreeMap<String, f64>,
    /// Microseconds for the first sight of a token, by algorithm.
    pub first: ByPeer<BTreeMap<String, f64>>,
    /// Microseconds for a token that was seen before, RS256.
    pub again: ByPeer<f64>,
    /// Microseconds for a token whose time is over, RS256.
    pub expired: ByPeer<f64>,
    pub behaviour: ByPeer<Behaviour>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Behaviour {
    /// Key sets fetched for a thousand unknown `kid`s, and the answers to them.
    pub fetches: u64,
    pub statuses: BTreeMap<u16, u32>,
    /// The answer to the first token of a new key, seconds after start-up and a minute later.
    pub rotated_at_once: u16,
    pub rotated_later: u16,
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Counts {
    pub first: ByPeer<u64>,
    pub again: ByPeer<u64>,
    pub expired: ByPeer<u64>,
}
