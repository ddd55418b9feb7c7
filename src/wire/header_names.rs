//! The names of headers that `http` does not have, and of all headers that a CORS layer has to
//! know.

use http::HeaderName;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};

/// The header with the proof (RFC 9449 §4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The header with the nonce for the next proof (RFC 9449 §8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The method of a message of MCP, repeated from its body.
pub(crate) static MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// The response headers that a script must be able to read: `WWW-Authenticate`, to learn where to
/// sign in and which scopes to ask for; `DPoP-Nonce`, without which it can never answer
/// `use_dpop_nonce`; and `Retry-After`.
///
/// Add the headers of your service; for MCP, `Mcp-Session-Id`. The metadata document has its own
/// CORS headers.
///
/// ```
/// use tower_jwt_auth::cors;
///
/// let cors = tower_http::cors::CorsLayer::new().expose_headers(cors::EXPOSE);
/// ```
pub const EXPOSE: [HeaderName; 3] = [WWW_AUTHENTICATE, DPOP_NONCE, RETRY_AFTER];

/// The request headers that a script of an MCP client sends: `Authorization`, `DPoP`, `Accept`,
/// `Content-Type` and the headers of the MCP transport.
///
/// A `*` does not cover `Authorization`. Headers with arguments of a tool (`Mcp-Param-*`) are not
/// listed: a server with such tools mirrors the names that a preflight request asks for.
///
/// ```
/// use tower_jwt_auth::cors;
///
/// let cors = tower_http::cors::CorsLayer::new().allow_headers(cors::ALLOW);
/// ```
pub const ALLOW: [HeaderName; 9] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    DPOP,
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
];
