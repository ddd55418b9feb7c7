use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::key::TestKey;
use super::token::TokenBuilder;
use crate::crypto::Algorithm;

/// A client that proves that it holds a key (DPoP, RFC 9449).
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_jwt_auth::proof::Dpop;
/// use tower_jwt_auth::test_util::{TestClient, TestIssuer};
/// use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
///
/// let (issuer, client) = (TestIssuer::start(), TestClient::start());
/// let resource = "http://127.0.0.1:3000/mcp";
/// let config = JwtAuthConfig::builder()
///     .resource(resource)
///     .issuer(issuer.issuer())
///     .dpop(Dpop::new());
/// let verifier = JwtVerifier::new(config.build()?);
///
/// let token = issuer.mint(resource).bound_to(&client).sign();
/// let request = http::Request::post(resource)
///     .header("authorization", format!("DPoP {token}"))
///     .header("dpop", client.proof("POST", resource).token(&token).sign());
/// let (parts, ()) = request.body(())?.into_parts();
/// assert!(verifier.verify_request(&parts).await?.is_bound());
/// assert!(verifier.verify_request(&parts).await.is_err(), "a proof counts once");
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct TestClient {
    key: Arc<TestKey>,
}

/// Builds a DPoP proof. It begins as a valid proof, of which a test changes one thing.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProofBuilder {
    key: Arc<TestKey>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl TestClient {
    /// Creates a client with a new key for `ES256`.
    #[must_use]
    pub fn start() -> Self {
        Self::with_algorithm(Algorithm::ES256)
    }

    /// Creates a client with a new key for `algorithm`.
    #[must_use]
    pub fn with_algorithm(algorithm: Algorithm) -> Self {
        Self {
            key: Arc::new(TestKey::generate(algorithm, "client-key")),
        }
    }

    /// The key that signs the proofs.
    #[must_use]
    pub const fn key(&self) -> &Arc<TestKey> {
        &self.key
    }

    /// The public key, with the members that a proof needs and no others.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.retain(|name, _| match name.as_str() {
                // ML-DSA keys name their algorithm (RFC 9964): it is a part of the key.
                "alg" => self.key.algorithm().name().starts_with("ML-DSA"),
                "kid" | "use" => false,
                _ => true,
            });
        }
        jwk
    }

    /// The thumbprint of the public key, as a token names it in `cnf.jkt` (RFC 7638, RFC 9449
    /// §6.1).
    #[must_use]
    pub fn jkt(&self) -> String {
        let jwk = self.jwk();
        let required = ["alg", "crv", "e", "kty", "n", "pub", "x", "y"];
        let members: Vec<_> = required
            .iter()
            .filter_map(|name| Some(format!("\"{name}\":{}", jwk.get(*name)?)))
            .collect();
        hash(&format!("{{{}}}", members.join(",")))
    }

    /// Begins a valid proof for a request of this method and URL (RFC 9449 §4.2), made now.
    pub fn proof(&self, method: &str, url: &str) -> ProofBuilder {
        let builder = ProofBuilder {
            key: self.key.clone(),
            header: Map::new(),
            claims: Map::new(),
        };
        builder
            .header("typ", "dpop+jwt")
            .header("alg", self.key.algorithm().name())
            .header("jwk", self.jwk())
            .claim("jti", format!("{:032x}", fastrand::u128(..)))
            .claim("htm", method)
            .claim("htu", url)
            .at(SystemTime::now())
    }
}

impl ProofBuilder {
    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a member of the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets `ath`: the proof is for this access token.
    pub fn token(self, token: &str) -> Self {
        self.claim("ath", hash(token))
    }

    /// Sets `nonce`, which the server gave in `DPoP-Nonce`.
    pub fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", nonce)
    }

    /// Sets `iat`. Default: now.
    pub fn at(self, time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.claim("iat", since.as_secs())
    }

    /// Signs with another key. The header does not change: it still has the client's key.
    pub fn signed_by(mut self, key: Arc<TestKey>) -> Self {
        self.key = key;
        self
    }

    /// Signs the proof and returns it in compact form, for the header `DPoP`.
    #[must_use]
    pub fn sign(&self) -> String {
        let json = |members: &Map<String, Value>| Value::Object(members.clone()).to_string();
        self.key
            .sign_compact(&json(&self.header), &json(&self.claims))
    }
}

impl TokenBuilder {
    /// Binds the token to the key of `client` (`cnf.jkt`, RFC 9449 §6.1).
    pub fn bound_to(self, client: &TestClient) -> Self {
        self.claim("cnf", json!({"jkt": client.jkt()}))
    }
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
