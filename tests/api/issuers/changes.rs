//! What a list changes, and what it leaves alone.

use std::time::Duration;

use serde_json::json;
use tokio::time::advance;
use tower_jwt_auth::config::{InitialJwks, Issuer, JwksCache};
use tower_jwt_auth::error::{RejectionKind, TokenErrorKind};
use tower_jwt_auth::introspection::Introspection;
use tower_jwt_auth::test_util::{Fault, TestIssuer};
use tower_jwt_auth::{ConfigError, JwtAuthConfig, JwtAuthLayer};

use super::{GOOD, Tenant, UNKNOWN_ISSUER, config, entries, layer, tenants};
use crate::support::issuer_in_memory::{Answer, InMemoryIssuer};
use crate::support::table::outcome;
use crate::support::{HeldClock, RESOURCE, capture, pass, remembering, seconds, until};

#[tokio::test(start_paused = true)]
async fn fleet_f65_a_list_that_is_refused_changes_nothing() {
    let (log, _guard) = capture();
    let [one, two] = tenants(["one", "two"]);
    let builder = config([&one]).issuers_limit(3);
    let layer = JwtAuthLayer::new(builder.build().unwrap());
    let (verifier, token) = (layer.verifier(), one.token());
    assert_eq!(outcome(&verifier, &token).await, GOOD);
    let good = entries([&one, &two]);
    let with = |more: &[Issuer]| [&*good, more].concat();
    let refused = [
        (vec![], "Empty"),
        (with(std::slice::from_ref(&two.entry)), "DuplicateIssuer"),
        (with(&[Issuer::new("three")]), "NotDiscoverable"),
        (
            with(&[Issuer::new("three").jwks_uri("ftp://i.example/keys")]),
            "InvalidUrl",
        ),
        (
            with(&[Issuer::new("${THREE}").jwks_uri("https://i.example/keys")]),
            "NotReplaced",
        ),
        (
            with(&tenants(["three", "four"]).map(|it| it.entry)),
            "TooManyIssuers",
        ),
    ];
    for (number, (list, want)) in refused.into_iter().enumerate() {
        let error = layer.replace_issuers(list).unwrap_err();
        assert!(format!("{error:#?}").starts_with(want), "{error:#?}");
        assert_eq!(outcome(&verifier, &token).await, GOOD, "{want}");
        assert_eq!(outcome(&verifier, &two.token()).await, UNKNOWN_ISSUER);
        assert_eq!(layer.keys_health().issuers.len(), 1, "{want}");
        assert_eq!(log.counts("issuers_refused"), number + 1, "{want}");
        assert_eq!(one.memory.fetches(), 1, "{want}");
    }
    assert_eq!(log.counts("issuers_replaced"), 0);
    layer.replace_issuers(good).unwrap();
    assert_eq!(outcome(&verifier, &two.token()).await, GOOD);
    assert_eq!(log.counts("issuers_replaced"), 1);
}

#[test]
fn fleet_f65_limits_of_the_list() {
    let [one, two] = tenants(["one", "two"]);
    let built = |limit| config([&one, &two]).issuers_limit(limit).build().map(drop);
    assert_eq!(built(2), Ok(()));
    assert_eq!(built(10_000), Ok(()));
    for (limit, text) in [
        (0, "issuers_limit is empty"),
        (1, "issuers lists 2 issuers: give at most 1"),
        (10_001, "issuers_limit is 10001: give at most 10000"),
    ] {
        let error = built(limit).unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

/// Each of these settings makes another issuer of it, and nothing else does.
#[tokio::test(start_paused = true)]
async fn fleet_f64_what_is_a_change() {
    let (log, _guard) = capture();
    let file = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}", fastrand::u64(..)));
    let base = || Issuer::new("https://i.example").jwks_uri("https://i.example/keys");
    let other_source = InMemoryIssuer::publishing(&[]);
    let changes: Vec<(&str, Issuer)> = vec![
        ("advertise", base().advertise(false)),
        ("algorithms", base().algorithms(["ES256"])),
        ("audience", base().audience("api://x")),
        ("bearer_token_file", base().bearer_token_file(file.clone())),
        ("cognito", base().cognito(["client"])),
        (
            "danger_allow_any_audience",
            base().danger_allow_any_audience(),
        ),
        (
            "danger_missing_audience_for_clients",
            base().danger_missing_audience_for_clients(["client"]),
        ),
        (
            "initial_jwks",
            base().initial_jwks(InitialJwks::from(json!({"keys": [super::key("k").jwk()]}))),
        ),
        (
            "introspection",
            base().introspection(Introspection::new("client", "secret")),
        ),
        (
            "jwks_cache",
            base().jwks_cache(JwksCache::new().max_age(seconds(60))),
        ),
        ("jwks_uri", base().jwks_uri("https://i.example/other")),
        ("key_source", base().key_source(other_source)),
        ("keycloak", base().keycloak()),
        ("leeway", base().leeway(Duration::ZERO)),
        ("max_token_age", base().max_token_age(seconds(60))),
        ("pin_jwks_host", base().pin_jwks_host()),
        ("required_scopes", base().required_scopes(["a"])),
        ("rfc9068", base().rfc9068()),
        ("scope_claims", base().scope_claims(["roles"])),
        ("snapshot_file", base().snapshot_file(file)),
    ];
    let with_secret = |secret: &str| base().introspection(Introspection::new("client", secret));
    let changes = changes.into_iter().map(|(name, to)| (name, base(), to));
    let changes = changes.chain([("another secret", with_secret("a"), with_secret("b"))]);
    for (name, from, to) in changes {
        let other = || Issuer::new("https://other.example");
        let builder = JwtAuthConfig::builder().resource(RESOURCE);
        let builder = builder.add_issuer(from).add_issuer(other());
        let layer = JwtAuthLayer::new(builder.build().unwrap());
        let replaced = |list: Vec<Issuer>| {
            let before = log.text().len();
            layer.replace_issuers(list).unwrap();
            let after = log.text().split_off(before);
            after.contains("issuers_replaced").then(|| {
                let fits = "added=0 changed=1 removed=0 unchanged=1";
                assert!(after.contains(fits), "{name}: {after}");
            })
        };
        assert!(replaced(vec![other(), to.clone()]).is_some(), "{name}");
        assert!(replaced(vec![to, other()]).is_none(), "{name}: the order");
    }
}

/// The settings of the builder for its one issuer are those of an entry with the same settings.
#[tokio::test(start_paused = true)]
async fn fleet_f64_the_issuer_of_the_builder_may_stay() {
    let issuer = Tenant::new("memory");
    let jwks = json!({"keys": [issuer.key.jwk()]});
    let (log, _guard) = capture();
    let builder = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer("memory")
        .jwks(jwks.clone());
    let layer = JwtAuthLayer::new(builder.build().unwrap());
    let token = issuer.token();
    assert_eq!(outcome(&layer.verifier(), &token).await, GOOD);
    let kept = Issuer::new("memory").jwks(jwks);
    layer.replace_issuers(vec![kept]).unwrap();
    assert_eq!(log.counts("issuers_replaced"), 0);
    // Its keys are not those of an entry that names none.
    let error = layer
        .replace_issuers(vec![Issuer::new("memory")])
        .unwrap_err();
    assert!(
        matches!(error, ConfigError::NotDiscoverable { .. }),
        "{error}"
    );
    assert_eq!(outcome(&layer.verifier(), &token).await, GOOD);
}

/// Policies refer to claims by their place in a list that all issuers share.
#[tokio::test(start_paused = true)]
async fn fleet_f64_scopes_of_an_issuer_that_stays() {
    let scoped = |name: &str, claim: &str| {
        let tenant = Tenant::new(name);
        let entry = tenant
            .entry
            .clone()
            .scope_claims([claim])
            .required_scopes(["a"]);
        Tenant { entry, ..tenant }
    };
    let (one, two) = (scoped("one", "roles"), scoped("two", "groups"));
    let token = |tenant: &Tenant, claim: &str| {
        let header = json!({"alg": "ES256", "kid": "k"}).to_string();
        let claims = json!({
            "iss": tenant.name, "aud": RESOURCE, "exp": 4_102_444_800_u64, claim: ["a"],
        });
        tenant.key.sign_compact(&header, &claims.to_string())
    };
    let layer = layer([&one]);
    let verifier = layer.verifier();
    let kind = async |token: &str| {
        verifier
            .verify(token)
            .await
            .map(drop)
            .map_err(|it| it.kind())
    };
    let remembered = token(&one, "roles");
    assert_eq!(kind(&remembered).await, Ok(()));
    layer.replace_issuers(entries([&two, &one])).unwrap();
    for (tenant, claim, want) in [
        (&one, "roles", Ok(())),
        (&one, "groups", Err(RejectionKind::InsufficientScope)),
        (&two, "groups", Ok(())),
        (&two, "roles", Err(RejectionKind::InsufficientScope)),
    ] {
        assert_eq!(
            kind(&token(tenant, claim)).await,
            want,
            "{} {claim}",
            tenant.name
        );
    }
    assert_eq!(kind(&remembered).await, Ok(()));
    assert_eq!(one.memory.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn fleet_f67_keys_of_another_source_are_not_used() {
    let _held = HeldClock::hold();
    let (old, new) = (TestIssuer::start(), TestIssuer::start());
    let name = "https://tenant.example";
    let file = std::env::temp_dir().join(format!("tower-jwt-auth-{:x}", fastrand::u64(..)));
    let entry = |keys: &TestIssuer| {
        let entry = Issuer::new(name).jwks_uri(keys.jwks_uri());
        entry.snapshot_file(file.clone())
    };
    let token = |keys: &TestIssuer| keys.mint(RESOURCE).claim("iss", name).sign();
    let builder = JwtAuthConfig::builder().resource(RESOURCE);
    let builder = remembering(builder).add_issuer(entry(&old));
    let layer = JwtAuthLayer::new(builder.build().unwrap());
    let verifier = layer.verifier();
    let remembered = token(&old);
    assert_eq!(outcome(&verifier, &remembered).await, GOOD);
    until("the keys are saved", || file.exists()).await;

    // While the new source gives nothing, no keys serve: neither those in use nor those of the
    // file.
    new.fail(Fault::Status(500));
    layer.replace_issuers(vec![entry(&new)]).unwrap();
    for token in [&remembered, &token(&old), &token(&new)] {
        let rejection = verifier.verify(token).await.unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::KeysUnavailable);
    }
    new.recover();
    advance(seconds(60)).await;
    assert_eq!(outcome(&verifier, &token(&new)).await, GOOD);
    for token in [&remembered, &token(&old)] {
        let verdict = outcome(&verifier, token).await;
        assert_eq!(verdict, Err(TokenErrorKind::BadSignature));
    }
    std::fs::remove_file(file).unwrap();
}

/// A request waits for keys of the old source, and gets none of them.
#[tokio::test(start_paused = true)]
async fn fleet_f67_keys_that_come_after_the_change_are_not_used() {
    let [old, other] = tenants(["one", "two"]);
    let new = Tenant::new("one");
    for (list, want) in [
        (entries([&old, &other]), None),
        (
            entries([&new, &other]),
            Some(RejectionKind::KeysUnavailable),
        ),
        (entries([&other]), Some(RejectionKind::InvalidToken)),
    ] {
        let layer = layer([&old]);
        old.memory.takes(seconds(2));
        let (verifier, token) = (layer.verifier(), old.token());
        let waiting = tokio::spawn({
            let token = token.clone();
            async move { verifier.verify(&token).await.map(drop) }
        });
        pass(seconds(1)).await;
        layer.replace_issuers(list).unwrap();
        let verdict = waiting.await.unwrap().map_err(|rejection| rejection.kind());
        assert_eq!(verdict.err(), want);
        let remembered = outcome(&layer.verifier(), &token).await;
        assert_eq!(remembered.is_ok(), want.is_none(), "it is in no cache");
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_f67_keys_of_the_same_source_serve_on() {
    let tenant = Tenant::new("one");
    let layer = layer([&tenant]);
    let verifier = layer.verifier();
    let old = tenant.token();
    assert_eq!(outcome(&verifier, &old).await, GOOD);
    tenant.memory.answer(Answer::Hangs);
    let changed = tenant.entry.clone().audience("api://one");
    layer.replace_issuers(vec![changed]).unwrap();
    let new = tenant.token_for("api://one");
    assert_eq!(outcome(&verifier, &new).await, GOOD);
    let refused = outcome(&verifier, &old).await;
    assert_eq!(
        refused,
        Err(TokenErrorKind::WrongAudience),
        "it was remembered"
    );
    // They keep their age.
    pass(seconds(23 * 60 * 60)).await;
    assert_eq!(outcome(&verifier, &new).await, GOOD);
    pass(seconds(60 * 60)).await;
    let kind = verifier.verify(&new).await.unwrap_err().kind();
    assert_eq!(kind, RejectionKind::KeysUnavailable);
}
