//! Okta: a custom authorization server for each MCP server.
//!
//! On their side:
//!
//! - Security, API: create a *custom authorization server* (the product *API Access Management*)
//!   whose *Audience* is the URL of `resource`. Its *Issuer URI* is the `issuer` below; the server
//!   called `default` works too, with `"audience": "api://default"`.
//! - Add your scopes on its tab *Scopes*, and on *Access Policies* a rule that grants them to your
//!   clients and users.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://ORG.okta.com/oauth2/AUTHORIZATION_SERVER_ID",
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** the *org authorization server*, whose issuer is `https://ORG.okta.com` without
//! a path. Its access tokens look like JWTs, but Okta says that nobody but Okta may validate them;
//! their `aud` is Okta itself, so they are rejected. The path in the issuer distinguishes the two
//! servers.
//!
//! - `aud` is the server's *Audience*, whatever the client requested. Therefore each MCP server
//!   needs its own authorization server. We could not confirm that Okta uses `resource`.
//! - Scopes are a list in `scp`, the client is in `cid`; both are read.
//! - `sub` is the user's login name; the id that never changes is in `uid`. Sessions and principals
//!   use `sub`.
//! - To notice revocation before `exp`: [`introspection`](crate::guide::introspection) with
//!   `"tokens": "also_jwts"`, by a client of the same authorization server.
//! - DPoP: in the settings of the client, turn on *Require Demonstrating Proof of Possession (DPoP)
//!   header in token requests*. Its tokens are bound then (November 2026).
