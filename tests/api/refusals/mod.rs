//! The refusal half of the catalogue: one test for each row, or for a few of one subject, named by id.
//!
//! Most rows stand in a [`Table`]: what one configuration accepts, and what it refuses. Each refused token differs
//! in one thing from one that the same table accepts. [`secrets`] sends all of them over sockets once more and looks
//! at what was told.

mod algorithm;
mod base64url;
mod claims;
mod confusion;
mod credentials;
mod dates;
mod header;
mod http;
mod json;
mod keys;
mod members;
mod properties;
mod remembered;
mod scopes;
mod secrets;
mod server;
mod shape;
mod signature;

use std::sync::OnceLock;
use std::time::Duration;

use ::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::limits::UNKNOWN_KID_FETCHES;
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{
    Algorithm, JwtAuthConfig, JwtAuthConfigBuilder, JwtAuthLayer, JwtVerifier, Rejection,
    TokenErrorKind,
};

use crate::memory::{Answer, Memory};
use crate::support::{Counting, RESOURCE, call, request};

const NOW: f64 = 1_800_000_000.0;
const ISSUER: &str = "https://i.example";

/// The answer to every token that is refused.
const INVALID_TOKEN: &str = r#"Bearer error="invalid_token", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token is invalid or has expired""#;

struct World {
    es: TestKey,
    rsa: TestKey,
    ed: TestKey,
    ps: TestKey,
    p384: TestKey,
}

/// Keys take a while to make; no test changes them.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        es: TestKey::generate(Algorithm::ES256, "es"),
        rsa: TestKey::generate(Algorithm::RS256, "rsa"),
        ed: TestKey::generate(Algorithm::EdDSA, "ed"),
        ps: TestKey::generate(Algorithm::PS256, "ps"),
        p384: TestKey::generate(Algorithm::ES384, "p384"),
    })
}

fn all_keys() -> Vec<Value> {
    let World {
        es,
        rsa,
        ed,
        ps,
        p384,
    } = world();
    [es, rsa, ed, ps, p384].map(TestKey::jwk).into()
}

/// The usual rules, without keys.
fn rules() -> JwtAuthConfigBuilder {
    crate::support::remembering(JwtAuthConfig::builder())
        .issuer(ISSUER)
        .resource(RESOURCE)
        .leeway(Duration::ZERO)
        .clock(&FakeClock::at(NOW))
}

/// The usual rules with keys that are never fetched.
fn fixed(keys: &[Value]) -> JwtVerifier {
    JwtVerifier::new(rules().jwks(json!({"keys": keys})).build().unwrap())
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "es", "typ": "at+jwt"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": RESOURCE, "exp": NOW as u64 + 600})
}

/// A copy with some members set.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// A copy with one member less.
fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

/// A segment of a token.
fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token of any header and claims, really signed by `key`.
fn sign(key: &TestKey, header: &Value, claims: &Value) -> String {
    key.sign_compact(&header.to_string(), &claims.to_string())
}

/// A good token of `key`.
fn signed(key: &TestKey) -> String {
    labelled(key, key.algorithm().name(), key.kid())
}

/// Signed by `key`, whatever `alg` and `kid` say.
fn labelled(key: &TestKey, alg: &str, kid: &str) -> String {
    sign(
        key,
        &with(header(), &json!({"alg": alg, "kid": kid})),
        &claims(),
    )
}

fn good() -> String {
    signed(&world().es)
}

/// Signed with the right key, whatever the header says.
fn headed(changes: Value) -> String {
    sign(&world().es, &with(header(), &changes), &claims())
}

fn claiming(changes: Value) -> String {
    sign(&world().es, &header(), &with(claims(), &changes))
}

/// With more text at the front of the header.
fn heading_text(text: &str) -> String {
    let header = header().to_string().replacen('{', &format!("{{{text},"), 1);
    world().es.sign_compact(&header, &claims().to_string())
}

fn claiming_text(text: &str) -> String {
    let claims = claims().to_string().replacen('{', &format!("{{{text},"), 1);
    world().es.sign_compact(&header().to_string(), &claims)
}

/// Segments as they stand under a signature that is really theirs.
fn sealed(key: &TestKey, header: &str, payload: &str) -> String {
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The same token with another signature.
fn resigned(token: &str, signature: &[u8]) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signature_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD
        .decode(token.rsplit_once('.').unwrap().1)
        .unwrap()
}

fn octets(member: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(member.as_str().unwrap()).unwrap()
}

async fn outcome(verifier: &JwtVerifier, token: &str) -> Result<(), TokenErrorKind> {
    let verdict = verifier.verify(token).await;
    let kind = |rejection: Rejection| {
        let error = rejection.token_error();
        error
            .unwrap_or_else(|| panic!("{rejection}: {:?}", verifier.keys()))
            .kind()
    };
    verdict.map(drop).map_err(kind)
}

/// What one configuration accepts and refuses, with keys that are fetched from a source that counts.
struct Table {
    keys: Vec<Value>,
    rules: JwtAuthConfigBuilder,
    accepted: Vec<(String, String)>,
    refused: Vec<(String, String, TokenErrorKind)>,
}

impl Table {
    /// The usual rules, and these keys alone.
    fn keyed(keys: impl Into<Vec<Value>>) -> Self {
        Self {
            keys: keys.into(),
            rules: rules(),
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The usual rules and keys, and a good token.
    fn usual() -> Self {
        Self::keyed(all_keys()).accepts("the good token", good())
    }

    fn ruled(mut self, change: impl FnOnce(JwtAuthConfigBuilder) -> JwtAuthConfigBuilder) -> Self {
        self.rules = change(self.rules);
        self
    }

    fn accepts(mut self, name: impl Into<String>, token: String) -> Self {
        self.accepted.push((name.into(), token));
        self
    }

    fn refuses(mut self, name: impl Into<String>, token: String, why: TokenErrorKind) -> Self {
        self.refused.push((name.into(), token, why));
        self
    }

    fn layer(&self) -> (JwtAuthLayer, Memory) {
        let memory = Memory::publishing(&[]);
        memory.answer(Answer::Document(
            json!({"keys": self.keys}).to_string().into_bytes(),
        ));
        let config = self
            .rules
            .clone()
            .key_source(memory.clone())
            .build()
            .unwrap();
        (JwtAuthLayer::new(config), memory)
    }

    /// Each verdict by the verifier, with its reason, and by the layer in front of a service.
    async fn check(self) {
        let (layer, memory) = self.layer();
        let (verifier, inner) = (layer.verifier(), Counting::default());
        for (name, token) in &self.accepted {
            assert_eq!(outcome(&verifier, token).await, Ok(()), "{name}");
            let answer = call(&layer, &inner, request(Some(token))).await;
            assert_eq!(answer.status, 200, "{name}");
        }
        assert_eq!(inner.calls(), self.accepted.len() as u64);
        assert_eq!(memory.fetches(), 1, "good tokens make one fetch");
        assert!(
            !self.accepted.is_empty(),
            "nothing shows that a token can be good here"
        );
        for (name, token, why) in &self.refused {
            let fetches = memory.fetches();
            assert_eq!(outcome(&verifier, token).await, Err(*why), "{name}");
            if HeaderValue::from_str(token).is_ok() {
                let answer = call(&layer, &inner, request(Some(token))).await;
                assert_eq!(answer.status, 401, "{name}");
                assert_eq!(answer.challenge(), Some(INVALID_TOKEN), "{name}");
            }
            let may_ask = *why == TokenErrorKind::UnknownKey;
            assert!(
                may_ask || memory.fetches() == fetches,
                "{name}: keys were fetched for it"
            );
        }
        assert_eq!(
            inner.calls(),
            self.accepted.len() as u64,
            "a refused token reached the service"
        );
        assert!(memory.fetches() <= 1 + UNKNOWN_KID_FETCHES as usize);
    }
}

/// Every table, for the run that looks at what is told.
fn tables() -> Vec<Table> {
    let of_each_subject = [
        algorithm::tables,
        base64url::tables,
        claims::tables,
        confusion::tables,
        dates::tables,
        header::tables,
        json::tables,
        keys::tables,
        members::tables,
        scopes::tables,
        shape::tables,
        signature::tables,
    ];
    of_each_subject.iter().flat_map(|tables| tables()).collect()
}
