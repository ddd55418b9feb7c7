//! Clerk: tokens without an audience, accepted from clients that you name.
//!
//! On their side, OAuth applications:
//!
//! - Create an application for each MCP client, with *Public* for PKCE.
//! - In its settings, *Generate access tokens as JWTs* must be on. Applications from before January
//!   2026 have opaque tokens until you change it.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://clerk.example.com",
//!   "danger_missing_audience_for_clients": ["OAUTH_CLIENT_ID"]
//! }
//! ```
//!
//! **The pitfall:** access tokens carry no `aud`, as others report, and we found no setting that
//! adds one. So a token that a user gave to one application works at every server that accepts this
//! application. `danger_missing_audience_for_clients` limits that to the clients that you list:
//! share none of them with another server.
//!
//! - Clients that register by themselves have ids that you cannot know in advance, so their tokens
//!   are rejected. Leave dynamic client registration off, and set the id in the MCP clients: see
//!   [`clients`](super::super::clients).
//! - The issuer is the *Frontend API URL*: `https://clerk.EXAMPLE.com`, or
//!   `https://NAME.clerk.accounts.dev` in development.
//! - *Session tokens* of your own web pages are different: they have no client id, and the page's
//!   origin in `azp`. They are rejected.
//! - Applications can have scopes of their own. We could not confirm in which claim they are, so
//!   none are required above. If it is neither `scope` nor `scp`, name it in `scope_claims`.
//! - OAuth tokens expire after a day.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
