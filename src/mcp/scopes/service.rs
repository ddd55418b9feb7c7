use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Needed, Rules, fits};
use crate::caller::AuthInfo;
use crate::caller::require_caller;
use crate::wire::body::ResponseBody;
use crate::wire::rejection::{Rejection, RejectionContext};
use crate::wire::rejection_kind::RejectionKind;

/// The service that [`McpScopes`](super::McpScopes) makes; see there.
#[derive(Clone, Debug)]
pub struct McpScoped<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> McpScoped<S> {
    pub(super) const fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }
}

impl Rules {
    fn check(&self, auth: &AuthInfo, needed: &Needed) -> Result<(), Rejection> {
        let Needed { scopes, untold } = needed;
        match auth.satisfies(scopes, self.hierarchy.as_ref()) {
            true => Ok(()),
            false if *untold => Err(auth.answers().access_denied()),
            false => Err(auth.answers().insufficient_scope(scopes)),
        }
    }

    /// `true` when the body must be read before anything can be said.
    fn judge<B>(&self, request: &Request<B>) -> Result<bool, Rejection> {
        let auth = require_caller(request.extensions(), "McpScopes");
        match self.needed_by(request.method(), request.headers()) {
            // `optional()` let somebody through who has no token, and needs none for this.
            Some(needed)
                if needed.scopes.is_empty()
                    && auth
                        .as_ref()
                        .is_err_and(|refusal| refusal.kind() == RejectionKind::MissingToken) =>
            {
                Ok(false)
            }
            Some(needed) => self.check(auth?, &needed).map(|()| false),
            None => Ok(self.check(auth?, &self.everything()).is_err()),
        }
    }

    async fn judge_body<B: Body<Data = Bytes>>(
        &self,
        request: Request<B>,
    ) -> Result<Request<McpBody<B>>, Rejection> {
        let (parts, body) = request.into_parts();
        let auth = require_caller(&parts.extensions, "McpScopes")?;
        let read = read(body).await;
        let needed = match &read {
            None => self.everything(),
            Some((data, _)) => self.needed_by_body(data),
        };
        self.check(auth, &needed)?;
        // A body that could not be read needed what this caller does not have.
        let (data, trailers) = read.unwrap_or_default();
        Ok(Request::from_parts(parts, McpBody::read(data, trailers)))
    }
}

/// `None` when it is too long, or breaks off.
async fn read<B: Body<Data = Bytes>>(body: B) -> Option<(Bytes, Option<HeaderMap>)> {
    if !fits(usize::try_from(body.size_hint().lower()).ok()?) {
        return None;
    }
    let mut body = pin!(body);
    let mut data = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame.ok()?.into_data() {
            Ok(chunk) if fits(data.len().saturating_add(chunk.len())) => {
                data.extend_from_slice(&chunk)
            }
            Ok(_) => return None,
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Some((data.freeze(), trailers))
}

impl<S, B, R> Service<Request<B>> for McpScoped<S>
where
    S: Service<Request<McpBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    S::Error: 'static,
    R: Body<Data = Bytes> + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = McpScopedFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = match self.rules.judge(&request) {
            Err(rejection) => State::Refused {
                response: Some(refuse(rejection, request.method(), request.uri())),
            },
            Ok(false) => State::Admitted {
                future: self.inner.call(request.map(McpBody::untouched)),
            },
            Ok(true) => {
                // A permit that the ready instance holds must not wait for a slow body: it is given
                // up, and a clone is polled ready afterwards.
                self.inner = self.inner.clone();
                let (rules, mut inner) = (self.rules.clone(), self.inner.clone());
                let response = async move {
                    let (method, uri) = (request.method().clone(), request.uri().clone());
                    match rules.judge_body(request).await {
                        Err(rejection) => {
                            Ok(refuse(rejection, &method, &uri).map(ResponseBody::own))
                        }
                        Ok(request) => {
                            poll_fn(|cx| inner.poll_ready(cx)).await?;
                            let response = inner.call(request).await?;
                            Ok(response.map(ResponseBody::inner))
                        }
                    }
                };
                State::Reading {
                    response: Box::pin(response),
                }
            }
        };
        McpScopedFuture { state }
    }
}

fn refuse(rejection: Rejection, method: &Method, uri: &Uri) -> Response<Bytes> {
    rejection.respond(&RejectionContext::new(method, uri))
}

pin_project! {
    /// The response of [`McpScoped`].
    pub struct McpScopedFuture<F, R, E> {
        #[pin]
        state: State<F, R, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R, E> {
        Admitted { #[pin] future: F },
        /// Boxed, because it waits for the body anyway.
        Reading { response: Reading<R, E> },
        /// `None` once the answer was taken.
        Refused { response: Option<Response<Bytes>> },
    }
}

type Reading<R, E> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, E>> + Send>>;

impl<F, R, E> Future for McpScopedFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    #[expect(clippy::expect_used, reason = "only a misused future gets there")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Admitted { future } => future
                .poll(cx)
                .map_ok(|response| response.map(ResponseBody::inner)),
            StateProjection::Reading { response } => response.as_mut().poll(cx),
            StateProjection::Refused { response } => {
                let response = response
                    .take()
                    .expect("a future is not polled after it is done");
                Poll::Ready(Ok(response.map(ResponseBody::own)))
            }
        }
    }
}

impl<F, R, E> fmt::Debug for McpScopedFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpScopedFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of a request: the caller's own, untouched, or the same bytes after they were read.
    #[derive(Debug)]
    pub struct McpBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Read { data: Bytes, trailers: Option<HeaderMap> },
        Untouched { #[pin] body: B },
    }
}

impl<B> McpBody<B> {
    const fn untouched(body: B) -> Self {
        Self {
            kind: Kind::Untouched { body },
        }
    }

    const fn read(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self {
            kind: Kind::Read { data, trailers },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for McpBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Read { data, trailers } => Poll::Ready(match data.is_empty() {
                false => Some(Ok(Frame::data(std::mem::take(data)))),
                true => trailers
                    .take()
                    .map(|trailers| Ok(Frame::trailers(trailers))),
            }),
            KindProjection::Untouched { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Read { data, trailers } => data.is_empty() && trailers.is_none(),
            Kind::Untouched { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Read { data, .. } => SizeHint::with_exact(data.len() as u64),
            Kind::Untouched { body } => body.size_hint(),
        }
    }
}
