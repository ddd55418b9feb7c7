//! N47-N66: all other members of a header.

use std::sync::Arc;

use tower_jwt_auth::error::TokenErrorKind::{
    BadSignature, MalformedHeader, TooLarge, UnknownKey, UnsupportedHeader, WrongType,
};
use tower_jwt_auth::test_util::TestIssuer;

use super::*;
use crate::support::config;
use crate::support::issuer_in_memory::junk;

pub(super) fn tables() -> Vec<Table> {
    vec![
        critical(),
        payload_forms(),
        own_key(),
        odd_kids(),
        long_kids(),
        other_spellings(),
        other_types(),
        strict_types(),
        nested(),
    ]
}

fn critical() -> Table {
    let mut table =
        Table::usual().accepts("the extension without crit", headed(json!({"exp2": 1})));
    for (id, crit) in [
        ("n47", json!(["exp2"])),
        ("n48", json!([])),
        ("n48", json!("exp2")),
        ("n48", Value::Null),
        ("n48", json!([1])),
        ("n48", json!({"exp2": 1})),
        ("n48", json!(["exp2", "exp2"])),
        ("n48", json!([""])),
        ("n49", json!(["alg"])),
        ("n49", json!(["kid", "typ"])),
        ("n49", json!(["x"])),
        ("n49", json!(["exp"])),
    ] {
        let token = headed(json!({"exp2": 1, "crit": crit}));
        table = table.refuses(format!("{id} {crit}"), token, UnsupportedHeader);
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n47_n48_n49_crit_of_any_kind() {
    critical().check().await;
}

fn payload_forms() -> Table {
    Table::usual()
        .accepts("another parameter", headed(json!({"b65": false})))
        .refuses(
            "n50 with crit",
            headed(json!({"b64": false, "crit": ["b64"]})),
            UnsupportedHeader,
        )
        .refuses(
            "n51 alone",
            headed(json!({"b64": false})),
            UnsupportedHeader,
        )
        .refuses("n51 true", headed(json!({"b64": true})), UnsupportedHeader)
        .refuses("n65 zip", headed(json!({"zip": "DEF"})), UnsupportedHeader)
        .refuses(
            "n66 enc",
            headed(json!({"enc": "A256GCM"})),
            UnsupportedHeader,
        )
}

#[tokio::test(start_paused = true)]
async fn n50_n51_n65_n66_payloads_in_another_form() {
    payload_forms().check().await;
}

/// A key or certificate in the header is never read, even where it is the right one.
fn own_key() -> Table {
    let attacker = TestKey::generate(Algorithm::ES256, "es");
    let mut table = Table::keyed(all_keys());
    for (id, member, value) in [
        ("n52", "jwk", attacker.jwk()),
        ("n54", "x5c", json!([CERTIFICATE])),
        ("n54", "x5t", json!("bm90IGEgdGh1bWJwcmludA")),
        ("n54", "x5t#S256", json!("bm90IGEgdGh1bWJwcmludA")),
    ] {
        let header = with(header(), &json!({member: value}));
        table = table
            .accepts(
                format!("{member}, signed by our key"),
                sign(&world().es, &header, &claims()),
            )
            .refuses(
                format!("{id} {member}"),
                sign(&attacker, &header, &claims()),
                BadSignature,
            )
            .refuses(
                format!("{id} {member}, under a kid of its own"),
                sign(
                    &attacker,
                    &with(header.clone(), &json!({"kid": "attacker"})),
                    &claims(),
                ),
                UnknownKey,
            );
    }
    table
}

/// The start of a certificate is enough, because nobody reads it.
const CERTIFICATE: &str = "MIIBszCCAVmgAwIBAgIUXm9uIHJlYWRzIHRoaXMwCgYIKoZIzj0EAwIw";

#[tokio::test(start_paused = true)]
async fn n52_n54_a_key_or_certificate_of_its_own() {
    own_key().check().await;
    // Without kid, where one key is published: that key counts, and not the one in the header.
    let attacker = TestKey::generate(Algorithm::ES256, "es");
    let header = without(with(header(), &json!({"jwk": attacker.jwk()})), "kid");
    Table::keyed([world().es.jwk()])
        .accepts("signed by our key", sign(&world().es, &header, &claims()))
        .refuses(
            "n52 without kid",
            sign(&attacker, &header, &claims()),
            BadSignature,
        )
        .check()
        .await;
}

#[tokio::test]
async fn n53_jku_and_x5u_are_never_fetched() {
    let (issuer, canary) = (TestIssuer::start(), TestIssuer::start());
    let layer = JwtAuthLayer::new(config(&issuer).jwks_uri(issuer.jwks_uri()).build().unwrap());
    let inner = Counting::default();
    let good = issuer.mint(RESOURCE);
    for member in ["jku", "x5u"] {
        let named = good.clone().header(member, canary.jwks_uri());
        let answer = call(&layer, &inner, request(Some(&named.sign()))).await;
        assert_eq!(
            answer.status, 200,
            "n53 {member}: with a good signature it is not read"
        );
        let forged = named.clone().signed_by(canary.signing_key()).sign();
        // The keys are young, so a bad signature fetches no others.
        assert_eq!(
            call(&layer, &inner, request(Some(&forged))).await.status,
            401,
            "n53 {member}"
        );
        let named = named.header("kid", "of-the-canary");
        let own_kid = TestKey::generate(Algorithm::ES256, "of-the-canary");
        let forged = named.signed_by(Arc::new(own_kid)).sign();
        assert_eq!(
            call(&layer, &inner, request(Some(&forged))).await.status,
            401,
            "n53 {member}"
        );
    }
    assert_eq!(
        (canary.fetches(), canary.metadata_fetches(), inner.calls()),
        (0, 0, 2)
    );
    assert!(issuer.fetches() <= 1 + u64::from(UNKNOWN_KID_FETCHES));
}

fn odd_kids() -> Table {
    let mut table = Table::usual();
    for odd in [
        json!(0),
        Value::Null,
        json!(true),
        json!({"es": 1}),
        json!(["es"]),
        json!([]),
    ] {
        table = table.refuses(
            format!("n55 {odd}"),
            headed(json!({"kid": odd})),
            MalformedHeader,
        );
    }
    for odd in [
        "../../etc/passwd",
        "' OR 1=1--",
        "es'; DROP TABLE keys;--",
        "es\r\nSet-Cookie: a=b",
        "es%0d%0aSet-Cookie: a=b",
        "es\0",
        "\0",
        "\u{1f511}\u{1f511}\u{1f511}\u{1f511}",
        "\u{202e}eulav-desrever",
        "\u{1b}[31mred\u{1b}[0m",
        "\"quoted\", scope=\"all",
        "${jndi:ldap://x.example}",
        "https://canary.example/jwks",
        "",
    ] {
        table = table.refuses(
            format!("n56 {odd:?}"),
            headed(json!({"kid": odd})),
            UnknownKey,
        );
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n55_n56_a_kid_that_is_no_string_or_an_odd_one() {
    odd_kids().check().await;
}

fn long_kids() -> Table {
    let long = "k".repeat(5000);
    let mut keys = all_keys();
    keys.push(with(world().es.jwk(), &json!({"kid": long})));
    Table::keyed(keys)
        .accepts(
            "a kid of 5 kB that is published",
            headed(json!({"kid": long})),
        )
        .refuses(
            "n57 another one",
            headed(json!({"kid": "l".repeat(5000)})),
            UnknownKey,
        )
        .refuses(
            "n57 9 kB",
            headed(json!({"kid": "k".repeat(9000)})),
            UnknownKey,
        )
        .refuses(
            "n57 100 kB",
            headed(json!({"kid": "k".repeat(100_000)})),
            TooLarge,
        )
}

/// The tests of the schedule show that the memory for unknown kids is bounded.
#[tokio::test(start_paused = true)]
async fn n57_long_kids_and_many_kids() {
    long_kids().check().await;
    let key = crate::support::issuer_in_memory::key("k");
    let memory = InMemoryIssuer::publishing(&[&key]);
    let verifier = memory.verifier();
    let good = crate::support::issuer_in_memory::token(&key);
    assert_eq!(outcome(&verifier, &good).await, Ok(()));
    for n in 0..20 * tower_jwt_auth::limits::MAX_REMEMBERED_KIDS {
        let rejection = verifier.verify(&junk(&n.to_string())).await.unwrap_err();
        let status = if n < UNKNOWN_KID_FETCHES as usize {
            401
        } else {
            429
        };
        assert_eq!(rejection.status(), status, "{n}");
        assert_eq!(rejection.token_error().unwrap().kind(), UnknownKey, "{n}");
    }
    assert_eq!(outcome(&verifier, &good).await, Ok(()));
    assert_eq!(memory.fetches(), 1 + UNKNOWN_KID_FETCHES as usize);
}

fn other_spellings() -> Table {
    let kid = "Caf\u{e9}-\u{212b}-1";
    let key = with(world().es.jwk(), &json!({"kid": kid}));
    let mut table = Table::keyed([key, world().rsa.jwk()])
        .accepts("byte for byte", headed(json!({"kid": kid})))
        .accepts(
            "with escapes",
            world().es.sign_compact(
                r#"{"alg":"ES256","kid":"\u0043af\u00e9-\u212b-1"}"#,
                &claims().to_string(),
            ),
        );
    for odd in [
        "caf\u{e9}-\u{212b}-1",
        "CAF\u{c9}-\u{212b}-1",
        "Cafe\u{301}-\u{212b}-1",
        "Caf\u{e9}-\u{c5}-1",
        "Cafe-\u{212b}-1",
        "Caf\u{e9}-\u{212b}-\u{ff11}",
        "Caf\u{e9}-\u{212b}-1 ",
        " Caf\u{e9}-\u{212b}-1",
        "Caf\u{e9}-\u{212b}-1\0",
        "Caf\u{e9}-\u{212b}-",
        "Caf%C3%A9-%E2%84%AB-1",
    ] {
        table = table.refuses(
            format!("n58 {odd:?}"),
            headed(json!({"kid": odd})),
            UnknownKey,
        );
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n58_a_kid_in_another_case_or_normalisation() {
    other_spellings().check().await;
}

fn other_types() -> Table {
    let mut table = Table::usual()
        .accepts(
            "absent",
            sign(&world().es, &without(header(), "typ"), &claims()),
        )
        .refuses("n63 a number", headed(json!({"typ": 1})), MalformedHeader)
        .refuses("n63 null", headed(json!({"typ": null})), MalformedHeader)
        .refuses(
            "n63 a list",
            headed(json!({"typ": ["at+jwt"]})),
            MalformedHeader,
        );
    for typ in [
        "JWT",
        "jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/AT+jwt",
    ] {
        table = table.accepts(typ, headed(json!({"typ": typ})));
    }
    for typ in [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "entity-statement+jwt",
        "token-introspection+jwt",
        "oauth-id-jag+jwt",
        "client-authentication+jwt",
        "oauth-authz-req+jwt",
        "vc+sd-jwt",
        "application/logout+jwt",
        "application/jwt",
        "JOSE",
        "at+jwtx",
        "xat+jwt",
        "text/at+jwt",
        "at+jwt; charset=utf-8",
        " at+jwt",
        "",
    ] {
        table = table.refuses(format!("n61 {typ}"), headed(json!({"typ": typ})), WrongType);
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n61_n63_another_kind_of_token() {
    other_types().check().await;
}

fn strict_types() -> Table {
    let full = json!({"sub": "s", "client_id": "c", "iat": NOW as u64, "jti": "j"});
    let claims = with(claims(), &full);
    let typed = |typ: &str| sign(&world().es, &with(header(), &json!({"typ": typ})), &claims);
    let untyped = sign(&world().es, &without(header(), "typ"), &claims);
    Table::keyed(all_keys())
        .ruled(JwtAuthConfigBuilder::rfc9068)
        .accepts("at+jwt", typed("at+jwt"))
        .accepts("AT+JWT", typed("AT+JWT"))
        .accepts("application/at+jwt", typed("application/at+jwt"))
        .refuses("n62 JWT", typed("JWT"), WrongType)
        .refuses("n62 absent", untyped, WrongType)
}

#[tokio::test(start_paused = true)]
async fn n62_the_strict_profile_wants_its_type() {
    strict_types().check().await;
}

fn nested() -> Table {
    let mut table = Table::usual().accepts("another content type", headed(json!({"cty": "json"})));
    for cty in ["JWT", "jwt", "application/jwt", "APPLICATION/JWT"] {
        table = table.refuses(
            format!("n64 {cty}"),
            headed(json!({"cty": cty})),
            UnsupportedHeader,
        );
    }
    table.refuses(
        "n64 a list",
        headed(json!({"cty": ["JWT"]})),
        MalformedHeader,
    )
}

#[tokio::test(start_paused = true)]
async fn n64_a_nested_token() {
    nested().check().await;
}
