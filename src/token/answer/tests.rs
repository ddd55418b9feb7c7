//! One test for each step of `judge`, in its order. Long, because each member of an answer has
//! rows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::{Map, Value, json};

use super::*;
use crate::crypto::Algorithm;
use crate::token::policy::{AudienceRule, KeyProofs, Profile};
use crate::token::stages::verified_of_claims;
use crate::token::{ScopeClaim, TokenErrorKind as Kind};

const ISSUER: &str = "https://idp.example";
const RESOURCE: &str = "https://mcp.example/mcp";
const NOW: f64 = 1_700_000_000.0;
const HASH: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn rules() -> AnswerRules {
    AnswerRules {
        policy: ValidationPolicy {
            issuer: ISSUER.into(),
            audience: AudienceRule::AnyOf(vec![RESOURCE.to_owned()]),
            algorithms: vec![Algorithm::ES256],
            profile: Profile::Common,
            provider: None,
            leeway: Duration::from_secs(60),
            max_token_age: None,
            clients_without_audience: Vec::new(),
            scope_claims: ScopeClaim::USUAL.to_vec(),
            key_proofs: KeyProofs {
                dpop: true,
                mtls: false,
            },
        },
        options: Arc::new(ReadOptions {
            max_token_bytes: 16 * 1024,
            scope_claims: Vec::new(),
        }),
        allow_missing_audience: false,
        max_age: Duration::from_secs(60),
    }
}

fn good() -> Map<String, Value> {
    let answer = json!({
        "active": true, "iss": ISSUER, "aud": RESOURCE, "sub": "alice", "client_id": "app",
        "scope": "mcp:read", "token_type": "Bearer", "iat": NOW - 600.0, "exp": NOW + 600.0,
    });
    answer.as_object().unwrap().clone()
}

/// The good answer with other members; `None` removes one.
fn with(changed: &[(&str, Option<Value>)]) -> String {
    let mut answer = good();
    for (name, value) in changed {
        match value {
            Some(value) => answer.insert((*name).to_owned(), value.clone()),
            None => answer.remove(*name),
        };
    }
    Value::Object(answer).to_string()
}

fn date(seconds: f64) -> NumericDate {
    NumericDate::new(seconds).unwrap()
}

fn verdict_by(rules: &AnswerRules, json: &str) -> Result<Vouched, AnswerError> {
    judge(json.to_owned(), rules, None, date(NOW))
}

fn verdict(changed: &[(&str, Option<Value>)]) -> Result<(), AnswerError> {
    verdict_by(&rules(), &with(changed)).map(drop)
}

fn refused(kind: Kind, member: Option<&'static str>) -> Result<(), AnswerError> {
    Err(TokenError::at(kind, member).into())
}

fn fault(fault: AnswerFault) -> Result<(), AnswerError> {
    Err(fault.into())
}

#[test]
fn pop_i01_to_i04_active_is_a_boolean() {
    let inactive = refused(Kind::NotActive, None);
    let no_active = fault(AnswerFault::NoActive);
    assert_eq!(verdict(&[]), Ok(()));
    let minimal = verdict_by(&rules(), r#"{"active": false}"#);
    assert_eq!(minimal.map(drop), inactive, "I01");
    let rows = [
        (Some(json!(false)), inactive),
        (None, no_active),
        (Some(json!("true")), no_active),
        (Some(json!("false")), no_active),
        (Some(json!(1)), no_active),
        (Some(json!(null)), no_active),
        (Some(json!([true])), no_active),
    ];
    for (active, want) in rows {
        let row = [("active", active)];
        assert_eq!(verdict(&row), want, "{row:?}");
    }
    // What the other members hold no longer matters.
    let row = [("active", Some(json!(false))), ("exp", Some(json!("x")))];
    assert_eq!(verdict(&row), inactive);
    let rest = with(&[("active", None)]);
    for (one, other) in [(true, false), (false, true)] {
        let twice = rest.replacen('{', &format!(r#"{{"active":{one},"active":{other},"#), 1);
        let got = verdict_by(&rules(), &twice).map(drop);
        assert_eq!(got, fault(AnswerFault::NotAnObject), "I04");
    }
}

#[test]
fn pop_i12_what_is_no_object_is_a_fault() {
    let whole = with(&[]);
    let cut = &whole[..whole.len() - 2];
    let cut_in_aud = r#"{"active":true,"aud":["a"#;
    for text in [
        "",
        "null",
        "[]",
        "true",
        cut,
        cut_in_aud,
        &format!("{whole}x"),
        "\u{feff}{}",
    ] {
        let got = verdict_by(&rules(), text).map(drop);
        assert_eq!(got, fault(AnswerFault::NotAnObject), "{text}");
    }
}

#[test]
fn pop_i14_i15_i16_issuer_and_audience() {
    use Kind::{MalformedClaims, MissingClaim, WrongAudience, WrongIssuer};
    let prefix = &RESOURCE[..RESOURCE.len() - 1];
    let rows = [
        (
            "iss",
            Some(json!("https://other.example")),
            refused(WrongIssuer, None),
        ),
        (
            "iss",
            Some(json!("https://idp.example/")),
            refused(WrongIssuer, None),
        ),
        ("iss", Some(json!(7)), refused(MalformedClaims, Some("iss"))),
        ("iss", Some(json!(null)), Ok(())),
        ("iss", None, Ok(())),
        ("aud", None, refused(MissingClaim, Some("aud"))),
        (
            "aud",
            Some(json!(null)),
            refused(MalformedClaims, Some("aud")),
        ),
        ("aud", Some(json!(7)), refused(MalformedClaims, Some("aud"))),
        (
            "aud",
            Some(json!([RESOURCE, 7])),
            refused(MalformedClaims, Some("aud")),
        ),
        (
            "aud",
            Some(json!("https://other.example")),
            refused(WrongAudience, None),
        ),
        (
            "aud",
            Some(json!(["https://other.example"])),
            refused(WrongAudience, None),
        ),
        ("aud", Some(json!(prefix)), refused(WrongAudience, None)),
        ("aud", Some(json!([])), refused(WrongAudience, None)),
        (
            "aud",
            Some(json!(["https://other.example", RESOURCE])),
            Ok(()),
        ),
    ];
    for (name, value, want) in rows {
        let row = [(name, value)];
        assert_eq!(verdict(&row), want, "{row:?}");
    }
    let allowing = AnswerRules {
        allow_missing_audience: true,
        ..rules()
    };
    let without = verdict_by(&allowing, &with(&[("aud", None)])).unwrap();
    assert_eq!(without.verified.matched(), None);
    assert!(without.verified.audience().is_empty());
    let wrong = verdict_by(&allowing, &with(&[("aud", Some(json!("x")))]));
    assert_eq!(wrong.map(drop), refused(WrongAudience, None));
}

#[test]
fn pop_i17_i18_i19_times() {
    use Kind::{Expired, IssuedInTheFuture, NotYetValid};
    let rows = [
        ("exp", Some(json!(NOW - 60.0)), refused(Expired, None)),
        ("exp", Some(json!(NOW - 59.0)), Ok(())),
        ("exp", Some(json!(NOW - 59.5)), Ok(())),
        ("exp", None, Ok(())),
        (
            "exp",
            Some(json!("1")),
            fault(AnswerFault::WrongType("exp")),
        ),
        (
            "exp",
            Some(json!(null)),
            fault(AnswerFault::WrongType("exp")),
        ),
        ("nbf", Some(json!(NOW + 61.0)), refused(NotYetValid, None)),
        ("nbf", Some(json!(NOW + 60.0)), Ok(())),
        (
            "nbf",
            Some(json!(null)),
            fault(AnswerFault::WrongType("nbf")),
        ),
        (
            "nbf",
            Some(json!("1")),
            fault(AnswerFault::WrongType("nbf")),
        ),
        (
            "iat",
            Some(json!(NOW + 61.0)),
            refused(IssuedInTheFuture, None),
        ),
        (
            "iat",
            Some(json!(null)),
            fault(AnswerFault::WrongType("iat")),
        ),
        ("iat", None, Ok(())),
    ];
    for (name, value, want) in rows {
        let row = [(name, value)];
        assert_eq!(verdict(&row), want, "{row:?}");
    }
    let young = AnswerRules {
        policy: ValidationPolicy {
            max_token_age: Some(Duration::from_secs(100)),
            ..rules().policy
        },
        ..rules()
    };
    for (iat, want) in [
        (Some(json!(NOW - 159.0)), Ok(())),
        (Some(json!(NOW - 160.0)), refused(Kind::TooOld, None)),
        (None, refused(Kind::MissingClaim, Some("iat"))),
    ] {
        let json = with(&[("iat", iat)]);
        assert_eq!(verdict_by(&young, &json).map(drop), want, "{json}");
    }
}

#[test]
fn an_answer_without_exp_counts_for_max_age() {
    let open = verdict_by(&rules(), &with(&[("exp", None)])).unwrap();
    assert_eq!(open.verified.times().exp, date(NOW + 60.0));
    assert!(
        open.verified.not_after() >= NumericDate::FAR_FUTURE,
        "no stream ends"
    );
    assert_eq!(open.times.exp, NumericDate::FAR_FUTURE);
    let ending = verdict_by(&rules(), &with(&[])).unwrap();
    assert_eq!(ending.verified.times().exp, date(NOW + 600.0));
    assert_eq!(ending.verified.not_after(), date(NOW + 660.0));
}

#[test]
fn pop_i20_to_i23_only_access_tokens() {
    let jkt = || Some(json!({"jkt": HASH}));
    let wrong = |member| refused(Kind::WrongType, Some(member));
    for kind in [
        "refresh_token",
        "Refresh",
        "Offline",
        "ID",
        "id",
        "id_token",
        "REFRESH",
    ] {
        for member in ["token_use", "typ"] {
            let row = [(member, Some(json!(kind)))];
            assert_eq!(verdict(&row), wrong(member), "{row:?}");
        }
    }
    for (member, value) in [
        ("token_use", json!("access")),
        ("token_use", json!(null)),
        ("typ", json!("Bearer")),
        ("typ", json!("at+jwt")),
        ("typ", json!(7)),
        ("token_type", json!("bearer")),
        ("token_type", json!("ACCESS_TOKEN")),
        ("token_type", json!(null)),
    ] {
        let row = [(member, Some(value))];
        assert_eq!(verdict(&row), Ok(()), "{row:?}");
    }
    for kind in [
        json!("refresh_token"),
        json!("mac"),
        json!("N_A"),
        json!(""),
        json!(7),
    ] {
        let row = [("token_type", Some(kind))];
        assert_eq!(verdict(&row), wrong("token_type"), "{row:?}");
    }
    let dpop = ("token_type", Some(json!("dpop")));
    assert_eq!(
        verdict(std::slice::from_ref(&dpop)),
        wrong("token_type"),
        "I22"
    );
    assert_eq!(verdict(&[dpop, ("cnf", jkt())]), Ok(()));
    assert_eq!(verdict(&[("cnf", jkt())]), Ok(()));
}

#[test]
fn keys_to_prove() {
    let bound = verdict_by(&rules(), &with(&[("cnf", Some(json!({"jkt": HASH})))])).unwrap();
    let jkt = bound.verified.confirmation().and_then(Confirmation::jkt);
    assert_eq!(jkt, Some(HASH));
    for (cnf, want) in [
        (json!({"x5t#S256": HASH}), Kind::BoundToKey),
        (json!({}), Kind::UnsupportedConfirmation),
        (json!(null), Kind::UnsupportedConfirmation),
        (json!({"kid": "1"}), Kind::UnsupportedConfirmation),
    ] {
        let row = [("cnf", Some(cnf))];
        assert_eq!(verdict(&row), refused(want, None), "{row:?}");
    }
    let twice = with(&[]).replacen(
        '{',
        &format!(r#"{{"cnf":{{"jkt":"{HASH}","jkt":"{HASH}"}},"#),
        1,
    );
    let got = verdict_by(&rules(), &twice).map(drop);
    assert_eq!(got, fault(AnswerFault::NotAnObject));
}

#[test]
fn types_of_other_members() {
    let wrong = |member| fault(AnswerFault::WrongType(member));
    for (name, value, want) in [
        ("sub", json!(7), wrong("sub")),
        ("sub", json!(null), Ok(())),
        ("jti", json!([]), wrong("jti")),
        ("jti", json!(null), Ok(())),
        ("scope", json!(7), wrong("scope")),
        ("scope", json!(null), Ok(())),
        ("scope", json!(["mcp:read", "mcp:write"]), Ok(())),
        ("scp", json!({}), wrong("scp")),
        ("client_id", json!(7), Ok(())),
        ("username", json!(7), Ok(())),
        ("anything", json!({"a": [1.5, null]}), Ok(())),
    ] {
        let row = [(name, Some(value))];
        assert_eq!(verdict(&row), want, "{row:?}");
    }
    let most =
        |values: usize| json!({"active": true, "aud": RESOURCE, "x": vec![0; values]}).to_string();
    // `aud` and `x` count too.
    assert!(verdict_by(&rules(), &most(MAX_INTROSPECTION_VALUES - 2)).is_ok());
    let over = verdict_by(&rules(), &most(MAX_INTROSPECTION_VALUES - 1));
    assert_eq!(over.map(drop), fault(AnswerFault::TooManyValues));
}

#[test]
fn claims_that_hold_scopes() {
    let rules = AnswerRules {
        policy: ValidationPolicy {
            scope_claims: vec![ScopeClaim::Other(0)],
            ..rules().policy
        },
        options: Arc::new(ReadOptions {
            max_token_bytes: 16 * 1024,
            scope_claims: vec!["roles".to_owned()],
        }),
        ..rules()
    };
    for (roles, want) in [
        (Some(json!(["a"])), Ok(vec!["a".to_owned()])),
        (Some(json!(null)), Ok(Vec::new())),
        (None, Ok(Vec::new())),
        (
            Some(json!(7)),
            Err(AnswerFault::WrongType("scope_claims").into()),
        ),
    ] {
        let json = with(&[("roles", roles)]);
        let got = verdict_by(&rules, &json);
        let got = got.map(|vouched| vouched.verified.scopes().as_slice().to_vec());
        assert_eq!(got, want, "{json}");
    }
}

#[test]
fn pop_w21_what_the_service_sees() {
    let json = with(&[
        ("iss", None),
        ("scope", Some(json!(["a", "b"]))),
        ("department", Some(json!("x"))),
    ]);
    let verified = verdict_by(&rules(), &json).unwrap().verified;
    assert_eq!(verified.issuer(), ISSUER);
    assert_eq!(verified.client(), Some("app"));
    assert_eq!(verified.subject(), Some("alice"));
    assert_eq!(verified.matched(), Some(RESOURCE));
    assert_eq!(verified.audience(), [RESOURCE]);
    assert_eq!(verified.scopes().as_slice(), ["a", "b"]);
    assert_eq!(verified.payload(), json, "all members");
}

#[test]
fn an_answer_about_a_jwt_only_restricts_it() {
    let jwt = |more: Value| {
        let mut claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "alice", "scope": "a b c", "exp": NOW + 300.0,
            "iat": NOW - 10.0,
        });
        let members = claims.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        verified_of_claims(&claims.to_string()).unwrap()
    };
    let plain = jwt(json!({}));
    let judge_by = |answer: Value, jwt: &Verified| {
        judge(answer.to_string(), &rules(), Some(jwt), date(NOW)).map(|vouched| vouched.verified)
    };
    let bare = judge_by(json!({"active": true}), &plain).unwrap();
    assert_eq!(bare.payload(), plain.payload());
    assert_eq!(bare.scopes().as_slice(), ["a", "b", "c"]);
    assert_eq!(bare.matched(), Some(RESOURCE));
    assert_eq!(bare.not_after(), plain.not_after());

    for name in ["scope", "scp"] {
        let scopes = |scope: Value| {
            let verified = judge_by(json!({"active": true, name: scope}), &plain).unwrap();
            verified.scopes().as_slice().to_vec()
        };
        assert_eq!(scopes(json!("c d a")), ["a", "c"], "{name}");
        assert!(scopes(json!("")).is_empty(), "{name}");
        assert!(scopes(json!([])).is_empty(), "{name}");
    }

    let sooner = judge_by(json!({"active": true, "exp": NOW + 100.0}), &plain).unwrap();
    assert_eq!(sooner.not_after(), date(NOW + 160.0));
    let later = judge_by(json!({"active": true, "exp": NOW + 1000.0}), &plain).unwrap();
    assert_eq!(later.not_after(), plain.not_after());
    for (answer, want) in [
        (json!({"active": true, "aud": "x"}), Kind::WrongAudience),
        (json!({"active": true, "iss": "x"}), Kind::WrongIssuer),
        (json!({"active": true, "exp": NOW - 100.0}), Kind::Expired),
        (json!({"active": false}), Kind::NotActive),
    ] {
        let got = judge_by(answer, &plain).map(drop);
        assert_eq!(got, refused(want, None));
    }

    // The key of both must be proven.
    let other_hash = HASH.replace('A', "B");
    let bound = jwt(json!({"cnf": {"jkt": HASH}}));
    for (jwt, cnf, want) in [
        (&bound, None, Ok(Some(HASH.to_owned()))),
        (
            &plain,
            Some(json!({"jkt": HASH})),
            Ok(Some(HASH.to_owned())),
        ),
        (
            &bound,
            Some(json!({"jkt": HASH})),
            Ok(Some(HASH.to_owned())),
        ),
        (
            &bound,
            Some(json!({"jkt": other_hash})),
            Err(AnswerError::from(Kind::UnsupportedConfirmation)),
        ),
    ] {
        let mut answer = json!({"active": true});
        if let Some(cnf) = cnf {
            answer["cnf"] = cnf;
        }
        let got = judge_by(answer, jwt);
        let jkt = |it: Arc<Verified>| it.confirmation()?.jkt().map(ToOwned::to_owned);
        assert_eq!(got.map(jkt), want);
    }
}
