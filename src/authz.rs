//! Authorization: what a verified caller may do, route by route.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::caller::require_caller;
use crate::wire::body::ResponseBody;
use crate::wire::rejection::{Rejection, RejectionContext};

/// Lets only callers through whose token grants every one of these scopes.
///
/// Goes on routes inside [`JwtAuthLayer`](crate::JwtAuthLayer). A token that lacks a scope gets 403
/// with a challenge that lists all that the operation needs (RFC 6750 §3.1), so that clients can step
/// up. A caller without a token gets 401; without the layer in front every request gets 500.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::RequireScopesLayer;
///
/// let app: Router = Router::new().route(
///     "/notes",
///     post(|| async { "saved" }).layer(RequireScopesLayer::new(["notes:write"])),
/// );
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireScopesLayer(Arc<Needed>);

#[derive(Clone, Debug)]
struct Needed {
    scopes: ScopeSet,
    hierarchy: Option<ScopeHierarchy>,
}

impl RequireScopesLayer {
    /// All of `scopes` are needed, compared byte for byte; with none, just a verified caller.
    ///
    /// A scope with characters that no challenge can carry (RFC 6749 §3.3) is needed, but not listed; an
    /// empty text is a scope that no token has.
    #[must_use]
    pub fn new<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self(Arc::new(Needed {
            scopes: ScopeSet::required(scopes),
            hierarchy: None,
        }))
    }

    /// Says which scope implies which: `implies(granted, needed)`.
    ///
    /// Default: the hierarchy of the [`JwtAuthConfig`](crate::JwtAuthConfig), and without one none.
    ///
    /// ```
    /// use tower_jwt_auth::RequireScopesLayer;
    ///
    /// let layer = RequireScopesLayer::new(["notes:read"])
    ///     .hierarchy(|granted, needed| granted == "notes:admin" && needed.starts_with("notes:"));
    /// ```
    #[must_use]
    pub fn hierarchy(
        mut self,
        implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0).hierarchy = Some(ScopeHierarchy::new(implies));
        self
    }
}

impl Needed {
    fn check(&self, extensions: &Extensions) -> Result<(), Rejection> {
        let auth = require_caller(extensions, "RequireScopesLayer")?;
        match auth.satisfies(&self.scopes, self.hierarchy.as_ref()) {
            true => Ok(()),
            false => Err(auth.answers().insufficient_scope(&self.scopes)),
        }
    }
}

impl<S> Layer<S> for RequireScopesLayer {
    type Service = RequireScopes<S>;

    fn layer(&self, inner: S) -> RequireScopes<S> {
        RequireScopes {
            inner,
            needed: self.0.clone(),
        }
    }
}

/// The service that [`RequireScopesLayer`] makes; see there.
#[derive(Clone, Debug)]
pub struct RequireScopes<S> {
    inner: S,
    needed: Arc<Needed>,
}

impl<S, B, R> Service<Request<B>> for RequireScopes<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = RequireScopesFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let checked = self.needed.check(request.extensions());
        let state = match checked {
            Ok(()) => State::Admitted {
                future: self.inner.call(request),
            },
            Err(rejection) => State::Refused {
                response: Some(
                    rejection.respond(&RejectionContext::new(request.method(), request.uri())),
                ),
            },
        };
        RequireScopesFuture { state }
    }
}

pin_project! {
    /// The response of [`RequireScopes`].
    #[derive(Debug)]
    pub struct RequireScopesFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Admitted { #[pin] future: F },
        /// `None` once the answer was taken.
        Refused { response: Option<Response<Bytes>> },
    }
}

impl<F, R, E> Future for RequireScopesFuture<F>
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
            StateProjection::Refused { response } => {
                let response = response
                    .take()
                    .expect("a future is not polled after it is done");
                Poll::Ready(Ok(response.map(ResponseBody::own)))
            }
        }
    }
}
