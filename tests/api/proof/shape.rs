//! P01 to P14: one proof, of the right form.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

#[tokio::test]
async fn pop_p01_no_proof() {
    let scene = Scene::usual();
    scene.accepts_proof("one proof", &scene.proof()).await;
    let without = scene.parts().body(Full::default()).unwrap();
    scene.refuses("none", without, MISSING).await;
}

#[tokio::test]
async fn pop_p02_p03_p04_more_than_one_proof() {
    let scene = Scene::usual();
    let proof = scene.proof().sign();
    let twice = |second: &str| {
        scene
            .parts()
            .header("dpop", value(&proof))
            .header("dpop", value(second))
            .body(Full::default())
            .unwrap()
    };
    scene
        .refuses("the same twice", twice(&proof), SEVERAL)
        .await;
    scene.refuses("an empty second", twice(""), SEVERAL).await;
    let joined = format!("{proof}, {}", scene.proof().sign());
    scene
        .refuses("two in one line", scene.request(&joined), MALFORMED)
        .await;
    scene
        .accepts("one of them alone", scene.request(&proof))
        .await;
}

#[tokio::test]
async fn pop_p05_p06_p07_p08_what_is_no_jwt() {
    let scene = Scene::usual();
    let proof = scene.proof().sign();
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{proof}");
    };
    let json = serde_json::json!({"protected": header, "payload": claims, "signature": signature});
    // A signature of 64 bytes ends in four spare bits, of which the last character holds two.
    let spare = {
        let (start, last) = signature.split_at(signature.len() - 1);
        let next = match last {
            "A" => "B",
            "Q" => "R",
            "g" => "h",
            _ => "x",
        };
        format!("{start}{next}")
    };
    let odd = [
        ("p05 a word", "this-is-not-a-jwt".to_owned()),
        ("p05 empty", String::new()),
        ("p05 five segments", format!("{proof}.e30.e30")),
        ("p05 two segments", format!("{header}.{claims}")),
        ("p06 JSON", json.to_string()),
        ("p07 padding", format!("{header}=.{claims}.{signature}")),
        ("p07 padding", format!("{header}.{claims}=.{signature}")),
        ("p07 padding", format!("{header}.{claims}.{signature}==")),
        (
            "p07 plus",
            format!("{header}.{claims}.+{}", &signature[1..]),
        ),
        (
            "p07 slash",
            format!("{header}.{claims}./{}", &signature[1..]),
        ),
        ("p07 spare bits", format!("{header}.{claims}.{spare}")),
        ("p08 no base64url", format!("{header}.{claims}.!!!")),
        ("p08 one character", format!("{header}.{claims}.A")),
        ("p08 empty", format!("{header}.{claims}.")),
    ];
    for (what, odd) in odd {
        scene.refuses(what, scene.request(&odd), MALFORMED).await;
    }
    scene.accepts("as it was", scene.request(&proof)).await;
}

#[tokio::test]
async fn pop_p09_too_large() {
    let scene = Scene::usual();
    let padded = |bytes: usize| scene.proof().claim("x", "x".repeat(bytes));
    let base = padded(0).sign().len();
    let mut fill = (16 * 1024 - base) * 3 / 4;
    while padded(fill + 1).sign().len() <= 16 * 1024 {
        fill += 1;
    }
    scene.accepts_proof("16 KiB", &padded(fill)).await;
    scene
        .refuses_proof("a byte more", &padded(fill + 2), MALFORMED)
        .await;
}

#[tokio::test]
async fn pop_p10_members_that_come_twice() {
    let scene = Scene::usual();
    let key = scene.client.key();
    let proof = scene.proof().sign();
    let text = |segment: usize| {
        let segment = proof.split('.').nth(segment).unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
    };
    let (header, claims) = (text(0), text(1));
    let jwk = format!(r#""jwk":{},"#, scene.client.jwk());
    let htu = format!(r#""htu":"{RESOURCE}","#);
    let more = |text: &str, member: &str| text.replacen('{', &format!("{{{member}"), 1);
    let same = key.sign_compact(&header, &claims);
    for (what, header, claims) in [
        ("jwk", more(&header, &jwk), claims.clone()),
        (
            "jwk, first null",
            more(&header, r#""jwk":null,"#),
            claims.clone(),
        ),
        (
            "jwk, last null",
            more(
                &header.replace(&jwk[..jwk.len() - 1], r#""jwk":null"#),
                &jwk,
            ),
            claims.clone(),
        ),
        (
            "alg, first a number",
            more(&header, r#""alg":256,"#),
            claims.clone(),
        ),
        ("htu", header.clone(), more(&claims, &htu)),
        (
            "one that is not read",
            header.clone(),
            more(&claims, r#""x":1,"x":1,"#),
        ),
    ] {
        let twice = key.sign_compact(&header, &claims);
        scene.refuses(what, scene.request(&twice), MALFORMED).await;
    }
    scene.accepts("once", scene.request(&same)).await;
}

#[tokio::test]
async fn pop_p11_p12_the_type() {
    let scene = Scene::usual();
    let typed = |typ: &str| scene.proof().header("typ", typ);
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("p11 none", scene.proof().without_header("typ")),
                ("p12 JWT", typed("JWT")),
                ("p12 jwt", typed("jwt")),
                ("p12 at+jwt", typed("at+jwt")),
                ("p12 dpop-jwt", typed("dpop-jwt")),
                ("p12 a number", scene.proof().header("typ", 1)),
                ("p12 another media type", typed("text/dpop+jwt")),
            ],
        )
        .await;
    for typ in ["DPoP+JWT", "application/dpop+jwt"] {
        scene.accepts_proof(typ, &typed(typ)).await;
    }
}

#[tokio::test]
async fn pop_p13_an_access_token_as_its_own_proof() {
    let mut scene = Scene::usual();
    let client = scene.client.clone();
    let both = |typ: &str| {
        scene
            .issuer
            .mint(RESOURCE)
            .bound_to(&client)
            .header("typ", typ)
            .header("jwk", scene.issuer.signing_key().jwk())
            .sign()
    };
    let token = both("at+jwt");
    scene.token = token.clone();
    scene.accepts_proof("a proof", &scene.proof()).await;
    scene
        .refuses("the token", scene.request(&token), MALFORMED)
        .await;
}

#[tokio::test]
async fn pop_p14_p15_p16_p17_algorithms() {
    let scene = Scene::with(|dpop| {
        use tower_jwt_auth::Algorithm::{ES256, RS256};
        dpop.algorithms([ES256, RS256])
    });
    let none = scene.proof().header("alg", "none").sign();
    let (start, _) = none.rsplit_once('.').unwrap();
    let unsigned = scene.request(&format!("{start}."));
    let answer = scene.answer(unsigned).await;
    assert_eq!(
        answer.json()["error_description"],
        "The DPoP proof is malformed"
    );
    let answer = scene.answer(scene.request(&none)).await;
    let key = "The DPoP proof has a key or an algorithm that is not accepted";
    assert_eq!(answer.json()["error_description"], key);

    let symmetric = TestClient::with_algorithm(tower_jwt_auth::Algorithm::HS256);
    let mac = symmetric.proof("POST", RESOURCE).token(&scene.token);
    let confused = scene
        .proof()
        .header("alg", "HS256")
        .signed_by(symmetric.key().clone());
    let other = TestClient::with_algorithm(tower_jwt_auth::Algorithm::EdDSA);
    let unlisted = other.proof("POST", RESOURCE).token(&scene.token);
    for (what, proof) in [("p15", mac), ("p16", confused), ("p17", unlisted)] {
        let answer = scene.answer(scene.request(&proof.sign())).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.json()["error_description"], key, "{what}");
    }
    // The secret is what everybody knows: the bytes of the public key.
    let input = scene.proof().header("alg", "HS256").sign();
    let (input, _) = input.rsplit_once('.').unwrap();
    let jwk = scene.client.jwk();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let (x, y) = (coordinate("x"), coordinate("y"));
    for secret in [
        [&[4][..], &x, &y].concat(),
        [x.clone(), y.clone()].concat(),
        x,
    ] {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, input.as_bytes()));
        let answer = scene.answer(scene.request(&format!("{input}.{mac}"))).await;
        assert_eq!(answer.json()["error_description"], key, "p16");
    }
    assert_eq!(scene.inner.calls(), 0);
    scene.accepts_proof("ES256", &scene.proof()).await;

    // A key of an algorithm that is listed.
    let listed = TestClient::with_algorithm(tower_jwt_auth::Algorithm::RS256);
    let token = scene.issuer.mint(RESOURCE).bound_to(&listed).sign();
    let proof = listed.proof("POST", RESOURCE).token(&token).at(scene.start);
    let request = Request::post(RESOURCE)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof.sign())
        .body(Full::default())
        .unwrap();
    scene.accepts("p17 RS256, listed", request).await;
}
