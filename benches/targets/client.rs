//! A client whose token is bound to its key, and its requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use serde_json::json;
use tower_jwt_auth::proof::Dpop;
use tower_jwt_auth::test_util::TestClient;
use tower_jwt_auth::{Algorithm, JwtAuthLayer};

use crate::drive::{Ask, request};
use crate::world::{RESOURCE, Token, World, claims, config, header, ready};

/// The issuer of ES256 tokens, and a client with an ES256 key.
pub(crate) struct BoundClient {
    pub(crate) world: World,
    client: TestClient,
    made: AtomicUsize,
}

/// Whether the server has seen the header of a proof, by which it finds the key.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Known,
    New,
}

impl BoundClient {
    pub(crate) fn new() -> Self {
        Self {
            world: World::new(Algorithm::ES256),
            client: TestClient::start(),
            made: AtomicUsize::new(0),
        }
    }

    /// A layer that takes proofs, and whose keys are already here.
    pub(crate) fn layer(&self) -> JwtAuthLayer {
        ready(config(self.world.source()).dpop(Dpop::new()))
    }

    pub(crate) fn new_token(&self) -> Token {
        self.new_token_of(&self.client)
    }

    pub(crate) fn new_token_of(&self, client: &TestClient) -> Token {
        let mut claims = claims(self.made.fetch_add(1, Ordering::Relaxed));
        claims["cnf"] = json!({"jkt": client.jkt()});
        self.world.signed(&header(&self.world.key), &claims)
    }

    /// A request with a proof that was not sent before.
    pub(crate) fn request(&self, token: &Token, key: Key) -> Ask {
        self.request_of(&self.client, token, key)
    }

    pub(crate) fn request_of(&self, client: &TestClient, token: &Token, key: Key) -> Ask {
        let proof = client.proof("POST", RESOURCE).token(&token.text);
        let proof = match key {
            Key::Known => proof,
            Key::New => proof.header("number", self.made.fetch_add(1, Ordering::Relaxed)),
        };
        let mut request = request(None);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, line(format!("DPoP {}", token.text)));
        headers.insert(DPOP, line(proof.sign()));
        request
    }
}

/// The value as hyper makes it: a slice of the buffer of the connection.
fn line(value: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(value)).unwrap()
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
