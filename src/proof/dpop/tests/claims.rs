//! Steps 9 to 13.

use super::*;
use ProofFault::{Malformed, MethodOrUrl, NotFresh, OtherToken};

/// Judges the good claims with one other member.
fn judge(setup: &Setup, member: &str, value: Value) -> Verdict {
    let claims = with(&claims(), &[(member, value)]);
    setup.judge(&setup.sign(&setup.header(), &claims))
}

/// The same for a claim that is written as JSON.
fn judge_text(setup: &Setup, member: &str, json: &str) -> Verdict {
    let claims = with(&claims(), &[(member, "PLACE".into())]).to_string();
    let claims = claims.replace("\"PLACE\"", json);
    let header = setup.header().to_string();
    setup.judge(&setup.client.sign_compact(&header, &claims))
}

#[test]
fn proof_claims_of_other_types() {
    let setup = Setup::new(Algorithm::ES256);
    assert_eq!(setup.judge(&setup.proof()), Ok(()));
    for member in ["jti", "htm", "htu", "ath"] {
        assert_eq!(
            judge(&setup, member, Value::Null),
            Err(Some(Malformed)),
            "{member}"
        );
        for json in ["null", "1", "[]", "{}", "true", "[\"POST\"]"] {
            let verdict = judge_text(&setup, member, json);
            assert_eq!(verdict, Err(Some(Malformed)), "{member} {json}");
        }
    }
    assert_eq!(judge(&setup, "iat", Value::Null), Err(Some(Malformed)));
    for member in ["iat", "exp", "nbf"] {
        for json in [
            "null",
            "\"1800000000\"",
            "[1800000000]",
            "true",
            "1e300",
            "1e400",
        ] {
            let verdict = judge_text(&setup, member, json);
            assert_eq!(verdict, Err(Some(Malformed)), "{member} {json}");
        }
    }
    for json in ["null", "1", "[\"a\"]"] {
        let verdict = judge_text(&setup, "nonce", json);
        assert_eq!(verdict, Err(Some(Malformed)), "nonce {json}");
    }
    for (member, value) in [
        ("nonce", json!("")),
        ("nonce", json!("a")),
        ("exp", json!(NOW + 60)),
        ("nbf", json!(NOW)),
        ("iss", json!(1)),
        ("sub", json!({"a": [null]})),
        ("aud", json!(["x"])),
    ] {
        assert_eq!(
            judge(&setup, member, value.clone()),
            Ok(()),
            "{member} {value}"
        );
    }
}

#[test]
fn proof_claims_that_are_no_object() {
    let setup = Setup::new(Algorithm::ES256);
    let good = claims().to_string();
    let judge = |claims: &str| {
        let proof = setup
            .client
            .sign_compact(&setup.header().to_string(), claims);
        setup.judge(&proof)
    };
    assert_eq!(judge(&good), Ok(()));
    let replaced = |from: &str, to: &str| good.replacen(from, to, 1);
    for (name, claims) in [
        ("a list", format!("[{good}]")),
        ("no JSON", "x".to_owned()),
        ("empty", String::new()),
        ("text behind", format!("{good}x")),
        ("a second object", format!("{good}{{}}")),
        (
            "htu twice",
            replaced("\"htu\"", "\"htu\":\"https://mcp.example.com/mcp\",\"htu\""),
        ),
        (
            "jti twice, once escaped",
            replaced("\"jti\"", "\"\\u006ati\":\"a\",\"jti\""),
        ),
        (
            "an unknown member twice",
            replaced("{", "{\"a\":1,\"a\":1,"),
        ),
        ("257 members", replaced("{", &format!("{{{}", members(252)))),
        (
            "1,025 values",
            replaced("{", &format!("{{\"l\":[{}],", vec!["0"; 1_024].join(","))),
        ),
        (
            "nested deep",
            replaced(
                "{",
                &format!("{{\"l\":{}{},", "[".repeat(200), "]".repeat(200)),
            ),
        ),
    ] {
        assert_eq!(judge(&claims), Err(Some(Malformed)), "{name}");
    }
    for (name, claims) in [
        ("256 members", replaced("{", &format!("{{{}", members(251)))),
        (
            "1,024 values",
            replaced("{", &format!("{{\"l\":[{}],", vec!["0"; 1_023].join(","))),
        ),
        ("spaces", format!(" {good} ")),
    ] {
        assert_eq!(judge(&claims), Ok(()), "{name}");
    }
    // Not UTF-8.
    let header = BASE64.encode(setup.header().to_string());
    let signed = format!("{header}.{}", BASE64.encode(b"{\"jti\":\"\xff\"}"));
    let signature = BASE64.encode(setup.client.sign(signed.as_bytes()));
    let verdict = setup.judge(&format!("{signed}.{signature}"));
    assert_eq!(verdict, Err(Some(Malformed)));
}

fn members(how_many: usize) -> String {
    (0..how_many).map(|n| format!("\"{n}\":0,")).collect()
}

#[test]
fn proof_jti() {
    let setup = Setup::new(Algorithm::ES256);
    for (jti, want) in [
        ("a".to_owned(), Ok(())),
        ("a".repeat(256), Ok(())),
        ("\u{e9}".repeat(128), Ok(())),
        (String::new(), Err(Some(Malformed))),
        ("a".repeat(257), Err(Some(Malformed))),
        ("\u{e9}".repeat(129), Err(Some(Malformed))),
    ] {
        assert_eq!(judge(&setup, "jti", jti.clone().into()), want, "{jti}");
    }
}

/// What a caller reads from a proof, also where it is spelled with escapes.
#[test]
fn proof_read() {
    let setup = Setup::new(Algorithm::ES256);
    let plain = with(&claims(), &[("nonce", "n-1".into())]).to_string();
    let escaped = plain
        .replace("n-1", "n\\u002d1")
        .replace("e1j3V", "\\u00651j3V")
        .replace("https://", "https:\\/\\/");
    assert_ne!(plain, escaped);
    for claims in [plain, escaped] {
        let proof = setup
            .client
            .sign_compact(&setup.header().to_string(), &claims);
        let checked = setup.accept(&proof, false);
        assert_eq!(checked.jti(), "e1j3V_bKic8-LAEB");
        assert_eq!(checked.nonce(), Some("n-1"));
        assert_eq!(checked.iat(), at(NOW));
        assert_eq!(*checked.jkt(), thumbprint(&setup.client.jwk()));
    }
    assert_eq!(setup.accept(&setup.proof(), false).nonce(), None);
}

/// RFC 9110 §9.1: case counts.
#[test]
fn proof_method() {
    let setup = Setup::new(Algorithm::ES256);
    for (method, htm, want) in [
        ("POST", "POST", Ok(())),
        ("HEAD", "HEAD", Ok(())),
        ("PURGE", "PURGE", Ok(())),
        ("POST", "GET", Err(Some(MethodOrUrl))),
        ("GET", "HEAD", Err(Some(MethodOrUrl))),
        ("POST", "post", Err(Some(MethodOrUrl))),
        ("POST", "", Err(Some(MethodOrUrl))),
        ("POST", "POST ", Err(Some(MethodOrUrl))),
    ] {
        let claims = with(&claims(), &[("htm", htm.into())]);
        let mut headers = headers(&[&setup.sign(&setup.header(), &claims)]);
        let expected = Expected { method, ..REQUEST };
        let check = |headers: &HeaderMap| {
            let checked = setup.checks.check(headers, &expected, at(NOW));
            checked.map(drop).map_err(fault)
        };
        assert_eq!(check(&headers), want, "{htm} for {method}");
        // No header says otherwise.
        headers.insert("x-http-method-override", HeaderValue::from_static("GET"));
        assert_eq!(check(&headers), want, "{htm} for {method}");
    }
}

/// More rows are in `htu`. Here: that the claim is compared, and what the log is told.
#[test]
fn proof_url() {
    let setup = Setup::new(Algorithm::ES256);
    let check = |htu: &str, path: Option<&str>| {
        let claims = with(&claims(), &[("htu", htu.into())]);
        let mut headers = headers(&[&setup.sign(&setup.header(), &claims)]);
        // Nothing of a request says where it arrived.
        for name in ["host", "x-forwarded-host", "x-original-host"] {
            headers.insert(name, HeaderValue::from_static("evil.example"));
        }
        let forwarded = "host=evil.example;proto=http";
        headers.insert("forwarded", HeaderValue::from_static(forwarded));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
        headers.insert("x-forwarded-prefix", HeaderValue::from_static("/svc1"));
        let expected = Expected { path, ..REQUEST };
        setup.checks.check(&headers, &expected, at(NOW)).map(drop)
    };
    let mismatch = |named: &str, expected: &str| {
        Err(ProofError::Fault {
            fault: MethodOrUrl,
            step: "htu is not the URL of the request",
            urls: Some(Box::new((named.to_owned(), expected.to_owned()))),
        })
    };
    let (url, path) = ("https://mcp.example.com/mcp", Some("/mcp"));
    assert_eq!(check(url, path), Ok(()));
    assert_eq!(check("https://mcp.example.com/mcp?a=b#c", path), Ok(()));
    for other in [
        "https://evil.example/mcp",
        "http://mcp.example.com/mcp",
        "https://mcp.example.com/svc1/mcp",
        "/mcp",
        "",
    ] {
        assert_eq!(check(other, path), mismatch(other, url), "{other}");
    }
    assert_eq!(
        check(url, Some("/other")),
        mismatch(url, "https://mcp.example.com/other")
    );
    let no_url = ProofError::new(MethodOrUrl, "the request target has no URL");
    assert_eq!(check(url, None), Err(no_url));
    // Escaped and cut.
    let odd = "https://a.example/\r\n\u{202e}";
    let shown = "https://a.example/\\r\\n\\u{202e}";
    assert_eq!(check(odd, path), mismatch(shown, url));
    let long = format!("https://a.example/{}", "x".repeat(1_000));
    assert_eq!(
        check(&long, path),
        mismatch(&format!("{}..", &long[..256]), url)
    );
    // The limit counts the query.
    let of_length = |length: usize| format!("{url}?{}", "q".repeat(length - url.len() - 1));
    assert_eq!(check(&of_length(2_048), path), Ok(()));
    let too_long = ProofError::malformed("htu is too long");
    assert_eq!(check(&of_length(2_049), path), Err(too_long));
}

/// SEP-1932 allows 300 seconds at most, with a nonce too.
#[test]
fn proof_iat() {
    let setup = Setup::new(Algorithm::ES256);
    for (iat, want) in [
        (json!(NOW), Ok(())),
        (json!(NOW as f64 + 0.5), Ok(())),
        (json!(NOW - 300), Ok(())),
        (json!(NOW + 300), Ok(())),
        (json!(NOW as f64 - 300.5), Err(Some(NotFresh))),
        (json!(NOW as f64 + 300.5), Err(Some(NotFresh))),
        (json!(NOW - 303), Err(Some(NotFresh))),
        (json!(NOW + 303), Err(Some(NotFresh))),
        (json!(NOW * 1_000), Err(Some(NotFresh))),
        (json!(0), Err(Some(NotFresh))),
        (json!(-1), Err(Some(NotFresh))),
        (json!(-(NOW as f64)), Err(Some(NotFresh))),
    ] {
        assert_eq!(judge(&setup, "iat", iat.clone()), want, "{iat}");
        let claims = with(&claims(), &[("iat", iat.clone()), ("nonce", "n".into())]);
        let verdict = setup.judge(&setup.sign(&setup.header(), &claims));
        assert_eq!(verdict, want, "{iat} with a nonce");
    }
}

/// RFC 7519 §4.1.4 and §4.1.5, with the window of 60 seconds.
#[test]
fn proof_exp_and_nbf() {
    let setup = Setup::new(Algorithm::ES256);
    for (member, seconds, want) in [
        ("exp", NOW + 1_000, Ok(())),
        ("exp", NOW, Ok(())),
        ("exp", NOW - 59, Ok(())),
        ("exp", NOW - 60, Err(Some(NotFresh))),
        ("exp", 0, Err(Some(NotFresh))),
        ("nbf", NOW - 1_000, Ok(())),
        ("nbf", NOW + 60, Ok(())),
        ("nbf", NOW + 61, Err(Some(NotFresh))),
    ] {
        assert_eq!(
            judge(&setup, member, seconds.into()),
            want,
            "{member} {seconds}"
        );
    }
}

/// The hash of the token as it came, in base64url.
#[test]
fn proof_ath() {
    let setup = Setup::new(Algorithm::ES256);
    assert_eq!(judge(&setup, "ath", ath(TOKEN).into()), Ok(()));
    let hash = hash(TOKEN);
    let standard = base64::engine::general_purpose::STANDARD.encode(hash);
    assert_eq!(
        standard.trim_end_matches('='),
        ath(TOKEN).replace('-', "+").replace('_', "/")
    );
    let text = ath(TOKEN);
    let (start, last) = text.split_at(42);
    for (name, value) in [
        ("of another token", ath(b"other")),
        ("without the last =", ath(&TOKEN[..TOKEN.len() - 1])),
        (
            "of the token with its scheme",
            ath(&[b"DPoP ", TOKEN].concat()),
        ),
        ("padded", ath(TOKEN) + "="),
        ("standard alphabet", standard),
        ("hex", hash.map(|octet| format!("{octet:02x}")).concat()),
        (
            "spare bits",
            format!("{start}{}", char::from(last.as_bytes()[0] + 1)),
        ),
        ("cut", start.to_owned()),
        ("empty", String::new()),
    ] {
        assert_eq!(
            judge(&setup, "ath", value.into()),
            Err(Some(OtherToken)),
            "{name}"
        );
    }
}

/// The hash that is kept with a cached token counts as the one that is computed.
#[test]
fn proof_ath_of_a_cached_token() {
    let setup = Setup::new(Algorithm::ES256);
    let headers = headers(&[&setup.proof()]);
    let (right, wrong) = (hash(TOKEN), hash(b"other"));
    for (ath, want) in [(&right, Ok(())), (&wrong, Err(Some(OtherToken)))] {
        let expected = Expected {
            token: b"",
            ath: Some(ath),
            ..REQUEST
        };
        let checked = setup.checks.check(&headers, &expected, at(NOW));
        assert_eq!(checked.map(drop).map_err(fault), want);
    }
}
