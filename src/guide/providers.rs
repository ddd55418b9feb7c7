//! Identity providers: the settings on their side and in this crate, and the pitfall of each.
//!
//! Every configuration here is a file for [`JwtAuthConfig`](crate::JwtAuthConfig), and a test reads
//! it as such; the builder has methods of the same names. `https://mcp.example.com/mcp` stands for
//! your server: the URL that clients use, byte for byte. Providers change their products; this page
//! follows their documentation of November 2026. It says so where a statement rests on reports of
//! others, or could not be confirmed.
//!
//! Three questions decide whether a provider fits, and explain most 401s:
//!
//! 1. **Is the access token a JWT?** It then has two dots. Any other token is opaque and cannot be
//!    verified here.
//! 2. **What does `aud` contain?** It must be `resource`, or one of `audience`. MCP clients send
//!    the parameter `resource` (RFC 8707); a provider that does not support it puts another value
//!    there, or none.
//! 3. **What does `iss` contain, byte for byte?** A slash at the end counts.
//!
//! At the log level `debug` the event `request_refused` says which check failed.
//!
//! # Auth0
//!
//! On their side:
//!
//! - Applications, APIs: create an API whose *identifier* is the URL of `resource`. Add your scopes
//!   as its permissions.
//! - In the API's settings choose the access token profile *RFC 9068*; `"rfc9068": true` below then
//!   rejects every other kind of token by its type. With the default profile (*Auth0*), leave that
//!   line out.
//! - Settings, Advanced: turn on *Resource Parameter Compatibility Profile*. It is off by default,
//!   and MCP clients send `resource`, not Auth0's own `audience`.
//! - For clients that register by themselves: dynamic client registration in the tenant's advanced
//!   settings, and at least one connection promoted to domain level, because such clients are third
//!   parties (the latter as others report).
//!
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://TENANT.auth0.com/",
//!   "rfc9068": true,
//!   "required_scopes": ["mcp:read"]
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! **The pitfall:** a client that names no API gets an opaque token, or the error "userinfo
//! audience is not allowed for third party clients". Auth0 ignored its `resource`. Turn the profile
//! on.
//!
//! - The issuer ends with a slash. With a custom domain, it is `https://login.example.com/`.
//! - `aud` is often a list, with `https://TENANT.auth0.com/userinfo` as its second entry. That is
//!   fine: one match is enough.
//! - RBAC permissions are in the claim `permissions`, not in the scopes. Read them with
//!   [`AuthInfo::claim`](crate::AuthInfo::claim).
//!
//! # Okta
//!
//! On their side:
//!
//! - Security, API: create a *custom authorization server* (the product *API Access Management*)
//!   whose *Audience* is the URL of `resource`. Its *Issuer URI* is the `issuer` below; the server
//!   called `default` works too, with `"audience": "api://default"`.
//! - Add your scopes on its tab *Scopes*, and on *Access Policies* a rule that grants them to your
//!   clients and users.
//!
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://ORG.okta.com/oauth2/AUTHORIZATION_SERVER_ID",
//!   "required_scopes": ["mcp:read"]
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! **The pitfall:** the *org authorization server*, whose issuer is `https://ORG.okta.com` without
//! a path. Its access tokens look like JWTs, but Okta says that nobody but Okta may validate them;
//! their `aud` is Okta itself, so they are rejected. The path in the issuer distinguishes the two
//! servers.
//!
//! - `aud` is the server's *Audience*, whatever the client requested. Therefore each MCP server
//!   needs its own authorization server. We could not confirm that Okta uses `resource`.
//! - Scopes are a list in `scp`, the client is in `cid`; both are read.
//! - `sub` is the user's login name; the id that never changes is in `uid`. Sessions and principals
//!   use `sub`.
//!
//! # Entra ID
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
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://login.microsoftonline.com/TENANT_ID/v2.0",
//!   "audience": "CLIENT_ID_OF_THE_API",
//!   "scopes_supported": ["https://mcp.example.com/mcp/Notes.Read"]
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
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
//!
//! # Keycloak
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
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://HOST/realms/REALM",
//!   "keycloak": true,
//!   "required_scopes": ["mcp:read"]
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
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
//!
//! # Amazon Cognito
//!
//! On their side:
//!
//! - In the user pool, create a *resource server* whose identifier is the URL of `resource`, with
//!   custom scopes such as `read`.
//! - Create a separate app client for each MCP server, with authorization code and PKCE, and allow
//!   it those scopes. MCP clients must be configured with its id; we found no dynamic client
//!   registration.
//!
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://cognito-idp.REGION.amazonaws.com/POOL_ID",
//!   "cognito": {"client_ids": ["APP_CLIENT_ID"]},
//!   "required_scopes": ["https://mcp.example.com/mcp/read"]
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! **The pitfall:** access tokens carry no `aud`. `cognito` checks `client_id` instead, and
//! `token_use`, which must be `access`. So all servers that accept an app client accept the same
//! tokens: never share one between two servers.
//!
//! - *Resource binding* solves this: with the Essentials or Plus plan, a client that signs in
//!   through managed login and sends `resource` gets that as `aud`. The documentation names the
//!   authorization code and implicit grants. Then leave `cognito` out. With it, an `aud` that is
//!   present must still match.
//! - Scopes are prefixed with the identifier of their resource server,
//!   `https://mcp.example.com/mcp/read`. Write them in that form everywhere.
//! - Tokens that were not requested at the pool's OAuth endpoints (`InitiateAuth`, for example)
//!   carry none of your scopes.
//! - The issuer is the pool's, not the domain on which users sign in.
//!
//! # WorkOS AuthKit
//!
//! On their side:
//!
//! - Connect, Configuration: add the URL of `resource` as *MCP resource indicator*, and turn on
//!   client id metadata documents, and dynamic client registration for older clients.
//!
//! ```
//! let file = r#"{
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://SUBDOMAIN.authkit.app"
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! **The pitfall:** without a `resource`, `aud` is the client id of the *environment*, `client_..`,
//! which is the same for all its applications. If you list that in `audience`, tokens meant for any
//! of them are valid here. Tokens of machines (client credentials) always carry it: if you need
//! them, also check `client_id` in a [`check`](crate::config::JwtAuthConfigBuilder::check).
//!
//! - The tokens of AuthKit *sessions* are different: `https://api.workos.com` issues them, without
//!   an `aud`. They are rejected.
//! - `org_id` names the organization for which the user signed in: check it if your data belongs to
//!   one.
//! - The metadata of AuthKit lists `email`, `offline_access`, `openid` and `profile` as scopes. We
//!   could not confirm that your own scopes are granted, so none are required above.
//!
//! # Google
//!
//! **The pitfall:** Google's access tokens are opaque. They cannot be verified here, and no setting
//! at Google changes that. Google does not register MCP clients either. So a server where people
//! sign in with Google needs an authorization server in between, one of those above, with Google as
//! its upstream; clients then get that server's tokens, and its section applies.
//!
//! The JWTs that Google issues are *ID tokens*. They say who signed in to your client, and nothing
//! about what the client may do. Accepting them is a separate decision, for a client that is also
//! yours, and no MCP client sends them by itself:
//!
//! ```
//! let file = r#"{
//!   "issuer": "https://accounts.google.com",
//!   "audience": "NUMBER-ID.apps.googleusercontent.com"
//! }"#;
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))]
//! # serde_json::from_str::<tower_jwt_auth::JwtAuthConfig>(file)?;
//! # Ok::<(), serde_json::Error>(())
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
//!
//! # Others
//!
//! Any provider that publishes RFC 8414 or OpenID metadata and signs its access tokens works with
//! `resource` and `issuer` alone; keys are found by discovery, or set with `jwks_uri`. If a
//! provider's tokens contain nothing to check beyond `iss`, do not add `danger_allow_any_audience`:
//! any token of that provider would then open the server.
