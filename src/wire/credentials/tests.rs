use http::header::COOKIE;

use super::*;
use crate::wire::token_source::TokenSource;

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

/// A finder of these sources.
fn of(sources: &[TokenSource], dpop: bool) -> TokenFinder {
    let places = sources.iter().map(|source| source.place().unwrap());
    TokenFinder {
        dpop,
        sources: Some(places.collect()),
    }
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn field_f20_where_a_source_is_present_and_what_it_holds() {
    let absent = Err(NoToken::Absent);
    let several = Err(NoToken::Several);
    let malformed = Err(NoToken::Malformed(Scheme::Bearer));
    let found = Ok((Scheme::Bearer, "a.b.c"));
    let cookie = TokenSource::cookie("__Host-token");
    let header = TokenSource::header("Cf-Access-Jwt-Assertion");
    let socket = TokenSource::websocket_protocol("bearer");
    type Row<'r> = (
        &'r TokenSource,
        &'r [(&'static str, &'static str)],
        Result<(Scheme, &'r str), NoToken>,
    );
    let rows: [Row<'_>; 30] = [
        (&header, &[("cf-access-jwt-assertion", "a.b.c")], found),
        (&header, &[("cf-access-jwt-assertion", "")], absent),
        (&header, &[("authorization", "Bearer a.b.c")], absent),
        (
            &header,
            &[("cf-access-jwt-assertion", "a.b.c, a.b.c")],
            malformed,
        ),
        (
            &header,
            &[("cf-access-jwt-assertion", "Bearer a.b.c")],
            malformed,
        ),
        (
            &header,
            &[
                ("cf-access-jwt-assertion", "a.b.c"),
                ("cf-access-jwt-assertion", "a.b.c"),
            ],
            several,
        ),
        (
            &header,
            &[
                ("cf-access-jwt-assertion", "a.b.c"),
                ("cf-access-jwt-assertion", ""),
            ],
            several,
        ),
        (&cookie, &[("cookie", "__Host-token=a.b.c")], found),
        (
            &cookie,
            &[("cookie", "x=1; __Host-token=a.b.c; y=2")],
            found,
        ),
        (&cookie, &[("cookie", "x=1;__Host-token = a.b.c ;y")], found),
        (
            &cookie,
            &[("cookie", "x=1"), ("cookie", "__Host-token=a.b.c")],
            found,
        ),
        (&cookie, &[("cookie", "__Host-token=")], absent),
        (&cookie, &[("cookie", "__Host-token")], absent),
        (&cookie, &[("cookie", "__host-token=a.b.c")], absent),
        (&cookie, &[("cookie", "a__Host-token=a.b.c")], absent),
        (&cookie, &[("cookie", "x=__Host-token=a.b.c")], absent),
        (&cookie, &[("cookie", "__Host-token=\"a.b.c\"")], malformed),
        (
            &cookie,
            &[("cookie", "__Host-token=a.b.c, __Host-token=a.b.c")],
            malformed,
        ),
        (
            &cookie,
            &[("cookie", "__Host-token=a.b.c; __Host-token=a.b.c")],
            several,
        ),
        (
            &cookie,
            &[("cookie", "__Host-token=; __Host-token=a.b.c")],
            several,
        ),
        (
            &cookie,
            &[
                ("cookie", "__Host-token=a.b.c"),
                ("cookie", "__Host-token=a.b.c"),
            ],
            several,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "bearer, a.b.c")],
            found,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "mcp,bearer,a.b.c,x")],
            found,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "bearer, , a.b.c")],
            found,
        ),
        (
            &socket,
            &[
                ("sec-websocket-protocol", "bearer"),
                ("sec-websocket-protocol", "a.b.c"),
            ],
            found,
        ),
        (&socket, &[("sec-websocket-protocol", "mcp, a.b.c")], absent),
        (
            &socket,
            &[("sec-websocket-protocol", "Bearer, a.b.c")],
            absent,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "a.b.c, bearer")],
            malformed,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "bearer, a b")],
            malformed,
        ),
        (
            &socket,
            &[("sec-websocket-protocol", "bearer, a.b.c, bearer, a.b.c")],
            several,
        ),
    ];
    for (source, lines, want) in rows {
        let headers = headers(lines);
        let finder = of(std::slice::from_ref(source), false);
        assert_eq!(token(&finder, &headers), want, "{source:?} {lines:?}");
        assert_eq!(finder.fault(&headers), None, "Authorization is no source");
        if let Ok(token) = finder.find(&headers)
            && want == found
        {
            assert_eq!(token.to_credentials().token(), "a.b.c");
        }
        let by_default = token(&OFF, &headers);
        let authorization = headers.contains_key(AUTHORIZATION);
        assert_eq!(by_default.is_ok(), authorization, "{lines:?}");
    }
}

#[test]
fn field_f20_the_first_source_that_is_present_counts() {
    let all = [
        TokenSource::authorization(),
        TokenSource::header("x-token"),
        TokenSource::cookie("token"),
    ];
    let bearer = ("authorization", "Bearer a");
    let header = ("x-token", "b");
    let cookie = ("cookie", "token=c");
    let twice = ("cookie", "token=c; token=d");
    let found = |token: &'static str| Ok((Scheme::Bearer, token));
    let several = Err(NoToken::Several);
    for (lines, want) in [
        (vec![bearer, header, cookie], found("a")),
        (vec![header, cookie], found("b")),
        (vec![cookie], found("c")),
        // What comes after the first is not looked at.
        (vec![bearer, header, twice], found("a")),
        (vec![twice], several),
        (vec![bearer, bearer, header], several),
        // Neither of these is present.
        (
            vec![("authorization", "Basic a"), ("x-token", ""), cookie],
            found("c"),
        ),
        // A bad one counts: there is no second attempt.
        (
            vec![("authorization", "Bearer"), cookie],
            Err(NoToken::Malformed(Scheme::Bearer)),
        ),
        (
            vec![("x-token", "b b"), cookie],
            Err(NoToken::Malformed(Scheme::Bearer)),
        ),
        (vec![], Err(NoToken::Absent)),
    ] {
        let headers = headers(&lines);
        assert_eq!(token(&of(&all, false), &headers), want, "{lines:?}");
    }
    let reversed: Vec<_> = all.iter().rev().cloned().collect();
    let headers = headers(&[bearer, header, cookie]);
    assert_eq!(token(&of(&reversed, false), &headers), found("c"));
}

/// A proof is for a token in `Authorization`; elsewhere a token is a bearer token.
#[test]
fn field_f20_a_token_with_a_proof_comes_in_authorization_alone() {
    let all = [TokenSource::authorization(), TokenSource::header("x-token")];
    for (lines, want) in [
        (vec![("authorization", "DPoP a")], Ok((Scheme::Dpop, "a"))),
        (
            vec![("x-token", "a"), ("dpop", "p")],
            Ok((Scheme::Bearer, "a")),
        ),
        (
            vec![("x-token", "DPoP a")],
            Err(NoToken::Malformed(Scheme::Bearer)),
        ),
    ] {
        let headers = headers(&lines);
        assert_eq!(token(&of(&all, true), &headers), want, "{lines:?}");
    }
    let headers = headers(&[("authorization", "DPoP a")]);
    let found = token(&of(&all[1..], true), &headers);
    assert_eq!(found, Err(NoToken::Absent), "it is no source");
}

#[test]
fn field_f20_each_source_is_hidden_or_removed() {
    let finder = of(
        &[
            TokenSource::header("x-token"),
            TokenSource::cookie("token"),
            TokenSource::websocket_protocol("bearer"),
        ],
        false,
    );
    for (sent, left) in [
        (
            vec![("x-token", "a"), ("x-token", "b"), ("x-other", "c")],
            vec![("x-other", "c")],
        ),
        (vec![("authorization", "Bearer a")], vec![]),
        (vec![("cookie", "token=a")], vec![]),
        (
            vec![("cookie", "x=1; token=a;y=\"2\"")],
            vec![("cookie", "x=1; y=\"2\"")],
        ),
        (vec![("cookie", "x=1;y=2")], vec![("cookie", "x=1;y=2")]),
        (
            vec![
                ("cookie", "token=a; x=1"),
                ("cookie", "token=b"),
                ("cookie", "y=2;z=3"),
            ],
            vec![("cookie", "x=1"), ("cookie", "y=2; z=3")],
        ),
        (
            vec![("cookie", "Token=a; token")],
            vec![("cookie", "Token=a; token")],
        ),
        (
            vec![("sec-websocket-protocol", "mcp, bearer, a, x")],
            vec![("sec-websocket-protocol", "mcp, bearer, x")],
        ),
        (
            vec![
                ("sec-websocket-protocol", "bearer"),
                ("sec-websocket-protocol", "a"),
            ],
            vec![("sec-websocket-protocol", "bearer")],
        ),
        (
            vec![("sec-websocket-protocol", "mcp,bearer")],
            vec![("sec-websocket-protocol", "mcp,bearer")],
        ),
    ] {
        let mut stripped = headers(&sent);
        finder.strip(&mut stripped);
        assert_eq!(stripped, headers(&left), "{sent:?}");
        let mut hidden = headers(&sent);
        finder.hide(&mut hidden);
        for (name, value) in &hidden {
            assert_eq!(value.is_sensitive(), name != "x-other", "{name}");
        }
    }
}

#[test]
fn field_f20_names_that_no_source_can_have() {
    for name in ["", "a b", "a=b", "a;b", "t\u{f6}ken", "a\n"] {
        for source in [
            TokenSource::header(name),
            TokenSource::cookie(name),
            TokenSource::websocket_protocol(name),
        ] {
            assert_eq!(source.place(), None, "{source:?}");
        }
    }
    for name in [
        "authorization",
        "Cookie",
        "DPoP",
        "host",
        "Sec-WebSocket-Protocol",
    ] {
        assert_eq!(TokenSource::header(name).place(), None, "{name}");
        assert!(TokenSource::cookie(name).place().is_some(), "{name}");
    }
}
