//! Counters.

use tower_jwt_auth::test_util::Fault;

use super::{Scene, TOKEN};
use crate::support::recorder::Recorder;
use crate::support::seconds;

#[tokio::test(start_paused = true)]
async fn pop_i01_calls_and_kept_answers_are_counted() {
    let recorder = Recorder::default();
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
    let counted: Vec<_> = recorder
        .lines()
        .into_iter()
        .filter(|line| line.contains("_introspection_"))
        .collect();
    let want = [
        "cache_total{outcome=absent} 7",
        "cache_total{outcome=active} 1",
        "cache_total{outcome=not_active} 1",
        "calls_total{outcome=active} 1",
        "calls_total{outcome=faulty} 1",
        "calls_total{outcome=not_active} 1",
        "calls_total{outcome=refused} 1",
        "calls_total{outcome=unavailable} 2",
        "calls_total{outcome=unreachable} 1",
    ];
    assert_eq!(
        counted,
        want.map(|line| format!("tower_jwt_auth_introspection_{line}"))
    );
}
