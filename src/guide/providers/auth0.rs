//! Auth0: an API whose identifier is the URL of `resource`, and a setting for the parameter
//! `resource`.
//!
//! On their side:
//!
//! - Applications, APIs: create an API whose *identifier* is the URL of `resource`. Add your scopes
//!   as its permissions.
//! - In the API's settings choose the access token profile *RFC 9068*; `"rfc9068": true` below then
//!   rejects every other kind of token by its type. With the default profile (*Auth0*), leave that
//!   line out.
//! - Settings, Advanced: turn on *Resource Parameter Compatibility Profile*. It is off by default,
//!   and MCP clients send `resource`, not Auth0's own `audience`.
//! - For clients that register by themselves: dynamic client registration in the tenant's advanced
//!   settings, and at least one connection promoted to domain level, because such clients are third
//!   parties (the latter as others report).
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://TENANT.auth0.com/",
//!   "rfc9068": true,
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** a client that names no API gets an opaque token, or the error "userinfo
//! audience is not allowed for third party clients". Auth0 ignored its `resource`. Turn the profile
//! on.
//!
//! - The issuer ends with a slash. With a custom domain, it is `https://login.example.com/`.
//! - `aud` is often a list, with `https://TENANT.auth0.com/userinfo` as its second entry. That is
//!   fine: one match is enough.
//! - RBAC permissions are in the claim `permissions`, not in the scopes. Read them with
//!   [`AuthInfo::claim`](crate::AuthInfo::claim).
//! - DPoP: in the settings of the API, choose *DPoP* as the method of *Token Sender-Constraining*.
//!   A client that sends a proof then gets a bound token; *Require Token Sender Constraining*
//!   refuses the others (November 2026).
