//! Each refused proof differs in one thing from one that the same test accepts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod claims;
mod examples;
mod header;
mod known;
mod order;
mod shape;
mod signature;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::*;
use crate::test_util::TestKey;

/// A server at <https://mcp.example.com>, and a client whose token is bound to its key.
struct Setup {
    checks: DpopChecks,
    client: TestKey,
}

/// `Err(None)`: the key is not the one of the token.
type Verdict = Result<(), Option<ProofFault>>;

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        Self::of_client(TestKey::generate(algorithm, "client"))
    }

    fn of_client(client: TestKey) -> Self {
        let url = PublicUrl::parse("https://mcp.example.com").unwrap();
        let algorithms = Algorithm::ASYMMETRIC.to_vec();
        let checks = DpopChecks::new(algorithms, vec![url], Duration::from_secs(60));
        Self { checks, client }
    }

    fn header(&self) -> Value {
        header_of(&self.client)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.client
            .sign_compact(&header.to_string(), &claims.to_string())
    }

    fn proof(&self) -> String {
        self.sign(&self.header(), &claims())
    }

    /// Steps 2 to 13.
    fn check(&self, proof: &str, jkt: &[u8; 32]) -> Result<CheckedProof, ProofError> {
        let expected = Expected {
            jkt: Some(jkt),
            ..REQUEST
        };
        let headers = headers(&[proof]);
        self.checks.check(&headers, &expected, at(NOW))
    }

    /// Steps 2 to 13 and 16, for a token that is bound to the key of the client.
    fn judge(&self, proof: &str) -> Verdict {
        self.judge_for(proof, &thumbprint(&self.client.jwk()))
    }

    fn judge_for(&self, proof: &str, jkt: &[u8; 32]) -> Verdict {
        let mut checked = self.check(proof, jkt).map_err(fault)?;
        checked.verify().map_err(fault)
    }

    /// Judges a proof whose header has another `jwk`, for a token that is bound to that key.
    fn judge_key(&self, alg: &str, jwk: &Value) -> Verdict {
        let header = with(&self.header(), &[("alg", alg.into()), ("jwk", jwk.clone())]);
        self.judge_for(&self.sign(&header, &claims()), &thumbprint(jwk))
    }

    /// Accepts a proof as the verifier does: after every other check.
    fn accept(&self, proof: &str, used_a_nonce: bool) -> CheckedProof {
        let jkt = thumbprint(&self.client.jwk());
        let mut checked = self.check(proof, &jkt).ok().unwrap();
        checked.verify().unwrap();
        self.checks.remember(&checked, used_a_nonce);
        checked
    }
}

fn header_of(key: &TestKey) -> Value {
    json!({"typ": "dpop+jwt", "alg": key.algorithm().name(), "jwk": key.jwk()})
}

fn claims() -> Value {
    json!({
        "jti": "e1j3V_bKic8-LAEB",
        "htm": "POST",
        "htu": "https://mcp.example.com/mcp",
        "iat": NOW,
        "ath": ath(TOKEN),
    })
}

fn ath(token: &[u8]) -> String {
    BASE64.encode(hash(token))
}

fn hash(text: &[u8]) -> [u8; 32] {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text);
    hash.as_ref().try_into().unwrap()
}

/// RFC 7638 §3.2, by a JSON library.
fn thumbprint(jwk: &Value) -> [u8; 32] {
    let required: &[&str] = match jwk["kty"].as_str().unwrap_or_default() {
        "AKP" => &["alg", "kty", "pub"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => &["e", "kty", "n"],
    };
    let members: BTreeMap<_, _> = required.iter().map(|name| (*name, &jwk[*name])).collect();
    hash(serde_json::to_string(&members).unwrap().as_bytes())
}

/// The same object with these members; `null` removes one.
fn with(object: &Value, members: &[(&str, Value)]) -> Value {
    let mut object = object.clone();
    for (name, value) in members {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(*name)),
            value => object[*name] = value.clone(),
        }
    }
    object
}

fn headers(lines: &[&str]) -> HeaderMap {
    let lines = lines
        .iter()
        .map(|line| (DPOP, HeaderValue::from_str(line).unwrap()));
    lines.collect()
}

fn fault(error: ProofError) -> Option<ProofFault> {
    match error {
        ProofError::Fault { fault, .. } => Some(fault),
        ProofError::OtherKey => None,
    }
}

fn at(seconds: u64) -> NumericDate {
    NumericDate::new(seconds as f64).unwrap()
}

const NOW: u64 = 1_800_000_000;
const TOKEN: &[u8] = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSJ9.c2ln==";

/// A request whose token is not known to be bound to a key.
const REQUEST: Expected<'static> = Expected {
    method: "POST",
    path: Some("/mcp"),
    token: TOKEN,
    jkt: None,
    ath: None,
};
