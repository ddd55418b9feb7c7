//! The input is a JWK Set document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tower_jwt_auth::fuzzing::{have_same_keys, key_counts};
use tower_jwt_auth::keys::KeySetError;
use tower_jwt_auth::limits::MAX_KEYS;
use tower_jwt_auth::test_util::internal::{inspect_key_set, verify_jws_only};
use tower_jwt_auth::{Algorithm, JwtAuthConfig};
use tower_jwt_auth_fuzz::signer::{signing_input, with_signature};

fuzz_target!(|document: &[u8]| {
    check_fetched(document);
    check_rewritten(document);
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

/// Issuers write the same keys in another order, with other white space, with a byte order mark,
/// and with members that are `null` or absent.
fn check_rewritten(document: &[u8]) {
    let Ok(counts) = key_counts(document, &[]) else {
        return;
    };
    if counts.beyond_limit > 0 {
        return;
    }
    let mut set = read(document);
    let keys = set["keys"].as_array_mut().expect("a list");
    keys.reverse();
    for key in keys.iter_mut().filter_map(Value::as_object_mut) {
        key.retain(|_, value| !value.is_null());
    }
    let written = serde_json::to_string_pretty(&set).expect("it was read");
    let written = format!("\u{feff}{written}");
    assert!(
        have_same_keys(document, written.as_bytes()),
        "{document:?} is not {written:?}"
    );
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
    read(document)["keys"].as_array().expect("a list").len()
}

fn read(document: &[u8]) -> Value {
    let bare = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    serde_json::from_slice(bare).expect("it was read")
}
