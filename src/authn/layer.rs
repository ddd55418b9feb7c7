use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::gate::Gate;
use super::service::JwtAuth;
use crate::keys::{FetchError, KeySnapshot, KeysHealth};
use crate::verifier::JwtVerifier;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::rejection::{Rejection, RejectionContext, RejectionHook};
use crate::wire::stream_expiry::StreamExpiry;

/// Lets only requests with a valid access token through to the service, and tells it who they are.
///
/// Needs a tokio runtime with its time driver (`enable_time`) once keys are to be fetched.
///
/// Made with [`JwtAuthLayer::new`] from a [`JwtAuthConfig`](crate::JwtAuthConfig). Clones, and the
/// services made from them, share the keys and the one task per issuer that keeps them fresh; it
/// ends with the last of them.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
/// use axum::{Extension, Router, routing::post};
/// use tower_jwt_auth::{AuthInfo, JwtAuthConfig, JwtAuthLayer};
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://tenant.auth0.com/")
///     .build()?;
/// let app: Router = Router::new()
///     .route("/mcp", post(handler))
///     .layer(JwtAuthLayer::new(config));
///
/// async fn handler(Extension(auth): Extension<AuthInfo>) -> String {
///     format!("hello {}", auth.client_id())
/// }
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
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
            metadata,
        }))
    }

    /// Lets requests without credentials through, without [`AuthInfo`](crate::AuthInfo).
    ///
    /// Bad credentials are refused all the same: a client that sends a token means it. Credentials
    /// of another scheme count as none, so that the service can read them itself.
    ///
    /// Default: every request needs a token.
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.0).optional = true;
        self
    }

    /// Lets requests for these paths through without looking at their credentials, and without
    /// [`AuthInfo`](crate::AuthInfo).
    ///
    /// A path is compared byte for byte with the one that the layer sees: no prefixes, and another
    /// spelling of it is protected. A router that nests strips its prefix first.
    ///
    /// Default: none. The path of the resource metadata is always open.
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

    /// Removes the `Authorization` header of requests that are let through; see
    /// [`strip_authorization`](crate::config::JwtAuthConfigBuilder::strip_authorization).
    pub(crate) fn strip_authorization(mut self) -> Self {
        Arc::make_mut(&mut self.0).strip_authorization = true;
        self
    }

    /// Answers rejected requests with what `respond` makes of the [`Rejection`].
    ///
    /// Holds for this layer, for the layers and extractors inside it, and for rejections that a
    /// handler returns. The verdict stands: the service is not called, and the rejection is left in
    /// the extensions of the response. Start from [`Rejection::to_response`] to change only a part.
    /// The layer sets the status, unless the response is gRPC (it carries `grpc-status`, and gRPC
    /// answers with 200), and adds every header of [`Rejection::headers`] but `Content-Type` that
    /// the response lacks, so that clients always find out how to authenticate and when to try
    /// again.
    ///
    /// Default: the response of [`Rejection::to_response`]. Set it before you take a
    /// [`verifier`](Self::verifier): one that was taken before keeps its own.
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

    /// The same verdicts without tower. Shares the keys.
    #[must_use]
    pub fn verifier(&self) -> JwtVerifier {
        self.0.verifier.clone()
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

    /// The document that says who issues tokens for this server; `None` when `resource` is not set.
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
