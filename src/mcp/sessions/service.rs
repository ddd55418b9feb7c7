//! Asks the store about the session of a request, and tells it what the server's response means.
//! In one file, although it is long: it follows one request from its session id to the response.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tower_service::Service;

use super::store::{Ownership, SessionStore, SessionStoreError};
use crate::caller::{Principal, answers_in, require_caller};
use crate::limits::SESSION_IDLE_TIME;
use crate::telemetry;
use crate::wire::answers::Answers;
use crate::wire::body::GuardedBody;
use crate::wire::rejection::RejectionContext;
use crate::wire::rejection_kind::RejectionKind;
use crate::wire::stream_expiry::is_event_stream;

/// The service of [`SessionBindingLayer`](super::SessionBindingLayer).
#[derive(Clone, Debug)]
pub struct SessionBinding<S> {
    inner: S,
    store: Arc<dyn SessionStore>,
    strict: bool,
    opens_streams: Arc<AtomicBool>,
}

impl<S> SessionBinding<S> {
    pub(super) const fn new(
        inner: S,
        store: Arc<dyn SessionStore>,
        strict: bool,
        opens_streams: Arc<AtomicBool>,
    ) -> Self {
        Self {
            inner,
            store,
            strict,
            opens_streams,
        }
    }
}

impl<S, B, R> Service<Request<B>> for SessionBinding<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: 'static,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = SessionBindingFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The store may take its time. What the ready instance holds, such as a permit, must not
        // wait for it: it is dropped here, and a clone is polled until it is ready.
        self.inner = self.inner.clone();
        let (mut inner, store, strict) = (self.inner.clone(), self.store.clone(), self.strict);
        let opens_streams = self.opens_streams.clone();
        SessionBindingFuture(Box::pin(async move {
            let mut asked = match SessionRequest::read(&request) {
                Ok(asked) => asked,
                Err(response) => return Ok((*response).map(GuardedBody::own)),
            };
            if let Err(response) = asked.admit(&*store, strict).await {
                return Ok(response.map(GuardedBody::own));
            }
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner.call(request).await?;
            let (status, given) = (response.status(), session_id(response.headers()));
            let is_stream = status.is_success() && is_event_stream(response.headers());
            if is_stream && asked.kind == Kind::Listen {
                opens_streams.store(true, Ordering::Relaxed);
            }
            asked.has_ended = asked.ends(status, opens_streams.load(Ordering::Relaxed));
            match asked.on_response(&*store, status, given).await {
                Ok(()) => Ok(response.map(GuardedBody::inner)),
                Err(response) => Ok(response.map(GuardedBody::own)),
            }
        }))
    }
}

/// What a request says about sessions.
struct SessionRequest {
    /// `None` for a caller without a token, or whose token names nobody: they own no session.
    principal: Option<Principal>,
    session: Option<String>,
    /// Whether the store knows the session, and that it belongs to the principal.
    is_known: bool,
    /// The protocol of 2026-07-28 has no sessions, and its servers ignore the header: the success
    /// of such a request says nothing about the session.
    uses_sessions: bool,
    kind: Kind,
    /// Whether the response says that the session of the request is over.
    has_ended: bool,
    on_failure: OnFailure,
}

/// What a request asks for, as far as its response can end a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    End,
    /// A new stream. The request names the session and nothing else.
    Listen,
    /// A message, whose method, tool or resource may be what the server does not find; or a stream
    /// from an event on, which the server may have dropped.
    Other,
}

impl Kind {
    fn of<B>(request: &Request<B>) -> Self {
        match *request.method() {
            Method::DELETE => Self::End,
            Method::GET if !request.headers().contains_key("last-event-id") => Self::Listen,
            _ => Self::Other,
        }
    }
}

/// What a rejection needs to know when the store fails, or takes no further session.
struct OnFailure {
    answers: Option<Arc<Answers>>,
    /// The method and the URI, which only a hook looks at.
    request: Option<(Method, Uri)>,
}

impl SessionRequest {
    fn read<B>(request: &Request<B>) -> Result<Self, Box<Response<Bytes>>> {
        let principal = match require_caller(request.extensions(), "SessionBindingLayer") {
            Ok(auth) => auth.principal(),
            // `optional()` has admitted it.
            Err(rejection) if rejection.kind() == RejectionKind::MissingToken => None,
            Err(rejection) => {
                let context = RejectionContext::new(request.method(), request.uri());
                return Err(Box::new(rejection.respond(&context)));
            }
        };
        Ok(Self {
            principal,
            session: session_id(request.headers())
                .map_err(|Unreadable| Box::new(unknown_session()))?,
            is_known: false,
            uses_sessions: !protocol_has_no_sessions(request.headers()),
            kind: Kind::of(request),
            has_ended: false,
            on_failure: OnFailure::of(request),
        })
    }

    async fn admit(
        &mut self,
        store: &dyn SessionStore,
        strict: bool,
    ) -> Result<(), Response<Bytes>> {
        let Some(id) = &self.session else {
            return Ok(());
        };
        let nobody;
        let principal = match &self.principal {
            Some(principal) => principal,
            // No session belongs to it, so the answer is `Other` or `Unknown`.
            None => {
                nobody = Principal::new("", None, None);
                &nobody
            }
        };
        let ownership = store.owner_is(id, principal, SESSION_IDLE_TIME).await;
        let ownership = ownership.map_err(|error| self.on_failure.respond(&error))?;
        self.is_known = ownership == Ownership::Owner && self.principal.is_some();
        if self.is_known || (ownership == Ownership::Unknown && !strict) {
            return Ok(());
        }
        telemetry::session_refused(ownership != Ownership::Unknown);
        Err(unknown_session())
    }

    fn ends(&self, status: StatusCode, opens_streams: bool) -> bool {
        self.uses_sessions
            && match self.kind {
                Kind::End => status.is_success(),
                Kind::Listen => status == StatusCode::NOT_FOUND && opens_streams,
                Kind::Other => false,
            }
    }

    /// Binds or ends a session by what the server has answered. Returns the response to send
    /// instead if a session of the response belongs to another principal.
    async fn on_response(
        &self,
        store: &dyn SessionStore,
        status: StatusCode,
        given: Result<Option<String>, Unreadable>,
    ) -> Result<(), Response<Bytes>> {
        let given = given.map_err(|Unreadable| unknown_session())?;
        let Some(principal) = &self.principal else {
            return Ok(());
        };
        let new = given.filter(|id| status.is_success() && self.session.as_ref() != Some(id));
        let settled = async {
            let is_own = self.settle_used(store, status, principal).await?;
            match new {
                Some(new) if is_own => bind(store, &new, principal).await,
                _ => Ok(is_own),
            }
        };
        match settled.await {
            Ok(true) => Ok(()),
            Ok(false) => {
                telemetry::session_refused(true);
                Err(unknown_session())
            }
            // The client must not receive the id of a session that belongs to nobody.
            Err(error) => Err(self.on_failure.respond(&error)),
        }
    }

    /// Settles the session that the request named. `false` if it was unknown, and another principal
    /// has bound it in the meantime.
    async fn settle_used(
        &self,
        store: &dyn SessionStore,
        status: StatusCode,
        principal: &Principal,
    ) -> Result<bool, SessionStoreError> {
        let Some(id) = &self.session else {
            return Ok(true);
        };
        match self.is_known {
            true if self.has_ended => store.end(id, principal).await.map(|()| true),
            // The server has done its work; the store is not asked again, since it could fail.
            true => Ok(true),
            false if self.kind == Kind::End => Ok(true),
            false if !self.uses_sessions || !status.is_success() => Ok(true),
            false => bind(store, id, principal).await,
        }
    }
}

async fn bind(
    store: &dyn SessionStore,
    id: &str,
    principal: &Principal,
) -> Result<bool, SessionStoreError> {
    let ownership = store.bind(id, principal, SESSION_IDLE_TIME).await?;
    Ok(ownership == Ownership::Owner)
}

impl OnFailure {
    fn of<B>(request: &Request<B>) -> Self {
        let answers = answers_in(request.extensions()).cloned();
        let is_told = answers
            .as_ref()
            .is_some_and(|answers| answers.hook().is_some());
        Self {
            answers,
            request: is_told.then(|| (request.method().clone(), request.uri().clone())),
        }
    }

    fn respond(&self, error: &SessionStoreError) -> Response<Bytes> {
        let answers = self.answers.clone().unwrap_or_default();
        let rejection = match error.retry_after() {
            Some(retry_after) => answers.too_many_sessions(retry_after),
            None => {
                telemetry::session_store_failed(error);
                answers.sessions_unavailable()
            }
        };
        let context = match &self.request {
            Some((method, uri)) => RejectionContext::new(method, uri),
            None => RejectionContext::default(),
        };
        rejection.respond(&context)
    }
}

/// The header is there twice, or its value is no session id of the protocol: the server could read
/// another session than this layer.
struct Unreadable;

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Unreadable> {
    let mut values = headers.get_all(SESSION_ID).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            // MCP 2025-11-25, "Session Management": visible ASCII. The limit of the length is ours.
            Ok(id)
                if (1..=LONGEST_ID).contains(&id.len())
                    && id.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Some(id.to_owned()))
            }
            _ => Err(Unreadable),
        },
        (Some(_), Some(_)) => Err(Unreadable),
    }
}

fn protocol_has_no_sessions(headers: &HeaderMap) -> bool {
    let mut versions = headers.get_all("mcp-protocol-version").iter();
    versions.any(|version| version.as_bytes() >= b"2026-07-28".as_slice())
}

/// The same response as rmcp's for a session that does not exist, byte for byte, so that a stolen
/// id cannot be told from an invented one.
fn unknown_session() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"Not Found: Session not found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The future of [`SessionBinding`]. Boxed: the store may have to be asked over the network.
pub struct SessionBindingFuture<R, E>(Pin<Box<dyn Future<Output = Outcome<R, E>> + Send>>);

type Outcome<R, E> = Result<Response<GuardedBody<R>>, E>;

impl<R, E> Future for SessionBindingFuture<R, E> {
    type Output = Outcome<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R, E> fmt::Debug for SessionBindingFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBindingFuture")
            .finish_non_exhaustive()
    }
}

const SESSION_ID: &str = "mcp-session-id";

/// Ids are UUIDs or signed tokens. The limit bounds the memory of the store.
const LONGEST_ID: usize = 256;
