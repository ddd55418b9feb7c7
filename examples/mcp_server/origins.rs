//! The web pages that may call: for CORS preflight requests, and for the `Origin` check that the
//! MCP spec demands.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_jwt_auth::cors::EXPOSE;
use url::Url;

/// The response headers of the MCP transport that a page must be able to read.
const TRANSPORT: [HeaderName; 2] = [
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
];

#[derive(Clone)]
pub(crate) struct Origins {
    loopback: bool,
    listed: Vec<HeaderValue>,
}

impl Origins {
    pub(crate) fn these(listed: Vec<HeaderValue>) -> Self {
        Self {
            loopback: false,
            listed,
        }
    }

    /// The listed pages, and every page that is served from this machine.
    pub(crate) fn loopback_and(listed: Vec<HeaderValue>) -> Self {
        Self {
            loopback: true,
            listed,
        }
    }

    /// Goes outside the auth layer: preflight requests carry no token, and a page could not read a
    /// 401 without CORS headers.
    pub(crate) fn cors(&self) -> CorsLayer {
        let origins = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                origins.allow(origin)
            }))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            // A `*` does not cover `Authorization`, and the names of `Mcp-Param-*` depend on the
            // tool.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([&EXPOSE[..], &TRANSPORT].concat())
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        let is_loopback = || {
            let uri = origin.to_str().ok()?.parse::<Uri>().ok()?;
            let web = matches!(uri.scheme_str(), Some("http" | "https"));
            Some(web && is_loopback(uri.authority()?))
        };
        self.listed.contains(origin) || (self.loopback && is_loopback().unwrap_or(false))
    }

    /// The same for rmcp, which answers 403 to all others. It requires explicit ports.
    pub(crate) fn for_rmcp(&self) -> Vec<String> {
        let with_port = |origin: &HeaderValue| {
            let url = Url::parse(origin.to_str().ok()?).ok()?;
            let (host, port) = (url.host_str()?, url.port_or_known_default()?);
            Some(format!("{}://{host}:{port}", url.scheme()))
        };
        let mut origins: Vec<_> = self.listed.iter().filter_map(with_port).collect();
        if self.loopback {
            for host in ["127.0.0.1", "[::1]", "localhost"] {
                origins.extend([format!("http://{host}:*"), format!("https://{host}:*")]);
            }
        }
        origins
    }
}

pub(crate) fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
