use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::gate::Gate;
use crate::caller::AuthInfo;
use crate::wire::body::GuardedBody;
use crate::wire::rejection::Rejection;
use crate::wire::stream_expiry::{Deadline, is_event_stream};

pin_project! {
    /// The response of [`JwtAuth`](super::JwtAuth).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
        // When an event stream in answer ends.
        deadline: Option<Deadline>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        /// The service works on it.
        Admitted { #[pin] future: S::Future },
        /// Answered without the service; `None` once the answer was taken.
        Answered { response: Option<Response<Bytes>> },
        /// The token's key was missing; `None` once the state has changed.
        Waiting { verdict: PendingVerdict, held: Option<Held<S, B>> },
        /// The verdict was good, and the service is not ready yet; `None` once it is.
        Ready { held: Option<Held<S, B>> },
    }
}

/// Boxed, because it is the rare way, and waits for the network anyway.
type PendingVerdict = Pin<Box<dyn Future<Output = Result<AuthInfo, Rejection>> + Send>>;

/// A request that waits, and an instance of the service for it alone.
struct Held<S, B> {
    gate: Arc<Gate>,
    request: Request<B>,
    inner: S,
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) const fn admitted(future: S::Future, deadline: Option<Deadline>) -> Self {
        Self {
            state: State::Admitted { future },
            deadline,
        }
    }

    pub(super) const fn answered(response: Response<Bytes>) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
            deadline: None,
        }
    }

    pub(super) fn waiting(
        verdict: impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static,
        gate: Arc<Gate>,
        request: Request<B>,
        inner: S,
    ) -> Self {
        let held = Some(Held {
            gate,
            request,
            inner,
        });
        Self {
            state: State::Waiting {
                verdict: Box::pin(verdict),
                held,
            },
            deadline: None,
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<GuardedBody<R>>, S::Error>;

    #[expect(
        clippy::expect_used,
        reason = "a misused future and a state that this function itself sets"
    )]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = self.as_mut().project();
            let next = match this.state.project() {
                StateProjection::Admitted { future } => {
                    return future
                        .poll(cx)
                        .map_ok(|response| bounded(response, this.deadline.take()));
                }
                StateProjection::Answered { response } => {
                    let response = response
                        .take()
                        .expect("a future is not polled after it is done");
                    return Poll::Ready(Ok(response.map(GuardedBody::own)));
                }
                StateProjection::Waiting { verdict, held } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let mut held = held.take().expect("the state changes with the verdict");
                    match verdict {
                        Ok(auth) => {
                            *this.deadline = held.gate.deadline(&held.request, &auth);
                            held.gate.admit(&mut held.request, Some(auth));
                            State::Ready { held: Some(held) }
                        }
                        Err(rejection) => State::Answered {
                            response: Some(held.gate.respond(rejection, &held.request)),
                        },
                    }
                }
                StateProjection::Ready { held } => {
                    let service = held.as_mut().expect("the state changes when it is ready");
                    if let Err(error) = ready!(service.inner.poll_ready(cx)) {
                        return Poll::Ready(Err(error));
                    }
                    let Held {
                        request, mut inner, ..
                    } = held.take().expect("it was there a line above");
                    State::Admitted {
                        future: inner.call(request),
                    }
                }
            };
            self.as_mut().project().state.set(next);
        }
    }
}

fn bounded<R>(response: Response<R>, deadline: Option<Deadline>) -> Response<GuardedBody<R>> {
    match deadline.filter(|_| is_event_stream(response.headers())) {
        Some(deadline) => response.map(|body| GuardedBody::expiring(body, deadline)),
        None => response.map(GuardedBody::inner),
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for ResponseFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
