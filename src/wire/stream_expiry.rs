use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Sleep, sleep};

use crate::base::clock::Clock;
use crate::base::numeric_date::NumericDate;
use crate::token::verified::Verified;
use crate::wire::answers::Answers;
use crate::wire::header_names::MCP_METHOD;
#[cfg(feature = "redis")]
use crate::wire::revocation_watch::{Revoked, Watch};
use crate::wire::trust::Distrust;

/// Which event streams (`text/event-stream`) end when the token of their request expires.
///
/// A token is checked when the request arrives, and a stream that stays open for hours outlives it.
/// The MCP spec sets no rule for that.
///
/// When an issuer is no longer trusted ([`replace_issuers`](crate::JwtAuthLayer::replace_issuers)),
/// every stream of its tokens ends, whatever is set here.
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

/// Whether an event stream in the response to one request ends with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Always,
    /// If a layer that reads the body finds that the request only listens.
    IfListening,
    Never,
}

/// What ends an event stream, besides the loss of trust in the issuer of its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndsWith {
    /// It may not outlive its token.
    pub(crate) expiry: bool,
    /// It ends when its token is revoked.
    #[cfg(feature = "redis")]
    pub(crate) revocation: bool,
}

impl StreamExpiry {
    /// Whether it depends on the request what an event stream in its response ends with.
    /// `revocable`: its token can be revoked, and its streams end then.
    pub(crate) fn depends_on_request(self, revocable: bool) -> bool {
        match self {
            Self::All => false,
            Self::ListenOnly => true,
            Self::Never => revocable,
        }
    }

    /// Whether an event stream in the response ends with the token. `only_listens`: what method and
    /// headers say of the request, if it depends on that.
    pub(crate) fn ends(self, only_listens: bool, revocable: bool) -> Ends {
        match self {
            Self::All => Ends::Always,
            Self::Never if !revocable => Ends::Never,
            Self::ListenOnly | Self::Never if only_listens => Ends::Always,
            Self::ListenOnly | Self::Never => Ends::IfListening,
        }
    }
}

/// Whether this header says that the request only listens. A client that misreports the method in
/// it only ends its own call.
pub(crate) fn says_listen(name: &HeaderName, value: &HeaderValue) -> bool {
    *name == MCP_METHOD && value == "subscriptions/listen"
}

/// Whether the request only listens. Shared by its body, which tells, and by what ends the stream.
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

/// What ends the response to one request, if it is an event stream. Pointers and a few bytes:
/// nothing more is prepared before the response is known to be one.
#[derive(Clone, Debug)]
pub(crate) struct StreamEnd {
    /// Of the issuer of the token, without whose trust no stream goes on.
    answers: Arc<Answers>,
    /// The token, if the stream ends with it.
    token: Option<(Arc<Verified>, EndsWith)>,
    /// Who knows when it is revoked, if the stream ends then. Held from here on.
    #[cfg(feature = "redis")]
    watch: Option<Arc<dyn Watch>>,
    /// `None` if it ends whether the request only listens or not.
    mark: Option<ListenMark>,
}

impl StreamEnd {
    /// The stream ends when the issuer is no longer trusted.
    pub(crate) const fn with_trust(answers: Arc<Answers>) -> Self {
        Self {
            answers,
            token: None,
            #[cfg(feature = "redis")]
            watch: None,
            mark: None,
        }
    }

    /// The same, and with the token.
    pub(crate) fn or_with_token(self, token: Arc<Verified>, with: EndsWith) -> Self {
        Self {
            #[cfg(feature = "redis")]
            watch: match (with.revocation, &self.answers.resource().watch) {
                (true, Some(watch)) => watch.upgrade(),
                _ => None,
            },
            token: Some((token, with)),
            ..self
        }
    }

    /// The same, if `mark` is set by the time of the response.
    pub(crate) fn if_listening(self, mark: ListenMark) -> Self {
        Self {
            mark: Some(mark),
            ..self
        }
    }

    /// Whether it ends a response with these headers.
    pub(crate) fn applies(&self, headers: &HeaderMap) -> bool {
        is_event_stream(headers) && self.mark.as_ref().is_none_or(ListenMark::is_set)
    }
}

/// The time at which a stream ends.
struct Deadline {
    at: NumericDate,
    clock: Clock,
}

impl Deadline {
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
        let resource = end.answers.resource();
        let expiring = end.token.as_ref().filter(|(_, with)| with.expiry);
        let deadline = expiring.map(|(token, _)| {
            let deadline = Deadline {
                at: token.not_after(),
                clock: resource.clock.clone(),
            };
            let timer = Box::pin(sleep(deadline.left().min(LONGEST_SLEEP)));
            (deadline, timer)
        });
        Self {
            deadline,
            distrust: resource.trust.ended(),
            #[cfg(feature = "redis")]
            revoked: end
                .token
                .zip(end.watch)
                .map(|((token, _), watch)| watch.watch(token)),
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
    fn which_streams_end_with_their_token() {
        use StreamExpiry::{All, ListenOnly, Never};
        for (rule, revocable, listening, other) in [
            (All, false, Ends::Always, Ends::Always),
            (All, true, Ends::Always, Ends::Always),
            (ListenOnly, false, Ends::Always, Ends::IfListening),
            (ListenOnly, true, Ends::Always, Ends::IfListening),
            (Never, false, Ends::Never, Ends::Never),
            (Never, true, Ends::Always, Ends::IfListening),
        ] {
            let ends = [true, false].map(|only_listens| rule.ends(only_listens, revocable));
            assert_eq!(ends, [listening, other], "{rule:?} {revocable}");
            let depends = listening != other;
            assert_eq!(rule.depends_on_request(revocable), depends, "{rule:?}");
        }
    }

    #[test]
    fn which_headers_say_that_a_request_listens() {
        let listen = HeaderValue::from_static("subscriptions/listen");
        let call = HeaderValue::from_static("tools/call");
        assert!(says_listen(&MCP_METHOD, &listen));
        assert!(!says_listen(&MCP_METHOD, &call));
        assert!(!says_listen(&HeaderName::from_static("mcp-name"), &listen));
    }
}
