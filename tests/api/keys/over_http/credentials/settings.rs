//! Settings of credentials that exclude or need each other, and the files that they name.

use serde_json::{Value, json};
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::{ConfigError, JwtAuthConfig};

use super::*;

#[test]
fn field_f11_settings_that_exclude_or_need_each_other() {
    let builder = || {
        JwtAuthConfig::builder()
            .issuer("https://i.example")
            .audience("a")
    };
    let build = |config: Builder| config.build().map(drop).map_err(|error| error.to_string());
    build(builder().ca_file("ca.pem").bearer_token_file("token")).unwrap();
    build(builder().client_certificate_file("c").client_key_file("k")).unwrap();
    let client = reqwest::Client::new;
    for (first, second, config) in [
        (
            "http_client",
            "ca_file",
            builder().ca_file("c").http_client(client()),
        ),
        (
            "http_client",
            "bearer_token_file",
            builder().http_client(client()).bearer_token_file("t"),
        ),
        (
            "http_client",
            "client_certificate_file",
            builder()
                .http_client(client())
                .client_certificate_file("c")
                .client_key_file("k"),
        ),
    ] {
        let error = config.build().unwrap_err();
        let is_conflict = matches!(error, ConfigError::Conflict { .. });
        assert!(is_conflict, "{error}");
        let text = format!("{first} and {second} are both set: keep one of them");
        assert_eq!(error.to_string(), text);
    }
    for (config, text) in [
        (
            builder().client_certificate_file("c"),
            "client_certificate_file is set without client_key_file",
        ),
        (
            builder().client_key_file("k"),
            "client_key_file is set without client_certificate_file",
        ),
        (builder().ca_file(""), "ca_file is empty"),
    ] {
        let error = build(config).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
    // Each issuer has its own: a token for one must not go to another.
    let issuer = || Issuer::new("https://i.example").bearer_token_file("t");
    let several = || JwtAuthConfig::builder().audience("a").add_issuer(issuer());
    build(several()).unwrap();
    let error = build(several().bearer_token_file("t")).unwrap_err();
    assert_eq!(
        error,
        "issuers and bearer_token_file are both set: keep one of them"
    );
    let error = build(several().http_client(client())).unwrap_err();
    assert_eq!(
        error,
        "http_client and bearer_token_file are both set: keep one of them"
    );
}

#[test]
fn field_f11_the_four_files_of_a_configuration_file() {
    let file = |members: Value| {
        let mut file = json!({"issuer": "https://i.example", "audience": "a"});
        file.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        serde_json::from_value::<JwtAuthConfig>(file).map(drop)
    };
    for good in [
        json!({"ca_file": "c", "client_certificate_file": "c", "client_key_file": "k", "bearer_token_file": "t"}),
        json!({"caFile": "c", "clientCertificateFile": "c", "clientKeyFile": "k", "bearerTokenFile": "t"}),
        json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "caFile": "c"}]}),
    ] {
        file(good.clone()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        json!({"client_certificate_file": "c"}),
        json!({"ca_file": 1}),
        json!({"ca_files": "c"}),
        json!({"issuer": null, "issuers": [{"issuer": "https://i.example"}], "ca_file": "c"}),
        json!({"issuer": null, "issuers": [{"issuer": "https://i.example", "client_key_file": "c"}]}),
    ] {
        assert!(file(bad.clone()).is_err(), "{bad}");
    }
}
