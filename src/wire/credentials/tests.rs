use http::header::COOKIE;

use super::*;

mod sources;

const OFF: TokenFinder = TokenFinder {
    dpop: false,
    sources: None,
};

const ON: TokenFinder = TokenFinder {
    dpop: true,
    sources: None,
};

fn token<'h>(finder: &TokenFinder, headers: &'h HeaderMap) -> Result<(Scheme, &'h str), NoToken> {
    let token = finder.find(headers)?;
    match is_b64token(token.bytes()) {
        true => Ok((token.scheme(), std::str::from_utf8(token.bytes()).unwrap())),
        false => Err(NoToken::Malformed(token.scheme())),
    }
}

fn authorization(line: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
    headers
}

#[test]
fn characters() {
    for byte in 0..=255_u8 {
        let wanted = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        assert_eq!(is_b64token_character(byte), wanted, "{byte:#x}");
    }
}

/// Of any length: one character that is none is found wherever it is.
#[test]
fn each_character_counts() {
    for length in 1..=100 {
        let good = vec![b'a'; length];
        for padding in ["", "=", "=="] {
            let padded = |token: &[u8]| [token, padding.as_bytes()].concat();
            assert!(is_b64token(&padded(&good)), "{length} {padding}");
            for at in 0..length {
                let mut bad = good.clone();
                bad[at] = b'!';
                assert!(!is_b64token(&padded(&bad)), "{length} {padding} {at}");
            }
        }
    }
    assert!(!is_b64token(b""));
    assert!(!is_b64token(b"=="));
}

#[test]
fn one_line() {
    let absent = Err(NoToken::Absent);
    let malformed = Err(NoToken::Malformed(Scheme::Bearer));
    let ok = |token: &'static str| Ok((Scheme::Bearer, token));
    let cases: [(&[u8], Result<(Scheme, &str), NoToken>); 24] = [
        (b"Bearer a.b.c", ok("a.b.c")),
        (b"bearer a.b.c", ok("a.b.c")),
        (b"BEARER a.b.c", ok("a.b.c")),
        (b"Bearer   a.b.c", ok("a.b.c")),
        (b"Bearer a-_~+/==", ok("a-_~+/==")),
        (b"", absent),
        (b"Basic dXNlcg==", absent),
        (b"DPoP a.b.c", absent),
        (b"Bearers a.b.c", absent),
        (b"a.b.c", absent),
        (b"Bearer", malformed),
        (b"Bearer ", malformed),
        (b"Bearer    ", malformed),
        (b"Bearer\ta.b.c", malformed),
        (b"Bearer \ta.b.c", malformed),
        (b"Bearer a b", malformed),
        (b"Bearer a.b.c ", malformed),
        (b"Bearer a, Bearer b", malformed),
        (b"Bearer a,b", malformed),
        (b"Bearer \"a\"", malformed),
        (b"Bearer =", malformed),
        (b"Bearer a=b", malformed),
        (b"Bearer a\xc3\xa9", malformed),
        (b"Bearer=a", malformed),
    ];
    for (line, want) in cases {
        let headers = authorization(line);
        let name = String::from_utf8_lossy(line);
        assert_eq!(token(&OFF, &headers), want, "{name:?}");
        if !line.starts_with(b"DPoP") {
            assert_eq!(token(&ON, &headers), want, "{name:?}, and DPoP is a scheme");
        }
    }
}

#[test]
fn pop_p83_p85_w01_the_scheme_dpop_is_one_only_where_it_is_on() {
    let absent = Err(NoToken::Absent);
    let malformed = Err(NoToken::Malformed(Scheme::Dpop));
    let ok = |token: &'static str| Ok((Scheme::Dpop, token));
    let cases: [(&[u8], Result<(Scheme, &str), NoToken>); 14] = [
        (b"DPoP a.b.c", ok("a.b.c")),
        (b"dpop a.b.c", ok("a.b.c")),
        (b"DPOP   a.b.c", ok("a.b.c")),
        (b"DPo", absent),
        (b"DPoPs a.b.c", absent),
        (b"DPoP-a a.b.c", absent),
        (b"DPoP", malformed),
        (b"DPoP ", malformed),
        (b"DPoP\ta.b.c", malformed),
        (b"DPoP=a.b.c", malformed),
        (b"DPoP  a.b.c x", malformed),
        (b"DPoP a.b.c, Bearer a.b.c", malformed),
        (b"DPoP a.b.c, DPoP a.b.c", malformed),
        (b"DPoP DPoP a.b.c", malformed),
    ];
    for (line, want) in cases {
        let headers = authorization(line);
        let name = String::from_utf8_lossy(line);
        assert_eq!(token(&ON, &headers), want, "{name:?}");
        assert_eq!(token(&OFF, &headers), absent, "{name:?}, and it is off");
    }
}

#[test]
fn none_and_several() {
    let mut headers = HeaderMap::new();
    assert_eq!(token(&OFF, &headers), Err(NoToken::Absent));
    headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
    assert_eq!(token(&OFF, &headers), Ok((Scheme::Bearer, "a")));
    headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
    assert_eq!(token(&OFF, &headers), Err(NoToken::Several));
    let mut headers = authorization(b"Bearer a");
    for cookie in ["a=1", "b=2"] {
        headers.append(COOKIE, HeaderValue::from_static(cookie));
    }
    let found = token(&OFF, &headers);
    assert_eq!(found, Ok((Scheme::Bearer, "a")), "another is repeated");
}

/// Neither line is looked at: which of them counts is anybody's guess.
#[test]
fn pop_p84_two_lines_of_two_schemes_are_several() {
    let lines = ["Bearer a", "DPoP a", "DPoP", "Basic a", ""];
    for (first, second) in lines.into_iter().flat_map(|a| lines.map(|b| (a, b))) {
        let mut headers = authorization(first.as_bytes());
        assert_ne!(token(&ON, &headers), Err(NoToken::Several), "{first:?}");
        headers.append(AUTHORIZATION, HeaderValue::from_static(second));
        let found = token(&ON, &headers);
        assert_eq!(found, Err(NoToken::Several), "{first:?} and {second:?}");
    }
}

#[test]
fn the_log_says_what_was_wrong() {
    use TokenErrorKind::{
        DpopIsOff, EmptyToken, MalformedToken, QuotedToken, SchemeMissing, SchemeRepeated,
        UnknownScheme,
    };
    for (line, on, off) in [
        ("Bearer", Some(EmptyToken), Some(EmptyToken)),
        (
            "Bearer Bearer a",
            Some(SchemeRepeated),
            Some(SchemeRepeated),
        ),
        ("Bearer DPoP a", Some(MalformedToken), Some(MalformedToken)),
        ("a.b.c", Some(SchemeMissing), Some(SchemeMissing)),
        ("gho_a", Some(SchemeMissing), Some(SchemeMissing)),
        ("DPoP", Some(EmptyToken), Some(DpopIsOff)),
        ("DPoP 'a'", Some(QuotedToken), Some(DpopIsOff)),
        ("DPoP DPoP a", Some(SchemeRepeated), Some(DpopIsOff)),
        ("DPoP a b", Some(MalformedToken), Some(DpopIsOff)),
        ("DPoP a", None, Some(DpopIsOff)),
        ("dpop a", None, Some(DpopIsOff)),
        ("Token a", Some(UnknownScheme), Some(UnknownScheme)),
        ("JWT a.b.c", Some(UnknownScheme), Some(UnknownScheme)),
        ("Basic2 a", Some(UnknownScheme), Some(UnknownScheme)),
        ("basic YTpi", None, None),
        ("Negotiate", None, None),
        ("", None, None),
    ] {
        let headers = authorization(line.as_bytes());
        assert_eq!(
            (ON.fault(&headers), OFF.fault(&headers)),
            (on, off),
            "{line}"
        );
        if let Ok(token) = ON.find(&headers) {
            assert_eq!(token.fault(), on, "{line}");
        }
    }
}

#[test]
fn the_token_and_its_proof_are_hidden_or_removed() {
    let mut headers = authorization(b"DPoP a");
    for proof in ["p", "q"] {
        headers.append(DPOP, HeaderValue::from_static(proof));
    }
    headers.append(COOKIE, HeaderValue::from_static("c"));
    for (finder, proofs) in [(OFF, 2), (ON, 0)] {
        let (mut hidden, mut stripped) = (headers.clone(), headers.clone());
        finder.hide(&mut hidden);
        assert!(hidden[AUTHORIZATION].is_sensitive());
        assert!(!hidden[COOKIE].is_sensitive());
        let mut lines = hidden.get_all(DPOP).iter();
        assert!(lines.all(|proof| proof.is_sensitive() == finder.dpop));
        finder.strip(&mut stripped);
        assert!(!stripped.contains_key(AUTHORIZATION) && stripped.contains_key(COOKIE));
        assert_eq!(stripped.get_all(DPOP).iter().count(), proofs);
    }
    let credentials = ON.find(&headers).ok().unwrap().to_credentials();
    assert_eq!(
        (credentials.token(), credentials.scheme()),
        ("a", Scheme::Dpop)
    );
}
