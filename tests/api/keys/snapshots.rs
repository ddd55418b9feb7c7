//! Keys that are there before the first fetch: from the configuration, or from an earlier process.

use std::time::UNIX_EPOCH;

use serde_json::json;
use tower_jwt_auth::JwtAuthConfig;
use tower_jwt_auth::test_util::FakeClock;
use tower_jwt_auth::test_util::internal::unix;

use super::{Good, Scenario, Unavailable, pass, seconds};
use crate::support::issuer_in_memory::ISSUER;
use crate::support::{until, warnings_of_other_threads};

const NOW: f64 = 1_800_000_000.0;

#[tokio::test(start_paused = true)]
async fn a05_seeded_keys_serve_until_max_stale() {
    let scenario = Scenario::publishing(["k"]);
    scenario.fails();
    let seed = json!({"keys": [scenario.key("k").jwk()]});
    let seeded = scenario.another(|config| config.initial_jwks(seed));
    assert_eq!(seeded.fetches(), 0, "building fetches nothing");
    for _ in 0..23 {
        seeded.expect("k", Good).await;
        pass(seconds(3600)).await;
    }
    pass(seconds(3600)).await;
    seeded.expect("k", Unavailable).await;
}

#[tokio::test(start_paused = true)]
async fn a05_an_exported_snapshot_keeps_its_age() {
    let at = |hours: u32| FakeClock::at(unix(NOW + f64::from(hours) * 3600.0));
    let first = Scenario::configured(["k"], |config| config.clock(&at(0)));
    first.verifier.wait_for_keys().await.unwrap();
    let exported = first.verifier.export_keys().remove(0);
    assert_eq!(
        (exported.issuer(), exported.fetched_at()),
        (ISSUER, UNIX_EPOCH + seconds(NOW as u64))
    );

    first.fails();
    for (hours_later, expected) in [(0, Good), (23, Good), (24, Unavailable), (100, Unavailable)] {
        let restarted = first.another(|config| {
            config
                .clock(&at(hours_later))
                .initial_jwks(exported.clone())
        });
        let got = restarted.ask("k").await;
        assert_eq!(got, expected, "{hours_later} h");
    }
    let other = JwtAuthConfig::builder()
        .issuer("other")
        .audience("a")
        .key_source(first.issuer.clone());
    assert!(
        other.initial_jwks(exported).build().is_err(),
        "of another issuer"
    );
}

#[tokio::test(start_paused = true)]
async fn a05_a_snapshot_file_outlives_the_process() {
    let path = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}.json", fastrand::u64(..)));
    let first = Scenario::configured(["k"], |config| config.snapshot_file(&path));
    first.verifier.wait_for_keys().await.unwrap();
    until("the file is there", || path.exists()).await;

    first.fails();
    let start = || first.another(|config| config.snapshot_file(&path));
    let second = start();
    assert!(second.health().ready, "before anything is fetched");
    second.expect("k", Good).await;
    // A file that cannot be used gives way to the keys of the configuration.
    let old = std::fs::read_to_string(&path).unwrap();
    let clock = FakeClock::at(unix(4_000_000_000.0));
    let later = first.another(|config| config.snapshot_file(&path).clock(&clock));
    assert!(!later.health().ready, "too old: {old}");
    let seed = json!({"keys": [first.key("k").jwk()]});
    let config = |config: tower_jwt_auth::config::JwtAuthConfigBuilder| {
        config.snapshot_file(&path).clock(&clock).initial_jwks(seed)
    };
    assert!(first.another(config).health().ready);
    std::fs::write(&path, "damaged").unwrap();
    assert!(!start().health().ready);
    std::fs::remove_file(&path).unwrap();
}

/// A folder may be mounted after the process has started.
#[tokio::test(start_paused = true)]
async fn field_c04_a_missing_folder_is_told_and_the_process_starts() {
    let log = warnings_of_other_threads();
    let folder = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}", fastrand::u64(..)));
    let path = folder.join("keys.json");
    let scenario = Scenario::configured(["k"], |config| config.snapshot_file(&path));
    assert_eq!(scenario.health().snapshot_error, None);
    scenario.expect("k", Good).await;
    let unsaved = || scenario.health().snapshot_error;
    until("the file could not be written", || unsaved().is_some()).await;
    let shown = path.to_str().unwrap();
    assert!(unsaved().unwrap().starts_with(&format!("{shown}: ")));
    let told = || -> Vec<String> {
        let text = log.text();
        let ours = text.lines().filter(|line| line.contains(shown));
        ours.map(ToOwned::to_owned).collect()
    };
    let [event] = &told()[..] else {
        panic!("told once: {:?}", told());
    };
    for part in [
        "WARN",
        "event=\"snapshot_not_written\"",
        &format!("path=\"{shown}\""),
        "error=",
    ] {
        assert!(event.contains(part), "{part}: {event}");
    }

    std::fs::create_dir(&folder).unwrap();
    pass(seconds(600)).await;
    until("the file is there", || path.exists() && unsaved().is_none()).await;
    assert_eq!(told().len(), 1);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(start_paused = true)]
async fn field_s13_leftovers_are_gone_after_the_start() {
    let folder = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("keys.json");
    let leftover = folder.join("keys.json.0123456789abcdef.tmp");
    let other = folder.join("keys.json.tmp");
    std::fs::write(&leftover, "{").unwrap();
    std::fs::write(&other, "{").unwrap();
    let scenario = Scenario::configured(["k"], |config| config.snapshot_file(&path));
    assert!(!leftover.exists() && other.exists());
    scenario.expect("k", Good).await;
    until("the file is there", || path.exists()).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
