//! `replace_issuers`: issuers that come and go while the program runs.

mod changes;
mod follow;
mod many;
mod removed;

use serde_json::json;
use tokio::runtime::Handle;
use tower_jwt_auth::config::{Issuer, JwtAuthConfigBuilder};
use tower_jwt_auth::error::TokenErrorKind;
use tower_jwt_auth::test_util::TestKey;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

use crate::support::issuer_in_memory::{InMemoryIssuer, key};
use crate::support::{RESOURCE, remembering};

/// An issuer in memory with a name of its own.
struct Tenant {
    name: String,
    key: TestKey,
    memory: InMemoryIssuer,
    entry: Issuer,
}

impl Tenant {
    fn new(name: &str) -> Self {
        let key = key("k");
        let memory = InMemoryIssuer::publishing(&[&key]);
        Self {
            name: name.to_owned(),
            entry: Issuer::new(name).key_source(memory.clone()),
            key,
            memory,
        }
    }

    /// A good token; no two are alike.
    fn token(&self) -> String {
        self.token_for(RESOURCE)
    }

    fn token_for(&self, audience: &str) -> String {
        let header = json!({"alg": "ES256", "kid": self.key.kid()});
        let claims = json!({"iss": self.name, "aud": audience, "exp": 4_102_444_800_u64});
        self.key
            .sign_compact(&header.to_string(), &claims.to_string())
    }
}

fn tenants<const N: usize>(names: [&str; N]) -> [Tenant; N] {
    names.map(Tenant::new)
}

/// The entries of these tenants, in their order.
fn entries<'t>(tenants: impl IntoIterator<Item = &'t Tenant>) -> Vec<Issuer> {
    let tenants = tenants.into_iter();
    tenants.map(|tenant| tenant.entry.clone()).collect()
}

fn config<'t>(tenants: impl IntoIterator<Item = &'t Tenant>) -> JwtAuthConfigBuilder {
    let config = remembering(JwtAuthConfig::builder()).resource(RESOURCE);
    entries(tenants)
        .into_iter()
        .fold(config, JwtAuthConfigBuilder::add_issuer)
}

fn layer<'t>(tenants: impl IntoIterator<Item = &'t Tenant>) -> JwtAuthLayer {
    JwtAuthLayer::new(config(tenants).build().unwrap())
}

/// How many tasks there are: each issuer in use has one.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

const GOOD: Result<(), TokenErrorKind> = Ok(());
const UNKNOWN_ISSUER: Result<(), TokenErrorKind> = Err(TokenErrorKind::WrongIssuer);
