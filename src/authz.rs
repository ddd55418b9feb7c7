//! Authorization: the scopes that a route requires of a verified caller.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::caller::require_caller;
use crate::wire::body::GuardedBody;
use crate::wire::future::Guarded;
use crate::wire::rejection::{Rejection, RejectionContext};

/// Admits only callers whose token grants all of these scopes.
///
/// It belongs on routes inside [`JwtAuthLayer`](crate::JwtAuthLayer). A request whose token lacks a
/// scope gets 403, with a challenge that lists every scope that the route requires (RFC 6750 §3.1),
/// so that the client can ask its user for more. A request without a token gets 401. If
/// [`JwtAuthLayer`](crate::JwtAuthLayer) is missing, every request gets 500.
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
    /// Requires all of `scopes`, compared byte for byte. With none, any verified caller is
    /// admitted.
    ///
    /// A scope with characters that a challenge cannot contain (RFC 6749 §3.3) is required, but the
    /// challenge does not list it. An empty string is a scope that no token has.
    #[must_use]
    pub fn new<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self(Arc::new(Needed {
            scopes: ScopeSet::required(scopes),
            hierarchy: None,
        }))
    }

    /// Sets which scopes imply which others: `implies(granted, needed)`.
    ///
    /// Default: the hierarchy of the [`JwtAuthConfig`](crate::JwtAuthConfig), if it has one.
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
            false => Err(auth
                .answers()
                .insufficient_scope(auth.scheme(), &self.scopes)),
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

/// The service of [`RequireScopesLayer`].
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
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.needed.check(request.extensions()) {
            Ok(()) => Guarded::admitted(self.inner.call(request), None),
            Err(rejection) => {
                let context = RejectionContext::new(request.method(), request.uri());
                Guarded::answered(rejection.respond(&context))
            }
        }
    }
}
