//! N01-N04 and N11-N18: which algorithm a token may name, and with which key.

use tower_jwt_auth::TokenErrorKind::{
    AlgorithmNotAllowed, BadSignature, KeyMismatch, MalformedHeader, TooLarge, UnknownKey,
};

use super::confusion::mac;
use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![
        unsigned(),
        no_algorithm(),
        not_in_the_list(),
        the_list_decides(),
        other_primitive(),
        other_type(),
        other_curve(),
        unknown_names(),
        no_eddsa_key(),
        key_for_encryption(),
    ]
}

fn unsigned() -> Table {
    let mut table = Table::usual().accepts("a good token of RSA", signed(&world().rsa));
    for name in ["none", "None", "NONE", "nOnE"] {
        let header = with(header(), &json!({"alg": name}));
        let bare = sealed(&world().es, &encoded(&header), &encoded(&claims()));
        let (bare, _) = bare.rsplit_once('.').unwrap();
        table = table
            .refuses(
                format!("n01 n02 {name}, unsigned"),
                format!("{bare}."),
                BadSignature,
            )
            .refuses(
                format!("n02 {name}, signed all the same"),
                headed(json!({"alg": name})),
                AlgorithmNotAllowed,
            )
            .refuses(
                format!("n03 {name}, with a signature of RS256"),
                labelled(&world().rsa, name, "rsa"),
                AlgorithmNotAllowed,
            );
    }
    let kept = good();
    let header = encoded(&with(header(), &json!({"alg": "none"})));
    let (_, rest) = kept.split_once('.').unwrap();
    table.refuses(
        "n03 the signature kept",
        format!("{header}.{rest}"),
        AlgorithmNotAllowed,
    )
}
#[tokio::test(start_paused = true)]
async fn n01_n02_n03_none_in_every_case_and_with_any_signature() {
    unsigned().check().await;
}
fn no_algorithm() -> Table {
    let mut table = Table::usual()
        .refuses("n04 empty", headed(json!({"alg": ""})), AlgorithmNotAllowed)
        .refuses(
            "n04 missing",
            sign(&world().es, &without(header(), "alg"), &claims()),
            MalformedHeader,
        );
    for odd in [
        Value::Null,
        json!(1),
        json!(true),
        json!(["ES256"]),
        json!({"ES256": 1}),
    ] {
        table = table.refuses(
            format!("n04 {odd}"),
            headed(json!({"alg": odd})),
            MalformedHeader,
        );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n04_what_is_no_algorithm() {
    no_algorithm().check().await;
}
fn not_in_the_list() -> Table {
    let rsa = &world().rsa;
    Table::keyed(all_keys())
        .ruled(|rules| rules.algorithms([Algorithm::RS256]))
        .accepts("RS256", signed(rsa))
        .refuses(
            "n11 RS384",
            labelled(rsa, "RS384", "rsa"),
            AlgorithmNotAllowed,
        )
        .refuses(
            "n11 RS512",
            labelled(rsa, "RS512", "rsa"),
            AlgorithmNotAllowed,
        )
        .refuses(
            "n11 ES256, a good token elsewhere",
            good(),
            AlgorithmNotAllowed,
        )
}
#[tokio::test(start_paused = true)]
async fn n11_an_algorithm_that_is_not_listed() {
    not_in_the_list().check().await;
}
/// Keys without `alg`, which fit any algorithm of their type.
fn the_list_decides() -> Table {
    let World { rsa, ps, .. } = world();
    let modulus = octets(&rsa.jwk()["n"]);
    Table::keyed([rsa, ps].map(|key| without(key.jwk(), "alg")))
        .ruled(|rules| rules.algorithms([Algorithm::RS256]))
        .accepts("RS256", signed(rsa))
        .refuses("n13 PS256", signed(ps), AlgorithmNotAllowed)
        .refuses(
            "n13 HS256 under the modulus",
            mac("rsa", &modulus),
            AlgorithmNotAllowed,
        )
}
#[tokio::test(start_paused = true)]
async fn n13_the_list_decides_and_not_the_header() {
    the_list_decides().check().await;
    let World { rsa, ps, .. } = world();
    let wider = Table::keyed([rsa, ps].map(|key| without(key.jwk(), "alg")))
        .ruled(|rules| rules.algorithms([Algorithm::RS256, Algorithm::PS256]));
    wider
        .accepts("RS256", signed(rsa))
        .accepts("PS256", signed(ps))
        .check()
        .await;
}
fn other_primitive() -> Table {
    let World { rsa, ps, .. } = world();
    let bound = with(ps.jwk(), &json!({"alg": "RS256"}));
    Table::keyed([rsa.jwk(), bound])
        .accepts("RS256", signed(rsa))
        .refuses(
            "n12 PS256 under a key of RS256, really signed",
            signed(ps),
            KeyMismatch,
        )
        .refuses(
            "n12 PS256 in the header alone",
            labelled(rsa, "PS256", "rsa"),
            KeyMismatch,
        )
}
#[tokio::test(start_paused = true)]
async fn n12_a_key_of_one_primitive_serves_no_other() {
    other_primitive().check().await;
    // With the key's own `alg` the same token is good.
    Table::keyed([world().ps.jwk()])
        .accepts("PS256", signed(&world().ps))
        .check()
        .await;
}
fn other_type() -> Table {
    let World { es, rsa, .. } = world();
    Table::usual()
        .accepts("a good token of RSA", signed(rsa))
        .refuses(
            "n14 ES256 under an RSA key",
            labelled(es, "ES256", "rsa"),
            KeyMismatch,
        )
        .refuses(
            "n14 RS256 under an EC key",
            labelled(rsa, "RS256", "es"),
            KeyMismatch,
        )
}
#[tokio::test(start_paused = true)]
async fn n14_a_key_of_another_type() {
    other_type().check().await;
}
fn other_curve() -> Table {
    let World { es, p384, .. } = world();
    Table::usual()
        .accepts("a good token of P-384", signed(p384))
        .refuses(
            "n15 ES256 on P-384",
            labelled(p384, "ES256", "p384"),
            KeyMismatch,
        )
        .refuses(
            "n15 ES512 on P-384",
            labelled(p384, "ES512", "p384"),
            KeyMismatch,
        )
        .refuses(
            "n15 ES384 on P-256",
            labelled(es, "ES384", "es"),
            KeyMismatch,
        )
        .refuses(
            "n15 ES512 on P-256",
            labelled(es, "ES512", "es"),
            KeyMismatch,
        )
}
#[tokio::test(start_paused = true)]
async fn n15_a_key_on_another_curve() {
    other_curve().check().await;
}
fn unknown_names() -> Table {
    let mut table = Table::usual();
    for name in [
        "ES256K", "ES256 ", "es256", "ES2560", "Ed448", "RSA-OAEP", "A128KW", "x",
    ] {
        table = table.refuses(
            format!("n16 {name}"),
            headed(json!({"alg": name})),
            AlgorithmNotAllowed,
        );
    }
    table
        .refuses(
            "n16 of 9 kB",
            headed(json!({"alg": "A".repeat(9000)})),
            AlgorithmNotAllowed,
        )
        .refuses(
            "n16 of 10 kB",
            headed(json!({"alg": "A".repeat(10_000)})),
            TooLarge,
        )
}
#[tokio::test(start_paused = true)]
async fn n16_names_that_nobody_knows() {
    unknown_names().check().await;
}
fn no_eddsa_key() -> Table {
    let ed = &world().ed;
    let mut keys = all_keys();
    keys.push(with(ed.jwk(), &json!({"crv": "X25519", "kid": "x"})));
    Table::keyed(keys)
        .accepts("EdDSA", signed(ed))
        .accepts("by its newer name", labelled(ed, "Ed25519", "ed"))
        .refuses(
            "n17 under an RSA key",
            labelled(ed, "EdDSA", "rsa"),
            KeyMismatch,
        )
        .refuses(
            "n17 under an EC key",
            labelled(ed, "EdDSA", "es"),
            KeyMismatch,
        )
        .refuses(
            "n17 under a key for agreement",
            labelled(ed, "EdDSA", "x"),
            UnknownKey,
        )
}
#[tokio::test(start_paused = true)]
async fn n17_eddsa_with_a_key_that_is_none() {
    no_eddsa_key().check().await;
}
fn key_for_encryption() -> Table {
    let rsa = &world().rsa;
    let mut keys = all_keys();
    keys.push(with(rsa.jwk(), &json!({"alg": "RSA-OAEP", "kid": "oaep"})));
    Table::keyed(keys).accepts("RS256", signed(rsa)).refuses(
        "n18 under RSA-OAEP",
        labelled(rsa, "RS256", "oaep"),
        UnknownKey,
    )
}
#[tokio::test(start_paused = true)]
async fn n18_a_key_whose_alg_is_encryption() {
    key_for_encryption().check().await;
}
