//! An issuer on the loopback interface that counts the requests for its keys.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{TestIssuer, TestKey};

/// One key of one algorithm: some peers refuse a whole set that holds another kind of key.
pub struct Issuer {
    inner: TestIssuer,
    algorithm: Algorithm,
}

impl Issuer {
    pub fn start(algorithm: Algorithm) -> Self {
        let inner = TestIssuer::with_algorithm(algorithm);
        let (name, jwks_uri) = (inner.issuer(), inner.jwks_uri());
        // axum-keycloak-auth needs every member that OpenID Connect Discovery requires.
        inner.serve_metadata(Some(json!({
            "issuer": name,
            "jwks_uri": jwks_uri,
            "authorization_endpoint": format!("{name}/authorize"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })));
        Self { inner, algorithm }
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The value of `iss`.
    pub fn name(&self) -> &str {
        self.inner.issuer()
    }

    pub fn jwks_uri(&self) -> String {
        self.inner.jwks_uri().to_owned()
    }

    pub fn key(&self) -> Arc<TestKey> {
        self.inner.signing_key()
    }

    pub fn jwk(&self) -> Value {
        self.key().jwk()
    }

    /// Replaces the key: only the new one signs and is published.
    pub fn rotate(&self) {
        self.inner.rotate();
    }

    /// How often the key set was fetched.
    pub fn fetches(&self) -> u64 {
        self.inner.fetches()
    }
}
