//! P40 to P46, P57 to P59, P61, P65 and P68 to P70: the claims of the proof.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn pop_p40_p41_the_id() {
    let scene = Scene::usual();
    let id = |jti: Value| scene.proof().claim("jti", jti);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("p40 absent", scene.proof().without("jti")),
                ("p40 empty", id(json!(""))),
                ("p40 a number", id(json!(1))),
                ("p40 null", id(Value::Null)),
                ("p41 257 bytes", id(json!("x".repeat(257)))),
            ],
        )
        .await;
    let longest = id(json!("x".repeat(256)));
    scene.accepts_proof("256 bytes", &longest).await;
}

#[tokio::test]
async fn pop_p42_p43_p44_p45_the_method() {
    let scene = Scene::usual();
    let method = |htm: Value| scene.proof().claim("htm", htm);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("p42 absent", scene.proof().without("htm")),
                ("p42 a number", method(json!(1))),
            ],
        )
        .await;
    scene
        .refuses_proofs(
            URL,
            [
                ("p43 GET", method(json!("GET"))),
                ("p44 post", method(json!("post"))),
                ("empty", method(json!(""))),
            ],
        )
        .await;
    let overridden = scene.request(&method(json!("GET")).sign());
    let (mut parts, body) = overridden.into_parts();
    parts.headers.insert("x-http-method-override", value("GET"));
    scene
        .refuses("p45", Request::from_parts(parts, body), URL)
        .await;
    for (asked, proven, good) in [
        ("GET", "HEAD", false),
        ("HEAD", "GET", false),
        ("HEAD", "HEAD", true),
        ("PURGE", "PURGE", true),
    ] {
        let request = Request::builder()
            .method(asked)
            .uri(RESOURCE)
            .header("authorization", format!("DPoP {}", scene.token))
            .header("dpop", method(json!(proven)).sign())
            .body(Full::default())
            .unwrap();
        match good {
            true => drop(scene.accepts("w16", request).await),
            false => drop(scene.refuses("p43", request, URL).await),
        }
    }
}

#[tokio::test]
async fn pop_p46_what_is_no_url() {
    let scene = Scene::usual();
    let url = |htu: Value| scene.proof().claim("htu", htu);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("absent", scene.proof().without("htu")),
                ("a list", url(json!([RESOURCE]))),
            ],
        )
        .await;
    scene
        .refuses_proofs(
            URL,
            [
                ("relative", url(json!("/mcp"))),
                ("empty", url(json!(""))),
                ("no scheme", url(json!("mcp.example.com/mcp"))),
                ("no URL", url(json!("not a url"))),
            ],
        )
        .await;
}

#[tokio::test]
async fn pop_p57_p58_p59_the_time() {
    let scene = Scene::usual();
    let time = |iat: Value| scene.proof().claim("iat", iat);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("p57 absent", scene.proof().without("iat")),
                ("p57 a text", time(json!("1700000000"))),
                ("p57 null", time(Value::Null)),
                ("p57 1e300", time(json!(1e300))),
            ],
        )
        .await;
    let ago = |seconds: i64| scene.proof().at(scene.time(-seconds));
    scene
        .refuses_proofs(
            NOT_FRESH,
            [
                ("p57 negative", time(json!(-1))),
                ("p58 303 s old", ago(303)),
                ("p58 303 s ahead", ago(-303)),
            ],
        )
        .await;
    let answer = scene.answer(scene.request(&ago(120).sign())).await;
    let nonce = answer.headers["dpop-nonce"].to_str().unwrap().to_owned();
    for seconds in [303, -303] {
        let proof = ago(seconds).nonce(&nonce);
        scene
            .refuses_proof("p58 with a good nonce", &proof, NOT_FRESH)
            .await;
    }
    scene
        .accepts_proof("120 s, with the nonce", &ago(120).nonce(&nonce))
        .await;

    let strict = Scene::with(|dpop| dpop.nonce(tower_jwt_auth::proof::NonceMode::Off));
    for seconds in [60, -60] {
        let proof = strict.proof().at(strict.time(seconds));
        strict.accepts_proof("60 s", &proof).await;
    }
    for seconds in [61, -61] {
        let proof = strict.proof().at(strict.time(seconds));
        strict.refuses_proof("p59", &proof, NOT_FRESH).await;
    }
}

#[tokio::test]
async fn pop_p61_other_limits_of_time() {
    let scene = Scene::usual();
    let seconds = |claim: &str, by: i64| {
        let since = scene.time(by).duration_since(SystemTime::UNIX_EPOCH);
        scene.proof().claim(claim, since.unwrap().as_secs())
    };
    scene
        .refuses_proofs(
            NOT_FRESH,
            [
                ("exp passed", seconds("exp", -61)),
                ("nbf ahead", seconds("nbf", 61)),
            ],
        )
        .await;
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("exp a text", scene.proof().claim("exp", "1")),
                ("nbf null", scene.proof().claim("nbf", Value::Null)),
            ],
        )
        .await;
    for (claim, by) in [("exp", -59), ("exp", 1), ("nbf", 59)] {
        let what = format!("{claim} {by}");
        scene.accepts_proof(&what, &seconds(claim, by)).await;
    }
}

#[tokio::test]
async fn pop_p65_nonces_of_another_type() {
    let scene = Scene::usual();
    let nonce = |nonce: Value| scene.proof().claim("nonce", nonce);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("a number", nonce(json!(1))),
                ("null", nonce(Value::Null)),
                ("a list", nonce(json!(["x"]))),
            ],
        )
        .await;
    scene
        .refuses_proof("empty", &nonce(json!("")), Verdict::Nonce)
        .await;
}

#[tokio::test]
async fn pop_p68_p69_p70_the_token() {
    let scene = Scene::usual();
    let other = scene.issuer.mint(RESOURCE).bound_to(&scene.client).sign();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, scene.token.as_bytes());
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let ath = |text: String| scene.proof().claim("ath", text);
    let cut = &scene.token[..scene.token.len() - 1];
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("p68 absent", scene.proof().without("ath")),
                ("p68 a number", scene.proof().claim("ath", 1)),
            ],
        )
        .await;
    scene
        .refuses_proofs(
            OTHER_TOKEN,
            [
                ("p69 another token", scene.proof().token(&other)),
                (
                    "p70 padding",
                    ath(format!("{}=", URL_SAFE_NO_PAD.encode(hash))),
                ),
                ("p70 the other alphabet", ath(STANDARD.encode(hash))),
                ("p70 hex", ath(hex)),
                ("p70 cut", scene.proof().token(cut)),
                ("empty", ath(String::new())),
            ],
        )
        .await;
}
