//! Which tokens are asked about, and who is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::introspection::IntrospectedTokens;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtAuthLayer};

use super::{CLIENT, SECRET, Scene, TOKEN, asking};
use crate::support::{Counting, RESOURCE, call, request, seconds, until};

#[tokio::test(start_paused = true)]
async fn pop_i32_a_jwt_is_shown_to_nobody() {
    let scene = Scene::usual();
    scene.accepts("opaque", TOKEN).await;
    let jwt = scene.issuer.mint(RESOURCE);
    scene.accepts("a JWT of the issuer", &jwt.sign()).await;
    let stranger = TestIssuer::start();
    let none = |header: &str, payload: &str| format!("{header}.{payload}.");
    let (header, payload) = ("eyJhbGciOiJub25lIn0", "e30");
    let jwe = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA";
    let other_alphabet = STANDARD.encode(r#"{"alg":"none","a":"???>>>"}"#);
    let other_alphabet = format!("{other_alphabet}.{payload}.AAAA");
    for (what, token) in [
        ("of a stranger", stranger.mint(RESOURCE).sign()),
        (
            "expired",
            jwt.clone()
                .valid(1, std::time::Duration::from_secs(1))
                .sign(),
        ),
        ("alg none", none(header, payload)),
        (
            "alg none with a signature",
            format!("{header}.{payload}.AAAA"),
        ),
        ("in the other alphabet", other_alphabet),
        ("a JWE", jwe.to_owned()),
        (
            "an unknown alg",
            format!("eyJhbGciOiJuZXcifQ.{payload}.AAAA"),
        ),
    ] {
        scene.refuses(what, &token).await;
    }
    assert_eq!(scene.endpoint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn pop_w23_an_opaque_token_with_dots() {
    let scene = Scene::usual();
    for token in [
        "a.b.c",
        "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
        "a.b",
        "eyJhbGciOjF9.e30.AA",
    ] {
        scene.endpoint.answer(token, scene.good_with("x", 1));
        scene.accepts(token, token).await;
        assert_eq!(scene.endpoint.calls_for(token), 1, "{token}");
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i35_without_the_setting_nobody_is_asked() {
    let without = Scene::configured(|config, _| config);
    without.refuses("opaque", TOKEN).await;
    assert_eq!(without.endpoint.calls(), 0);
    assert!(without.layer.introspection().health().is_empty());
    Scene::usual().accepts("with the setting", TOKEN).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i36_only_tokens_with_the_prefix() {
    let scene = Scene::with(|introspection| introspection.token_prefix("at_"));
    scene.endpoint.answer("at_1", scene.good_with("x", 1));
    scene.accepts("with the prefix", "at_1").await;
    for token in [TOKEN, "AT_1", "at", "xat_1"] {
        scene.endpoint.answer(token, scene.good_with("x", 1));
        scene.refuses(token, token).await;
    }
    assert_eq!(scene.endpoint.calls(), 1);
    // A JWT goes by its `iss`.
    scene
        .accepts("a JWT", &scene.issuer.mint(RESOURCE).sign())
        .await;
}

#[tokio::test(start_paused = true)]
async fn pop_i37_a_token_is_never_shown_to_another_issuer() {
    let _held = crate::support::HeldClock::hold();
    let (a, b) = (TestIssuer::start(), TestIssuer::start());
    let (asked_a, asked_b) = (a.introspection(), b.introspection());
    let entry = |issuer: &TestIssuer, prefix: &str| {
        let asked = issuer.introspection();
        asked.require_client(CLIENT, SECRET);
        Issuer::new(issuer.issuer())
            .jwks(issuer.jwks())
            .introspection(asking(&asked).token_prefix(prefix))
    };
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(entry(&a, "a_"))
        .add_issuer(entry(&b, "b_"));
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let status = async |token: &str| {
        let answer = call(&layer, &Counting::default(), request(Some(token))).await;
        answer.status.as_u16()
    };
    asked_a.answer("a_1", asked_a.good_answer(RESOURCE));
    asked_b.answer("b_1", asked_b.good_answer(RESOURCE));
    // The other issuer would call it active.
    asked_b.answer("a_2", asked_b.good_answer(RESOURCE));
    assert_eq!(status("a_1").await, 200);
    assert_eq!(status("b_1").await, 200);
    assert_eq!(status("a_2").await, 401);
    assert_eq!(status("c_1").await, 401);
    assert_eq!((asked_a.calls(), asked_b.calls()), (2, 1));
    // An answer of one issuer in the name of the other.
    asked_a.answer("a_3", asked_b.good_answer(RESOURCE));
    assert_eq!(status("a_3").await, 401);
    assert_eq!(layer.introspection().health().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn pop_i38_odd_tokens() {
    let scene = Scene::usual();
    let longest = "x".repeat(16 * 1024);
    scene.endpoint.answer(&longest, scene.good_with("x", 1));
    scene.accepts("16 KiB", &longest).await;
    scene
        .refuses("16 KiB and a byte", &format!("{longest}x"))
        .await;
    for token in ["a b", "a&token=b", "a%62", "a\"b", "a\u{e9}", "=", "a=b"] {
        scene.endpoint.answer(token, scene.good_with("x", 1));
        scene.refuses(token, token).await;
    }
    assert_eq!(scene.endpoint.calls(), 1);
    // Characters that a token may have and a form encodes.
    for token in ["a+b/c~d-e_f.g==", "2YotnFZFEjr1zCsicMWpAA=="] {
        scene.endpoint.answer(token, scene.good_with("x", 1));
        scene.accepts(token, token).await;
        assert_eq!(scene.endpoint.calls_for(token), 1, "{token}");
    }
    let verifier = scene.layer.verifier();
    assert!(verifier.verify(TOKEN).await.is_ok());
    for token in ["", "a b", "a\nb"] {
        assert!(verifier.verify(token).await.is_err(), "{token:?}");
    }
    assert_eq!(scene.endpoint.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn pop_i33_i34_jwts_that_are_asked_about_too() {
    let scene = Scene::with(|it| it.tokens(IntrospectedTokens::AlsoJwts));
    let jwt = |scope: &str| scene.issuer.mint(RESOURCE).scope(scope).sign();
    let good = jwt("a b");
    // An answer need not repeat what the JWT says.
    scene.endpoint.answer(&good, json!({"active": true}));
    let answer = scene.accepts("active", &good).await.json();
    assert_eq!(answer["scopes"], json!(["a", "b"]));
    assert_eq!(answer["subject"], "alice");
    scene.accepts("again", &good).await;
    assert_eq!(scene.endpoint.calls_for(&good), 1);

    let stranger = TestIssuer::start();
    let forged = scene
        .issuer
        .mint(RESOURCE)
        .signed_by(stranger.signing_key())
        .sign();
    scene.endpoint.answer(&forged, json!({"active": true}));
    scene.refuses("I33", &forged).await;
    assert_eq!(scene.endpoint.calls_for(&forged), 0);

    let revoked = jwt("a b");
    scene.endpoint.answer(&revoked, json!({"active": false}));
    scene.refuses("I34", &revoked).await;
    for (what, answer) in [
        (
            "another aud",
            json!({"active": true, "aud": "https://other.example"}),
        ),
        (
            "another iss",
            json!({"active": true, "iss": "https://other.example"}),
        ),
        (
            "expired",
            json!({"active": true, "exp": scene.unix() - 100}),
        ),
        ("an ID token", json!({"active": true, "typ": "ID"})),
    ] {
        let token = jwt("a b");
        scene.endpoint.answer(&token, answer);
        scene.refuses(what, &token).await;
    }
    // Scopes that both grant.
    let fewer = jwt("a b");
    scene
        .endpoint
        .answer(&fewer, json!({"active": true, "scope": "b c"}));
    let answer = scene.accepts("fewer", &fewer).await.json();
    assert_eq!(answer["scopes"], json!(["b"]));
    // Opaque tokens are asked about as ever.
    scene.accepts("opaque", TOKEN).await;
    // Without the issuer nothing is said about a JWT.
    scene.issuer.go_down();
    scene.unavailable("down", &jwt("a b")).await;
}

/// In the background too, the answer about a JWT need not repeat what the JWT says.
#[tokio::test(start_paused = true)]
async fn pop_i34_a_jwt_is_asked_about_again() {
    let mut scene = Scene::with(|it| it.tokens(IntrospectedTokens::AlsoJwts));
    let jwt = scene.issuer.mint(RESOURCE).scope("a b").sign();
    let answer = json!({"active": true, "scope": "a"});
    scene.endpoint.answer(&jwt, answer);
    for calls in 1..=3 {
        let answer = scene.accepts("active", &jwt).await.json();
        assert_eq!(answer["scopes"], json!(["a"]));
        until("it is asked", || scene.endpoint.calls_for(&jwt) == calls).await;
        until("it has answered", || scene.health().in_flight == 0).await;
        scene.accepts("the new answer", &jwt).await;
        assert_eq!(scene.endpoint.calls_for(&jwt), calls);
        scene.pass(seconds(50)).await;
    }
    scene.endpoint.answer(&jwt, json!({"active": false}));
    scene.accepts("not known yet", &jwt).await;
    until("it is known", || scene.health().answers_kept == 0).await;
    scene.refuses("revoked", &jwt).await;
    assert_eq!(scene.endpoint.calls_for(&jwt), 4);
}

/// The keys are fetched for the first token, which then waits for both.
#[tokio::test(start_paused = true)]
async fn pop_i34_keys_first_then_the_issuer() {
    let issuer = TestIssuer::start();
    let jwks_uri = issuer.jwks_uri().to_owned();
    let scene = Scene::of_issuer(issuer, |config, endpoint| {
        let asking = asking(endpoint).tokens(IntrospectedTokens::AlsoJwts);
        config.jwks_uri(&jwks_uri).introspection(asking)
    });
    for (active, status) in [(true, 200), (false, 401)] {
        let token = scene.issuer.mint(RESOURCE).sign();
        scene.endpoint.answer(&token, json!({"active": active}));
        assert_eq!(scene.status(&token).await, status);
        assert_eq!(scene.endpoint.calls_for(&token), 1);
        scene.issuer.rotate();
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i32_only_the_issuer_decides() {
    let scene = Scene::configured(|config, endpoint| {
        let asking = asking(endpoint).tokens(IntrospectedTokens::Only);
        config.introspection(asking)
    });
    let own = scene.issuer.mint(RESOURCE);
    // Whatever its signature: some issuers sign with a secret of their own.
    let stranger = TestIssuer::with_algorithm(Algorithm::HS256);
    let forged = own
        .clone()
        .header("alg", "HS256")
        .signed_by(stranger.signing_key());
    for (what, token) in [("a JWT", own.sign()), ("another signature", forged.sign())] {
        scene.refuses(what, &token).await;
        assert_eq!(scene.endpoint.calls_for(&token), 1, "{what}");
    }
    let good = own.clone().claim("jti", "good").sign();
    scene.endpoint.answer(&good, scene.good_with("x", 1));
    scene.accepts("active", &good).await;
    scene.accepts("again", &good).await;
    assert_eq!(scene.endpoint.calls_for(&good), 1);
    scene.accepts("opaque", TOKEN).await;
    let before = scene.endpoint.calls();
    for (what, token) in [
        (
            "of a stranger",
            own.clone().claim("iss", "https://other.example").sign(),
        ),
        ("without iss", own.clone().without("iss").sign()),
        (
            "without a signature",
            format!("{}.", good.rsplit_once('.').unwrap().0),
        ),
    ] {
        scene.refuses(what, &token).await;
    }
    assert_eq!(scene.endpoint.calls(), before);
    assert_eq!(scene.issuer.fetches(), 0, "no keys are fetched");
    scene.layer.wait_for_keys().await.unwrap();
}

/// What stands behind everything that a glance at a large token reads counts before anybody is
/// asked about it.
#[tokio::test(start_paused = true)]
async fn field_f09_the_issuer_is_asked_about_no_large_token_with_a_fault() {
    let groups: Vec<_> = (0..500).map(|n| format!("group-{n}")).collect();
    for tokens in [IntrospectedTokens::AlsoJwts, IntrospectedTokens::Only] {
        let scene = Scene::with(|it| it.tokens(tokens));
        let large = scene.issuer.mint(RESOURCE).claim("groups", groups.clone());
        let good = large.sign();
        scene.endpoint.answer(&good, scene.good_with("x", 1));
        scene.accepts("good", &good).await;
        assert_eq!(scene.endpoint.calls(), 1);
        let mut faulty = vec![
            ("a wrong type", large.clone().claim("sub", 1)),
            ("deep", large.clone().claim("x", nested(127))),
            (
                "a stranger",
                large.clone().claim("iss", "https://other.example"),
            ),
        ];
        if tokens == IntrospectedTokens::AlsoJwts {
            let stranger = TestIssuer::start();
            let forged = large.clone().signed_by(stranger.signing_key());
            faulty.push(("another signature", forged));
        }
        for (what, token) in faulty {
            let token = token.sign();
            scene.endpoint.answer(&token, scene.good_with("x", 1));
            scene.refuses(what, &token).await;
        }
        assert_eq!(scene.endpoint.calls(), 1);
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(0), |inner, _| json!([inner]))
}

#[tokio::test(start_paused = true)]
async fn pop_i40_tokens_with_the_same_beginning() {
    let scene = Scene::usual();
    let same = "x".repeat(64);
    let (a, b) = (format!("{same}-a"), format!("{same}-b"));
    scene.endpoint.answer(&a, scene.good_with("sub", "a"));
    scene.endpoint.answer(&b, scene.good_with("sub", "b"));
    for _ in 0..2 {
        assert_eq!(scene.accepts("a", &a).await.json()["subject"], "a");
        assert_eq!(scene.accepts("b", &b).await.json()["subject"], "b");
    }
    scene.refuses("shorter", &same).await;
    scene.refuses("longer", &format!("{a}-")).await;
    assert_eq!(scene.endpoint.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn pop_i41_answers_are_not_shared_between_servers() {
    let scene = Scene::usual();
    scene.accepts("here", TOKEN).await;
    let other = JwtAuthConfig::builder()
        .resource("https://mcp.example.com/other")
        .issuer(scene.issuer.issuer())
        .jwks(scene.issuer.jwks())
        .introspection(asking(&scene.endpoint))
        .keys_of(&scene.layer);
    let other = JwtAuthLayer::new(other.build().unwrap());
    let status = async |token: &str| {
        let answer = call(&other, &Counting::default(), request(Some(token))).await;
        answer.status.as_u16()
    };
    assert_eq!(status(TOKEN).await, 401);
    assert_eq!(scene.endpoint.calls_for(TOKEN), 2);
    let theirs = scene.answers(scene.good_with("aud", "https://mcp.example.com/other"));
    assert_eq!(status(&theirs).await, 200);
    scene.refuses("here", &theirs).await;
}

/// The whole token goes into the body, and nothing of it into the URL.
#[tokio::test(start_paused = true)]
async fn pop_i38_the_request() {
    let scene = Scene::usual();
    scene.accepts("opaque", TOKEN).await;
    let sent = |name| scene.endpoint.last_parameter(name);
    assert_eq!(sent("token").as_deref(), Some(TOKEN));
    assert_eq!(sent("token_type_hint").as_deref(), Some("access_token"));
    let header = |name| scene.endpoint.last_header(name).unwrap();
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    assert!(header("user-agent").starts_with("tower-jwt-auth/"));
}
