//! Learns what a request asks for, and admits or rejects it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{Extensions, HeaderMap, Method, Request, Response, Uri};
use http_body::Body;
use tower_service::Service;

use super::rules::{Needed, Rules};
use crate::caller::{AuthInfo, answers_in, require_caller};
use crate::mcp::protocol::operation::{Operation, from_body};
use crate::wire::answers::Answers;
use crate::wire::body::GuardedBody;
use crate::wire::future::{Call, Guarded};
use crate::wire::rejection::{Rejection, RejectionContext};
use crate::wire::stream_expiry::{ListenMark, StreamEnd};

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

/// The decision about a request before its body is read.
enum Verdict {
    /// Admitted: the operation is known.
    Known,
    /// Admitted: the caller has every scope that an operation can require.
    Any,
    /// The operation decides, and only the body names it.
    BodyDecides,
}

/// The caller, or the responses for a caller whom the layer outside admitted without a token.
#[derive(Clone, Copy)]
enum Caller<'r> {
    Verified(&'r AuthInfo),
    Anonymous(&'r Answers),
}

impl<'r> Caller<'r> {
    fn of(extensions: &'r Extensions) -> Result<Self, Rejection> {
        match (extensions.get::<AuthInfo>(), answers_in(extensions)) {
            (Some(auth), _) => Ok(Self::Verified(auth)),
            (None, Some(answers)) => Ok(Self::Anonymous(answers)),
            (None, None) => require_caller(extensions, "McpScopesLayer").map(Self::Verified),
        }
    }
}

impl Rules {
    fn check(&self, caller: Caller<'_>, needed: &Needed) -> Result<(), Rejection> {
        let Needed {
            scopes,
            withhold_challenge,
        } = needed;
        match caller {
            Caller::Anonymous(_) if scopes.is_empty() => Ok(()),
            Caller::Anonymous(answers) if *withhold_challenge => Err(answers.missing_token()),
            Caller::Anonymous(answers) => Err(answers.missing_token_for(scopes)),
            Caller::Verified(auth) => match auth.satisfies(scopes, self.hierarchy.as_ref()) {
                true => Ok(()),
                false if *withhold_challenge => Err(auth.answers().access_denied()),
                false => Err(auth.insufficient_scope(scopes)),
            },
        }
    }

    fn judge<B>(&self, request: &Request<B>) -> Result<Verdict, Rejection> {
        let caller = Caller::of(request.extensions())?;
        match self.needed_by(request.method(), request.headers()) {
            Some(needed) => self.check(caller, &needed).map(|()| Verdict::Known),
            None if self.check(caller, &self.everything()).is_ok() => Ok(Verdict::Any),
            None => Ok(Verdict::BodyDecides),
        }
    }

    async fn judge_body<B: Body<Data = Bytes>>(
        &self,
        request: Request<B>,
        mark: Option<ListenMark>,
    ) -> Result<Request<GuardedBody<B>>, Rejection> {
        let (parts, body) = request.into_parts();
        let caller = Caller::of(&parts.extensions)?;
        let read = read(body, self.max_body_bytes).await;
        let operations = read.as_ref().and_then(|(data, _)| from_body(data));
        let needed = match &operations {
            None => self.everything(),
            Some(operations) => self.needed_for_all(operations),
        };
        self.check(caller, &needed)?;
        if let Some(mark) = mark {
            mark.set(listens(operations.as_deref()));
        }
        drop(operations);
        // If the body is unreadable, `judge` has found that the caller lacks a scope: not reached.
        let (data, trailers) = read.unwrap_or_default();
        Ok(Request::from_parts(
            parts,
            GuardedBody::read(data, trailers),
        ))
    }

    /// The request of a caller whose scopes do not depend on the operation. If event streams end
    /// with the token, what the body asks for counts nevertheless: it is read as it passes.
    fn overhear<B>(
        &self,
        request: Request<B>,
        mark: Option<ListenMark>,
    ) -> Request<GuardedBody<B>> {
        let limit = self.max_body_bytes;
        request.map(|body| match mark {
            None => GuardedBody::inner(body),
            Some(mark) => {
                // A server that responds before it has read the request may be one that listens.
                mark.set(true);
                GuardedBody::overheard(body, limit, move |data| {
                    mark.set(listens(data.and_then(from_body).as_deref()));
                })
            }
        })
    }
}

/// Whether one of the operations only listens; `true` if they are unknown.
fn listens(operations: Option<&[Operation<'_>]>) -> bool {
    operations.is_none_or(|all| all.iter().any(Operation::only_listens))
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
            Ok(Verdict::Known) => {
                let request = request.map(GuardedBody::inner);
                Guarded::admitted(Call::now(&mut self.inner, request), None)
            }
            Ok(Verdict::Any) => {
                let (end, mark) = end_if_listening(request.extensions());
                let request = self.rules.overhear(request, mark);
                Guarded::admitted(Call::now(&mut self.inner, request), end)
            }
            Ok(Verdict::BodyDecides) => {
                // What the ready instance holds, such as a permit, must not wait for a slow body:
                // it is dropped here, and a clone is polled until it is ready.
                self.inner = self.inner.clone();
                let (rules, inner) = (self.rules.clone(), self.inner.clone());
                let (end, mark) = end_if_listening(request.extensions());
                let decision = async move {
                    let (method, uri) = (request.method().clone(), request.uri().clone());
                    match rules.judge_body(request, mark).await {
                        Ok(request) => Ok(Call::when_ready(inner, request)),
                        Err(rejection) => Err(respond(rejection, &method, &uri)),
                    }
                };
                Guarded::deferred(decision, end)
            }
        }
    }
}

/// What ends the event stream in the response, if the mark is set by then.
fn end_if_listening(extensions: &Extensions) -> (Option<StreamEnd>, Option<ListenMark>) {
    let auth = extensions.get::<AuthInfo>();
    auth.and_then(AuthInfo::stream_end_if_listening).unzip()
}

fn respond(rejection: Rejection, method: &Method, uri: &Uri) -> Response<Bytes> {
    rejection.respond(&RejectionContext::new(method, uri))
}
