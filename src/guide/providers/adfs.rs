//! AD FS: an issuer that is not the one in its metadata.
//!
//! On their side, in an *application group*:
//!
//! - Add a *web API* whose identifier is the URL of `resource`, and a *native application* for the
//!   MCP client with its redirect URIs. AD FS has no dynamic client registration.
//! - Permit the scopes of the web API to the client, your own ones (*scope descriptions*) included.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "http://fs.example.com/adfs/services/trust",
//!   "jwks_uri": "https://fs.example.com/adfs/discovery/keys",
//!   "authorization_servers": ["https://fs.example.com/adfs"],
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** access tokens name `http://HOST/adfs/services/trust` as their issuer, by http
//! and with another path, while the metadata and ID tokens name `https://HOST/adfs`. The metadata
//! has the former in `access_token_issuer`. Discovery by that issuer is impossible, so the keys
//! need `jwks_uri`, and clients need `authorization_servers`.
//!
//! - An identifier that is not a URL arrives as `microsoft:identityserver:IDENTIFIER` in `aud`, as
//!   others report. A URL arrives as it is.
//! - A client that names no resource gets a token for `urn:microsoft:userinfo`, as others report.
//!   It is rejected. AD FS had a parameter `resource` before RFC 8707; MCP clients send the same
//!   name.
//! - Scopes are in `scp`, the client is in `appid`; both are read.
//! - Keys are replaced once a year by default. The new one is published before it is used.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
