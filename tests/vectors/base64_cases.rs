//! Wycheproof has its base64 cases (357-377) for HS256 alone, which we refuse for that. The same
//! mutations, and more, for public keys and in every segment, each signed as it stands, so that
//! nothing but the encoding is wrong (RFC 7515 §2: no padding, no other characters).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::test_util::TestKey;

use crate::support::{Refusal, Suite, Verdict, at_seam, jwk_set};

/// How a segment may be spelled; what gives `None` does not apply to it.
type Mutation = fn(&str) -> Option<String>;

const MUTATIONS: &[(&str, Mutation)] = &[
    ("one sign of padding", |text| Some(format!("{text}="))),
    ("two signs of padding", |text| Some(format!("{text}=="))),
    ("three signs of padding", |text| Some(format!("{text}==="))),
    ("as much padding as it takes", |text| {
        let missing = (4 - text.len() % 4) % 4;
        (missing > 0).then(|| format!("{text}{}", "=".repeat(missing)))
    }),
    ("padding in front", |text| Some(format!("={text}"))),
    ("spaces in front", |text| Some(format!("    {text}"))),
    ("spaces behind", |text| Some(format!("{text}    "))),
    ("a space inside", |text| inside(text, " ")),
    ("a line feed behind", |text| Some(format!("{text}\n"))),
    ("a line end inside", |text| inside(text, "\r\n")),
    ("a tab inside", |text| inside(text, "\t")),
    ("NUL inside", |text| inside(text, "\0")),
    ("NUL behind", |text| Some(format!("{text}\0"))),
    ("number signs in front", |text| Some(format!("####{text}"))),
    ("number signs behind", |text| Some(format!("{text}####"))),
    ("a question mark in front", |text| Some(format!("?{text}"))),
    ("a question mark inside", |text| inside(text, "?")),
    ("a question mark behind", |text| Some(format!("{text}?"))),
    ("plus", |text| foreign(text, '-', "+")),
    ("slash", |text| foreign(text, '_', "/")),
    ("percent escape", |text| foreign(text, '_', "%5F")),
    ("no ASCII", |text| inside(text, "\u{e9}")),
    ("a spare bit set", spare_bit),
    ("a character too many", |text| {
        text.len().is_multiple_of(4).then(|| format!("{text}A"))
    }),
];

fn inside(text: &str, odd: &str) -> Option<String> {
    let (start, end) = text.split_at(text.len() / 2);
    Some(format!("{start}{odd}{end}"))
}

fn foreign(text: &str, from: char, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replace(from, to))
}

fn spare_bit(text: &str) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = text.split_at(text.len() - 1);
    let other = ALPHABET[ALPHABET.find(last)? + 1..].chars().next();
    (!text.len().is_multiple_of(4)).then(|| format!("{rest}{}", other.unwrap()))
}

const SEGMENTS: [&str; 3] = ["header", "payload", "signature"];

/// A token that a segment was spelled anew of, with a signature over what stands there.
fn token(key: &TestKey, mut signed: [String; 2], which: usize, mutate: Mutation) -> Option<String> {
    if let Some(segment) = signed.get_mut(which) {
        *segment = mutate(segment)?;
    }
    let signed = signed.join(".");
    // ECDSA signs differently each time: until the characters that a mutation needs are there.
    let mut signatures = (0..200).map(|_| URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())));
    let signature = match which {
        2 => signatures.find_map(|signature| mutate(&signature))?,
        _ => signatures.next()?,
    };
    Some(format!("{signed}.{signature}"))
}

/// Header and payload of several lengths and with every character of the alphabet among them.
fn samples(algorithm: Algorithm) -> Vec<[String; 2]> {
    (0..6)
        .map(|letters| {
            let filler = format!("{}?????>>>>>", "x".repeat(letters));
            let header = format!(r#"{{"alg":"{algorithm}","x":"{filler}"}}"#);
            [header, filler].map(|text| URL_SAFE_NO_PAD.encode(text))
        })
        .collect()
}

#[test]
fn base64_of_public_keys_in_every_segment() {
    let mut suite = Suite::of_our_own("base64");
    for algorithm in [Algorithm::ES256, Algorithm::RS256] {
        let key = TestKey::generate(algorithm, "k");
        let keys = jwk_set(vec![key.jwk()]);
        let mut run = |name: &str, token: &str, expected: Verdict| {
            let verdict = at_seam(&keys, token).map(drop);
            suite.row();
            suite.verdict(name, expected, &verdict);
            let for_its_encoding = verdict == Err(Refusal::Token(TokenErrorKind::BadEncoding));
            suite.check(
                name,
                verdict.is_ok() || for_its_encoding,
                format_args!("{verdict:?}: {token}"),
            );
        };
        for signed in samples(algorithm) {
            let good = token(&key, signed, 3, |text| Some(text.to_owned())).unwrap();
            run(
                &format!("{algorithm} as it should be"),
                &good,
                Verdict::Accept,
            );
        }
        // White space inside the JSON is lawful.
        let spaced = [
            format!("{{ \"alg\" : \"{algorithm}\" }}"),
            "Test".to_owned(),
        ];
        let spaced = spaced.map(|text| URL_SAFE_NO_PAD.encode(text));
        let good = token(&key, spaced, 3, |text| Some(text.to_owned())).unwrap();
        run(
            &format!("{algorithm} white space in the JSON"),
            &good,
            Verdict::Accept,
        );
        for (which, segment) in SEGMENTS.iter().enumerate() {
            for (name, mutate) in MUTATIONS {
                let name = format!("{algorithm} {segment}: {name}");
                let found = samples(algorithm)
                    .into_iter()
                    .find_map(|signed| token(&key, signed, which, *mutate));
                // No length of ECDSA's or RSA's leaves a whole number of quadruples.
                match found {
                    Some(token) => run(&name, &token, Verdict::Reject),
                    None => assert!(
                        name.contains("signature: a character too many"),
                        "{name}: no row"
                    ),
                }
            }
        }
    }
    let refused = 2 * (3 * MUTATIONS.len() - 1);
    let detail = format!("{} accepted, {} refused", suite.accepted(), suite.refused());
    suite.finish(2 * 7 + refused, detail);
}
