use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::gate::Gate;
use super::service::JwtAuth;
use crate::introspection::Introspections;
use crate::keys::{FetchError, KeySnapshot, KeysHealth};
use crate::verifier::JwtVerifier;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::rejection::{Rejection, RejectionContext, RejectionHook};
use crate::wire::stream_expiry::StreamExpiry;

/// Admits only requests with a valid access token to the service, and makes the verified caller
/// available to it.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://api.example.com")
///     .issuer("https://tenant.auth0.com/")
///     .build()?;
/// let routes = Router::new().route("/hello", get(hello));
/// let app: Router = JwtAuthLayer::new(config).protect(routes);
///
/// async fn hello(auth: AuthInfo) -> String {
///     format!("hello {}", auth.subject().unwrap_or(auth.client_id()))
/// }
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
///
/// | you want | use |
/// | --- | --- |
/// | a layer from a [`JwtAuthConfig`](crate::JwtAuthConfig) | [`new`](Self::new) |
/// | an axum router with open and protected routes | [`protect`](#method.protect) |
/// | any other tower service | [`layer`](tower_layer::Layer::layer), with a [`DrainRefusedLayer`](crate::DrainRefusedLayer) outside |
/// | an MCP server | [`for_mcp`](Self::for_mcp) |
/// | callers without a token too | [`optional`](Self::optional), [`open_paths`](Self::open_paths) |
/// | scopes per route | [`RequireScopesLayer`](crate::RequireScopesLayer), inside |
/// | other responses | [`on_rejection`](Self::on_rejection) |
/// | streams that end with their token | [`stream_expiry`](Self::stream_expiry) |
/// | readiness | [`keys_health`](Self::keys_health), [`wait_for_keys`](Self::wait_for_keys) |
/// | the same verdicts without tower | [`verifier`](Self::verifier) |
///
/// Fetching keys needs a tokio runtime with its time driver (`enable_time`). Clones of a layer and
/// their services share the keys, and one task per issuer that refreshes them. The task ends when
/// the last of them is dropped.
///
/// The layer works in front of any `Service<Request<B>, Response = Response<R>>` that is `Clone`,
/// with any body and with the error type of the service. Without axum:
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{Layer, service_fn};
/// use tower_jwt_auth::{AuthInfo, DrainRefusedLayer, JwtAuthLayer};
/// use tower_jwt_auth::service::GuardedBody;
///
/// async fn hello<B>(request: Request<GuardedBody<B>>) -> Result<Response<String>, Infallible> {
///     let auth = request.extensions().get::<AuthInfo>();
///     Ok(Response::new(format!("hello {}", auth.map_or("nobody", AuthInfo::client_id))))
/// }
///
/// fn service(auth: &JwtAuthLayer) {
///     let service = auth.layer(service_fn(hello::<String>));
///     let service = DrainRefusedLayer::new().layer(service);
///     # let _ = service;
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct JwtAuthLayer(pub(super) Arc<Gate>);

impl JwtAuthLayer {
    pub(crate) fn assemble(
        verifier: JwtVerifier,
        metadata: Option<ResourceMetadata>,
        strip_authorization: bool,
    ) -> Self {
        Self(Arc::new(Gate {
            verifier,
            optional: false,
            open_paths: Vec::new(),
            strip_authorization,
            stream_expiry: StreamExpiry::default(),
            #[cfg(feature = "redis")]
            revoked_streams_go_on: false,
            metadata,
        }))
    }

    /// Admits requests without credentials, without an [`AuthInfo`](crate::AuthInfo).
    ///
    /// Invalid credentials are still rejected, because a client that sends a token expects it to be
    /// checked. Credentials of another scheme are ignored, so that the service can read them
    /// itself.
    ///
    /// Behind this, [`McpScopesLayer`](crate::mcp::McpScopesLayer) reads the bodies of anonymous
    /// requests too, up to its [`max_body_bytes`](crate::mcp::McpScopesLayer::max_body_bytes) each
    /// and without a time limit: anybody can keep many of them in memory by sending slowly. Put a
    /// timeout for request bodies, and a limit on concurrent requests, in front of it.
    ///
    /// Default: every request needs a token.
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.0).optional = true;
        self
    }

    /// Admits requests for these paths without checking their credentials, and without an
    /// [`AuthInfo`](crate::AuthInfo).
    ///
    /// A path is compared byte for byte with the path that the layer sees: inside a nested router,
    /// without the prefix. Paths below an open path and other spellings of it are protected.
    ///
    /// Default: none. The paths of the resource metadata are always open: the well-known suffix
    /// with and without the path of `resource`, both with and without a slash at the end.
    pub fn open_paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        Arc::make_mut(&mut self.0)
            .open_paths
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Ends event streams when the token of their request expires (the leeway included), by
    /// dropping the body of the service.
    ///
    /// Default: [`StreamExpiry::Never`]; with [`for_mcp`](Self::for_mcp),
    /// [`StreamExpiry::ListenOnly`].
    pub fn stream_expiry(mut self, expiry: StreamExpiry) -> Self {
        Arc::make_mut(&mut self.0).stream_expiry = expiry;
        self
    }

    /// Lets event streams go on after their token was revoked.
    ///
    /// Default: the streams of a revoked token end within a second of the news, by dropping the
    /// body of the service: the responses to GET and to `subscriptions/listen`, whatever
    /// [`stream_expiry`](Self::stream_expiry) says, and the responses to other calls only with
    /// [`StreamExpiry::All`]. Without a [`Fleet`](crate::fleet::Fleet) nothing is revoked.
    ///
    /// Whoever has the token revoked wants its user gone, so set it only where the service closes
    /// such streams itself.
    #[cfg(feature = "redis")]
    pub fn revoked_streams_go_on(mut self) -> Self {
        Arc::make_mut(&mut self.0).revoked_streams_go_on = true;
        self
    }

    /// Removes the `Authorization` header of admitted requests; see
    /// [`strip_authorization`](crate::config::JwtAuthConfigBuilder::strip_authorization).
    pub(crate) fn strip_authorization(mut self) -> Self {
        Arc::make_mut(&mut self.0).strip_authorization = true;
        self
    }

    /// Responds to rejected requests with the response that `respond` makes of the [`Rejection`].
    ///
    /// It applies to this layer, to the layers and extractors inside it, and to rejections that a
    /// handler returns. It cannot change the verdict: the service is not called, and the rejection
    /// is put into the extensions of the response. Start from [`Rejection::to_response`] to change
    /// only a part. The layer sets the status, except in a gRPC response (one with `grpc-status`),
    /// which always has the status 200. It also adds every header of [`Rejection::headers`] that
    /// the response lacks, except for `Content-Type`, so that clients always learn how to
    /// authenticate and when to retry.
    ///
    /// Default: the response of [`Rejection::to_response`]. Set it before you call
    /// [`verifier`](Self::verifier): a verifier that you got before keeps the earlier setting.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// # use tower_jwt_auth::{JwtAuthLayer, Rejection};
    /// # use tower_jwt_auth::error::RejectionContext;
    /// fn with_html(layer: JwtAuthLayer) -> JwtAuthLayer {
    ///     layer.on_rejection(|rejection: &Rejection, context: &RejectionContext<'_>| {
    ///         let path = context.uri.map_or("", |uri| uri.path());
    ///         let page = format!("<p>{path}: {rejection}</p>");
    ///         let mut response = http::Response::new(page.into());
    ///         let html = http::HeaderValue::from_static("text/html");
    ///         response.headers_mut().insert("content-type", html);
    ///         response
    ///     })
    /// }
    /// # }
    /// ```
    pub fn on_rejection(
        mut self,
        respond: impl Fn(&Rejection, &RejectionContext<'_>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        let hook: RejectionHook = Arc::new(respond);
        let gate = Arc::make_mut(&mut self.0);
        gate.verifier = gate.verifier.with_hook(&hook);
        self
    }

    /// A verifier with the same settings, for code without tower. It shares the keys.
    #[must_use]
    pub fn verifier(&self) -> JwtVerifier {
        self.0.verifier.clone()
    }

    /// The issuers that are asked about tokens (RFC 7662): their state, and what is known of a
    /// token.
    #[must_use]
    pub fn introspection(&self) -> Introspections {
        self.0.verifier.introspection()
    }

    /// The state of the keys, for a readiness probe.
    #[must_use]
    pub fn keys_health(&self) -> KeysHealth {
        self.0.verifier.keys_health()
    }

    /// The keys in use, for another process; see [`JwtVerifier::export_keys`].
    #[must_use]
    pub fn export_keys(&self) -> Vec<KeySnapshot> {
        self.0.verifier.export_keys()
    }

    /// Waits until every issuer has keys; see [`JwtVerifier::wait_for_keys`].
    ///
    /// # Errors
    ///
    /// The first [`FetchError`], with URL and cause.
    pub async fn wait_for_keys(&self) -> Result<(), FetchError> {
        self.0.verifier.wait_for_keys().await
    }

    /// The document that names the issuers of tokens for this server; `None` when `resource` is not
    /// set. With axum, `protect` or `metadata_router` serves it; see also
    /// [`MetadataRoutes`](crate::service::MetadataRoutes).
    #[must_use]
    pub fn resource_metadata(&self) -> Option<&ResourceMetadata> {
        self.0.metadata.as_ref()
    }
}

impl<S> Layer<S> for JwtAuthLayer {
    type Service = JwtAuth<S>;

    fn layer(&self, inner: S) -> JwtAuth<S> {
        JwtAuth::new(inner, self.0.clone())
    }
}
