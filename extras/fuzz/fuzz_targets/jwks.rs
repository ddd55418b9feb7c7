//! The input is a JWK Set document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::fuzzing::key_counts;
use tower_jwt_auth::keys::KeySetError;
use tower_jwt_auth::limits::MAX_KEYS;
use tower_jwt_auth::test_util::internal::{inspect_key_set, verify_jws_only};
use tower_jwt_auth::{Algorithm, JwtAuthConfig};
use tower_jwt_auth_fuzz::signer::{signing_input, with_signature};

fuzz_target!(|document: &[u8]| {
    check_fetched(document);
    check_static(document);
    check_vocabulary(document);
});

fn check_fetched(document: &[u8]) {
    let Ok(counts) = key_counts(document, &[]) else {
        return;
    };
    assert!(!counts.symmetric, "a secret out of a fetched set");
    assert!((1..=MAX_KEYS).contains(&counts.used));
    assert!(counts.used + counts.skipped <= MAX_KEYS);
    assert_eq!(
        counts.used + counts.skipped + counts.beyond_limit,
        members(document)
    );

    let (used, skipped) = inspect_key_set(document).expect("it was read before");
    assert_eq!((used, skipped.len()), (counts.used, counts.skipped));
    assert!(
        skipped
            .iter()
            .flat_map(|key| &key.kid)
            .all(|kid| kid.chars().count() <= 64)
    );
    for algorithm in ["EdDSA", "ES256", "HS256", "ML-DSA-44", "RS256"] {
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        let token = with_signature(signing_input(header.as_bytes(), b"{}"), &[0x55; 64]);
        assert!(
            verify_jws_only(document, &token).is_err(),
            "a forged {algorithm}"
        );
    }
}

/// A static source may hold secrets; everything else is the same.
fn check_static(document: &[u8]) {
    let fetched = key_counts(document, &[]);
    match key_counts(document, &[Algorithm::HS256, Algorithm::HS512]) {
        Ok(counts) => {
            let before = fetched.map_or(0, |fetched| fetched.used);
            assert!(counts.used >= before);
            assert_eq!(counts.symmetric, counts.used > before);
        }
        Err(KeySetError::NoUsableKey { .. }) => {
            assert!(matches!(fetched, Err(KeySetError::NoUsableKey { .. })));
        }
        Err(error) => assert_eq!(Some(error), fetched.err()),
    }
}

/// A set that jsonwebtoken reads can be converted, and yields no more keys than the set that
/// jsonwebtoken writes back. (The document may yield fewer: jsonwebtoken reads null as absent, and
/// a list as an object.)
fn check_vocabulary(document: &[u8]) {
    let Ok(set) = serde_json::from_slice::<jsonwebtoken::jwk::JwkSet>(document) else {
        return;
    };
    let written = serde_json::to_vec(&set).expect("it was read");
    let handed = JwtAuthConfig::builder()
        .resource("https://resource.example")
        .issuer("https://issuer.example")
        .jwks(set)
        .build();
    assert!(handed.is_err() || key_counts(&written, &[]).is_ok());
}

fn members(document: &[u8]) -> usize {
    let document: serde_json::Value = serde_json::from_slice(document).expect("it was read");
    document["keys"].as_array().expect("a list").len()
}
