//! An issuer for tests and examples: it listens on the loopback interface, publishes keys and
//! metadata, mints tokens of every algorithm, rotates keys, fails on command and counts fetches.
//! A [`FakeClock`] replaces the wall clock.
//!
//! The module is public with the feature `test-util`, for your tests and for the tests of this
//! crate. It is not for production: the issuer's keys are held in memory, and any code with access
//! to the [`TestIssuer`] can mint tokens.
//!
//! In order: [`TestIssuer::start`] generates a key and serves on its own thread;
//! [`TestIssuer::mint`] begins a valid token, of which a test changes one thing;
//! [`TokenBuilder::sign`] signs it. The other methods of the issuer change what it serves from then
//! on.
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tower_jwt_auth::test_util::TestIssuer;
//! use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
//!
//! let issuer = TestIssuer::start();
//! let verifier = JwtVerifier::new(
//!     JwtAuthConfig::builder().resource("http://127.0.0.1:3000/mcp").issuer(issuer.issuer()).build()?,
//! );
//! let token = issuer.mint("http://127.0.0.1:3000/mcp").subject("alice").scope("mcp:read").sign();
//! let auth = verifier.verify(&token).await?;
//! assert_eq!(auth.subject(), Some("alice"));
//! assert_eq!(issuer.fetches(), 1);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest")))]
//! # fn main() {}
//! ```

mod body;
mod client;
#[doc(hidden)]
pub mod internal;
mod introspection;
mod issuer;
mod key;
mod server;
mod state;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub use client::{ProofBuilder, TestClient};
pub use introspection::TestIntrospection;
pub use issuer::TestIssuer;
pub use key::TestKey;
pub use state::Fault;
pub use token::TokenBuilder;

use crate::base::clock::Clock;
use crate::caller::AuthInfo;
use crate::token::verified_of_claims;
use crate::wire::credentials::Credentials;

/// A wall clock that shows the time to which it was last set. Clones share that time.
///
/// It replaces only the wall clock, which decides when tokens expire. The age of keys is measured
/// by tokio's clock, which `tokio::time::pause` stops.
#[derive(Clone, Debug)]
pub struct FakeClock(Clock);

impl FakeClock {
    /// Creates a clock that is set to `time`.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tower_jwt_auth::test_util::FakeClock;
    ///
    /// let clock = FakeClock::at(SystemTime::now());
    /// clock.set(SystemTime::now() + Duration::from_secs(3600));
    /// ```
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Clock::Fake(Arc::new(AtomicU64::new(bits(time)))))
    }

    /// A clock that is set to `time`, and goes on with tokio's clock from now on.
    #[cfg(feature = "redis")]
    pub(crate) fn running_from(time: SystemTime) -> Self {
        let start = Arc::new(AtomicU64::new(bits(time)));
        Self(Clock::Running(start, tokio::time::Instant::now()))
    }

    /// Sets the clock to `time`, forwards or backwards.
    pub fn set(&self, time: SystemTime) {
        let (shown, time) = match &self.0 {
            #[cfg(feature = "redis")]
            Clock::Running(start, since) => (start, time - since.elapsed()),
            Clock::Fake(shown) => (shown, time),
            Clock::System => return,
        };
        shown.store(bits(time), Ordering::Relaxed);
    }

    pub(crate) fn as_clock(&self) -> Clock {
        self.0.clone()
    }
}

impl AuthInfo {
    /// Creates a caller with these claims, for tests of handlers. Absent `iss`, `aud` and `exp` are
    /// filled in (`https://issuer.test`, `https://resource.test`, the year 2100); there is no
    /// token.
    ///
    /// # Panics
    ///
    /// Panics if the claims are not an object, or one of them has a type that the verifier rejects.
    ///
    /// ```
    /// use tower_jwt_auth::AuthInfo;
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": "notes:read"}));
    /// assert!(auth.has_scope("notes:read"));
    /// ```
    #[must_use]
    pub fn for_tests(mut claims: serde_json::Value) -> Self {
        let members = claims.as_object_mut().expect("claims are an object");
        for (name, value) in [
            ("iss", serde_json::json!("https://issuer.test")),
            ("aud", serde_json::json!("https://resource.test")),
            ("exp", serde_json::json!(4_102_444_800_u64)),
        ] {
            members.entry(name).or_insert(value);
        }
        let verified = verified_of_claims(&claims.to_string());
        Self::new(
            verified.expect("the claims have the types of RFC 7519"),
            Credentials::new(http::HeaderValue::from_static(""), 0),
            Arc::default(),
        )
    }
}

/// The Unix seconds of `time`, as the clock stores them. A time before 1970 becomes infinity, as on
/// a system whose clock is wrong: every token has expired.
fn bits(time: SystemTime) -> u64 {
    let seconds = time.duration_since(UNIX_EPOCH);
    seconds
        .map_or(f64::INFINITY, |since| since.as_secs_f64())
        .to_bits()
}
