//! Why a fetch failed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a fetch failed. For operators: it never reaches a caller of the service.
#[derive(Clone, Debug)]
pub struct FetchError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    retry_after: Option<Duration>,
    is_connection: bool,
    is_unanswered: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Inner {
    const fn new(message: String) -> Self {
        Self {
            message,
            retry_after: None,
            is_connection: false,
            is_unanswered: false,
            source: None,
        }
    }
}

impl FetchError {
    /// `message` says where from and what happened.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Arc::new(Inner::new(message.into())))
    }

    /// As [`new`](Self::new), with the error underneath.
    #[must_use]
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            source: Some(source.into()),
            ..Inner::new(message.into())
        }))
    }

    /// The connection failed or broke off, and another one may not: an
    /// [`HttpTransport`](crate::keys::HttpTransport) that returns this error is asked once more.
    #[must_use]
    pub fn connection(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            is_connection: true,
            source: Some(source.into()),
            ..Inner::new(message.into())
        }))
    }

    /// The issuer asked not to be called for this long (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(message: impl Into<String>, wait: Duration) -> Self {
        Self(Arc::new(Inner {
            retry_after: Some(wait),
            ..Inner::new(message.into())
        }))
    }

    /// There was no answer in time: asking once more would take as long.
    pub(crate) fn unanswered(
        message: impl Into<String>,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            is_unanswered: true,
            source,
            ..Inner::new(message.into())
        }))
    }

    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub(super) fn is_connection(&self) -> bool {
        self.0.is_connection
    }

    /// Whether the issuer did not answer at all.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.0.is_connection || self.0.is_unanswered
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut shown = self.0.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors, of which this is one, show their own cause.
            let before = shown.strip_suffix(&*text);
            if before.is_none_or(|before| !before.is_empty() && !before.ends_with(": ")) {
                write!(f, ": {text}")?;
                shown = text;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_s14_an_error_tells_its_cause_and_what_to_do() {
        let wait = Duration::from_secs(7);
        let rows = [
            (FetchError::new("lost"), "lost", None, false),
            (
                FetchError::with_source("lost", "cut"),
                "lost: cut",
                None,
                false,
            ),
            (
                FetchError::connection("lost", "cut"),
                "lost: cut",
                None,
                true,
            ),
            // A cause that shows its own cause shows it once.
            (
                FetchError::with_source("lost", FetchError::with_source("cut", "by a shark")),
                "lost: cut: by a shark",
                None,
                false,
            ),
            (
                FetchError::with_source(
                    "lost",
                    std::io::Error::other(FetchError::with_source("cut", "by a shark")),
                ),
                "lost: cut: by a shark",
                None,
                false,
            ),
            (
                FetchError::with_source("lost: cut", FetchError::new("cut")),
                "lost: cut",
                None,
                false,
            ),
            // The same words by chance are another cause.
            (
                FetchError::with_source("lost or cut", "cut"),
                "lost or cut: cut",
                None,
                false,
            ),
            (
                FetchError::retry_after("lost", wait),
                "lost",
                Some(wait),
                false,
            ),
        ];
        for (error, text, wait, is_connection) in rows {
            assert_eq!(error.to_string(), text);
            assert_eq!(
                (error.wait(), error.is_connection()),
                (wait, is_connection),
                "{text}"
            );
        }
    }
}
