//! What a fleet sets of `dpop`.

use std::time::Duration;

use super::super::fleet_proofs::{largest_leeway, share_proofs};
use super::super::issuer::Issuer;
use super::super::settings::Settings;
use crate::limits::{DEFAULT_LEEWAY, MAX_LEEWAY};
use crate::proof::Dpop;
use crate::test_util::FakeClock;
use crate::test_util::internal::fleet::{MemoryStore, fleet, nonce_secrets};

#[tokio::test(start_paused = true)]
async fn a_fleet_sets_what_is_not_set_by_name() {
    let (store, clock) = (MemoryStore::default(), FakeClock::at(std::time::UNIX_EPOCH));
    let (a, b) = ([1; 32], [2; 32]);
    let fleet = fleet(&store, "ns", &[&a, &b], &clock);
    let secrets = |dpop: &Dpop| {
        let secrets = dpop.nonce_secrets.clone().unwrap_or_default();
        let texts = secrets.iter().map(|secret| secret.expose().clone());
        texts.collect::<Vec<_>>()
    };
    let shared = |dpop| share_proofs(dpop, &fleet, DEFAULT_LEEWAY);
    let usual = shared(Dpop::new());
    assert!(usual.replay_store.is_some());
    let of_the_fleet = nonce_secrets(&fleet);
    assert_eq!(secrets(&usual), of_the_fleet);
    assert!(of_the_fleet.len() == 2 && of_the_fleet[0] != of_the_fleet[1]);

    let own = shared(Dpop::new().nonce_secret("c"));
    assert_eq!(secrets(&own), ["c"]);
    let from_file = shared(Dpop::new().nonce_secret_file("f"));
    assert!(from_file.nonce_secrets.is_none() && from_file.replay_store.is_some());
    let own = Dpop::new().replay_store(fleet.replays());
    let named = own.replay_store.clone().unwrap();
    let kept = shared(own).replay_store.unwrap();
    assert!(std::sync::Arc::ptr_eq(&kept, &named));
    // The danger that somebody has chosen stays.
    assert!(
        shared(Dpop::new().danger_allow_replay())
            .replay_store
            .is_none()
    );
}

#[test]
fn the_largest_leeway_counts() {
    let settings = |leeway: Option<u64>| Settings {
        leeway: leeway.map(Duration::from_secs),
        ..Settings::default()
    };
    let entry = |leeway| Issuer {
        issuer: "i".to_owned(),
        settings: settings(leeway),
    };
    for (shared, own, want) in [
        (None, vec![None], DEFAULT_LEEWAY),
        (Some(10), vec![None], Duration::from_secs(10)),
        (Some(300), vec![Some(20)], Duration::from_secs(20)),
        (
            Some(10),
            vec![None, Some(20), Some(5)],
            Duration::from_secs(20),
        ),
        (Some(10), vec![Some(300)], MAX_LEEWAY),
    ] {
        let entries: Vec<_> = own.into_iter().map(entry).collect();
        assert_eq!(largest_leeway(&settings(shared), &entries), want);
    }
}
