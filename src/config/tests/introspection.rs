//! `introspection`: POP.md 2 and 19, rows I52 and I53.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::field::{Folder, accepts, built, effect, read, refused, refuses, spelled_out};
use super::with_everything::with;
use super::*;
use crate::ConfigError;
use crate::authn::JwtAuthLayer;
use crate::config::checked_issuer::Keys;
use crate::config::error::SecretFileError;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::config::introspection::{
    CheckedAsked, CheckedEndpoint, CheckedIntrospection, CheckedUrl,
};
use crate::config::{Issuer, JwtAuthConfigBuilder};
use crate::introspection::client::{ClientCredentials, CredentialSource, Way};
use crate::introspection::{
    ClientAuth, IntrospectedTokens, Introspection, IntrospectionAnswer, IntrospectionFuture,
    Introspector, JwtResponse,
};

const ISSUER: &str = "https://i.example";

const OTHER: &str = "https://j.example";

const SECRET: &str = "hunter2-and-more";

/// Good settings with these changes; `null` removes one.
fn changed(changes: Value) -> Value {
    let mut settings = json!({"client_id": "rs", "client_secret": SECRET});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(settings.as_object_mut().unwrap().remove(name)),
            value => settings[name] = value.clone(),
        }
    }
    json!({"introspection": settings})
}

fn checked(config: &JwtAuthConfig) -> &CheckedIntrospection {
    config.0.issuers[0].introspection.as_ref().unwrap()
}

fn endpoint(config: &JwtAuthConfig) -> &CheckedEndpoint {
    match &checked(config).asked {
        CheckedAsked::Endpoint(endpoint) => endpoint,
        CheckedAsked::Introspector(_) => panic!("an endpoint"),
    }
}

fn effect_with(changes: Value) -> String {
    effect(&read(with(changed(changes))).unwrap()).unwrap()
}

fn credentials_of(config: &JwtAuthConfig) -> String {
    format!("{:?}", endpoint(config).credentials)
}

fn credentials_with(way: Way, secret: &str) -> String {
    let source = CredentialSource::Fixed(secret.to_owned());
    let credentials = ClientCredentials::new(way, source);
    format!("{:?}", credentials.unwrap())
}

fn with_code(introspection: Introspection) -> Result<JwtAuthConfig, ConfigError> {
    builder().introspection(introspection).build()
}

fn builder() -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder().issuer(ISSUER).audience("a")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn pop_i53_the_defaults_are_the_documented_ones() {
    let config = built(changed(json!({}))).unwrap();
    let introspection = checked(&config);
    assert_eq!(introspection.tokens, IntrospectedTokens::Opaque);
    assert_eq!(introspection.token_prefix, None);
    assert_eq!(introspection.max_age, seconds(60));
    assert_eq!(introspection.negative_max_age, seconds(5));
    assert_eq!(introspection.timeout, seconds(5));
    assert_eq!(introspection.max_stale, Duration::ZERO);
    assert!(!introspection.allow_missing_audience);
    let endpoint = endpoint(&config);
    assert!(
        matches!(&endpoint.url, CheckedUrl::Discovered(url) if url.as_str() == "https://i.example/")
    );
    assert!(endpoint.signed_for.is_none());
    let way = Way::Basic {
        client_id: "rs".to_owned(),
    };
    assert_eq!(credentials_of(&config), credentials_with(way, SECRET));
    assert!(matches!(config.0.issuers[0].keys, Keys::Fetched(_)));
    let of_code = builder().introspection(Introspection::new("rs", SECRET));
    assert_eq!(effect(&of_code).unwrap(), effect_with(json!({})));
}

/// Each row: the change that is refused, its text, and the neighbour that is accepted.
#[test]
fn pop_i53_what_is_refused_of_introspection() {
    let rows = [
        (
            json!({"max_age": "1h"}),
            "introspection.max_age is 1h: it must be between 0s and 10m",
            json!({"maxAge": "10m"}),
        ),
        (
            json!({"max_age": "601s"}),
            "introspection.max_age is 10m 1s: it must be between 0s and 10m",
            json!({"max_age": "0s"}),
        ),
        (
            json!({"negative_max_age": "61s"}),
            "introspection.negative_max_age is 1m 1s: it must be between 0s and 1m",
            json!({"negativeMaxAge": "60s"}),
        ),
        (
            json!({"timeout": "99ms"}),
            "introspection.timeout is 99ms: it must be between 100ms and 30s",
            json!({"timeout": "100ms"}),
        ),
        (
            json!({"timeout": "31s"}),
            "introspection.timeout is 31s: it must be between 100ms and 30s",
            json!({"timeout": "30s"}),
        ),
        (
            json!({"danger_max_stale": "11m"}),
            "introspection.danger_max_stale is 11m: it must be between 0s and 10m",
            json!({"dangerMaxStale": "10m"}),
        ),
        (
            json!({"endpoint": "https://i.example/introspect#x"}),
            "introspection.endpoint \"https://i.example/introspect#x\" must not carry a fragment: leave it out",
            json!({"endpoint": "https://i.example/introspect?tenant=1"}),
        ),
        (
            json!({"endpoint": "http://i.example/introspect"}),
            "introspection.endpoint \"http://i.example/introspect\" must use https",
            json!({"endpoint": "http://127.0.0.1:9/introspect"}),
        ),
        (
            json!({"endpoint": "https://rs:hunter2-and-more@i.example/introspect"}),
            "introspection.endpoint \"(not shown)\" must not carry a user name or password",
            json!({"endpoint": "https://elsewhere.example/introspect"}),
        ),
        (
            json!({"endpoint": "/introspect"}),
            "introspection.endpoint \"/introspect\" must be an absolute https URL",
            json!({"endpoint": "https://i.example/introspect"}),
        ),
        (
            json!({"tokens": "all"}),
            "introspection.tokens is \"all\", which is not known: use opaque, also_jwts or only",
            json!({"tokens": "also_jwts"}),
        ),
        (
            json!({"auth": "client_secret_basic"}),
            "introspection.auth is \"client_secret_basic\", which is not known: use basic, basic_unencoded, post, \
             private_key_jwt or bearer",
            json!({"auth": "basic"}),
        ),
        (
            json!({"jwt_response": "on"}),
            "introspection.jwt_response is \"on\", which is not known: use off or required",
            json!({"jwtResponse": "required"}),
        ),
        (
            json!({"token_prefix": ""}),
            "introspection.token_prefix is empty: give it a value or leave it out",
            json!({"tokenPrefix": "at_"}),
        ),
        (
            json!({"client_id": ""}),
            "introspection.client_id is empty: give it a value or leave it out",
            json!({"clientId": "x"}),
        ),
        (
            json!({"client_secret": ""}),
            "introspection.client_secret is empty: give it a value or leave it out",
            // Only of a file is a line break at the end no part of the secret.
            json!({"client_secret": "\n"}),
        ),
    ];
    for (bad, want, good) in rows {
        refuses([(changed(bad), want)]);
        let mut good = changed(good);
        if good["introspection"].get("clientId").is_some() {
            good["introspection"]
                .as_object_mut()
                .unwrap()
                .remove("client_id");
        }
        accepts(good);
    }
}

#[test]
fn pop_i53_an_endpoint_is_never_asked_without_client_authentication() {
    let want = "introspection has no client authentication, and no endpoint may answer without it: set \
                introspection.client_id with introspection.client_secret, introspection.client_secret_file or \
                introspection.private_key_file, or set introspection.bearer_token_file";
    refuses([
        (changed(json!({"client_secret": null})), want),
        (json!({"introspection": {}}), want),
        (
            changed(json!({"client_id": null})),
            "introspection.client_secret is set without introspection.client_id: set both, or neither",
        ),
        (
            json!({"introspection": true}),
            "introspection: invalid type: boolean `true`, expected an object; write for example",
        ),
    ]);
    accepts(changed(json!({})));
    accepts(json!({"introspection": null}));
}

/// A folder with a secret, a private key and a token.
fn credentials() -> (Folder, impl Fn(&str) -> PathBuf) {
    let folder = Folder::new();
    let root = folder.0.clone();
    let at = move |name: &str| root.join(name);
    std::fs::write(at("secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(at("key"), PRIVATE_KEY).unwrap();
    std::fs::write(at("token"), format!("{SECRET}\r\n")).unwrap();
    (folder, at)
}

/// P-256, for this test.
const PRIVATE_KEY: &str = r#"{"kty": "EC", "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;

#[test]
fn pop_i53_one_credential_and_a_way_that_fits_it() {
    let (_folder, at) = credentials();
    let (secret, key, token) = (at("secret"), at("key"), at("token"));
    let good = [
        (json!({}), ClientAuth::Basic),
        (
            json!({"auth": "basic_unencoded"}),
            ClientAuth::BasicUnencoded,
        ),
        (json!({"auth": "post"}), ClientAuth::Post),
        (
            json!({"client_secret": null, "client_secret_file": secret}),
            ClientAuth::Basic,
        ),
        (
            json!({"client_secret": null, "clientSecretFile": secret, "auth": "post"}),
            ClientAuth::Post,
        ),
        (
            json!({"client_secret": null, "private_key_file": key}),
            ClientAuth::PrivateKeyJwt,
        ),
        (
            json!({"client_secret": null, "privateKeyFile": key, "auth": "private_key_jwt"}),
            ClientAuth::PrivateKeyJwt,
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token}),
            ClientAuth::Bearer,
        ),
        (
            json!({"client_secret": null, "bearerTokenFile": token, "jwt_response": "required"}),
            ClientAuth::Bearer,
        ),
    ];
    for (changes, auth) in good {
        let config =
            built(changed(changes.clone())).unwrap_or_else(|error| panic!("{changes}: {error}"));
        let shown = credentials_of(&config);
        let way = shown.split("way: ").nth(1).unwrap();
        let way: String = way.chars().take_while(|it| it.is_alphabetic()).collect();
        assert_eq!(way, format!("{auth:?}"), "{changes}");
    }
    let unfit = |auth: &str, setting: &str, fitting: &str| {
        format!(
            "introspection.auth is {auth:?}, which does not fit introspection.{setting}: leave it out, or use {fitting}"
        )
    };
    let both = |first: &str, second: &str| {
        format!("introspection.{first} and introspection.{second} are both set: keep one of them")
    };
    let bad = [
        (
            json!({"client_secret_file": secret}),
            both("client_secret", "client_secret_file"),
        ),
        (
            json!({"private_key_file": key}),
            both("client_secret", "private_key_file"),
        ),
        (
            json!({"client_secret": null, "private_key_file": key, "bearer_token_file": token}),
            both("private_key_file", "bearer_token_file"),
        ),
        (
            json!({"client_secret": null, "bearer_token_file": token}),
            both("client_id", "bearer_token_file"),
        ),
        (
            json!({"auth": "private_key_jwt"}),
            unfit(
                "private_key_jwt",
                "client_secret",
                "basic, basic_unencoded or post",
            ),
        ),
        (
            json!({"auth": "bearer"}),
            unfit("bearer", "client_secret", "basic, basic_unencoded or post"),
        ),
        (
            json!({"client_secret": null, "private_key_file": key, "auth": "basic"}),
            unfit("basic", "private_key_file", "private_key_jwt"),
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token, "auth": "post"}),
            unfit("post", "bearer_token_file", "bearer"),
        ),
        (
            json!({"client_id": null, "client_secret": null, "private_key_file": key}),
            "introspection.private_key_file is set without introspection.client_id".to_owned(),
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": token, "jwt_response": "required"}),
            "introspection.jwt_response is set without introspection.client_id".to_owned(),
        ),
    ];
    for (changes, want) in bad {
        let error = refused(changed(changes.clone()));
        assert!(
            error.contains(&want),
            "{changes}\n got: {error}\nwant: {want}"
        );
    }
}

#[test]
fn pop_i53_files_are_read_by_build() {
    let (_folder, at) = credentials();
    let setting = "introspection.client_secret_file";
    let of_file = |path: &str| {
        let path = at(path);
        built(changed(
            json!({"client_secret": null, "client_secret_file": path}),
        ))
    };
    for content in ["s", "s\n", " s "] {
        std::fs::write(at("secret"), content).unwrap();
        let config = of_file("secret").unwrap();
        let path = format!("file: Some({:?})", at("secret"));
        assert!(credentials_of(&config).contains(&path), "{content:?}");
    }
    for content in ["", "\n", "\r\n"] {
        std::fs::write(at("secret"), content).unwrap();
        let want = ConfigError::UnusableFile {
            setting,
            path: at("secret"),
            reason: SecretFileError::Empty,
        };
        assert_eq!(of_file("secret").unwrap_err(), want, "{content:?}");
    }
    let of_key = |content: &str| {
        std::fs::write(at("key"), content).unwrap();
        let changes = json!({"client_secret": null, "private_key_file": at("key")});
        built(changed(changes)).map(drop)
    };
    assert_eq!(of_key(PRIVATE_KEY), Ok(()));
    for (content, reason) in [
        (
            PRIVATE_KEY.replace("P-256", "secp256k1"),
            SecretFileError::UnsupportedKey,
        ),
        (PRIVATE_KEY.replace("d\"", "e\""), SecretFileError::NoKey),
        (SECRET.to_owned(), SecretFileError::NoKey),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
                .to_owned(),
            SecretFileError::EncryptedKey,
        ),
    ] {
        let want = ConfigError::UnusableFile {
            setting: "introspection.private_key_file",
            path: at("key"),
            reason,
        };
        assert_eq!(of_key(&content), Err(want), "{content}");
    }
    for (name, client_id) in [
        ("client_secret_file", json!("rs")),
        ("private_key_file", json!("rs")),
        ("bearer_token_file", json!(null)),
    ] {
        let path = at("missing");
        let credential = json!({"client_id": client_id, "client_secret": null, name: path});
        let error = refused(changed(credential));
        let start = format!("introspection.{name} {path:?} cannot be used: it cannot be read: ");
        assert!(error.starts_with(&start), "{error}");
        refuses([(
            changed(json!({"client_secret": null, name: "${FILE}"})),
            "contains \"${FILE}\", which nothing has replaced",
        )]);
    }
}

/// With `rust_crypto` alone an RSA key would be used with a timing that may reveal it.
#[test]
fn pop_i53_an_rsa_key_needs_aws_lc_rs() {
    let (_folder, at) = credentials();
    let rsa = include_str!("../../jwks/private_key/tests/rsa.pem");
    std::fs::write(at("key"), rsa).unwrap();
    let error = built(changed(
        json!({"client_secret": null, "private_key_file": at("key")}),
    ))
    .err();
    if cfg!(feature = "aws_lc_rs") {
        assert_eq!(error, None);
        return;
    }
    let error = error.unwrap();
    let want = ConfigError::FeatureMissing {
        setting: "introspection.private_key_file",
        feature: "aws_lc_rs",
    };
    assert_eq!(error, want);
    assert_eq!(
        error.to_string(),
        "introspection.private_key_file holds an RSA key, which needs the feature aws_lc_rs: turn it on, or use an EC \
         or Ed25519 key"
    );
}

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

#[test]
fn pop_i53_what_a_signed_answer_may_name() {
    let signed = |mut config: Value, resource: Option<&str>| {
        if let Some(resource) = resource {
            config["resource"] = json!(resource);
        }
        endpoint(&built(config).unwrap()).signed_for.clone()
    };
    let names = |names: &[&str]| {
        Some(
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let required = json!({"jwt_response": "required"});
    assert_eq!(signed(changed(required.clone()), None), names(&["rs"]));
    assert_eq!(
        signed(changed(required), Some("https://r.example")),
        names(&["rs", "https://r.example"])
    );
    assert_eq!(signed(changed(json!({})), Some("https://r.example")), None);
    let (_folder, at) = credentials();
    let bearer = json!({"client_id": null, "client_secret": null, "bearer_token_file": at("token"),
        "jwt_response": "required"});
    assert_eq!(
        signed(changed(bearer), Some("https://r.example")),
        names(&["https://r.example"])
    );
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

#[test]
fn pop_i53_file_and_builder_agree() {
    let (_folder, at) = credentials();
    let new = || Introspection::new("rs", SECRET);
    for (changes, introspection) in [
        (
            json!({"endpoint": "https://e.example/i"}),
            new().endpoint("https://e.example/i"),
        ),
        (
            json!({"client_secret": null, "client_secret_file": at("secret")}),
            Introspection::with_client_secret_file("rs", at("secret")),
        ),
        (
            json!({"client_secret": null, "private_key_file": at("key")}),
            Introspection::with_private_key_file("rs", at("key")),
        ),
        (
            json!({"client_id": null, "client_secret": null, "bearer_token_file": at("token")}),
            Introspection::with_bearer_token_file(at("token")),
        ),
        (json!({"auth": "post"}), new().auth(ClientAuth::Post)),
        (
            json!({"auth": "basic_unencoded"}),
            new().auth(ClientAuth::BasicUnencoded),
        ),
        (
            json!({"tokens": "only"}),
            new().tokens(IntrospectedTokens::Only),
        ),
        (
            json!({"tokens": "also_jwts"}),
            new().tokens(IntrospectedTokens::AlsoJwts),
        ),
        (json!({"token_prefix": "at_"}), new().token_prefix("at_")),
        (json!({"max_age": "10s"}), new().max_age(seconds(10))),
        (
            json!({"negative_max_age": "0s"}),
            new().negative_max_age(Duration::ZERO),
        ),
        (json!({"timeout": "1s"}), new().timeout(seconds(1))),
        (
            json!({"jwt_response": "required"}),
            new().jwt_response(JwtResponse::Required),
        ),
        (
            json!({"danger_allow_missing_audience": true}),
            new().danger_allow_missing_audience(),
        ),
        (
            json!({"danger_max_stale": "1m"}),
            new().danger_max_stale(seconds(60)),
        ),
    ] {
        let of_file = effect_with(changes.clone());
        let of_code = effect(&builder().introspection(introspection)).unwrap();
        assert_eq!(of_code, of_file, "{changes}");
        assert_ne!(of_file, effect_with(json!({})), "{changes} has an effect");
    }
}

#[test]
fn pop_i53_the_examples_of_introspection_are_accepted() {
    let without = effect_with(json!({}));
    for name in spelled_out(file_names().introspection) {
        if name.ends_with("_file") || name.starts_with("client_secret") {
            continue; // There are no such files, and secrets do not show.
        }
        let (_, example) = EXAMPLES.iter().find(|(other, _)| *other == name).unwrap();
        let example: Value = serde_json::from_str(example).unwrap();
        assert_ne!(effect_with(json!({name: example})), without, "{name}");
    }
}

#[test]
fn pop_i52_secrets_do_not_show() {
    let (_folder, at) = credentials();
    let hides = |text: &str| {
        assert!(
            !text.contains(SECRET) && !text.contains("870MB6g"),
            "{text}"
        );
    };
    for (introspection, file) in [
        (Introspection::new("rs", SECRET), None),
        (
            Introspection::with_client_secret_file("rs", at("secret")),
            Some("secret"),
        ),
        (
            Introspection::with_private_key_file("rs", at("key")),
            Some("key"),
        ),
        (
            Introspection::with_bearer_token_file(at("token")),
            Some("token"),
        ),
    ] {
        let builder = builder().introspection(introspection.clone());
        let config = builder.clone().build().unwrap();
        hides(&format!(
            "{introspection:?} {introspection:#?} {builder:?} {config:?}"
        ));
        hides(&format!(
            "{:?} {:?}",
            checked(&config),
            JwtAuthLayer::new(config.clone())
        ));
        // In an error about another setting, and about this one.
        let unfit = introspection.clone().max_age(seconds(3600));
        hides(&with_code(unfit).unwrap_err().to_string());
        for auth in [
            ClientAuth::Bearer,
            ClientAuth::Post,
            ClientAuth::PrivateKeyJwt,
        ] {
            if let Err(error) = with_code(introspection.clone().auth(auth)) {
                hides(&format!("{error} {error:#?}"));
            }
        }
        let file = format!("file: {:?}", file.map(&at));
        assert!(credentials_of(&config).contains(&file));
    }
    for value in [
        json!(1234567890),
        json!(true),
        json!([SECRET]),
        json!({SECRET: 1}),
    ] {
        let error = refused(changed(json!({"client_secret": value})));
        assert!(
            error.starts_with("introspection.client_secret: invalid type: "),
            "{error}"
        );
        assert!(
            error.contains("expected a string; write for example"),
            "{error}"
        );
        assert!(!error.contains("12345"), "{error}");
        hides(&error);
    }
    for error in [
        refused(json!({"introspection": SECRET})),
        refused(json!({"introspection": [SECRET]})),
        refused(changed(json!({"client_id": ""}))),
    ] {
        hides(&error);
    }
    // Only a secret that is nothing but a variable was meant to be replaced.
    refuses([(
        changed(json!({"client_secret": "${SECRET}"})),
        "introspection.client_secret contains \"${SECRET}\", which nothing has replaced",
    )]);
    accepts(changed(json!({"client_secret": "a${b}c"})));
    let secret: Arc<str> = SECRET.into();
    let schema_has_none = !include_str!("../../../docs/config.schema.json").contains(&*secret);
    assert!(schema_has_none);
}
