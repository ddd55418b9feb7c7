//! Where requests carry their tokens: as a setting names it, and as it is searched.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST, SEC_WEBSOCKET_PROTOCOL};

use crate::wire::header_names::DPOP;

/// A place in a request that may hold its token, for
/// [`token_sources`](crate::config::JwtAuthConfigBuilder::token_sources).
///
/// The query is none, because queries end up in logs and in the histories of browsers (RFC 6750
/// §5.3), and neither is the body.
///
/// ```
/// use tower_jwt_auth::JwtAuthConfig;
/// use tower_jwt_auth::config::TokenSource;
///
/// let builder = JwtAuthConfig::builder().token_sources([
///     TokenSource::authorization(),
///     TokenSource::cookie("__Host-token"),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSource(Kind);

/// A source as it was named, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Authorization,
    Cookie(String),
    Header(String),
    WebsocketProtocol(String),
}

/// A source that can be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Authorization,
    Cookie(String),
    Header(HeaderName),
    WebsocketProtocol(String),
}

impl TokenSource {
    /// The header `Authorization` with the scheme `Bearer` (RFC 6750 §2.1), and with the scheme
    /// `DPoP` where that is on. A token with a DPoP proof is read from no other place.
    #[must_use]
    pub const fn authorization() -> Self {
        Self(Kind::Authorization)
    }

    /// The value of the cookie with this name, in upper and lower case as it is here.
    ///
    /// The risk: browsers send a cookie with requests that other sites cause, so the service needs
    /// protection against them (CSRF). Let the cookie have `SameSite=Lax` or `Strict`, change
    /// nothing in response to GET, and reject the `Origin` of other sites, also for WebSockets. A
    /// name that begins with `__Host-` keeps other hosts of the domain from setting the cookie.
    #[must_use]
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Kind::Cookie(name.into()))
    }

    /// The whole value of the header with this name, such as `Cf-Access-Jwt-Assertion`.
    ///
    /// A proxy that sets the header must replace any that the client sends. The token is verified
    /// in any case.
    #[must_use]
    pub fn header(name: impl Into<String>) -> Self {
        Self(Kind::Header(name.into()))
    }

    /// The subprotocol that follows the one with this name in `Sec-WebSocket-Protocol`: a script
    /// opens `new WebSocket(url, ["bearer", token])`, because it can set no header.
    ///
    /// The response must choose a subprotocol, or the browser closes the connection: that is up to
    /// the service, which should answer with this name and never with the token.
    #[must_use]
    pub fn websocket_protocol(name: impl Into<String>) -> Self {
        Self(Kind::WebsocketProtocol(name.into()))
    }

    /// What it is called in a file.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Authorization => "authorization",
            Kind::Cookie(_) => "cookie",
            Kind::Header(_) => "header",
            Kind::WebsocketProtocol(_) => "websocket_protocol",
        }
    }

    /// Of the header, the cookie or the subprotocol.
    pub(crate) fn name(&self) -> &str {
        match &self.0 {
            Kind::Authorization => "",
            Kind::Cookie(name) | Kind::Header(name) | Kind::WebsocketProtocol(name) => name,
        }
    }

    /// `None` if nothing can have this name, or if it is a header with another meaning.
    pub(crate) fn place(&self) -> Option<Place> {
        // All of them are a `token` (RFC 9110 §5.6.2, RFC 6265 §4.1.1, RFC 6455 §4.1).
        let name = || HeaderName::from_bytes(self.name().as_bytes()).ok();
        match &self.0 {
            Kind::Authorization => Some(Place::Authorization),
            Kind::Cookie(cookie) => name().map(|_| Place::Cookie(cookie.clone())),
            Kind::Header(_) => name().filter(|it| !TAKEN.contains(it)).map(Place::Header),
            Kind::WebsocketProtocol(protocol) => {
                name().map(|_| Place::WebsocketProtocol(protocol.clone()))
            }
        }
    }
}

/// Headers whose value is more than a token, or something else.
const TAKEN: [HeaderName; 5] = [AUTHORIZATION, COOKIE, DPOP, HOST, SEC_WEBSOCKET_PROTOCOL];
