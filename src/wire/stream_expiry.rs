use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, Request};
use tokio::time::{Sleep, sleep};

use crate::base::clock::Clock;
use crate::base::numeric_date::NumericDate;
#[cfg(feature = "redis")]
use crate::token::verified::Verified;
use crate::wire::header_names::MCP_METHOD;
use crate::wire::trust::{Distrust, Trust};

/// Which event streams (`text/event-stream`) end when the token of their request expires.
///
/// A token is checked when the request arrives, and a stream that stays open for hours outlives it.
/// The MCP spec sets no rule for that.
///
/// Streams whose issuer is no longer trusted
/// ([`replace_issuers`](crate::JwtAuthLayer::replace_issuers)) end with every value: the responses
/// to GET and to `subscriptions/listen`, and with [`All`](Self::All) every stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamExpiry {
    /// Ends every stream, including the stream with the response to a call: the result is lost, and
    /// the server treats the end as a cancellation.
    All,
    /// Ends streams that only deliver notifications: the responses to GET and to
    /// `subscriptions/listen`. Long calls still get their response. Clients reconnect with a new
    /// token.
    ///
    /// The layer knows `subscriptions/listen` by the header `Mcp-Method`. That is enough if the
    /// server rejects requests whose header is missing or differs from the body, as the protocol
    /// of 2026-07-28 demands. Otherwise put [`McpScopesLayer`](crate::mcp::McpScopesLayer) inside,
    /// even without rules: it reads the operation from the body, and its finding counts.
    ListenOnly,
    /// Ends no stream when its token expires. In a fleet, the streams of a *revoked* token end as
    /// with [`ListenOnly`](Self::ListenOnly) all the same, unless the layer says
    /// `revoked_streams_go_on`.
    #[default]
    Never,
}

/// Which event streams in the response to one request end.
#[derive(Clone, Debug)]
pub(crate) enum Ends {
    Always,
    /// If an inner layer finds that the request only listens.
    IfListening(ListenMark),
}

impl StreamExpiry {
    /// `None` if no event stream in the response to this request ends.
    pub(crate) fn ends<B>(self, request: &Request<B>) -> Option<Ends> {
        match self {
            Self::All => Some(Ends::Always),
            Self::ListenOnly | Self::Never if only_listens(request) => Some(Ends::Always),
            Self::ListenOnly => Some(Ends::IfListening(ListenMark::default())),
            Self::Never => None,
        }
    }
}

/// A client that misreports the method in the header only ends its own call.
fn only_listens<B>(request: &Request<B>) -> bool {
    let method = || request.headers().get(&MCP_METHOD);
    *request.method() == Method::GET || method().is_some_and(|it| it == "subscriptions/listen")
}

impl Ends {
    pub(crate) fn applies(&self) -> bool {
        match self {
            Self::Always => true,
            Self::IfListening(mark) => mark.is_set(),
        }
    }
}

/// Shared by the layer that ends streams and an inner layer that reads the body, through the
/// extensions of the request: whether the request only listens.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenMark(Arc<AtomicBool>);

impl ListenMark {
    /// Also set while it is not known yet what the body asks for.
    pub(crate) fn set(&self, only_listens: bool) {
        self.0.store(only_listens, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Whether a response is an event stream of unknown length.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = media_type.and_then(|it| it.split(';').next());
    let is_stream = essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("text/event-stream"));
    is_stream && !headers.contains_key(CONTENT_LENGTH)
}

/// What ends the event stream in the response to one request.
#[derive(Clone, Debug)]
pub(crate) struct StreamEnd {
    pub(crate) ends: Ends,
    /// `None` if it may outlive its token.
    pub(crate) deadline: Option<Deadline>,
    /// Of the issuer of the token.
    pub(crate) trust: Trust,
    /// The token, and who knows when it is revoked.
    #[cfg(feature = "redis")]
    pub(crate) watch: Option<(Arc<dyn Watch>, Arc<Verified>)>,
}

/// Knows when tokens are revoked.
#[cfg(feature = "redis")]
pub(crate) trait Watch: fmt::Debug + Send + Sync {
    /// Completes when the token is revoked.
    fn watch(self: Arc<Self>, token: Arc<Verified>) -> Revoked;
}

#[cfg(feature = "redis")]
pub(crate) type Revoked = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// The time at which a stream ends.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: NumericDate,
    clock: Clock,
}

impl Deadline {
    pub(crate) const fn new(at: NumericDate, clock: Clock) -> Self {
        Self { at, clock }
    }

    fn left(&self) -> Duration {
        self.at.since(self.clock.now().wall)
    }
}

/// Wakes at the end of a stream. Boxed, so that a body that holds one can still be moved.
pub(crate) struct Alarm {
    deadline: Option<(Deadline, Pin<Box<Sleep>>)>,
    distrust: Distrust,
    #[cfg(feature = "redis")]
    revoked: Option<Revoked>,
}

impl Alarm {
    pub(crate) fn new(end: StreamEnd) -> Self {
        let deadline = end.deadline.map(|deadline| {
            let timer = Box::pin(sleep(deadline.left().min(LONGEST_SLEEP)));
            (deadline, timer)
        });
        Self {
            deadline,
            distrust: end.trust.ended(),
            #[cfg(feature = "redis")]
            revoked: end.watch.map(|(watch, token)| watch.watch(token)),
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.distrust.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        #[cfg(feature = "redis")]
        if let Some(revoked) = &mut self.revoked
            && revoked.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(());
        }
        let Some((deadline, timer)) = &mut self.deadline else {
            return Poll::Pending;
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            let left = deadline.left();
            if left.is_zero() {
                return Poll::Ready(());
            }
            timer.set(sleep(left.min(LONGEST_SLEEP)));
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// The timer checks the time at least this often, because tokens expire by the wall clock, which
/// tokio's timers do not follow through a suspend or when the clock is set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn which_responses_are_streams() {
        for (content_type, want) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/event-streams", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            assert_eq!(is_event_stream(&headers), want, "{content_type}");
            headers.insert(CONTENT_LENGTH, 3.into());
            assert!(!is_event_stream(&headers), "{content_type} with a length");
        }
        assert!(!is_event_stream(&HeaderMap::new()));
    }

    #[test]
    fn which_requests_only_listen() {
        use StreamExpiry::{All, ListenOnly, Never};
        for (method, operation, all, listen) in [
            ("GET", None, true, true),
            ("POST", None, true, false),
            ("POST", Some("tools/call"), true, false),
            ("POST", Some("subscriptions/listen"), true, true),
        ] {
            let mut request = Request::builder().method(method);
            if let Some(operation) = operation {
                request = request.header("mcp-method", operation);
            }
            let request = request.body(()).unwrap();
            let ends = |rule: StreamExpiry| rule.ends(&request).is_some_and(|it| it.applies());
            let got = [All, ListenOnly, Never].map(ends);
            assert_eq!(got, [all, listen, listen], "{method} {operation:?}");
        }
    }
}
