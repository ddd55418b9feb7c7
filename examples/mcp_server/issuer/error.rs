//! The error responses to clients.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `error` and `error_description` of RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2.
#[derive(Clone, Copy, Debug)]
pub(super) struct OAuthError {
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

impl OAuthError {
    pub(super) const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }

    pub(super) const fn invalid_request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let headers = [(header::CACHE_CONTROL, "no-store")];
        (StatusCode::BAD_REQUEST, headers, Json(body)).into_response()
    }
}
