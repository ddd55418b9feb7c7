use http::HeaderValue;

use super::*;

#[test]
fn neither_debug_nor_json_hold_the_token() {
    let mut verified = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": "a"}));
    verified.credentials = Credentials::new(HeaderValue::from_static("Bearer SECRET"), 7);
    assert_eq!(verified.token(), "SECRET");
    assert!(!format!("{verified:?}").contains("SECRET"));
    let json = serde_json::to_value(&verified).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "client_id": "jwt",
            "subject": "alice",
            "issuer": "https://issuer.test",
            "audience": ["https://resource.test"],
            "scopes": ["a"],
            "expires_at": 4_102_444_800_u64,
        })
    );
}

#[test]
fn claims_are_typed_or_by_name() {
    let auth = AuthInfo::for_tests(serde_json::json!({"roles": ["admin"]}));
    assert_eq!(auth.claim("roles"), Some(serde_json::json!(["admin"])));
    assert_eq!(auth.claim("role"), None);
    assert_eq!(
        auth.claim_as::<Vec<String>>("roles").unwrap().unwrap(),
        ["admin"]
    );
    assert_eq!(auth.claim_as::<Vec<String>>("role").unwrap(), None);
    assert!(auth.claim_as::<Vec<u64>>("roles").is_err());
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(auth.claims_json()).unwrap()["roles"],
        serde_json::json!(["admin"])
    );
    assert!(auth.claims::<Vec<String>>().is_err());
}

#[test]
fn field_c09_an_error_says_its_claim_only_in_its_source() {
    use std::error::Error as _;

    #[derive(Debug, serde::Deserialize)]
    struct Tenant {
        #[serde(rename = "tid")]
        _id: u8,
    }
    #[derive(Debug, serde::Deserialize)]
    struct Nested {
        #[serde(rename = "tenant")]
        _tenant: Tenant,
    }
    let long = "y".repeat(1000);
    let auth = AuthInfo::for_tests(serde_json::json!({
        "a": "s3cret", "roles": ["admin", {"id": "s3cret"}], "tenant": {"id": "s3cret"},
        "odd\r\n\u{202e}": "s3cret", long.clone(): "s3cret",
    }));
    let errors = [
        (
            auth.claim_as::<Vec<String>>("roles").unwrap_err(),
            "the claim roles[1] does not fit".to_owned(),
        ),
        (
            auth.claims::<Vec<u8>>().unwrap_err(),
            "the claims do not fit as a whole".to_owned(),
        ),
        (
            auth.claim_as::<bool>("a").unwrap_err(),
            "the claim a does not fit".to_owned(),
        ),
        (
            auth.claim_as::<bool>("odd\r\n\u{202e}").unwrap_err(),
            "the claim odd\\r\\n\\u{202e} does not fit".to_owned(),
        ),
        (
            auth.claim_as::<bool>(&long).unwrap_err(),
            format!("the claim {}.. does not fit", "y".repeat(128)),
        ),
        (
            auth.claims::<Tenant>().unwrap_err(),
            "the claim tid is missing".to_owned(),
        ),
        (
            auth.claims::<Nested>().unwrap_err(),
            "the claim tenant.tid is missing".to_owned(),
        ),
    ];
    for (error, want) in errors {
        assert_eq!(
            error.to_string(),
            "the claims do not fit the requested type"
        );
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), want);
        assert!(source.source().is_none());
        for shown in [format!("{error:?}"), format!("{source:?}")] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
    let auth = AuthInfo::for_tests(serde_json::json!({"a": 1}));
    assert_eq!(auth.claim_as::<u8>("a").unwrap(), Some(1));
    assert_eq!(auth.claim_as::<u8>("b").unwrap(), None);
}
