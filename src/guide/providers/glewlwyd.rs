//! glewlwyd: the OpenID Connect plugin, with resource indicators.
//!
//! On their side, in the parameters of the plugin's instance:
//!
//! - *Issuer* is the URL of the instance: `external_url`, the prefix of the API and the instance's
//!   name, such as `https://auth.example.com/api/oidc`. Nothing enforces that, but discovery finds
//!   the metadata only there.
//! - Turn on *Allow resource indicators*, and list the URL of `resource` for each of your scopes
//!   under *Resource list by scope*.
//! - Provide the keys as a JWK Set in which each key has `kid` and `alg`. The first one signs.
//! - For tokens without a user, turn on *Allow non OIDC but valid OAuth2 requests* and the response
//!   type `client_credentials`.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://auth.example.com/api/oidc",
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** without resource indicators, or for a client that sends no `resource`, `aud` is
//! the list of scopes as one string, such as `"mcp:read"`. Such a token is rejected. Do not list
//! that string in `audience`: every server that shares the scope would accept the token.
//!
//! - Access tokens are JWTs as RFC 9068 describes them, with `typ` `at+jwt`.
//! - To rotate keys, put the new key in front of the old one and reset the instance, by the API or
//!   in the administration page. Without the reset the old keys stay in use.
//! - The plugin `OAuth2` of glewlwyd is another one. Its tokens have neither `iss` nor `aud`.
//! - Registration of clients is off by default: see [`clients`](super::super::clients).
//! - DPoP: turn on *Allow DPoP* in the plugin; it is off by default. It follows a draft of the RFC
//!   (November 2026).
