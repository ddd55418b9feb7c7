//! How issuers write their key sets: what is read over, and when two sets are the same.

use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

use super::{Answer, Good, Scenario, pass, seconds};
use crate::support::capture;
use crate::support::issuer_in_memory::{AUDIENCE, ISSUER, token, verdict};

const MARK: &str = "\u{feff}";

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// A copy with these members set.
fn with(jwk: &Value, changes: Value) -> Value {
    let mut jwk = jwk.clone();
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn serves(scenario: &Scenario, document: &str) {
    scenario
        .issuer
        .answer(Answer::Document(document.as_bytes().to_vec()));
}

/// The set that the next refresh on schedule brings.
async fn refreshed(scenario: &Scenario, document: &str) {
    let before = scenario.fetches();
    serves(scenario, document);
    while scenario.fetches() == before {
        pass(seconds(1)).await;
    }
    pass(seconds(1)).await;
}

#[tokio::test(start_paused = true)]
async fn field_f12_a_byte_order_mark_before_a_key_set_is_read_over() {
    let scenario = Scenario::publishing(["k"]);
    let good = set(&[scenario.key("k").jwk()]);
    for (name, document) in [
        ("two marks", format!("{MARK}{MARK}{good}")),
        ("a mark behind a space", format!(" {MARK}{good}")),
        ("a mark at the end", format!("{good}{MARK}")),
        ("a mark alone", MARK.to_owned()),
    ] {
        serves(&scenario, &document);
        let refused = scenario.another(|config| config);
        let error = refused.verifier.wait_for_keys().await.unwrap_err();
        assert!(error.to_string().contains("not JSON"), "{name}: {error}");
    }
    serves(&scenario, &format!("{MARK}{good}"));
    let scenario = scenario.ready().await;
    scenario.expect("k", Good).await;
    // The snapshot of such a set starts another process.
    let exported = scenario.verifier.export_keys().remove(0);
    scenario.fails();
    let restarted = scenario.another(|config| config.initial_jwks(exported));
    restarted.expect("k", Good).await;
}

/// What some serialisers write for a key without these members.
fn unset() -> Value {
    json!({
        "alg": null, "d": null, "dp": null, "key_ops": null, "oth": null, "priv": null, "use": null,
        "x5c": null, "x5t": null, "x5u": null,
    })
}

#[tokio::test(start_paused = true)]
async fn field_f13_null_is_absent_and_accuses_nobody() {
    let (log, _guard) = capture();
    let scenario = Scenario::publishing(["k"]);
    serves(&scenario, &set(&[with(&scenario.key("k").jwk(), unset())]));
    let scenario = scenario.ready().await;
    scenario.expect("k", Good).await;
    assert!(scenario.health().skipped.is_empty());
    assert_eq!(log.counts("private_key_published"), 0, "{}", log.text());

    let leaking = with(&scenario.key("k").jwk(), json!({"d": "AQ"}));
    refreshed(&scenario, &set(&[leaking])).await;
    scenario.expect("k", Good).await;
    assert_eq!(log.counts("private_key_published"), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn field_f13_the_reason_for_a_skipped_key_names_the_member() {
    let (log, _guard) = capture();
    let scenario = Scenario::publishing(["k", "other"]);
    let (jwk, good) = (scenario.key("other").jwk(), scenario.key("k").jwk());
    let rows = [
        (json!({"key_ops": []}), "key_ops"),
        (json!({"key_ops": "verify"}), "key_ops"),
        (json!({"key_ops": {}}), "key_ops"),
        (json!({"use": []}), "use"),
        (json!({"use": "enc"}), "use"),
        (json!({"alg": 1}), "alg"),
        (json!({"kid": 1}), "kid"),
        (json!({"kty": 1}), "kty"),
        (json!({"kty": null}), "kty"),
        (json!({"crv": 1}), "crv"),
        (json!({"x": 1}), "x"),
    ];
    for (change, member) in rows {
        let skipped = with(&jwk, change.clone());
        serves(&scenario, &set(&[skipped.clone(), good.clone()]));
        let judged = scenario.another(|config| config).ready().await;
        let [skipped_key] = &judged.health().skipped[..] else {
            panic!("{change} is used");
        };
        let reason = skipped_key.reason.to_string();
        let words: Vec<_> = reason.split([' ', ',']).collect();
        assert!(words.contains(&member), "{change}: {reason}");
        let event = format!("reason={reason}");
        assert!(log.text().contains(&event), "{change}: {event}");
        // Where no key is left, the error says it.
        serves(&scenario, &set(&[skipped]));
        let alone = scenario.another(|config| config);
        let error = alone.verifier.wait_for_keys().await.unwrap_err();
        assert!(error.to_string().contains(&reason), "{change}: {error}");
    }
}

#[tokio::test]
async fn field_f13_null_is_absent_in_a_key_of_the_configuration_too() {
    let key = TestKey::generate(Algorithm::ES256, "k");
    let jwk = with(&key.jwk(), unset());
    type Change = fn(JwtAuthConfigBuilder, Value) -> JwtAuthConfigBuilder;
    let forms: [(&str, Change); 3] = [
        ("jwk", |config, jwk| config.jwk(jwk)),
        ("jwks", |config, jwk| config.jwks(json!({"keys": [jwk]}))),
        ("initial_jwks", |config, jwk| {
            config
                .jwks_uri("http://127.0.0.1:9/keys")
                .initial_jwks(json!({"keys": [jwk]}))
        }),
    ];
    for (name, set) in forms {
        let config = || JwtAuthConfig::builder().issuer(ISSUER).audience(AUDIENCE);
        let verifier = JwtVerifier::new(set(config(), jwk.clone()).build().unwrap());
        assert_eq!(verdict(&verifier, &token(&key)).await, Good, "{name}");
        let untyped = with(&jwk, json!({"kty": null}));
        let error = set(config(), untyped).build().unwrap_err().to_string();
        assert!(error.contains("kty"), "{name}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn field_f14_the_same_keys_written_otherwise_replace_nothing() {
    let (log, _guard) = capture();
    let scenario = Scenario::started(["a", "b"]).await;
    let [a, b] = ["a", "b"].map(|kid| scenario.key(kid).jwk());
    let text = |jwk: &Value, name: &str| jwk[name].as_str().unwrap().to_owned();
    let backwards = format!(
        r#"{{"kid":"a","y":"{}","x":"{}","use":"sig","kty":"EC","crv":"P-256","alg":"ES256"}}"#,
        text(&a, "y"),
        text(&a, "x"),
    );
    let padded = format!("{}=", text(&a, "x"));
    let encryption = json!({"kty": "RSA", "use": "enc", "kid": "e"});
    for (name, document) in [
        ("another order", set(&[b.clone(), a.clone()])),
        (
            "members in another order",
            format!(r#"{{"keys":[{backwards},{b}]}}"#),
        ),
        ("white space", format!("{:#}\n", json!({"keys": [a, b]}))),
        (
            "a byte order mark",
            format!("{MARK}{}", set(&[a.clone(), b.clone()])),
        ),
        (
            "a member of the set",
            json!({"keys": [a, b], "at": 1}).to_string(),
        ),
        (
            "members of no effect",
            set(&[with(&a, json!({"x5c": ["AA"]})), b.clone()]),
        ),
        (
            "use left out",
            set(&[with(&a, json!({"use": null})), b.clone()]),
        ),
        ("padding", set(&[with(&a, json!({"x": padded})), b.clone()])),
        (
            "a key that is not used",
            set(&[encryption, a.clone(), b.clone()]),
        ),
    ] {
        refreshed(&scenario, &document).await;
        let health = scenario.health();
        assert_eq!((health.generation, health.failures), (1, 0), "{name}");
        assert!(health.age < Some(seconds(300)), "{name}: confirmed");
        scenario.expect_at_once("b", Good).await;
    }
    assert_eq!(log.counts("keys_replaced"), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn field_f14_a_usable_key_that_changes_is_another_generation() {
    let scenario = Scenario::started(["a", "b"]).await;
    let [a, b, c] = ["a", "b", "c"].map(|kid| scenario.key(kid).jwk());
    let rsa = TestKey::generate(Algorithm::RS256, "r").jwk();
    let free = with(&rsa, json!({"alg": null}));
    let mut generation = scenario.health().generation;
    for (name, document) in [
        ("one less", set(std::slice::from_ref(&a))),
        ("one more", set(&[a.clone(), b.clone()])),
        ("another", set(&[a.clone(), c.clone()])),
        (
            "another kid",
            set(&[a.clone(), with(&c, json!({"kid": "d"}))]),
        ),
        ("no kid", set(&[a.clone(), with(&c, json!({"kid": null}))])),
        (
            "other material",
            set(&[a.clone(), with(&b, json!({"kid": null}))]),
        ),
        (
            "kids exchanged",
            set(&[with(&a, json!({"kid": "b"})), with(&b, json!({"kid": "a"}))]),
        ),
        ("and back", set(&[a.clone(), b.clone()])),
        ("one twice", set(&[a.clone(), b.clone(), b.clone()])),
        ("the other twice", set(&[a.clone(), a.clone(), b.clone()])),
        ("of another type", set(&[a.clone(), rsa.clone()])),
        ("alg left out", set(&[a.clone(), free])),
        (
            "another alg",
            set(&[a.clone(), with(&rsa, json!({"alg": "PS256"}))]),
        ),
        (
            "no longer usable",
            set(&[a.clone(), with(&rsa, json!({"use": "enc"}))]),
        ),
    ] {
        refreshed(&scenario, &document).await;
        generation += 1;
        assert_eq!(scenario.health().generation, generation, "{name}");
    }
}

/// Faults are told when they come, although no usable key has changed.
#[tokio::test(start_paused = true)]
async fn field_f14_a_new_fault_is_told_once_whatever_the_order() {
    let (log, _guard) = capture();
    let scenario = Scenario::started(["k"]).await;
    let good = scenario.key("k").jwk();
    let [one, two] = ["one", "two"].map(|kid| json!({"kty": "XYZ", "kid": kid}));
    let leaking = with(&good, json!({"d": "AQ"}));
    for (name, keys, skipped, leaked) in [
        ("two unknown types", [&one, &two, &good], 2, 0),
        ("in another order", [&good, &two, &one], 2, 0),
        ("a private member", [&one, &two, &leaking], 4, 1),
        ("still there", [&leaking, &two, &one], 4, 1),
        ("one is gone", [&leaking, &two, &two], 6, 2),
    ] {
        refreshed(&scenario, &set(&keys.map(Value::clone))).await;
        let health = scenario.health();
        assert_eq!((health.generation, health.skipped.len()), (1, 2), "{name}");
        assert_eq!(log.counts("key_skipped"), skipped, "{name}");
        assert_eq!(log.counts("private_key_published"), leaked, "{name}");
    }
    assert_eq!(log.counts("keys_replaced"), 1);
}

/// A key whose tokens are all refused is not one that can be used.
#[tokio::test(start_paused = true)]
async fn keys_that_algorithms_does_not_allow_are_told() {
    let (ec, rsa) = (
        TestKey::generate(Algorithm::ES256, "ec"),
        TestKey::generate(Algorithm::RS256, "rsa"),
    );
    let document = set(&[ec.jwk(), rsa.jwk()]);
    let only_rsa = set(&[rsa.jwk()]);
    let kid = |kid: &str| Some(kid.to_owned());
    for (name, document, algorithms, keys, left_out) in [
        (
            "both",
            &document,
            vec!["ES256", "RS256"],
            vec!["ec", "rsa"],
            vec![],
        ),
        (
            "all of one type",
            &document,
            vec!["ES256", "RS512"],
            vec!["ec"],
            vec!["rsa"],
        ),
        ("one", &document, vec!["RS256"], vec!["rsa"], vec!["ec"]),
        (
            "another",
            &only_rsa,
            vec!["ES256", "RS256"],
            vec!["rsa"],
            vec![],
        ),
        ("none", &only_rsa, vec!["ES256"], vec![], vec!["rsa"]),
    ] {
        for from in ["fetched", "seed", "static"] {
            let (log, _guard) = capture();
            let scenario = Scenario::publishing([]);
            serves(&scenario, document);
            let keys_of = |config: JwtAuthConfigBuilder| {
                let value: Value = serde_json::from_str(document).unwrap();
                match from {
                    "fetched" => config,
                    "seed" => config.initial_jwks(value),
                    _ => JwtAuthConfig::builder()
                        .issuer(ISSUER)
                        .audience(AUDIENCE)
                        .jwks(value),
                }
            };
            let config = keys_of(scenario.issuer.config()).algorithms(algorithms.clone());
            let config = match config.build() {
                Ok(config) => config,
                // Keys that never change and never verify anything: that is an error.
                Err(error) => {
                    assert!(
                        keys.is_empty() && from == "static",
                        "{name} {from}: {error}"
                    );
                    continue;
                }
            };
            let verifier = JwtVerifier::new(config);
            verifier.wait_for_keys().await.unwrap();
            let health = verifier.keys_health();
            assert_eq!(health.is_ready(), !keys.is_empty(), "{name} {from}");
            let health = &health.issuers[0];
            assert_eq!(health.ready, !keys.is_empty(), "{name} {from}");
            let wanted: Vec<_> = keys.iter().map(|it| kid(it)).collect();
            assert_eq!(health.keys, wanted, "{name} {from}");
            let skipped: Vec<_> = health.skipped.iter().map(|it| it.kid.clone()).collect();
            let wanted: Vec<_> = left_out.iter().map(|it| kid(it)).collect();
            assert_eq!(skipped, wanted, "{name} {from}");
            let reason = "the setting algorithms allows none of";
            let reasons: Vec<_> = health
                .skipped
                .iter()
                .map(|it| it.reason.to_string())
                .collect();
            assert!(
                reasons.iter().all(|it| it.contains(reason)),
                "{name}: {reasons:?}"
            );
            let told = log.counts("key_skipped");
            assert_eq!(told, left_out.len(), "{name} {from}: {}", log.text());
            for kid in &left_out {
                assert!(
                    log.text().contains(&format!("kid=\"{kid}\"")),
                    "{name} {from}"
                );
            }
            assert_eq!(health.generation, 1, "{name} {from}");
        }
    }
}
