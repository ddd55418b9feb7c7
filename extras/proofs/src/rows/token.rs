//! The token, how it is presented, and what must be accepted.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{TestClient, TestKey};

use super::Rows;
use crate::scene::{RESOURCE, Scene};

impl Rows<'_> {
    pub(super) fn binding(&mut self) {
        let thief = TestClient::start();
        let stolen = thief.proof("POST", RESOURCE).token(&self.scene.token);
        self.proof("P32", "the key of a thief", &stolen);
        let jkt = self.scene.client.jkt();
        let cnfs = [
            ("P33", "jkt with padding", json!({"jkt": format!("{jkt}=")})),
            ("P33", "jkt in hex", json!({"jkt": "ab".repeat(32)})),
            ("P34", "cnf is null", Value::Null),
            ("P34", "cnf is a text", json!("text")),
            ("P34", "cnf is empty", json!({})),
            ("P34", "jkt is a number", json!({"jkt": 1})),
            ("P34", "kid alone", json!({"kid": "1"})),
            ("P34", "an unknown member alone", json!({"new": "x"})),
            (
                "P35",
                "jkt and jwk",
                json!({"jkt": jkt, "jwk": {"kty": "EC"}}),
            ),
            (
                "P35",
                "jkt and jku",
                json!({"jkt": jkt, "jku": "https://x.example"}),
            ),
            ("P35", "jkt and kid", json!({"jkt": jkt, "kid": "1"})),
            (
                "W25",
                "jkt and kc-jkt-type",
                json!({"jkt": jkt, "kc-jkt-type": "x"}),
            ),
        ];
        for (id, what, cnf) in cnfs {
            let scene = self.scene.bound(cnf);
            self.add(id, what, vec![scene.good()]);
        }
        for (what, cnf) in [
            ("cnf is null, as Bearer", Value::Null),
            ("cnf is a text, as Bearer", json!("text")),
            ("cnf is empty, as Bearer", json!({})),
            ("jkt is a number, as Bearer", json!({"jkt": 1})),
            ("kid alone, as Bearer", json!({"kid": "1"})),
            ("an unknown member alone, as Bearer", json!({"new": "x"})),
        ] {
            let scene = self.scene.bound(cnf);
            self.add("P34", what, vec![scene.shown("Bearer", None)]);
        }
        let unbound = Scene {
            token: self.scene.issuer.mint(RESOURCE).sign(),
            client: self.scene.client.clone(),
            ..self.scene
        };
        self.add("P36", "a proof for an unbound token", vec![unbound.good()]);
        let proof = unbound.proof().sign();
        let stray = unbound.shown("Bearer", Some(&proof));
        self.add("W12", "an unbound token, a stray proof", vec![stray]);
        let proof = self.scene.proof().sign();
        let bearer = self.scene.shown("Bearer", Some(&proof));
        self.add("P37", "a bound token as Bearer, a proof", vec![bearer]);
        let bearer = self.scene.shown("Bearer", None);
        self.add("P38", "a bound token as Bearer", vec![bearer.clone()]);
        self.add(
            "P39",
            "the same, known as DPoP",
            vec![self.scene.good(), bearer],
        );
    }

    pub(super) fn credentials(&mut self) {
        let proof = || self.scene.proof().sign();
        let token = self.scene.token.clone();
        let mut two = self.scene.request(&proof());
        let second = format!("Bearer {token}").parse().expect("a header");
        two.headers_mut().append("authorization", second);
        let lines = [
            format!("DPoP {token}, Bearer {token}"),
            format!("DPoP  {token} x"),
        ];
        let odd: Vec<_> = lines
            .iter()
            .map(|line| {
                let mut request = self.scene.request(&proof());
                let line = line.parse().expect("a header");
                request.headers_mut().insert("authorization", line);
                request
            })
            .collect();
        self.add("P84", "two Authorization lines", vec![two]);
        for request in odd {
            self.add("P85", "two tokens in one line", vec![request]);
        }
        let mint = || {
            self.scene
                .issuer
                .mint(RESOURCE)
                .bound_to(&self.scene.client)
        };
        let forged = TestKey::generate(Algorithm::ES256, "forged");
        let tokens = [
            (
                "P86",
                "an expired token",
                mint().valid(1, Duration::from_secs(60)),
            ),
            (
                "P87",
                "another audience",
                mint().claim("aud", "https://other.example"),
            ),
            ("P88", "a forged token", mint().signed_by(forged.into())),
        ];
        for (id, what, token) in tokens {
            let scene = Scene {
                token: token.sign(),
                client: self.scene.client.clone(),
                ..self.scene
            };
            self.add(id, what, vec![scene.good()]);
        }
        for scheme in ["dpop", "DPOP"] {
            let request = self.scene.shown(scheme, Some(&self.scene.proof().sign()));
            self.add("W01", "case of the scheme", vec![request]);
        }
    }

    pub(super) fn accepted(&mut self) {
        let mut jwk = self.scene.client.jwk();
        for (name, value) in [
            ("kid", json!("1")),
            ("ext", json!(true)),
            ("key_ops", json!(["verify"])),
            ("use", json!("sig")),
            ("alg", json!("ES256")),
        ] {
            jwk[name] = value;
        }
        self.header_of("W05", "a key that a browser exported", "jwk", jwk);
        self.header_of("W06", "an unknown member", "x", json!({"a": [1]}));
        self.claim("W07", "iss, sub or aud", "aud", json!("x"));
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since.map_or(0, |since| since.as_secs());
        self.claim("W07", "exp is ahead", "exp", json!(now + 60));
        self.claim("W08", "iat with a fraction", "iat", json!(now as f64 - 0.5));
        for algorithm in [Algorithm::ES384, Algorithm::EdDSA, Algorithm::PS256] {
            let scene = Scene::of(self.scene.issuer, algorithm);
            self.add("W11", algorithm.name(), vec![scene.good()]);
        }
        let good = self.scene.good();
        self.add("W00", "a good proof", vec![good]);
    }
}
