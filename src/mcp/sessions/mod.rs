pub(super) mod store;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use self::store::{MemorySessions, Principal, SessionStore, SessionStoreError};
use crate::caller::{answers_in, require_caller};
use crate::telemetry;
use crate::wire::answers::Answers;
use crate::wire::body::GuardedBody;
use crate::wire::rejection::RejectionContext;
use crate::wire::rejection_kind::RejectionKind;

/// Binds each MCP session to the principal who began it, so that nobody else gets in with its id.
///
/// Goes inside [`JwtAuthLayer`](crate::JwtAuthLayer), in front of an MCP server that keeps sessions
/// (protocols before 2026-07-28). Such servers let in whoever has a good token of their own and the id
/// of somebody's session; the MCP spec asks them to bind the two ("Session Hijacking").
///
/// - A session belongs to the [`Principal`] whose request made the server answer with an
///   `Mcp-Session-Id`. A refreshed token is the same principal.
/// - Anybody else gets 404, as for a session that does not exist, whatever the method. Clients then
///   begin a session of their own. Nothing reaches the server.
/// - An id that is not known, after a restart say, is asked for at the server, and belongs to the first
///   who uses it with success. What a server answers to such an id may differ from our 404 (rmcp's is
///   the same for what clients send), and so tell that a stolen id is of a session that exists. With
///   [`strict`](Self::strict) neither holds: turn it on where the store knows every session.
/// - It is forgotten when its owner ends it with DELETE, when the server no longer knows it, or when
///   the [store](MemorySessions) is full.
/// - A token that names neither a subject nor a client owns no session.
/// - Streams are not bound by their `Last-Event-ID`: a server that replays events must check by itself
///   whose they are.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::any};
/// use tower_jwt_auth::JwtAuthLayer;
/// use tower_jwt_auth::mcp::SessionBindingLayer;
///
/// fn app(auth: JwtAuthLayer) -> Router {
///     Router::new()
///         .route("/mcp", any(|| async { "the MCP server" }).layer(SessionBindingLayer::new()))
///         .route_layer(auth)
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionBindingLayer {
    store: Arc<dyn SessionStore>,
    strict: bool,
}

impl Default for SessionBindingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionBindingLayer {
    /// Remembers sessions in this process. Clones, and the services made from them, share them.
    pub fn new() -> Self {
        Self::with_store(MemorySessions::new())
    }

    /// Remembers sessions in `store`.
    pub fn with_store(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
            strict: false,
        }
    }

    /// Answers 404 to every session that is not known, instead of asking the server.
    ///
    /// Default: off, so that sessions that the server keeps elsewhere outlive a restart of this
    /// process. With a store that outlives it too, or a server that keeps none, turn it on.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

impl<S> Layer<S> for SessionBindingLayer {
    type Service = SessionBinding<S>;

    fn layer(&self, inner: S) -> SessionBinding<S> {
        SessionBinding {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`SessionBindingLayer`] makes; see there.
#[derive(Clone, Debug)]
pub struct SessionBinding<S> {
    inner: S,
    layer: SessionBindingLayer,
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
        // The store may take its time; a permit of the ready instance must not wait for it. A clone
        // is polled ready afterwards.
        self.inner = self.inner.clone();
        let (layer, mut inner) = (self.layer.clone(), self.inner.clone());
        SessionBindingFuture(Box::pin(async move {
            let visit = match layer.admit(&request).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer.map(GuardedBody::own)),
            };
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner.call(request).await?;
            match layer
                .settle(&visit, response.status(), response.headers())
                .await
            {
                Ok(()) => Ok(response.map(GuardedBody::inner)),
                Err(answer) => Ok(answer.map(GuardedBody::own)),
            }
        }))
    }
}

/// A request on its way through the server.
struct Visit {
    /// `None` for a caller without a token, or with one that names nobody: they own no session.
    principal: Option<Principal>,
    session: Option<Session>,
    ends: bool,
    on_failure: OnFailure,
}

struct Session {
    id: String,
    is_known: bool,
    /// The protocol of 2026-07-28 has no sessions, and its servers pass over the header: that such a
    /// request succeeds says nothing about the session.
    counts: bool,
}

type Answer = Response<Bytes>;

/// How this request is answered when the store fails.
struct OnFailure {
    answers: Option<Arc<Answers>>,
    method: Method,
    uri: Uri,
}

impl OnFailure {
    fn of<B>(request: &Request<B>) -> Self {
        Self {
            answers: answers_in(request.extensions()).cloned(),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    fn respond(&self, error: &SessionStoreError) -> Answer {
        telemetry::session_store_failed(error);
        let answers = self.answers.clone().unwrap_or_default();
        let context = RejectionContext::new(&self.method, &self.uri);
        answers.sessions_unavailable().respond(&context)
    }
}

impl SessionBindingLayer {
    fn admit<B>(
        &self,
        request: &Request<B>,
    ) -> impl Future<Output = Result<Visit, Answer>> + Send + use<B> {
        let principal = match require_caller(request.extensions(), "SessionBindingLayer") {
            Ok(auth) => Ok(Principal::of(auth)),
            // `optional()` let it through.
            Err(refusal) if refusal.kind() == RejectionKind::MissingToken => Ok(None),
            Err(rejection) => {
                let context = RejectionContext::new(request.method(), request.uri());
                Err(rejection.respond(&context))
            }
        };
        let session = session_id(request.headers());
        let counts = !is_of_a_protocol_without_sessions(request.headers());
        let ends = request.method() == Method::DELETE;
        let Self { store, strict } = self.clone();
        let on_failure = OnFailure::of(request);
        async move {
            let principal = principal?;
            let session = match session.map_err(|Unreadable| unknown_session())? {
                None => None,
                Some(id) => {
                    let owner = store.owner(&id).await;
                    let owner = owner.map_err(|error| on_failure.respond(&error))?;
                    let admitted = match &owner {
                        Some(owner) => Some(owner) == principal.as_ref(),
                        None => !strict,
                    };
                    if !admitted {
                        telemetry::session_refused(owner.is_some());
                        return Err(unknown_session());
                    }
                    let is_known = owner.is_some();
                    Some(Session {
                        id,
                        is_known,
                        counts,
                    })
                }
            };
            Ok(Visit {
                principal,
                session,
                ends,
                on_failure,
            })
        }
    }

    fn settle(
        &self,
        visit: &Visit,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<(), Answer>> + Send {
        let given = session_id(headers);
        async move {
            let given = given.map_err(|Unreadable| unknown_session())?;
            let Some(principal) = &visit.principal else {
                return Ok(());
            };
            let used = visit.session.as_ref();
            let new = given
                .filter(|id| status.is_success() && used.is_none_or(|session| session.id != *id));
            let settled = async {
                let is_own = match used {
                    Some(session) => self.after(session, visit.ends, status, principal).await?,
                    None => true,
                };
                match new {
                    Some(new) if is_own => self.bind(&new, principal).await,
                    _ => Ok(is_own),
                }
            };
            match settled.await {
                Ok(true) => Ok(()),
                Ok(false) => {
                    telemetry::session_refused(true);
                    Err(unknown_session())
                }
                // An answer that hands out a session which belongs to nobody must not leave.
                Err(error) => Err(visit.on_failure.respond(&error)),
            }
        }
    }

    /// `false` when somebody else was quicker to have an unknown session bound.
    async fn after(
        &self,
        Session {
            id,
            is_known,
            counts,
        }: &Session,
        ends: bool,
        status: StatusCode,
        principal: &Principal,
    ) -> Result<bool, SessionStoreError> {
        let is_over = match ends {
            true => status.is_success(),
            false => *counts && status == StatusCode::NOT_FOUND,
        };
        match *is_known {
            true if is_over => self.store.forget(id, principal).await.map(|()| true),
            // What the server has done is not undone because the store cannot be asked again.
            true => Ok(true),
            false if ends || !counts || !status.is_success() => Ok(true),
            false => self.bind(id, principal).await,
        }
    }

    async fn bind(&self, id: &str, principal: &Principal) -> Result<bool, SessionStoreError> {
        let owner = self.store.bind(id, principal.clone()).await?;
        Ok(owner == *principal)
    }
}

/// More than one, or one that no server of the protocol gives: it might be read as another than we do.
struct Unreadable;

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Unreadable> {
    let mut values = headers.get_all(SESSION_ID).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            // MCP 2025-11-25, "Session Management": visible ASCII. The length is ours.
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

fn is_of_a_protocol_without_sessions(headers: &HeaderMap) -> bool {
    let mut versions = headers.get_all("mcp-protocol-version").iter();
    versions.any(|version| version.as_bytes() >= b"2026-07-28".as_slice())
}

/// Word for word what rmcp answers to a session that does not exist, so that a stolen id cannot be
/// told from a made-up one.
fn unknown_session() -> Answer {
    let mut response = Response::new(Bytes::from_static(b"Not Found: Session not found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The response of [`SessionBinding`]. Boxed: the store may have to be asked over the network.
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

/// Ids are UUIDs or signed tokens; the memory of them stays bounded.
const LONGEST_ID: usize = 256;
