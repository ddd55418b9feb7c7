//! An issuer on the loopback interface that counts who asks it for keys.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_jwt_auth::Algorithm;
use tower_jwt_auth::test_util::{TestIssuer, TestKey};

/// One key, of one algorithm: some peers refuse a whole set for a key of another kind.
pub struct Issuer {
    inner: TestIssuer,
    algorithm: Algorithm,
}

impl Issuer {
    pub fn start(algorithm: Algorithm) -> Self {
        let inner = TestIssuer::with_algorithm(algorithm);
        let (name, jwks_uri) = (inner.issuer(), inner.jwks_uri());
        // All that OpenID Connect Discovery requires: axum-keycloak-auth reads no less.
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

    /// What `iss` says.
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

    /// A new key signs, and is the only one published.
    pub fn rotate(&self) {
        self.inner.rotate();
    }

    /// How often the key set was asked for.
    pub fn fetches(&self) -> u64 {
        self.inner.fetches()
    }
}
