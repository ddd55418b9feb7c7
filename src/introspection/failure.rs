//! Why the issuer's endpoint gave no verdict.

use std::fmt;
use std::time::Duration;

use crate::limits::MAX_INTROSPECTION_RETRY_AFTER;
use crate::net::FetchError;

/// A call that says nothing about the token. For operators: callers only learn how long to wait.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: FailureKind,
    text: String,
    retry_after: Option<Duration>,
}

/// What a failure means for other calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// 400: our request is wrong, or the token is a strange one.
    BadRequest,
    /// 403: this client may not introspect.
    Forbidden,
    /// Another status, or an answer that cannot be used. A strange token may cause it.
    Faulty,
    /// The metadata names no endpoint that may be used. Nothing was sent.
    NoEndpoint,
    /// 401: our credentials are wrong.
    Unauthorized,
    /// 429, 502, 503 or 504.
    Unavailable,
    /// No connection, or no answer in time.
    Unreachable,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            retry_after: None,
        }
    }

    /// The endpoint asked to be left alone for this long. A stranger may have set the time.
    pub(super) fn with_retry_after(self, wait: Option<Duration>) -> Self {
        Self {
            retry_after: wait.map(|wait| wait.min(MAX_INTROSPECTION_RETRY_AFTER)),
            ..self
        }
    }

    pub(super) const fn kind(&self) -> FailureKind {
        self.kind
    }

    pub(super) const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl FailureKind {
    /// Whether the endpoint cannot be asked about any token. If a strange token could cause the
    /// failure, whoever has one could close the endpoint to others.
    pub(super) const fn counts(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Unavailable | Self::Unreachable
        )
    }

    /// Whether the endpoint refuses us, so that somebody must change the set-up.
    pub(super) const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::BadRequest | Self::Forbidden | Self::NoEndpoint | Self::Unauthorized
        )
    }

    /// Whether an old answer may serve meanwhile, if that is allowed. An endpoint that refuses us
    /// works, and could have withdrawn the token.
    pub(super) const fn allows_stale(self) -> bool {
        !matches!(self, Self::Forbidden | Self::Unauthorized)
    }

    /// The label of the metric.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::BadRequest | Self::Forbidden | Self::NoEndpoint | Self::Unauthorized => "refused",
            Self::Faulty => "faulty",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Of a transport, or of an `Introspector`.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let kind = match error.wait() {
            Some(_) => FailureKind::Unavailable,
            None if error.is_unreachable() => FailureKind::Unreachable,
            None => FailureKind::Faulty,
        };
        Self::new(kind, error.to_string()).with_retry_after(error.wait())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
