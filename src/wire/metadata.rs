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

use crate::base::scopes::ScopeSet;
use crate::wire::body::GuardedBody;
use crate::wire::metadata_watch::MetadataWatch;
use crate::wire::resource::BoundTokens;

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

/// Optional members of the document (RFC 9728 §2). The other members follow from the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceDetails {
    pub(crate) name: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) policy_uri: Option<String>,
    pub(crate) tos_uri: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) scopes_supported: Option<Vec<String>>,
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

    /// One document for two layers with the same resource: with the issuers and the scopes of both,
    /// and otherwise that of `self`.
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

    /// Routes for [`path`](Self::path), with and without a slash at its end, and for no other path,
    /// so that the routers of several resources can be merged.
    ///
    /// Two resources whose paths differ by that slash alone cannot: for these, and to serve the
    /// document at the root form too, use [`MetadataRoutes`](crate::service::MetadataRoutes).
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

/// The document of one layer. `scopes` are those that every operation needs.
pub(crate) fn document(
    resource: &str,
    authorization_servers: &[String],
    scopes: &[String],
    details: &ResourceDetails,
    bound_tokens: &BoundTokens,
) -> Bytes {
    let mut document = Map::new();
    document.insert("resource".to_owned(), resource.into());
    let methods = Value::Array(vec!["header".into()]);
    document.insert("bearer_methods_supported".to_owned(), methods);
    // A member without a value is omitted, because clients reject null (RFC 9728 §3.2).
    let supported: Option<ScopeSet> = details
        .scopes_supported
        .as_ref()
        .map(|scopes| scopes.iter().collect());
    let scopes = supported.as_ref().map_or(scopes, ScopeSet::as_slice);
    let texts = [
        ("jwks_uri", &details.jwks_uri),
        ("resource_documentation", &details.documentation),
        ("resource_name", &details.name),
        ("resource_policy_uri", &details.policy_uri),
        ("resource_tos_uri", &details.tos_uri),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into())));
    document.extend(texts);
    for (name, list) in [
        ("authorization_servers", authorization_servers),
        ("scopes_supported", scopes),
    ] {
        if !list.is_empty() {
            document.insert(name.to_owned(), list.into());
        }
    }
    document.extend(about(bound_tokens));
    Value::Object(document).to_string().into()
}

/// Adds the members of a document that are missing, and to its lists the values that are.
fn join(mut joined: Map<String, Value>, document: &Bytes) -> Map<String, Value> {
    let members: Map<String, Value> = serde_json::from_slice(document).unwrap_or_default();
    for (name, theirs) in members {
        match (joined.get_mut(&name), theirs) {
            (Some(Value::Array(ours)), Value::Array(theirs)) => {
                let missing = |value: &Value| !ours.contains(value);
                let missing: Vec<_> = theirs.into_iter().filter(missing).collect();
                ours.extend(missing);
            }
            (Some(_), _) => {}
            (None, theirs) => drop(joined.insert(name, theirs)),
        }
    }
    joined
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

/// The members about tokens that are bound to a key (RFC 9728 §2). None is ever `false`: an absent
/// one means it.
fn about(bound_tokens: &BoundTokens) -> impl Iterator<Item = (String, Value)> {
    let algorithms = |algs: &String| algs.split(' ').collect::<Vec<_>>().into();
    let certain = |holds: bool| holds.then_some(Value::Bool(true));
    let members = [
        (
            "dpop_bound_access_tokens_required",
            certain(bound_tokens.only_dpop()),
        ),
        (
            "dpop_signing_alg_values_supported",
            bound_tokens.dpop_algs.as_ref().map(algorithms),
        ),
        (
            "tls_client_certificate_bound_access_tokens",
            certain(bound_tokens.mtls),
        ),
    ];
    let members = members.into_iter();
    members.filter_map(|(name, value)| Some((name.to_owned(), value?)))
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

/// A router that serves each document at its path.
#[cfg(feature = "axum")]
pub(crate) fn routes<'m, S: Clone + Send + Sync + 'static>(
    documents: impl IntoIterator<Item = (&'m str, &'m ResourceMetadata)>,
) -> axum::Router<S> {
    // A segment of the path may start with `:` or `*`, which older versions of axum read as a
    // pattern.
    let router = axum::Router::new().without_v07_checks();
    documents.into_iter().fold(router, |router, (path, it)| {
        router.route_service(path, it.clone())
    })
}

pub(crate) const ROOT_PATH: &str = "/.well-known/oauth-protected-resource";

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is() {
        let cases = [
            (
                "https://h.example",
                "https://h.example/.well-known/oauth-protected-resource",
            ),
            (
                "https://h.example/",
                "https://h.example/.well-known/oauth-protected-resource",
            ),
            (
                "https://h.example/mcp",
                "https://h.example/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "https://h.example/a/b/",
                "https://h.example/.well-known/oauth-protected-resource/a/b/",
            ),
            (
                "https://h.example:8443/mcp",
                "https://h.example:8443/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "https://H.Example/mcp",
                "https://H.Example/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "http://[::1]:3000/mcp",
                "http://[::1]:3000/.well-known/oauth-protected-resource/mcp",
            ),
        ];
        for (resource, want) in cases {
            let url = Url::parse(resource).unwrap();
            assert_eq!(
                metadata(resource, &url, &[], &[], &BoundTokens::default()).url(),
                want,
                "{resource}"
            );
        }
    }

    #[test]
    fn methods() {
        let url = Url::parse("https://h.example/mcp").unwrap();
        let metadata = metadata(
            "https://h.example/mcp",
            &url,
            &["https://i.example/".to_owned()],
            &["a".to_owned()],
            &BoundTokens::default(),
        );
        let mut asked = HeaderMap::new();
        asked.insert(
            ACCESS_CONTROL_REQUEST_HEADERS,
            HeaderValue::from_static("mcp-protocol-version"),
        );
        for (method, status) in [
            ("GET", 200),
            ("HEAD", 200),
            ("OPTIONS", 204),
            ("POST", 405),
            ("DELETE", 405),
        ] {
            let response = metadata.respond(&method.parse().unwrap(), &asked);
            assert_eq!(response.status(), status, "{method}");
            assert_eq!(
                response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
                "*",
                "{method}"
            );
            assert_eq!(
                response.headers().contains_key(ALLOW),
                !matches!(method, "GET" | "HEAD"),
                "{method}"
            );
            let mirrored = response
                .headers()
                .get(ACCESS_CONTROL_ALLOW_HEADERS)
                .is_some();
            assert_eq!(mirrored, method == "OPTIONS", "{method}");
        }
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&metadata.document()).unwrap(),
            serde_json::json!({
                "resource": "https://h.example/mcp",
                "authorization_servers": ["https://i.example/"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["a"],
            })
        );
    }

    #[test]
    fn bound_tokens_are_advertised_and_nothing_is_false() {
        let url = Url::parse("https://h.example/mcp").unwrap();
        let required = "dpop_bound_access_tokens_required";
        let algorithms = "dpop_signing_alg_values_supported";
        let certificates = "tls_client_certificate_bound_access_tokens";
        for (dpop, mtls, is_required, wanted) in [
            (false, false, false, vec![]),
            (true, false, false, vec![algorithms]),
            (true, false, true, vec![required, algorithms]),
            (false, true, false, vec![certificates]),
            (false, true, true, vec![certificates]),
            (true, true, false, vec![algorithms, certificates]),
            (true, true, true, vec![algorithms, certificates]),
        ] {
            let bound_tokens = BoundTokens {
                dpop_algs: dpop.then(|| "ES256 EdDSA".to_owned()),
                mtls,
                required: is_required,
            };
            let metadata = metadata("https://h.example/mcp", &url, &[], &[], &bound_tokens);
            let document: Map<String, Value> =
                serde_json::from_slice(&metadata.document()).unwrap();
            let others = ["bearer_methods_supported", "resource"];
            let names: Vec<_> = document.keys().map(String::as_str).collect();
            let names: Vec<_> = names
                .into_iter()
                .filter(|it| !others.contains(it))
                .collect();
            assert_eq!(names, wanted, "{bound_tokens:?}");
            for name in wanted {
                let value = match name == algorithms {
                    true => serde_json::json!(["ES256", "EdDSA"]),
                    false => Value::Bool(true),
                };
                assert_eq!(document[name], value, "{name}");
            }
        }
    }

    fn metadata(
        resource: &str,
        url: &Url,
        servers: &[String],
        scopes: &[String],
        bound_tokens: &BoundTokens,
    ) -> ResourceMetadata {
        let details = ResourceDetails::default();
        let document = document(resource, servers, scopes, &details, bound_tokens);
        ResourceMetadata::new(resource, url, document)
    }
}
