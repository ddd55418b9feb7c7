//! Where key sets come from: one fetch at a time.
//!
//! The task in `refresh` calls [`KeySource::fetch`] and decides when. [`jwks_uri`] reads a set from
//! a URL; [`discovery`] finds that URL in the metadata of the issuer first. Both go through the
//! transport of `net`.

pub(crate) mod discovery;
pub(crate) mod jwks_uri;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::jwks::KeySetError;
pub use crate::net::FetchError;

/// Where the key sets of an issuer come from, for issuers whose keys are not read over HTTP: from a
/// file, a secret store, a database.
///
/// To read keys over HTTP with another client, implement
/// [`HttpTransport`](crate::keys::HttpTransport) instead. When to fetch, how often, how long to
/// wait, and whether the answer may replace the keys in use is decided by this crate: each call to
/// `fetch` performs exactly one fetch, and does not retry, cache or time out.
///
/// ```
/// use tower_jwt_auth::keys::{FetchError, FetchFuture, FetchRequest, Fetched, KeySource};
///
/// #[derive(Debug)]
/// struct FileKeys(std::path::PathBuf);
///
/// impl KeySource for FileKeys {
///     fn fetch<'a>(&'a self, _request: FetchRequest<'a>) -> FetchFuture<'a> {
///         let path = self.0.clone();
///         Box::pin(async move {
///             // A source must not block its thread.
///             let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
///             let given_up = |error| FetchError::with_source("reading was given up", error);
///             let document = read.map_err(given_up)?;
///             document
///                 .map(Fetched::document)
///                 .map_err(|error| FetchError::with_source("the keys cannot be read", error))
///         })
///     }
/// }
/// ```
pub trait KeySource: fmt::Debug + Send + Sync + 'static {
    /// Gets the key set as it is now.
    ///
    /// [`Fetched::not_modified`] stands for the set in use, and is a failure when there is none.
    /// The future is dropped when it takes longer than [`FetchRequest::timeout`].
    fn fetch<'a>(&'a self, request: FetchRequest<'a>) -> FetchFuture<'a>;
}

/// The future of [`KeySource::fetch`].
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// What a [`KeySource`] is asked for.
///
/// ```
/// # use std::time::Duration;
/// # use tower_jwt_auth::keys::{CacheValidators, FetchRequest};
/// // In a test of a source:
/// let request = FetchRequest::new("https://idp.example.com", Duration::from_secs(5));
/// assert_eq!(request.validators, None);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FetchRequest<'a> {
    /// The issuer, as configured. A source that serves several issuers tells them apart by it.
    pub issuer: &'a str,
    /// The validators of the set in use, as this source gave them with
    /// [`Fetched::with_validators`]; `None` when no set is in use, or it came without validators.
    pub validators: Option<&'a CacheValidators>,
    /// The time after which the future is dropped, `jwks_cache.timeout`.
    pub timeout: Duration,
    /// Whether the fetch before this one has failed.
    pub(crate) after_failure: bool,
}

impl<'a> FetchRequest<'a> {
    /// A request without validators: the first fetch of a process.
    #[must_use]
    pub const fn new(issuer: &'a str, timeout: Duration) -> Self {
        Self {
            issuer,
            validators: None,
            timeout,
            after_failure: false,
        }
    }

    /// The request of a later fetch, which may be answered with [`Fetched::not_modified`].
    #[must_use]
    pub const fn with_validators(mut self, validators: &'a CacheValidators) -> Self {
        self.validators = Some(validators);
        self
    }
}

/// What a [`KeySource`] returns.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub(crate) document: Option<Vec<u8>>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) validators: Option<CacheValidators>,
}

impl Fetched {
    /// A JWK Set (RFC 7517 §5), as JSON.
    #[must_use]
    pub fn document(json: impl Into<Vec<u8>>) -> Self {
        Self {
            document: Some(json.into()),
            max_age: None,
            validators: None,
        }
    }

    /// The set in use is still current (RFC 9110 §15.4.5): it counts as fetched now.
    #[must_use]
    pub const fn not_modified() -> Self {
        Self {
            document: None,
            max_age: None,
            validators: None,
        }
    }

    /// How long the issuer says that the set stays fresh (RFC 9111 §5.2.2.1). It shortens the
    /// configured `max_age`, down to the configured
    /// [`min_age`](crate::config::JwksCache::min_age), and never lengthens it.
    #[must_use]
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Validators that come back in [`FetchRequest::validators`] once this set is in use.
    #[must_use]
    pub fn with_validators(mut self, validators: CacheValidators) -> Self {
        self.validators = Some(validators);
        self
    }
}

/// What identifies a version of a document on its server (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheValidators {
    /// `ETag`, quotes included.
    pub etag: Option<String>,
    /// `Last-Modified`, as received.
    pub last_modified: Option<String>,
    /// The URL that the document came from: validators mean nothing for another.
    pub uri: Option<String>,
}

impl From<KeySetError> for FetchError {
    fn from(error: KeySetError) -> Self {
        Self::new(format!("the answer is no usable key set: {error}"))
    }
}
