use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri};

/// The parts of a request besides its token. A token that is bound to a key is accepted only with a
/// proof for this method, this URI and these headers, or with a certificate in the extensions.
///
/// Without `Debug`, because the headers contain the token and are not marked sensitive yet.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'r> {
    pub(crate) method: &'r Method,
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) extensions: &'r Extensions,
}

impl<'r> Facts<'r> {
    pub(crate) fn of<B>(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The path that the client requested, `None` for a target without a path. Inside a nested
    /// router of axum the URI has lost the prefix, and an extension holds the original.
    pub(crate) fn original_path(&self) -> Option<&'r str> {
        #[cfg(feature = "axum")]
        let original = self.extensions.get::<axum::extract::OriginalUri>();
        #[cfg(feature = "axum")]
        let uri = original.map_or(self.uri, |original| &original.0);
        #[cfg(not(feature = "axum"))]
        let uri = self.uri;
        Some(uri.path()).filter(|path| path.starts_with('/'))
    }

    pub(crate) const fn of_parts(parts: &'r Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}
