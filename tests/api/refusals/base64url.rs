//! N36-N39: base64url has one spelling. Each odd spelling is signed as it stands, so that nothing
//! else is wrong with the token.

use tower_jwt_auth::error::TokenErrorKind::BadEncoding;

use super::*;

pub(super) fn tables() -> Vec<Table> {
    let World { es, rsa, .. } = world();
    let of = |key| {
        [
            padding(key),
            alphabet(key),
            foreign_octets(key),
            spare_bits(key),
        ]
    };
    [es, rsa].into_iter().flat_map(of).collect()
}

/// A token of `key` with one segment spelled anew, signed as it stands.
fn respelled(
    key: &TestKey,
    segments: &[String; 2],
    which: usize,
    spell: &dyn Fn(&str) -> String,
) -> String {
    let mut segments = segments.clone();
    if let Some(segment) = segments.get_mut(which) {
        *segment = spell(segment);
    }
    let token = sealed(key, &segments[0], &segments[1]);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    match which {
        2 => format!("{signed}.{}", spell(signature)),
        _ => token,
    }
}
/// Header and claims of a good token of `key`, each longer by so many letters.
fn segments_of(key: &TestKey, letters: usize) -> [String; 2] {
    let own = json!({"alg": key.algorithm().name(), "kid": key.kid(), "x": "x".repeat(letters)});
    let claims = with(claims(), &json!({"x": "x".repeat(letters)}));
    [with(header(), &own), claims].map(|json| URL_SAFE_NO_PAD.encode(json.to_string()))
}
const SEGMENTS: [&str; 3] = ["header", "payload", "signature"];
type Spelling = (&'static str, Box<dyn Fn(&str) -> String>);
fn spelled(key: &TestKey, id: &str, spellings: &[Spelling]) -> Table {
    let segments = segments_of(key, 0);
    let mut table = Table::keyed(all_keys())
        .accepts("as it should be", sealed(key, &segments[0], &segments[1]));
    for (which, segment) in SEGMENTS.iter().enumerate() {
        for (name, spell) in spellings {
            let token = respelled(key, &segments, which, spell);
            table = table.refuses(
                format!("{id} {} {segment} {name}", key.algorithm()),
                token,
                BadEncoding,
            );
        }
    }
    table
}
fn padding(key: &TestKey) -> Table {
    // By as many letters as it takes to need padding of one sign and of two.
    let mut table = spelled(
        key,
        "n36",
        &[
            ("one sign", Box::new(|text| format!("{text}="))),
            ("two signs", Box::new(|text| format!("{text}=="))),
            ("in front", Box::new(|text| format!("={text}"))),
            (
                "in the middle",
                Box::new(|text| format!("{}={}", &text[..4], &text[4..])),
            ),
        ],
    );
    for letters in 0..3 {
        let segments = segments_of(key, letters);
        table = table.accepts(
            format!("{letters} letters more"),
            sealed(key, &segments[0], &segments[1]),
        );
        for (which, segment) in SEGMENTS.iter().enumerate() {
            let padded = |text: &str| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
            let token = respelled(key, &segments, which, &padded);
            if token.contains('=') {
                table = table.refuses(
                    format!("n36 {segment} as long as its padding"),
                    token,
                    BadEncoding,
                );
            }
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n36_padding_in_any_segment() {
    for key in [&world().es, &world().rsa] {
        let table = padding(key);
        for segment in SEGMENTS {
            let name = format!("n36 {segment} as long as its padding");
            assert!(
                table.refused.iter().any(|(row, ..)| *row == name),
                "{name}: no row"
            );
        }
        table.check().await;
    }
}
/// Both signs that differ between the alphabets, in every segment of a good token.
fn alphabet(key: &TestKey) -> Table {
    let own = json!({"alg": key.algorithm().name(), "kid": key.kid(), "x": "?????>>>>>"});
    let head = URL_SAFE_NO_PAD.encode(with(header(), &own).to_string());
    let is_plain = |text: &str| !(text.contains('-') && text.contains('_'));
    let (payload, token) = (0..)
        .map(|n| {
            let claims = with(claims(), &json!({"n": n, "x": "?????>>>>>"}));
            let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
            let token = sealed(key, &head, &payload);
            (payload, token)
        })
        .find(|(_, token)| !token.split('.').any(is_plain))
        .unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut table = Table::keyed(all_keys()).accepts("in the alphabet of URLs", token.clone());
    for (from, to) in [("-", "+"), ("_", "/")] {
        let foreign = |text: &str| text.replace(from, to);
        table = table
            .refuses(
                format!("n37 header {to}"),
                sealed(key, &foreign(&head), &payload),
                BadEncoding,
            )
            .refuses(
                format!("n37 payload {to}"),
                sealed(key, &head, &foreign(&payload)),
                BadEncoding,
            )
            .refuses(
                format!("n37 signature {to}"),
                format!("{signed}.{}", foreign(signature)),
                BadEncoding,
            );
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n37_the_standard_alphabet_in_any_segment() {
    for key in [&world().es, &world().rsa] {
        alphabet(key).check().await;
    }
}
fn foreign_octets(key: &TestKey) -> Table {
    let mut spellings: Vec<Spelling> = Vec::new();
    for (name, odd) in [
        ("space", " "),
        ("spaces", "    "),
        ("line feed", "\n"),
        ("line end", "\r\n"),
        ("tab", "\t"),
        ("NUL", "\0"),
        ("non-ASCII", "\u{e9}"),
        ("full width letter", "\u{ff21}"),
        ("no-break space", "\u{a0}"),
        ("question mark", "?"),
        ("number signs", "####"),
        ("percent escape", "%3d"),
        ("tilde", "~"),
    ] {
        spellings.push((name, Box::new(move |text| format!("{odd}{text}"))));
        spellings.push((
            name,
            Box::new(move |text| format!("{}{odd}{}", &text[..4], &text[4..])),
        ));
        spellings.push((name, Box::new(move |text| format!("{text}{odd}"))));
    }
    spelled(key, "n38", &spellings)
}
#[tokio::test(start_paused = true)]
async fn n38_white_space_and_other_octets_in_any_segment() {
    for key in [&world().es, &world().rsa] {
        foreign_octets(key).check().await;
    }
}
/// The last character with one of its spare bits set: it decodes to the same octets.
fn with_a_spare_bit(text: &str) -> Option<String> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (last, rest) = text.as_bytes().split_last().unwrap();
    let at = alphabet.iter().position(|sign| sign == last).unwrap();
    (!text.len().is_multiple_of(4)).then(|| {
        let mut spelled = rest.to_vec();
        spelled.push(alphabet[at | 1]);
        String::from_utf8(spelled).unwrap()
    })
}
fn spare_bits(key: &TestKey) -> Table {
    let mut table = Table::keyed(all_keys());
    for letters in 0..3 {
        let segments = segments_of(key, letters);
        table = table.accepts(
            format!("{letters} letters more"),
            sealed(key, &segments[0], &segments[1]),
        );
        for (which, segment) in SEGMENTS.iter().enumerate() {
            let token = respelled(key, &segments, which, &|text| {
                with_a_spare_bit(text).unwrap_or_default()
            });
            if token.split('.').all(|segment| !segment.is_empty()) {
                table = table.refuses(format!("n39 {segment}"), token, BadEncoding);
            }
        }
    }
    table
}
#[tokio::test(start_paused = true)]
async fn n39_spare_bits_in_any_segment() {
    for key in [&world().es, &world().rsa] {
        let table = spare_bits(key);
        for segment in SEGMENTS {
            let rows = table
                .refused
                .iter()
                .filter(|(row, ..)| *row == format!("n39 {segment}"));
            assert!(rows.count() >= 2, "{segment}: too few rows");
        }
        table.check().await;
    }
}
