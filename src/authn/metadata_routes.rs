use super::layer::JwtAuthLayer;
use crate::wire::metadata::{ROOT_PATH, ResourceMetadata};

/// The metadata documents of several layers on one host, each at its path, and the first one at the
/// root form as well (`/.well-known/oauth-protected-resource`), where some clients look.
///
/// Layers with the same resource get one document, with the issuers and the scopes of both. If an
/// origin is among the resources, the root form is its path, and serves its document. Documents are
/// told apart by their path alone: of two resources with the same path on different hosts, only the
/// first is served.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::{DrainRefusedLayer, JwtAuthConfig, JwtAuthLayer};
/// use tower_jwt_auth::service::MetadataRoutes;
///
/// let layer = |resource| {
///     let config = JwtAuthConfig::builder().resource(resource).issuer("https://idp.example.com");
///     config.build().map(JwtAuthLayer::new)
/// };
/// let notes = layer("https://mcp.example.com/notes")?;
/// let mail = layer("https://mcp.example.com/mail")?;
/// let metadata = MetadataRoutes::of([&notes, &mail]);
/// let app: Router = Router::new()
///     .route("/notes", post(|| async { "notes" }).layer(notes))
///     .route("/mail", post(|| async { "mail" }).layer(mail))
///     .layer(DrainRefusedLayer::new())
///     .merge(metadata.router());
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "the documents are served only where the routes are merged"]
pub struct MetadataRoutes(Vec<(String, ResourceMetadata)>);

impl MetadataRoutes {
    /// The documents of these layers. A layer without a `resource` has none.
    pub fn of<'l>(layers: impl IntoIterator<Item = &'l JwtAuthLayer>) -> Self {
        let mut documents: Vec<ResourceMetadata> = Vec::new();
        for metadata in layers
            .into_iter()
            .filter_map(JwtAuthLayer::resource_metadata)
        {
            let same = |earlier: &&mut ResourceMetadata| earlier.is_of_the_resource_of(metadata);
            match documents.iter_mut().find(same) {
                Some(earlier) => *earlier = earlier.joined(metadata),
                None => documents.push(metadata.clone()),
            }
        }
        let exact = documents.iter().map(|it| (it.path().to_owned(), it));
        let with_other_slash = documents.iter().map(|it| (it.other_path(), it));
        let root = documents.first().into_iter().flat_map(|first| {
            let paths = [ROOT_PATH.to_owned(), format!("{ROOT_PATH}/")];
            paths.map(|path| (path, first))
        });
        let mut routes: Vec<(String, ResourceMetadata)> = Vec::new();
        for (path, metadata) in exact.chain(with_other_slash).chain(root) {
            if routes.iter().all(|(known, _)| *known != path) {
                routes.push((path, metadata.clone()));
            }
        }
        Self(routes)
    }

    /// The document at `path`, for routers other than axum's.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&ResourceMetadata> {
        let mut routes = self.0.iter();
        routes.find_map(|(known, metadata)| (known == path).then_some(metadata))
    }

    /// The documents as routes. They need no token.
    #[cfg(feature = "axum")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        let routes = self.0.iter().map(|(path, metadata)| (&**path, metadata));
        crate::wire::metadata::routes(routes)
    }
}
