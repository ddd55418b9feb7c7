//! Profiles and rules of one provider: RFC 9068, Cognito and Keycloak.

use super::*;

#[test]
fn required_by_rfc9068() {
    let strict = ValidationPolicy {
        profile: Profile::Rfc9068,
        ..policy()
    };
    let header = r#"{"alg":"ES256","typ":"at+jwt"}"#;
    let full = [
        ("sub", r#""s""#),
        ("client_id", r#""c""#),
        ("jti", r#""j""#),
        ("iat", "1700000000"),
    ];
    assert_eq!(verdict(&strict, header, &full), Ok(()));
    for (without, _) in full {
        let rest: Vec<_> = full
            .into_iter()
            .filter(|(name, _)| *name != without)
            .collect();
        assert_eq!(
            verdict(&strict, header, &rest),
            Err(TokenErrorKind::MissingClaim),
            "{without}"
        );
        assert_eq!(verdict(&policy(), header, &rest), Ok(()), "{without}");
    }
}

#[test]
fn pop_p94_keycloak_names_the_type_by_the_binding() {
    let keycloak = ValidationPolicy {
        provider: Some(ProviderRule::Keycloak),
        key_proofs: KeyProofs {
            dpop: true,
            mtls: true,
        },
        ..policy()
    };
    let hash = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let jkt = format!(r#"{{"jkt":"{hash}"}}"#);
    let x5t = format!(r#"{{"x5t#S256":"{hash}"}}"#);
    let wrong = Err(TokenErrorKind::WrongType);
    let cases = [
        ("", r#""Bearer""#, Ok(())),
        ("", r#""DPoP""#, wrong),
        (&jkt, r#""DPoP""#, Ok(())),
        (&jkt, r#""Bearer""#, wrong),
        (&x5t, r#""Bearer""#, Ok(())),
        (&x5t, r#""DPoP""#, wrong),
    ];
    for (cnf, typ, want) in cases {
        let claims = [("cnf", cnf), ("typ", typ)];
        assert_eq!(verdict(&keycloak, HEADER, &claims), want, "{cnf} {typ}");
    }
}

#[test]
fn cognito_access_tokens() {
    use TokenErrorKind::{MissingClaim, WrongAudience, WrongClient, WrongType};
    let cognito = ValidationPolicy {
        clients_without_audience: vec!["app-1".to_owned(), "app-2".to_owned()],
        provider: Some(ProviderRule::Cognito {
            client_ids: vec!["app-1".to_owned(), "app-2".to_owned()],
        }),
        ..policy()
    };
    let good = [
        ("aud", ""),
        ("client_id", r#""app-2""#),
        ("token_use", r#""access""#),
    ];
    let cases = [
        ("client_id", r#""app-1""#, Ok(())),
        ("client_id", r#""app-3""#, Err(WrongClient)),
        ("client_id", r#""app-""#, Err(WrongClient)),
        ("client_id", "", Err(MissingClaim)),
        ("token_use", r#""id""#, Err(WrongType)),
        ("token_use", r#""Access""#, Err(WrongType)),
        ("token_use", "", Err(MissingClaim)),
        ("token_use", "true", Err(MissingClaim)),
        // A token with `aud` is valid only for the resource that `aud` names.
        ("aud", r#""https://mcp.example/mcp""#, Ok(())),
        ("aud", r#""https://other.example""#, Err(WrongAudience)),
        ("aud", "[]", Err(WrongAudience)),
    ];
    assert_eq!(verdict(&cognito, HEADER, &good), Ok(()));
    assert_eq!(verdict(&policy(), HEADER, &good), Err(MissingClaim));
    for (claim, value, want) in cases {
        let changed = good.map(|(name, old)| (name, if name == claim { value } else { old }));
        assert_eq!(
            verdict(&cognito, HEADER, &changed),
            want,
            "{claim}: {value}"
        );
    }
    for (client, want) in [(r#""app-2""#, Ok(())), (r#""app-3""#, Err(WrongClient))] {
        let with_audience = [
            ("aud", r#""https://mcp.example/mcp""#),
            ("client_id", client),
            ("token_use", r#""access""#),
        ];
        let verdict = verdict(&cognito, HEADER, &with_audience);
        assert_eq!(verdict, want, "with aud: {client}");
    }
}

#[test]
fn field_f05_tokens_without_audience() {
    use TokenErrorKind::{MissingClaim, WrongAudience};
    let listed = ValidationPolicy {
        clients_without_audience: vec!["c1".to_owned(), "c2".to_owned()],
        ..policy()
    };
    let cases: [(&[(&str, &str)], _); 15] = [
        (&[("aud", ""), ("client_id", r#""c1""#)], Ok(())),
        (&[("aud", ""), ("azp", r#""c1""#)], Ok(())),
        (&[("aud", ""), ("cid", r#""c2""#)], Ok(())),
        (&[("aud", ""), ("appid", r#""c2""#)], Ok(())),
        (
            &[("aud", ""), ("azp", r#""c1""#), ("client_id", r#""c2""#)],
            Ok(()),
        ),
        (
            &[("aud", ""), ("azp", r#""c1""#), ("client_id", r#""other""#)],
            Err(MissingClaim),
        ),
        (
            &[("aud", ""), ("azp", r#""other""#), ("client_id", r#""c1""#)],
            Err(MissingClaim),
        ),
        // An origin is no client, and says nothing.
        (
            &[
                ("aud", ""),
                ("azp", r#""https://app.example""#),
                ("client_id", r#""c1""#),
            ],
            Ok(()),
        ),
        (&[("aud", ""), ("client_id", r#""C1""#)], Err(MissingClaim)),
        (&[("aud", ""), ("client_id", r#""c""#)], Err(MissingClaim)),
        (
            &[("aud", ""), ("client_id", r#"["c1"]"#)],
            Err(MissingClaim),
        ),
        (&[("aud", ""), ("sub", r#""c1""#)], Err(MissingClaim)),
        (&[("aud", "")], Err(MissingClaim)),
        // A token with an audience must name this server, whoever its client is.
        (
            &[("aud", r#""https://other""#), ("client_id", r#""c1""#)],
            Err(WrongAudience),
        ),
        (
            &[("aud", "[]"), ("client_id", r#""c1""#)],
            Err(WrongAudience),
        ),
    ];
    for (changed, want) in cases {
        assert_eq!(verdict(&listed, HEADER, changed), want, "{changed:?}");
    }
    let good = [("aud", ""), ("client_id", r#""c1""#)];
    assert_eq!(verdict(&policy(), HEADER, &good), Err(MissingClaim));
}

#[test]
fn keycloak_access_tokens() {
    use TokenErrorKind::{MissingClaim, WrongType};
    let keycloak = ValidationPolicy {
        provider: Some(ProviderRule::Keycloak),
        ..policy()
    };
    let cases = [
        (r#""Bearer""#, Ok(())),
        (r#""bearer""#, Err(WrongType)),
        (r#""ID""#, Err(WrongType)),
        (r#""Refresh""#, Err(WrongType)),
        (r#""Logout""#, Err(WrongType)),
        (r#"["Bearer"]"#, Err(MissingClaim)),
        ("", Err(MissingClaim)),
    ];
    for (typ, want) in cases {
        assert_eq!(verdict(&keycloak, HEADER, &[("typ", typ)]), want, "{typ}");
        assert_eq!(verdict(&policy(), HEADER, &[("typ", typ)]), Ok(()), "{typ}");
    }
}
