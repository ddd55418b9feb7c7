//! Tokens that differ from a good one in what the test says, and the rules under which it is good.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestKey};
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

use super::RESOURCE;

pub(crate) const NOW: f64 = 1_800_000_000.0;
pub(crate) const ISSUER: &str = "https://i.example";

/// The answer to every token that is refused.
pub(crate) const INVALID_TOKEN: &str = r#"Bearer error="invalid_token", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", error_description="The access token is invalid or has expired""#;

pub(crate) struct World {
    pub(crate) es: TestKey,
    pub(crate) rsa: TestKey,
    pub(crate) ed: TestKey,
    pub(crate) ps: TestKey,
    pub(crate) p384: TestKey,
}

/// Keys take a while to make; no test changes them.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        es: TestKey::generate(Algorithm::ES256, "es"),
        rsa: TestKey::generate(Algorithm::RS256, "rsa"),
        ed: TestKey::generate(Algorithm::EdDSA, "ed"),
        ps: TestKey::generate(Algorithm::PS256, "ps"),
        p384: TestKey::generate(Algorithm::ES384, "p384"),
    })
}

pub(crate) fn all_keys() -> Vec<Value> {
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
pub(crate) fn rules() -> JwtAuthConfigBuilder {
    super::remembering(JwtAuthConfig::builder())
        .issuer(ISSUER)
        .resource(RESOURCE)
        .leeway(Duration::ZERO)
        .clock(&FakeClock::at(unix(NOW)))
}

/// The usual rules with keys that are never fetched.
pub(crate) fn fixed(keys: &[Value]) -> JwtVerifier {
    JwtVerifier::new(rules().jwks(json!({"keys": keys})).build().unwrap())
}

pub(crate) fn header() -> Value {
    json!({"alg": "ES256", "kid": "es", "typ": "at+jwt"})
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": RESOURCE, "exp": NOW as u64 + 600})
}

/// A copy with some members set.
pub(crate) fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// A copy with one member less.
pub(crate) fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

/// A segment of a token.
pub(crate) fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token of any header and claims, really signed by `key`.
pub(crate) fn sign(key: &TestKey, header: &Value, claims: &Value) -> String {
    key.sign_compact(&header.to_string(), &claims.to_string())
}

/// A good token of `key`.
pub(crate) fn signed(key: &TestKey) -> String {
    labelled(key, key.algorithm().name(), key.kid())
}

/// Signed by `key`, whatever `alg` and `kid` say.
pub(crate) fn labelled(key: &TestKey, alg: &str, kid: &str) -> String {
    sign(
        key,
        &with(header(), &json!({"alg": alg, "kid": kid})),
        &claims(),
    )
}

pub(crate) fn good() -> String {
    signed(&world().es)
}

/// Signed with the right key, whatever the header says.
pub(crate) fn headed(changes: Value) -> String {
    sign(&world().es, &with(header(), &changes), &claims())
}

pub(crate) fn claiming(changes: Value) -> String {
    sign(&world().es, &header(), &with(claims(), &changes))
}

/// With more text at the front of the header.
pub(crate) fn heading_text(text: &str) -> String {
    let header = header().to_string().replacen('{', &format!("{{{text},"), 1);
    world().es.sign_compact(&header, &claims().to_string())
}

pub(crate) fn claiming_text(text: &str) -> String {
    let claims = claims().to_string().replacen('{', &format!("{{{text},"), 1);
    world().es.sign_compact(&header().to_string(), &claims)
}

/// Segments as they stand under a signature that is really theirs.
pub(crate) fn sealed(key: &TestKey, header: &str, payload: &str) -> String {
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The same token with another signature.
pub(crate) fn resigned(token: &str, signature: &[u8]) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn signature_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD
        .decode(token.rsplit_once('.').unwrap().1)
        .unwrap()
}

pub(crate) fn octets(member: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(member.as_str().unwrap()).unwrap()
}
