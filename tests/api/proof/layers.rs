//! Behind the layer and beside it: routes that want a bound token, frameworks without tower.

use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::RequireBoundLayer;
use tower_jwt_auth::proof::NonceMode;

use super::*;
use crate::support::read;

#[tokio::test]
async fn a_route_wants_a_bound_token() {
    let scene = Scene::usual();
    let service = scene
        .layer
        .layer(RequireBoundLayer::new().layer(scene.inner.clone()));
    let ask = async |request| read(service.clone().oneshot(request).await.unwrap()).await;
    let bearer = format!("Bearer {}", scene.issuer.mint(RESOURCE).sign());
    let unbound = || {
        let request = Request::post(RESOURCE).header("authorization", &bearer);
        request.body(Full::default()).unwrap()
    };
    let answer = ask(unbound()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.challenge().unwrap(),
        format!(
            "DPoP error=\"invalid_token\", resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\", algs=\"{ALL_ALGORITHMS}\", error_description=\"The access token is not bound to a key\""
        )
    );
    assert_eq!(scene.inner.calls(), 0);
    assert_eq!(ask(scene.request(&scene.proof().sign())).await.status, 200);
    assert_eq!(scene.answer(unbound()).await.status, 200, "other routes");

    let without = RequireBoundLayer::new().layer(scene.inner.clone());
    let answer = read(without.oneshot(unbound()).await.unwrap()).await;
    assert_eq!(answer.status, 500, "without JwtAuthLayer");
}

#[tokio::test]
async fn a_framework_without_tower_gets_the_same_verdicts() {
    let scene = Scene::with(|dpop| dpop.nonce(NonceMode::Required));
    let verifier = scene.layer.verifier();
    let parts = |proof: &ProofBuilder| scene.request(&proof.sign()).into_parts().0;
    let rejection = verifier
        .verify_request(&parts(&scene.proof()))
        .await
        .unwrap_err();
    let nonce = rejection.headers()["dpop-nonce"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(rejection.challenges().count(), 1);
    let with = |nonce: &str| scene.proof().nonce(nonce);
    let good = parts(&with(&nonce));
    let auth = verifier.verify_request(&good).await.unwrap();
    let jkt = scene.client.jkt();
    let confirmation = auth.confirmation().unwrap();
    assert_eq!(
        (confirmation.jkt(), confirmation.x5t_s256()),
        (Some(&*jkt), None)
    );
    assert!(
        auth.is_bound() && auth.dpop_nonce().is_none(),
        "it is the newest"
    );
    assert!(
        verifier.verify_request(&good).await.is_err(),
        "it counts once"
    );
    assert_eq!(auth.principal().unwrap().key, Some(format!("jkt:{jkt}")));

    scene.at(60);
    let later = parts(&with(&nonce).at(scene.time(60)));
    let auth = verifier.verify_request(&later).await.unwrap();
    let newer = auth.dpop_nonce().unwrap().to_str().unwrap();
    assert_ne!(newer, nonce);
    let proof = parts(&with(newer).at(scene.time(60)));
    assert!(verifier.verify_request(&proof).await.is_ok());
}
