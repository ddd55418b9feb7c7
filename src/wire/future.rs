//! The futures of the layers: either the layer or the service behind it responds to a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::wire::body::GuardedBody;
use crate::wire::response_nonce::ResponseNonce;
use crate::wire::stream_expiry::StreamEnd;

pin_project! {
    /// The response to a request that a layer of this crate has admitted to the service behind it,
    /// or has responded to itself.
    pub struct Guarded<F> {
        #[pin]
        state: State<F>,
        // What ends the response, if it is an event stream.
        end: Option<StreamEnd>,
        // For the response of the service.
        nonce: Option<Box<ResponseNonce>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        /// The service is handling the request.
        Admitted { #[pin] future: F },
        /// `None` after the response has been returned.
        Answered { response: Option<Response<Bytes>> },
        /// The layer has not decided yet.
        Deferred { decision: Decision<F> },
    }
}

/// Boxed: a layer defers its decision only when it has to wait for bytes from the network.
type Decision<F> = Pin<Box<dyn Future<Output = Result<F, Response<Bytes>>> + Send>>;

impl<F> Guarded<F> {
    /// The service handles the request. If its response is an event stream, `end` ends it.
    pub(crate) const fn admitted(future: F, end: Option<StreamEnd>) -> Self {
        Self {
            state: State::Admitted { future },
            end,
            nonce: None,
        }
    }

    /// Gives the client `nonce` with the response of the service.
    pub(crate) fn with_nonce(mut self, nonce: Option<Box<ResponseNonce>>) -> Self {
        self.nonce = nonce;
        self
    }

    /// The layer itself responds.
    pub(crate) const fn answered(response: Response<Bytes>) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
            end: None,
            nonce: None,
        }
    }

    /// `decision` returns the future of the service, whose response `end` may end, or the response
    /// of the layer.
    pub(crate) fn deferred(
        decision: impl Future<Output = Result<F, Response<Bytes>>> + Send + 'static,
        end: Option<StreamEnd>,
    ) -> Self {
        Self {
            state: State::Deferred {
                decision: Box::pin(decision),
            },
            end,
            nonce: None,
        }
    }
}

impl<F, R, E> Future for Guarded<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<GuardedBody<R>>, E>;

    #[expect(
        clippy::expect_used,
        reason = "reached only if polled after completion"
    )]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Admitted { future } => {
                    let mut response = ready!(future.poll(cx))?;
                    if let Some(nonce) = this.nonce.take() {
                        nonce.give_with(&mut response);
                    }
                    return Poll::Ready(Ok(until(this.end.take(), response)));
                }
                StateProjection::Answered { response } => {
                    let response = response.take().expect("the future has not completed");
                    return Poll::Ready(Ok(response.map(GuardedBody::own)));
                }
                StateProjection::Deferred { decision } => {
                    match ready!(decision.as_mut().poll(cx)) {
                        Ok(future) => State::Admitted { future },
                        Err(response) => State::Answered {
                            response: Some(response),
                        },
                    }
                }
            };
            this.state.set(next);
        }
    }
}

fn until<R: Body>(end: Option<StreamEnd>, response: Response<R>) -> Response<GuardedBody<R>> {
    // Asked first, because nearly all responses are there as a whole.
    let may_go_on = response.body().size_hint().exact().is_none();
    match end.filter(|end| may_go_on && end.applies(response.headers())) {
        Some(end) => response.map(|body| GuardedBody::expiring(body, end)),
        None => response.map(GuardedBody::inner),
    }
}

impl<F> fmt::Debug for Guarded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

pin_project! {
    /// A call of a service, made at once or as soon as the service is ready.
    pub struct Call<S: Service<Q>, Q> {
        #[pin]
        state: CallState<S, Q>,
    }
}

pin_project! {
    #[project = CallProjection]
    enum CallState<S: Service<Q>, Q> {
        Called { #[pin] future: S::Future },
        /// `None` while the state changes. Boxed, because most calls are made at once.
        Waiting { call: Option<Box<(S, Q)>> },
    }
}

impl<S: Service<Q>, Q> Call<S, Q> {
    /// Calls `service`, which must be ready.
    pub(crate) fn now(service: &mut S, request: Q) -> Self {
        Self {
            state: CallState::Called {
                future: service.call(request),
            },
        }
    }

    /// Calls `service` as soon as it is ready.
    pub(crate) fn when_ready(service: S, request: Q) -> Self {
        Self {
            state: CallState::Waiting {
                call: Some(Box::new((service, request))),
            },
        }
    }
}

impl<S: Service<Q>, Q> Future for Call<S, Q> {
    type Output = Result<S::Response, S::Error>;

    #[expect(clippy::expect_used, reason = "reached only if polled after an error")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let future = match this.state.as_mut().project() {
                CallProjection::Called { future } => return future.poll(cx),
                CallProjection::Waiting { call } => {
                    let mut waiting = call.take().expect("the future has not completed");
                    match waiting.0.poll_ready(cx) {
                        Poll::Ready(Ok(())) => {
                            let (mut service, request) = *waiting;
                            service.call(request)
                        }
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => {
                            *call = Some(waiting);
                            return Poll::Pending;
                        }
                    }
                }
            };
            this.state.set(CallState::Called { future });
        }
    }
}

impl<S: Service<Q>, Q> fmt::Debug for Call<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
