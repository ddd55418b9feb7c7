//! W01 to W17, W24 to W26: what must be accepted.

use http::Response;
use serde_json::json;
use tower::{Layer as _, ServiceExt as _};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::mcp::SessionBindingLayer;

use super::*;
use crate::support::read;

#[tokio::test]
async fn pop_w02_w03_w04_urls_that_are_the_same() {
    let scene = Scene::usual();
    let sent = |uri: &str, htu: &str| {
        Request::post(uri)
            .header("authorization", format!("DPoP {}", scene.token))
            .header("dpop", scene.proof().claim("htu", htu).sign())
            .body(Full::default())
            .unwrap()
    };
    for (uri, htu) in [
        (RESOURCE, "https://mcp.example.com:443/mcp"),
        (RESOURCE, "https://mcp.example.com:/mcp"),
        (RESOURCE, "HTTPS://MCP.Example.COM/mcp"),
        (RESOURCE, "https://mcp.example.com/./mcp"),
        (RESOURCE, "https://mcp.example.com/x/../mcp"),
        (RESOURCE, "https://mcp.example.com/%6dcp"),
        ("https://mcp.example.com/%7Ea", "https://mcp.example.com/~a"),
        ("https://mcp.example.com/~a", "https://mcp.example.com/%7ea"),
        (
            "https://mcp.example.com/%c3%a4",
            "https://mcp.example.com/%C3%A4",
        ),
        ("https://mcp.example.com/", "https://mcp.example.com"),
        (RESOURCE, "https://mcp.example.com/mcp?a=1"),
        (RESOURCE, "https://mcp.example.com/mcp#part"),
        ("https://mcp.example.com/mcp?a=1&b=2", RESOURCE),
        (
            "https://mcp.example.com/mcp?a=1",
            "https://mcp.example.com/mcp?b=2",
        ),
    ] {
        scene.accepts(htu, sent(uri, htu)).await;
    }
}

#[tokio::test]
async fn pop_w05_w06_w07_w08_members_that_may_be_there() {
    let scene = Scene::usual();
    let mut exported = scene.client.jwk();
    for (name, value) in [
        ("kid", json!("1")),
        ("ext", json!(true)),
        ("key_ops", json!(["verify"])),
        ("use", json!("sig")),
        ("alg", json!("ES256")),
    ] {
        exported[name] = value;
    }
    let seconds = |by: i64| {
        let since = scene.time(by).duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs()
    };
    for (what, proof) in [
        (
            "w05 exported by a browser",
            scene.proof().header("jwk", exported),
        ),
        (
            "w06 an unknown member",
            scene.proof().header("x", json!({"a": [1]})),
        ),
        ("w06 kid", scene.proof().header("kid", "1")),
        ("w07 exp ahead", scene.proof().claim("exp", seconds(60))),
        (
            "w07 iss, sub, aud",
            scene
                .proof()
                .claim("iss", "c")
                .claim("sub", "c")
                .claim("aud", "x"),
        ),
        (
            "w08 a fraction",
            scene.proof().claim("iat", json!(seconds(0) as f64 - 0.5)),
        ),
    ] {
        scene.accepts_proof(what, &proof).await;
    }
}

#[tokio::test]
async fn pop_w09_w10_w11_several_keys() {
    let scene = Scene::with(|dpop| {
        dpop.algorithms([
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::ES512,
            Algorithm::EdDSA,
            Algorithm::PS256,
            Algorithm::RS256,
            Algorithm::MlDsa44,
        ])
    });
    let clients = [
        Algorithm::ES256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::EdDSA,
        Algorithm::PS256,
        Algorithm::RS256,
        Algorithm::MlDsa44,
    ]
    .map(TestClient::with_algorithm);
    for round in 0..3 {
        for client in &clients {
            let token = scene.issuer.mint(RESOURCE).bound_to(client).sign();
            let proof = client.proof("POST", RESOURCE).token(&token).at(scene.start);
            // Two clients may choose the same id.
            let proof = proof.claim("jti", format!("{round}"));
            let request = Request::post(RESOURCE)
                .header("authorization", format!("DPoP {token}"))
                .header("dpop", proof.sign())
                .body(Full::default())
                .unwrap();
            let what = format!("{:?}", client.key().algorithm());
            scene.accepts(&what, request).await;
        }
    }
}

#[tokio::test]
async fn pop_w14_w15_where_the_service_is_reached() {
    let scene = Scene::with(|dpop| {
        dpop.public_url("https://api.example.com/svc1")
            .public_url("https://mcp.example.com")
    });
    for (htu, good) in [
        ("https://api.example.com/svc1/mcp", true),
        ("https://mcp.example.com/mcp", true),
        ("https://api.example.com/mcp", false),
        ("https://api.example.com/svc1/svc1/mcp", false),
        ("https://mcp.example.com/svc1/mcp", false),
    ] {
        let proof = scene.proof().claim("htu", htu);
        match good {
            true => drop(scene.accepts_proof(htu, &proof).await),
            false => scene.refuses_proof(htu, &proof, URL).await,
        }
    }
}

#[tokio::test]
async fn pop_w26_a_token_that_is_renewed() {
    let mut scene = Scene::usual();
    for _ in 0..3 {
        scene.token = scene.issuer.mint(RESOURCE).bound_to(&scene.client).sign();
        scene.accepts_proof("the same key", &scene.proof()).await;
    }
}

#[tokio::test]
async fn pop_w24_a_session_belongs_to_its_key() {
    let mut scene = Scene::configured(|config| config.dpop(Dpop::new()));
    let sessions = SessionBindingLayer::new();
    let service = tower::service_fn(|_: Request<Full<Bytes>>| async {
        let response = Response::builder().header("mcp-session-id", "the-session");
        Ok::<_, std::convert::Infallible>(response.body(Full::<Bytes>::default()).unwrap())
    });
    let service = scene.layer.layer(sessions.layer(service));
    let status = async |request: Request<Full<Bytes>>| {
        read(service.clone().oneshot(request).await.unwrap())
            .await
            .status
            .as_u16()
    };
    let within = |mut request: Request<Full<Bytes>>| {
        request
            .headers_mut()
            .insert("mcp-session-id", value("the-session"));
        request
    };
    assert_eq!(
        status(scene.request(&scene.proof().sign())).await,
        200,
        "it begins"
    );
    scene.token = scene.issuer.mint(RESOURCE).bound_to(&scene.client).sign();
    let renewed = within(scene.request(&scene.proof().sign()));
    assert_eq!(
        status(renewed).await,
        200,
        "a renewed token of the same key"
    );
    let bearer = format!("Bearer {}", scene.issuer.mint(RESOURCE).sign());
    let bearer = Request::post(RESOURCE).header("authorization", bearer);
    let bearer = within(bearer.body(Full::default()).unwrap());
    assert_eq!(status(bearer).await, 404, "a bearer token of the same user");
    scene.client = TestClient::start();
    scene.token = scene.issuer.mint(RESOURCE).bound_to(&scene.client).sign();
    let other = within(scene.request(&scene.proof().sign()));
    assert_eq!(status(other).await, 404, "another key of the same user");
}

#[tokio::test]
async fn pop_s08_keys_rotate_while_bound_tokens_are_remembered() {
    let issuer = TestIssuer::start();
    let config = JwtAuthConfig::builder()
        .resource(RESOURCE)
        .issuer(issuer.issuer())
        .dpop(Dpop::new());
    let layer = JwtAuthLayer::new(config.build().unwrap());
    let client = TestClient::start();
    let inner = Counting::default();
    let status = async |token: &str| {
        let proof = client.proof("POST", RESOURCE).token(token).sign();
        let request = Request::post(RESOURCE)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof);
        let request = request.body(Full::default()).unwrap();
        call(&layer, &inner, request).await.status.as_u16()
    };
    let old = issuer.mint(RESOURCE).bound_to(&client).sign();
    assert_eq!(status(&old).await, 200);
    assert_eq!(status(&old).await, 200, "remembered");
    issuer.rotate();
    let new = issuer.mint(RESOURCE).bound_to(&client).sign();
    assert_eq!(status(&new).await, 200, "the same key of the client");
    assert_eq!(status(&old).await, 401, "the issuer has withdrawn its key");
    assert_eq!(status(&new).await, 200);
}
