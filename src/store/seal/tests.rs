#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;

fn seals(namespace: &str, secrets: &[&[u8]]) -> Seals {
    Seals::new(namespace, secrets.iter().copied())
}

fn secret() -> Vec<u8> {
    (0..32).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Computed from the description of the formats, with Python's `hmac`.
#[test]
fn names_and_values_as_described() {
    let seals = seals("mcp-prod", &[&secret()]);
    let seal = seals.iter().next().unwrap();
    let name = seal.name("keys", &[b"https://idp.example.com", b"discovery"]);
    assert_eq!(name, "tja1:mcp-prod:keys:cDR5_UJfTv4z_kG_2lKSGw");
    let value = seal.close(&name, b"payload");
    assert_eq!(
        hex(&value),
        "017061796c6f61647de9c1afa63ee4c4a6e3522ba6766bdb"
    );
    assert_eq!(seal.open(&name, &value), Ok(&b"payload"[..]));
    for (key, want) in [
        (
            seal.revoked,
            "04430b7df24581a948b896c86d20665645f4e08703e26900840b25bf9e6c1002",
        ),
        (
            seal.principal,
            "839666d277422848c0a1ad09cb05ba6db95526896b82c13ec3f6f237cb370bed",
        ),
        (
            seal.nonce,
            "f6b8eea4b54e591534f372bf7e0515586a16cbc350adaf0e819d1884da94d7bd",
        ),
    ] {
        assert_eq!(hex(&key), want);
    }
    assert_eq!(seals.stream(), "tja1:mcp-prod:revoked");
}

#[test]
fn only_what_was_sealed_for_this_name_opens() {
    let seals_of = |namespace, secret: &[u8]| seals(namespace, &[secret]);
    let ours = seals_of("a", &secret());
    let ours = ours.iter().next().unwrap();
    let value = ours.close("name", b"payload");
    assert_eq!(ours.open("name", &value), Ok(&b"payload"[..]));
    assert_eq!(ours.open("other", &value), Err(Unopened::Tampered));
    let other_namespace = seals_of("b", &secret());
    let other_secret = seals_of("a", &[7; 32]);
    for seals in [other_namespace, other_secret] {
        let other = seals.iter().next().unwrap();
        assert_eq!(other.open("name", &value), Err(Unopened::Tampered));
    }
    for at in 1..value.len() {
        let mut forged = value.clone();
        forged[at] ^= 1;
        assert_eq!(ours.open("name", &forged), Err(Unopened::Tampered), "{at}");
        assert_eq!(
            ours.open("name", &value[..at]),
            Err(Unopened::Tampered),
            "{at}"
        );
    }
    let mut newer = value.clone();
    newer[0] = 2;
    assert_eq!(ours.open("name", &newer), Err(Unopened::OtherVersion));
    assert_eq!(ours.open("name", &[]), Err(Unopened::Tampered));
}

/// What begins as no version does was not written by any release.
#[test]
fn what_begins_like_text_is_of_no_version() {
    let seals = seals("a", &[&secret()]);
    let seal = seals.iter().next().unwrap();
    let value = seal.close("name", b"payload");
    for (first, want) in [
        (1, Ok(&b"payload"[..])),
        (0, Err(Unopened::OtherVersion)),
        (2, Err(Unopened::OtherVersion)),
        (31, Err(Unopened::OtherVersion)),
        (b' ', Err(Unopened::Tampered)),
        (b'{', Err(Unopened::Tampered)),
        (255, Err(Unopened::Tampered)),
    ] {
        let mut other = value.clone();
        other[0] = first;
        assert_eq!(seal.open("name", &other), want, "{first}");
    }
}

#[test]
fn no_two_lists_of_parts_have_one_name() {
    let seals = seals("ns", &[&secret()]);
    let seal = seals.iter().next().unwrap();
    let parts: [&[&[u8]]; 5] = [
        &[b"ab", b"c"],
        &[b"a", b"bc"],
        &[b"abc"],
        &[b"abc", b""],
        &[],
    ];
    let names: std::collections::HashSet<_> = parts.iter().map(|it| seal.name("k", it)).collect();
    assert_eq!(names.len(), parts.len());
}

#[test]
fn debug_shows_no_key() {
    let seals = seals("ns", &[&secret()]);
    let seal = format!("{:?}", seals.iter().next().unwrap());
    assert_eq!(seal, "Seal { .. }");
}
