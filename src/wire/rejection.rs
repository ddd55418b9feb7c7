//! The reason why a request is rejected, and the response to it.
//! In one file, although it is long: the value, its response and its events belong together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};

use crate::telemetry::{self, RefusalLog};
use crate::token::TokenError;
use crate::wire::header_names::DPOP_NONCE;
use crate::wire::metadata_watch::MetadataWatch;
use crate::wire::rejection_kind::{RejectionKind, Special};

/// The reason why a request was rejected, and the response to it.
///
/// The response says little on purpose. It is the same for every rejected token: an attacker learns
/// nothing by trying tokens. The error of the token goes to `tracing`, and
/// [`token_error`](Self::token_error) returns it to your code. Each layer also puts the rejection
/// into the extensions of the response.
///
/// A handler creates one with [`insufficient_scope`](Self::insufficient_scope) to require a scope
/// that only the handler knows.
#[derive(Clone)]
pub struct Rejection {
    kind: RejectionKind,
    /// The response headers. Shared between rejections of one kind, because unauthenticated clients
    /// can request them at will.
    headers: Arc<HeaderMap>,
    retry_after: Option<Duration>,
    token_error: Option<TokenError>,
    special: Option<Special>,
    /// More about the reason, for the log: what the token named, or why its claims did not fit.
    detail: Option<Box<str>>,
    /// Where rejections of this server are counted for the log.
    refusals: Option<RefusalLog>,
    hook: Option<RejectionHook>,
    metadata_watch: Option<MetadataWatch>,
    /// The response of the hook for this request, if it is needed later.
    made: Option<Arc<Response<Bytes>>>,
}

/// The rejected request, for the hook of [`on_rejection`](crate::JwtAuthLayer::on_rejection).
///
/// Both parts are `None` if a handler returned the rejection, because the request is not available
/// there.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RejectionContext<'r> {
    /// The method of the request.
    pub method: Option<&'r Method>,
    /// The URI of the request, as the layer sees it: inside a nested router, without the prefix.
    pub uri: Option<&'r Uri>,
}

/// Makes the response to a rejected request.
pub(crate) type RejectionHook =
    Arc<dyn Fn(&Rejection, &RejectionContext<'_>) -> Response<Bytes> + Send + Sync>;

impl Rejection {
    pub(super) const fn new(
        kind: RejectionKind,
        headers: Arc<HeaderMap>,
        hook: Option<RejectionHook>,
    ) -> Self {
        Self {
            kind,
            headers,
            retry_after: None,
            token_error: None,
            special: None,
            detail: None,
            refusals: None,
            hook,
            metadata_watch: None,
            made: None,
        }
    }

    pub(super) fn with_metadata_watch(mut self, watch: Option<MetadataWatch>) -> Self {
        self.metadata_watch = watch;
        self
    }

    pub(super) fn counted_in(mut self, refusals: &RefusalLog) -> Self {
        self.refusals = Some(refusals.clone());
        self
    }

    /// Whether an event about this rejection shows what the token named.
    pub(crate) fn wants_detail(&self) -> bool {
        let is_due = |refusals: &RefusalLog| refusals.is_due(self.code());
        telemetry::shows_refusals() || self.refusals.as_ref().is_some_and(is_due)
    }

    pub(crate) fn with_detail(mut self, detail: Option<String>) -> Self {
        self.detail = detail.map(Into::into);
        self
    }

    /// The stable name of the reason, for events.
    fn code(&self) -> &'static str {
        match (&self.token_error, self.special) {
            (Some(error), _) => error.kind().code(),
            (None, Some(special)) => special.code(),
            (None, None) => self.kind.code(),
        }
    }

    /// The sentence for the caller.
    fn text(&self) -> &'static str {
        let special = self.special.map(Special::text);
        special.unwrap_or(self.kind.parts().text)
    }

    pub(super) const fn with_special(mut self, special: Special) -> Self {
        self.special = Some(special);
        self
    }

    /// Also gives the client a nonce for its next proof (RFC 9449 §8.2), if the status is 401 or
    /// 403: with another one the client does not repeat the request with a new proof.
    pub(crate) fn with_dpop_nonce(mut self, nonce: HeaderValue) -> Self {
        if self.may_give_nonce() {
            Arc::make_mut(&mut self.headers).insert(DPOP_NONCE, nonce);
        }
        self
    }

    pub(super) fn may_give_nonce(&self) -> bool {
        let status = self.status();
        status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN
    }

    pub(crate) fn with_token_error(mut self, reason: Option<TokenError>) -> Self {
        self.token_error = reason;
        self
    }

    #[cfg(feature = "axum")]
    pub(crate) fn with_claims_error(mut self, reason: &str) -> Self {
        self.detail = Some(reason.into());
        self
    }

    pub(super) const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The kind of the rejection: as much as the caller learns.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.parts().status
    }

    /// All headers that the response must carry: the challenges, `DPoP-Nonce`, `Retry-After`,
    /// `Cache-Control` and `Content-Type`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The challenges (`WWW-Authenticate`), each a header of its own: none, or one for each scheme
    /// that the client may use.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use tower_jwt_auth::Rejection;
    /// use tower_jwt_auth::error::RejectionKind;
    ///
    /// let rejection = Rejection::for_tests(RejectionKind::InvalidDpopProof);
    /// let challenges: Vec<_> = rejection.challenges().collect();
    /// assert!(challenges[0].to_str()?.starts_with("DPoP error=\"invalid_dpop_proof\""));
    /// # }
    /// # Ok::<(), http::header::ToStrError>(())
    /// ```
    pub fn challenges(&self) -> impl Iterator<Item = &HeaderValue> {
        self.headers.get_all(WWW_AUTHENTICATE).iter()
    }

    /// The first of the [`challenges`](Self::challenges), if the response has one.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.headers.get(WWW_AUTHENTICATE)
    }

    /// The time after which to retry (`Retry-After`), for the kinds whose status is 429 or 503.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error of the token. For logs and metrics only: in a response it would help an attacker.
    #[must_use]
    pub fn token_error(&self) -> Option<&TokenError> {
        self.token_error.as_ref()
    }

    /// Why the claims did not fit the type of the extractor `Claims`: which claim it is, by its
    /// path, escaped and truncated. It holds no value of the token. For logs only, as the caller
    /// has no use for it.
    #[must_use]
    pub fn claims_error(&self) -> Option<&str> {
        let is_about_claims = self.kind == RejectionKind::AccessDenied;
        self.detail.as_deref().filter(|_| is_about_claims)
    }

    /// The response that the layer sends, made by the hook of
    /// [`on_rejection`](crate::JwtAuthLayer::on_rejection) if one is set.
    ///
    /// Inside the hook it is the default response, of which the hook can change a part.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use http::HeaderValue;
    /// use tower_jwt_auth::Rejection;
    /// use tower_jwt_auth::error::RejectionContext;
    ///
    /// fn hook(rejection: &Rejection, _: &RejectionContext<'_>) -> http::Response<bytes::Bytes> {
    ///     let mut response = rejection.to_response();
    ///     let help = HeaderValue::from_static("<https://example.com/help>; rel=help");
    ///     response.headers_mut().insert("link", help);
    ///     response
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        match &self.made {
            Some(made) => made.as_ref().clone(),
            None => self.clone().make(&RejectionContext::default()),
        }
    }

    /// Makes the response to a request, and counts and logs the rejection.
    pub(crate) fn respond(self, context: &RejectionContext<'_>) -> Response<Bytes> {
        self.report();
        self.count_challenge();
        self.make(context)
    }

    /// Counts and logs the rejection, and keeps the response for
    /// [`to_response`](Self::to_response): for extractors, whose response is made when the request
    /// is no longer available.
    #[cfg(feature = "axum")]
    pub(crate) fn reported(mut self, context: &RejectionContext<'_>) -> Self {
        self.report();
        self.count_challenge();
        if self.hook.is_some() {
            self.made = Some(Arc::new(self.clone().make(context)));
        }
        self
    }

    /// Counts and logs the rejection. Must be called once for each rejected request.
    pub(crate) fn report(&self) {
        let (kind, code) = (format_args!("{:?}", self.kind), self.code());
        telemetry::request_refused(self.kind.parts().label, code, &kind, &Reason(self));
        // Requests without a token, or without a nonce, are how clients begin.
        let begins = matches!(
            self.kind,
            RejectionKind::MissingToken | RejectionKind::UseDpopNonce
        );
        let is_fault = !begins || self.token_error.is_some();
        if let Some(refusals) = self.refusals.as_ref().filter(|_| is_fault) {
            refusals.count(code, &Reason(self));
        }
    }

    /// For responses of this crate only: what a program does with a rejection of
    /// [`JwtVerifier`](crate::JwtVerifier) is not known. A client with credentials, whatever they
    /// are, has no need of the document.
    fn count_challenge(&self) {
        if let Some(watch) = &self.metadata_watch
            && self.kind == RejectionKind::MissingToken
            && self.token_error.is_none()
        {
            watch.challenged();
        }
    }

    fn make(mut self, context: &RejectionContext<'_>) -> Response<Bytes> {
        // The hook gets a rejection without a hook, so that it does not call itself when it needs
        // the default response.
        let mut response = match self.hook.take() {
            None => self.plain(),
            Some(hook) => self.completed(hook(&self, context)),
        };
        response.extensions_mut().insert(self);
        response
    }

    fn plain(&self) -> Response<Bytes> {
        let body = match self.special {
            None => Bytes::from_static(self.kind.body().as_bytes()),
            Some(special) => self.kind.body_with(special).into(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status();
        *response.headers_mut() = HeaderMap::clone(&self.headers);
        response
    }

    /// Sets the status, and every header that the hook's response lacks, so that no challenge and
    /// no `Retry-After` is lost. `Content-Type` is not added, because it describes the default
    /// body. A gRPC response keeps its status, which is always 200.
    fn completed(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if !response.headers().contains_key("grpc-status") {
            *response.status_mut() = self.status();
        }
        for name in self.headers.keys() {
            let lacks = !response.headers().contains_key(name);
            if name != CONTENT_TYPE && (lacks || self.must_stay_whole(name, &response)) {
                response.headers_mut().remove(name);
                for value in self.headers.get_all(name) {
                    response.headers_mut().append(name, value.clone());
                }
            }
        }
        response
    }

    /// Whether our header replaces the one in the hook's response. It does for the nonce, of which
    /// there is one, and for `Cache-Control` beside it, because a response with a nonce must not be
    /// cached (RFC 9449 §8.2). It also does for the challenges, if the hook has copied only the
    /// first one.
    fn must_stay_whole(&self, name: &HeaderName, response: &Response<Bytes>) -> bool {
        let is_cut_short = || {
            let mut theirs = response.headers().get_all(name).iter();
            let first = theirs.next();
            theirs.next().is_none()
                && first == self.www_authenticate()
                && self.challenges().nth(1).is_some()
        };
        let gives_nonce = self.headers.contains_key(DPOP_NONCE);
        (gives_nonce && (*name == DPOP_NONCE || *name == CACHE_CONTROL))
            || (*name == WWW_AUTHENTICATE && is_cut_short())
    }
}

/// The reason for the log, with what the token named.
struct Reason<'r>(&'r Rejection);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rejection) = self;
        let text = rejection.text();
        match (&rejection.token_error, &rejection.detail) {
            (Some(error), Some(detail)) => write!(f, "{error}: {detail}"),
            (Some(error), None) => write!(f, "{error}"),
            (None, Some(detail)) if rejection.special.is_some() => write!(f, "{text}: {detail}"),
            (None, Some(detail)) => f.write_str(detail),
            (None, None) => f.write_str(text),
        }
    }
}

impl<'r> RejectionContext<'r> {
    pub(crate) fn new(method: &'r Method, uri: &'r Uri) -> Self {
        Self {
            method: Some(method),
            uri: Some(uri),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.kind)
            .field("headers", &self.headers)
            .field("retry_after", &self.retry_after)
            .field("token_error", &self.token_error)
            .field("claims_error", &self.claims_error())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match &self.token_error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests;
