use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::caller::require_caller;
use crate::wire::body::GuardedBody;
use crate::wire::future::Guarded;
use crate::wire::rejection::{Rejection, RejectionContext};

/// Admits only callers whose token is bound to a key that they have proven.
///
/// It belongs on routes inside [`JwtAuthLayer`](crate::JwtAuthLayer), where a stolen token would do
/// most harm. Needs [`dpop`](crate::config::JwtAuthConfigBuilder::dpop) or
/// [`mtls`](crate::config::JwtAuthConfigBuilder::mtls). A request with a plain bearer token gets
/// 401 `invalid_token`, with a challenge that asks for a bound one (RFC 9449 §7.1). For all routes,
/// use [`require_bound_tokens`](crate::config::JwtAuthConfigBuilder::require_bound_tokens).
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::RequireBoundLayer;
///
/// let app: Router = Router::new().route(
///     "/payments",
///     post(|| async { "paid" }).layer(RequireBoundLayer::new()),
/// );
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RequireBoundLayer {
    _private: (),
}

impl RequireBoundLayer {
    /// Requires a bound token.
    #[must_use]
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl<S> Layer<S> for RequireBoundLayer {
    type Service = RequireBound<S>;

    fn layer(&self, inner: S) -> RequireBound<S> {
        RequireBound { inner }
    }
}

/// The service of [`RequireBoundLayer`].
#[derive(Clone, Debug)]
pub struct RequireBound<S> {
    inner: S,
}

fn check(extensions: &Extensions) -> Result<(), Rejection> {
    let auth = require_caller(extensions, "RequireBoundLayer")?;
    match auth.is_bound() {
        true => Ok(()),
        false => Err(auth.answers().not_bound()),
    }
}

impl<S, B, R> Service<Request<B>> for RequireBound<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match check(request.extensions()) {
            Ok(()) => Guarded::admitted(self.inner.call(request), None),
            Err(rejection) => {
                let context = RejectionContext::new(request.method(), request.uri());
                Guarded::answered(rejection.respond(&context))
            }
        }
    }
}
