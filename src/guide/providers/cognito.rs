//! Amazon Cognito: app clients instead of an audience.
//!
//! On their side:
//!
//! - In the user pool, create a *resource server* whose identifier is the URL of `resource`, with
//!   custom scopes such as `read`.
//! - Create a separate app client for each MCP server, with authorization code and PKCE, and allow
//!   it those scopes. MCP clients must be configured with its id; we found no dynamic client
//!   registration.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://cognito-idp.REGION.amazonaws.com/POOL_ID",
//!   "cognito": {"client_ids": ["APP_CLIENT_ID"]},
//!   "required_scopes": ["https://mcp.example.com/mcp/read"]
//! }
//! ```
//!
//! **The pitfall:** access tokens carry no `aud`. `cognito` checks `client_id` instead, and
//! `token_use`, which must be `access`. So all servers that accept an app client accept the same
//! tokens: never share one between two servers.
//!
//! - *Resource binding* solves this: with the Essentials or Plus plan, a client that signs in
//!   through managed login and sends `resource` gets that as `aud`. The documentation names the
//!   authorization code and implicit grants. Then leave `cognito` out. With it, an `aud` that is
//!   present must still match.
//! - Scopes are prefixed with the identifier of their resource server,
//!   `https://mcp.example.com/mcp/read`. Write them in that form everywhere.
//! - Tokens that were not requested at the pool's OAuth endpoints (`InitiateAuth`, for example)
//!   carry none of your scopes.
//! - The issuer is the pool's, not the domain on which users sign in.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
