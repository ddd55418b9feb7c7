//! authentik: a provider of its own for each client, with a signing key.
//!
//! On their side:
//!
//! - Create an application with an OAuth2/OpenID provider. Its client id is the `audience` below,
//!   and the application's slug is part of the issuer.
//! - Select a *Signing Key*, and no *Encryption Key*.
//! - Leave the issuer mode at its default, one issuer for each application.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://auth.example.com/application/o/SLUG/",
//!   "audience": "CLIENT_ID"
//! }
//! ```
//!
//! **The pitfall:** without a signing key, tokens are signed with the client's secret (HS256). They
//! are rejected here. With an encryption key they are JWEs, which are not supported.
//!
//! - The issuer ends with a slash.
//! - `aud` is the client id. We found no support for the parameter `resource`, so a server that
//!   lists the client id accepts every token of that client: do not share a client between servers.
//! - ID tokens have the same issuer and the same `aud`. In the source of 2026, only access tokens
//!   have the claim `uid`: require it in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - Its documentation does not say whether access tokens carry scopes, and the source differs
//!   between versions. So none are required above.
//! - Dynamic client registration (since 2026.8) asks for an access token, which MCP clients do not
//!   have, and creates a provider for each client. Register one client, and set its id in the MCP
//!   clients: see [`clients`](super::super::clients).
//! - Refresh tokens need the scope mapping `offline_access`.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
