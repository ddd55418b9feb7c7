//! Which issuer is asked about a token, and whether its keys are fetched.

use super::*;
use crate::authn::JwtAuthLayer;
use crate::config::Issuer;
use crate::introspection::{IntrospectionAnswer, IntrospectionFuture};

#[test]
fn pop_i53_an_issuer_without_metadata_needs_an_endpoint() {
    let spiffe = |settings: Value| {
        let mut config = changed(settings);
        config["issuer"] = json!("spiffe://trust.example");
        config["jwk"] = ec_key();
        config
    };
    refuses([(
        spiffe(json!({})),
        "introspection.endpoint is missing: issuer \"spiffe://trust.example\" is not an https URL, so no metadata \
         says it; set introspection.endpoint",
    )]);
    accepts(spiffe(
        json!({"endpoint": "https://trust.example/introspect"}),
    ));
    let config = built(spiffe(
        json!({"endpoint": "https://trust.example/introspect"}),
    ))
    .unwrap();
    let CheckedUrl::Configured(url) = &endpoint(&config).url else {
        panic!("configured")
    };
    assert_eq!(url.as_str(), "https://trust.example/introspect");
}

fn issuers(entries: &[(&str, Option<&str>)]) -> Value {
    let entry = |(issuer, prefix): &(&str, Option<&str>)| {
        let mut entry = changed(json!({"token_prefix": prefix}));
        entry["issuer"] = json!(issuer);
        entry
    };
    json!({"audience": "a", "issuers": entries.iter().map(entry).collect::<Vec<_>>()})
}

#[test]
fn pop_i53_a_token_belongs_to_one_issuer() {
    let third = "https://k.example";
    let same = |second: &str, prefix: &str, first: &str, other: &str| {
        format!(
            "introspection.token_prefix {prefix:?} of issuer {second:?} and {other:?} of issuer {first:?} fit the same \
             tokens: give each issuer a prefix that only its tokens have"
        )
    };
    let missing = |issuer: &str| {
        format!(
            "introspection.token_prefix is missing for issuer {issuer:?}: several issuers have introspection, and a \
             token must be shown only to its own, so set how its opaque tokens begin"
        )
    };
    for (entries, want) in [
        (vec![(ISSUER, Some("a_")), (OTHER, Some("b_"))], None),
        (
            vec![(ISSUER, Some("a_")), (OTHER, None)],
            Some(missing(OTHER)),
        ),
        (vec![(ISSUER, None), (OTHER, None)], Some(missing(ISSUER))),
        (
            vec![(ISSUER, Some("a_")), (OTHER, Some("a_"))],
            Some(same(OTHER, "a_", ISSUER, "a_")),
        ),
        (
            vec![(ISSUER, Some("a_")), (OTHER, Some("a"))],
            Some(same(OTHER, "a", ISSUER, "a_")),
        ),
        (
            vec![
                (ISSUER, Some("x")),
                (OTHER, Some("a_")),
                (third, Some("a_b")),
            ],
            Some(same(third, "a_b", OTHER, "a_")),
        ),
        (vec![(ISSUER, Some("ab")), (OTHER, Some("ac"))], None),
        (vec![(ISSUER, None)], None),
    ] {
        let built = file(issuers(&entries));
        assert_eq!(built.err(), want, "{entries:?}");
    }
    // An issuer without introspection counts for nothing.
    let mut config = issuers(&[(ISSUER, None)]);
    let entries = config["issuers"].as_array_mut().unwrap();
    entries.push(json!({"issuer": OTHER}));
    let config = file(config).unwrap();
    let has_one = config
        .0
        .issuers
        .iter()
        .map(|issuer| issuer.introspection.is_some());
    assert_eq!(has_one.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn pop_i53_the_top_level_is_for_one_issuer() {
    let want = "issuers and introspection are both set, but one endpoint must not see the tokens of several issuers: \
                move introspection into the entry of the issuer that it asks";
    let config = |entries: Value| {
        let mut config = changed(json!({}));
        config["audience"] = json!("a");
        config["issuers"] = entries;
        file(config)
    };
    let own = issuers(&[(ISSUER, None)])["issuers"][0].clone();
    let error = config(json!([{"issuer": ISSUER}, {"issuer": OTHER}])).unwrap_err();
    assert_eq!(error, want);
    assert_eq!(config(json!([own])).unwrap_err(), want);
    let one = config(json!([{"issuer": ISSUER}])).unwrap();
    assert!(one.0.issuers[0].introspection.is_some());
    let of_code = JwtAuthConfig::builder()
        .audience("a")
        .introspection(Introspection::new("rs", SECRET))
        .add_issuer(Issuer::new(ISSUER));
    assert!(of_code.clone().build().is_ok());
    let conflict = ConfigError::Conflict {
        first: "issuers",
        second: "introspection",
    };
    let several = of_code.add_issuer(Issuer::new(OTHER)).build();
    assert_eq!(several.unwrap_err(), conflict);
    let entry = Issuer::new(OTHER).introspection(Introspection::new("rs", SECRET));
    let of_entry = JwtAuthConfig::builder()
        .audience("a")
        .add_issuer(Issuer::new(ISSUER));
    assert!(of_entry.add_issuer(entry).build().is_ok());
}

#[test]
fn pop_i53_no_keys_where_the_issuer_answers_for_all_tokens() {
    let has_keys = |changes: Value| {
        let config = built(changed(changes)).unwrap();
        match &config.0.issuers[0].keys {
            Keys::Fetched(_) => true,
            Keys::Fixed(keys) => keys.len() > 0,
            Keys::Shared(_) => panic!("no other layer"),
        }
    };
    assert!(has_keys(json!({"tokens": "opaque"})));
    assert!(has_keys(json!({"tokens": "also_jwts"})));
    assert!(!has_keys(json!({"tokens": "only"})));
    // Signed answers are verified with them.
    assert!(has_keys(
        json!({"tokens": "only", "jwt_response": "required"})
    ));
    // Then the issuer needs no URL.
    let mut config = changed(json!({"tokens": "only", "endpoint": "https://i.example/introspect"}));
    config["issuer"] = json!("no url");
    accepts(config.clone());
    config["introspection"]["tokens"] = json!("opaque");
    assert!(refused(config).contains("its keys cannot be discovered"));
}

#[test]
fn pop_i53_layers_that_verify_do_not_share_the_keys_of_one_that_does_not() {
    let shared = builder();
    let only = Introspection::new("rs", SECRET).tokens(IntrospectedTokens::Only);
    let without_keys =
        JwtAuthLayer::new(shared.clone().introspection(only.clone()).build().unwrap());
    let verifying = JwtAuthLayer::new(shared.clone().build().unwrap());
    let want = ConfigError::OtherKeySettings {
        issuer: ISSUER.to_owned(),
        setting: "introspection.tokens",
    };
    let refused = shared.clone().keys_of(&without_keys).build();
    assert_eq!(refused.unwrap_err(), want);
    let refused = shared
        .clone()
        .introspection(only.clone())
        .keys_of(&verifying);
    assert_eq!(refused.build().unwrap_err(), want);
    assert!(shared.clone().keys_of(&verifying).build().is_ok());
    let same = shared.introspection(only).keys_of(&without_keys);
    assert!(same.build().is_ok());
}

#[test]
fn pop_i53_the_token_for_keys_is_not_for_introspection() {
    let (_folder, at) = credentials();
    let transport = |files: Value| {
        let mut config = changed(json!({}));
        for (name, path) in files.as_object().unwrap() {
            config[name] = path.clone();
        }
        format!("{:?}", endpoint(&built(config).unwrap()).transport)
    };
    let own = transport(json!({"bearer_token_file": at("token"), "ca_file": at("ca")}));
    assert!(
        own.contains("CredentialTransport") && own.contains("ca: Some"),
        "{own}"
    );
    assert!(own.contains("bearer_token: None"), "{own}");
    let usual = transport(json!({}));
    assert_eq!(transport(json!({"bearer_token_file": at("token")})), usual);
}

#[derive(Debug)]
struct Own;

impl Introspector for Own {
    fn introspect<'a>(&'a self, _: &'a str) -> IntrospectionFuture<'a> {
        Box::pin(async { Ok(IntrospectionAnswer::json("{}")) })
    }
}

#[test]
fn pop_i53_an_introspector_in_place_of_an_endpoint() {
    let own = || Introspection::with_introspector(Own);
    let config = with_code(own()).unwrap();
    assert!(matches!(
        checked(&config).asked,
        CheckedAsked::Introspector(_)
    ));
    for (introspection, second) in [
        (
            own().endpoint("https://i.example/x"),
            "introspection.endpoint",
        ),
        (own().client_id("x"), "introspection.client_id"),
        (own().auth(ClientAuth::Post), "introspection.auth"),
        (
            own().jwt_response(JwtResponse::Required),
            "introspection.jwt_response",
        ),
    ] {
        let want = ConfigError::Conflict {
            first: "introspector",
            second,
        };
        assert_eq!(with_code(introspection).unwrap_err(), want);
    }
    assert!(with_code(own().max_age(Duration::ZERO).token_prefix("a")).is_ok());
}
