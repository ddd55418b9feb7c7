//! The layer in front of the routes of an axum router.

use axum::Router;

use super::layer::JwtAuthLayer;
use crate::drain::DrainRefusedLayer;
use crate::wire::metadata::ResourceMetadata;

impl JwtAuthLayer {
    /// Protects every route of `router` with this layer, and adds the routes of the
    /// [metadata document](Self::metadata_router). It also puts a [`DrainRefusedLayer`] outside
    /// this layer, so that a client with a large request gets to read the response to it.
    ///
    /// Use it on the router of the routes that need a token, and `merge` open routes, a `fallback`
    /// and `layer`s afterwards or before, in any order. The paths of the metadata start at the root
    /// of the host, so `nest` the routes inside: `auth.protect(Router::new().nest("/api", api))`.
    ///
    /// It does not protect a fallback, neither that of `router` nor that of a router nested in it:
    /// give the routes a catch-all such as `/{*rest}` instead. Routes that are added afterwards are
    /// not protected either.
    ///
    /// Several protected routers can be merged if the paths of their resources differ. See
    /// [`MetadataRoutes`](crate::service::MetadataRoutes) for layers with the same resource.
    ///
    /// # Panics
    ///
    /// When `router` has no routes, or one with a path of the metadata document.
    ///
    /// ```
    /// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use axum::{Router, routing::{get, post}};
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    ///
    /// let auth = JwtAuthLayer::new(
    ///     JwtAuthConfig::builder()
    ///         .resource("https://mcp.example.com/mcp")
    ///         .issuer("https://idp.example.com")
    ///         .build()?,
    /// );
    /// let mcp = Router::new().route("/mcp", post(|| async { "the MCP server" }));
    /// let app: Router = auth
    ///     .protect(mcp)
    ///     .route("/healthz", get(|| async { "ok" })) // open
    ///     .fallback(|| async { "the web site" }); // open
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn protect<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        router
            .route_layer(self.clone())
            .route_layer(DrainRefusedLayer::new())
            .merge(self.metadata_router())
    }

    /// The routes of the metadata document, for a router whose protected routes have this layer
    /// already; see [`ResourceMetadata::router`]. Without a `resource` it is empty.
    pub fn metadata_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.resource_metadata()
            .map(ResourceMetadata::router)
            .unwrap_or_default()
    }
}
