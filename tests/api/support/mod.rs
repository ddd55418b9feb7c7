//! What the tests share. Each file is one subject:
//!
//! - [`http`]: a request, its answer, a service that counts its calls, a server on a socket.
//! - [`clock`]: a paused clock that stands still, and waiting for other tasks without a sleep.
//! - [`issuer_in_memory`]: an issuer without a network, which does what the test says.
//! - [`scenario`]: the same with a verifier, and what happens to both over time.
//! - [`served`]: an issuer and a layer on real sockets, with a clock that the test moves.
//! - [`tokens`]: tokens that differ from a good one in what the test says.
//! - [`table`]: what one configuration accepts, and what it refuses.
//! - [`log`]: the captured log of a test.
//! - [`naive_client`]: a challenge as careless clients read it.
//! - `recorder`: the metrics of a test.

mod clock;
mod http;
pub(crate) mod issuer_in_memory;
mod log;
pub(crate) mod naive_client;
#[cfg(feature = "metrics")]
#[path = "../../../src/telemetry/recorder.rs"]
pub(crate) mod recorder;
pub(crate) mod scenario;
pub(crate) mod served;
pub(crate) mod table;
pub(crate) mod tokens;

use tower_jwt_auth::config::JwtAuthConfigBuilder;
use tower_jwt_auth::test_util::TestIssuer;
use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};

pub(crate) use self::clock::{HeldClock, pass, seconds, until};
pub(crate) use self::http::{Answer, Connection, Counting, call, read, request, send, serve};
pub(crate) use self::issuer_in_memory::InMemoryIssuer;
pub(crate) use self::log::{Log, capture, warnings_of_other_threads};

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The usual set-up for `issuer`: its keys are discovered.
pub(crate) fn config(issuer: &TestIssuer) -> JwtAuthConfigBuilder {
    remembering(JwtAuthConfig::builder())
        .resource(RESOURCE)
        .issuer(issuer.issuer())
}

/// `REMEMBERED_TOKENS=0` runs every suite without a cache of verified tokens: the verdicts are the
/// same.
pub(crate) fn remembering(config: JwtAuthConfigBuilder) -> JwtAuthConfigBuilder {
    match std::env::var("REMEMBERED_TOKENS") {
        Ok(tokens) => config.token_cache_entries(tokens.parse().unwrap()),
        Err(_) => config,
    }
}

pub(crate) fn layer(issuer: &TestIssuer) -> JwtAuthLayer {
    JwtAuthLayer::new(config(issuer).build().unwrap())
}
