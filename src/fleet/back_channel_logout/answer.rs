//! The responses to a logout (OpenID Connect Back-Channel Logout 1.0 §2.8).

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::fleet::RevokeError;
use crate::limits::FIRST_BACKOFF;
use crate::wire::rejection::Rejection;

/// Why a logout is not done.
pub(super) enum Refusal {
    /// The request is wrong, and would be so again.
    Invalid(&'static str),
    Method,
    /// The same request may work after this time.
    Later(Duration),
}

impl From<&'static str> for Refusal {
    fn from(description: &'static str) -> Self {
        Self::Invalid(description)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection.retry_after() {
            Some(wait) => Self::Later(wait),
            None => Self::Invalid("no key of the issuer verifies the signature"),
        }
    }
}

impl From<RevokeError> for Refusal {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::CutAhead(_) => Self::Invalid("iat is in the future"),
            RevokeError::NotShared(_)
            | RevokeError::RevocationsFull
            | RevokeError::TurnedOff
            | RevokeError::UntilTooLate(_) => Self::Later(FIRST_BACKOFF),
        }
    }
}

pub(super) fn response(outcome: Result<(), Refusal>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    match outcome {
        Ok(()) => {}
        Err(Refusal::Invalid(description)) => {
            // RFC 6749 §5.2
            let error = json!({"error": "invalid_request", "error_description": description});
            *response.status_mut() = StatusCode::BAD_REQUEST;
            *response.body_mut() = error.to_string().into();
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        Err(Refusal::Method) => {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            let post = HeaderValue::from_static("POST");
            response.headers_mut().insert(ALLOW, post);
        }
        Err(Refusal::Later(wait)) => {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            // Whole seconds, rounded up, and not at once.
            let more = u64::from(wait.subsec_nanos() > 0);
            let seconds = wait.as_secs().saturating_add(more).max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
    }
    response
}
