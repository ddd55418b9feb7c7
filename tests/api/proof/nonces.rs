//! P60, P62 to P64, P66 and P67: nonces through the layer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower_jwt_auth::proof::NonceMode;

use super::replays::Store;
use super::*;

fn nonce_of(answer: &Answer) -> String {
    let mut nonces = answer.headers.get_all("dpop-nonce").iter();
    let nonce = nonces.next().unwrap().to_str().unwrap().to_owned();
    assert!(nonces.next().is_none(), "{answer:?}");
    nonce
}

fn secret(byte: u8) -> String {
    URL_SAFE_NO_PAD.encode([byte; 32])
}

#[tokio::test]
async fn pop_p60_a_clock_that_is_wrong() {
    let scene = Scene::usual();
    for seconds in [-120, 120] {
        let late = scene.proof().at(scene.time(seconds));
        let answer = scene
            .refuses("no nonce", scene.request(&late.sign()), Verdict::Nonce)
            .await;
        let nonce = nonce_of(&answer);
        scene.accepts_proof("with it", &late.nonce(&nonce)).await;
    }
}

#[tokio::test]
async fn pop_p62_a_nonce_is_required() {
    let scene = Scene::with(|dpop| dpop.nonce(NonceMode::Required));
    let answer = scene
        .refuses("none", scene.request(&scene.proof().sign()), Verdict::Nonce)
        .await;
    let nonce = nonce_of(&answer);
    scene
        .accepts_proof("with it", &scene.proof().nonce(&nonce))
        .await;

    // The first answer already brings one.
    let anonymous = Request::post(RESOURCE).body(Full::default()).unwrap();
    let answer = scene.answer(anonymous).await;
    assert_eq!(
        (answer.status.as_u16(), nonce_of(&answer)),
        (401, nonce.clone())
    );
    let bad = Request::post(RESOURCE)
        .header("authorization", "Bearer x.y.z")
        .body(Full::default())
        .unwrap();
    assert_eq!(nonce_of(&scene.answer(bad).await), nonce);
    let bad = scene.proof().nonce(&nonce).claim("htm", "GET");
    let answer = scene.answer(scene.request(&bad.sign())).await;
    assert_eq!(answer.json()["error"], "invalid_dpop_proof");
    assert_eq!(nonce_of(&answer), nonce);
    // A request with two tokens is answered without one.
    let mut twice = scene.request(&scene.proof().nonce(&nonce).sign());
    twice
        .headers_mut()
        .append("authorization", value("Bearer x"));
    let answer = scene.answer(twice).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.headers.contains_key("dpop-nonce"));
}

/// RFC 9449 §8.2: with another status, a client does not repeat its request with a new proof.
#[tokio::test]
async fn pop_p62_a_required_nonce_comes_with_401_and_403_alone() {
    let store = Store::default();
    let required = |config: JwtAuthConfigBuilder| {
        let dpop = Dpop::new().nonce(NonceMode::Required);
        let dpop = dpop.nonce_secret(secret(1)).replay_entries(1024);
        config.dpop(dpop.replay_store(store.clone()))
    };
    let scene = Scene::configured(required);
    let answer = scene.answer(scene.request(&scene.proof().sign())).await;
    let nonce = nonce_of(&answer);
    let proof = || scene.proof().nonce(&nonce);
    scene.accepts_proof("the good one", &proof()).await;

    let narrow = scene.another(|config| required(config).required_scopes(["mcp:admin"]));
    let answer = narrow.answer(narrow.request(&proof().sign())).await;
    assert_eq!(
        (answer.status.as_u16(), nonce_of(&answer)),
        (403, nonce.clone())
    );
    store.fails(Some("errs"));
    let answer = scene.answer(scene.request(&proof().sign())).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.headers.contains_key("dpop-nonce"), "{answer:?}");
    store.fails(None);
    let limited = loop {
        let answer = scene.answer(scene.request(&proof().sign())).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(limited.status, 429);
    assert!(!limited.headers.contains_key("dpop-nonce"), "{limited:?}");
}

#[tokio::test]
async fn pop_p63_p64_p67_w17_nonces_that_do_not_count() {
    let shared = |secrets: Vec<String>| {
        move |config: JwtAuthConfigBuilder| {
            let dpop = Dpop::new().nonce(NonceMode::Required);
            config.dpop(secrets.into_iter().fold(dpop, Dpop::nonce_secret))
        }
    };
    let scene = Scene::configured(shared(vec![secret(1), secret(2)]));
    let nonce_at = async |scene: &Scene| {
        let answer = scene.answer(scene.request(&scene.proof().sign())).await;
        nonce_of(&answer)
    };
    let good = nonce_at(&scene).await;
    let with = |nonce: &str| scene.proof().nonce(nonce);
    scene.accepts_proof("its own", &with(&good)).await;

    let second = scene.another(shared(vec![secret(2)]));
    let by_second = nonce_at(&second).await;
    scene
        .accepts_proof("of the second secret", &with(&by_second))
        .await;
    let dropped = scene.another(shared(vec![secret(3)]));
    let by_dropped = nonce_at(&dropped).await;
    let elsewhere = scene.another(|config| {
        shared(vec![secret(1)])(config.resource("https://other.example.com/mcp"))
    });
    let other = Request::post("https://other.example.com/mcp")
        .body(Full::default())
        .unwrap();
    let by_other = nonce_of(&elsewhere.answer(other).await);
    for (what, nonce) in [
        ("p63 made up", "AAAAAAAAAAAAAAAAAAAAAA"),
        ("p63 a dropped secret", &by_dropped),
        ("p63 another resource", &by_other),
        ("p63 cut", &good[..good.len() - 1]),
        ("p63 longer", &format!("{good}A")),
    ] {
        scene
            .refuses_proof(what, &with(nonce), Verdict::Nonce)
            .await;
    }
    let mut header = scene.request(&scene.proof().sign());
    header.headers_mut().insert("dpop-nonce", value(&good));
    scene.refuses("p67", header, Verdict::Nonce).await;

    for (slices, accepted) in [(1, true), (5, true), (6, false), (7, false)] {
        let seconds = slices * 60;
        scene.at(seconds);
        let proof = with(&good).at(scene.time(seconds));
        match accepted {
            true => drop(scene.accepts_proof("w17", &proof).await),
            false => scene.refuses_proof("p64", &proof, Verdict::Nonce).await,
        }
    }
    // The clock of the process that gave it is ahead.
    scene.at(600);
    let ahead = nonce_at(&scene).await;
    for (seconds, accepted) in [(540, true), (480, false)] {
        scene.at(seconds);
        let proof = with(&ahead).at(scene.time(seconds));
        match accepted {
            true => drop(scene.accepts_proof("w17 of the next slice", &proof).await),
            false => {
                scene
                    .refuses_proof("of a later slice", &proof, Verdict::Nonce)
                    .await
            }
        }
    }
}

#[tokio::test]
async fn pop_p66_a_key_that_uses_nonces_goes_on() {
    let scene = Scene::usual();
    scene.accepts_proof("without", &scene.proof()).await;
    let late = scene.proof().at(scene.time(-120));
    let answer = scene.answer(scene.request(&late.sign())).await;
    let nonce = nonce_of(&answer);
    scene.accepts_proof("with one", &late.nonce(&nonce)).await;
    scene
        .refuses_proof("without again", &scene.proof(), Verdict::Nonce)
        .await;
    scene
        .accepts_proof("with one again", &scene.proof().nonce(&nonce))
        .await;
    let mut other = scene.another(|config| config.dpop(Dpop::new()));
    other.layer = scene.layer.clone();
    other.client = TestClient::start();
    other.token = other.issuer.mint(RESOURCE).bound_to(&other.client).sign();
    other.accepts_proof("another key", &other.proof()).await;
}

#[tokio::test]
async fn pop_s10_the_service_has_its_own_headers() {
    use http::Response;
    use tower::{Layer as _, ServiceExt as _};

    let scene = Scene::with(|dpop| dpop.nonce(NonceMode::Required));
    let answer = scene.answer(scene.request(&scene.proof().sign())).await;
    let old = nonce_of(&answer);
    scene.at(60);
    let cases: [(&str, &str, Option<&str>, Option<&str>); 6] = [
        ("POST", "", Some("new"), None),
        ("GET", "", Some("new"), Some("no-store")),
        (
            "GET",
            "public, max-age=60",
            None,
            Some("public, max-age=60"),
        ),
        ("GET", "no-store", Some("new"), Some("no-store")),
        ("GET", "private", Some("new"), Some("private")),
        ("GET", "no-cache", Some("new"), Some("no-cache")),
    ];
    for (method, caching, nonce, caching_after) in cases {
        let service = scene.layer.layer(tower::service_fn(
            move |_: Request<Full<Bytes>>| async move {
                let response = Response::builder().header("dpop-nonce", "of-the-service");
                let response = match caching {
                    "" => response,
                    caching => response.header("cache-control", caching),
                };
                Ok::<_, std::convert::Infallible>(response.body(Full::<Bytes>::default()).unwrap())
            },
        ));
        let proof = scene
            .proof()
            .claim("htm", method)
            .nonce(&old)
            .at(scene.time(60));
        let mut request = scene.request(&proof.sign());
        *request.method_mut() = method.parse().unwrap();
        let response = service.oneshot(request).await.unwrap();
        let headers = response.headers();
        let nonces: Vec<_> = headers.get_all("dpop-nonce").iter().collect();
        let is_new =
            nonces.len() == 1 && nonces[0] != "of-the-service" && nonces[0] != old.as_str();
        assert_eq!(is_new, nonce.is_some(), "{method} {caching}: {nonces:?}");
        let after = headers
            .get("cache-control")
            .map(|value| value.to_str().unwrap());
        assert_eq!(after, caching_after, "{method} {caching}");
    }
}
