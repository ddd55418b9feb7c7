//! N122 and other properties of every input: nothing panics, one changed byte makes a token bad,
//! and challenges can be read back.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tower_jwt_auth::test_util::internal::inspect_key_set;
use tower_jwt_auth::test_util::internal::unix;

use super::*;
use crate::support::{capture, naive_client};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A verifier of each algorithm with a good token of it, `HS*` with a static secret.
fn every_algorithm() -> &'static [(JwtVerifier, String)] {
    static ALL: OnceLock<Vec<(JwtVerifier, String)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let symmetric = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        let all = Algorithm::ASYMMETRIC.iter().chain(&symmetric);
        all.map(|algorithm| {
            let key = TestKey::generate(*algorithm, "key-1");
            let config = rules().algorithms([*algorithm]).jwk(key.jwk());
            let full = json!({"sub": "alice", "client_id": "c", "scope": "a b", "iat": NOW as u64, "nbf": NOW as u64});
            let header = with(header(), &json!({"alg": algorithm.name(), "kid": "key-1"}));
            (JwtVerifier::new(config.build().unwrap()), sign(&key, &header, &with(claims(), &full)))
        })
        .collect()
    })
}

#[test]
fn every_single_byte_of_a_good_token_counts() {
    let runtime = runtime();
    let all = every_algorithm();
    assert_eq!(all.len(), 16);
    for (verifier, token) in all {
        assert_eq!(runtime.block_on(outcome(verifier, token)), Ok(()));
    }
    // Segments differ much in length: each is hit as often, and so are the dots.
    let change = (
        0..all.len(),
        0..4_usize,
        any::<prop::sample::Index>(),
        1_u8..=255,
    );
    let run = TestRunner::new(cases(8000)).run(&change, |(which, part, at, flip)| {
        let (verifier, token) = &all[which];
        let dots: Vec<_> = token.match_indices('.').map(|(at, _)| at).collect();
        let part_of_token = match part {
            0 => 0..dots[0],
            1 => dots[0] + 1..dots[1],
            2 => dots[1] + 1..token.len(),
            _ => dots[0]..dots[0] + 1,
        };
        let mut bytes = token.clone().into_bytes();
        bytes[part_of_token.start + at.index(part_of_token.len())] ^= flip;
        // Bytes that are not UTF-8 cannot be passed as a token at all.
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(
                runtime.block_on(outcome(verifier, &changed)).is_err(),
                "{changed}"
            );
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn n122_arbitrary_tokens_and_key_sets_never_panic() {
    let runtime = runtime();
    let verifier = fixed(&all_keys());
    let jwk = world().es.jwk();
    let members = [
        "kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops", "pub", "k", "d", "keys",
    ];
    proptest!(cases(1000), |(
        text in ".{0,200}",
        octets in prop::collection::vec(any::<u8>(), 0..200),
        header in "\\PC{0,60}",
        payload in prop::collection::vec(any::<u8>(), 0..60),
        member in prop::sample::select(members.to_vec()),
        value in prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,40}".prop_map(Value::from)],
    )| {
        prop_assert!(runtime.block_on(outcome(&verifier, &text)).is_err());
        prop_assert!(runtime.block_on(outcome(&verifier, &String::from_utf8_lossy(&octets))).is_err());
        let signed = sealed(&world().es, &URL_SAFE_NO_PAD.encode(&header), &URL_SAFE_NO_PAD.encode(&payload));
        prop_assert!(runtime.block_on(outcome(&verifier, &signed)).is_err());
        // One header member or claim of any value: a verdict, whatever it is.
        for token in [headed(json!({member: value})), claiming(json!({member: value}))] {
            let _ = runtime.block_on(outcome(&verifier, &token));
        }
        let _ = inspect_key_set(&octets);
        let odd = json!({"keys": [with(jwk.clone(), &json!({member: value})), value]});
        let _ = inspect_key_set(odd.to_string().as_bytes());
    });
}

#[test]
fn n122_arbitrary_authorization_headers_never_panic() {
    let runtime = runtime();
    let config = rules().jwks(json!({"keys": all_keys()})).build().unwrap();
    let layer = JwtAuthLayer::new(config);
    let good = good();
    let scheme = prop_oneof![
        Just("Bearer ".to_owned()),
        Just("bearer".to_owned()),
        ".{0,10}"
    ];
    let octets = prop::collection::vec(prop_oneof![Just(9_u8), 32..=126_u8, 128..=255_u8], 0..100);
    proptest!(cases(1000), |(scheme in scheme, octets in octets, lines in 1..3_usize)| {
        let line = [scheme.as_bytes(), &octets].concat();
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            let mut request = request(None);
            for _ in 0..lines {
                request.headers_mut().append("authorization", value.clone());
            }
            let inner = Counting::default();
            let answer = runtime.block_on(call(&layer, &inner, request));
            prop_assert!(matches!(answer.status.as_u16(), 400 | 401), "{answer:?}");
            prop_assert_eq!(inner.calls(), 0);
        }
    });
    let answer = runtime.block_on(call(&layer, &Counting::default(), request(Some(&good))));
    assert_eq!(answer.status, 200);
}

#[test]
fn any_kid_is_harmless_in_logs_and_headers() {
    let (log, _guard) = capture();
    let runtime = runtime();
    let kid = prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f\"\\\\a]{1,40}",
        "\\PC{0,200}",
        "[\u{202a}-\u{202e}x]{1,9}"
    ];
    proptest!(cases(300), |(kid in kid)| {
        // A key that is not for signatures has the same `kid` as the token: the log names that key.
        let odd = with(world().rsa.jwk(), &json!({"kid": kid, "use": "enc"}));
        let (layer, _memory) = Table::keyed([world().es.jwk(), odd]).layer();
        let answer = runtime.block_on(call(&layer, &Counting::default(), request(Some(&headed(json!({"kid": kid}))))));
        prop_assume!(kid != "es");
        prop_assert_eq!(answer.status.as_u16(), 401);
        prop_assert_eq!(answer.challenge(), Some(INVALID_TOKEN));
        let health = format!("{:?}", layer.keys_health());
        prop_assert!(!health.contains(char::is_control), "{health}");
        prop_assert!(log.text().contains("key_skipped"));
    });
    for line in log.text().lines() {
        assert!(
            line.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "{line:?}"
        );
        assert!(
            line.contains(" tower_jwt_auth: "),
            "a line that somebody else wrote: {line:?}"
        );
    }
}

/// Text for a challenge: mostly allowed characters, and all others too.
fn quotable() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ !#-\\[\\]-~]{1,40}",
        "[a-z:.=,; ]{0,12}(scope|error|realm|resource_metadata)[ ,;=]?[a-z]{0,8}",
        "\\PC{0,20}",
        ".{0,20}",
    ]
}

fn scopes() -> impl Strategy<Value = Vec<String>> {
    let scope = prop_oneof![
        "[!#-\\[\\]-~]{1,20}",
        "(scope|error)=?[a-z,]{0,5}",
        ".{1,10}"
    ];
    prop::collection::vec(scope, 1..4)
}

fn resources() -> impl Strategy<Value = String> {
    prop_oneof![
        "https://[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?(/[!-~]{0,20})?",
        "https://[A-Z]{1,8}\\.example/(scope|error|realm)[=,;][a-z]{0,8}",
        "http://127\\.0\\.0\\.1:[1-9][0-9]{0,3}/[a-z,;'()*&]{0,12}",
    ]
}

/// Reads a challenge as careless MCP clients do, which look for each parameter anywhere in the
/// line.
#[test]
fn challenges_read_back_whatever_is_configured() {
    let runtime = runtime();
    let input = (prop::option::of(quotable()), scopes(), resources());
    let config = ProptestConfig {
        max_global_rejects: 100_000,
        ..cases(400)
    };
    let run = TestRunner::new(config).run(&input, |(realm, scopes, resource)| {
        let mut rules = JwtAuthConfig::builder()
            .issuer(ISSUER)
            .resource(&resource)
            .required_scopes(scopes.clone())
            .clock(&FakeClock::at(unix(NOW)))
            .jwks(json!({"keys": [world().es.jwk()]}));
        if let Some(realm) = &realm {
            rules = rules.realm(realm);
        }
        let Ok(config) = rules.build() else {
            return Err(TestCaseError::reject("not a configuration"));
        };
        let layer = JwtAuthLayer::new(config);
        let unscoped = sign(
            &world().es,
            &header(),
            &with(claims(), &json!({"aud": resource})),
        );
        let wanted = distinct(&scopes);
        for (token, error) in [
            (None, None),
            (Some("junk"), Some("invalid_token")),
            (Some(unscoped.as_str()), Some("insufficient_scope")),
        ] {
            let answer = runtime.block_on(call(&layer, &Counting::default(), request(token)));
            let line = answer.challenge().unwrap();
            let read = |name| naive_client::parameter(line, name);
            prop_assert_eq!(read("error"), error.map(ToOwned::to_owned), "{}", line);
            prop_assert_eq!(read("scope"), Some(wanted.clone()), "{}", line);
            let is_described = read("error_description").is_some();
            prop_assert_eq!(is_described, error.is_some(), "{}", line);
            let metadata = layer.resource_metadata().unwrap().url().to_owned();
            prop_assert_eq!(read("resource_metadata"), Some(metadata), "{}", line);
        }
        Ok(())
    });
    run.unwrap();
}

/// As a challenge lists them: repeats dropped.
fn distinct(scopes: &[String]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for scope in scopes
        .iter()
        .flat_map(|scope| scope.split(' '))
        .filter(|scope| !scope.is_empty())
    {
        if !seen.contains(&scope) {
            seen.push(scope);
        }
    }
    seen.join(" ")
}
