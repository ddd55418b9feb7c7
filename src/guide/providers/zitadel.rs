//! Zitadel: JWT access tokens for each application, and the project as audience.
//!
//! On their side:
//!
//! - Create a project, and in it an application for each MCP client, with authorization code and
//!   PKCE. We found no dynamic client registration.
//! - In the application's token settings select the access token type *JWT*. Service accounts have
//!   the same setting.
//! - Clients of another project name yours by the scope
//!   `urn:zitadel:iam:org:project:id:PROJECT_ID:aud`.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://INSTANCE.REGION.zitadel.cloud",
//!   "audience": "PROJECT_ID"
//! }
//! ```
//!
//! **The pitfall:** the default access token type is opaque. Each application has its own setting,
//! so one client can work and the next get 401.
//!
//! - `aud` is a list: client ids, and the project's id. The URL of your server is not in it, so
//!   every application of the project can call every server that accepts the project's id. Give
//!   each server a project of its own.
//! - We could not confirm that access tokens carry your own scopes, so none are required above.
//!   Roles are in `urn:zitadel:iam:org:project:roles`, an object: inspect it in a
//!   [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - With a custom domain, that is the issuer.
//! - Opaque tokens: add an application of the type *API* to the project and set
//!   [`introspection`](crate::guide::introspection) with its id and secret; `aud` of the answer
//!   lists the project's id, as in a JWT.
//! - DPoP: there is none; the request for it is open (November 2026). Its tokens are bound to no
//!   key.
