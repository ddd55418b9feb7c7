//! Counters.

#![cfg(feature = "metrics")]

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower_jwt_auth::test_util::Fault;

use super::{Scene, TOKEN};
use crate::support::seconds;

#[tokio::test(start_paused = true)]
async fn pop_i01_calls_and_kept_answers_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let mut scene = Scene::with(|it| it.danger_max_stale(seconds(100)));
    scene.accepts("asked", TOKEN).await;
    scene.accepts("kept", TOKEN).await;
    scene.refuses("asked", "junk").await;
    scene.refuses("kept", "junk").await;
    for (fault, token) in [
        (Fault::Status(401), "a"),
        (Fault::Status(500), "b"),
        (Fault::Status(502), "c"),
    ] {
        scene.endpoint.fail(fault);
        scene.unavailable("a fault", token).await;
    }
    scene.pass(seconds(60)).await;
    scene.accepts("stale after a call that fails", TOKEN).await;
    scene.issuer.go_down();
    scene.unavailable("down", "d").await;
    let counted: Vec<_> = snapshotter.snapshot().into_vec();
    let count = |name: &str, outcome: &str| {
        let found = counted.iter().find(|(key, ..)| {
            let mut labels = key.key().labels();
            key.key().name() == name && labels.any(|label| label.value() == outcome)
        });
        match found {
            Some((.., DebugValue::Counter(count))) => *count,
            _ => 0,
        }
    };
    let calls = |outcome| count("tower_jwt_auth_introspection_calls_total", outcome);
    let outcomes = [
        "active",
        "not_active",
        "refused",
        "faulty",
        "unavailable",
        "unreachable",
    ];
    assert_eq!(outcomes.map(calls), [1, 1, 1, 1, 2, 1]);
    let looked_up = |outcome| count("tower_jwt_auth_introspection_cache_total", outcome);
    let outcomes = ["active", "not_active", "absent", "stale"];
    assert_eq!(outcomes.map(looked_up), [1, 1, 7, 0]);
}
