//! Google: ID tokens only.
//!
//! **The pitfall:** Google's access tokens are opaque. They cannot be verified here, and no setting
//! at Google changes that. Google does not register MCP clients either. So a server where people
//! sign in with Google needs an authorization server in between, another one of
//! [`providers`](super), with Google as its upstream; clients then get that server's tokens, and
//! its page applies.
//!
//! The JWTs that Google issues are *ID tokens*. They say who signed in to your client, and nothing
//! about what the client may do. Accepting them is a separate decision, for a client that is also
//! yours, and no MCP client sends them by itself:
//!
//! ```json
//! {
//!   "issuer": "https://accounts.google.com",
//!   "audience": "NUMBER-ID.apps.googleusercontent.com"
//! }
//! ```
//!
//! - No `resource`: with it the metadata would send MCP clients to Google, from where they return
//!   with an opaque token.
//! - No `required_scopes`: an ID token has none.
//! - Anybody with a Google account can get an ID token for your client. For a Workspace domain
//!   check `hd`, in a [`check`](crate::config::JwtAuthConfigBuilder::check); an address that merely
//!   ends with your domain is no proof.
//! - Google also documents `accounts.google.com`, without a scheme, as issuer. It needs its own
//!   entry in `issuers`, with `"jwks_uri": "https://www.googleapis.com/oauth2/v3/certs"`.
//! - Its keys are on another host than the issuer: leave `pin_jwks_host` off.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
