//! Events: every refusal and every change of keys is logged, and never a token.

use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth::test_util::{Fault, TestIssuer};

use crate::support::issuer_in_memory::{Answer, key};
use crate::support::{
    Counting, InMemoryIssuer, RESOURCE, call, capture, config, pass, request, seconds,
};

#[tokio::test]
async fn refusals_and_keys_are_told_and_tokens_are_not() {
    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).required_scopes(["a"]).build().unwrap());
    let odd_kid = "k\r\n\u{202e}forged line \u{1b}[31m";
    let tokens = [
        ("good", issuer.mint(RESOURCE).scope("a").sign()),
        ("no scope", issuer.mint(RESOURCE).sign()),
        (
            "another audience",
            issuer.mint("https://other.example").scope("a").sign(),
        ),
        (
            "odd kid",
            issuer
                .mint(RESOURCE)
                .scope("a")
                .header("kid", odd_kid)
                .sign(),
        ),
        (
            "odd issuer",
            issuer
                .mint(RESOURCE)
                .claim("iss", "x\r\nforged line")
                .sign(),
        ),
        (
            "odd type",
            issuer
                .mint(RESOURCE)
                .header("typ", "x\r\nforged line")
                .sign(),
        ),
        ("no claims", "eyJhbGciOiJFUzI1NiJ9.forged.AAAA".to_owned()),
    ];
    let mut answers = String::new();
    for (name, token) in &tokens {
        let answer = call(&layer, &Counting::default(), request(Some(token))).await;
        assert_eq!(answer.status == 200, *name == "good", "{name}");
        if *name != "good" {
            answers.push_str(&format!("{answer:?}"));
        }
    }
    assert_eq!(
        call(&layer, &Counting::default(), request(None))
            .await
            .status,
        401
    );
    assert_eq!(
        log.counts("request_refused"),
        7,
        "each refusal once:\n{}",
        log.text()
    );
    assert_eq!(log.counts("keys_replaced"), 1);

    issuer.rotate();
    issuer.fail(Fault::Status(500));
    let unknown = issuer.mint(RESOURCE).scope("a").sign();
    assert_eq!(
        call(&layer, &Counting::default(), request(Some(&unknown)))
            .await
            .status,
        503
    );
    assert_eq!(log.counts("fetch_failed"), 1);
    assert_eq!(log.counts("keys_unavailable"), 0, "the old keys serve on");
    assert!(
        log.text().contains("age_seconds="),
        "a30: how old they are by now"
    );

    let text = log.text() + &answers;
    for (name, token) in tokens.iter().chain([("unknown", unknown)].iter()) {
        for segment in token.split('.').filter(|segment| segment.len() > 8) {
            assert!(
                !text.contains(segment),
                "{name}: a part of the token is in the log"
            );
        }
    }
    assert!(
        !text.contains("\nforged line") && !text.contains('\u{202e}') && !text.contains('\u{1b}')
    );
}

#[tokio::test]
async fn a47_keys_that_never_came_are_told_once_per_attempt() {
    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    issuer.fail(Fault::Status(404));
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    for _ in 0..20 {
        let token = issuer.mint(RESOURCE).sign();
        assert_eq!(
            call(&layer, &Counting::default(), request(Some(&token)))
                .await
                .status,
            503
        );
    }
    assert_eq!(
        log.counts("keys_unavailable"),
        1,
        "once per attempt, not per request"
    );
    assert!(log.text().contains("ERROR"));
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn metrics_count_the_same() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    assert_eq!(
        call(
            &layer,
            &Counting::default(),
            request(Some(&issuer.mint(RESOURCE).sign()))
        )
        .await
        .status,
        200
    );
    // Three requests, and two kids: so many are looked for at once.
    for n in [0, 1, 1] {
        let junk = issuer
            .mint(RESOURCE)
            .header("kid", format!("made-up-{n}"))
            .sign();
        assert_eq!(
            call(&layer, &Counting::default(), request(Some(&junk)))
                .await
                .status,
            401
        );
    }
    assert_eq!(
        call(&layer, &Counting::default(), request(None))
            .await
            .status,
        401
    );

    let mut seen: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(value) if value.0 > 1e9 => "now".to_owned(),
                DebugValue::Gauge(value) => value.0.to_string(),
                DebugValue::Histogram(_) => "histogram".to_owned(),
            };
            format!("{} {} {value}", key.key().name(), labels.join(","))
                .replace(issuer.issuer(), "ISSUER")
        })
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "tower_jwt_auth_fetches_total issuer=ISSUER,outcome=renewed 2",
            "tower_jwt_auth_fetches_total issuer=ISSUER,outcome=replaced 1",
            "tower_jwt_auth_keys_confirmed_timestamp_seconds issuer=ISSUER now",
            "tower_jwt_auth_keys_serving issuer=ISSUER 1",
            "tower_jwt_auth_keys_skipped issuer=ISSUER 0",
            "tower_jwt_auth_keys_usable issuer=ISSUER 1",
            "tower_jwt_auth_requests_refused_total kind=invalid_token 3",
            "tower_jwt_auth_requests_refused_total kind=unauthorized 1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn recovery_is_told_once() {
    let (log, _guard) = capture();
    let key = key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    memory.answer(Answer::Fails);
    let verifier = memory.verifier();
    assert!(verifier.wait_for_keys().await.is_err());
    pass(seconds(5)).await;
    memory.publish(&[&key]);
    pass(seconds(3600)).await;
    assert_eq!(log.counts("keys_recovered"), 1);
    drop(verifier);
    pass(seconds(1)).await;
    assert_eq!(log.counts("task_lost"), 0, "an end in order is no loss");
}

/// The rejections of inner layers, extractors and handlers are counted and logged like the layer's.
#[tokio::test]
async fn each_rejection_behind_the_layer_is_told_once() {
    use axum::Extension;
    use axum::routing::post;
    use tower::ServiceExt as _;
    use tower_jwt_auth::{AuthInfo, Claims, Rejection, RequireScopesLayer};

    async fn step_up(Extension(auth): Extension<AuthInfo>) -> Result<(), Rejection> {
        Err(Rejection::insufficient_scope(&auth, ["handler"]))
    }
    async fn unfit(_: Claims<Vec<String>>) {}
    async fn needs_caller(_: AuthInfo) {}
    async fn may_have_caller(_: Option<AuthInfo>) {}

    let (log, _guard) = capture();
    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap()).open_paths(["/open"]);
    let needs_scope = RequireScopesLayer::new(["layer"]);
    let behind = axum::Router::new()
        .route("/layer", post(|| async {}).layer(needs_scope))
        .route("/handler", post(step_up))
        .route("/claims", post(unfit))
        .route("/open", post(needs_caller))
        .route("/good", post(needs_caller))
        .layer(layer);
    let bare = axum::Router::new()
        .route("/bare", post(needs_caller))
        .route("/bare-option", post(may_have_caller));
    let app = behind.merge(bare);
    let token = issuer.mint(RESOURCE).sign();
    for (path, status, told) in [
        ("/good", 200, 0),
        ("/layer", 403, 1),
        ("/handler", 403, 1),
        ("/claims", 403, 1),
        ("/open", 401, 1),
        ("/bare", 500, 1),
        ("/bare-option", 500, 1),
    ] {
        let before = log.counts("request_refused");
        let mut request = request(Some(&token)).map(|_| axum::body::Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let after = log.counts("request_refused");
        assert_eq!(
            after.saturating_sub(before),
            told,
            "{path}:\n{}",
            log.text()
        );
    }
}
