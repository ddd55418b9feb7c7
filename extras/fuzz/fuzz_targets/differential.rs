//! Every token that we accept, jsonwebtoken accepts too, when it is configured to require the same.
//! The input is edits to a good token; the result is signed, so that the claims decide.
//!
//! Left out, because jsonwebtoken does not support it: ES512, Ed25519, ML-DSA, dates that are not a
//! whole number of seconds since 1970, and header members that we ignore and that have the wrong
//! type.
#![no_main]

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation, decode};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{Algorithm, AuthInfo, JwtAuthConfig, JwtVerifier};
use tower_jwt_auth_fuzz::at_once;
use tower_jwt_auth_fuzz::count::Acceptance;

static ACCEPTANCE: Acceptance = Acceptance::new();

static PARTIES: LazyLock<[Party; 4]> = LazyLock::new(|| {
    [
        Party::new(Algorithm::HS256, jsonwebtoken::Algorithm::HS256),
        Party::new(Algorithm::ES256, jsonwebtoken::Algorithm::ES256),
        Party::new(Algorithm::ES384, jsonwebtoken::Algorithm::ES384),
        Party::new(Algorithm::RS256, jsonwebtoken::Algorithm::RS256),
    ]
});

/// One key, and both verifiers that trust it.
struct Party {
    key: TestKey,
    ours: JwtVerifier,
    theirs: DecodingKey,
    validation: Validation,
}

fuzz_target!(|case: Case| {
    let party = &PARTIES[match case.key {
        0..=127 => 0,
        128..=219 => 1,
        220..=251 => 2,
        252..=255 => 3,
    }];
    let header = object(&good_header(&party.key), &case.header, &HEADER_NAMES);
    let claims = object(&good_claims(), &case.claims, &CLAIM_NAMES);
    let token = party.key.sign_compact(&header, &claims);
    let verdict = at_once(party.ours.verify(&token));
    ACCEPTANCE.note(verdict.is_ok());
    if let Ok(auth) = verdict {
        check_theirs(party, &auth, &header);
    }
});

fn check_theirs(party: &Party, auth: &AuthInfo, header: &str) {
    let ours: Value = auth.claims().expect("claims are an object");
    let header: Value = serde_json::from_str(header).expect("it was read");
    if UNREAD.iter().any(|name| header.get(name).is_some()) {
        return;
    }
    match decode::<Value>(auth.token(), &party.theirs, &party.validation) {
        Ok(theirs) => {
            assert_eq!(theirs.claims, ours);
            assert_eq!(theirs.header.kid.as_deref(), header["kid"].as_str());
        }
        Err(error) => panic!("{error:?}: {header} {ours}"),
    }
}

impl Party {
    fn new(algorithm: Algorithm, theirs: jsonwebtoken::Algorithm) -> Self {
        let key = TestKey::generate(algorithm, "key");
        let config = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .audience(RESOURCE)
            .audience(SECOND_AUDIENCE)
            .issuer(ISSUER)
            .algorithms([algorithm])
            .jwk(key.jwk());
        let jwk: Jwk = serde_json::from_value(key.jwk()).expect("a JWK");
        let mut validation = Validation::new(theirs);
        validation.set_audience(&[RESOURCE, SECOND_AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        // A second more than ours, because the two clocks are read one after the other.
        validation.leeway = 61;
        Self {
            ours: JwtVerifier::new(config.build().expect("a good configuration")),
            theirs: DecodingKey::from_jwk(&jwk).expect("a key"),
            validation,
            key,
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    key: u8,
    claims: Vec<Edit<'a>>,
    header: Vec<Edit<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Edit<'a> {
    /// Removes the good member of that name.
    replaces: bool,
    /// Adds nothing in its place.
    removes: bool,
    /// Writes the name with escapes.
    escaped: bool,
    name: Name<'a>,
    value: Json<'a>,
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Known(u8),
    Other(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Json<'a> {
    Null,
    Bool(bool),
    List(Vec<Json<'a>>),
    Now(i16),
    Number(u64),
    Object(Vec<(Name<'a>, Json<'a>)>),
    Text(&'a str),
    Word(u8),
}

/// `good` with `edits`, as text, because a member may occur twice.
fn object(good: &[(&str, String)], edits: &[Edit<'_>], names: &[&str]) -> String {
    let replaced = |name: &str| {
        let of_it = |edit: &&Edit<'_>| edit.replaces && edit.name.text(names) == name;
        edits.iter().any(|edit| of_it(&edit))
    };
    let kept = good.iter().filter(|(name, _)| !replaced(name));
    let kept = kept.map(|(name, value)| format!("{name:?}:{value}"));
    let written = edits.iter().filter(|edit| !edit.removes).map(|edit| {
        let name = edit.name.text(names);
        let name = if edit.escaped {
            escaped(name)
        } else {
            quoted(name)
        };
        format!("{name}:{}", edit.value.text(names))
    });
    format!("{{{}}}", kept.chain(written).collect::<Vec<_>>().join(","))
}

impl Name<'_> {
    fn text<'n>(&'n self, names: &[&'n str]) -> &'n str {
        match self {
            Self::Known(index) => names[usize::from(*index) % names.len()],
            Self::Other(name) => name,
        }
    }
}

impl Json<'_> {
    fn text(&self, names: &[&str]) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(|value| value.text(names)).collect();
                format!("[{}]", values.join(","))
            }
            Self::Now(offset) => (now() as i64 + i64::from(*offset)).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Object(members) => {
                let member = |(name, value): &(Name<'_>, Json<'_>)| {
                    format!("{}:{}", quoted(name.text(names)), value.text(names))
                };
                format!(
                    "{{{}}}",
                    members.iter().map(member).collect::<Vec<_>>().join(",")
                )
            }
            Self::Text(text) => quoted(text),
            Self::Word(index) => quoted(WORDS[usize::from(*index) % WORDS.len()]),
        }
    }
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn escaped(text: &str) -> String {
    let units: String = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    format!("\"{units}\"")
}

fn good_header(key: &TestKey) -> Vec<(&'static str, String)> {
    vec![
        ("alg", quoted(key.algorithm().name())),
        ("kid", quoted("key")),
    ]
}

fn good_claims() -> Vec<(&'static str, String)> {
    vec![
        ("iss", quoted(ISSUER)),
        ("aud", quoted(RESOURCE)),
        ("exp", (now() + 600).to_string()),
    ]
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

const ISSUER: &str = "https://issuer.example";
const RESOURCE: &str = "https://resource.example/mcp";
const SECOND_AUDIENCE: &str = "second";

const HEADER_NAMES: [&str; 10] = [
    "alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jwk", "x5c",
];

const CLAIM_NAMES: [&str; 14] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "sub",
    "jti",
    "scope",
    "scp",
    "azp",
    "client_id",
    "cid",
    "appid",
    "cnf",
];

const WORDS: [&str; 16] = [
    ISSUER,
    RESOURCE,
    SECOND_AUDIENCE,
    "key",
    "JWT",
    "at+jwt",
    "application/at+jwt",
    "application/JWT",
    "HS256",
    "ES256",
    "ES384",
    "RS256",
    "none",
    "a b",
    "https://issuer.example/",
    "",
];

/// Members with a type in jsonwebtoken that we do not read (RFC 7515 §4.1.2-8, RFC 8555 §6.4).
const UNREAD: [&str; 8] = [
    "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "url", "nonce",
];
