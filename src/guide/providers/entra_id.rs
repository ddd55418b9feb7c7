//! Entra ID: v2 tokens, and long scope names.
//!
//! On their side, App registrations:
//!
//! - Register an app for the API. In its manifest set `requestedAccessTokenVersion`
//!   (`accessTokenAcceptedVersion` in the older format) to `2`. Without it, a single-tenant app
//!   gets v1 tokens, whichever endpoint the client used.
//! - Expose an API: set the *Application ID URI* to the URL of `resource`, on a domain that the
//!   tenant has verified; with version 2, URIs other than `api://..` are allowed. Add a scope such
//!   as `Notes.Read`.
//! - Register a client with its redirect URIs, and grant it that scope. Entra has no dynamic client
//!   registration: MCP clients must be configured with the client id.
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://login.microsoftonline.com/TENANT_ID/v2.0",
//!   "audience": "CLIENT_ID_OF_THE_API",
//!   "scopes_supported": ["https://mcp.example.com/mcp/Notes.Read"]
//! }
//! ```
//!
//! **The pitfall in `aud`:** in v2 tokens it is always the API's client id, a GUID, never the URL.
//! In v1 tokens it is the client id or the Application ID URI, whichever the client requested, and
//! the issuer is `https://sts.windows.net/TENANT_ID/`, with a slash; its keys are at
//! `https://login.microsoftonline.com/TENANT_ID/discovery/keys`, which goes into `jwks_uri`. Set
//! the version, and forget v1.
//!
//! **The pitfall in scopes:** a client must request `https://mcp.example.com/mcp/Notes.Read`, and
//! `scp` then contains `Notes.Read`. Challenges repeat the configured scopes, so a short name there
//! makes clients request it from Microsoft Graph. Configure the long names, and declare that the
//! short ones imply them:
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use tower_jwt_auth::{JwtAuthConfig, JwtVerifier};
//! # let issuer = tower_jwt_auth::test_util::TestIssuer::start();
//! # let builder = JwtAuthConfig::builder().issuer(issuer.issuer()).audience("CLIENT_ID_OF_THE_API");
//! const API: &str = "https://mcp.example.com/mcp/";
//!
//! let config = builder
//!     .resource("https://mcp.example.com/mcp")
//!     .required_scopes([format!("{API}Notes.Read")])
//!     .scope_hierarchy(|granted, needed| needed.strip_prefix(API) == Some(granted))
//!     .build()?;
//! # let verifier = JwtVerifier::new(config);
//! # let token = issuer.mint("CLIENT_ID_OF_THE_API").header("typ", "JWT");
//! # assert!(verifier.verify(&token.clone().claim("scp", "Notes.Read").sign()).await.is_ok());
//! # let refused = verifier.verify(&token.claim("scp", "Notes").sign()).await.unwrap_err();
//! # let challenge = refused.www_authenticate().unwrap().to_str()?;
//! # assert!(challenge.contains(r#"scope="https://mcp.example.com/mcp/Notes.Read""#));
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "aws_lc_rs", feature = "reqwest", feature = "test-util")))]
//! # fn main() {}
//! ```
//!
//! - `AADSTS9010010` at sign-in: `resource` and the scopes name different APIs. MCP clients send
//!   both, so the Application ID URI has to be the URL of `resource`. We found no Microsoft page
//!   about it; reports agree on the cause.
//! - `common`, `organizations` and `consumers` are not issuers: their metadata names a template,
//!   `https://login.microsoftonline.com/{tenantid}/v2.0`. `build` rejects them. List each tenant as
//!   an entry of `issuers`.
//! - App-only tokens have `roles` and no scopes. Leave `required_scopes` empty for them, and
//!   inspect `roles` in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//! - `sub` differs from app to app for the same user; `oid` is the same within a tenant.
//! - The identifier of a token is in `uti`; [`jti`](crate::AuthInfo::jti) is `None`.
//! - DPoP: we found no support for it in November 2026. The proof of possession of MSAL is another
//!   scheme, with signed requests, which this crate does not know.
