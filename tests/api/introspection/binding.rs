//! Opaque tokens that are bound to a key: the issuer names the key, the request must prove it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tower_jwt_auth::introspection::IntrospectedTokens;
use tower_jwt_auth::proof::{ClientCertificate, Dpop, Mtls};
use tower_jwt_auth::test_util::{Fault, ProofBuilder, TestClient};

use super::{Scene, TOKEN, asking};
use crate::support::{Answer, RESOURCE, call, seconds};

struct Bound {
    scene: Scene,
    client: TestClient,
}

impl Bound {
    fn new() -> Self {
        let scene = Scene::configured(|config, endpoint| {
            config
                .introspection(asking(endpoint))
                .dpop(Dpop::new())
                .mtls(Mtls::from_tls())
        });
        let client = TestClient::start();
        Self { scene, client }
    }

    /// A token that the issuer has bound to the client's key.
    fn token(&self) -> String {
        let answer = self
            .scene
            .good_with("cnf", json!({"jkt": self.client.jkt()}));
        self.scene.answers(answer)
    }

    fn proof(&self, client: &TestClient, token: &str) -> ProofBuilder {
        client
            .proof("POST", RESOURCE)
            .token(token)
            .at(self.scene.now())
    }

    async fn send(&self, scheme: &str, token: &str, proof: Option<&ProofBuilder>) -> Answer {
        let mut request =
            Request::post(RESOURCE).header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof.sign());
        }
        let request = request.body(Full::default()).unwrap();
        call(&self.scene.layer, &self.scene.inner, request).await
    }
}

fn error(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn pop_i24_a_bound_token_as_a_bearer_token() {
    let bound = Bound::new();
    let (token, other) = (bound.token(), bound.token());
    let proof = bound.proof(&bound.client, &token);
    assert_eq!(bound.send("DPoP", &token, Some(&proof)).await.status, 200);
    // Whether the answer is at hand or not.
    for token in [&token, &other, &other] {
        let proof = bound.proof(&bound.client, token);
        for proof in [None, Some(&proof)] {
            let answer = bound.send("Bearer", token, proof).await;
            assert_eq!(
                (answer.status.as_u16(), error(&answer).as_str()),
                (401, "invalid_token")
            );
        }
    }
    assert!(bound.scene.layer.verifier().verify(&other).await.is_err());
    assert_eq!(bound.scene.endpoint.calls_for(&other), 1);
}

#[tokio::test(start_paused = true)]
async fn pop_i25_a_proof_of_another_key() {
    let bound = Bound::new();
    let thief = TestClient::start();
    // A good proof first, and a stolen token first.
    for thief_first in [false, true] {
        let token = bound.token();
        let good = bound.proof(&bound.client, &token);
        let stolen = bound.proof(&thief, &token);
        if !thief_first {
            assert_eq!(bound.send("DPoP", &token, Some(&good)).await.status, 200);
        }
        let answer = bound.send("DPoP", &token, Some(&stolen)).await;
        assert_eq!(
            (answer.status.as_u16(), error(&answer).as_str()),
            (401, "invalid_token")
        );
        let again = bound.proof(&bound.client, &token);
        let answer = bound.send("DPoP", &token, Some(&again)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["confirmation"]["jkt"], bound.client.jkt());
    }
}

/// A proof that is refused costs no call, and a token that is not bound gains nothing by one.
#[tokio::test(start_paused = true)]
async fn pop_i25_the_proof_is_read_before_the_issuer_is_asked() {
    let bound = Bound::new();
    let token = bound.token();
    for (what, proof) in [
        ("none", None),
        (
            "another method",
            Some(bound.client.proof("GET", RESOURCE).token(&token)),
        ),
        (
            "another token",
            Some(bound.client.proof("POST", RESOURCE).token("other")),
        ),
    ] {
        let proof = proof.map(|proof| proof.at(bound.scene.now()));
        let answer = bound.send("DPoP", &token, proof.as_ref()).await;
        let got = (answer.status.as_u16(), error(&answer));
        assert_eq!(got, (401, "invalid_dpop_proof".to_owned()), "{what}");
    }
    assert_eq!(bound.scene.endpoint.calls(), 0);
    let proof = bound.proof(&bound.client, TOKEN);
    let answer = bound.send("DPoP", TOKEN, Some(&proof)).await;
    assert_eq!(
        (answer.status.as_u16(), error(&answer).as_str()),
        (401, "invalid_token")
    );
    assert_eq!(bound.send("Bearer", TOKEN, None).await.status, 200);
    // A proof whose signature does not verify counts as little.
    let forged = bound
        .proof(&bound.client, &token)
        .signed_by(TestClient::start().key().clone());
    let answer = bound.send("DPoP", &token, Some(&forged)).await;
    assert_eq!(error(&answer), "invalid_dpop_proof");
    // A proof is used up when the request is accepted.
    let once = bound.proof(&bound.client, &token);
    assert_eq!(bound.send("DPoP", &token, Some(&once)).await.status, 200);
    assert_eq!(bound.send("DPoP", &token, Some(&once)).await.status, 401);
}

/// Without a verdict, and with "not active", the same proof may come again.
#[tokio::test(start_paused = true)]
async fn pop_i25_a_proof_is_used_up_by_an_accepted_request_alone() {
    let mut bound = Bound::new();
    let proofs: Vec<_> = (0..2)
        .map(|_| {
            let token = bound.token();
            let proof = bound.proof(&bound.client, &token);
            (token, proof)
        })
        .collect();
    let [(first, of_first), (second, of_second)] = &proofs[..] else {
        panic!("two");
    };
    bound.scene.endpoint.fail(Fault::Status(500));
    let answer = bound.send("DPoP", first, Some(of_first)).await;
    assert_eq!(answer.status, 503);
    bound.scene.endpoint.recover();
    assert_eq!(bound.send("DPoP", first, Some(of_first)).await.status, 200);
    let active = bound
        .scene
        .good_with("cnf", json!({"jkt": bound.client.jkt()}));
    bound.scene.endpoint.revoke(second);
    let answer = bound.send("DPoP", second, Some(of_second)).await;
    assert_eq!(error(&answer), "invalid_token");
    bound.scene.endpoint.answer(second, active);
    bound.scene.pass(seconds(6)).await;
    assert_eq!(
        bound.send("DPoP", second, Some(of_second)).await.status,
        200
    );
    let again = bound.send("DPoP", second, Some(of_second)).await;
    assert_eq!(error(&again), "invalid_dpop_proof");
}

#[tokio::test(start_paused = true)]
async fn pop_i26_a_token_bound_to_a_certificate() {
    let bound = Bound::new();
    let certificate = ClientCertificate::from_der(CERTIFICATE);
    let other = ClientCertificate::from_der(b"another certificate");
    let cnf = json!({"x5t#S256": thumbprint(CERTIFICATE)});
    let send = async |token: &str, certificate: Option<&ClientCertificate>| {
        let mut request =
            Request::post(RESOURCE).header("authorization", format!("Bearer {token}"));
        if let Some(certificate) = certificate {
            request = request.extension(certificate.clone());
        }
        let request = request.body(Full::default()).unwrap();
        call(&bound.scene.layer, &bound.scene.inner, request)
            .await
            .status
            .as_u16()
    };
    for order in [
        [None, Some(&other), Some(&certificate)],
        [Some(&certificate), None, Some(&other)],
    ] {
        let token = bound
            .scene
            .answers(bound.scene.good_with("cnf", cnf.clone()));
        for shown in order {
            let is_right = shown.is_some_and(|shown| std::ptr::eq(shown, &certificate));
            let want = if is_right { 200 } else { 401 };
            assert_eq!(send(&token, shown).await, want, "{shown:?}");
        }
        assert_eq!(bound.scene.endpoint.calls_for(&token), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn pop_i22_the_type_dpop_without_a_key() {
    let bound = Bound::new();
    let token = bound.token();
    let proof = bound.proof(&bound.client, &token);
    assert_eq!(bound.send("DPoP", &token, Some(&proof)).await.status, 200);
    let unbound = bound
        .scene
        .answers(bound.scene.good_with("token_type", "DPoP"));
    let proof = bound.proof(&bound.client, &unbound);
    assert_eq!(bound.send("DPoP", &unbound, Some(&proof)).await.status, 401);
    assert_eq!(bound.send("Bearer", &unbound, None).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn pop_i24_only_bound_tokens() {
    let scene = Scene::configured(|config, endpoint| {
        let asking = asking(endpoint);
        config
            .introspection(asking)
            .dpop(Dpop::new())
            .require_bound_tokens(true)
    });
    let client = TestClient::start();
    let bound = Bound { scene, client };
    let token = bound.token();
    let proof = bound.proof(&bound.client, &token);
    assert_eq!(bound.send("DPoP", &token, Some(&proof)).await.status, 200);
    for _ in 0..2 {
        let answer = bound.send("Bearer", TOKEN, None).await;
        assert_eq!(answer.status, 401);
        let text = &answer.json()["error_description"];
        assert_eq!(text, "The access token is not bound to a key");
    }
}

/// What the answer names must be proven even if the JWT itself is not bound.
#[tokio::test(start_paused = true)]
async fn pop_i24_the_key_of_both() {
    let scene = Scene::configured(|config, endpoint| {
        let asking = asking(endpoint).tokens(IntrospectedTokens::AlsoJwts);
        config.introspection(asking).dpop(Dpop::new())
    });
    let bound = Bound {
        scene,
        client: TestClient::start(),
    };
    let thief = TestClient::start();
    let plain = bound.scene.issuer.mint(RESOURCE).sign();
    let own = bound
        .scene
        .issuer
        .mint(RESOURCE)
        .bound_to(&bound.client)
        .sign();
    let named = json!({"active": true, "cnf": {"jkt": bound.client.jkt()}});
    bound.scene.endpoint.answer(&plain, named);
    bound.scene.endpoint.answer(&own, json!({"active": true}));
    // Of a JWT that names its key, the issuer is not asked for a thief.
    for (token, asked_for_a_thief) in [(&plain, 1), (&own, 0)] {
        for calls in [asked_for_a_thief, 1] {
            assert_eq!(bound.send("Bearer", token, None).await.status, 401);
            let stolen = bound.proof(&thief, token);
            assert_eq!(bound.send("DPoP", token, Some(&stolen)).await.status, 401);
            assert_eq!(bound.scene.endpoint.calls_for(token), calls);
            let proof = bound.proof(&bound.client, token);
            assert_eq!(bound.send("DPoP", token, Some(&proof)).await.status, 200);
        }
    }
    let contradicted = bound
        .scene
        .issuer
        .mint(RESOURCE)
        .bound_to(&bound.client)
        .sign();
    let other = json!({"active": true, "cnf": {"jkt": thief.jkt()}});
    bound.scene.endpoint.answer(&contradicted, other);
    for client in [&bound.client, &thief] {
        let proof = bound.proof(client, &contradicted);
        assert_eq!(
            bound.send("DPoP", &contradicted, Some(&proof)).await.status,
            401
        );
    }
}

const CERTIFICATE: &[u8] = b"a certificate";

fn thumbprint(der: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    URL_SAFE_NO_PAD.encode(hash)
}
