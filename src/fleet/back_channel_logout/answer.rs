//! The responses to a logout (OpenID Connect Back-Channel Logout 1.0 §2.8).

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::fleet::RevokeError;
use crate::limits::FIRST_BACKOFF;
use crate::telemetry;
use crate::wire::rejection::Rejection;

/// Why a logout is not done.
pub(super) enum Refusal {
    /// The request is wrong, and would be so again.
    Invalid(StatusCode, &'static str),
    /// The same request may work after this time.
    Later(Duration, Cause),
}

/// Why nothing is known of a logout token, or what it says is not stored.
pub(super) enum Cause {
    KeysUnavailable,
    NotRevoked(RevokeError),
    /// The runtime has ended.
    NotFinished,
}

impl From<&'static str> for Refusal {
    fn from(description: &'static str) -> Self {
        Self::Invalid(StatusCode::BAD_REQUEST, description)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection.retry_after() {
            Some(wait) => Self::Later(wait, Cause::KeysUnavailable),
            None => "no key of the issuer verifies the signature".into(),
        }
    }
}

impl From<RevokeError> for Refusal {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::CutAhead(_) => "iat is in the future".into(),
            RevokeError::NotShared(_)
            | RevokeError::RevocationsFull
            | RevokeError::TurnedOff
            | RevokeError::UntilTooLate(_) => Self::Later(FIRST_BACKOFF, Cause::NotRevoked(error)),
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::KeysUnavailable => f.write_str("the keys of the issuer are not available"),
            Self::NotRevoked(error) => error.fmt(f),
            Self::NotFinished => f.write_str("the runtime has ended"),
        }
    }
}

pub(super) fn response(outcome: Result<(), Refusal>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    match outcome {
        Ok(()) => {}
        Err(Refusal::Invalid(status, description)) => {
            telemetry::logout_refused(description);
            // RFC 6749 §5.2
            let error = json!({"error": "invalid_request", "error_description": description});
            *response.status_mut() = status;
            *response.body_mut() = error.to_string().into();
            say_what_is_taken(response.headers_mut(), status);
        }
        Err(Refusal::Later(wait, _)) => {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            // Whole seconds, rounded up, and not at once.
            let more = u64::from(wait.subsec_nanos() > 0);
            let seconds = wait.as_secs().saturating_add(more).max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
    }
    response
}

fn say_what_is_taken(headers: &mut HeaderMap, status: StatusCode) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
}
