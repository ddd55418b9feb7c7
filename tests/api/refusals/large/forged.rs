//! What a large token with a wrong signature, or with an unknown key, makes us do.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tower_jwt_auth::error::TokenErrorKind::{
    self, BadSignature, Expired, MalformedClaims, TooManyValues, UnknownKey, WrongAudience,
    WrongIssuer, WrongType,
};
use tower_jwt_auth::limits::MAX_JSON_VALUES;

use super::*;
use crate::support::{pass, seconds};

/// What stands at the start of the claims is told before the signature is looked at.
#[tokio::test]
async fn field_f09_a_large_forgery_is_refused_at_a_glance_or_for_its_signature() {
    let config = roomy().jwks(json!({"keys": all_keys()}));
    let verifier = JwtVerifier::new(config.build().unwrap());
    let many = vec!["0"; MAX_JSON_VALUES].join(",");
    let too_many = text(&[("x", &format!("[{many}]"))]);
    for (what, claims, of_the_issuer, of_a_forger) in [
        ("good", text(&[]), Ok(()), BadSignature),
        (
            "expired",
            text(&[("exp", "1799999400")]),
            Err(Expired),
            Expired,
        ),
        (
            "another issuer",
            text(&[("iss", &format!(r#""{STRANGER}""#))]),
            Err(WrongIssuer),
            WrongIssuer,
        ),
        (
            "another audience",
            text(&[("aud", &format!(r#""{STRANGER}""#))]),
            Err(WrongAudience),
            WrongAudience,
        ),
        (
            "many other audiences",
            text(&[("aud", &format!("[{}]", strangers()))]),
            Err(WrongAudience),
            BadSignature,
        ),
        (
            "a date that is none",
            text(&[("nbf", "{}")]),
            Err(MalformedClaims),
            BadSignature,
        ),
        (
            "a subject that is none",
            text(&[("sub", "1")]),
            Err(MalformedClaims),
            BadSignature,
        ),
        (
            "too many values",
            too_many,
            Err(TooManyValues),
            BadSignature,
        ),
    ] {
        let [front, end] = padded(&claims);
        for claims in [&front, &end] {
            let verdict = outcome(&verifier, &of_issuer(claims)).await;
            assert_eq!(verdict, of_the_issuer, "{what}");
        }
        let verdict = outcome(&verifier, &forged(&end)).await;
        assert_eq!(verdict, Err(of_a_forger), "{what}");
        let verdict = outcome(&verifier, &forged(&front)).await;
        assert_eq!(verdict, Err(BadSignature), "{what}, out of sight");
    }
    let id_token = with(header(), &json!({"typ": "id+jwt"}));
    for claims in padded(&text(&[])) {
        let token = world().es.sign_compact(&id_token.to_string(), &claims);
        assert_eq!(outcome(&verifier, &token).await, Err(WrongType));
        assert_eq!(
            outcome(&verifier, &resigned(&token, &[1; 64])).await,
            Err(WrongType)
        );
    }
}

/// How often a token that is judged at once allocates.
fn allocations(verifier: &JwtVerifier, token: &str, is_good: bool) -> u64 {
    let verify = || {
        let mut context = Context::from_waker(Waker::noop());
        let verified = pin!(verifier.verify(token)).poll(&mut context);
        let Poll::Ready(verdict) = verified else {
            panic!("it waits");
        };
        assert_eq!(verdict.is_ok(), is_good);
    };
    allocation_counter::measure(verify).count_total
}

/// Each value of these lists is an allocation where it is read. A forger makes us read the first
/// kibibyte, in which `aud` begins.
#[test]
fn field_f09_a_forger_makes_nobody_read_a_list() {
    let values: Vec<_> = (100..900).map(|n| format!(r#""\u0061{n}""#)).collect();
    let list = format!("[{}]", values.join(","));
    let audiences = format!(r#"["{RESOURCE}",{}]"#, values.join(","));
    for (name, value) in [
        ("scope", &list),
        ("scp", &list),
        ("roles", &list),
        ("aud", &audiences),
    ] {
        let verifier = rules().scope_claims(["scope", "scp", "roles"]);
        let verifier = verifier.jwks(json!({"keys": all_keys()})).build().unwrap();
        let verifier = JwtVerifier::new(verifier);
        let claims = text(&[(name, value)]);
        let read = allocations(&verifier, &of_issuer(&claims), true);
        assert!(read > 800, "{name}: {read}, nothing is counted");
        let passed_over = allocations(&verifier, &forged(&claims), false);
        assert!(passed_over < 120, "{name}: {passed_over}");
    }
}

/// A fault that stands behind everything that a glance reads.
fn faulty() -> [(&'static str, String, TokenErrorKind); 4] {
    let many = vec!["0"; MAX_JSON_VALUES].join(",");
    [
        ("a wrong type", text(&[("sub", "1")]), MalformedClaims),
        (
            "a number out of range",
            text(&[("x", "1e999")]),
            MalformedClaims,
        ),
        (
            "too many values",
            text(&[("x", &format!("[{many}]"))]),
            TooManyValues,
        ),
        (
            "many other audiences",
            text(&[("aud", &format!("[{}]", strangers()))]),
            WrongAudience,
        ),
    ]
}

/// Only a token that has passed every check before its signature may cause a fetch, large or not.
#[tokio::test(start_paused = true)]
async fn field_f09_a_large_token_with_a_fault_causes_no_fetch() {
    let (old, new) = (key("k"), key("k"));
    let memory = InMemoryIssuer::publishing(&[&old]);
    let source = memory.clone();
    let config = roomy().key_source(source);
    let verifier = JwtVerifier::new(config.build().unwrap());
    let header = |kid: &str| with(header(), &json!({"kid": kid})).to_string();
    // Not even the first one.
    for (what, claims, why) in faulty() {
        let [large, _] = padded(&claims);
        let token = old.sign_compact(&header("k"), &large);
        assert_eq!(outcome(&verifier, &token).await, Err(why), "{what}");
        pass(seconds(1)).await;
        assert_eq!(memory.fetches(), 0, "{what}");
    }
    let [good, _] = padded(&text(&[]));
    assert_eq!(
        outcome(&verifier, &old.sign_compact(&header("k"), &good)).await,
        Ok(())
    );
    assert_eq!(memory.fetches(), 1);
    // A key that nobody knows.
    for (what, claims, why) in faulty() {
        let [large, _] = padded(&claims);
        let token = new.sign_compact(&header("new"), &large);
        assert_eq!(outcome(&verifier, &token).await, Err(why), "{what}");
        assert_eq!(memory.fetches(), 1, "{what}");
    }
    let unknown = new.sign_compact(&header("new"), &good);
    assert_eq!(outcome(&verifier, &unknown).await, Err(UnknownKey));
    assert_eq!(memory.fetches(), 2);
    // A signature that fails: the key set is young, and no fetch is allowed for it.
    let resigned = |claims: &str| new.sign_compact(&header("k"), claims);
    for (what, claims, _) in faulty() {
        let [large, _] = padded(&claims);
        assert_eq!(
            outcome(&verifier, &resigned(&large)).await,
            Err(BadSignature),
            "{what}"
        );
    }
    assert_eq!(
        outcome(&verifier, &resigned(&good)).await,
        Err(BadSignature)
    );
    assert_eq!(memory.fetches(), 2);
    // It is older than the cooldown: a token without another fault causes a fetch.
    pass(seconds(31)).await;
    for (what, claims, why) in faulty() {
        let [large, _] = padded(&claims);
        assert_eq!(
            outcome(&verifier, &resigned(&large)).await,
            Err(why),
            "{what}"
        );
        assert_eq!(memory.fetches(), 2, "{what}");
    }
    memory.publish(&[&new]);
    assert_eq!(outcome(&verifier, &resigned(&good)).await, Ok(()));
    assert_eq!(memory.fetches(), 3);
}
