//! What an operator may ask beyond the defaults: rules of providers, bounds on age, checks of the
//! application.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::error::{CheckError, RejectionKind, TokenErrorKind};
use tower_jwt_auth::test_util::internal::unix;
use tower_jwt_auth::test_util::{FakeClock, TestIssuer, TokenBuilder};
use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtVerifier, Rejection};

use crate::support::{Counting, RESOURCE, call, config, request};

fn verifier(builder: JwtAuthConfigBuilder) -> JwtVerifier {
    JwtVerifier::new(builder.build().unwrap())
}

async fn verdict(verifier: &JwtVerifier, token: &TokenBuilder) -> Result<AuthInfo, TokenErrorKind> {
    verifier
        .verify(&token.sign())
        .await
        .map_err(|rejection| rejection.token_error().unwrap().kind())
}

#[tokio::test]
async fn cognito_tokens_name_a_client_in_place_of_an_audience() {
    let issuer = TestIssuer::start();
    let cognito = verifier(config(&issuer).cognito(["test-client"]));
    let token = issuer
        .mint(RESOURCE)
        .without("aud")
        .without_header("typ")
        .claim("token_use", "access");
    let auth = verdict(&cognito, &token).await.unwrap();
    assert_eq!((auth.client_id(), auth.resource()), ("test-client", None));

    use TokenErrorKind::{MissingClaim, WrongClient, WrongType};
    let refused = [
        (token.clone().client_id("other"), WrongClient),
        (token.clone().claim("token_use", "id"), WrongType),
        (token.clone().without("token_use"), MissingClaim),
    ];
    for (token, want) in refused {
        assert_eq!(verdict(&cognito, &token).await.map(drop), Err(want));
    }
    let usual = verifier(config(&issuer));
    assert_eq!(
        verdict(&usual, &token).await.map(drop),
        Err(MissingClaim),
        "only by choice"
    );
}

#[tokio::test]
async fn keycloak_says_the_kind_of_a_token_in_a_claim() {
    let issuer = TestIssuer::start();
    let keycloak = verifier(config(&issuer).keycloak());
    let token = issuer.mint(RESOURCE).header("typ", "JWT");
    assert!(
        verdict(&keycloak, &token.clone().claim("typ", "Bearer"))
            .await
            .is_ok()
    );
    for kind in ["ID", "Refresh"] {
        assert_eq!(
            verdict(&keycloak, &token.clone().claim("typ", kind))
                .await
                .map(drop),
            Err(TokenErrorKind::WrongType)
        );
    }
}

/// Entra ID issues tokens of both versions with the same keys; each tenant is an issuer of its own.
#[tokio::test]
async fn entra_tenants_are_issuers_of_their_own() {
    let issuer = TestIssuer::start();
    let (v1, v2) = (
        "https://sts.windows.net/0f1e/",
        "https://login.microsoftonline.com/0f1e/v2.0",
    );
    let entra = verifier([v1, v2].into_iter().fold(
        JwtAuthConfig::builder().resource(RESOURCE),
        |builder, name| builder.add_issuer(Issuer::new(name).jwks_uri(issuer.jwks_uri())),
    ));
    for iss in [v1, v2] {
        let token = issuer
            .mint(RESOURCE)
            .header("typ", "JWT")
            .claim("iss", iss)
            .claim("tid", "0f1e")
            .without("client_id")
            .claim(if iss == v1 { "appid" } else { "azp" }, "app-1")
            .claim("scp", "Files.Read");
        let auth = verdict(&entra, &token).await.unwrap();
        assert_eq!((auth.issuer(), auth.client_id()), (iss, "app-1"));
        assert!(auth.has_scope("Files.Read"));
        let other = iss.replace("0f1e", "0f1f");
        assert_eq!(
            verdict(&entra, &token.claim("iss", other)).await.map(drop),
            Err(TokenErrorKind::WrongIssuer)
        );
    }
}

#[tokio::test]
async fn n86_a_token_grows_too_old_before_it_expires() {
    let issuer = TestIssuer::start();
    let now = 1_700_000_000;
    let clock = FakeClock::at(unix(now as f64));
    let verifier = verifier(
        config(&issuer)
            .clock(&clock)
            .max_token_age(std::time::Duration::from_secs(600)),
    );
    let token = issuer
        .mint(RESOURCE)
        .valid(now, std::time::Duration::from_secs(3600));
    for (later, want) in [
        (0.0, Ok(())),
        (659.9, Ok(())),
        (660.0, Err(TokenErrorKind::TooOld)),
        (0.0, Ok(())),
    ] {
        clock.set(unix(now as f64 + later));
        assert_eq!(
            verdict(&verifier, &token).await.map(drop),
            want,
            "{later} s later"
        );
    }
    let without = token.without("iat");
    assert_eq!(
        verdict(&verifier, &without).await.map(drop),
        Err(TokenErrorKind::MissingClaim)
    );
}

#[tokio::test]
async fn a_check_serves_as_a_deny_list() {
    let issuer = TestIssuer::start();
    let revoked: Arc<Mutex<HashSet<String>>> = Arc::default();
    let asked = Arc::new(AtomicU64::new(0));
    let (list, count) = (revoked.clone(), asked.clone());
    let layer = tower_jwt_auth::JwtAuthLayer::new(
        config(&issuer)
            .required_scopes(["a"])
            .check(move |auth| {
                count.fetch_add(1, Ordering::SeqCst);
                match list.lock().unwrap().contains(auth.jti().unwrap()) {
                    true => Err(CheckError::InvalidToken),
                    false => Ok(()),
                }
            })
            .check(|auth| match auth.subject() {
                Some("mallory") => Err(CheckError::Forbidden),
                _ => Ok(()),
            })
            .build()
            .unwrap(),
    );
    let inner = Counting::default();
    let token = issuer.mint(RESOURCE).scope("a").claim("jti", "t-1");
    let ask = async |token: &TokenBuilder| {
        let answer = call(&layer, &inner, request(Some(&token.sign()))).await;
        (answer.status.as_u16(), answer.challenge().is_some())
    };
    assert_eq!(ask(&token).await, (200, false));
    assert_eq!(ask(&token).await, (200, false));
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "asked for each request, the same token or not"
    );

    revoked.lock().unwrap().insert("t-1".to_owned());
    assert_eq!(ask(&token).await, (401, true));
    assert_eq!(ask(&token.clone().claim("jti", "t-2")).await, (200, false));
    // Before scopes: with a revoked token no caller learns which scopes are missing.
    assert_eq!(ask(&token.clone().scope("b")).await, (401, true));
    assert_eq!(
        ask(&token.clone().claim("jti", "t-3").subject("mallory")).await,
        (403, false)
    );
    assert_eq!(inner.calls(), 3);

    // The check never sees a bad token, and so cannot admit one.
    let before = asked.load(Ordering::SeqCst);
    let expired = token
        .clone()
        .claim("jti", "t-4")
        .valid(1, std::time::Duration::from_secs(1));
    assert_eq!(ask(&expired).await, (401, true));
    assert_eq!(asked.load(Ordering::SeqCst), before);
}

/// Two issuers, one of which asks for more: the answer must not tell that the token was genuine.
#[tokio::test]
async fn what_a_check_says_reaches_logs_and_not_callers() {
    let issuer = TestIssuer::start();
    let build = |refuse: bool| {
        let own = Issuer::new(issuer.issuer()).required_scopes(["own"]);
        let builder = JwtAuthConfig::builder()
            .resource(RESOURCE)
            .required_scopes(["all"])
            .add_issuer(own);
        verifier(builder.check(move |_| match refuse {
            true => Err(CheckError::InvalidToken),
            false => Ok(()),
        }))
    };
    let token = issuer.mint(RESOURCE).scope("own").sign();
    let refusing = build(true);
    let by_check: Rejection = refusing.verify(&token).await.unwrap_err();
    assert_eq!(by_check.kind(), RejectionKind::InvalidToken);
    assert_eq!(
        by_check.token_error().unwrap().kind(),
        TokenErrorKind::RefusedByCheck
    );
    let malformed = refusing.verify("x").await.unwrap_err();
    assert_eq!(by_check.www_authenticate(), malformed.www_authenticate());
    assert!(build(false).verify(&token).await.is_ok());
}
