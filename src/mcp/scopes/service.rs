//! Learns what a request asks for, and admits or rejects it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::Body;
use tower_service::Service;

use super::rules::{Needed, Rules};
use crate::caller::{AuthInfo, require_caller};
use crate::wire::body::GuardedBody;
use crate::wire::future::{Call, Guarded};
use crate::wire::rejection::{Rejection, RejectionContext};
use crate::wire::rejection_kind::RejectionKind;

/// The service of [`McpScopesLayer`](super::McpScopesLayer).
#[derive(Clone, Debug)]
pub struct McpScopes<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> McpScopes<S> {
    pub(super) const fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }
}

impl Rules {
    fn check(&self, auth: &AuthInfo, needed: &Needed) -> Result<(), Rejection> {
        let Needed {
            scopes,
            withhold_challenge,
        } = needed;
        match auth.satisfies(scopes, self.hierarchy.as_ref()) {
            true => Ok(()),
            false if *withhold_challenge => Err(auth.answers().access_denied()),
            false => Err(auth.answers().insufficient_scope(scopes)),
        }
    }

    /// `true` if the decision depends on the body, which must be read first.
    fn judge<B>(&self, request: &Request<B>) -> Result<bool, Rejection> {
        let auth = require_caller(request.extensions(), "McpScopesLayer");
        match self.needed_by(request.method(), request.headers()) {
            // `optional()` admitted a caller without a token, and this operation requires none.
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
    ) -> Result<Request<GuardedBody<B>>, Rejection> {
        let (parts, body) = request.into_parts();
        let auth = require_caller(&parts.extensions, "McpScopesLayer")?;
        let read = read(body, self.max_body_bytes).await;
        let needed = match &read {
            None => self.everything(),
            Some((data, _)) => self.needed_by_body(data),
        };
        self.check(auth, &needed)?;
        // If the body is unreadable, `judge` has found that the caller lacks a scope: not reached.
        let (data, trailers) = read.unwrap_or_default();
        Ok(Request::from_parts(
            parts,
            GuardedBody::read(data, trailers),
        ))
    }
}

/// `None` if the body is longer than `limit`, or fails.
async fn read<B: Body<Data = Bytes>>(body: B, limit: usize) -> Option<(Bytes, Option<HeaderMap>)> {
    if usize::try_from(body.size_hint().lower()).ok()? > limit {
        return None;
    }
    let mut body = pin!(body);
    let mut data = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame.ok()?.into_data() {
            Ok(chunk) if data.len().saturating_add(chunk.len()) <= limit => {
                data.extend_from_slice(&chunk)
            }
            Ok(_) => return None,
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Some((data.freeze(), trailers))
}

impl<S, B, R> Service<Request<B>> for McpScopes<S>
where
    S: Service<Request<GuardedBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    R: Body<Data = Bytes>,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = Guarded<Call<S, Request<GuardedBody<B>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.rules.judge(&request) {
            Err(rejection) => {
                Guarded::answered(respond(rejection, request.method(), request.uri()))
            }
            Ok(false) => {
                let request = request.map(GuardedBody::inner);
                Guarded::admitted(Call::now(&mut self.inner, request), None)
            }
            Ok(true) => {
                // What the ready instance holds, such as a permit, must not wait for a slow body:
                // it is dropped here, and a clone is polled until it is ready.
                self.inner = self.inner.clone();
                let (rules, inner) = (self.rules.clone(), self.inner.clone());
                Guarded::deferred(async move {
                    let (method, uri) = (request.method().clone(), request.uri().clone());
                    match rules.judge_body(request).await {
                        Ok(request) => Ok(Call::when_ready(inner, request)),
                        Err(rejection) => Err(respond(rejection, &method, &uri)),
                    }
                })
            }
        }
    }
}

fn respond(rejection: Rejection, method: &Method, uri: &Uri) -> Response<Bytes> {
    rejection.respond(&RejectionContext::new(method, uri))
}
