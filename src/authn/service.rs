use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::future::ResponseFuture;
use super::gate::{Decision, Gate};
use crate::wire::body::GuardedBody;
use crate::wire::future::{Call, Guarded};

/// The service that [`JwtAuthLayer`](crate::JwtAuthLayer) makes; see there.
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct JwtAuth<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> JwtAuth<S> {
    pub(super) const fn new(inner: S, gate: Arc<Gate>) -> Self {
        Self { inner, gate }
    }

    /// The service behind.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Drops the instance that was polled ready, and returns a clone that the future polls ready
    /// itself once the token is verified. A ready instance may hold a permit or a slot, which must
    /// not be held during a fetch for an unverified caller. The clone must be polled before it is
    /// called, because readiness is not cloned.
    fn give_up_readiness(&mut self) -> S
    where
        S: Clone,
    {
        self.inner = self.inner.clone();
        self.inner.clone()
    }
}

impl<S, B, R> Service<Request<B>> for JwtAuth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.gate.decide(&request) {
            Decision::Admit(auth) => {
                let nonce = self.gate.nonce(&request, auth.as_ref());
                let end = self.gate.admit(&mut request, auth);
                let call = Call::now(&mut self.inner, request);
                ResponseFuture::decided(Guarded::admitted(call, end).with_nonce(nonce))
            }
            Decision::Answer(response) => ResponseFuture::decided(Guarded::answered(response)),
            Decision::Refuse(rejection) => {
                let response = self.gate.respond(rejection, &request);
                ResponseFuture::decided(Guarded::answered(response))
            }
            Decision::Wait {
                credentials,
                pending,
            } => {
                let verdict = self.gate.verifier.resume(credentials, *pending);
                let unready = self.give_up_readiness();
                ResponseFuture::waiting(verdict, self.gate.clone(), request, unready)
            }
        }
    }
}
