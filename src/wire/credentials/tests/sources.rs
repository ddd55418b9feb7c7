//! Tokens in other places than `Authorization`, as the configuration lists them.

use super::*;
use crate::wire::token_source::TokenSource;

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

/// The log tells what is wrong with a header that is looked at.
#[test]
fn a_fault_is_one_of_a_source() {
    let headers = headers(&[("authorization", "a.b.c")]);
    let (cookie, authorization) = (TokenSource::cookie("token"), TokenSource::authorization());
    let without = of(std::slice::from_ref(&cookie), false);
    assert_eq!(without.fault(&headers), None);
    let with = of(&[cookie, authorization], false);
    assert!(with.fault(&headers).is_some());
    assert_eq!(with.fault(&headers), OFF.fault(&headers));
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
