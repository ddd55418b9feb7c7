//! N43-N46: members that are repeated, deep, long or many.

use tower_jwt_auth::error::TokenErrorKind::{
    MalformedClaims, MalformedHeader, TooLarge, TooManyValues,
};
use tower_jwt_auth::limits::{MAX_CONFIGURED_TOKEN_BYTES, MAX_JSON_MEMBERS, MAX_JSON_VALUES};

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![deep(), repeated(), long_header(), many_members()]
}

fn deep() -> Table {
    let lists = |depth: usize| format!("\"x\":{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("\"x\":{}1{}", "{\"x\":".repeat(depth), "}".repeat(depth));
    let mut table = Table::usual();
    for nested in [&lists as &dyn Fn(usize) -> String, &objects] {
        table = table
            .accepts("a header nested 100 deep", heading_text(&nested(100)))
            .accepts("claims nested 100 deep", claiming_text(&nested(100)));
        for depth in [128, 200, 1400] {
            table = table
                .refuses(
                    format!("n43 header {depth}"),
                    heading_text(&nested(depth)),
                    MalformedHeader,
                )
                .refuses(
                    format!("n43 payload {depth}"),
                    claiming_text(&nested(depth)),
                    MalformedClaims,
                );
        }
    }
    let open = |depth: usize| format!("\"x\":{}", "[".repeat(depth));
    table
        .refuses(
            "n43 header 4,900",
            heading_text(&lists(4900)),
            MalformedHeader,
        )
        .refuses(
            "n43 payload 5,900",
            claiming_text(&lists(5900)),
            MalformedClaims,
        )
        .refuses(
            "n43 header 9,000, never closed",
            heading_text(&open(9000)),
            MalformedHeader,
        )
        .refuses(
            "n43 payload 11,000, never closed",
            claiming_text(&open(11_000)),
            MalformedClaims,
        )
        .refuses(
            "n43 header 100,000",
            heading_text(&lists(100_000)),
            TooLarge,
        )
        .refuses(
            "n43 payload 100,000",
            claiming_text(&lists(100_000)),
            TooLarge,
        )
}
#[tokio::test(start_paused = true)]
async fn n43_nested_deeper_than_anybody_needs() {
    deep().check().await;
}
/// Each member twice: with the same value, and with two values.
fn repeated() -> Table {
    let mut table = Table::usual()
        .accepts(
            "the same name inside a member",
            claiming_text(r#""x":{"exp":1},"y":[{"exp":2}]"#),
        )
        .accepts(
            "names that differ in case",
            claiming_text(r#""Exp":1,"EXP":2"#),
        )
        .accepts(
            "crit, once, in a member",
            heading_text(r#""x":{"alg":"none","crit":[]}"#),
        );
    for (member, value) in [
        ("alg", "\"ES256\""),
        ("kid", "\"es\""),
        ("typ", "\"at+jwt\""),
    ] {
        for again in [value, "\"none\""] {
            let twice = format!("\"{member}\":{again}");
            table = table.refuses(
                format!("n44 header {twice}"),
                heading_text(&twice),
                MalformedHeader,
            );
        }
    }
    for pair in [
        r#""x":1,"x":1"#,
        r#""crit":["x"],"crit":[]"#,
        r#""x":1,"\u0078":1"#,
        r#""":1,"":1"#,
    ] {
        table = table.refuses(
            format!("n44 header {pair}"),
            heading_text(pair),
            MalformedHeader,
        );
    }
    for (member, value) in [
        ("exp", "1800000600"),
        ("iss", "\"https://i.example\""),
        ("aud", "\"https://mcp.example.com/mcp\""),
    ] {
        let escaped = format!("\\u{:04x}{}", member.as_bytes()[0], &member[1..]);
        for name in [member, &escaped] {
            let twice = format!("\"{name}\":{value}");
            table = table.refuses(
                format!("n44 payload {twice}"),
                claiming_text(&twice),
                MalformedClaims,
            );
        }
    }
    for (member, one, two) in [
        ("sub", "\"a\"", "\"b\""),
        ("scope", "\"a\"", "\"b\""),
        ("scp", "[]", "[\"a\"]"),
        ("nbf", "1", "2"),
        ("iat", "1", "2"),
        ("jti", "\"a\"", "\"b\""),
        ("client_id", "\"a\"", "\"b\""),
        ("azp", "1", "\"b\""),
        ("x", "1", "2"),
    ] {
        table = table
            .accepts(
                format!("{member} once"),
                claiming_text(&format!("\"{member}\":{one}")),
            )
            .refuses(
                format!("n44 payload {member}"),
                claiming_text(&format!("\"{member}\":{one},\"{member}\":{two}")),
                MalformedClaims,
            )
            .refuses(
                format!("n44 payload {member}, far apart"),
                claiming_text(&format!(
                    "\"{member}\":{one},\"between\":0,\"{member}\":{one}"
                )),
                MalformedClaims,
            );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n44_members_that_are_repeated() {
    repeated().check().await;
}
fn long_header() -> Table {
    let filled = |length: usize| heading_text(&format!("\"x\":\"{}\"", "x".repeat(length)));
    let room = 10_000 - "\"x\":\"\",".len() - header().to_string().len();
    Table::usual()
        .accepts("10,000 octets", filled(room))
        .refuses("n45 one more", filled(room + 1), TooLarge)
}
#[tokio::test(start_paused = true)]
async fn n45_a_header_over_10_kb() {
    long_header().check().await;
}
/// As many members as the limits allow are neither an error nor slow.
fn many_members() -> Table {
    let numbered = |from: usize, to: usize| {
        let members: Vec<_> = (from..to).map(|n| format!("\"{n}\":0")).collect();
        members.join(",")
    };
    let own = claims().as_object().map_or(0, serde_json::Map::len);
    let room = MAX_JSON_MEMBERS - own;
    let list = |values: usize| format!("\"list\":[{}]", vec!["0"; values].join(","));
    let nested = |members: usize| format!("\"object\":{{{}}}", numbered(0, members));
    let fractions = |values: usize| format!("\"list\":[{}]", vec!["0.5"; values].join(","));
    let alike: Vec<_> = (0..42)
        .map(|n| format!("\"{}{n}\":0", "x".repeat(250)))
        .collect();
    Table::usual()
        .ruled(|rules| rules.max_token_bytes(MAX_CONFIGURED_TOKEN_BYTES))
        .accepts("n46 as many as are read", claiming_text(&numbered(0, room)))
        .refuses(
            "n46 one more",
            claiming_text(&numbered(0, room + 1)),
            TooManyValues,
        )
        .refuses(
            "n46 the last one again",
            claiming_text(&format!("{},\"0\":0", numbered(0, room - 1))),
            MalformedClaims,
        )
        .accepts(
            "n46 a list as long as is read",
            claiming_text(&list(MAX_JSON_VALUES - 1)),
        )
        .refuses(
            "n46 a list longer by one",
            claiming_text(&list(MAX_JSON_VALUES)),
            TooManyValues,
        )
        .accepts(
            "n46 an object as large as is read",
            claiming_text(&nested((MAX_JSON_VALUES - 1) / 2)),
        )
        .refuses(
            "n46 an object larger by one",
            claiming_text(&nested((MAX_JSON_VALUES - 1) / 2 + 1)),
            TooManyValues,
        )
        .accepts(
            "n46 as many fractions as are read",
            claiming_text(&fractions((MAX_JSON_VALUES - 1) / 8)),
        )
        .refuses(
            "n46 one fraction more",
            claiming_text(&fractions((MAX_JSON_VALUES - 1) / 8 + 1)),
            TooManyValues,
        )
        .accepts(
            "n46 a long name",
            claiming_text(&format!("\"{}\":0", "x".repeat(11_000))),
        )
        .accepts("n46 long names", claiming_text(&alike.join(",")))
        .accepts(
            "n46 a long escaped name",
            claiming_text(&format!("\"{}\":0", "\\u0078".repeat(1840))),
        )
}
#[tokio::test(start_paused = true)]
async fn n46_many_and_long_members() {
    many_members().check().await;
}
