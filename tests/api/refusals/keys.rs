//! N59, N60 and N67-N77 as a token meets them: which keys of a set may verify it. The tests beside
//! the key set in `src` try each member of a key by itself.

use tower_jwt_auth::error::TokenErrorKind::{AmbiguousKey, BadSignature, KeyMismatch, UnknownKey};
use tower_jwt_auth::limits::{MAX_KEYS, MAX_KEYS_PER_KID};

use super::*;
use crate::support::capture;

pub(super) fn tables() -> Vec<Table> {
    let mut tables = vec![without_kid(), shared_kid()];
    tables.extend(
        unusable()
            .into_iter()
            .map(|(name, jwk, token)| under(name, jwk, token)),
    );
    tables
}

/// RFC 7515 §4.1.4 makes `kid` optional; nothing is guessed where it is missing.
fn without_kid() -> Table {
    let second = TestKey::generate(Algorithm::ES256, "second");
    let World { es, ed, rsa, .. } = world();
    let nameless = |key: &TestKey| {
        let header = with(
            without(header(), "kid"),
            &json!({"alg": key.algorithm().name()}),
        );
        sign(key, &header, &claims())
    };
    Table::keyed([es, &second, ed, rsa].map(TestKey::jwk))
        .accepts("with its kid", good())
        .accepts("one key fits EdDSA", nameless(ed))
        .accepts("one key fits RS256", nameless(rsa))
        .refuses("n59 two keys fit ES256", nameless(es), AmbiguousKey)
        .refuses(
            "n59 two keys fit, and it is the other",
            nameless(&second),
            AmbiguousKey,
        )
        .refuses("n59 none fits", nameless(&world().p384), KeyMismatch)
}

#[tokio::test(start_paused = true)]
async fn n59_without_kid_one_key_must_fit() {
    without_kid().check().await;
    let es = &world().es;
    let nameless = sign(es, &without(header(), "kid"), &claims());
    let forged = sign(
        &TestKey::generate(Algorithm::ES256, "es"),
        &without(header(), "kid"),
        &claims(),
    );
    Table::keyed([es.jwk()])
        .accepts("one key", nameless)
        .refuses(
            "n59 one key, and it is not the one that signed",
            forged,
            BadSignature,
        )
        .refuses(
            "n59 a kid that nobody has, with one key",
            headed(json!({"kid": "x"})),
            UnknownKey,
        )
        .check()
        .await;
}

fn shared_kid() -> Table {
    let [ec, twin] = [(); 2].map(|()| TestKey::generate(Algorithm::ES256, "same"));
    let rsa = TestKey::generate(Algorithm::RS256, "same");
    let stranger = TestKey::generate(Algorithm::ES256, "same");
    Table::keyed([&ec, &twin, &rsa].map(TestKey::jwk))
        .accepts("the first of its type", signed(&ec))
        .accepts("the second of its type", signed(&twin))
        .accepts("of another type", signed(&rsa))
        .refuses("n60 none of them", signed(&stranger), BadSignature)
        .refuses(
            "n60 of a type that none has",
            labelled(&world().ed, "EdDSA", "same"),
            KeyMismatch,
        )
        .refuses(
            "n60 the key of one under the alg of another",
            labelled(&ec, "RS256", "same"),
            BadSignature,
        )
}

#[tokio::test(start_paused = true)]
async fn n60_keys_that_share_a_kid() {
    shared_kid().check().await;
    // The bound holds: one more is not tried.
    let keys: Vec<_> = (0..=MAX_KEYS_PER_KID)
        .map(|_| TestKey::generate(Algorithm::ES256, "same"))
        .collect();
    let (beyond, tried) = keys.split_last().unwrap();
    let mut table = Table::keyed(keys.iter().map(TestKey::jwk).collect::<Vec<_>>());
    for key in tried {
        table = table.accepts("one of the first four", signed(key));
    }
    table
        .refuses("n60 the fifth", signed(beyond), BadSignature)
        .check()
        .await;
}

/// Keys that may not be used, each with a token that it would verify: they differ in one member
/// from a key that is.
fn unusable() -> Vec<(&'static str, Value, String)> {
    let World { es, rsa, ed, .. } = world();
    let akp = TestKey::generate(Algorithm::MlDsa44, "akp");
    let changed = |key: &TestKey, changes: Value| (with(key.jwk(), &changes), signed(key));
    let text = |octets: &[u8]| json!(URL_SAFE_NO_PAD.encode(octets));
    let n = octets(&rsa.jwk()["n"]);
    let x = octets(&es.jwk()["x"]);
    [
        ("n67 use enc", changed(rsa, json!({"use": "enc"}))),
        (
            "n68 key_ops encrypt",
            changed(rsa, json!({"key_ops": ["encrypt"]})),
        ),
        (
            "n68 key_ops sign",
            changed(rsa, json!({"key_ops": ["sign"]})),
        ),
        ("n68 key_ops empty", changed(rsa, json!({"key_ops": []}))),
        (
            "n68 key_ops twice",
            changed(rsa, json!({"key_ops": ["verify", "verify"]})),
        ),
        ("n69 1024 bits", changed(rsa, json!({"n": text(&n[128..])}))),
        ("n69 512 bits", changed(rsa, json!({"n": text(&n[192..])}))),
        (
            "n70 16,384 bits",
            changed(rsa, json!({"n": text(&n.repeat(8))})),
        ),
        (
            "n70 64 kB",
            changed(rsa, json!({"n": text(&n.repeat(256))})),
        ),
        ("n71 e = 1", changed(rsa, json!({"e": "AQ"}))),
        ("n71 e = 0", changed(rsa, json!({"e": "AA"}))),
        ("n71 e even", changed(rsa, json!({"e": "AQAA"}))),
        (
            "n71 e above 2^33",
            changed(rsa, json!({"e": text(&[2, 0, 0, 0, 1])})),
        ),
        (
            "n72 off the curve",
            changed(es, json!({"y": es.jwk()["x"]})),
        ),
        (
            "n72 at (0, 0)",
            changed(es, json!({"x": text(&[0; 32]), "y": text(&[0; 32])})),
        ),
        (
            "n72 a short coordinate",
            changed(es, json!({"x": text(&x[1..])})),
        ),
        (
            "n72 a long coordinate",
            changed(es, json!({"x": text(&[&[0], &x[..]].concat())})),
        ),
        ("n72 compressed", (without(es.jwk(), "y"), signed(es))),
        (
            "n74 a type that nobody knows",
            changed(rsa, json!({"kty": "XYZ"})),
        ),
        ("n74 no type", (without(rsa.jwk(), "kty"), signed(rsa))),
        (
            "n74 AKP, unknown alg",
            changed(&akp, json!({"alg": "ML-DSA-99"})),
        ),
        (
            "n74 AKP, wrong length",
            changed(&akp, json!({"pub": text(&[7; 1311])})),
        ),
        ("n74 X25519", changed(ed, json!({"crv": "X25519"}))),
        (
            "n75 EC with alg of RSA",
            changed(es, json!({"alg": "RS256"})),
        ),
        (
            "n75 RSA with alg of EC",
            changed(rsa, json!({"alg": "ES256"})),
        ),
        (
            "n75 P-256 with alg of P-384",
            changed(es, json!({"alg": "ES384"})),
        ),
    ]
    .map(|(name, (jwk, token))| (name, jwk, token))
    .into()
}

/// `jwk` is in the set, beside a key that stays usable.
fn under(name: &str, jwk: Value, token: String) -> Table {
    let beside = TestKey::generate(Algorithm::ES256, "beside");
    Table::keyed([jwk, beside.jwk()])
        .accepts("a good token of the key beside it", signed(&beside))
        .refuses(name, token, UnknownKey)
}

#[tokio::test(start_paused = true)]
async fn n67_n68_n69_n70_n71_n72_n74_n75_keys_that_verify_nothing() {
    let World { es, rsa, ed, .. } = world();
    // As published, each of the keys verifies its token.
    Table::keyed([es, rsa, ed].map(TestKey::jwk))
        .accepts("es", signed(es))
        .accepts("rsa", signed(rsa))
        .accepts("ed", signed(ed))
        .check()
        .await;
    let akp = TestKey::generate(Algorithm::MlDsa44, "akp");
    Table::keyed([akp.jwk()])
        .accepts("akp", signed(&akp))
        .check()
        .await;
    for (name, jwk, token) in unusable() {
        under(name, jwk, token).check().await;
    }
    // A member that is not an object leaves the other keys usable.
    for odd in [Value::Null, json!("es"), json!(1), json!([])] {
        Table::keyed([odd, es.jwk()])
            .accepts("n74 beside what is no key", good())
            .check()
            .await;
    }
}

/// The certificate is another key's: it is not read, and `n` and `e` count.
#[tokio::test(start_paused = true)]
async fn n73_n76_members_that_change_nothing() {
    let (log, _guard) = capture();
    let rsa = &world().rsa;
    let other = TestKey::generate(Algorithm::RS256, "rsa");
    for (name, changes) in [
        (
            "n73 private members",
            json!({"d": "AQ", "p": "AQ", "q": "AQ", "dp": "AQ", "dq": "AQ", "qi": "AQ"}),
        ),
        (
            "n76 a certificate of another key",
            json!({"x5c": [other.jwk()["n"]], "x5t": "AAAA", "x5u": "https://x.example"}),
        ),
        (
            "padding",
            json!({"n": format!("{}==", rsa.jwk()["n"].as_str().unwrap())}),
        ),
        (
            "a leading zero octet",
            json!({"n": URL_SAFE_NO_PAD.encode([&[0], &octets(&rsa.jwk()["n"])[..]].concat())}),
        ),
    ] {
        Table::keyed([with(rsa.jwk(), &changes)])
            .accepts(name, signed(rsa))
            .refuses(name, signed(&other), BadSignature)
            .check()
            .await;
    }
    assert_eq!(
        log.counts("private_key_published"),
        1,
        "n73 the operator hears of it"
    );
}

#[tokio::test(start_paused = true)]
async fn n77_ten_thousand_keys_are_read_up_to_a_bound() {
    let (log, _guard) = capture();
    let mut keys = vec![json!({}); 10_000];
    let (last, beyond) = (
        TestKey::generate(Algorithm::ES256, "last"),
        TestKey::generate(Algorithm::ES256, "beyond"),
    );
    keys[MAX_KEYS - 1] = last.jwk();
    keys[MAX_KEYS] = beyond.jwk();
    Table::keyed(keys)
        .accepts("the last that is read", signed(&last))
        .refuses("n77 the first that is not", signed(&beyond), UnknownKey)
        .check()
        .await;
    assert!(
        log.text().contains("beyond_limit=9872"),
        "n77 the operator hears of it"
    );
}
