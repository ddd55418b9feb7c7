#[cfg(feature = "reqwest")]
pub(crate) mod discovery;
#[cfg(feature = "reqwest")]
pub(crate) mod jwks_uri;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::jwks::KeySetError;

/// Where the key sets of an issuer come from: the one place to plug in a transport of your own.
///
/// The crate fetches over HTTPS by itself (feature `reqwest`); implement this to read keys from a
/// file, a secret store or another HTTP client. When to fetch, how often, how long to wait, and
/// whether the answer is good enough to replace the keys in use is decided by the caller: a source
/// fetches once each time it is asked, and does not retry, cache or time out.
///
/// ```
/// use tower_jwt_auth::{FetchError, FetchFuture, Fetched, KeySource, CacheValidators};
///
/// #[derive(Debug)]
/// struct FileKeys(std::path::PathBuf);
///
/// impl KeySource for FileKeys {
///     fn fetch<'a>(&'a self, _known: Option<&'a CacheValidators>) -> FetchFuture<'a> {
///         let path = self.0.clone();
///         Box::pin(async move {
///             // A source must not block its thread.
///             let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
///             let document = read.map_err(|error| FetchError::with_source("reading was given up", error))?;
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
    /// `known` belongs to the set in use, as this source gave it with
    /// [`Fetched::with_validators`]. [`Fetched::not_modified`] means the set in use, and is a failure when
    /// there is none. The future is dropped when it takes longer than `timeout`.
    fn fetch<'a>(&'a self, known: Option<&'a CacheValidators>) -> FetchFuture<'a>;
}

/// The future of [`KeySource::fetch`].
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// What a [`KeySource`] brought.
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

    /// The set in use is still the current one (RFC 9110 §15.4.5): it counts as fetched now.
    #[must_use]
    pub const fn not_modified() -> Self {
        Self {
            document: None,
            max_age: None,
            validators: None,
        }
    }

    /// How long the issuer says that the set stays fresh (RFC 9111 §5.2.2.1). Honoured where it is
    /// shorter than the configured `max_age`.
    #[must_use]
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Given back with the next fetch once this set is in use.
    #[must_use]
    pub fn with_validators(mut self, validators: CacheValidators) -> Self {
        self.validators = Some(validators);
        self
    }
}

/// What a server said to recognise a version of a document by (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheValidators {
    /// `ETag`, quotes included.
    pub etag: Option<String>,
    /// `Last-Modified`, as it came.
    pub last_modified: Option<String>,
    /// The URL that the document came from: validators mean nothing for another.
    pub uri: Option<String>,
}

/// Why a fetch brought no usable key set. For operators: it never reaches a caller of the service.
#[derive(Clone, Debug)]
pub struct FetchError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl FetchError {
    /// `message` says where from and what happened.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            message: message.into(),
            retry_after: None,
            source: None,
        }))
    }

    /// As [`new`](Self::new), with the error underneath.
    #[must_use]
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let source = Some(source.into());
        Self(Arc::new(Inner {
            message: message.into(),
            retry_after: None,
            source,
        }))
    }

    /// The issuer asked not to be called for this long (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(message: impl Into<String>, wait: Duration) -> Self {
        Self(Arc::new(Inner {
            message: message.into(),
            retry_after: Some(wait),
            source: None,
        }))
    }

    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl From<KeySetError> for FetchError {
    fn from(error: KeySetError) -> Self {
        Self::new(format!("the answer is no usable key set: {error}"))
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|error| error as _)
    }
}
