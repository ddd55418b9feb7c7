//! What the issuer says, and what comes of it. `src/token/answer/tests.rs` has the single members.

use serde_json::{Value, json};

use super::{Scene, TOKEN};
use crate::support::RESOURCE;

#[tokio::test(start_paused = true)]
async fn pop_i01_i02_not_active() {
    let scene = Scene::usual();
    scene.accepts("active", TOKEN).await;
    let bare = scene.answers(json!({"active": false}));
    scene.refuses("I01", &bare).await;
    let whole = scene.answers(scene.good_with("active", false));
    scene.refuses("I02", &whole).await;
    scene.refuses("unknown to the issuer", "unknown").await;
}

#[tokio::test(start_paused = true)]
async fn pop_i03_i04_active_that_is_no_boolean() {
    let scene = Scene::usual();
    scene.accepts("active", TOKEN).await;
    for active in [json!("true"), json!(1), json!(null)] {
        let token = scene.answers(scene.good_with("active", active.clone()));
        // Null removes the member.
        let wait = scene.unavailable(&format!("{active}"), &token).await;
        assert_eq!(wait.as_secs(), 1);
        let error = scene.last_error();
        assert!(
            error.ends_with("active is no boolean, or is absent"),
            "{error}"
        );
    }
    let rest = scene.good_with("active", Value::Null).to_string();
    for (one, other) in [("true", "false"), ("false", "true")] {
        let twice = rest.replacen('{', &format!(r#"{{"active":{one},"active":{other},"#), 1);
        let json = [("content-type", "application/json")];
        scene.endpoint.answer_all(200, &json, twice.as_bytes());
        scene.unavailable("I04", "twice").await;
        assert!(scene.last_error().contains("repeats a member"));
    }
    scene.endpoint.recover();
    scene
        .accepts("afterwards", &scene.answers(scene.good_with("x", 1)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn pop_i14_i15_i16_i17_i18_for_another_service_or_at_another_time() {
    let scene = Scene::usual();
    let now = scene.unix();
    let prefix = &RESOURCE[..RESOURCE.len() - 1];
    for (what, name, value) in [
        ("I14", "iss", json!("https://other.example")),
        ("I15", "aud", Value::Null),
        ("I16 another service", "aud", json!("https://other.example")),
        (
            "I16 a list without ours",
            "aud",
            json!(["https://other.example"]),
        ),
        ("I16 a prefix of ours", "aud", json!(prefix)),
        ("I17", "exp", json!(now - 61)),
        ("I18 nbf", "nbf", json!(now + 120)),
        ("I18 iat", "iat", json!(now + 120)),
    ] {
        scene
            .accepts(what, &scene.answers(scene.good_with("x", 1)))
            .await;
        let token = scene.answers(scene.good_with(name, value));
        scene.refuses(what, &token).await;
        assert_eq!(scene.endpoint.calls_for(&token), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i19_a_time_of_a_wrong_type() {
    let scene = Scene::usual();
    for name in ["exp", "nbf", "iat"] {
        scene
            .accepts(name, &scene.answers(scene.good_with("x", 1)))
            .await;
        for (value, fault) in [
            (json!("1700000000"), "has a wrong type"),
            (json!(1_u64 << 62), "is out of range"),
        ] {
            let token = scene.answers(scene.good_with(name, value));
            scene.unavailable(name, &token).await;
            let error = scene.last_error();
            assert!(error.ends_with(&format!("{name} {fault}")), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f77_an_opaque_token_with_events_is_no_access_token() {
    let scene = Scene::usual();
    let answer = |name| scene.answers(scene.good_with(name, json!({})));
    scene.accepts("another member", &answer("event")).await;
    scene.refuses("events", &answer("events")).await;
}

#[tokio::test(start_paused = true)]
async fn pop_i20_i21_i23_no_access_tokens() {
    let scene = Scene::usual();
    for (what, name, value) in [
        ("I20", "token_use", "refresh_token"),
        ("I20", "typ", "Refresh"),
        ("I20", "token_type", "refresh_token"),
        ("I21", "typ", "ID"),
        ("I21", "token_use", "id"),
        ("I23", "token_type", "mac"),
        ("I23", "token_type", "N_A"),
    ] {
        scene
            .accepts(what, &scene.answers(scene.good_with("x", 1)))
            .await;
        let token = scene.answers(scene.good_with(name, value));
        scene
            .refuses(&format!("{what} {name} {value}"), &token)
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i27_a_missing_scope() {
    let scene = Scene::configured(|config, endpoint| {
        config
            .introspection(super::asking(endpoint))
            .required_scopes(["mcp:read"])
    });
    let with = scene.answers(scene.good_with("scope", "mcp:write mcp:read"));
    scene.accepts("with the scope", &with).await;
    for scope in [json!("mcp:write"), json!(""), Value::Null] {
        let token = scene.answers(scene.good_with("scope", scope.clone()));
        let answer = scene.answer(&token).await;
        assert_eq!(answer.status, 403, "{scope}");
        let challenge = answer.challenge().unwrap();
        let start = "Bearer error=\"insufficient_scope\", scope=\"mcp:read\"";
        assert!(challenge.starts_with(start), "{challenge}");
    }
}

#[tokio::test(start_paused = true)]
async fn pop_w21_what_is_accepted() {
    let scene = Scene::usual();
    for (what, name, value) in [
        (
            "a list with ours",
            "aud",
            json!(["https://other.example", RESOURCE]),
        ),
        ("no iss", "iss", Value::Null),
        ("no exp", "exp", Value::Null),
        (
            "an unknown member",
            "department",
            json!({"a": [1, 2.5, null]}),
        ),
        ("scopes in a list", "scope", json!(["a", "b"])),
        ("a type in lower case", "token_type", json!("bearer")),
        ("no type", "token_type", Value::Null),
    ] {
        let token = scene.answers(scene.good_with(name, value));
        let answer = scene.accepts(what, &token).await.json();
        assert_eq!(answer["issuer"], scene.issuer.issuer(), "{what}");
        assert_eq!(answer["subject"], "alice", "{what}");
        assert_eq!(answer["client_id"], "test-client", "{what}");
    }
    for media_type in ["application/json;charset=UTF-8", "Application/JSON ; x=y"] {
        scene.endpoint.send_media_type(Some(media_type));
        let token = scene.answers(scene.good_with("x", 1));
        scene.accepts(media_type, &token).await;
    }
}

/// The service sees the answer as it would see the claims of a JWT.
#[tokio::test(start_paused = true)]
async fn pop_w21_the_caller() {
    let scene = Scene::usual();
    let mut answer = scene.good_with("scope", "a b");
    answer["username"] = "Alice".into();
    let token = scene.answers(answer.clone());
    let verifier = scene.layer.verifier();
    let auth = verifier.verify(&token).await.unwrap();
    assert_eq!(auth.subject(), Some("alice"));
    assert_eq!(auth.client_id(), "test-client");
    assert_eq!(auth.scopes(), ["a", "b"]);
    assert_eq!(auth.resource(), Some(RESOURCE));
    assert_eq!(auth.claims::<Value>().unwrap(), answer);
    assert!(!auth.is_bound());
    let open = scene.answers(scene.good_with("exp", Value::Null));
    let auth = verifier.verify(&open).await.unwrap();
    let until = auth.expires_at().duration_since(scene.now()).unwrap();
    assert!(until.as_secs().abs_diff(60) <= 1, "{until:?}");
}
