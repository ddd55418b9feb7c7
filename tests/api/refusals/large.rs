//! FIELD F09: a token whose claims are large is read in full after its signature, not before. That
//! changes what a forger costs, and no verdict on a token of the issuer.

mod forged;
mod verdicts;

use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::error::TokenErrorKind::{BadSignature, Expired, MalformedClaims};
use tower_jwt_auth::limits::MAX_CONFIGURED_TOKEN_BYTES;
use tower_jwt_auth::test_util::internal::unix;

use super::*;
use crate::support::issuer_in_memory::key;

const STRANGER: &str = "https://other.example";

/// A member that no check reads. With it, claims are large.
fn padding() -> String {
    let groups: Vec<_> = (0..500).map(|n| format!(r#""group-{n}""#)).collect();
    format!(r#""groups":[{}]"#, groups.join(","))
}

/// Claims that are good under all rules here, as text. Each change is a name and its JSON; a name
/// without JSON is left out.
fn text(changes: &[(&str, &str)]) -> String {
    let usual = with(
        claims(),
        &json!({
            "client_id": "listed", "iat": NOW as u64 - 10, "jti": "1", "sub": "alice",
            "token_use": "access", "typ": "Bearer",
        }),
    );
    let usual = usual.as_object().unwrap().iter();
    let usual = usual.map(|(name, value)| (name.clone(), value.to_string()));
    let kept = usual.filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    let changes = changes.iter().filter(|(_, json)| !json.is_empty());
    let changes = changes.map(|(name, json)| ((*name).to_owned(), (*json).to_owned()));
    let all = kept.chain(changes);
    let all: Vec<_> = all
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    format!("{{{}}}", all.join(","))
}

/// The same claims with the padding at the front, and at the end.
fn padded(claims: &str) -> [String; 2] {
    let padding = padding();
    let front = claims.replacen('{', &format!("{{{padding},"), 1);
    let end = match claims.rsplit_once('}') {
        Some((start, rest)) => format!("{start},{padding}}}{rest}"),
        None => format!("{claims},{padding}"),
    };
    [front, end]
}

/// The usual rules, with room for more values than are read.
fn roomy() -> JwtAuthConfigBuilder {
    rules().max_token_bytes(MAX_CONFIGURED_TOKEN_BYTES)
}

fn of_issuer(claims: &str) -> String {
    world().es.sign_compact(&header().to_string(), claims)
}

/// With a signature that is not the issuer's.
fn forged(claims: &str) -> String {
    resigned(&of_issuer(claims), &[1; 64])
}

/// Many members of `aud`, none of which is ours.
fn strangers() -> String {
    let names: Vec<_> = (0..60).map(|n| format!(r#""{STRANGER}/{n}""#)).collect();
    names.join(",")
}

/// No token has two issuers, wherever it names the second.
#[tokio::test]
async fn field_f09_an_issuer_that_is_named_twice() {
    let (ours, theirs) = (key("k"), key("k"));
    let config = rules_of_two(&ours, &theirs);
    let verifier = JwtVerifier::new(config.build().unwrap());
    let header = json!({"alg": "ES256", "kid": "k"}).to_string();
    let usual = text(&[]);
    let of = |issuer: &str| text(&[("iss", &format!(r#""{issuer}""#))]);
    for large in padded(&of(ISSUER)) {
        assert_eq!(
            outcome(&verifier, &ours.sign_compact(&header, &large)).await,
            Ok(())
        );
        let forged = theirs.sign_compact(&header, &large);
        assert_eq!(outcome(&verifier, &forged).await, Err(BadSignature));
    }
    for large in padded(&of(STRANGER)) {
        assert_eq!(
            outcome(&verifier, &theirs.sign_compact(&header, &large)).await,
            Ok(())
        );
    }
    let nested = format!(r#""x":{{"iss":"{STRANGER}"}},"y":[{{"iss":"{STRANGER}"}}]"#);
    for member in [
        format!(r#""iss":"{STRANGER}""#),
        format!(r#""\u0069\u0073\u0073":"{STRANGER}""#),
    ] {
        for claims in [
            usual.replacen('{', &format!("{{{member},"), 1),
            usual.replacen('}', &format!(",{member}}}"), 1),
        ] {
            for large in padded(&claims) {
                for key in [&ours, &theirs] {
                    let token = key.sign_compact(&header, &large);
                    assert_eq!(
                        outcome(&verifier, &token).await,
                        Err(MalformedClaims),
                        "{member}"
                    );
                }
            }
        }
    }
    for claims in [
        usual.replacen('{', &format!("{{{nested},"), 1),
        usual.replacen('}', &format!(",{nested}}}"), 1),
    ] {
        for large in padded(&claims) {
            assert_eq!(
                outcome(&verifier, &ours.sign_compact(&header, &large)).await,
                Ok(())
            );
            let forged = theirs.sign_compact(&header, &large);
            assert_eq!(outcome(&verifier, &forged).await, Err(BadSignature));
        }
    }
}

/// The first is at the start, where a glance finds it, and the second is not.
#[tokio::test]
async fn field_f09_a_second_issuer_out_of_sight() {
    let (ours, theirs) = (key("k"), key("k"));
    let verifier = JwtVerifier::new(rules_of_two(&ours, &theirs).build().unwrap());
    let header = json!({"alg": "ES256", "kid": "k"}).to_string();
    let [_, once] = padded(&text(&[]));
    let padding = padding();
    let usual = text(&[]);
    let second = format!(r#""iss":"{STRANGER}",{padding},"#);
    let twice = usual.replacen('{', &format!("{{{second}"), 1);
    for (what, key, claims, verdict) in [
        ("once", &ours, &once, Ok(())),
        ("once, of another key", &theirs, &once, Err(BadSignature)),
        ("twice, of the first", &theirs, &twice, Err(MalformedClaims)),
        ("twice, of the second", &ours, &twice, Err(BadSignature)),
    ] {
        let token = key.sign_compact(&header, claims);
        assert_eq!(outcome(&verifier, &token).await, verdict, "{what}");
    }
}

fn rules_of_two(ours: &TestKey, theirs: &TestKey) -> JwtAuthConfigBuilder {
    JwtAuthConfig::builder()
        .resource(RESOURCE)
        .clock(&FakeClock::at(unix(NOW)))
        .add_issuer(Issuer::new(ISSUER).jwk(ours.jwk()))
        .add_issuer(Issuer::new(STRANGER).jwk(theirs.jwk()))
}

#[tokio::test]
async fn field_f09_a_large_token_is_remembered_as_long_as_it_is_good() {
    let clock = FakeClock::at(unix(NOW));
    let config = rules().clock(&clock).jwks(json!({"keys": all_keys()}));
    let verifier = JwtVerifier::new(config.build().unwrap());
    let [_, good] = padded(&text(&[("sub", "\"alice\""), ("scope", "\"a b\"")]));
    let token = of_issuer(&good);
    for _ in 0..3 {
        let auth = verifier.verify(&token).await.unwrap();
        assert_eq!(
            (auth.subject(), auth.scopes()),
            (Some("alice"), &["a".to_owned(), "b".to_owned()][..])
        );
        let groups = auth.claim("groups").unwrap();
        assert_eq!(groups.as_array().map(Vec::len), Some(500));
        assert_eq!(outcome(&verifier, &forged(&good)).await, Err(BadSignature));
    }
    clock.set(unix(NOW + 600.0));
    for token in [&token, &forged(&good)] {
        assert_eq!(outcome(&verifier, token).await, Err(Expired));
    }
}
