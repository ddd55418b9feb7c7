//! `introspection`: POP.md 2 and 19, rows I52 and I53.

use std::time::Duration;

use super::*;
use crate::config::examples::EXAMPLES;
use crate::config::file::file_names;
use crate::config::introspection::{
    CheckedAsked, CheckedEndpoint, CheckedIntrospection, CheckedUrl,
};
use crate::introspection::client::{ClientCredentials, CredentialSource, Way};
use crate::introspection::{
    ClientAuth, IntrospectedTokens, Introspection, Introspector, JwtResponse,
};

mod credentials;
mod issuers;

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
