//! The header of the proof, its key and its signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::TestClient;

use super::Rows;
use crate::scene::{RESOURCE, Scene};

impl Rows<'_> {
    pub(super) fn shape(&mut self) {
        let request = self.scene.shown("DPoP", None);
        self.add("P01", "no DPoP header", vec![request]);
        let proof = self.scene.proof().sign();
        let with = |second: &str| {
            let mut request = self.scene.request(&proof);
            let second = second.parse().expect("a header");
            request.headers_mut().append("dpop", second);
            request
        };
        let (twice, empty) = (with(&proof), with(""));
        self.add("P02", "two DPoP lines", vec![twice]);
        self.add("P03", "two DPoP lines, the second empty", vec![empty]);
        let joined = format!("{proof}, {}", self.scene.proof().sign());
        self.raw("P04", "two proofs in one line", &joined);
        self.raw("P05", "a word", "this-is-not-a-jwt");
        self.raw("P05", "empty", "");
        self.raw("P05", "five segments", &format!("{proof}.e30.e30"));
        let parts: Vec<&str> = proof.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return;
        };
        let json = json!({"protected": header, "payload": claims, "signature": signature});
        self.raw("P06", "JSON serialisation", &json.to_string());
        self.raw(
            "P07",
            "padding",
            &format!("{header}.{claims}.{signature}=="),
        );
        self.raw(
            "P08",
            "signature is no base64",
            &format!("{header}.{claims}.!!!"),
        );
        let long = self.scene.proof().claim("x", "x".repeat(16 * 1024));
        self.proof("P09", "larger than 16 KiB", &long);
        let text = |segment: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(segment).expect("base64url");
            String::from_utf8(bytes).expect("JSON")
        };
        let twice = text(claims).replacen('{', &format!("{{\"htu\":\"{RESOURCE}\","), 1);
        let twice = self.scene.client.key().sign_compact(&text(header), &twice);
        self.raw("P10", "htu twice", &twice);
        let jwk = format!("{{\"jwk\":{},", self.scene.client.jwk());
        let twice = text(header).replacen('{', &jwk, 1);
        let twice = self.scene.client.key().sign_compact(&twice, &text(claims));
        self.raw("P10", "jwk twice", &twice);
    }

    pub(super) fn header(&mut self) {
        let without = self.scene.proof().without_header("typ");
        self.proof("P11", "no typ", &without);
        for typ in ["JWT", "at+jwt", "dpop-jwt"] {
            self.header_of("P12", "another typ", "typ", json!(typ));
        }
        let none = self.scene.proof().header("alg", "none").sign();
        let unsigned = none.rsplit_once('.').map_or("", |(start, _)| start);
        self.raw("P14", "alg none, no signature", &format!("{unsigned}."));
        self.raw("P14", "alg none, a signature", &none);
        let symmetric = TestClient::with_algorithm(Algorithm::HS256);
        let mac = symmetric.proof("POST", RESOURCE).token(&self.scene.token);
        self.proof("P15", "HS256 with a key of its own", &mac);
        let mac = self.scene.proof().header("alg", "HS256");
        let mac = mac.signed_by(symmetric.key().clone());
        self.proof("P16", "HS256, jwk of the EC key", &mac);
        self.header_of("P28", "crit", "crit", json!(["exp"]));
        self.header_of("P28", "crit, empty", "crit", json!([]));
        self.header_of("P28", "b64", "b64", json!(false));
    }

    pub(super) fn keys(&mut self) {
        let key_of = |algorithm| TestClient::with_algorithm(algorithm).jwk();
        self.header_of(
            "P18",
            "ES256, a key on P-384",
            "jwk",
            key_of(Algorithm::ES384),
        );
        self.jwk("P18", "secp256k1", "crv", json!("secp256k1"));
        self.header_of("P19", "ES256, an RSA key", "jwk", key_of(Algorithm::RS256));
        let without = self.scene.proof().without_header("jwk");
        self.proof("P20", "no jwk", &without);
        self.header_of("P20", "jwk is null", "jwk", Value::Null);
        let jwk = self.scene.client.jwk();
        self.header_of("P20", "jwk is a list", "jwk", json!([jwk]));
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
            self.jwk("P21", name, name, json!("AQAB"));
        }
        let kid = without.header("kid", self.scene.client.jkt());
        self.proof("P24", "kid for jwk", &kid);
        let url = json!("https://evil.example");
        self.jwk("W05", "x5u in jwk, which is not read", "x5u", url);
        let x = jwk["x"].as_str().unwrap_or_default().to_owned();
        let bytes = URL_SAFE_NO_PAD.decode(&x).expect("base64url");
        let longer = URL_SAFE_NO_PAD.encode([&[0][..], &bytes].concat());
        self.jwk("P25", "x with a leading zero", "x", json!(longer));
        self.jwk("P25", "x with padding", "x", json!(format!("{x}=")));
        self.jwk("P27", "use enc", "use", json!("enc"));
        self.jwk("P27", "key_ops encrypt", "key_ops", json!(["encrypt"]));
        self.jwk("P27", "alg of another family", "alg", json!("RS256"));
        let rsa = Scene::of(self.scene.issuer, Algorithm::RS256);
        let mut jwk = rsa.client.jwk();
        let good = rsa.request(&rsa.proof().sign());
        self.add("W11", "RS256", vec![good]);
        for name in ["p", "dp", "oth"] {
            jwk[name] = json!("AQAB");
            let request = rsa.request(&rsa.proof().header("jwk", jwk.clone()).sign());
            self.add("P22", name, vec![request]);
            jwk = rsa.client.jwk();
        }
    }

    pub(super) fn signatures(&mut self) {
        let proof = self.scene.proof().sign();
        let (signed, signature) = proof.rsplit_once('.').expect("a JWS");
        let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let with = |bytes: &[u8]| format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
        let mut flipped = bytes.clone();
        flipped[40] ^= 4;
        self.raw("P29", "a bit of the signature", &with(&flipped));
        self.raw("P29", "a byte short", &with(&bytes[..63]));
        self.raw("P29", "a signature of zeros", &with(&[0; 64]));
        let other = self.scene.proof().sign();
        let mixed: Vec<&str> = proof.split('.').collect();
        let claims = other.split('.').nth(1).unwrap_or_default();
        self.raw(
            "P30",
            "another payload",
            &format!("{}.{claims}.{}", mixed[0], mixed[2]),
        );
        let stranger = TestClient::start();
        let forged = self.scene.proof().signed_by(stranger.key().clone());
        self.proof("P31", "signed by another key", &forged);
    }
}
