//! N32-N35: segments, size and serialisation.

use tower_jwt_auth::error::TokenErrorKind::{BadEncoding, BadSignature, TooLarge, WrongSegments};
use tower_jwt_auth::limits::MAX_TOKEN_BYTES;

use super::*;

pub(super) fn tables() -> Vec<Table> {
    vec![segments(), sizes(), serialisations()]
}

fn segments() -> Table {
    let good = good();
    let parts: Vec<_> = good.split('.').collect();
    let joined = |parts: &[&str]| parts.join(".");
    let mut table = Table::keyed(all_keys())
        .accepts("3", good.clone())
        .refuses("n32 1", parts[0].to_owned(), WrongSegments)
        .refuses("n32 2", joined(&parts[..2]), WrongSegments)
        .refuses(
            "n32 5, a JWE",
            joined(&[parts[0], "AA", "AA", parts[1], parts[2]]),
            WrongSegments,
        )
        .refuses("n32 a dot in front", format!(".{good}"), WrongSegments)
        .refuses("n32 a dot behind", format!("{good}."), WrongSegments)
        .refuses("n32 two dots", "..".to_owned(), BadSignature)
        .refuses("n32 a dot", ".".to_owned(), WrongSegments)
        .refuses("n32 nothing", String::new(), WrongSegments);
    for more in 1..=3 {
        let longer = format!("{good}{}", ".AA".repeat(more));
        table = table.refuses(format!("n32 {}", 3 + more), longer, WrongSegments);
    }
    table
        .refuses(
            "n33 as many dots as fit",
            ".".repeat(MAX_TOKEN_BYTES),
            WrongSegments,
        )
        .refuses("n33 100,000 dots", ".".repeat(100_000), TooLarge)
        .refuses("n33 1,000,000 dots", ".".repeat(1_000_000), TooLarge)
}
#[tokio::test(start_paused = true)]
async fn n32_n33_any_number_of_segments_but_three() {
    segments().check().await;
}
/// The longest token that is allowed, and longer ones.
fn sizes() -> Table {
    let filled = |length: usize| claiming(json!({"x": "x".repeat(length)}));
    let longest = (11_000..)
        .take_while(|length| filled(*length).len() <= MAX_TOKEN_BYTES)
        .last()
        .unwrap();
    Table::keyed(all_keys())
        .accepts("as long as it may be", filled(longest))
        .refuses("n34 one letter more", filled(longest + 1), TooLarge)
        .refuses(
            "n34 and no base64, which nobody finds out",
            "*".repeat(MAX_TOKEN_BYTES + 1),
            TooLarge,
        )
        .refuses(
            "n34 no base64 of a size that is read",
            "*".repeat(MAX_TOKEN_BYTES),
            WrongSegments,
        )
}
#[tokio::test(start_paused = true)]
async fn n34_too_large_before_anything_is_decoded() {
    sizes().check().await;
}
/// RFC 7515 §7.2, of the good token itself.
fn serialisations() -> Table {
    let good = good();
    let parts: Vec<_> = good.split('.').collect();
    let signature = json!({"protected": parts[0], "signature": parts[2]});
    let flattened = with(signature.clone(), &json!({"payload": parts[1]}));
    let general = json!({"payload": parts[1], "signatures": [signature]});
    let encoded = URL_SAFE_NO_PAD.encode(general.to_string());
    Table::keyed(all_keys())
        .accepts("compact", good.clone())
        .refuses("n35 flattened", flattened.to_string(), WrongSegments)
        .refuses("n35 general", general.to_string(), WrongSegments)
        .refuses("n35 general, encoded", encoded, WrongSegments)
        .refuses(
            "n35 the compact one as a string",
            json!(good).to_string(),
            BadEncoding,
        )
}
#[tokio::test(start_paused = true)]
async fn n35_the_json_serialisations() {
    serialisations().check().await;
}
