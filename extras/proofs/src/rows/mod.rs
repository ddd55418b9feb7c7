//! The proofs that must be refused and those that must be accepted, each with the one thing in
//! which it differs from a good one. The ids are those of `tests/CATALOGUE.md`.
//!
//! What needs a nonce, a full memory or another clock is not here: in huskarl the application
//! brings those.

mod claims;
mod header;
mod token;

use http::Request;
use serde_json::Value;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{ProofBuilder, TestIssuer};

use crate::scene::Scene;

pub struct Row {
    pub id: &'static str,
    pub what: &'static str,
    /// In their order. All but the last must be accepted.
    pub requests: Vec<Request<()>>,
    /// Whether the last must be.
    pub is_good: bool,
}

struct Rows<'i> {
    scene: Scene<'i>,
    all: Vec<Row>,
}

pub fn rows(issuer: &TestIssuer) -> Vec<Row> {
    let mut rows = Rows {
        scene: Scene::of(issuer, Algorithm::ES256),
        all: Vec::new(),
    };
    rows.shape();
    rows.header();
    rows.keys();
    rows.signatures();
    rows.binding();
    rows.claims();
    rows.urls();
    rows.replays();
    rows.credentials();
    rows.accepted();
    rows.all
}

impl Rows<'_> {
    fn add(&mut self, id: &'static str, what: &'static str, requests: Vec<Request<()>>) {
        let is_good = id.starts_with('W');
        self.all.push(Row {
            id,
            what,
            requests,
            is_good,
        });
    }

    fn raw(&mut self, id: &'static str, what: &'static str, proof: &str) {
        let request = self.scene.request(proof);
        self.add(id, what, vec![request]);
    }

    fn proof(&mut self, id: &'static str, what: &'static str, proof: &ProofBuilder) {
        self.raw(id, what, &proof.sign());
    }

    fn header_of(&mut self, id: &'static str, what: &'static str, name: &str, value: Value) {
        let proof = self.scene.proof().header(name, value);
        self.proof(id, what, &proof);
    }

    fn claim(&mut self, id: &'static str, what: &'static str, name: &str, value: Value) {
        let proof = self.scene.proof().claim(name, value);
        self.proof(id, what, &proof);
    }

    fn jwk(&mut self, id: &'static str, what: &'static str, name: &str, value: Value) {
        let mut jwk = self.scene.client.jwk();
        jwk[name] = value;
        self.header_of(id, what, "jwk", jwk);
    }
}
