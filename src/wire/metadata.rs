use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tower_service::Service;
use url::Url;

use crate::base::scopes::ScopeSet;
use crate::wire::body::GuardedBody;

/// The protected resource metadata of this server (RFC 9728), which names the issuers of its
/// tokens.
///
/// A [`JwtAuthLayer`](crate::JwtAuthLayer) in front of the metadata's path responds to requests for
/// it. If only some routes have the layer, serve the metadata as a tower service or with
/// [`router`](Self::router). It is public and must never require authentication: clients read it to
/// find out how to authenticate. Signed metadata (RFC 9728 §2.2) is not supported.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
///
/// let auth = JwtAuthLayer::new(
///     JwtAuthConfig::builder()
///         .resource("https://mcp.example.com/mcp")
///         .issuer("https://idp.example.com")
///         .build()?,
/// );
/// let metadata = auth.resource_metadata().expect("resource is set").clone();
/// let app: Router = Router::new()
///     .route("/mcp", post(|| async { "hello" }).layer(auth))
///     .merge(metadata.router());
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResourceMetadata(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    document: Bytes,
    url: String,
    path: String,
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
    pub(crate) fn new(
        resource: &str,
        resource_url: &Url,
        authorization_servers: &[String],
        scopes: &[String],
        details: &ResourceDetails,
    ) -> Self {
        let mut document = serde_json::json!({
            "resource": resource,
            "bearer_methods_supported": ["header"],
        });
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
        if let Some(members) = document.as_object_mut() {
            let texts = texts
                .into_iter()
                .filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into())));
            members.extend(texts);
            if !authorization_servers.is_empty() {
                members.insert(
                    "authorization_servers".to_owned(),
                    authorization_servers.into(),
                );
            }
            if !scopes.is_empty() {
                members.insert("scopes_supported".to_owned(), scopes.into());
            }
        }
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
        Self(Arc::new(Inner {
            document: document.to_string().into(),
            url,
            path,
        }))
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
    pub fn document(&self) -> &Bytes {
        &self.0.document
    }

    /// Routes for the path and for the root form that some clients try next.
    #[cfg(feature = "axum")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        // A segment of the path may start with `:` or `*`, which older versions of axum read as a
        // pattern.
        let router = axum::Router::new()
            .without_v07_checks()
            .route_service(ROOT_PATH, self.clone());
        match self.path() {
            ROOT_PATH => router,
            path => router.route_service(path, self.clone()),
        }
    }

    pub(crate) fn answers(&self, path: &str) -> bool {
        path == ROOT_PATH || path == self.path()
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
        let document = &self.0.document;
        let body = if *method == Method::HEAD {
            Bytes::new()
        } else {
            document.clone()
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        );
        headers.insert(http::header::CONTENT_LENGTH, document.len().into());
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

const ROOT_PATH: &str = "/.well-known/oauth-protected-resource";

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
                ResourceMetadata::new(resource, &url, &[], &[], &ResourceDetails::default()).url(),
                want,
                "{resource}"
            );
        }
    }

    #[test]
    fn methods() {
        let url = Url::parse("https://h.example/mcp").unwrap();
        let metadata = ResourceMetadata::new(
            "https://h.example/mcp",
            &url,
            &["https://i.example/".to_owned()],
            &["a".to_owned()],
            &ResourceDetails::default(),
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
            serde_json::from_slice::<serde_json::Value>(metadata.document()).unwrap(),
            serde_json::json!({
                "resource": "https://h.example/mcp",
                "authorization_servers": ["https://i.example/"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["a"],
            })
        );
    }
}
