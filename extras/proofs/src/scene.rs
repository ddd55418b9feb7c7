//! An issuer, a client with a bound token, and its requests.

use http::Request;
use serde_json::Value;
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{ProofBuilder, TestClient, TestIssuer};

pub const RESOURCE: &str = "https://mcp.example.com/mcp";
pub const ORIGIN: &str = "https://mcp.example.com";

/// A client and a token that is bound to its key.
pub struct Scene<'i> {
    pub issuer: &'i TestIssuer,
    pub client: TestClient,
    pub token: String,
}

impl<'i> Scene<'i> {
    pub fn of(issuer: &'i TestIssuer, algorithm: Algorithm) -> Self {
        let client = TestClient::with_algorithm(algorithm);
        let token = issuer.mint(RESOURCE).bound_to(&client).sign();
        Self {
            issuer,
            client,
            token,
        }
    }

    /// The same client with a token whose `cnf` is this.
    pub fn bound(&self, cnf: Value) -> Self {
        let token = self.issuer.mint(RESOURCE).claim("cnf", cnf).sign();
        Self {
            issuer: self.issuer,
            client: self.client.clone(),
            token,
        }
    }

    /// A proof that is good for [`Self::request`].
    pub fn proof(&self) -> ProofBuilder {
        self.client.proof("POST", RESOURCE).token(&self.token)
    }

    /// A good request with this proof.
    pub fn request(&self, proof: &str) -> Request<()> {
        self.shown("DPoP", Some(proof))
    }

    pub fn good(&self) -> Request<()> {
        self.request(&self.proof().sign())
    }

    pub fn shown(&self, scheme: &str, proof: Option<&str>) -> Request<()> {
        let request = Request::post(RESOURCE);
        let request = request.header("authorization", format!("{scheme} {}", self.token));
        let request = match proof {
            Some(proof) => request.header("dpop", proof),
            None => request,
        };
        request.body(()).expect("a request")
    }
}
