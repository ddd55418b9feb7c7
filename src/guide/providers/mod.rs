//! Identity providers: the settings on their side and in this crate, and the pitfall of each.
//!
//! Every configuration here is a file for [`JwtAuthConfig`](crate::JwtAuthConfig), and a test reads
//! it as such; the builder has methods of the same names. `https://mcp.example.com/mcp` stands for
//! your server: the URL that clients use, byte for byte. Providers change their products; these
//! pages follow their documentation of November 2026. They say so where a statement rests on
//! reports of others, or could not be confirmed.
//!
//! Three questions decide whether a provider fits, and explain most 401s:
//!
//! 1. **Is the access token a JWT?** It then has two dots. Any other token is opaque, and only the
//!    provider can say what it is: [`introspection`](super::introspection), if the provider has it.
//! 2. **What does `aud` contain?** It must be `resource`, or one of `audience`. MCP clients send
//!    the parameter `resource` (RFC 8707); a provider that does not support it puts another value
//!    there, or none.
//! 3. **What does `iss` contain, byte for byte?** A slash at the end counts.
//!
//! The event `refusals` in the log says which check failed
//! ([`troubleshooting`](super::troubleshooting)). Each page names the issuer, as `iss` has it.
//! `required_scopes` holds for every protected route, in addition to the scopes of a route.
//!
//! | provider | `aud` | the pitfall in a few words |
//! | --- | --- | --- |
//! | [`adfs`] | the identifier of the web API | the issuer of access tokens is not the one that the metadata names |
//! | [`auth0`] | the API's identifier | without a tenant setting, `resource` is ignored |
//! | [`authentik`] | the client's id | without a signing key, tokens are signed with the client's secret |
//! | [`better_auth`] ✓ | the requested resource | clients must be linked to the resource |
//! | [`clerk`] | none | only clients whose ids you know in advance |
//! | [`cloudflare_access`] | the application's tag | the token is in a header of its own |
//! | [`cognito`] | none, or the requested resource | app clients take the place of the audience |
//! | [`django_oauth_toolkit`] ✓ | whatever your generator writes | its own access tokens are opaque |
//! | [`entra_id`] | the API's client id | v1 tokens by default; scopes have long and short names |
//! | [`glewlwyd`] ✓ | the requested resource | without a setting, `aud` is the list of scopes |
//! | [`google`] | your client id | access tokens are opaque |
//! | [`keycloak`] | what a mapper adds | without a mapper, `aud` is absent or `account` |
//! | [`kubernetes`] | the requested audience | keys need a certificate and a token |
//! | [`lemonldap_ng`] ✓ | the client's id, and more values by setting | clients get every scope that they request |
//! | [`okta`] | that server's audience | the org server's tokens are not for your API |
//! | [`supabase`] | `authenticated` | every token of the project has the same audience |
//! | [`workos`] | the requested resource | without a `resource`, `aud` is the client id of the whole environment |
//! | [`zitadel`] | the project's id, and client ids | opaque tokens by default |
//!
//! ✓ means that the provider ran in front of the example of this repository, in November 2026, with
//! the settings of its page: tokens, discovery, rotation of keys, and an outage. The scripts are in
//! `tests/interop/issuers`, as are those for oidc-provider, which needs nothing but `resource` and
//! `issuer`. The others run at their vendors or could not be installed, and **none of them was
//! run**.
//!
//! Some of them do not let clients register. [`clients`](super::clients) says what to set in a
//! client then.
//!
//! # Others
//!
//! Any provider that publishes RFC 8414 or OpenID metadata and signs its access tokens works with
//! `resource` and `issuer` alone; keys are found by discovery, or set with `jwks_uri`. If a
//! provider's tokens contain nothing to check beyond `iss`, do not add `danger_allow_any_audience`:
//! any token of that provider would then open the server.

pub mod adfs;
pub mod auth0;
pub mod authentik;
pub mod better_auth;
pub mod clerk;
pub mod cloudflare_access;
pub mod cognito;
pub mod django_oauth_toolkit;
pub mod entra_id;
pub mod glewlwyd;
pub mod google;
pub mod keycloak;
pub mod kubernetes;
pub mod lemonldap_ng;
pub mod okta;
pub mod supabase;
pub mod workos;
pub mod zitadel;
