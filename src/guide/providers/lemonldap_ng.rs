//! LemonLDAP::NG: JWT access tokens and an additional audience for each client.
//!
//! On their side, in the manager, for each relying party:
//!
//! - Turn on *Use JWT format for Access Token*. It is off by default: access tokens are then
//!   opaque.
//! - Add the URL of `resource` to *Additional audiences*. Every access token of the client then
//!   names it; the parameter `resource` is ignored.
//! - Under *Scope rules* add a rule for each of your scopes.
//! - In the OpenID Connect service turn on *Only allow declared scopes*.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://auth.example.com/",
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall in scopes:** by default, a client gets every scope that it requests. A token with
//! `mcp:write` then says nothing. With *Only allow declared scopes*, a client gets the standard
//! scopes and those with a rule.
//!
//! **The pitfall in `aud`:** ID tokens get the same list, the client id and the additional
//! audiences, and the header `typ` does not tell the two apart. Require a scope: ID tokens have
//! none, so `required_scopes` is what rejects them.
//!
//! - The issuer is the URL of the portal, with its slash at the end, unless the service sets
//!   another as its *Issuer identifier*.
//! - Rotation, by the script `rotateOidcKeys`, withdraws the old key at once in version 2.16.
//!   Tokens of it are rejected here as soon as the first token of the new key arrives, or at the
//!   next refresh.
//! - The members of the key set have another order at each request. That is no change of keys here.
//! - Registration of clients is off by default: see [`clients`](super::super::clients).
//! - The package of Debian 12 does not start without modules that it only recommends,
//!   `GD::SecurityImage` and `MIME::Entity` among them.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
