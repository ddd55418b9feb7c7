//! Why a request is rejected, and the response that says so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};

use crate::telemetry;
use crate::token::TokenError;
use crate::wire::rejection_kind::RejectionKind;

/// Why a request was not let through, and what the caller is told.
///
/// It says little on purpose: every token that is refused gets the same response, so that an
/// attacker learns nothing by trying tokens. What was wrong goes to `tracing`, and to your code by
/// [`token_error`](Self::token_error). Each layer also leaves the rejection in the extensions of
/// the response.
///
/// A handler makes one with [`insufficient_scope`](Self::insufficient_scope), to ask for a scope
/// that only it knows to be needed.
#[derive(Clone)]
pub struct Rejection {
    kind: RejectionKind,
    /// The response headers. Shared between rejections of one kind, because unauthenticated clients
    /// can request them at will.
    headers: Arc<HeaderMap>,
    retry_after: Option<Duration>,
    token_error: Option<TokenError>,
    hook: Option<RejectionHook>,
    /// What the hook returned for the request, where the response is made later.
    made: Option<Arc<Response<Bytes>>>,
}

/// The request that a rejection answers, for the hook of
/// [`on_rejection`](crate::JwtAuthLayer::on_rejection).
///
/// Both parts are `None` for a rejection that a handler returned, which has no request at hand.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RejectionContext<'r> {
    /// The method of the request.
    pub method: Option<&'r Method>,
    /// The URI of the request, as the layer sees it: a router that nests strips its prefix first.
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
            hook,
            made: None,
        }
    }

    pub(super) fn with_token_error(mut self, reason: Option<TokenError>) -> Self {
        self.token_error = reason;
        self
    }

    pub(super) const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What happened, as far as the caller is told.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.parts().status
    }

    /// All headers that the response must carry: the challenges, `Retry-After`, `Cache-Control` and
    /// `Content-Type`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first challenge (`WWW-Authenticate`), where the response carries one.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.headers.get(WWW_AUTHENTICATE)
    }

    /// When to try again, for [`RejectionKind::KeysUnavailable`] and
    /// [`RejectionKind::SessionsUnavailable`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What was wrong with the token. For logs and metrics: telling the caller helps an attacker.
    #[must_use]
    pub fn token_error(&self) -> Option<&TokenError> {
        self.token_error.as_ref()
    }

    /// The response as the layer gives it, made by the hook of
    /// [`on_rejection`](crate::JwtAuthLayer::on_rejection) where one is set.
    ///
    /// In the hook itself: the response without the hook, to change a part of.
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

    /// Answers a request: counts and logs the rejection, and makes the response.
    pub(crate) fn respond(self, context: &RejectionContext<'_>) -> Response<Bytes> {
        self.report();
        self.make(context)
    }

    /// Counts and logs the rejection, and keeps the response for [`to_response`](Self::to_response):
    /// for extractors, whose response is made where the request is no longer at hand.
    #[cfg(feature = "axum")]
    pub(crate) fn reported(mut self, context: &RejectionContext<'_>) -> Self {
        self.report();
        if self.hook.is_some() {
            self.made = Some(Arc::new(self.clone().make(context)));
        }
        self
    }

    /// Counts and logs the rejection. Whoever answers a request with one calls this once.
    pub(crate) fn report(&self) {
        let reason = self
            .token_error
            .as_ref()
            .map(|error| error as &dyn fmt::Display);
        let label = self.kind.parts().label;
        telemetry::request_refused(label, &format_args!("{:?}", self.kind), reason);
    }

    fn make(mut self, context: &RejectionContext<'_>) -> Response<Bytes> {
        // Taken away, so that a hook that asks for the plain response does not call itself.
        let mut response = match self.hook.take() {
            None => self.plain(),
            Some(hook) => self.completed(hook(&self, context)),
        };
        response.extensions_mut().insert(self);
        response
    }

    fn plain(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(self.kind.body().as_bytes()));
        *response.status_mut() = self.status();
        *response.headers_mut() = HeaderMap::clone(&self.headers);
        response
    }

    /// Sets the status and every header that the hook's response lacks, so that no challenge and no
    /// `Retry-After` is lost; but for `Content-Type`, which describes a body that is not sent. A
    /// gRPC response keeps its status, which is always 200.
    fn completed(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if !response.headers().contains_key("grpc-status") {
            *response.status_mut() = self.status();
        }
        for name in self.headers.keys() {
            if name != CONTENT_TYPE && !response.headers().contains_key(name) {
                for value in self.headers.get_all(name) {
                    response.headers_mut().append(name, value.clone());
                }
            }
        }
        response
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
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.parts().text)?;
        match &self.token_error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::wire::answers::Answers;
    use crate::wire::rejection_kind::Parts;

    #[test]
    fn table() {
        use RejectionKind::*;
        let cases = [
            (AccessDenied, 403, None, "access_denied"),
            (
                InsufficientScope,
                403,
                Some("insufficient_scope"),
                "insufficient_scope",
            ),
            (
                InvalidRequest,
                400,
                Some("invalid_request"),
                "invalid_request",
            ),
            (InvalidToken, 401, Some("invalid_token"), "invalid_token"),
            (KeysUnavailable, 503, None, "temporarily_unavailable"),
            (LayerMissing, 500, None, "server_error"),
            (MissingToken, 401, None, "unauthorized"),
            (SessionsUnavailable, 503, None, "temporarily_unavailable"),
        ];
        for (kind, status, error, body) in cases {
            let Parts {
                code,
                label,
                text,
                status: answered,
            } = kind.parts();
            assert_eq!((answered.as_u16(), code, label), (status, error, body));
            let document = serde_json::json!({"error": body, "error_description": text});
            assert_eq!(kind.body(), document.to_string());
            #[cfg(feature = "metrics")]
            assert_eq!(labels_of(kind), [body], "{kind:?} in the metrics");
            assert!(
                crate::wire::challenge::is_quotable(text) && !text.contains('='),
                "{text}"
            );
        }
    }

    /// Those of the one counter that counts it.
    #[cfg(feature = "metrics")]
    fn labels_of(kind: RejectionKind) -> Vec<String> {
        let recorder = metrics_util::debugging::DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || {
            Answers::default().without_challenge(kind).report();
        });
        let counted = recorder.snapshotter().snapshot().into_vec();
        let [(key, ..)] = &counted[..] else {
            panic!("{kind:?} is counted {} times", counted.len());
        };
        let labels = key.key().labels();
        labels.map(|label| label.value().to_owned()).collect()
    }

    #[test]
    fn the_text_tells_what_was_wrong_with_the_token() {
        let error = crate::token::TokenErrorKind::Expired.into();
        let rejection = Answers::default().invalid_token(Some(error));
        assert_eq!(
            rejection.to_string(),
            format!("{}: {error}", RejectionKind::InvalidToken.parts().text)
        );
        assert_eq!(rejection.token_error(), Some(&error));
    }

    #[test]
    fn retry_after_is_rounded_up() {
        for (wait, want) in [(1000, "1"), (1001, "2"), (29_500, "30")] {
            let wait = Duration::from_millis(wait);
            let rejection = Answers::default().keys_unavailable(wait);
            assert_eq!(rejection.retry_after(), Some(wait));
            assert_eq!(rejection.to_response().headers()[RETRY_AFTER], want);
        }
    }

    #[test]
    fn what_a_rejection_says_is_what_is_answered() {
        let answers = Answers::default();
        for (rejection, status, challenge) in [
            (answers.missing_token(), 401, Some(r#"Bearer realm="mcp""#)),
            (answers.access_denied(), 403, None),
        ] {
            assert_eq!(rejection.status(), status);
            let challenge = challenge.map(HeaderValue::from_static);
            assert_eq!(rejection.www_authenticate(), challenge.as_ref());
            let text = rejection.to_string();
            assert_eq!(text, rejection.kind().parts().text);
            let response = rejection.to_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().get(WWW_AUTHENTICATE), challenge.as_ref());
        }
    }
}
