use super::*;

mod profiles;

const NOW: f64 = 1_700_000_000.0;

const ISSUER: &str = "https://idp.example.com";

fn policy() -> ValidationPolicy {
    ValidationPolicy {
        issuer: ISSUER.into(),
        audience: AudienceRule::AnyOf(vec!["https://mcp.example/mcp".to_owned()]),
        algorithms: vec![Algorithm::ES256],
        profile: Profile::Common,
        provider: None,
        leeway: Duration::ZERO,
        max_token_age: None,
        clients_without_audience: Vec::new(),
        scope_claims: ScopeClaim::USUAL.to_vec(),
        key_proofs: KeyProofs::default(),
    }
}

/// The verdict on a valid token with some claims replaced (JSON text) or removed (empty).
fn verdict(
    policy: &ValidationPolicy,
    header: &str,
    changed: &[(&str, &str)],
) -> Result<(), TokenErrorKind> {
    let mut claims = vec![
        ("iss", r#""https://idp.example.com""#),
        ("aud", r#""https://mcp.example/mcp""#),
        ("exp", "1700000300"),
    ];
    claims.retain(|(name, _)| !changed.iter().any(|(c, _)| c == name));
    claims.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
    let json = claims
        .iter()
        .map(|(n, v)| format!("{n:?}:{v}"))
        .collect::<Vec<_>>()
        .join(",");
    let json = format!("{{{json}}}");
    let claims = Claims::parse(&json, &[]).map_err(|e| e.kind())?;
    let header = Header::parse(header).map_err(|e| e.kind())?;
    let now = NumericDate::new(NOW).unwrap();
    policy
        .check(&header, &claims, now)
        .map(drop)
        .map_err(|e| e.kind())
}

const HEADER: &str = r#"{"alg":"ES256"}"#;

#[test]
fn audience_and_issuer() {
    use TokenErrorKind::{MalformedClaims, MissingClaim, WrongAudience, WrongIssuer};
    let cases = [
        ("aud", r#""https://mcp.example/mcp""#, Ok(())),
        ("aud", r#"["https://a","https://mcp.example/mcp"]"#, Ok(())),
        ("aud", r#""http://mcp.example/mcp""#, Err(WrongAudience)),
        ("aud", r#""https://mcp.example/mcp/""#, Err(WrongAudience)),
        ("aud", r#""https://MCP.example/mcp""#, Err(WrongAudience)),
        (
            "aud",
            r#""https://mcp.example:443/mcp""#,
            Err(WrongAudience),
        ),
        // `starts_with` would accept this one, `contains` the next.
        (
            "aud",
            r#""https://mcp.example/mcp-evil""#,
            Err(WrongAudience),
        ),
        ("aud", r#""x https://mcp.example/mcp""#, Err(WrongAudience)),
        ("aud", "[]", Err(WrongAudience)),
        ("aud", r#"[""]"#, Err(WrongAudience)),
        ("aud", "null", Err(MalformedClaims)),
        ("aud", "", Err(MissingClaim)),
        ("iss", r#""https://idp.example.com""#, Ok(())),
        ("iss", r#""https://idp.example.com/""#, Err(WrongIssuer)),
        ("iss", r#""https://IDP.example.com""#, Err(WrongIssuer)),
        ("iss", r#""http://idp.example.com""#, Err(WrongIssuer)),
        ("iss", r#""https://idp.example.com.evil""#, Err(WrongIssuer)),
        ("iss", r#""https://idp.example.com@evil""#, Err(WrongIssuer)),
        (
            "iss",
            r#"["https://idp.example.com"]"#,
            Err(MalformedClaims),
        ),
        ("iss", "", Err(MissingClaim)),
    ];
    for (claim, value, want) in cases {
        assert_eq!(
            verdict(&policy(), HEADER, &[(claim, value)]),
            want,
            "{claim}: {value}"
        );
    }
}

#[test]
fn times() {
    use TokenErrorKind::{
        Expired, InconsistentTimes, IssuedInTheFuture, MalformedClaims, MissingClaim, NotYetValid,
    };
    let exact = policy();
    let lenient = ValidationPolicy {
        leeway: Duration::from_secs(60),
        ..policy()
    };
    let cases: &[(&ValidationPolicy, &[(&str, &str)], _)] = &[
        (&exact, &[("exp", "1700000001")], Ok(())),
        (&exact, &[("exp", "1700000000")], Err(Expired)),
        (&exact, &[("exp", "1700000000.1")], Ok(())),
        (&exact, &[("exp", "1699999999.9")], Err(Expired)),
        (&exact, &[("exp", "17000000001e-1")], Ok(())),
        (&exact, &[("exp", "")], Err(MissingClaim)),
        (&exact, &[("exp", "0")], Err(Expired)),
        (&exact, &[("exp", "-0.0")], Err(Expired)),
        (&exact, &[("exp", "-1")], Err(Expired)),
        (&exact, &[("exp", "1e308")], Err(MalformedClaims)),
        (
            &exact,
            &[("exp", "9223372036854775807")],
            Err(MalformedClaims),
        ),
        (&exact, &[("exp", "9007199254740991")], Ok(())),
        (&lenient, &[("exp", "1699999941")], Ok(())),
        (&lenient, &[("exp", "1699999940")], Err(Expired)),
        (&exact, &[("nbf", "1700000000")], Ok(())),
        (&exact, &[("nbf", "1700000000.5")], Err(NotYetValid)),
        (&lenient, &[("nbf", "1700000060")], Ok(())),
        (&lenient, &[("nbf", "1700000061")], Err(NotYetValid)),
        (&exact, &[("iat", "1700000000")], Ok(())),
        (&exact, &[("iat", "1700000001")], Err(IssuedInTheFuture)),
        (&lenient, &[("iat", "1700000060")], Ok(())),
        (&lenient, &[("iat", "1700000061")], Err(IssuedInTheFuture)),
        (
            &lenient,
            &[("exp", "1700000010"), ("nbf", "1700000010")],
            Ok(()),
        ),
        (
            &lenient,
            &[("exp", "1700000010"), ("nbf", "1700000011")],
            Err(InconsistentTimes),
        ),
        (
            &lenient,
            &[("exp", "1700000010"), ("iat", "1700000011")],
            Err(InconsistentTimes),
        ),
    ];
    for (policy, changed, want) in cases {
        assert_eq!(
            verdict(policy, HEADER, changed),
            *want,
            "{changed:?}, leeway {:?}",
            policy.leeway
        );
    }
}

#[test]
fn header_rules() {
    use TokenErrorKind::{AlgorithmNotAllowed, WrongType};
    let strict = ValidationPolicy {
        profile: Profile::Rfc9068,
        ..policy()
    };
    let full = [
        ("sub", r#""s""#),
        ("client_id", r#""c""#),
        ("jti", r#""j""#),
        ("iat", "1700000000"),
    ];
    let cases = [
        (r#"{"alg":"ES256"}"#, Ok(()), Err(WrongType)),
        (r#"{"alg":"ES256","typ":"JWT"}"#, Ok(()), Err(WrongType)),
        (r#"{"alg":"ES256","typ":"jwt"}"#, Ok(()), Err(WrongType)),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, Ok(()), Ok(())),
        (r#"{"alg":"ES256","typ":"AT+JWT"}"#, Ok(()), Ok(())),
        (
            r#"{"alg":"ES256","typ":"Application/at+jwt"}"#,
            Ok(()),
            Ok(()),
        ),
        (
            r#"{"alg":"ES256","typ":"application/jwt"}"#,
            Err(WrongType),
            Err(WrongType),
        ),
        (
            r#"{"alg":"ES256","typ":""}"#,
            Err(WrongType),
            Err(WrongType),
        ),
        (
            r#"{"alg":"ES256","typ":"dpop+jwt"}"#,
            Err(WrongType),
            Err(WrongType),
        ),
        (
            r#"{"alg":"ES256","typ":"logout+jwt"}"#,
            Err(WrongType),
            Err(WrongType),
        ),
        (
            r#"{"alg":"ES256","typ":"oauth-id-jag+jwt"}"#,
            Err(WrongType),
            Err(WrongType),
        ),
        (
            r#"{"alg":"ES384","typ":"at+jwt"}"#,
            Err(AlgorithmNotAllowed),
            Err(AlgorithmNotAllowed),
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt"}"#,
            Err(AlgorithmNotAllowed),
            Err(AlgorithmNotAllowed),
        ),
    ];
    for (header, common, rfc9068) in cases {
        assert_eq!(verdict(&policy(), header, &full), common, "{header}");
        assert_eq!(verdict(&strict, header, &full), rfc9068, "{header}, strict");
    }
}

#[test]
fn tokens_that_are_bound_to_a_key() {
    use TokenErrorKind::{BoundToKey, MalformedClaims, UnsupportedConfirmation};
    let hash = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let jkt = format!(r#"{{"jkt":"{hash}"}}"#);
    let x5t = format!(r#"{{"x5t#S256":"{hash}"}}"#);
    let both = format!(r#"{{"jkt":"{hash}","x5t#S256":"{hash}"}}"#);
    let policies = [
        KeyProofs::default(),
        KeyProofs {
            dpop: true,
            mtls: false,
        },
        KeyProofs {
            dpop: false,
            mtls: true,
        },
        KeyProofs {
            dpop: true,
            mtls: true,
        },
    ];
    let verdicts = |cnf: &str| {
        policies.map(|key_proofs| {
            let policy = ValidationPolicy {
                key_proofs,
                ..policy()
            };
            verdict(&policy, HEADER, &[("cnf", cnf)])
        })
    };
    let bound = Err(BoundToKey);
    assert_eq!(verdicts(&jkt), [bound, Ok(()), bound, Ok(())]);
    assert_eq!(verdicts(&x5t), [bound, bound, Ok(()), Ok(())]);
    assert_eq!(verdicts(&both), [bound, bound, bound, Ok(())]);
    // What another member means is not known, but the key is proven (W25).
    let more = format!(r#"{{"jkt":"{hash}","kc-jkt-type":1,"new":{{"a":[1]}}}}"#);
    assert_eq!(verdicts(&more), [bound, Ok(()), bound, Ok(())]);

    let unusable = [
        "null".to_owned(),
        "7".to_owned(),
        r#""text""#.to_owned(),
        format!(r#"["{hash}"]"#),
        "{}".to_owned(),
        r#"{"new":"x"}"#.to_owned(),
        r#"{"jkt":1}"#.to_owned(),
        r#"{"jkt":null}"#.to_owned(),
        r#"{"jkt":""}"#.to_owned(),
        format!(r#"{{"jkt":"{hash}="}}"#),
        // The last character has two spare bits, which must be zero.
        format!(r#"{{"jkt":"{}J"}}"#, &hash[..42]),
        format!(r#"{{"jkt":"{}"}}"#, &hash[..42]),
        format!(r#"{{"jkt":"{}"}}"#, hash.replace('-', "+")),
        // SHA-1 and SHA-512 of the same length of text do not exist.
        r#"{"jkt":"47DEQpj8HBSa-_TImW-5JCeuQeQ"}"#.to_owned(),
        format!(r#"{{"x5t#S256":"{hash}="}}"#),
        format!(r#"{{"x5t":"{hash}"}}"#),
        format!(r#"{{"x5t#S512":"{hash}"}}"#),
        r#"{"kid":"1"}"#.to_owned(),
        format!(r#"{{"jkt":"{hash}","x5t#S256":""}}"#),
    ];
    let beside = [
        "jwk", "jwe", "jku", "kid", "osc", "ckt", "x5t", "x5u", "x5c",
    ]
    .map(|name| format!(r#"{{"jkt":"{hash}","{name}":"x"}}"#));
    for cnf in unusable.iter().chain(&beside) {
        assert_eq!(verdicts(cnf), [Err(UnsupportedConfirmation); 4], "{cnf}");
    }
    for cnf in [
        format!(r#"{{"jkt":"{hash}","jkt":"{hash}"}}"#),
        format!(r#"{{"jkt":"{hash}","a":1,"a":1}}"#),
    ] {
        assert_eq!(verdicts(&cnf), [Err(MalformedClaims); 4], "{cnf}");
    }
    assert_eq!(verdict(&policy(), HEADER, &[("cnfx", "{}")]), Ok(()));
}

#[test]
fn any_audience_still_wants_one() {
    let any = ValidationPolicy {
        audience: AudienceRule::Any,
        ..policy()
    };
    assert_eq!(verdict(&any, HEADER, &[("aud", r#""elsewhere""#)]), Ok(()));
    assert_eq!(
        verdict(&any, HEADER, &[("aud", "")]),
        Err(TokenErrorKind::MissingClaim)
    );
    assert_eq!(
        verdict(&any, HEADER, &[("aud", "[]")]),
        Err(TokenErrorKind::WrongAudience)
    );
}

#[test]
fn n86_max_token_age() {
    use TokenErrorKind::{IssuedInTheFuture, MissingClaim, TooOld};
    let hour = ValidationPolicy {
        max_token_age: Some(Duration::from_secs(3600)),
        ..policy()
    };
    let lenient = ValidationPolicy {
        leeway: Duration::from_secs(60),
        ..hour.clone()
    };
    let cases: [(&ValidationPolicy, &str, _); 9] = [
        (&hour, "1700000000", Ok(())),
        (&hour, "1699996401", Ok(())),
        (&hour, "1699996400", Err(TooOld)),
        (&hour, "1699996400.5", Ok(())),
        (&hour, "-1", Err(TooOld)),
        (&hour, "1700000001", Err(IssuedInTheFuture)),
        (&hour, "", Err(MissingClaim)),
        (&lenient, "1699996341", Ok(())),
        (&lenient, "1699996340", Err(TooOld)),
    ];
    for (policy, iat, want) in cases {
        assert_eq!(verdict(policy, HEADER, &[("iat", iat)]), want, "{iat}");
    }
    assert_eq!(verdict(&policy(), HEADER, &[("iat", "-1")]), Ok(()));
}
