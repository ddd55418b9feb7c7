//! N78-N85: `exp`, `nbf` and `iat`.

use tower_jwt_auth::error::TokenErrorKind::{
    Expired, InconsistentTimes, IssuedInTheFuture, MalformedClaims, MissingClaim, NotYetValid,
};

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![
        no_dates(),
        odd_expiries(),
        edges(),
        with_leeway(),
        fractions(),
        inconsistent(),
    ]
}

pub(super) const SECOND: u64 = NOW as u64;
fn no_dates() -> Table {
    let without_exp = sign(&world().es, &header(), &without(claims(), "exp"));
    let mut table = Table::usual()
        .accepts("all three", claiming(json!({"nbf": SECOND, "iat": SECOND})))
        .refuses("n78 no exp", without_exp, MissingClaim);
    for (id, claim) in [("n79", "exp"), ("n83", "nbf"), ("n84", "iat")] {
        for odd in [
            json!("1800000600"),
            json!(""),
            Value::Null,
            json!(true),
            json!([SECOND]),
            json!({"seconds": SECOND}),
        ] {
            let name = format!("{id} {claim} {odd}");
            table = table.refuses(name, claiming(json!({claim: odd})), MalformedClaims);
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n78_n79_dates_that_are_missing_or_no_numbers() {
    no_dates().check().await;
}
/// A good token whose `exp` is this text.
fn expiring(text: &str) -> String {
    let claims = claims().to_string().replace("1800000600", text);
    world().es.sign_compact(&header().to_string(), &claims)
}
fn odd_expiries() -> Table {
    let mut table = Table::keyed(all_keys());
    for fine in [
        "1800000001",
        "1800000600.0",
        "1.8000006e9",
        "18000006000e-1",
        "9007199254740991",
    ] {
        table = table.accepts(format!("n80 {fine}"), expiring(fine));
    }
    for (odd, why) in [
        ("-1", Expired),
        ("0", Expired),
        ("-0.0", Expired),
        ("-1800000600", Expired),
        ("1e-400", Expired),
        ("-9007199254740991", Expired),
        ("9007199254740992", MalformedClaims),
        ("9223372036854775807", MalformedClaims),
        ("9223372036854775808", MalformedClaims),
        ("-9223372036854775808", MalformedClaims),
        ("18446744073709551615", MalformedClaims),
        ("18446744073709551616", MalformedClaims),
        ("1e308", MalformedClaims),
        ("-1e308", MalformedClaims),
        ("1e400", MalformedClaims),
        ("NaN", MalformedClaims),
        ("Infinity", MalformedClaims),
        ("0x7fffffff", MalformedClaims),
    ] {
        table = table.refuses(format!("n80 {odd}"), expiring(odd), why);
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n80_numbers_that_are_no_dates() {
    odd_expiries().check().await;
}
fn edges() -> Table {
    Table::usual()
        .accepts("exp in a second", claiming(json!({"exp": SECOND + 1})))
        .accepts("nbf now", claiming(json!({"nbf": SECOND})))
        .accepts("iat now", claiming(json!({"iat": SECOND})))
        .refuses("n81 exp now", claiming(json!({"exp": SECOND})), Expired)
        .refuses(
            "n81 exp a second ago",
            claiming(json!({"exp": SECOND - 1})),
            Expired,
        )
        .refuses(
            "n83 nbf in a second",
            claiming(json!({"nbf": SECOND + 1})),
            NotYetValid,
        )
        .refuses(
            "n84 iat in a second",
            claiming(json!({"iat": SECOND + 1})),
            IssuedInTheFuture,
        )
        .refuses(
            "n84 iat in a year",
            claiming(json!({"iat": SECOND + 31_536_000})),
            IssuedInTheFuture,
        )
}
fn with_leeway() -> Table {
    Table::usual()
        .ruled(|rules| rules.leeway(Duration::from_secs(60)))
        .accepts(
            "exp a minute ago but a second",
            claiming(json!({"exp": SECOND - 59})),
        )
        .accepts("nbf in a minute", claiming(json!({"nbf": SECOND + 60})))
        .accepts("iat in a minute", claiming(json!({"iat": SECOND + 60})))
        .refuses(
            "n81 exp a minute ago",
            claiming(json!({"exp": SECOND - 60})),
            Expired,
        )
        .refuses(
            "n81 exp a minute and a second ago",
            claiming(json!({"exp": SECOND - 61})),
            Expired,
        )
        .refuses(
            "n83 nbf in a minute and a second",
            claiming(json!({"nbf": SECOND + 61})),
            NotYetValid,
        )
        .refuses(
            "n84 iat in a minute and a second",
            claiming(json!({"iat": SECOND + 61})),
            IssuedInTheFuture,
        )
}
#[tokio::test(start_paused = true)]
async fn n81_n83_n84_on_which_side_of_now() {
    edges().check().await;
    with_leeway().check().await;
}
fn fractions() -> Table {
    Table::usual()
        .accepts(
            "exp in a quarter of a second",
            claiming(json!({"exp": NOW + 0.25})),
        )
        .accepts(
            "nbf a quarter of a second ago",
            claiming(json!({"nbf": NOW - 0.25})),
        )
        .refuses(
            "n82 exp a quarter of a second ago",
            claiming(json!({"exp": NOW - 0.25})),
            Expired,
        )
        .refuses(
            "n82 nbf in a quarter of a second",
            claiming(json!({"nbf": NOW + 0.25})),
            NotYetValid,
        )
        .refuses(
            "n82 iat in a quarter of a second",
            claiming(json!({"iat": NOW + 0.25})),
            IssuedInTheFuture,
        )
}
#[tokio::test(start_paused = true)]
async fn n82_fractions_of_seconds() {
    fractions().check().await;
}
/// Only within the leeway can a token be seen that was never valid.
fn inconsistent() -> Table {
    let at = |exp: u64, start: u64, claim: &str| {
        claiming(json!({"exp": SECOND + exp, claim: SECOND + start}))
    };
    Table::usual()
        .ruled(|rules| rules.leeway(Duration::from_secs(60)))
        .accepts("exp at nbf", at(10, 10, "nbf"))
        .accepts("exp at iat", at(10, 10, "iat"))
        .refuses("n85 exp before nbf", at(10, 11, "nbf"), InconsistentTimes)
        .refuses("n85 exp before iat", at(10, 11, "iat"), InconsistentTimes)
}
#[tokio::test(start_paused = true)]
async fn n85_expired_before_it_began() {
    inconsistent().check().await;
}
