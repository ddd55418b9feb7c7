//! What a fleet sets of `dpop`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::issuer::Issuer;
use super::settings::Settings;
use crate::fleet::Fleet;
use crate::limits::DEFAULT_LEEWAY;
use crate::proof::Dpop;

/// Sets what is not set by name: proofs are used up in the whole fleet, and nonces are made with
/// keys from its secrets. Each process then accepts the nonces of the others. The first key makes
/// nonces.
pub(super) fn share_proofs(mut dpop: Dpop, fleet: &Fleet, leeway: Duration) -> Dpop {
    if dpop.replay_store.is_none() && !dpop.allow_replay {
        dpop = dpop.replay_store(fleet.replays_for(leeway));
    }
    if dpop.nonce_secrets.is_none() && dpop.nonce_secret_file.is_none() {
        for seal in fleet.store().seals.iter() {
            dpop = dpop.nonce_secret(URL_SAFE_NO_PAD.encode(seal.nonce));
        }
    }
    dpop
}

/// The largest `leeway` of a config, for the clocks of the fleet.
pub(super) fn largest_leeway(shared: &Settings, entries: &[Issuer]) -> Duration {
    let shared = shared.leeway.unwrap_or(DEFAULT_LEEWAY);
    let own = entries.iter().map(|entry| entry.settings.leeway);
    own.map(|own| own.unwrap_or(shared)).max().unwrap_or(shared)
}
