//! N20-N31: bad signatures, and good ones by keys of others. N25 and N27, paddings that need a
//! private key to be made, are in `tests/vectors`.

use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::error::TokenErrorKind::{
    BadEncoding, BadSignature, UnknownKey, WrongAudience, WrongIssuer, WrongSegments,
};
use tower_jwt_auth::test_util::internal::unix;

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![
        missing(),
        changed(),
        ecdsa_values(),
        ecdsa_forms(),
        rsa_values(),
        ed25519_values(),
        other_keys(),
        other_order(),
    ]
}

fn missing() -> Table {
    let good = good();
    let (signed, _) = good.rsplit_once('.').unwrap();
    Table::keyed(all_keys())
        .accepts("the good token", good.clone())
        .refuses(
            "n20 removed, its dot kept",
            format!("{signed}."),
            BadSignature,
        )
        .refuses("n20 absent", signed.to_owned(), WrongSegments)
}

#[tokio::test(start_paused = true)]
async fn n20_no_signature() {
    missing().check().await;
}

/// One bit of one octet of a segment, which stays canonical base64.
fn flipped(token: &str, segment: usize, octet: usize) -> String {
    let mut segments: Vec<_> = token.split('.').map(ToOwned::to_owned).collect();
    let mut octets = URL_SAFE_NO_PAD.decode(&segments[segment]).unwrap();
    octets[octet] ^= 1;
    segments[segment] = URL_SAFE_NO_PAD.encode(octets);
    segments.join(".")
}

fn changed() -> Table {
    let good = good();
    let real = signature_of(&good);
    let exp = claims().to_string().find("1800000600").unwrap();
    let kid = header().to_string().find("es\"").unwrap();
    let typ = header().to_string().find("at+jwt").unwrap();
    Table::keyed(all_keys())
        .accepts("the good token", good.clone())
        .refuses(
            "n21 truncated",
            good[..good.len() - 5].to_owned(),
            BadEncoding,
        )
        .refuses(
            "n21 truncated to whole octets",
            resigned(&good, &real[..63]),
            BadSignature,
        )
        .refuses("n21 the first bit of r", flipped(&good, 2, 0), BadSignature)
        .refuses("n21 the last bit of s", flipped(&good, 2, 63), BadSignature)
        .refuses(
            "n21 the last digit of exp",
            flipped(&good, 1, exp + 9),
            BadSignature,
        )
        .refuses("n21 a letter of kid", flipped(&good, 0, kid), UnknownKey)
        .refuses(
            "n21 the case of a letter of typ",
            cased(&good, typ),
            BadSignature,
        )
}

/// `typ` in another case, which is compared without case.
fn cased(token: &str, octet: usize) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let mut octets = URL_SAFE_NO_PAD.decode(header).unwrap();
    octets[octet] ^= 0x20;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(octets))
}

#[tokio::test(start_paused = true)]
async fn n21_cut_and_flipped() {
    changed().check().await;
}

/// n of P-256 (SP 800-186 §3.2.1.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn ecdsa_values() -> Table {
    let good = good();
    let real = signature_of(&good);
    let (r, s) = real.split_at(32);
    let mut below = ORDER;
    below[31] -= 1;
    let mut above = ORDER;
    above[31] += 1;
    let mut one = [0; 32];
    one[31] = 1;
    let mut table = Table::keyed(all_keys())
        .accepts("the good token", good.clone())
        .refuses("n22 r = s = 0", resigned(&good, &[0; 64]), BadSignature);
    for (name, value) in [
        ("0", [0; 32]),
        ("1", one),
        ("n - 1", below),
        ("n", ORDER),
        ("n + 1", above),
        ("2^256 - 1", [0xff; 32]),
    ] {
        for (which, signature) in [
            ("r", [&value, s].concat()),
            ("s", [r, &value].concat()),
            ("both", [value, value].concat()),
        ] {
            table = table.refuses(
                format!("n23 {which} = {name}"),
                resigned(&good, &signature),
                BadSignature,
            );
        }
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n22_n23_ecdsa_values_out_of_range() {
    ecdsa_values().check().await;
}

fn ecdsa_forms() -> Table {
    let good = good();
    let real = signature_of(&good);
    let (r, s) = real.split_at(32);
    let integer = |number: &[u8]| {
        let sign = if number[0] < 0x80 { &[][..] } else { &[0] };
        let content = [sign, number].concat();
        [&[2, content.len() as u8][..], &content].concat()
    };
    let integers = [integer(r), integer(s)].concat();
    let der = [&[0x30, integers.len() as u8][..], &integers].concat();
    let mut table = Table::keyed(all_keys()).accepts("the good token", good.clone());
    for (name, signature) in [
        ("DER", der),
        ("63 octets", real[..63].to_vec()),
        ("63 octets, the first one cut", real[1..].to_vec()),
        ("65 octets", [&real[..], &[0]].concat()),
        ("a zero in front", [&[0], &real[..]].concat()),
        ("a zero in front of each", [&[0], r, &[0], s].concat()),
        ("twice", [&real[..], &real].concat()),
        ("r alone", r.to_vec()),
        ("s and r", [s, r].concat()),
    ] {
        table = table.refuses(
            format!("n24 {name}"),
            resigned(&good, &signature),
            BadSignature,
        );
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n24_ecdsa_in_another_form() {
    ecdsa_forms().check().await;
}

fn rsa_values() -> Table {
    let good = signed(&world().rsa);
    let real = signature_of(&good);
    let n = octets(&world().rsa.jwk()["n"]);
    let mut below = n.clone();
    *below.last_mut().unwrap() -= 1;
    let mut one = vec![0; 256];
    one[255] = 1;
    let mut table = Table::keyed(all_keys()).accepts("the good token", good.clone());
    for (name, signature) in [
        ("0", vec![0; 256]),
        ("1", one),
        ("n - 1", below),
        ("n", n.clone()),
        ("unreduced: plus n", sum(&real, &n)),
        ("2^2048 - 1", vec![0xff; 256]),
        ("a zero in front", [&[0], &real[..]].concat()),
        ("a zero behind", [&real[..], &[0]].concat()),
        ("the first octet cut", real[1..].to_vec()),
    ] {
        table = table.refuses(
            format!("n26 {name}"),
            resigned(&good, &signature),
            BadSignature,
        );
    }
    table
}

/// The sum of two big-endian numbers.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut digits: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit as u8
        })
        .collect();
    digits.extend((carry > 0).then_some(1));
    digits.reverse();
    digits
}

#[tokio::test(start_paused = true)]
async fn n26_rsa_values_out_of_range() {
    rsa_values().check().await;
}

/// L of Ed25519, little-endian (RFC 8032 §5.1).
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn ed25519_values() -> Table {
    let good = signed(&world().ed);
    let real = signature_of(&good);
    let (r, s) = real.split_at(32);
    let mut unreduced: Vec<u8> = sum(
        &s.iter().rev().copied().collect::<Vec<_>>(),
        &GROUP_ORDER.iter().rev().copied().collect::<Vec<_>>(),
    );
    unreduced.reverse();
    let mut high = real.clone();
    high[63] |= 0x20;
    let mut order_two = [0xff; 32];
    (order_two[0], order_two[31]) = (0xec, 0x7f);
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut table = Table::keyed(all_keys()).accepts("the good token", good.clone());
    for (name, signature) in [
        ("zero", vec![0; 64]),
        ("the point of order 1, S = 0", [identity, [0; 32]].concat()),
        ("the point of order 2, S = 0", [order_two, [0; 32]].concat()),
        ("a point of order 4, S = 0", [[0; 32], [0; 32]].concat()),
        ("a point of small order, S kept", [&order_two, s].concat()),
        ("S plus L", [r, &unreduced].concat()),
        ("S = L", [r, &GROUP_ORDER].concat()),
        ("S out of range", high),
        ("63 octets", real[..63].to_vec()),
        ("65 octets", [&real[..], &[0]].concat()),
    ] {
        table = table.refuses(
            format!("n28 {name}"),
            resigned(&good, &signature),
            BadSignature,
        );
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n28_ed25519_values_that_are_not_canonical() {
    ed25519_values().check().await;
}

fn other_keys() -> Table {
    let mut table = Table::usual().accepts("a good token of RSA", signed(&world().rsa));
    for (key, kid) in [(Algorithm::ES256, "es"), (Algorithm::RS256, "rsa")] {
        let attacker = TestKey::generate(key, kid);
        table = table.refuses(
            format!("n29 under the name of {kid}"),
            signed(&attacker),
            BadSignature,
        );
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n29_the_key_of_an_attacker_with_the_right_kid() {
    other_keys().check().await;
}

#[tokio::test(start_paused = true)]
async fn n30_the_key_of_another_issuer() {
    let (a, b) = (
        TestKey::generate(Algorithm::ES256, "a"),
        TestKey::generate(Algorithm::ES256, "b"),
    );
    let (keys_of_a, keys_of_b) = (
        InMemoryIssuer::publishing(&[&a]),
        InMemoryIssuer::publishing(&[&b]),
    );
    let issuer = |name: &str, keys: &InMemoryIssuer, audience: &str| {
        Issuer::new(name)
            .audience(audience)
            .key_source(keys.clone())
    };
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .clock(&FakeClock::at(unix(NOW)))
        .add_issuer(issuer("https://a.example", &keys_of_a, "for-a"))
        .add_issuer(issuer("https://b.example", &keys_of_b, "for-b"))
        .build()
        .unwrap();
    let layer = JwtAuthLayer::new(config);
    let verifier = layer.verifier();
    let token = |key: &TestKey, kid: &str, iss: &str, aud: &str| {
        let claims = with(claims(), &json!({"iss": iss, "aud": aud}));
        sign(key, &with(header(), &json!({"kid": kid})), &claims)
    };
    for (key, iss, aud) in [
        (&a, "https://a.example", "for-a"),
        (&b, "https://b.example", "for-b"),
    ] {
        assert_eq!(
            outcome(&verifier, &token(key, key.kid(), iss, aud)).await,
            Ok(())
        );
    }
    for (name, token, want) in [
        (
            "signed by b's key, with its kid",
            token(&b, "b", "https://a.example", "for-a"),
            UnknownKey,
        ),
        (
            "signed by b's key, with a's kid",
            token(&b, "a", "https://a.example", "for-a"),
            BadSignature,
        ),
        (
            "for the audience of b",
            token(&a, "a", "https://a.example", "for-b"),
            WrongAudience,
        ),
        (
            "of an issuer that nobody knows",
            token(&a, "a", "https://c.example", "for-a"),
            WrongIssuer,
        ),
    ] {
        let inner = Counting::default();
        assert_eq!(outcome(&verifier, &token).await, Err(want), "n30 {name}");
        assert_eq!(
            call(&layer, &inner, request(Some(&token))).await.status,
            401,
            "n30 {name}"
        );
        assert_eq!(inner.calls(), 0, "n30 {name}");
    }
    assert!(keys_of_a.fetches() <= 1 + UNKNOWN_KID_FETCHES as usize);
    assert_eq!(
        keys_of_b.fetches(),
        1,
        "what claims to be a's costs b nothing"
    );
}

/// A signature covers the text that was sent, and not its meaning.
fn other_order() -> Table {
    let good = good();
    let (_, rest) = good.split_once('.').unwrap();
    let mut table = Table::keyed(all_keys()).accepts("the good token", good.clone());
    for (name, text) in [
        (
            "ordered anew",
            r#"{"typ":"at+jwt","kid":"es","alg":"ES256"}"#,
        ),
        (
            "with white space",
            r#"{"alg": "ES256", "kid": "es", "typ": "at+jwt"}"#,
        ),
        (
            "with an escape",
            r#"{"alg":"ES256","kid":"\u0065s","typ":"at+jwt"}"#,
        ),
        (
            "with a member more",
            r#"{"alg":"ES256","kid":"es","typ":"at+jwt","x":1}"#,
        ),
    ] {
        let spelled = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(text));
        let resealed = world().es.sign_compact(text, &claims().to_string());
        table = table
            .accepts(format!("{name}, and signed so"), resealed)
            .refuses(format!("n31 {name}"), spelled, BadSignature);
    }
    table
}

#[tokio::test(start_paused = true)]
async fn n31_the_same_header_in_other_words() {
    other_order().check().await;
}
