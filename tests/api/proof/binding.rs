//! P32 to P39: the token names the key of the proof.

use serde_json::{Value, json};

use super::*;

impl Scene {
    /// The same scene with a token whose `cnf` is this.
    fn bound(&self, cnf: Value) -> (String, ProofBuilder) {
        let token = self.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
        let proof = self.proof().token(&token);
        (token, proof)
    }

    fn presented(&self, scheme: &str, token: &str, proof: &ProofBuilder) -> Request<Full<Bytes>> {
        Request::post(RESOURCE)
            .header("authorization", format!("{scheme} {token}"))
            .header("dpop", proof.sign())
            .body(Full::default())
            .unwrap()
    }
}

#[tokio::test]
async fn pop_p32_the_proof_of_a_thief() {
    let scene = Scene::usual();
    let thief = TestClient::start();
    let stolen = thief
        .proof("POST", RESOURCE)
        .token(&scene.token)
        .at(scene.start);
    scene
        .refuses_proof("another key", &stolen, Verdict::Token)
        .await;
    scene.accepts_proof("its own key", &scene.proof()).await;
    scene
        .refuses_proof("a token that is known", &stolen, Verdict::Token)
        .await;
}

/// A token that is read in full only after its signature still needs its proof.
#[tokio::test]
async fn field_f09_a_large_token_needs_the_proof_of_its_key() {
    let scene = Scene::usual();
    let thief = TestClient::start();
    let groups: Vec<_> = (0..500).map(|n| format!("group-{n}")).collect();
    let mint = scene.issuer.mint(RESOURCE).claim("groups", groups);
    let token = mint.bound_to(&scene.client).sign();
    for _ in 0..2 {
        let own = scene.proof().token(&token);
        scene
            .accepts("its own key", scene.presented("DPoP", &token, &own))
            .await;
        let stolen = thief.proof("POST", RESOURCE).token(&token);
        let stolen = scene.presented("DPoP", &token, &stolen.at(scene.start));
        scene.refuses("another key", stolen, Verdict::Token).await;
        let own = scene.proof().token(&token);
        let as_bearer = scene.answer(scene.presented("Bearer", &token, &own)).await;
        assert_eq!(as_bearer.status, 401);
    }
}

#[tokio::test]
async fn pop_p33_p34_p35_w25_ways_to_name_a_key() {
    let scene = Scene::usual();
    let jkt = scene.client.jkt();
    let (token, proof) = scene.bound(json!({"jkt": jkt, "kc-jkt-type": "x"}));
    scene
        .accepts("w25", scene.presented("DPoP", &token, &proof))
        .await;
    let digest = |algorithm| {
        use base64::Engine as _;
        let hash = aws_lc_rs::digest::digest(algorithm, jkt.as_bytes());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    };
    let mut odd = vec![
        (
            "p33 SHA-1",
            json!({"jkt": digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY)}),
        ),
        (
            "p33 SHA-512",
            json!({"jkt": digest(&aws_lc_rs::digest::SHA512)}),
        ),
        ("p33 padding", json!({"jkt": format!("{jkt}=")})),
        ("p33 hex", json!({"jkt": "ab".repeat(32)})),
        ("p34", Value::Null),
        ("p34", json!("text")),
        ("p34", json!([jkt])),
        ("p34", json!({})),
        ("p34", json!({"jkt": 1})),
        ("p34", json!({"jkt": ""})),
        ("p34", json!({"kid": "1"})),
        ("p34", json!({"new": "x"})),
    ];
    for name in [
        "ckt", "jku", "jwe", "jwk", "kid", "osc", "x5c", "x5t", "x5t#S512", "x5u",
    ] {
        odd.push(("p35", json!({"jkt": jkt, name: "x"})));
    }
    for (what, cnf) in odd {
        let what = format!("{what} {cnf}");
        let (token, proof) = scene.bound(cnf);
        let request = scene.presented("DPoP", &token, &proof);
        scene.refuses(&what, request, Verdict::Token).await;
        let answer = scene
            .answer(scene.presented("Bearer", &token, &proof))
            .await;
        assert_eq!(answer.status, 401, "{what} as a bearer token");
        assert_eq!(answer.json()["error"], "invalid_token", "{what}");
    }
}

#[tokio::test]
async fn pop_p36_w12_a_proof_for_an_unbound_token() {
    let scene = Scene::usual();
    let token = scene.issuer.mint(RESOURCE).sign();
    let proof = scene.proof().token(&token);
    let request = scene.presented("DPoP", &token, &proof);
    scene.refuses("no cnf", request, Verdict::Token).await;
    let answer = scene
        .answer(scene.presented("Bearer", &token, &proof))
        .await;
    assert_eq!(
        answer.status, 200,
        "w12: a stray proof beside a bearer token"
    );
}

#[tokio::test]
async fn pop_p37_p38_p39_a_bound_token_as_bearer() {
    let scene = Scene::usual();
    let bearer = |proof: Option<ProofBuilder>| {
        let request =
            Request::post(RESOURCE).header("authorization", format!("Bearer {}", scene.token));
        let request = match proof {
            Some(proof) => request.header("dpop", proof.sign()),
            None => request,
        };
        request.body(Full::default()).unwrap()
    };
    let refused = async |what: &str, request| {
        let answer = scene.answer(request).await;
        assert_eq!(answer.status, 401, "{what}");
        let lines: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        let [first, second] = lines[..] else {
            panic!("{what}: {lines:?}");
        };
        let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
        assert!(
            first.starts_with("Bearer error=\"invalid_token\""),
            "{first}"
        );
        assert!(
            second.starts_with("DPoP ") && !second.contains("error"),
            "{second}"
        );
    };
    refused("p37 with a proof", bearer(Some(scene.proof()))).await;
    refused("p38 without", bearer(None)).await;
    scene.accepts_proof("as DPoP", &scene.proof()).await;
    refused("p39 remembered", bearer(Some(scene.proof()))).await;
    refused("p39 remembered, without", bearer(None)).await;
    let calls = scene.inner.calls();
    assert_eq!(calls, 1);
    // A token alone proves nothing.
    let verdict = scene.layer.verifier().verify(&scene.token).await;
    assert!(verdict.is_err());
}
