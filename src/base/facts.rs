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
    #[expect(
        dead_code,
        reason = "proofs of possession read it: the certificate of the client"
    )]
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

    pub(crate) const fn of_parts(parts: &'r Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}
