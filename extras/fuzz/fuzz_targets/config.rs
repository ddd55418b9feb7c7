//! The input is a configuration file.
#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tower_jwt_auth::error::RejectionKind;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer, Rejection};
use tower_jwt_auth_fuzz::challenge;
use tower_jwt_auth_fuzz::count::Acceptance;
use tower_jwt_auth_fuzz::layer::{authorization, send};
use tower_jwt_auth_fuzz::signer::{ED25519_SIGNER, HS256_SIGNER, Signer};

static ACCEPTANCE: Acceptance = Acceptance::new();

fuzz_target!(|document: &[u8]| {
    let config = match serde_json::from_slice::<JwtAuthConfig>(document) {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let _ = format!("{config:?}");
    let written: Value = serde_json::from_slice(document).expect("it was read");
    if reads_files(&written) {
        return;
    }
    let layer = JwtAuthLayer::new(config);
    check_metadata(&layer, &written);
    check_answers(&layer);
    for (signer, alg) in [(&*ED25519_SIGNER, "EdDSA"), (&*HS256_SIGNER, "HS256")] {
        let verdict = send_token(&layer, &fitting_token(signer, alg, &written));
        if let Err(rejection) = &verdict {
            check_challenge(&layer, rejection);
        }
        let refusal = verdict.as_ref().err().map(Rejection::kind);
        ACCEPTANCE.note(matches!(
            refusal,
            None | Some(RejectionKind::InsufficientScope)
        ));
    }
});

/// Whether the input names a snapshot file: the layer would open any path.
fn reads_files(written: &Value) -> bool {
    let names = |entry: &Value| {
        let path = entry.get("snapshot_file").or(entry.get("snapshotFile"));
        path.is_some_and(Value::is_string)
    };
    let entries = written["issuers"].as_array();
    names(written) || entries.is_some_and(|entries| entries.iter().any(names))
}

/// The metadata has the configured values, byte for byte (RFC 9728 §2).
fn check_metadata(layer: &JwtAuthLayer, written: &Value) {
    let Some(metadata) = layer.resource_metadata() else {
        return assert!(written["resource"].is_null());
    };
    let document: Value = serde_json::from_slice(&metadata.document()).expect("JSON");
    assert_eq!(document["resource"], written["resource"]);
    let issuers: Vec<_> = match written["issuers"].as_array() {
        Some(entries) => entries.iter().map(|entry| &entry["issuer"]).collect(),
        None => vec![&written["issuer"]],
    };
    let no_servers = Vec::new();
    let listed = document["authorization_servers"]
        .as_array()
        .unwrap_or(&no_servers);
    let names = ["authorization_servers", "authorizationServers"];
    match names.iter().find_map(|name| written[*name].as_array()) {
        Some(servers) => assert_eq!(listed, servers),
        // Those at which a client can sign in.
        None => assert!(
            listed.iter().all(|one| {
                let url = one.as_str().unwrap_or_default().to_ascii_lowercase();
                issuers.contains(&one) && url.starts_with("http")
            }),
            "{listed:?}"
        ),
    }
    assert!(
        metadata.url().ends_with(metadata.path()),
        "{}",
        metadata.url()
    );
}

fn check_answers(layer: &JwtAuthLayer) {
    let one = HeaderValue::from_static("Bearer a.b.c");
    let requests = [
        (vec![], RejectionKind::MissingToken),
        (vec![one.clone()], RejectionKind::InvalidToken),
        (vec![one.clone(), one], RejectionKind::InvalidRequest),
    ];
    for (lines, kind) in requests {
        let rejection = send(layer, authorization(lines)).expect_err("no token here is good");
        assert_eq!(rejection.kind(), kind);
        check_challenge(layer, &rejection);
    }
}

fn check_challenge(layer: &JwtAuthLayer, rejection: &Rejection) {
    let Some(line) = rejection.www_authenticate() else {
        return assert_eq!(rejection.kind(), RejectionKind::KeysUnavailable);
    };
    let parameters = challenge::parameters(line);
    let of = |name| {
        parameters
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| *value)
    };
    assert_eq!(
        of("resource_metadata"),
        layer.resource_metadata().map(|document| document.url())
    );
    assert!(of("realm").is_some() || of("resource_metadata").is_some());
    assert_eq!(
        of("error").is_some(),
        rejection.kind() != RejectionKind::MissingToken
    );
}

fn send_token(layer: &JwtAuthLayer, token: &str) -> Result<(), Rejection> {
    let line = HeaderValue::try_from(format!("Bearer {token}")).expect("base64");
    send(layer, authorization([line])).map(drop)
}

/// A token that the configuration accepts if it contains one of the known keys.
fn fitting_token(signer: &Signer, alg: &str, written: &Value) -> String {
    let entry = match &written["issuers"][0] {
        Value::Null => written,
        entry => entry,
    };
    let audience = [
        &entry["audience"],
        &written["audience"],
        &written["resource"],
    ];
    let claims = json!({
        "iss": entry["issuer"],
        "aud": audience.into_iter().find(|value| !value.is_null()),
        "exp": 4_000_000_000_u64,
        "scope": "mcp:read",
    });
    let header = json!({"alg": alg, "typ": "at+jwt"});
    signer.compact(header.to_string().as_bytes(), claims.to_string().as_bytes())
}
