//! Several issuers: tokens of users and of machines, of several tenants, or of an old and a new
//! provider.
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
//! use tower_jwt_auth::JwtAuthConfig;
//! use tower_jwt_auth::config::Issuer;
//!
//! let config = JwtAuthConfig::builder()
//!     .resource("https://api.example.com")
//!     .add_issuer(Issuer::new("https://users.example.com").required_scopes(["notes:read"]))
//!     .add_issuer(Issuer::new("https://machines.example.com").audience("api://notes").advertise(false))
//!     .build()?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! The same as a file:
//!
//! ```json
//! {
//!   "resource": "https://api.example.com",
//!   "issuers": [
//!     {"issuer": "https://users.example.com", "required_scopes": ["notes:read"]},
//!     {"issuer": "https://machines.example.com", "audience": "api://notes", "advertise": false}
//!   ]
//! }
//! ```
//!
//! # What is shared, and what is not
//!
//! - **The token chooses.** Its `iss` names one of the issuers, byte for byte. Only the keys and
//!   the rules of that issuer count. A token of one issuer that is signed with the key of another
//!   is rejected, and no second issuer is tried.
//! - **Keys are never shared.** Each issuer has its own keys and its own task that fetches them. An
//!   issuer that is down or slow does not affect another.
//! - **Rules are inherited.** What an entry does not set, it takes from the top level: its
//!   audience, algorithms, scopes, leeway, cache times and more. The
//!   [`JwtAuthConfig`](crate::JwtAuthConfig) page has the list.
//! - **A subject belongs to its issuer.** Two issuers may give the subject `42` to two people. Key
//!   your data by issuer and subject, or by [`principal`](crate::AuthInfo::principal), which
//!   contains both.
//!
//! # Which issuer a user signs in at
//!
//! The resource metadata lists all issuers, in the order of the configuration. Some MCP clients
//! take the first one, and others ask their user. Leave out an issuer at which no user can sign in,
//! such as one of CI jobs, with [`advertise(false)`](crate::config::Issuer::advertise).
//!
//! # When one of them is down
//!
//! Its tokens get 503 once its keys are older than `max_stale`, and the tokens of the others are
//! accepted as before. [`is_ready`](crate::keys::KeysHealth::is_ready) asks for the keys of all
//! issuers. A process that may serve without some of them looks at each:
//!
//! ```
//! use tower_jwt_auth::JwtAuthLayer;
//!
//! /// Machines may have to wait, and users may not.
//! fn is_ready(auth: &JwtAuthLayer) -> bool {
//!     let health = auth.keys_health();
//!     let mut users = health.issuers.iter().filter(|of| of.issuer.contains("users"));
//!     users.all(|issuer| issuer.ready)
//! }
//! ```
//!
//! # Tenants
//!
//! Some providers have an issuer for each tenant (Entra ID, Auth0 organisations with their own
//! domains). Add one entry per tenant. A shared name such as `common` is not the `iss` of any
//! token. If one issuer serves all tenants and names them in a claim, compare that claim in a
//! [`check`](crate::config::JwtAuthConfigBuilder::check).
//!
//! # From an old issuer to a new one
//!
//! 1. Add the new issuer behind the old one, and deploy. Tokens of both are accepted.
//! 2. Let the new one be the first in the list, so that clients sign in there.
//! 3. Remove the old one when its last token has expired.
//!
//! # Rules per route
//!
//! An issuer is trusted on all routes of its layer. If some routes are for machines alone, give
//! them a layer of their own, with another `resource` and [`keys_of`] for what both have in common;
//! or look at [`AuthInfo::issuer`](crate::AuthInfo::issuer) in the handler.
//!
//! The example `multi_issuer` runs all of this without a network.
//!
//! [`keys_of`]: crate::config::JwtAuthConfigBuilder::keys_of
