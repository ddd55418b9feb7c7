//! Signed answers (RFC 9701).

use std::time::Duration;

use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::introspection::{IntrospectedTokens, JwtResponse};
use tower_jwt_auth::test_util::{TestIssuer, TestKey, TokenBuilder};

use super::{CLIENT, Scene, TOKEN, asking};
use crate::support::{RESOURCE, seconds};

fn wanting_jwts() -> Scene {
    let scene = Scene::with(|it| it.jwt_response(JwtResponse::Required));
    sign(&scene, |jwt| jwt);
    scene
}

fn sign(scene: &Scene, change: impl Fn(TokenBuilder) -> TokenBuilder + Send + Sync + 'static) {
    let now = scene.unix();
    scene
        .endpoint
        .sign_answers(CLIENT, move |jwt| change(jwt.claim("iat", now)));
}

/// Each answer is a fault of the endpoint, and the neighbour that differs in nothing else is taken.
async fn faults<const N: usize>(
    scene: &mut Scene,
    rows: [(
        &str,
        Box<dyn Fn(TokenBuilder) -> TokenBuilder + Send + Sync>,
    ); N],
) {
    for (what, change) in rows {
        sign(scene, |jwt| jwt);
        let good = scene.answers(scene.good_with("x", 1));
        scene.accepts(what, &good).await;
        sign(scene, change);
        let token = scene.answers(scene.good_with("x", 1));
        scene.unavailable(what, &token).await;
        // Keys that do not verify an answer are fetched again at most once in a while.
        scene.pass(seconds(61)).await;
    }
}

macro_rules! row {
    ($what:expr, $change:expr) => {
        (
            $what,
            Box::new($change) as Box<dyn Fn(TokenBuilder) -> TokenBuilder + Send + Sync>,
        )
    };
}

#[tokio::test(start_paused = true)]
async fn pop_i42_a_plain_answer() {
    let signing = wanting_jwts();
    signing.accepts("signed", TOKEN).await;
    let accept = signing.endpoint.last_header("accept");
    assert_eq!(
        accept.as_deref(),
        Some("application/token-introspection+jwt")
    );
    let plain = Scene::with(|it| it.jwt_response(JwtResponse::Required));
    plain.unavailable("plain", TOKEN).await;
    assert!(
        plain.last_error().contains("its media type is"),
        "{}",
        plain.last_error()
    );
    plain
        .endpoint
        .send_media_type(Some("application/token-introspection+jwt"));
    plain
        .unavailable("plain, with the type of a signed one", TOKEN)
        .await;
    assert!(
        plain
            .last_error()
            .contains("it is no signed answer (RFC 9701): "),
        "{}",
        plain.last_error()
    );
    // And the other way round.
    let off = Scene::usual();
    sign(&off, |jwt| jwt);
    off.unavailable("signed", TOKEN).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i43_i44_i45_i46_what_is_no_answer_for_us() {
    let mut scene = wanting_jwts();
    let now = scene.unix();
    let hmac = std::sync::Arc::new(TestKey::generate(Algorithm::HS256, "key-1"));
    let stranger = TestIssuer::start().signing_key();
    let rows = [
        row!("I43 JWT", |jwt: TokenBuilder| jwt.header("typ", "JWT")),
        row!("I43 at+jwt", |jwt: TokenBuilder| jwt
            .header("typ", "at+jwt")),
        row!("I43 absent", |jwt: TokenBuilder| jwt.without_header("typ")),
        row!("I44 none", |jwt: TokenBuilder| jwt.header("alg", "none")),
        row!("I44 HS256", move |jwt: TokenBuilder| jwt
            .header("alg", "HS256")
            .signed_by(hmac.clone())),
        row!("I44 another key", move |jwt: TokenBuilder| jwt
            .signed_by(stranger.clone())),
        row!("I44 an unknown kid", |jwt: TokenBuilder| jwt
            .header("kid", "other")),
        row!("I45 iss", |jwt: TokenBuilder| jwt
            .claim("iss", "https://other.example")),
        row!("I45 no iss", |jwt: TokenBuilder| jwt.without("iss")),
        row!("I45 aud", |jwt: TokenBuilder| jwt
            .claim("aud", "another-server")),
        row!("I45 no aud", |jwt: TokenBuilder| jwt.without("aud")),
        row!("I46 no iat", |jwt: TokenBuilder| jwt.without("iat")),
    ];
    faults(&mut scene, rows).await;
    // The clock of the scene goes on, so these are about the time at which they are asked.
    for (what, iat, ok) in [
        ("I46 two minutes old", -120, true),
        ("I46 older", -121, false),
        ("I46 5 min old", -300, false),
        ("I46 ahead, within the leeway", 60, true),
        ("I46 ahead", 62, false),
    ] {
        let mut scene = wanting_jwts();
        scene.set_clock(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(now));
        let iat = now.saturating_add_signed(iat);
        sign(&scene, move |jwt| jwt.claim("iat", iat));
        assert_eq!(
            scene.status(TOKEN).await,
            if ok { 200 } else { 503 },
            "{what}"
        );
    }
    for (what, name, value, ok) in [
        ("expired", "exp", json!(now - 61), false),
        ("expired within the leeway", "exp", json!(now - 59), true),
        ("not yet", "nbf", json!(now + 62), false),
        ("soon, within the leeway", "nbf", json!(now + 60), true),
        ("exp of a wrong type", "exp", json!("1"), false),
        ("no object", "token_introspection", json!([true]), false),
        ("no object", "token_introspection", Value::Null, false),
    ] {
        let mut scene = wanting_jwts();
        scene.set_clock(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(now));
        sign(&scene, move |jwt| jwt.claim(name, value.clone()));
        assert_eq!(
            scene.status(TOKEN).await,
            if ok { 200 } else { 503 },
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i47_only_what_is_inside_counts() {
    let scene = wanting_jwts();
    scene.accepts("active", TOKEN).await;
    sign(&scene, |jwt| jwt.claim("active", true));
    let token = scene.answers(scene.good_with("active", false));
    scene.refuses("I47", &token).await;
    sign(&scene, |jwt| {
        jwt.claim("active", false).claim("exp_of_token", 1)
    });
    let token = scene.answers(scene.good_with("x", 1));
    scene.accepts("the other way round", &token).await;
    // Inside, the same rules hold as for a plain answer.
    sign(&scene, |jwt| jwt);
    let token = scene.answers(scene.good_with("aud", "https://other.example"));
    scene.refuses("another aud", &token).await;
    let token = scene.answers(scene.good_with("active", "true"));
    scene.unavailable("active is no boolean", &token).await;
    let auth = scene.layer.verifier().verify(TOKEN).await.unwrap();
    let claims = auth.claims::<Value>().unwrap();
    assert_eq!(claims["active"], true);
    assert_eq!(claims.get("token_introspection"), None, "the answer alone");
}

#[tokio::test(start_paused = true)]
async fn pop_i48_an_encrypted_answer() {
    let scene = wanting_jwts();
    scene.accepts("signed", TOKEN).await;
    let headers = [("content-type", "application/token-introspection+jwt")];
    let jwe = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA";
    for body in [jwe, "", "a.b", "a.b.c", "\u{e9}.b.c"] {
        scene.endpoint.answer_all(200, &headers, body.as_bytes());
        scene.unavailable(body, "other").await;
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i49_an_answer_is_no_access_token() {
    let scene = wanting_jwts();
    let jwt = scene.issuer.mint(RESOURCE);
    scene.accepts("an access token", &jwt.clone().sign()).await;
    let answer = jwt.header("typ", "token-introspection+jwt").sign();
    scene.refuses("I49", &answer).await;
    assert_eq!(scene.endpoint.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn pop_w22_what_is_accepted() {
    let scene = wanting_jwts();
    for media_type in [
        "application/token-introspection+jwt; charset=utf-8",
        "Application/Token-Introspection+JWT",
    ] {
        scene.endpoint.send_media_type(Some(media_type));
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts(media_type, &token).await;
    }
    scene.endpoint.send_media_type(None);
    let changes: [(&str, fn(TokenBuilder) -> TokenBuilder); 5] = [
        ("another way to write the type", |jwt| {
            jwt.header("typ", "Application/Token-Introspection+JWT")
        }),
        ("aud is the resource", |jwt| {
            jwt.claim("aud", json!(["x", RESOURCE]))
        }),
        ("with exp", |jwt| jwt.claim("exp", 4_102_444_800_u64)),
        ("members beside", |jwt| {
            jwt.claim("jti", "1").claim("sub", "someone")
        }),
        ("without exp", |jwt| jwt),
    ];
    for (what, change) in changes {
        sign(&scene, change);
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts(what, &token).await;
    }
}

/// The keys are those of the issuer over time.
#[tokio::test(start_paused = true)]
async fn pop_w22_keys_that_are_replaced() {
    for tokens in [IntrospectedTokens::Opaque, IntrospectedTokens::Only] {
        let issuer = TestIssuer::start();
        let jwks_uri = issuer.jwks_uri().to_owned();
        let mut scene = Scene::of_issuer(issuer, |config, endpoint| {
            let asking = asking(endpoint).tokens(tokens);
            let asking = asking.jwt_response(JwtResponse::Required);
            config.jwks_uri(&jwks_uri).introspection(asking)
        });
        sign(&scene, |jwt| jwt);
        scene.accepts("the first key", TOKEN).await;
        assert_eq!(scene.issuer.fetches(), 1);
        scene.issuer.rotate();
        scene.pass(seconds(31)).await;
        sign(&scene, |jwt| jwt);
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts("the second key", &token).await;
        assert_eq!(scene.issuer.fetches(), 2);
    }
}

/// The issuer has keys of both, and its answers are signed with ES256.
#[tokio::test(start_paused = true)]
async fn pop_i44_an_algorithm_that_is_not_listed() {
    use Algorithm::{ES256, ES384};
    for (algorithms, status) in [(vec![ES384, ES256], 200), (vec![ES384], 503)] {
        let issuer = TestIssuer::start();
        issuer.publish(ES384);
        let scene = Scene::of_issuer(issuer, |config, endpoint| {
            let asking = asking(endpoint).jwt_response(JwtResponse::Required);
            config.algorithms(algorithms).introspection(asking)
        });
        sign(&scene, |jwt| jwt);
        assert_eq!(scene.status(TOKEN).await, status);
    }
}

/// Without keys nothing is known about the token, and nothing about the endpoint.
#[tokio::test(start_paused = true)]
async fn pop_i44_keys_that_are_not_there() {
    let issuer = TestIssuer::start();
    let scene = Scene::of_issuer(issuer, |config, endpoint| {
        let asking = asking(endpoint).jwt_response(JwtResponse::Required);
        config
            .jwks_uri("http://127.0.0.1:9/jwks")
            .introspection(asking)
    });
    sign(&scene, |jwt| jwt);
    scene.unavailable("no keys", TOKEN).await;
    assert!(
        scene.last_error().contains("keys of the issuer"),
        "{}",
        scene.last_error()
    );
    assert_eq!(scene.health().pause, None);
}
