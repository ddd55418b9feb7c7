use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::base::scopes::ScopeSet;
use crate::token::TokenError;
use crate::wire::challenge::challenge;
use crate::wire::resource::{ProtectedResource, ScopeListing};

/// Why a request was not let through, and what the caller is told.
///
/// It says little on purpose: every token that is refused gets the same answer, so that trying out
/// tokens teaches nothing. What was wrong goes to `tracing`, and to code here, by
/// [`token_error`](Self::token_error). The layer also leaves it in the extensions of the response.
#[derive(Clone, Debug)]
pub struct Rejection {
    kind: RejectionKind,
    /// Those of the answer. Shared where anybody can ask for them, since one that is copied costs less than one
    /// that is made.
    headers: Arc<HeaderMap>,
    retry_after: Option<Duration>,
    token_error: Option<TokenError>,
}

/// The reasons that a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The token is good, but its claims are not those that the handler needs; no scope mends that.
    AccessDenied,
    /// The token is good, but does not grant what the operation needs (RFC 6750 §3.1).
    InsufficientScope,
    /// More than one `Authorization` header (RFC 6750 §3.1).
    InvalidRequest,
    /// The token is malformed, expired, not for us, or not by an issuer that we trust (RFC 6750 §3.1).
    InvalidToken,
    /// The token may be good, but the issuer's keys cannot be had. Not a 401: that would make clients
    /// throw good tokens away and send their users to log in again.
    KeysUnavailable,
    /// Code that needs [`AuthInfo`](crate::AuthInfo) runs without [`JwtAuthLayer`](crate::JwtAuthLayer).
    LayerMissing,
    /// No credentials, or those of another scheme.
    MissingToken,
    /// To whom a session belongs cannot be asked at the moment; see
    /// [`SessionStore`](crate::SessionStore).
    SessionsUnavailable,
}

impl Rejection {
    pub(crate) fn missing_token(resource: &ProtectedResource) -> Self {
        let headers = resource.challenges().missing_token.clone();
        Self::new(RejectionKind::MissingToken, headers)
    }

    pub(crate) fn invalid_request(resource: &ProtectedResource) -> Self {
        let headers = resource.challenges().invalid_request.clone();
        Self::new(RejectionKind::InvalidRequest, headers)
    }

    pub(crate) fn invalid_token(resource: &ProtectedResource, reason: Option<TokenError>) -> Self {
        let headers = resource.challenges().invalid_token.clone();
        Self {
            token_error: reason,
            ..Self::new(RejectionKind::InvalidToken, headers)
        }
    }

    /// Lists what the operation needs together with what every operation needs, unless told otherwise:
    /// some clients ask for just these next, and would lose what they had.
    pub(crate) fn insufficient_scope(resource: &ProtectedResource, operation: &ScopeSet) -> Self {
        let kind = RejectionKind::InsufficientScope;
        let challenge = match resource.listing {
            ScopeListing::BaseAndOperation => {
                kind.challenge(resource, &resource.required_scopes.union(operation))
            }
            ScopeListing::Operation => kind.challenge(resource, operation),
        };
        Self::new(kind, Arc::new(headers(Some(challenge))))
    }

    pub(crate) fn keys_unavailable(retry_after: Duration) -> Self {
        Self::later(RejectionKind::KeysUnavailable, retry_after)
    }

    pub(crate) fn sessions_unavailable() -> Self {
        Self::later(RejectionKind::SessionsUnavailable, SESSIONS_RETRY_AFTER)
    }

    fn later(kind: RejectionKind, retry_after: Duration) -> Self {
        // Whole seconds (RFC 9110 §10.2.3), rounded up: not before we try ourselves.
        let seconds = retry_after
            .as_secs()
            .saturating_add(u64::from(retry_after.subsec_nanos() > 0));
        let mut headers = headers(None);
        headers.insert(RETRY_AFTER, seconds.into());
        Self {
            retry_after: Some(retry_after),
            ..Self::new(kind, Arc::new(headers))
        }
    }

    /// Without a challenge: clients take any 403 that carries one for a lack of scopes.
    pub(crate) fn unchallenged(kind: RejectionKind) -> Self {
        Self::new(kind, Arc::new(headers(None)))
    }

    const fn new(kind: RejectionKind, headers: Arc<HeaderMap>) -> Self {
        Self {
            kind,
            headers,
            retry_after: None,
            token_error: None,
        }
    }

    /// What happened, as far as the caller is told.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The value of `WWW-Authenticate`, where the answer carries one.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.headers.get(WWW_AUTHENTICATE)
    }

    /// When to try again, for [`RejectionKind::KeysUnavailable`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What was wrong with the token. For logs and metrics: telling the caller helps an attacker.
    #[must_use]
    pub fn token_error(&self) -> Option<&TokenError> {
        self.token_error.as_ref()
    }

    /// The answer, as the layer gives it.
    #[must_use]
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let kind = self.kind();
        let mut response = Response::new(Full::from(kind.body()));
        *response.status_mut() = kind.status();
        *response.headers_mut() = HeaderMap::clone(&self.headers);
        response.extensions_mut().insert(self);
        response
    }
}

impl RejectionKind {
    /// No `_` arm: a new kind does not compile until it has an answer here.
    const fn status(self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InvalidToken | Self::MissingToken => StatusCode::UNAUTHORIZED,
            Self::KeysUnavailable | Self::SessionsUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::LayerMissing => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `None` when no credentials came: RFC 6750 §3.1 wants that challenge without an error code.
    const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::InsufficientScope => Some("insufficient_scope"),
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::AccessDenied
            | Self::KeysUnavailable
            | Self::LayerMissing
            | Self::MissingToken
            | Self::SessionsUnavailable => None,
        }
    }

    /// RFC 6750 §3.1 names the codes; the members are those of RFC 6749 §5.2.
    const fn body(self) -> &'static str {
        macro_rules! body {
            ($error:literal, $description:literal) => {
                concat!(
                    r#"{"error":""#,
                    $error,
                    r#"","error_description":""#,
                    $description,
                    r#""}"#
                )
            };
        }
        match self {
            Self::AccessDenied => body!(
                "access_denied",
                "The access token does not permit this operation"
            ),
            Self::InsufficientScope => body!(
                "insufficient_scope",
                "The access token lacks a scope that this operation needs"
            ),
            Self::InvalidRequest => body!(
                "invalid_request",
                "The request carries more than one Authorization header"
            ),
            Self::InvalidToken => body!(
                "invalid_token",
                "The access token is invalid or has expired"
            ),
            Self::KeysUnavailable => body!(
                "temporarily_unavailable",
                "Access tokens cannot be verified at the moment"
            ),
            Self::LayerMissing => body!(
                "server_error",
                "The server is not set up to authenticate this request"
            ),
            Self::MissingToken => body!("unauthorized", "Authentication is required"),
            Self::SessionsUnavailable => body!(
                "temporarily_unavailable",
                "Sessions cannot be looked up at the moment"
            ),
        }
    }

    fn challenge(self, resource: &ProtectedResource, scopes: &ScopeSet) -> HeaderValue {
        let error = self.error_code().map(|code| (code, self.description()));
        challenge(resource, error, scopes)
    }

    /// Fixed sentences of `%x20-21 / %x23-5B / %x5D-7E` without `=`: clients break on anything else.
    const fn description(self) -> &'static str {
        match self {
            Self::AccessDenied => "The access token does not permit this operation",
            Self::InsufficientScope => "The access token lacks a scope that this operation needs",
            Self::InvalidRequest => "The request carries more than one Authorization header",
            Self::InvalidToken => "The access token is invalid or has expired",
            Self::KeysUnavailable => "Access tokens cannot be verified at the moment",
            Self::LayerMissing => "The server is not set up to authenticate this request",
            Self::MissingToken => "Authentication is required",
            Self::SessionsUnavailable => "Sessions cannot be looked up at the moment",
        }
    }
}

/// The headers of answers that do not depend on the operation: made once, since anybody can ask for them.
#[derive(Debug)]
pub(crate) struct Challenges {
    invalid_request: Arc<HeaderMap>,
    invalid_token: Arc<HeaderMap>,
    missing_token: Arc<HeaderMap>,
}

impl Challenges {
    pub(crate) fn of(resource: &ProtectedResource) -> Self {
        let (needed, none) = (&resource.required_scopes, &ScopeSet::default());
        let made =
            |kind: RejectionKind, scopes| Arc::new(headers(Some(kind.challenge(resource, scopes))));
        Self {
            invalid_request: made(RejectionKind::InvalidRequest, none),
            invalid_token: made(RejectionKind::InvalidToken, needed),
            missing_token: made(RejectionKind::MissingToken, needed),
        }
    }
}

fn headers(challenge: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    headers
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.description())?;
        match &self.token_error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

/// Short: a store of sessions is close by, and nothing is lost by asking again.
const SESSIONS_RETRY_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!((kind.status().as_u16(), kind.error_code()), (status, error));
            let document =
                serde_json::json!({"error": body, "error_description": kind.description()});
            assert_eq!(kind.body(), document.to_string());
            #[cfg(feature = "metrics")]
            assert_eq!(labels_of(kind), [body], "{kind:?} in the metrics");
            let text = kind.description();
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
            crate::telemetry::refused(&Rejection::unchallenged(kind));
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
        let rejection = Rejection::invalid_token(&ProtectedResource::default(), Some(error));
        assert_eq!(
            rejection.to_string(),
            format!("{}: {error}", RejectionKind::InvalidToken.description())
        );
        assert_eq!(rejection.token_error(), Some(&error));
    }

    #[test]
    fn retry_after_is_rounded_up() {
        for (wait, want) in [(1000, "1"), (1001, "2"), (29_500, "30")] {
            let wait = Duration::from_millis(wait);
            let rejection = Rejection::keys_unavailable(wait);
            assert_eq!(rejection.retry_after(), Some(wait));
            assert_eq!(rejection.into_response().headers()[RETRY_AFTER], want);
        }
    }

    #[test]
    fn what_a_rejection_says_is_what_is_answered() {
        let resource = ProtectedResource::default();
        for (rejection, status, challenge) in [
            (
                Rejection::missing_token(&resource),
                401,
                Some(r#"Bearer realm="mcp""#),
            ),
            (
                Rejection::unchallenged(RejectionKind::AccessDenied),
                403,
                None,
            ),
        ] {
            assert_eq!(rejection.status(), status);
            let challenge = challenge.map(HeaderValue::from_static);
            assert_eq!(rejection.www_authenticate(), challenge.as_ref());
            let text = rejection.to_string();
            assert_eq!(text, rejection.kind().description());
            let response = rejection.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().get(WWW_AUTHENTICATE), challenge.as_ref());
        }
    }
}
