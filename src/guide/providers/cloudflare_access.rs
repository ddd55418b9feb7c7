//! Cloudflare Access: a token in a header of its own, set by a proxy.
//!
//! On their side:
//!
//! - Put a self-hosted application in front of your server. Its *Application Audience (AUD) tag* is
//!   the `audience` below.
//! - Make sure that nobody reaches your server past Cloudflare: with a tunnel, or a firewall.
//!
//! ```json
//! {
//!   "issuer": "https://TEAM.cloudflareaccess.com",
//!   "jwks_uri": "https://TEAM.cloudflareaccess.com/cdn-cgi/access/certs",
//!   "audience": "APPLICATION_AUD_TAG",
//!   "token_sources": [{"header": "Cf-Access-Jwt-Assertion"}]
//! }
//! ```
//!
//! **The pitfall:** the token arrives in `Cf-Access-Jwt-Assertion`, never in `Authorization`, so
//! without [`token_sources`](crate::config::JwtAuthConfigBuilder::token_sources) the layer answers
//! every request with 401. A browser also sends the token as the cookie `CF_Authorization`; use the
//! header, because a cookie needs protection against cross-site requests.
//!
//! - No `resource`: the proxy signs users in before a request reaches you, so clients have nothing
//!   to find in the metadata.
//! - Keys change every six weeks, and the old ones stay published for seven days. They are not
//!   found by discovery, hence `jwks_uri`.
//! - There is no client id and there are no scopes. `sub` is the user; it is empty for a *service
//!   token*, whose id is in `common_name`: tell them apart in a
//!   [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - A token with `"type": "org"` is for Cloudflare itself. It has another audience and is
//!   rejected.
//! - DPoP: we found no support for it in November 2026. The proxy, and not the client, sends the
//!   token.
