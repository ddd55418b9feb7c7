//! better-auth: the plugins `jwt` and `@better-auth/oauth-provider`, with a list of resources.
//!
//! On their side:
//!
//! - `resources: ["https://mcp.example.com/mcp"]` declares this server. A client that requests
//!   another resource gets `invalid_target`.
//! - `clientRegistrationDefaultResources: ["https://mcp.example.com/mcp"]` links every new client
//!   to it.
//! - `scopes` lists your scopes beside `openid`; `allowDynamicClientRegistration` and
//!   `allowUnauthenticatedClientRegistration` let MCP clients register by themselves.
//! - The metadata of RFC 8414 belongs at the root of the host,
//!   `/.well-known/oauth-authorization-server/api/auth`. The plugin exports a handler for it. This
//!   crate also finds `/api/auth/.well-known/openid-configuration`; some MCP clients do not.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://auth.example.com/api/auth",
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** a client that sends no `resource` gets an opaque token, without an error. A
//! client that sends one, but is not linked to it, gets `invalid_target`: the links are checked by
//! default, and clients that registered before you set `clientRegistrationDefaultResources` have
//! none.
//!
//! - The issuer is `baseURL` with the path of better-auth, `/api/auth` unless you changed
//!   `basePath`, and without a slash at the end.
//! - Keys are EdDSA by default; `keyPairConfig` of the plugin `jwt` selects another algorithm. All
//!   of them work here.
//! - With the scope `openid`, `aud` is a list whose second entry is the URL of the user info
//!   endpoint. One match is enough.
//! - Keys change only if you set `rotationInterval` of the plugin `jwt`. The old key stays
//!   published for the `gracePeriod`, 30 days by default, and tokens of it are valid here until
//!   they expire.
//! - `sub` of a machine's token (client credentials) is its client id.
//! - DPoP: a client with `dpop_bound_access_tokens` gets bound tokens only (November 2026).
