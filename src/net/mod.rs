//! One HTTP exchange with bounds: on its size, on its time, and on the addresses it may reach.
//!
//! This module knows nothing of keys or tokens. Callers build a request, in this order:
//!
//! 1. [`exchange`] sends it through an [`HttpTransport`], once more if the connection failed, and
//!    refuses an answer that is too large;
//! 2. the transport performs it: `reqwest.rs` (feature `reqwest`), or one of the application;
//!    `credentials` gives the former certificates and a bearer token from files;
//! 3. [`cache_control`] reads from the answer how long it stays fresh.
//!
//! [`metadata`] reads what an issuer publishes about itself, at one of several [`candidates`].

pub(crate) mod cache_control;
pub(crate) mod candidates;
mod credential_files;
#[cfg(feature = "reqwest")]
mod credentials;
mod error;
pub(crate) mod exchange;
#[cfg(feature = "reqwest")]
mod guarded_dns;
pub(crate) mod metadata;
#[cfg(feature = "reqwest")]
mod reqwest;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

#[cfg(feature = "reqwest")]
pub(crate) use self::reqwest::ReqwestTransport;
pub(crate) use credential_files::{CredentialFiles, Reader, is_bearer_token, read_at_most};
#[cfg(feature = "reqwest")]
pub(crate) use credentials::CredentialTransport;
pub use error::FetchError;

/// Sends one HTTP request and returns the answer: implement it to fetch keys and metadata with an
/// HTTP client of your own.
///
/// With the feature `reqwest` the crate brings one; without it, discovery and `jwks_uri` need
/// yours, set with [`http_transport`](crate::config::JwtAuthConfigBuilder::http_transport). When to
/// fetch, whether to try again, and whether the answer is good enough is decided by this crate. An
/// implementation
///
/// - sends exactly one request, and follows no redirect: a redirect could lead anywhere;
/// - reads at most [`max_bytes`](ExchangeLimits::max_bytes) of the body, counted after
///   decompression, and returns an error when there is more;
/// - connects to no address that [`addresses`](ExchangeLimits::addresses) excludes;
/// - reports a connection that failed or broke off with [`FetchError::connection`], so that the
///   request is sent once more.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use tower_jwt_auth::keys::{ExchangeLimits, FetchError, HttpTransport, TransportFuture};
///
/// /// Answers every request with the same key set.
/// #[derive(Debug)]
/// struct Canned(&'static str);
///
/// impl HttpTransport for Canned {
///     fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_> {
///         let fits = self.0.len() <= limits.max_bytes;
///         let answer = Response::new(Bytes::from_static(self.0.as_bytes()));
///         Box::pin(async move {
///             let too_large = || FetchError::new(format!("{} sends too much", request.uri()));
///             fits.then_some(answer).ok_or_else(too_large)
///         })
///     }
/// }
/// ```
pub trait HttpTransport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and reads the whole answer, whatever its status.
    fn exchange(&self, request: Request<Bytes>, limits: ExchangeLimits) -> TransportFuture<'_>;
}

/// The future of [`HttpTransport::exchange`].
pub type TransportFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + 'a>>;

/// What one exchange may cost, and where it may lead.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ExchangeLimits {
    /// The largest body, in bytes:
    /// [`MAX_DOCUMENT_BYTES`](crate::limits::MAX_DOCUMENT_BYTES) for keys and metadata.
    pub max_bytes: usize,
    /// The time that the whole fetch may take, `jwks_cache.timeout`. The future is dropped when it
    /// is over, so an implementation need not watch it.
    pub timeout: Duration,
    /// The addresses that the name in the URL may lead to.
    pub addresses: AddressPolicy,
    /// Whether the connection may serve the next request too. Tokens are introspected one after
    /// another; minutes pass between two fetches of keys, after which a kept connection is dead or
    /// leads to an old host.
    pub keeps_connection: bool,
}

impl ExchangeLimits {
    pub(crate) const fn new(max_bytes: usize, timeout: Duration, addresses: AddressPolicy) -> Self {
        Self {
            max_bytes,
            timeout,
            addresses,
            keeps_connection: false,
        }
    }

    pub(crate) const fn keeping_connection(self) -> Self {
        Self {
            keeps_connection: true,
            ..self
        }
    }
}

/// The addresses that a name may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressPolicy {
    /// Any address: the URL comes from the configuration.
    Anywhere,
    /// No loopback, unspecified or link-local address. The URL comes from a document of an issuer,
    /// which must not lead to a service that only this machine can reach (CWE-918).
    NotThisHost,
}
