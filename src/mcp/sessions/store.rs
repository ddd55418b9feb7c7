//! The interface to a memory of sessions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::caller::Principal;

/// Remembers which principal owns each session, for
/// [`SessionBindingLayer`](crate::mcp::SessionBindingLayer).
///
/// [`MemorySessions`](crate::mcp::MemorySessions) does it in this process. Several processes need a
/// store that they share, unless a balancer sends all requests of a session to the same process.
///
/// A store is asked whether a session is theirs, never whose it is. It can keep a keyed digest of
/// the principal instead of its names.
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Makes `principal` the owner of the session `id` if it has no owner, and keeps it for `keep`.
    ///
    /// Answers [`Ownership::Owner`] if the session belongs to `principal` now, and
    /// [`Ownership::Other`] if it belongs to another principal. Must be atomic: of two principals
    /// at the same time, one gets the session.
    fn bind<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership>;

    /// Whether `principal` owns the session `id`. If so, the session is kept for `keep` from now
    /// on.
    fn owner_is<'s>(
        &'s self,
        id: &'s str,
        principal: &'s Principal,
        keep: Duration,
    ) -> SessionFuture<'s, Ownership>;

    /// Forgets the session `id`, which has ended, if `principal` owns it. Must be atomic too.
    fn end<'s>(&'s self, id: &'s str, principal: &'s Principal) -> SessionFuture<'s, ()>;
}

/// The answer of a [`SessionStore`] to "is this session theirs?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// The session belongs to the principal.
    Owner,
    /// The session belongs to another principal.
    Other,
    /// The store does not know the session. [`SessionStore::bind`] never answers this.
    Unknown,
}

/// The future of a [`SessionStore`]: a value that is there at once, or a boxed future.
pub struct SessionFuture<'s, T>(State<'s, T>);

enum State<'s, T> {
    /// `None` after the value has been returned.
    Ready(Option<Result<T, SessionStoreError>>),
    Waiting(Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 's>>),
}

impl<'s, T> SessionFuture<'s, T> {
    /// Boxes a future that waits for the store.
    #[must_use]
    pub fn new(future: impl Future<Output = Result<T, SessionStoreError>> + Send + 's) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }

    /// Holds an answer that needs no waiting, without a box.
    #[must_use]
    pub const fn ready(answer: Result<T, SessionStoreError>) -> Self {
        Self(State::Ready(Some(answer)))
    }
}

impl<T: Unpin> Future for SessionFuture<'_, T> {
    type Output = Result<T, SessionStoreError>;

    #[expect(
        clippy::expect_used,
        reason = "reached only if polled after completion"
    )]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(answer) => {
                Poll::Ready(answer.take().expect("the future has not completed"))
            }
            State::Waiting(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for SessionFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").finish_non_exhaustive()
    }
}

/// The error of a [`SessionStore`] that cannot answer, or that takes no further session of a user.
/// The request is rejected with 503, or with 429.
#[derive(Debug)]
pub struct SessionStoreError(Reason);

#[derive(Debug)]
enum Reason {
    Failed(Box<dyn std::error::Error + Send + Sync>),
    TooManySessions { retry_after: Duration },
}

impl SessionStoreError {
    /// Wraps the cause, which goes to `tracing` and never to the caller.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Reason::Failed(cause.into()))
    }

    /// Says that this user has begun as many sessions as one user may, for [`SessionStore::bind`].
    /// The response that would have begun one more becomes 429, with this `Retry-After`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_jwt_auth::mcp::SessionStoreError;
    ///
    /// let error = SessionStoreError::too_many_sessions(Duration::from_secs(60));
    /// assert_eq!(error.to_string(), "this user has begun too many sessions");
    /// ```
    #[must_use]
    pub const fn too_many_sessions(retry_after: Duration) -> Self {
        Self(Reason::TooManySessions { retry_after })
    }

    /// After which time one more session may begin, if there are too many.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self.0 {
            Reason::Failed(_) => None,
            Reason::TooManySessions { retry_after } => Some(retry_after),
        }
    }
}

impl fmt::Display for SessionStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reason::Failed(_) => "the session store failed",
            Reason::TooManySessions { .. } => "this user has begun too many sessions",
        })
    }
}

impl std::error::Error for SessionStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Failed(cause) => Some(&**cause),
            Reason::TooManySessions { .. } => None,
        }
    }
}
