//! P18 to P31: the key of the proof, and its signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;

use super::*;

fn scene_of(algorithm: Algorithm) -> Scene {
    let mut scene = Scene::usual();
    scene.client = TestClient::with_algorithm(algorithm);
    scene.token = scene.issuer.mint(RESOURCE).bound_to(&scene.client).sign();
    scene
}

impl Scene {
    /// A proof whose `jwk` differs in these members; `null` removes one.
    fn with_jwk(&self, change: &Value) -> ProofBuilder {
        let mut jwk = self.client.jwk();
        for (name, value) in change.as_object().unwrap() {
            match value.is_null() {
                true => drop(jwk.as_object_mut().unwrap().remove(name)),
                false => jwk[name.as_str()] = value.clone(),
            }
        }
        self.proof().header("jwk", jwk)
    }
}

#[tokio::test]
async fn pop_p18_p19_keys_that_do_not_fit_the_algorithm() {
    let scene = Scene::usual();
    let key_of = |algorithm| TestClient::with_algorithm(algorithm).jwk();
    let named =
        |algorithm: &str, jwk: Value| scene.proof().header("alg", algorithm).header("jwk", jwk);
    let mut x25519 = key_of(Algorithm::EdDSA);
    x25519["crv"] = json!("X25519");
    let mut koblitz = key_of(Algorithm::ES256);
    koblitz["crv"] = json!("secp256k1");
    scene
        .refuses_proofs(
            KEY,
            [
                ("p18 ES256, P-384", named("ES256", key_of(Algorithm::ES384))),
                ("p18 ES384, P-256", named("ES384", key_of(Algorithm::ES256))),
                ("p18 secp256k1", named("ES256", koblitz)),
                ("p19 ES256, RSA", named("ES256", key_of(Algorithm::RS256))),
                ("p19 EdDSA, X25519", named("EdDSA", x25519)),
                ("p19 EdDSA, P-256", named("EdDSA", key_of(Algorithm::ES256))),
                (
                    "ML-DSA is not listed",
                    named("ML-DSA-44", key_of(Algorithm::MlDsa44)),
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn pop_p20_p24_where_the_key_must_be() {
    let scene = Scene::usual();
    let jwk = scene.client.jwk();
    let moved = |name: &str, value: Value| scene.proof().without_header("jwk").header(name, value);
    let url = format!("{}/jwks", scene.issuer.issuer());
    scene
        .refuses_proofs(
            KEY,
            [
                ("p20 absent", scene.proof().without_header("jwk")),
                ("p20 null", scene.proof().header("jwk", Value::Null)),
                ("p20 a text", scene.proof().header("jwk", jwk.to_string())),
                ("p20 a list", scene.proof().header("jwk", json!([jwk]))),
                ("p24 kid", moved("kid", json!(scene.client.jkt()))),
                ("p24 jku", moved("jku", json!(url))),
                ("p24 x5u", moved("x5u", json!(url))),
                ("p24 x5c", moved("x5c", json!(["MIIB"]))),
            ],
        )
        .await;
    assert_eq!(scene.issuer.fetches(), 0);
}

#[tokio::test]
async fn pop_p21_p22_p23_private_members() {
    let scene = Scene::usual();
    scene
        .refuses_proofs(
            KEY,
            ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]
                .map(|name| (name, scene.with_jwk(&json!({name: "AQAB"})))),
        )
        .await;
    let rsa = scene_of(Algorithm::RS256);
    rsa.refuses_proofs(
        KEY,
        ["d", "p", "dp", "oth"].map(|name| (name, rsa.with_jwk(&json!({name: "AQAB"})))),
    )
    .await;
    let mut akp = Scene::with(|dpop| dpop.algorithms([Algorithm::MlDsa44]));
    akp.client = TestClient::with_algorithm(Algorithm::MlDsa44);
    akp.token = akp.issuer.mint(RESOURCE).bound_to(&akp.client).sign();
    akp.accepts_proof("ML-DSA-44, listed", &akp.proof()).await;
    let answer = akp.answer(akp.request(&akp.with_jwk(&json!({"priv": "AQAB"})).sign()));
    let description = answer.await.json()["error_description"].clone();
    assert_eq!(
        description,
        "The DPoP proof has a key or an algorithm that is not accepted"
    );
}

#[tokio::test]
async fn pop_p25_points_on_a_curve() {
    let scene = Scene::usual();
    let jwk = scene.client.jwk();
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let text = |bytes: &[u8]| json!({"x": URL_SAFE_NO_PAD.encode(bytes)});
    let longer = [&[0][..], &x].concat();
    let mut elsewhere = x.clone();
    elsewhere[31] ^= 1;
    scene
        .refuses_proofs(
            KEY,
            [
                ("an octet short", scene.with_jwk(&text(&x[..31]))),
                ("a leading zero", scene.with_jwk(&text(&longer))),
                (
                    "padded",
                    scene.with_jwk(&json!({"x": format!("{}=", jwk["x"].as_str().unwrap())})),
                ),
                ("no y", scene.with_jwk(&json!({"y": null}))),
            ],
        )
        .await;
    // Its thumbprint fits, so it is the point that is looked at.
    let off_curve = OffCurve::of(&scene, &elsewhere);
    off_curve.refused().await;
}

/// A key that is not on the curve, and a token that is bound to it.
struct OffCurve {
    scene: Scene,
    proof: String,
}

impl OffCurve {
    fn of(good: &Scene, x: &[u8]) -> Self {
        let mut scene = good.another(|config| config.dpop(Dpop::new()));
        let mut jwk = scene.client.jwk();
        jwk["x"] = json!(URL_SAFE_NO_PAD.encode(x));
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
            jwk["x"], jwk["y"]
        );
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
        let jkt = URL_SAFE_NO_PAD.encode(hash);
        scene.token = scene
            .issuer
            .mint(RESOURCE)
            .claim("cnf", json!({"jkt": jkt}))
            .sign();
        let proof = scene.proof().header("jwk", jwk).sign();
        Self { scene, proof }
    }

    async fn refused(&self) {
        let request = self.scene.request(&self.proof);
        self.scene.refuses("not on the curve", request, KEY).await;
    }
}

#[tokio::test]
async fn pop_p26_rsa_keys() {
    let scene = scene_of(Algorithm::RS256);
    let n = URL_SAFE_NO_PAD
        .decode(scene.client.jwk()["n"].as_str().unwrap())
        .unwrap();
    let modulus = |bytes: &[u8]| scene.with_jwk(&json!({"n": URL_SAFE_NO_PAD.encode(bytes)}));
    let exponent = |e: &str| scene.with_jwk(&json!({"e": e}));
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let large = [&[3][..], &n, &n].concat();
    scene
        .refuses_proofs(
            KEY,
            [
                ("1024 bits", modulus(&n[128..])),
                ("4098 bits", modulus(&large)),
                ("an even modulus", modulus(&even)),
                ("a leading zero", modulus(&[&[0][..], &n].concat())),
                ("e = 1", exponent("AQ")),
                ("e = 2", exponent("Ag")),
                ("e = 65536", exponent("AQAA")),
                ("e with a leading zero", exponent("AAEAAQ")),
            ],
        )
        .await;
}

#[tokio::test]
async fn pop_p27_what_the_key_is_for() {
    let scene = Scene::usual();
    scene
        .refuses_proofs(
            KEY,
            [
                ("enc", scene.with_jwk(&json!({"use": "enc"}))),
                ("encrypt", scene.with_jwk(&json!({"key_ops": ["encrypt"]}))),
                ("sign alone", scene.with_jwk(&json!({"key_ops": ["sign"]}))),
                ("no operation", scene.with_jwk(&json!({"key_ops": []}))),
                ("another family", scene.with_jwk(&json!({"alg": "RS256"}))),
                ("another curve", scene.with_jwk(&json!({"alg": "ES384"}))),
            ],
        )
        .await;
}

#[tokio::test]
async fn pop_p28_what_is_not_understood() {
    let scene = Scene::usual();
    scene
        .refuses_proofs(
            MALFORMED,
            [
                ("crit", scene.proof().header("crit", json!(["exp"]))),
                ("crit, empty", scene.proof().header("crit", json!([]))),
                ("b64", scene.proof().header("b64", false)),
            ],
        )
        .await;
}

#[tokio::test]
async fn pop_p29_p30_p31_signatures() {
    let scene = Scene::usual();
    let proof = scene.proof().sign();
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut flipped = bytes.clone();
    flipped[40] ^= 4;
    let der = [
        &[0x30, 0x44, 2, 32][..],
        &bytes[..32],
        &[2, 32],
        &bytes[32..],
    ]
    .concat();
    let (header, claims) = signed.split_once('.').unwrap();
    let mut json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    json["jti"] = json!("another");
    let changed = URL_SAFE_NO_PAD.encode(json.to_string());
    let other = TestClient::start();
    for (what, odd) in [
        ("p29 a bit", with(&flipped)),
        ("p29 truncated", with(&bytes[..63])),
        ("p29 longer", with(&[&bytes[..], &[0]].concat())),
        ("p29 DER", with(&der)),
        ("p29 zero", with(&[0; 64])),
        (
            "p30 another payload",
            format!("{header}.{changed}.{signature}"),
        ),
        (
            "p31 another key",
            scene.proof().signed_by(other.key().clone()).sign(),
        ),
    ] {
        scene.refuses(what, scene.request(&odd), SIGNATURE).await;
    }
    scene.accepts("as it was", scene.request(&proof)).await;
}

#[tokio::test]
async fn pop_p90_p91_a_known_key_saves_no_check() {
    let scene = Scene::usual();
    scene
        .accepts_proof("the key becomes known", &scene.proof())
        .await;
    let (one, other) = (scene.proof().sign(), scene.proof().sign());
    let segments = |proof: &str| proof.split('.').map(ToOwned::to_owned).collect::<Vec<_>>();
    let (one, other) = (segments(&one), segments(&other));
    assert_eq!(one[0], other[0], "the same header bytes");
    let mixed = format!("{}.{}.{}", one[0], other[1], one[2]);
    scene.refuses("p90", scene.request(&mixed), SIGNATURE).await;
    let changed = scene.proof().header("alg", "ES384");
    scene.refuses_proof("p91 alg", &changed, KEY).await;
    let header = r#"{"alg":"ES256","typ":"dpop+jwt"}"#;
    let without = scene.client.key().sign_compact(header, "{}");
    scene
        .refuses("p91 no key", scene.request(&without), KEY)
        .await;
    let again = format!("{}.{}.{}", other[0], other[1], other[2]);
    scene.accepts("untouched", scene.request(&again)).await;
}
