//! Callers that go away, and many callers at once.

use std::time::Duration;

use tokio::task::JoinSet;
use tower_jwt_auth::config::Issuer;
use tower_jwt_auth::introspection::Introspection;
use tower_jwt_auth::test_util::{Fault, TestKey};
use tower_jwt_auth::{Algorithm, JwtAuthConfig, JwtVerifier};

use super::own::{Own, health, status};
use super::{Scene, TOKEN};
use crate::support::{RESOURCE, until};

#[tokio::test(start_paused = true)]
async fn pop_s01_a_caller_that_goes_away_takes_nothing_with_it() {
    let scene = Scene::usual();
    scene.endpoint.fail_next(Fault::Hang, 1);
    let verify = || {
        let verifier = scene.layer.verifier();
        tokio::spawn(async move { verifier.verify(TOKEN).await.is_ok() })
    };
    let first = verify();
    until("it is asked", || scene.endpoint.calls() == 1).await;
    let others: Vec<_> = (0..100).map(|_| verify()).collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // That call ends with its timeout, and with it all who wait: 503, and no second call.
    tokio::time::advance(Duration::from_secs(5)).await;
    for other in others {
        assert!(!other.await.unwrap());
    }
    assert_eq!(scene.endpoint.calls(), 1);
    scene.accepts("afterwards", TOKEN).await;
}

#[tokio::test(start_paused = true)]
async fn pop_s01_the_others_get_the_answer() {
    let own = Own::taking(Duration::from_millis(50));
    let verifier = own.verifier(|it| it);
    own.activate("token");
    let verify = || {
        let verifier = verifier.clone();
        tokio::spawn(async move { status(&verifier, "token").await })
    };
    let first = verify();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(health(&verifier).in_flight, 1);
    let others: Vec<_> = (0..100).map(|_| verify()).collect();
    tokio::time::sleep(Duration::from_millis(10)).await;
    first.abort();
    for other in others {
        assert_eq!(other.await.unwrap(), 200);
    }
    assert_eq!(own.calls(), 1);
    assert_eq!(health(&verifier).answers_kept, 1);
}

#[tokio::test(start_paused = true)]
async fn pop_s01_a_thousand_requests_make_one_call() {
    let own = Own::taking(Duration::from_millis(50));
    let verifier = own.verifier(|it| it);
    own.activate("token");
    let mut all = JoinSet::new();
    for _ in 0..1000 {
        let verifier = verifier.clone();
        all.spawn(async move { status(&verifier, "token").await });
    }
    while let Some(status) = all.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(own.calls(), 1);
}

/// The answer was on its way when the token was revoked.
#[tokio::test(start_paused = true)]
async fn pop_i28_a_late_answer_about_a_forgotten_token_is_not_kept() {
    let own = Own::taking(Duration::from_millis(50));
    let verifier = own.verifier(|it| it);
    for (token, is_forgotten, kept) in [("one", false, 1), ("two", true, 1)] {
        own.activate(token);
        let asking = {
            let verifier = verifier.clone();
            tokio::spawn(async move { status(&verifier, token).await })
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(health(&verifier).in_flight, 1);
        if is_forgotten {
            verifier.introspection().forget(token);
        }
        assert_eq!(asking.await.unwrap(), 200, "{token}");
        assert_eq!(health(&verifier).answers_kept, kept, "{token}");
    }
    assert_eq!(own.calls(), 2);
    assert_eq!(status(&verifier, "two").await, 200);
    assert_eq!(own.calls(), 3, "it is asked again");
}

/// What an issuer says counts only if it is trusted when the answer comes.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_removed_while_it_is_asked() {
    let own = Own::taking(Duration::from_millis(50));
    let key = TestKey::generate(Algorithm::ES256, "k").jwk();
    let entry = |name: &str| {
        let asked = Introspection::with_introspector(own.clone());
        Issuer::new(name).jwk(key.clone()).introspection(asked)
    };
    let trusted = entry("https://idp.example.com");
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .add_issuer(trusted);
    let verifier = JwtVerifier::new(config.build().unwrap());
    for (token, is_removed, want) in [("one", false, 200), ("two", true, 503)] {
        own.activate(token);
        let asking = {
            let verifier = verifier.clone();
            tokio::spawn(async move { status(&verifier, token).await })
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(health(&verifier).in_flight, 1);
        if is_removed {
            let other = entry("https://other.example.com");
            verifier.replace_issuers(vec![other]).unwrap();
        }
        assert_eq!(asking.await.unwrap(), want, "{token}");
    }
}
