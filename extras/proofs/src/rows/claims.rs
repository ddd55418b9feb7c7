//! What the proof is for, when it was made, and whether it was used.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tower_jwt_auth::Algorithm;

use super::Rows;
use crate::scene::{RESOURCE, Scene};

impl Rows<'_> {
    pub(super) fn claims(&mut self) {
        for (id, what, name) in [
            ("P40", "no jti", "jti"),
            ("P42", "no htm", "htm"),
            ("P46", "no htu", "htu"),
            ("P57", "no iat", "iat"),
            ("P68", "no ath", "ath"),
        ] {
            let without = self.scene.proof().without(name);
            self.proof(id, what, &without);
        }
        self.claim("P40", "jti is empty", "jti", json!(""));
        self.claim("P40", "jti is a number", "jti", json!(1));
        self.claim("P41", "jti of 257 bytes", "jti", json!("x".repeat(257)));
        self.claim("P43", "GET for POST", "htm", json!("GET"));
        self.claim("P44", "post for POST", "htm", json!("post"));
        self.claim("P57", "iat is a text", "iat", json!("1700000000"));
        self.claim("P57", "iat is negative", "iat", json!(-1));
        self.claim("P57", "iat is 1e300", "iat", json!(1e300));
        let ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
        let old = self.scene.proof().at(ago(303));
        self.proof("P58", "iat 303 s old", &old);
        let ahead = self
            .scene
            .proof()
            .at(SystemTime::now() + Duration::from_secs(303));
        self.proof("P58", "iat 303 s ahead", &ahead);
        let late = self.scene.proof().at(ago(120));
        self.proof("P60", "iat 120 s old, no nonce", &late);
        self.claim("P61", "exp has passed", "exp", json!(1));
        self.claim("P61", "nbf is ahead", "nbf", json!(4_102_444_800_u64));
        self.claim("P65", "nonce is a number", "nonce", json!(1));
        let other = self
            .scene
            .issuer
            .mint(RESOURCE)
            .bound_to(&self.scene.client);
        let other = self.scene.proof().token(&other.sign());
        self.proof("P69", "ath of another token", &other);
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.scene.token.as_bytes());
        let padded = format!("{}=", URL_SAFE_NO_PAD.encode(digest));
        self.claim("P70", "ath with padding", "ath", json!(padded));
        self.claim(
            "P70",
            "ath in base64",
            "ath",
            json!(STANDARD.encode(digest)),
        );
    }

    pub(super) fn urls(&mut self) {
        let evil = "https://evil.example/mcp";
        let proof = self.scene.proof().claim("htu", evil).sign();
        let mut request = self.scene.request(&proof);
        for name in ["host", "x-forwarded-host"] {
            let host = "evil.example".parse().expect("a header");
            request.headers_mut().insert(name, host);
        }
        self.add(
            "P47",
            "Host names the host of the proof",
            vec![request.clone()],
        );
        *request.uri_mut() = evil.parse().expect("a URL");
        self.add("P48", "and so does the target", vec![request]);
        for (id, what, htu) in [
            ("P46", "relative", "/mcp"),
            ("P50", "http for https", "http://mcp.example.com/mcp"),
            ("P51", "another port", "https://mcp.example.com:8443/mcp"),
            ("P52", "case of the path", "https://mcp.example.com/MCP"),
            ("P53", "a slash at the end", "https://mcp.example.com/mcp/"),
            ("P54", "two slashes", "https://mcp.example.com//mcp"),
            ("P54", "an escaped slash", "https://mcp.example.com/%2Fmcp"),
            ("P55", "user info", "https://u@mcp.example.com/mcp"),
            ("P55", "a backslash", "https://mcp.example.com\\mcp"),
            ("P55", "a bad escape", "https://mcp.example.com/mcp%GG"),
            ("P55", "port 99999", "https://mcp.example.com:99999/mcp"),
            (
                "P55",
                "a dot behind the host",
                "https://mcp.example.com./mcp",
            ),
            ("W02", "the default port", "https://mcp.example.com:443/mcp"),
            ("W02", "case of the host", "HTTPS://MCP.Example.COM/mcp"),
            ("W02", "dot segments", "https://mcp.example.com/x/../mcp"),
            ("W02", "an escaped letter", "https://mcp.example.com/%6dcp"),
            ("W03", "a query", "https://mcp.example.com/mcp?a=1"),
            ("W03", "a fragment", "https://mcp.example.com/mcp#a"),
        ] {
            self.claim(id, what, "htu", json!(htu));
        }
        let mut request = self.scene.good();
        *request.uri_mut() = "https://mcp.example.com/mcp?a=1".parse().expect("a URL");
        self.add("W04", "a query in the request alone", vec![request]);
    }

    pub(super) fn replays(&mut self) {
        let once = self.scene.good();
        self.add("P71", "the same proof again", vec![once.clone(), once]);
        let proof = self.scene.proof();
        let again = vec![
            self.scene.request(&proof.sign()),
            self.scene.request(&proof.sign()),
        ];
        self.add("P73", "the same claims, signed again", again);
        let other = Scene::of(self.scene.issuer, Algorithm::ES256);
        let id = json!("an id that two clients choose");
        let both = vec![
            self.scene
                .request(&self.scene.proof().claim("jti", id.clone()).sign()),
            other.request(&other.proof().claim("jti", id).sign()),
        ];
        self.add("W10", "one jti, two keys", both);
    }
}
