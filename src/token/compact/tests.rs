use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use proptest::prelude::*;

use super::*;
use crate::limits::MAX_TOKEN_BYTES;

/// Compares the decoder with another one: both accept the same texts and decode them to the
/// same bytes.
#[test]
fn every_ending() {
    let alphabet: Vec<u8> = (0..=127).collect();
    for length in 1..=9 {
        for last in &alphabet {
            for before in b"AQz_-=+/" {
                let mut text = vec![b'e'; length];
                text[length - 1] = *last;
                if length > 1 {
                    text[length - 2] = *before;
                }
                agree(&text);
            }
        }
    }
}

fn agree(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    let want = BASE64.decode(text).ok();
    let mut stack = StackBuffer::<600>::new();
    let got = stack.decode(text).ok().map(<[u8]>::to_vec);
    assert_eq!(got, want, "{shown:?}");
    let mut heap = StackBuffer::<0>::new();
    let got = heap.decode(text).ok().map(<[u8]>::to_vec);
    assert_eq!(got, want, "{shown:?}");
    let checked = URL_SAFE_NO_PAD.check(text);
    assert_eq!(checked.is_ok(), want.is_some(), "{shown:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

    #[test]
    fn any_length(bytes in prop::collection::vec(any::<u8>(), 0..800), at in any::<prop::sample::Index>(), to in 0..128_u8) {
        let mut text = BASE64.encode(&bytes).into_bytes();
        agree(&text);
        if !text.is_empty() {
            let at = at.index(text.len());
            text[at] = to;
            agree(&text);
        }
    }
}

#[test]
fn shape() {
    use TokenErrorKind::{BadEncoding, BadSignature, MalformedHeader, TooLarge, WrongSegments};
    let long = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES));
    let longest = format!("e30.e30.{}", "A".repeat(MAX_TOKEN_BYTES - 8));
    let big_header = format!("{}.e30.AA", BASE64.encode(vec![b'x'; MAX_HEADER_BYTES + 1]));
    let largest_header = format!("{}.e30.AA", BASE64.encode(vec![b'x'; MAX_HEADER_BYTES]));
    let dots = ".".repeat(10_000);
    let cases = [
        ("three segments", "e30.e30.AA", Ok(())),
        ("at the size limit", &longest, Ok(())),
        ("over the size limit", &long, Err(TooLarge)),
        ("header at the limit", &largest_header, Ok(())),
        ("header over the limit", &big_header, Err(TooLarge)),
        ("empty", "", Err(WrongSegments)),
        ("one segment", "e30", Err(WrongSegments)),
        ("two segments", "e30.e30", Err(WrongSegments)),
        ("four segments", "e30.e30.AA.AA", Err(WrongSegments)),
        (
            "five segments, a JWE",
            "e30.e30.AA.AA.AA",
            Err(WrongSegments),
        ),
        ("dots", &dots, Err(WrongSegments)),
        ("signature removed, dot kept", "e30.e30.", Err(BadSignature)),
        ("padded", "e30=.e30.AA", Err(BadEncoding)),
        ("standard alphabet", "e30.e30.A+", Err(BadEncoding)),
        ("line feed inside", "e30.e3\n0.AA", Err(BadEncoding)),
        ("space in front", " e30.e30.AA", Err(BadEncoding)),
        ("header not UTF-8", "_w.e30.AA", Err(MalformedHeader)),
        (
            "spare bits set in the header",
            "e31.e30.AA",
            Err(BadEncoding),
        ),
        (
            "spare bits set in the signature",
            "e30.e30.AB",
            Err(BadEncoding),
        ),
    ];
    for (name, token, want) in cases {
        let read = || {
            let compact = Compact::split(token.as_bytes(), MAX_TOKEN_BYTES)?;
            compact.header(&mut Scratch::new().header)?;
            compact.payload()?;
            compact.signature(&mut Scratch::new().signature).map(drop)
        };
        assert_eq!(read().map_err(|e| e.kind()), want, "{name}");
    }
}
