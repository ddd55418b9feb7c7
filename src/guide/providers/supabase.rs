//! Supabase: one audience for the whole project, unless a hook changes it.
//!
//! On their side:
//!
//! - Authentication, OAuth Server: turn on the OAuth 2.1 server, and dynamic client registration if
//!   MCP clients shall register by themselves. You write the consent page yourself.
//! - JWT signing keys: migrate to asymmetric signing keys (ES256). Projects with the legacy secret
//!   sign with HS256, which no other server can verify.
//! - Auth Hooks: a *custom access token hook* that sets `aud` to the URL of `resource` for tokens
//!   with a `client_id`.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://REF.supabase.co/auth/v1"
//! }
//! ```
//!
//! **The pitfall:** without the hook, `aud` is `authenticated` in every token of the project, and
//! the parameter `resource` is ignored, as others report. If you list that in `audience`, the
//! tokens of your web pages open this server too. Then at least require a `client_id`, which only
//! tokens of OAuth clients carry, in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//!
//! - The hook runs for every token of the project: leave those without `client_id` as they are, or
//!   your own pages lose access to the database.
//! - Access tokens carry no scopes, as their documentation shows them, so none are required above.
//! - The keys `anon` and `service_role` of older projects are JWTs too. They have another issuer
//!   and no `aud`, so they are rejected.
//! - The key set is cached at Supabase's edge for ten minutes. Create a standby key longer than
//!   that before you rotate to it: until the set contains it, its tokens get 401.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
