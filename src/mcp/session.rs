use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use super::session_store::{MemorySessions, Principal, SessionStore, SessionStoreError};
use crate::authz::caller;
use crate::body::ResponseBody;
use crate::rejection::{Rejection, RejectionKind};
use crate::telemetry;

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
/// - An id that is not known, after a restart say, belongs to the first who uses it with success; see
///   [`strict`](Self::strict).
/// - It is forgotten when its owner ends it with DELETE, when the server no longer knows it, or when
///   the [store](MemorySessions) is full.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::any};
/// use tower_jwt_auth::{JwtAuthLayer, SessionBindingLayer};
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
    type Response = Response<ResponseBody<R>>;
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
                Err(answer) => return Ok(answer.map(ResponseBody::own)),
            };
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner.call(request).await?;
            match layer
                .settle(&visit, response.status(), response.headers())
                .await
            {
                Ok(()) => Ok(response.map(ResponseBody::inner)),
                Err(answer) => Ok(answer.map(ResponseBody::own)),
            }
        }))
    }
}

/// A request on its way through the server.
struct Visit {
    /// `None` for a caller without a token, who owns no session.
    principal: Option<Principal>,
    session: Option<String>,
    ends: bool,
}

type Answer = Response<Full<Bytes>>;

impl SessionBindingLayer {
    fn admit<B>(
        &self,
        request: &Request<B>,
    ) -> impl Future<Output = Result<Visit, Answer>> + Send + use<B> {
        let principal = match caller(request.extensions(), "SessionBindingLayer") {
            Ok(auth) => Ok(Some(Principal::of(auth))),
            // `optional()` let it through.
            Err(refusal) if refusal.kind() == RejectionKind::MissingToken => Ok(None),
            Err(refusal) => Err(refuse(refusal)),
        };
        let session = session_id(request.headers());
        let ends = request.method() == Method::DELETE;
        let Self { store, strict } = self.clone();
        async move {
            let principal = principal?;
            let session = session.map_err(|Unreadable| unknown_session())?;
            if let Some(id) = &session {
                let owner = store.owner(id).await.map_err(|error| unavailable(&error))?;
                let admitted = match &owner {
                    Some(owner) => Some(owner) == principal.as_ref(),
                    None => !strict,
                };
                if !admitted {
                    telemetry::session_refused(owner.is_some());
                    return Err(unknown_session());
                }
            }
            Ok(Visit {
                principal,
                session,
                ends,
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
        let Visit {
            principal,
            session,
            ends,
        } = visit;
        async move {
            let given = given.map_err(|Unreadable| unknown_session())?;
            let over = (*ends && status.is_success()) || status == StatusCode::NOT_FOUND;
            let lookup = async {
                match (session, principal) {
                    (Some(session), _) if over => self.store.forget(session).await?,
                    (_, None) => {}
                    (session, Some(principal)) => {
                        let used = session.as_ref().filter(|_| status.is_success());
                        for id in given.iter().chain(used) {
                            let owner = self.store.bind(id, principal.clone()).await?;
                            if owner != *principal {
                                return Ok(false);
                            }
                        }
                    }
                }
                Ok(true)
            };
            match lookup.await {
                Ok(true) => Ok(()),
                Ok(false) => {
                    telemetry::session_refused(true);
                    Err(unknown_session())
                }
                // An answer that hands out a session which belongs to nobody must not leave.
                Err(error) => Err(unavailable(&error)),
            }
        }
    }
}

/// More than one, or one that is no text: the server might read another one than we do.
struct Unreadable;

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Unreadable> {
    let mut values = headers.get_all(SESSION_ID).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(id) => Ok(Some(id.to_owned())),
            Err(_) => Err(Unreadable),
        },
        (Some(_), Some(_)) => Err(Unreadable),
    }
}

/// Word for word what rmcp answers to a session that does not exist, so that a stolen id cannot be
/// told from a made-up one.
fn unknown_session() -> Answer {
    let mut response = Response::new(Full::from("Not Found: Session not found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn unavailable(error: &SessionStoreError) -> Answer {
    telemetry::session_store_failed(error);
    refuse(Rejection::sessions_unavailable())
}

fn refuse(rejection: Rejection) -> Answer {
    telemetry::refused(&rejection);
    rejection.into_response()
}

/// The response of [`SessionBinding`]. Boxed: the store may have to be asked over the network.
pub struct SessionBindingFuture<R, E>(Pin<Box<dyn Future<Output = Outcome<R, E>> + Send>>);

type Outcome<R, E> = Result<Response<ResponseBody<R>>, E>;

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
