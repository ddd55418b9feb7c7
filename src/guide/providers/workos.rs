//! WorkOS AuthKit: a resource indicator.
//!
//! On their side:
//!
//! - Connect, Configuration: add the URL of `resource` as *MCP resource indicator*, and turn on
//!   client id metadata documents, and dynamic client registration for older clients.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://SUBDOMAIN.authkit.app"
//! }
//! ```
//!
//! **The pitfall:** without a `resource`, `aud` is the client id of the *environment*, `client_..`,
//! which is the same for all its applications. If you list that in `audience`, tokens meant for any
//! of them are valid here. Tokens of machines (client credentials) always carry it: if you need
//! them, also check `client_id` in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//!
//! - The tokens of AuthKit *sessions* are different: `https://api.workos.com` issues them, without
//!   an `aud`. They are rejected.
//! - `org_id` names the organization for which the user signed in: check it if your data belongs to
//!   one.
//! - The metadata of AuthKit lists `email`, `offline_access`, `openid` and `profile` as scopes. We
//!   could not confirm that your own scopes are granted, so none are required above.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
