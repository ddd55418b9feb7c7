use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower_layer::Layer;

use super::service::JwtAuth;
use crate::keys::{FetchError, KeysHealth};
use crate::telemetry;
use crate::verifier::JwtVerifier;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::rejection::Rejection;
use crate::wire::stream_expiry::StreamExpiry;

/// Lets only requests with a valid access token through to the service, and tells it who they are.
///
/// Needs a tokio runtime with its time driver (`enable_time`) once keys are to be fetched.
///
/// Made with [`JwtAuthLayer::new`] from a [`JwtAuthConfig`](crate::JwtAuthConfig). Clones, and the
/// services made from them, share the keys and the one task per issuer that keeps them fresh; it ends
/// with the last of them.
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
pub struct JwtAuthLayer(pub(super) Arc<Shared>);

/// One allocation, because each request clones the service: one counter is enough to touch for that.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) verifier: JwtVerifier,
    pub(super) optional: bool,
    pub(super) open_paths: Vec<String>,
    pub(super) strip_authorization: bool,
    pub(super) stream_expiry: StreamExpiry,
    pub(super) metadata: Option<ResourceMetadata>,
    pub(super) on_rejection: Option<RejectionHook>,
}

pub(super) type RejectionHook = Arc<dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync>;

impl JwtAuthLayer {
    pub(crate) fn assemble(
        verifier: JwtVerifier,
        metadata: Option<ResourceMetadata>,
        strip_authorization: bool,
    ) -> Self {
        Self(Arc::new(Shared {
            verifier,
            optional: false,
            open_paths: Vec::new(),
            strip_authorization,
            stream_expiry: StreamExpiry::default(),
            metadata,
            on_rejection: None,
        }))
    }

    /// Lets requests without credentials through, without [`AuthInfo`](crate::AuthInfo).
    ///
    /// Bad credentials are refused all the same: a client that sends a token means it. Credentials of
    /// another scheme count as none, so that the service can read them itself.
    ///
    /// Default: every request needs a token.
    #[must_use]
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
    #[must_use]
    pub fn open_paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        Arc::make_mut(&mut self.0)
            .open_paths
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Ends event streams when the token of their request expires (the leeway included), by dropping
    /// the body of the service.
    ///
    /// Default: [`StreamExpiry::Ignore`]; with [`mcp`](Self::mcp), [`StreamExpiry::CloseListen`].
    #[must_use]
    pub fn stream_expiry(mut self, expiry: StreamExpiry) -> Self {
        Arc::make_mut(&mut self.0).stream_expiry = expiry;
        self
    }

    /// Removes the `Authorization` header of requests that are let through; see
    /// [`strip_authorization`](crate::JwtAuthConfigBuilder::strip_authorization).
    #[must_use]
    pub(crate) fn strip_authorization(mut self) -> Self {
        Arc::make_mut(&mut self.0).strip_authorization = true;
        self
    }

    /// Answers requests that this layer refuses with what `respond` makes of the [`Rejection`]; those
    /// that [`RequireScopesLayer`](crate::RequireScopesLayer) or an extractor refuses further in are
    /// answered as usual.
    ///
    /// The verdict stands: the service is not called, and the rejection is left in the extensions of
    /// the response. Start from [`Rejection::into_response`] to change only a part; without the
    /// `WWW-Authenticate` header clients do not find out how to authenticate.
    #[must_use]
    pub fn on_rejection(
        mut self,
        respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0).on_rejection = Some(Arc::new(respond));
        self
    }

    /// The same verdicts without tower. Shares the keys.
    #[must_use]
    pub fn verifier(&self) -> JwtVerifier {
        self.0.verifier.clone()
    }

    /// How the keys are, for a readiness probe.
    #[must_use]
    pub fn keys(&self) -> KeysHealth {
        self.0.verifier.keys()
    }

    /// Waits until every issuer has keys; see [`JwtVerifier::ready`].
    ///
    /// # Errors
    ///
    /// The first [`FetchError`], with URL and cause.
    pub async fn ready(&self) -> Result<(), FetchError> {
        self.0.verifier.ready().await
    }

    /// The document that says who issues tokens for this server; `None` when `resource` is not set.
    #[must_use]
    pub fn resource_metadata(&self) -> Option<&ResourceMetadata> {
        self.0.metadata.as_ref()
    }

    pub(super) fn respond(&self, rejection: Rejection) -> Response<Full<Bytes>> {
        telemetry::refused(&rejection);
        match &self.0.on_rejection {
            None => rejection.into_response(),
            Some(hook) => {
                let mut response = hook(&rejection).map(Full::new);
                response.extensions_mut().insert(rejection);
                response
            }
        }
    }
}

impl<S> Layer<S> for JwtAuthLayer {
    type Service = JwtAuth<S>;

    fn layer(&self, inner: S) -> JwtAuth<S> {
        JwtAuth::new(inner, self.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("verifier", &self.verifier)
            .field("optional", &self.optional)
            .field("open_paths", &self.open_paths)
            .field("strip_authorization", &self.strip_authorization)
            .field("stream_expiry", &self.stream_expiry)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
