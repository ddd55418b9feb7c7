//! Keycloak: an audience mapper.
//!
//! On their side:
//!
//! - Client scopes: create `mcp:read` and so on, type *Optional*, and add to each a mapper
//!   *Audience* whose *Included Custom Audience* is the URL of `resource`. A client that requests
//!   such a scope gets that `aud`.
//! - Or start Keycloak with `--features=resource-indicators` (experimental in 26.8): it then
//!   supports the parameter `resource`, for clients whose attribute `resource_url` names it, and
//!   `aud` contains only that.
//! - Set `hostname`, so that the issuer does not depend on the host name of the request.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://HOST/realms/REALM",
//!   "keycloak": true,
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** without a mapper there is no `aud`, or it is `account`. Any service of the
//! realm that does not check `aud` accepts such a token.
//!
//! - `"keycloak": true` checks the claim `typ`, which is `Bearer` in access tokens and `ID` or
//!   `Refresh` in others; the `typ` of the header is `JWT` in all of them.
//! - Older versions have `/auth` before `/realms`. There is no slash at the end.
//! - *Lightweight* access tokens leave claims out; a mapper has to say *Add to lightweight access
//!   token*, the audience mapper first of all.
//! - Roles are in `realm_access` and `resource_access`, not in the scopes.
//! - The realm's key set also contains an encryption key (`RSA-OAEP`), which is skipped and logged.
//! - Lightweight or revocable tokens: let the server ask about them, see
//!   [`introspection`](crate::guide::introspection). The client that asks is confidential, and the
//!   audience mapper says *Add to token introspection*.
//! - DPoP: since 26.4, a client that sends a proof gets a bound token, without a setting. The
//!   switch *Require DPoP bound tokens* of a client refuses token requests without one (November
//!   2026).
