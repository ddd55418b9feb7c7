//! The results that a measuring process prints as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by the name of the peer.
pub type ByPeer<T> = BTreeMap<String, T>;

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Timings {
    /// Microseconds of the bare verification, by algorithm.
    pub bare: BTreeMap<String, f64>,
    /// Microseconds for the first sight of a token, by algorithm.
    pub first: ByPeer<BTreeMap<String, f64>>,
    /// Microseconds for a token that was seen before (RS256).
    pub again: ByPeer<f64>,
    /// Microseconds for an expired token (RS256).
    pub expired: ByPeer<f64>,
    pub behaviour: ByPeer<Behaviour>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Behaviour {
    /// The number of fetches that a thousand unknown `kid`s cause, and the responses.
    pub fetches: u64,
    pub statuses: BTreeMap<u16, u32>,
    /// The responses to the first token of a new key, seconds after start-up and a minute later.
    pub rotated_at_once: u16,
    pub rotated_later: u16,
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Counts {
    pub first: ByPeer<u64>,
    pub again: ByPeer<u64>,
    pub expired: ByPeer<u64>,
}
