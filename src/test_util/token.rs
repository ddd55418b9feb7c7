use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::key::TestKey;

/// Builds a token. It begins as a valid RFC 9068 access token, of which a test changes one thing.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenBuilder {
    key: Arc<TestKey>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl TokenBuilder {
    pub(super) fn new(key: Arc<TestKey>, issuer: &str, audience: &str) -> Self {
        let mut builder = Self {
            header: Map::new(),
            claims: Map::new(),
            key: key.clone(),
        }
        .header("alg", key.algorithm().name())
        .header("kid", key.kid())
        .header("typ", "at+jwt")
        .claim("iss", issuer)
        .claim("aud", audience)
        .claim("sub", "alice")
        .claim("client_id", "test-client")
        .claim("jti", format!("{:016x}", fastrand::u64(..)));
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        builder = builder.valid(now.as_secs(), Duration::from_secs(60 * 60));
        builder
    }

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

    /// Sets `sub`. Default: `alice`.
    pub fn subject(self, subject: &str) -> Self {
        self.claim("sub", subject)
    }

    /// Sets `client_id`. Default: `test-client`.
    pub fn client_id(self, client_id: &str) -> Self {
        self.claim("client_id", client_id)
    }

    /// Sets `scope`. Default: absent.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Sets `iat` to `from` in Unix seconds, and `exp` to `lifetime` later. Default: from now,
    /// for one hour.
    pub fn valid(self, from: u64, lifetime: Duration) -> Self {
        self.claim("iat", from)
            .claim("exp", from.saturating_add(lifetime.as_secs()))
    }

    /// Signs with another key. The header does not change: `alg` and `kid` remain those of the
    /// first key.
    pub fn signed_by(mut self, key: Arc<TestKey>) -> Self {
        self.key = key;
        self
    }

    /// Signs the token and returns it in compact form.
    #[must_use]
    pub fn sign(&self) -> String {
        let json = |members: &Map<String, Value>| Value::Object(members.clone()).to_string();
        self.key
            .sign_compact(&json(&self.header), &json(&self.claims))
    }
}
