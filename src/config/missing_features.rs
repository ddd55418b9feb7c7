//! What `build` says where a feature that it needs is off.

#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
#[test]
fn without_a_back_end_build_says_which_features_there_are() {
    let error = crate::JwtAuthConfig::builder()
        .issuer("https://i.example")
        .audience("a")
        .build()
        .unwrap_err();
    assert_eq!(error, crate::ConfigError::CryptoMissing);
    let file = serde_json::json!({"issuer": "https://i.example", "audience": "a"});
    let of_a_file = serde_json::from_value::<crate::JwtAuthConfig>(file).unwrap_err();
    for feature in ["aws_lc_rs", "rust_crypto"] {
        assert!(error.to_string().contains(feature), "{error}");
        assert!(of_a_file.to_string().contains(feature), "{of_a_file}");
    }
}

#[cfg(all(
    any(feature = "aws_lc_rs", feature = "rust_crypto"),
    feature = "test-util",
    not(feature = "reqwest")
))]
#[test]
fn without_a_transport_keys_must_be_given() {
    let key = crate::test_util::TestKey::generate(crate::Algorithm::ES256, "k").jwk();
    let config = || {
        crate::JwtAuthConfig::builder()
            .issuer("https://i.example")
            .audience("a")
    };
    let error = config().build().unwrap_err();
    assert_eq!(
        error,
        crate::ConfigError::FeatureMissing {
            setting: "issuer",
            feature: "reqwest"
        }
    );
    assert!(config().jwks_uri("https://i.example/jwks").build().is_err());
    assert!(config().jwk(key.clone()).build().is_ok());
    let asked = config().jwk(key);
    let asked = asked.introspection(crate::introspection::Introspection::new("rs", "secret"));
    assert_eq!(
        asked.build().unwrap_err().to_string(),
        "introspection needs the feature reqwest: turn it on, or use an http_transport or an Introspector"
    );
}
