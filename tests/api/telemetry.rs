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

/// What is wrong with keys of the configuration is told as for keys that were fetched.
#[test]
fn field_c02_private_and_unusable_keys_of_the_configuration_are_told() {
    use serde_json::json;

    let public = key("k").jwk();
    let with = |name: &str, value: &str| {
        let mut jwk = public.clone();
        jwk[name] = json!(value);
        jwk
    };
    let (private, unusable) = (with("d", "AQAB"), with("use", "enc"));
    let set = |keys: &[&serde_json::Value]| json!({"keys": keys});
    let rules = || {
        tower_jwt_auth::JwtAuthConfig::builder()
            .issuer("i")
            .audience("a")
    };
    for (name, builder, told, skipped) in [
        ("a public jwk", rules().jwk(public.clone()), 0, 0),
        ("a private jwk", rules().jwk(private.clone()), 1, 0),
        ("public jwks", rules().jwks(set(&[&public])), 0, 0),
        (
            "private jwks",
            rules().jwks(set(&[&public, &private])),
            1,
            0,
        ),
        (
            "an unusable key",
            rules().jwks(set(&[&public, &unusable])),
            0,
            1,
        ),
    ] {
        let (log, _guard) = capture();
        let config = builder.build().unwrap();
        let layer = JwtAuthLayer::new(config);
        let text = log.text();
        assert_eq!(log.counts("private_key_published"), told, "{name}: {text}");
        assert_eq!(text.contains("ERROR"), told > 0, "{name}: {text}");
        assert_eq!(log.counts("key_skipped"), skipped, "{name}: {text}");
        assert!(!text.contains("AQAB"), "{name}: {text}");
        drop(layer);
    }
}

/// The operator and the code learn which claim does not fit, and the caller does not.
#[tokio::test]
async fn field_c09_claims_that_do_not_fit_are_told_with_their_path() {
    use axum::response::IntoResponse as _;
    use axum::routing::post;
    use serde::Deserialize;
    use tower::ServiceExt as _;
    use tower_jwt_auth::{Claims, Rejection};

    #[derive(Deserialize)]
    struct Tenant {
        tenant: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        ids: Vec<u64>,
    }
    async fn tenant(Claims(Tenant { tenant }): Claims<Tenant>) -> String {
        tenant.ids.len().to_string()
    }
    async fn caught(claims: Result<Claims<Tenant>, Rejection>) -> axum::response::Response {
        match claims {
            Ok(_) => "good".into_response(),
            Err(rejection) => {
                let seen = rejection.claims_error().map(ToOwned::to_owned);
                let mut response = rejection.into_response();
                response.extensions_mut().insert(Seen(seen));
                response
            }
        }
    }
    #[derive(Clone)]
    struct Seen(Option<String>);

    let issuer = TestIssuer::start();
    let layer = JwtAuthLayer::new(config(&issuer).build().unwrap());
    let app = axum::Router::new()
        .route("/tenant", post(tenant))
        .route("/caught", post(caught))
        .layer(layer);
    let odd = "x\r\nforged line \u{202e}";
    let long = "y".repeat(1000);
    let ids = |ids: serde_json::Value| {
        let tenant = serde_json::json!({"ids": ids, "name": "n"});
        issuer.mint(RESOURCE).claim("tenant", tenant).sign()
    };
    for (token, want, value) in [
        (ids(serde_json::json!([1, 2])), None, ""),
        (
            ids(serde_json::json!([1, "two"])),
            Some("the claim tenant.ids[1] does not fit"),
            "two",
        ),
        (
            ids(serde_json::json!([odd])),
            Some("the claim tenant.ids[0] does not fit"),
            "forged",
        ),
        (
            ids(serde_json::json!([long])),
            Some("the claim tenant.ids[0] does not fit"),
            "yyy",
        ),
        (
            issuer.mint(RESOURCE).sign(),
            Some("the claim tenant is missing"),
            "`",
        ),
    ] {
        for route in ["/tenant", "/caught"] {
            let (log, _guard) = capture();
            let mut request = request(Some(&token)).map(|_| axum::body::Body::empty());
            *request.uri_mut() = route.parse().unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            let Some(want) = want else {
                assert_eq!(response.status(), 200);
                assert_eq!(log.counts("request_refused"), 0);
                continue;
            };
            assert_eq!(response.status(), 403);
            let from_code = response.extensions().get::<Rejection>().unwrap();
            let reason = from_code.claims_error().unwrap().to_owned();
            assert_eq!(reason, want);
            assert!(!format!("{from_code:?}").contains(value));
            assert_eq!(from_code.token_error(), None);
            if let Some(Seen(seen)) = response.extensions().get() {
                assert_eq!(seen.as_deref(), Some(&*reason));
            }
            let text = log.text();
            assert_eq!(log.counts("request_refused"), 1, "{text}");
            let recorded = format!("reason={reason:?}");
            assert!(text.contains(&recorded), "{recorded}: {text}");
            assert!(!text.contains("\nforged") && !text.contains('\u{202e}'));
            let answer = crate::support::read(response).await;
            let answer = format!("{answer:?}");
            for told in [&*reason, "tenant", "ids", "expected", "missing field"] {
                assert!(!answer.contains(told), "{told} in {answer}");
            }
        }
    }
}
