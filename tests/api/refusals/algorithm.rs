//! N01-N04 and N11-N18: which algorithm a token may name, and with which key.

use tower_jwt_auth::error::TokenErrorKind::{
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
        let unsigned = format!("{bare}.");
        let with_rsa = labelled(&world().rsa, name, "rsa");
        table = table
            .refuses(format!("n01 n02 {name}, unsigned"), unsigned, BadSignature)
            .refuses_all(
                AlgorithmNotAllowed,
                [
                    (&*format!("n02 {name}, signed all the same"), alg(name)),
                    (&format!("n03 {name}, with a signature of RS256"), with_rsa),
                ],
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

/// Signed with the usual key, whatever its header names.
fn alg(name: impl Into<Value>) -> String {
    headed(json!({"alg": name.into()}))
}

#[tokio::test(start_paused = true)]
async fn n01_n02_n03_none_in_every_case_and_with_any_signature() {
    unsigned().check().await;
}

fn no_algorithm() -> Table {
    let missing = sign(&world().es, &without(header(), "alg"), &claims());
    let table = Table::usual()
        .refuses("n04 empty", alg(""), AlgorithmNotAllowed)
        .refuses("n04 missing", missing, MalformedHeader);
    let odd_ones = [
        Value::Null,
        json!(1),
        json!(true),
        json!(["ES256"]),
        json!({"ES256": 1}),
    ];
    odd_ones.into_iter().fold(table, |table, odd| {
        table.refuses(format!("n04 {odd}"), alg(odd), MalformedHeader)
    })
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
        .refuses_all(
            AlgorithmNotAllowed,
            [
                ("n11 RS384", labelled(rsa, "RS384", "rsa")),
                ("n11 RS512", labelled(rsa, "RS512", "rsa")),
                ("n11 ES256, a good token elsewhere", good()),
            ],
        )
}

#[tokio::test(start_paused = true)]
async fn n11_an_algorithm_that_is_not_listed() {
    not_in_the_list().check().await;
}

/// Keys without `alg`, which fit any algorithm of their type.
fn without_alg(allowed: impl IntoIterator<Item = Algorithm>) -> Table {
    let World { rsa, ps, .. } = world();
    Table::keyed([rsa, ps].map(|key| without(key.jwk(), "alg")))
        .ruled(|rules| rules.algorithms(allowed))
        .accepts("RS256", signed(rsa))
}

fn the_list_decides() -> Table {
    let World { rsa, ps, .. } = world();
    let modulus = octets(&rsa.jwk()["n"]);
    without_alg([Algorithm::RS256]).refuses_all(
        AlgorithmNotAllowed,
        [
            ("n13 PS256", signed(ps)),
            ("n13 HS256 under the modulus", mac("rsa", &modulus)),
        ],
    )
}

#[tokio::test(start_paused = true)]
async fn n13_the_list_decides_and_not_the_header() {
    the_list_decides().check().await;
    without_alg([Algorithm::RS256, Algorithm::PS256])
        .accepts("PS256", signed(&world().ps))
        .check()
        .await;
}

fn other_primitive() -> Table {
    let World { rsa, ps, .. } = world();
    let bound = with(ps.jwk(), &json!({"alg": "RS256"}));
    Table::keyed([rsa.jwk(), bound])
        .accepts("RS256", signed(rsa))
        .refuses_all(
            KeyMismatch,
            [
                ("n12 PS256 under a key of RS256, really signed", signed(ps)),
                (
                    "n12 PS256 in the header alone",
                    labelled(rsa, "PS256", "rsa"),
                ),
            ],
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
        .refuses_all(
            KeyMismatch,
            [
                ("n14 ES256 under an RSA key", labelled(es, "ES256", "rsa")),
                ("n14 RS256 under an EC key", labelled(rsa, "RS256", "es")),
            ],
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
        .refuses_all(
            KeyMismatch,
            [
                ("n15 ES256 on P-384", labelled(p384, "ES256", "p384")),
                ("n15 ES512 on P-384", labelled(p384, "ES512", "p384")),
                ("n15 ES384 on P-256", labelled(es, "ES384", "es")),
                ("n15 ES512 on P-256", labelled(es, "ES512", "es")),
            ],
        )
}

#[tokio::test(start_paused = true)]
async fn n15_a_key_on_another_curve() {
    other_curve().check().await;
}

fn unknown_names() -> Table {
    let names = [
        "ES256K", "ES256 ", "es256", "ES2560", "Ed448", "RSA-OAEP", "A128KW", "x",
    ];
    names
        .into_iter()
        .fold(Table::usual(), |table, name| {
            table.refuses(format!("n16 {name}"), alg(name), AlgorithmNotAllowed)
        })
        .refuses("n16 of 9 kB", alg("A".repeat(9000)), AlgorithmNotAllowed)
        .refuses("n16 of 10 kB", alg("A".repeat(10_000)), TooLarge)
}

#[tokio::test(start_paused = true)]
async fn n16_names_that_nobody_knows() {
    unknown_names().check().await;
}

fn no_eddsa_key() -> Table {
    let ed = &world().ed;
    let mut keys = all_keys();
    keys.push(with(ed.jwk(), &json!({"crv": "X25519", "kid": "x"})));
    let for_agreement = labelled(ed, "EdDSA", "x");
    Table::keyed(keys)
        .accepts("EdDSA", signed(ed))
        .accepts("by its newer name", labelled(ed, "Ed25519", "ed"))
        .refuses_all(
            KeyMismatch,
            [
                ("n17 under an RSA key", labelled(ed, "EdDSA", "rsa")),
                ("n17 under an EC key", labelled(ed, "EdDSA", "es")),
            ],
        )
        .refuses("n17 under a key for agreement", for_agreement, UnknownKey)
}

#[tokio::test(start_paused = true)]
async fn n17_eddsa_with_a_key_that_is_none() {
    no_eddsa_key().check().await;
}

fn key_for_encryption() -> Table {
    let rsa = &world().rsa;
    let mut keys = all_keys();
    keys.push(with(rsa.jwk(), &json!({"alg": "RSA-OAEP", "kid": "oaep"})));
    let under_oaep = labelled(rsa, "RS256", "oaep");
    Table::keyed(keys).accepts("RS256", signed(rsa)).refuses(
        "n18 under RSA-OAEP",
        under_oaep,
        UnknownKey,
    )
}

#[tokio::test(start_paused = true)]
async fn n18_a_key_whose_alg_is_encryption() {
    key_for_encryption().check().await;
}
