//! Metrics: what they count, and that the guide lists them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::config::{Issuer, JwksCache};
use tower_jwt_auth::mcp::SessionBindingLayer;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::support::issuer_in_memory::{self, Answer, junk, key};
use crate::support::recorder::Recorder;
use crate::support::{Counting, InMemoryIssuer, RESOURCE, call, pass, read, request, seconds};

/// The layer in front of a session binding, whose fetches take two seconds.
fn layer(memory: &InMemoryIssuer) -> JwtAuthLayer {
    memory.takes(seconds(2));
    let config = memory.config().resource(RESOURCE);
    let config = config.jwks_cache(JwksCache::new().max_age(seconds(600)));
    JwtAuthLayer::new(config.token_cache_entries(100).build().unwrap())
}

async fn status(layer: &JwtAuthLayer, token: Option<&str>) -> u16 {
    let answer = call(layer, &Counting::default(), request(token)).await;
    answer.status.as_u16()
}

/// One request of each kind that has a metric.
async fn some_of_everything(layer: &JwtAuthLayer, memory: &InMemoryIssuer) {
    let token = || issuer_in_memory::token(memory_key());
    let (one, other) = (token(), token());
    for token in [&one, &other, &one] {
        assert_eq!(status(layer, Some(token)).await, 200);
    }
    // Two kids: so many are looked for at once. The second request for a kid asks for nothing.
    for kid in ["made-up", "made-up-too", "made-up-too"] {
        assert_eq!(status(layer, Some(&junk(kid))).await, 401);
    }
    assert_eq!(status(layer, None).await, 401);

    let bound = layer.layer(
        SessionBindingLayer::new()
            .strict()
            .layer(Counting::default()),
    );
    let mut unknown = request(Some(&one));
    let session = http::HeaderValue::from_static("nobody-began-it");
    unknown.headers_mut().insert("mcp-session-id", session);
    let answer = read(bound.oneshot(unknown).await.unwrap()).await;
    assert_eq!(answer.status, 404);

    memory.answer(Answer::Fails);
    pass(seconds(600)).await;
}

fn memory_key() -> &'static TestKey {
    static KEY: LazyLock<TestKey> = LazyLock::new(|| key("k"));
    &KEY
}

#[tokio::test(start_paused = true)]
async fn metrics_count_the_same() {
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let memory = InMemoryIssuer::publishing(&[memory_key()]);
    let layer = layer(&memory);
    some_of_everything(&layer, &memory).await;

    let lines: Vec<_> = recorder
        .lines()
        .into_iter()
        .filter(|line| !line.contains("outcome=failed"))
        .map(|line| match line.split_once("_timestamp_seconds") {
            Some((name, _)) => format!("{name} at some time"),
            None => line,
        })
        .collect();
    assert_eq!(
        lines,
        [
            "tower_jwt_auth_fetch_duration_seconds_count{issuer=memory,outcome=renewed} 2",
            "tower_jwt_auth_fetch_duration_seconds_count{issuer=memory,outcome=replaced} 1",
            "tower_jwt_auth_fetch_duration_seconds_sum{issuer=memory,outcome=renewed} 4",
            "tower_jwt_auth_fetch_duration_seconds_sum{issuer=memory,outcome=replaced} 2",
            "tower_jwt_auth_fetches_total{issuer=memory,outcome=renewed} 2",
            "tower_jwt_auth_fetches_total{issuer=memory,outcome=replaced} 1",
            "tower_jwt_auth_keys_confirmed at some time",
            "tower_jwt_auth_keys_serving{issuer=memory} 1",
            "tower_jwt_auth_keys_skipped{issuer=memory} 0",
            "tower_jwt_auth_keys_usable{issuer=memory} 1",
            "tower_jwt_auth_requests_accepted_total{issuer=memory} 4",
            "tower_jwt_auth_requests_refused_total{kind=invalid_token,code=key_unknown} 3",
            "tower_jwt_auth_requests_refused_total{kind=unauthorized,code=unauthorized} 1",
            "tower_jwt_auth_sessions_refused_total{} 1",
            "tower_jwt_auth_token_cache_entries{resource=https://mcp.example.com/mcp} 2",
        ]
    );
    let failed = |line: &&String| line.contains("{issuer=memory,outcome=failed}");
    let lines = recorder.lines();
    assert_eq!(lines.iter().filter(failed).count(), 3, "{lines:?}");
}

/// Whoever looks at a dashboard looks the name up here, and whoever reads the page types it.
#[tokio::test(start_paused = true)]
async fn the_guide_lists_each_metric_and_no_other() {
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let memory = InMemoryIssuer::publishing(&[memory_key()]);
    let layer = layer(&memory);
    some_of_everything(&layer, &memory).await;

    let recorded = names(&recorder.lines().join("\n"));
    let source = names(include_str!("../../src/telemetry/meters.rs"));
    // Those of proofs, of introspection and of fleets have tests of their own.
    let elsewhere = [
        "_dpop_",
        "_introspection_",
        "_keys_taken_",
        "_revocations",
        "_store_",
    ];
    let is_elsewhere = |name: &String| elsewhere.iter().any(|part| name.contains(part));
    let others = source.iter().filter(|name| !is_elsewhere(name));
    assert_eq!(
        recorded,
        others.cloned().collect(),
        "each is recorded above"
    );
    let page = include_str!("../../src/guide/operations.rs");
    assert_eq!(names(page), source);
    let rows = page
        .lines()
        .filter(|line| line.starts_with("//! | `tower_"));
    assert_eq!(names(&rows.collect::<Vec<_>>().join("\n")), source);
}

/// The names of metrics in a text, without what Prometheus appends to a histogram.
fn names(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices("tower_jwt_auth_").map(|(at, _)| at);
    let name = |at: usize| {
        let name = |letter: char| letter == '_' || letter.is_ascii_lowercase();
        let rest = &text[at..];
        let name = &rest[..rest.find(|letter| !name(letter)).unwrap_or(rest.len())];
        let of_histogram = ["_seconds_bucket", "_seconds_count", "_seconds_sum"];
        match of_histogram.iter().find(|end| name.ends_with(**end)) {
            Some(end) => name[..name.len() - end.len()].to_owned() + "_seconds",
            None => name.to_owned(),
        }
    };
    starts.map(name).collect()
}

/// Labels hold what is configured: a token cannot make a time series.
#[tokio::test(start_paused = true)]
async fn only_configured_issuers_are_labels() {
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (one, other) = (key("one"), key("other"));
    let issuer = |name, key: &TestKey| {
        let keys = serde_json::json!({"keys": [key.jwk()]});
        Issuer::new(name).jwks(keys).audience("tests")
    };
    let config = JwtAuthConfig::builder()
        .add_issuer(issuer("a", &one))
        .add_issuer(issuer("b", &other));
    let layer = JwtAuthLayer::new(config.token_cache_entries(0).build().unwrap());
    let token = |name: &str, key: &TestKey| {
        let claims = serde_json::json!({"iss": name, "aud": "tests", "exp": 4_102_444_800_u64});
        let header = issuer_in_memory::header(key.kid());
        key.sign_compact(&header, &claims.to_string())
    };
    for (name, key, want) in [
        ("a", &one, 200),
        ("b", &other, 200),
        ("b", &other, 200),
        ("stranger", &one, 401),
        ("a", &other, 401),
    ] {
        assert_eq!(status(&layer, Some(&token(name, key))).await, want);
    }
    assert_eq!(
        recorder.lines(),
        [
            "tower_jwt_auth_requests_accepted_total{issuer=a} 1",
            "tower_jwt_auth_requests_accepted_total{issuer=b} 2",
            "tower_jwt_auth_requests_refused_total{kind=invalid_token,code=issuer_unknown} 1",
            "tower_jwt_auth_requests_refused_total{kind=invalid_token,code=key_unknown} 1",
        ]
    );
}
