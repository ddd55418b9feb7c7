//! The interface for other ways to ask an issuer about a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::net::FetchError;

/// Asks an issuer about a token (RFC 7662): implement it for an issuer in the same process, or for
/// an endpoint that needs more than HTTP.
///
/// For another HTTP client, implement [`HttpTransport`](crate::keys::HttpTransport) instead. Which
/// tokens are asked about, how long an answer counts, and how many calls there are at a time is
/// decided by this crate: each call to `introspect` asks once, and does not retry, cache or time
/// out.
///
/// ```
/// use tower_jwt_auth::introspection::{IntrospectionAnswer, IntrospectionFuture, Introspector};
///
/// /// An issuer in the same process, which knows one token.
/// #[derive(Debug)]
/// struct Known(&'static str);
///
/// impl Introspector for Known {
///     fn introspect<'a>(&'a self, token: &'a str) -> IntrospectionFuture<'a> {
///         let active = token == self.0;
///         Box::pin(async move {
///             let answer = match active {
///                 true => r#"{"active": true, "aud": "https://mcp.example.com/mcp"}"#,
///                 false => r#"{"active": false}"#,
///             };
///             Ok(IntrospectionAnswer::json(answer))
///         })
///     }
/// }
/// ```
pub trait Introspector: fmt::Debug + Send + Sync + 'static {
    /// Asks about `token`. The future is dropped when it takes longer than
    /// [`timeout`](crate::introspection::Introspection::timeout).
    ///
    /// # Errors
    ///
    /// Every error leads to 503, never to 401. [`FetchError::connection`] and
    /// [`FetchError::retry_after`] say that the issuer cannot be asked at present: after several in
    /// a row, or at once, calls for new tokens pause. Any other error may be the token's, and
    /// causes no pause.
    fn introspect<'a>(&'a self, token: &'a str) -> IntrospectionFuture<'a>;
}

/// The future of [`Introspector::introspect`].
pub type IntrospectionFuture<'a> =
    Pin<Box<dyn Future<Output = Result<IntrospectionAnswer, FetchError>> + Send + 'a>>;

/// What an issuer says of a token.
#[derive(Clone)]
pub struct IntrospectionAnswer {
    pub(super) body: Bytes,
    /// As received; `None` for an answer that was made here.
    pub(super) media_type: Option<MediaType>,
}

/// The media type of an answer, as it came.
#[derive(Clone, Debug)]
pub(super) struct MediaType(pub(super) String);

impl IntrospectionAnswer {
    /// The JSON object of RFC 7662 §2.2. It is read as strictly as that of an endpoint.
    #[must_use]
    pub fn json(json: impl Into<Bytes>) -> Self {
        Self {
            body: json.into(),
            media_type: None,
        }
    }
}

impl fmt::Debug for IntrospectionAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It describes a user.
        f.debug_struct("IntrospectionAnswer")
            .finish_non_exhaustive()
    }
}
