use super::*;
use crate::limits::{MAX_JSON_MEMBERS, MAX_JSON_VALUES};

#[test]
fn client_id_order() {
    let cases = [
        ("azp first", r#"{"azp":"a","client_id":"b"}"#, "a"),
        (
            "an origin in azp is no client",
            r#"{"azp":"https://app.example","client_id":"b"}"#,
            "b",
        ),
        (
            "an origin with a port neither",
            r#"{"azp":"http://localhost:3000","cid":"c"}"#,
            "c",
        ),
        (
            "a URL with a path is a client",
            r#"{"azp":"https://app.example/c.json"}"#,
            "https://app.example/c.json",
        ),
        (
            "empty is passed over",
            r#"{"azp":"","client_id":"","cid":"c","appid":"d"}"#,
            "c",
        ),
        (
            "a number is passed over",
            r#"{"azp":7,"client_id":["x"],"appid":"d"}"#,
            "d",
        ),
        ("escaped", r#"{"azp":"\u0061b"}"#, "ab"),
        ("never sub or aud", r#"{"sub":"s","aud":"a"}"#, ""),
    ];
    for (name, json, want) in cases {
        let claims = Claims::parse(json, &[]).unwrap();
        let client = claims.client().map_or("", |client| &**client);
        assert_eq!(client, want, "{name}");
    }
}

#[test]
fn scope_spellings() {
    let cases: [(&str, &str, &[&str]); 8] = [
        ("a string", r#"{"scope":"a b"}"#, &["a", "b"]),
        ("escaped", r#"{"scope":"\u0061\u0020b"}"#, &["a", "b"]),
        (
            "escaped in a list",
            r#"{"scope":["\u0061","b"]}"#,
            &["a", "b"],
        ),
        ("a list", r#"{"scope":["a","b"]}"#, &["a", "b"]),
        ("scp", r#"{"scp":["a"]}"#, &["a"]),
        ("both", r#"{"scp":"b c","scope":"a b"}"#, &["a", "b", "c"]),
        (
            "a list of lists in strings",
            r#"{"scope":["a b","c"]}"#,
            &["a", "b", "c"],
        ),
        ("neither", r"{}", &[]),
    ];
    for (name, json, want) in cases {
        let claims = Claims::parse(json, &[]).unwrap();
        let scopes: crate::base::scopes::ScopeSet = claims.scopes(&ScopeClaim::USUAL).collect();
        assert_eq!(scopes.as_slice(), want, "{name}");
    }
}

#[test]
fn what_a_caller_is_told() {
    let json = r#"{"iss":"i","exp":1,"aud":["a","b"]}"#;
    let claims = Claims::parse(json, &[]).unwrap();
    assert_eq!(claims.audience(), ["a", "b"]);
    let resource = |resource| {
        let spans = claims.spans(json, resource, &ScopeClaim::USUAL);
        match spans.unwrap().matched {
            Some(Span::At { start, end }) => json
                .get(start as usize..end as usize)
                .map(ToOwned::to_owned),
            Some(Span::Copy(text)) => Some(format!("copied {text}")),
            None => None,
        }
    };
    assert_eq!(resource(Some("a")).as_deref(), Some("a"));
    assert_eq!(resource(Some("b")).as_deref(), Some("b"));
    assert_eq!(
        resource(Some("c")).as_deref(),
        Some("copied c"),
        "another spelling"
    );
    assert_eq!(resource(None), None);
}

#[test]
fn no_more_values_than_are_read() {
    let list = |name: &str, values: usize| {
        format!(r#"{{"{name}":[{}]}}"#, vec!["\"a\""; values].join(","))
    };
    for (name, most) in [("scope", MAX_JSON_VALUES), ("x", MAX_JSON_VALUES - 1)] {
        assert!(Claims::parse(&list(name, most), &[]).is_ok(), "{name}");
        let more = Claims::parse(&list(name, most + 1), &[]).map(drop);
        assert_eq!(more, Err(TokenErrorKind::TooManyValues.into()), "{name}");
    }
    let fractions = |values: usize| format!(r#"{{"x":[{}]}}"#, vec!["0.5"; values].join(","));
    assert!(Claims::parse(&fractions((MAX_JSON_VALUES - 1) / 8), &[]).is_ok());
    assert!(Claims::parse(&fractions((MAX_JSON_VALUES - 1) / 8 + 1), &[]).is_err());
}

#[test]
fn lists_and_objects_inside_others_count_as_four_values() {
    for inner in ["[]", "{}"] {
        let nested = |values: usize| format!(r#"{{"x":[{}]}}"#, vec![inner; values].join(","));
        let most = (MAX_JSON_VALUES - 1) / 4;
        assert!(Claims::parse(&nested(most), &[]).is_ok(), "{inner}");
        let more = Claims::parse(&nested(most + 1), &[]).map(drop);
        assert_eq!(more, Err(TokenErrorKind::TooManyValues.into()), "{inner}");

        let beside = |values: usize| {
            let list = vec!["0"; values].join(",");
            format!(r#"{{"x":{inner},"y":[{list}]}}"#)
        };
        let most = MAX_JSON_VALUES - 2;
        assert!(Claims::parse(&beside(most), &[]).is_ok(), "{inner}");
        assert!(Claims::parse(&beside(most + 1), &[]).is_err(), "{inner}");
    }
}

#[test]
fn no_more_members_than_are_read() {
    let members = |how_many: usize| {
        let members: Vec<_> = (0..how_many).map(|n| format!(r#""{n}":0"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(Claims::parse(&members(MAX_JSON_MEMBERS), &[]).is_ok());
    let more = Claims::parse(&members(MAX_JSON_MEMBERS + 1), &[]).map(drop);
    assert_eq!(more, Err(TokenErrorKind::TooManyValues.into()));
}

#[test]
fn types_and_shape() {
    assert!(Claims::parse(r#"{"exp":1,"x":[[1e3,"\u00e9",null,true,{"a":{}}]]} "#, &[]).is_ok());
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let cases = [
        ("not JSON", "x", None),
        ("empty", "", None),
        ("a list", "[]", None),
        ("null", "null", None),
        ("trailing bytes", r#"{"exp":1}x"#, None),
        ("a second object", r#"{"exp":1}{}"#, None),
        ("a byte order mark", "\u{feff}{}", None),
        ("exp twice", r#"{"exp":1,"exp":1}"#, None),
        ("exp twice, once escaped", r#"{"exp":1,"\u0065xp":1}"#, None),
        ("an unknown member twice", r#"{"x":1,"y":1,"x":1}"#, None),
        ("a lone surrogate", r#"{"x":"\ud800"}"#, None),
        ("a lone surrogate in a name", r#"{"\ud800":1}"#, None),
        ("a number out of range", r#"{"x":1e400}"#, None),
        ("nested too deep", deep.as_str(), None),
        ("exp as a string", r#"{"exp":"1"}"#, Some("exp")),
        ("exp null", r#"{"exp":null}"#, Some("exp")),
        ("exp true", r#"{"exp":true}"#, Some("exp")),
        ("exp as a list", r#"{"exp":[1]}"#, Some("exp")),
        ("exp 1e400", r#"{"exp":1e400}"#, Some("exp")),
        (
            "exp 2^64",
            r#"{"exp":18446744073709551616}"#,
            Some("exp is out of range"),
        ),
        (
            "nbf -2^62",
            r#"{"nbf":-4611686018427387904}"#,
            Some("nbf is out of range"),
        ),
        ("iat 1e300", r#"{"iat":1e300}"#, Some("iat is out of range")),
        ("exp NaN", r#"{"exp":NaN}"#, Some("exp")),
        ("nbf as a string", r#"{"nbf":"1"}"#, Some("nbf")),
        ("iat as a string", r#"{"iat":"1"}"#, Some("iat")),
        ("iss as a list", r#"{"iss":["a"]}"#, Some("iss")),
        ("iss null", r#"{"iss":null}"#, Some("iss")),
        ("aud as an object", r#"{"aud":{}}"#, Some("aud")),
        ("aud with a number", r#"{"aud":["a",1]}"#, Some("aud")),
        ("sub as a number", r#"{"sub":1}"#, Some("sub")),
        ("jti as a number", r#"{"jti":1}"#, Some("jti")),
        ("scope as a number", r#"{"scope":1}"#, Some("scope")),
        ("scp as an object", r#"{"scp":{}}"#, Some("scp")),
        ("scope with a number", r#"{"scope":["a",1]}"#, Some("scope")),
    ];
    for (name, json, member) in cases {
        let want = TokenError::at(TokenErrorKind::MalformedClaims, member);
        assert_eq!(Claims::parse(json, &[]).map(drop), Err(want), "{name}");
    }
}
