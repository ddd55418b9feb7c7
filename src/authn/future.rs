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
use crate::wire::future::{Call, Guarded};
use crate::wire::rejection::Rejection;

pin_project! {
    /// The response of [`JwtAuth`](super::JwtAuth).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Decided { #[pin] response: Guarded<Call<S, Request<B>>> },
        /// The token's key was missing; `None` once the state has changed.
        Waiting { verdict: PendingVerdict, held: Option<Box<Held<S, B>>> },
    }
}

/// Boxed, because waiting is rare and depends on the network anyway. The request and the service
/// are outside the box, so that neither needs to be `Send`.
type PendingVerdict = Pin<Box<dyn Future<Output = Result<AuthInfo, Rejection>> + Send>>;

/// A waiting request, and an instance of the service for this request alone. Boxed, so that the
/// future of a request that does not wait is small.
struct Held<S, B> {
    gate: Arc<Gate>,
    request: Request<B>,
    inner: S,
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) const fn decided(response: Guarded<Call<S, Request<B>>>) -> Self {
        Self {
            state: State::Decided { response },
        }
    }

    pub(super) fn waiting(
        verdict: impl Future<Output = Result<AuthInfo, Rejection>> + Send + 'static,
        gate: Arc<Gate>,
        request: Request<B>,
        inner: S,
    ) -> Self {
        let held = Some(Box::new(Held {
            gate,
            request,
            inner,
        }));
        Self {
            state: State::Waiting {
                verdict: Box::pin(verdict),
                held,
            },
        }
    }
}

impl<S: Service<Request<B>>, B> Held<S, B> {
    /// The two outcomes of every request: a call of the service, or a rejection.
    fn decided(self, verdict: Result<AuthInfo, Rejection>) -> Guarded<Call<S, Request<B>>> {
        let Self {
            gate,
            mut request,
            inner,
        } = self;
        match verdict {
            Ok(auth) => {
                let nonce = gate.nonce(&request, Some(&auth));
                let end = gate.admit(&mut request, Some(auth));
                Guarded::admitted(Call::when_ready(inner, request), end).with_nonce(nonce)
            }
            Err(rejection) => Guarded::answered(gate.respond(rejection, &request)),
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<GuardedBody<R>>, S::Error>;

    #[expect(clippy::expect_used, reason = "the state changes with the verdict")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project().state.project() {
                StateProjection::Decided { response } => return response.poll(cx),
                StateProjection::Waiting { verdict, held } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let held = held.take().expect("the state changes with the verdict");
                    let response = held.decided(verdict);
                    self.as_mut()
                        .project()
                        .state
                        .set(State::Decided { response });
                }
            }
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for ResponseFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
