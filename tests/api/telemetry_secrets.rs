//! What `build` says about secrets, and that it never shows them.

use std::path::PathBuf;

use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::introspection::{ClientAuth, Introspection};
use tower_jwt_auth::proof::{Dpop, NonceMode};
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::support::capture;

/// 32 bytes.
const NONCE_SECRET: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

/// Form-encoding changes it.
const CLIENT_SECRET: &str = "hunter2+and%more";

fn builder() -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .issuer("https://idp.example.com")
        .resource("https://mcp.example.com/mcp")
}

/// How often `build` emits the event, and everything that it logs.
fn events(event: &str, builder: JwtAuthConfigBuilder) -> (usize, String) {
    let (log, _guard) = capture();
    let layer = JwtAuthLayer::new(builder.build().unwrap());
    drop(layer);
    (log.counts(event), log.text())
}

#[tokio::test]
async fn pop_p95_a_nonce_secret_that_only_one_process_has() {
    let event = "nonce_secret_made_up";
    let required = || Dpop::new().nonce(NonceMode::Required);
    for (dpop, want) in [
        (required(), 1),
        (required().nonce_secret(NONCE_SECRET), 0),
        (Dpop::new().nonce(NonceMode::Auto), 0),
        (Dpop::new().nonce(NonceMode::Off), 0),
    ] {
        let (count, log) = events(event, builder().dpop(dpop));
        assert_eq!(count, want, "{log}");
        assert!(!log.contains(NONCE_SECRET), "{log}");
        if want == 1 {
            assert!(
                log.contains("WARN") && log.contains("set dpop.nonce_secret"),
                "{log}"
            );
        }
    }
}

#[tokio::test]
async fn pop_i52_a_secret_that_form_encoding_changes() {
    let event = "introspection_secret_encoded";
    let path = std::env::temp_dir().join(format!("tower-jwt-auth-{:016x}", fastrand::u64(..)));
    std::fs::write(&path, CLIENT_SECRET).unwrap();
    let of_file = || Introspection::with_client_secret_file("rs", PathBuf::from(&path));
    let plain = "abc-._*XYZ019";
    for (introspection, want) in [
        (Introspection::new("rs", CLIENT_SECRET), 1),
        (
            Introspection::new("rs", CLIENT_SECRET).auth(ClientAuth::Basic),
            1,
        ),
        (of_file(), 1),
        (Introspection::new("https://mcp.example.com", plain), 1),
        (Introspection::new("rs", "with space"), 1),
        (Introspection::new("rs", "with~tilde"), 1),
        (Introspection::new("rs", plain), 0),
        (
            Introspection::new("rs", CLIENT_SECRET).auth(ClientAuth::BasicUnencoded),
            0,
        ),
        (
            Introspection::new("rs", CLIENT_SECRET).auth(ClientAuth::Post),
            0,
        ),
        (of_file().auth(ClientAuth::Post), 0),
    ] {
        let shown = format!("{introspection:?}");
        let (count, log) = events(event, builder().introspection(introspection));
        assert_eq!(count, want, "{log}");
        assert!(
            !log.contains("hunter2") && !shown.contains("hunter2"),
            "{shown} {log}"
        );
        if want == 1 {
            assert!(
                log.contains("WARN") && log.contains("basic_unencoded"),
                "{log}"
            );
            assert!(log.contains("issuer=https://idp.example.com"), "{log}");
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn pop_i52_no_event_of_build_shows_a_secret() {
    let (log, _guard) = capture();
    let file = |settings: Value| {
        let mut file =
            json!({"issuer": "https://idp.example.com", "resource": "https://mcp.example.com/mcp"});
        file["introspection"] = settings;
        serde_json::from_value::<JwtAuthConfig>(file)
    };
    let good = json!({"client_id": "rs", "client_secret": CLIENT_SECRET});
    let config = file(good.clone()).unwrap();
    let mut shown = format!("{config:?} {:?}", JwtAuthLayer::new(config.clone()));
    for (name, value) in [
        ("auth", json!("bearer")),
        ("max_age", json!("1h")),
        ("client_id", json!("")),
        ("client_secret", json!([CLIENT_SECRET])),
        ("client_secret_file", json!("/nonexistent/secret")),
        ("client_sercet", json!("x")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        shown.push_str(&file(bad).unwrap_err().to_string());
    }
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!log.text().contains("hunter2"), "{}", log.text());
}
