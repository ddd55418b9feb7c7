//! The protected resource metadata: the document, its URL, and the responses for it. Long, because
//! document and responses share the rules of RFC 9728.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Map, Value};
use tower_service::Service;
use url::Url;

use self::document::join;
use crate::wire::body::GuardedBody;
use crate::wire::metadata_watch::MetadataWatch;

mod document;
#[cfg(feature = "axum")]
mod routes;

pub(crate) use document::{ResourceDetails, document};
#[cfg(feature = "axum")]
pub(crate) use routes::routes;

/// The protected resource metadata of this server (RFC 9728), which names the issuers of its
/// tokens.
///
/// With axum, [`JwtAuthLayer::protect`](crate::JwtAuthLayer) serves it together with the routes
/// that need a token. Otherwise, a [`JwtAuthLayer`](crate::JwtAuthLayer) in front of the metadata's
/// path responds to requests for it; if the layer is in front of some routes only, serve the
/// metadata as a tower service, or with `router`. It is public and must never require
/// authentication: clients read it to find out how to authenticate. Signed metadata (RFC 9728 §2.2)
/// is not supported.
///
/// Clones, services and routes show the same document, also after
/// [`replace_issuers`](crate::JwtAuthLayer::replace_issuers).
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
///
/// let auth = JwtAuthLayer::new(
///     JwtAuthConfig::builder()
///         .resource("https://mcp.example.com/mcp")
///         .issuer("https://idp.example.com")
///         .build()?,
/// );
/// let metadata = auth.resource_metadata().expect("resource is set");
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource/mcp");
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResourceMetadata(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    path: String,
    /// One for each layer whose challenges name this document.
    parts: Vec<Arc<Part>>,
    /// The last document of several parts, with what it was made of.
    joined: ArcSwapOption<(Vec<Bytes>, Bytes)>,
}

/// The document of one layer.
#[derive(Debug)]
struct Part {
    document: ArcSwap<Bytes>,
    watch: MetadataWatch,
}

impl ResourceMetadata {
    pub(crate) fn new(resource: &str, resource_url: &Url, document: Bytes) -> Self {
        let path = path_for(resource_url);
        // As configured, byte for byte, except for the path: `Url` would convert the host to lower
        // case.
        let origin = resource
            .find("://")
            .and_then(|scheme| scheme.checked_add(3))
            .and_then(|start| resource.get(start..)?.find('/')?.checked_add(start))
            .and_then(|end| resource.get(..end))
            .unwrap_or(resource);
        let url = format!("{origin}{path}");
        let part = Part {
            document: ArcSwap::from_pointee(document),
            watch: MetadataWatch::new(&url),
        };
        Self::of_parts(url, path, vec![Arc::new(part)])
    }

    fn of_parts(url: String, path: String, parts: Vec<Arc<Part>>) -> Self {
        Self(Arc::new(Inner {
            url,
            path,
            parts,
            joined: ArcSwapOption::empty(),
        }))
    }

    /// One document for two layers with the same resource: it has the issuers and the scopes of
    /// both, and the other members of `self`.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let parts = [&*self.0.parts, &other.0.parts].concat();
        Self::of_parts(self.0.url.clone(), self.0.path.clone(), parts)
    }

    /// The same document for one more layer, whose issuers may be replaced by themselves.
    pub(crate) fn apart(&self) -> Self {
        let part = |part: &Arc<Part>| {
            Arc::new(Part {
                document: ArcSwap::new(part.document.load_full()),
                watch: part.watch.clone(),
            })
        };
        let parts = self.0.parts.iter().map(part).collect();
        Self::of_parts(self.0.url.clone(), self.0.path.clone(), parts)
    }

    /// Shows another document from now on, in every clone and every joined document.
    pub(crate) fn replace(&self, document: &Bytes) {
        for part in &self.0.parts {
            part.document.store(Arc::new(document.clone()));
        }
    }

    /// Whether both describe one resource, whose URL may be spelled in two ways.
    pub(crate) fn is_of_the_resource_of(&self, other: &Self) -> bool {
        Url::parse(self.url()).is_ok_and(|ours| Url::parse(other.url()) == Ok(ours))
    }

    pub(crate) fn watch(&self) -> Option<&MetadataWatch> {
        self.0.parts.first().map(|part| &part.watch)
    }

    /// Where clients find the document: the value of `resource_metadata` in challenges.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The path of [`url`](Self::url): the well-known suffix, then the path of `resource`
    /// (RFC 9728 §3.1).
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The document, as JSON.
    #[must_use]
    pub fn document(&self) -> Bytes {
        let document = |part: &Arc<Part>| Bytes::clone(&part.document.load());
        match &*self.0.parts {
            [only] => document(only),
            parts => self.joined_document(parts.iter().map(document).collect()),
        }
    }

    /// The document of all parts. Made again only when one of them has changed, because anybody may
    /// ask for it.
    fn joined_document(&self, parts: Vec<Bytes>) -> Bytes {
        if let Some(last) = &*self.0.joined.load()
            && last.0 == parts
        {
            return last.1.clone();
        }
        let joined = parts.iter().fold(Map::new(), join);
        let joined = Bytes::from(Value::Object(joined).to_string());
        let made = Some(Arc::new((parts, joined.clone())));
        self.0.joined.store(made);
        joined
    }

    /// Routes for [`path`](Self::path), with and without a slash at its end. The routers of several
    /// resources can be merged.
    ///
    /// Where the path has a segment that starts with `:` or `*`, axum would read a pattern. The
    /// route then takes any segment at that place, and answers 404 for another one.
    ///
    /// Two resources whose paths differ by that slash alone cannot be merged, and neither can two
    /// whose paths differ by such a segment alone: for these, and to serve the document at the root
    /// form too, use [`MetadataRoutes`](crate::service::MetadataRoutes).
    ///
    /// ```
    /// # use tower_jwt_auth::service::ResourceMetadata;
    /// fn open(notes: &ResourceMetadata, mail: &ResourceMetadata) -> axum::Router {
    ///     notes.router().merge(mail.router())
    /// }
    /// ```
    #[cfg(feature = "axum")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        routes([self.path(), &self.other_path()].map(|path| (path, self)))
    }

    /// [`path`](Self::path) with a slash at its end, or without it if it has one.
    pub(crate) fn other_path(&self) -> String {
        match without_slash(self.path()) {
            path if path == self.path() => format!("{path}/"),
            path => path.to_owned(),
        }
    }

    /// Whether a layer in front of `path` responds with the document.
    pub(crate) fn answers(&self, path: &str) -> bool {
        let path = without_slash(path);
        path == ROOT_PATH || path == without_slash(self.path())
    }

    pub(crate) fn respond(&self, method: &Method, headers: &HeaderMap) -> Response<Bytes> {
        let mut response = match *method {
            Method::GET | Method::HEAD => self.found(method),
            Method::OPTIONS => preflight(headers),
            _ => status(StatusCode::METHOD_NOT_ALLOWED),
        };
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if *method != Method::GET && *method != Method::HEAD {
            headers.insert(ALLOW, METHODS);
        }
        response
    }

    fn found(&self, method: &Method) -> Response<Bytes> {
        self.0.parts.iter().for_each(|part| part.watch.served());
        let document = self.document();
        let length = document.len();
        let body = match *method == Method::HEAD {
            true => Bytes::new(),
            false => document,
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        );
        headers.insert(http::header::CONTENT_LENGTH, length.into());
        response
    }
}

impl<B> Service<Request<B>> for ResourceMetadata {
    type Response = Response<GuardedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = self.respond(request.method(), request.headers());
        ready(Ok(response.map(GuardedBody::own)))
    }
}

/// Browsers send a preflight request, because MCP clients send `MCP-Protocol-Version`. The document
/// is public, so every request header is allowed.
fn preflight(headers: &HeaderMap) -> Response<Bytes> {
    let mut response = status(StatusCode::NO_CONTENT);
    let answer = response.headers_mut();
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// RFC 9728 §3.1: the suffix is inserted between host and path; a path of only `/` is omitted.
fn path_for(resource: &Url) -> String {
    match resource.path() {
        "/" => ROOT_PATH.to_owned(),
        path => format!("{ROOT_PATH}{path}"),
    }
}

/// Clients add a slash to the path, or leave it out.
fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

pub(crate) const ROOT_PATH: &str = "/.well-known/oauth-protected-resource";

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

#[cfg(test)]
mod tests;
