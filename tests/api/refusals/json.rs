//! N40-N42 and numbers: header and payload must be JSON objects. Each odd one is signed as it
//! stands, so that nothing else is wrong with the token.

use tower_jwt_auth::error::TokenErrorKind::{MalformedClaims, MalformedHeader};

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![no_objects(), trailing(), text(), numbers()]
}

/// A good token whose header, or whose payload, is this text.
fn head(text: impl AsRef<[u8]>) -> String {
    sealed(
        &world().es,
        &URL_SAFE_NO_PAD.encode(text),
        &URL_SAFE_NO_PAD.encode(claims().to_string()),
    )
}
fn body(text: impl AsRef<[u8]>) -> String {
    sealed(
        &world().es,
        &URL_SAFE_NO_PAD.encode(header().to_string()),
        &URL_SAFE_NO_PAD.encode(text),
    )
}
fn no_objects() -> Table {
    let mut table = Table::usual();
    for text in [
        "",
        "x",
        "[]",
        "\"x\"",
        "1",
        "null",
        "true",
        "{",
        "}",
        "{]",
        "{x:1}",
        "{'x':1}",
        "{\"x\":1,}",
    ] {
        table = table
            .refuses(format!("n40 header {text}"), head(text), MalformedHeader)
            .refuses(format!("n40 payload {text}"), body(text), MalformedClaims);
    }
    table
        .refuses(
            "n40 header in a list",
            head(format!("[{}]", header())),
            MalformedHeader,
        )
        .refuses(
            "n40 payload in a list",
            body(format!("[{}]", claims())),
            MalformedClaims,
        )
        .refuses(
            "n40 header as a string",
            head(json!(header().to_string()).to_string()),
            MalformedHeader,
        )
        .refuses(
            "n40 payload as a string",
            body(json!(claims().to_string()).to_string()),
            MalformedClaims,
        )
}
#[tokio::test(start_paused = true)]
async fn n40_what_is_no_json_object() {
    no_objects().check().await;
}
fn trailing() -> Table {
    let mut table = Table::usual()
        .accepts(
            "white space around the header",
            head(format!(" \t\r\n{}\n", header())),
        )
        .accepts(
            "white space around the claims",
            body(format!(" \t\r\n{}\n", claims())),
        );
    for tail in ["x", "{}", ",", "\0", "]", "}", "//", "\u{a0}", "\u{c}"] {
        table = table
            .refuses(
                format!("n41 header {tail:?}"),
                head(format!("{}{tail}", header())),
                MalformedHeader,
            )
            .refuses(
                format!("n41 payload {tail:?}"),
                body(format!("{}{tail}", claims())),
                MalformedClaims,
            );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n41_bytes_after_the_object() {
    trailing().check().await;
}
fn text() -> Table {
    let spliced = |json: Value, octets: &[u8]| {
        let text = json.to_string();
        [b"{", octets, b",", &text.as_bytes()[1..]].concat()
    };
    let mut table = Table::usual()
        .accepts(
            "UTF-8 in the header",
            head(spliced(header(), "\"\u{e9}\":\"\u{1f511}\"".as_bytes())),
        )
        .accepts(
            "UTF-8 in the payload",
            body(spliced(claims(), "\"\u{e9}\":\"\u{1f511}\"".as_bytes())),
        )
        .accepts(
            "a pair of surrogates in the header",
            heading_text(r#""x":"\ud83d\udd11""#),
        )
        .accepts(
            "a pair of surrogates in the payload",
            claiming_text(r#""x":"\ud83d\udd11""#),
        )
        .refuses(
            "n42 header, byte order mark",
            head(format!("\u{feff}{}", header())),
            MalformedHeader,
        )
        .refuses(
            "n42 payload, byte order mark",
            body(format!("\u{feff}{}", claims())),
            MalformedClaims,
        );
    for (name, odd) in [
        ("a continuation alone", &b"\x80"[..]),
        ("an overlong slash", b"\xc0\xaf"),
        ("an encoded surrogate", b"\xed\xa0\x80"),
        ("above U+10FFFF", b"\xf4\x90\x80\x80"),
        ("cut short", b"\xf0\x9f\x94"),
        ("Latin-1", b"\xe9"),
        ("no octet of UTF-8", b"\xff"),
        ("UTF-16", b"x\x00\xff\xfe"),
    ] {
        let value = [b"\"x\":\"", odd, b"\""].concat();
        let member = [b"\"", odd, b"\":1"].concat();
        for octets in [value, member] {
            table = table
                .refuses(
                    format!("n42 header, {name}"),
                    head(spliced(header(), &octets)),
                    MalformedHeader,
                )
                .refuses(
                    format!("n42 payload, {name}"),
                    body(spliced(claims(), &octets)),
                    MalformedClaims,
                );
        }
    }
    for odd in [
        r"\ud800",
        r"\udc00",
        r"\udc00\ud800",
        r"\ud800x",
        r"\ud800\n",
        r"\ud800\ud800",
        r"\x",
        r"\u12",
        "\n",
        "\0",
    ] {
        for member in [
            format!(r#""x":"{odd}""#),
            format!(r#""{odd}":1"#),
            format!(r#""x":[{{"y":"{odd}"}}]"#),
        ] {
            table = table
                .refuses(
                    format!("n42 header, {odd:?}"),
                    heading_text(&member),
                    MalformedHeader,
                )
                .refuses(
                    format!("n42 payload, {odd:?}"),
                    claiming_text(&member),
                    MalformedClaims,
                );
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n42_what_is_no_unicode_text() {
    text().check().await;
}
/// Unknown members are read too, and held to the same rules.
fn numbers() -> Table {
    let mut table = Table::usual();
    for fine in [
        "0",
        "-0",
        "1e308",
        "18446744073709551616",
        "1E-400",
        "0.1",
        "-1.5e+3",
    ] {
        table = table
            .accepts(
                format!("{fine} in the header"),
                heading_text(&format!("\"x\":{fine}")),
            )
            .accepts(
                format!("{fine} in the claims"),
                claiming_text(&format!("\"x\":{fine}")),
            );
    }
    for odd in [
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "0x1",
        "01",
        "1.",
        ".5",
        "+1",
        "1_000",
        "1e",
    ] {
        for member in [format!("\"x\":{odd}"), format!("\"x\":[{{\"y\":{odd}}}]")] {
            table = table
                .refuses(
                    format!("n80 header {odd}"),
                    heading_text(&member),
                    MalformedHeader,
                )
                .refuses(
                    format!("n80 payload {odd}"),
                    claiming_text(&member),
                    MalformedClaims,
                );
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n80_numbers_out_of_range_in_members_that_nobody_reads() {
    numbers().check().await;
}
