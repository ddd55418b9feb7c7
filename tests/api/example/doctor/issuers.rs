//! What is said of an issuer: its keys, its clock, its certificate, and that it does not answer.

use std::time::{Duration, SystemTime};

use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::Fault;

use super::*;
use crate::keys::over_http::credentials::{CA, Guarded};

#[test]
fn field_g06_keys_that_cannot_be_used_are_listed_with_reasons() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    let usable = issuer.jwks()["keys"][0].clone();
    let unusable = [
        json!({"kty": "RSA", "kid": "enc-1", "use": "enc", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "XYZ", "kid": "odd\u{202e}"}),
    ];
    let serve = |keys: &[&Value]| {
        let set = json!({"keys": keys}).to_string();
        issuer.serve_document(Some(set.as_bytes()));
    };
    let [one, other] = &unusable;
    let reasons = ["use forbids verification", "kty or crv is not supported"];
    serve(&[one, &usable, other]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(0), "{said:?}");
    for part in ["1 in use", "not used: \"enc-1\"", reasons[0], reasons[1]] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    serve(&[one, other]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    let advice = "publishes no key that can verify a token";
    for part in [
        "enc-1: ",
        reasons[0],
        reasons[1],
        advice,
        "temporarily_unavailable",
    ] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    assert!(!said.output.contains('\u{202e}'), "{said:?}");
    // A private key is not repeated.
    serve(&[&with(&usable, json!({"d": "c2VjcmV0LXBhcnQ"}))]);
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.output.contains("wrong: private_key_published"),
        "{said:?}"
    );
    assert!(!said.output.contains("c2VjcmV0LXBhcnQ"), "{said:?}");
}

/// Without a token, and with one. Each row differs in `algorithms` alone.
#[test]
fn field_g06_keys_that_no_algorithm_fits_are_told() {
    let issuer = TestIssuer::with_algorithm(Algorithm::RS256);
    let token = good(&issuer);
    let key = issuer.jwks()["keys"][0].clone();
    assert_eq!(key["kty"], "RSA", "{key}");
    let (bare, elliptic) = (
        with(&key, json!({"alg": null})),
        json!({"kty": "EC", "crv": "P-256", "kid": "e",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}),
    );
    let set = |keys: &[&Value]| {
        let set = json!({"keys": keys}).to_string();
        issuer.serve_document(Some(set.as_bytes()));
    };
    let no = "no key fits `algorithms`: it allows";
    for (keys, algorithms, part) in [
        (
            vec![&key],
            json!(["ES256"]),
            Some("ES256, and the keys verify RS256\n"),
        ),
        (
            vec![&key],
            json!(["EdDSA", "PS256"]),
            Some("EdDSA, PS256, and the keys verify RS256\n"),
        ),
        (
            vec![&bare],
            json!(["Ed25519"]),
            Some("Ed25519, and the keys verify PS256, PS384, "),
        ),
        (
            vec![&elliptic],
            json!(["RS256"]),
            Some("RS256, and the keys verify ES256\n"),
        ),
        (vec![&key], json!(["ES256", "RS256"]), None),
        (vec![&bare], json!(["PS512"]), None),
        (vec![&key, &elliptic], json!(["ES256"]), None),
        (vec![&key], json!(null), None),
    ] {
        set(&keys);
        let config = with(&right(&issuer), json!({"algorithms": algorithms}));
        for (place, config) in [
            ("at the top", config.clone()),
            ("of an issuer", {
                let entry = json!({"issuer": issuer.issuer(), "algorithms": algorithms});
                let changes = json!({"issuers": [entry], "algorithms": ["ML-DSA-44"]});
                let mut config = with(&config, changes);
                config.as_object_mut().unwrap().remove("issuer");
                if algorithms.is_null() {
                    config.as_object_mut().unwrap().remove("algorithms");
                }
                config
            }),
        ] {
            let file = File::with(&config.to_string());
            let said = run(&["--config", file.path()], "");
            assert_eq!(
                said.code,
                Some(i32::from(part.is_some())),
                "{place}: {config}: {said:?}"
            );
            assert_eq!(
                said.output.contains(no),
                part.is_some(),
                "{place}: {said:?}"
            );
            if let Some(part) = part {
                said.shows(place, part);
                assert!(said.output.contains("Set `algorithms` to what"), "{said:?}");
                assert!(said.output.ends_with("1 wrong: algorithms\n"), "{said:?}");
            }
        }
    }
    set(&[&key]);
    let config = with(&right(&issuer), json!({"algorithms": ["ES256"]}));
    let said = judge(&config, &token);
    assert!(
        said.output
            .ends_with("2 wrong: algorithms, algorithm_not_allowed\n"),
        "{said:?}"
    );
}

#[test]
fn field_g06_an_issuer_that_does_not_answer() {
    let issuer = TestIssuer::start();
    let (config, token) = (right(&issuer), good(&issuer));
    issuer.fail(Fault::Status(404));
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in [
        "answered 404",
        "No metadata names the keys",
        "set `jwks_uri`",
    ] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    issuer.recover();
    assert_eq!(judge(&config, &token).code, Some(0));
    issuer.go_down();
    let said = judge(&config, &token);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in ["This machine does not reach the issuer", "not compared"] {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
    assert!(
        said.output
            .contains("2 wrong: keys, temporarily_unavailable")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn field_g06_a_private_authority() {
    let issuer = Guarded::start(false).await;
    let ca = File::with(CA);
    let config = json!({"issuer": issuer.issuer(), "audience": "a"});
    let trusting = with(&config, json!({"ca_file": ca.path()}));
    for (config, code, part) in [
        (&config, Some(1), "set `ca_file` for a private authority"),
        (&trusting, Some(0), "1 in use: \"k\""),
    ] {
        let file = File::with(&config.to_string());
        let said = run(&["--config", file.path()], "");
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
}

#[test]
fn field_g06_a_clock_that_differs_is_told() {
    let issuer = TestIssuer::start();
    let config = with(&right(&issuer), json!({"jwks_uri": issuer.jwks_uri()}));
    // Builds the program, which takes longer than the clocks may differ.
    let token = good(&issuer);
    assert_eq!(judge(&config, &token).code, Some(0));
    let at = |ahead: i64| {
        let ahead_of = |by| SystemTime::now().checked_add(Duration::from_secs(by));
        let behind = |by| SystemTime::now().checked_sub(Duration::from_secs(by));
        let time = if ahead < 0 {
            behind(ahead.unsigned_abs())
        } else {
            ahead_of(ahead as u64)
        };
        httpdate::fmt_http_date(time.unwrap())
    };
    for (ahead, age, code, part) in [
        (Some(0), "0", Some(0), "the clocks agree"),
        (
            Some(-30),
            "0",
            Some(0),
            "s behind the clock of this machine",
        ),
        (Some(-600), "600", Some(0), "the clocks agree"),
        (
            Some(-600),
            "0",
            Some(1),
            "Set the clock of this machine by NTP",
        ),
        (
            Some(600),
            "0",
            Some(1),
            "s ahead of the clock of this machine",
        ),
        (None, "0", Some(0), "not compared"),
    ] {
        let date = ahead.map_or_else(|| "yesterday".to_owned(), at);
        issuer.serve_headers(&[("date", &date), ("age", age)]);
        let said = judge(&config, &token);
        assert_eq!(said.code, code, "{date}: {said:?}");
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }
}
