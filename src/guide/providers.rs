//! Identity providers: what to set on their side, what on ours, and where each one trips people up.
//!
//! Every configuration here is a file for [`JwtAuthConfig`](crate::JwtAuthConfig), and is read as such by a test; the builder has methods of
//! the same names. `https://mcp.example.com/mcp` stands for your server: the URL that clients use, byte for byte. Providers change their
//! products; this is how they documented them in November 2026. What could only be read in reports of others, or not at all, says so.
//!
//! Three questions decide whether a provider fits, and answer most 401s:
//!
//! 1. **Is the access token a JWT?** Two dots. If not, it is opaque, and cannot be verified here.
//! 2. **What is in `aud`?** It must be `resource`, or one of `audience`. MCP clients send the parameter `resource` (RFC 8707); a provider that
//!    does not know it puts something else there, or nothing.
//! 3. **What is in `iss`, to the byte?** A slash at the end counts.
//!
//! With the log level `debug` the event `request_refused` says which check failed.
//!
//! # Auth0
//!
//! On their side:
//!
//! - Applications, APIs: create an API whose *identifier* is the URL of `resource`. Add your scopes as its permissions.
//! - In the API's settings choose the access token profile *RFC 9068*; then `"rfc9068": true` below keeps every other kind of token out by its
//!   type. With the default profile (*Auth0*), leave that line out.
//! - Settings, Advanced: turn on *Resource Parameter Compatibility Profile*. It is off by default, and MCP clients send `resource`, not Auth0's
//!   own `audience`.
//! - For clients that register by themselves: dynamic client registration in the tenant's advanced settings, and at least one connection
//!   promoted to domain level, because such clients are third parties (the latter as others report).
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
//! **The trap:** a client that names no API gets an opaque token, or the error "userinfo audience is not allowed for third party clients". Its
//! `resource` was not looked at. Turn the profile on.
//!
//! - The issuer ends with a slash. With a custom domain, it is `https://login.example.com/`.
//! - `aud` is often a list, with `https://TENANT.auth0.com/userinfo` as second entry. That is fine: one match is enough.
//! - RBAC permissions are in the claim `permissions`, not in the scopes. Read them with [`AuthInfo::claim`](crate::AuthInfo::claim).
//!
//! # Okta
//!
//! On their side:
//!
//! - Security, API: create a *custom authorization server* (the product *API Access Management*) whose *Audience* is the URL of `resource`. Its
//!   *Issuer URI* is what goes below; the one called `default` works too, with `"audience": "api://default"`.
//! - On its tab *Scopes* add yours, and on *Access Policies* a rule that lets your clients and users have them.
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
//! **The trap:** the *org authorization server*, whose issuer is `https://ORG.okta.com` without a path. Its access tokens look like JWTs, but
//! Okta says that nobody but Okta may validate them; their `aud` is Okta itself, so they are refused. The path in the issuer tells the two
//! apart.
//!
//! - `aud` is the server's *Audience*, whatever the client asked for. Hence one authorization server for each MCP server. We could not confirm
//!   that Okta looks at `resource`.
//! - Scopes are a list in `scp`, the client is in `cid`; both are read.
//! - `sub` is the user's login name; the id that never changes is in `uid`. Sessions and principals go by `sub`.
//!
//! # Entra ID
//!
//! On their side, App registrations:
//!
//! - Register an app for the API. In its manifest set `requestedAccessTokenVersion` (`accessTokenAcceptedVersion` in the older format) to `2`.
//!   Unset, an app of one tenant gets v1 tokens, whichever endpoint the client used.
//! - Expose an API: set the *Application ID URI* to the URL of `resource`, on a domain that the tenant has verified; with version 2, URIs other
//!   than `api://..` are allowed. Add a scope such as `Notes.Read`.
//! - Register a client with its redirect URIs, and give it that scope. Entra has no dynamic client registration: MCP clients must be told the
//!   client id.
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
//! **The trap, in `aud`:** in v2 tokens it is always the API's client id, a GUID, never the URL. In v1 tokens it is the client id or the
//! Application ID URI, as the client asked, and the issuer is `https://sts.windows.net/TENANT_ID/`, with a slash; its keys are at
//! `https://login.microsoftonline.com/TENANT_ID/discovery/keys`, which goes into `jwks_uri`. Set the version, and forget v1.
//!
//! **The trap, in scopes:** a client must ask for `https://mcp.example.com/mcp/Notes.Read`, and `scp` then says `Notes.Read`. Challenges repeat
//! what is configured, so a short name there makes clients ask Microsoft Graph for it. Configure the long ones, and say that the short ones
//! are the same:
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
//! - `AADSTS9010010` at sign-in: `resource` and the scopes name different APIs. MCP clients send both, so the Application ID URI has to be the
//!   URL of `resource`. We found no page of Microsoft's about it; reports agree on the cause.
//! - `common`, `organizations` and `consumers` are no issuers: their metadata names a template, `https://login.microsoftonline.com/{tenantid}/v2.0`.
//!   `build` refuses them. List each tenant as an entry of `issuers`.
//! - App-only tokens have `roles` and no scopes. Leave `required_scopes` out for them, and look at `roles` in a
//!   [`check`](crate::JwtAuthConfigBuilder::check).
//! - `sub` differs from app to app for the same user; `oid` is the same within a tenant.
//! - The identifier of a token is `uti`; [`jti`](crate::AuthInfo::jti) is `None`.
//!
//! # Keycloak
//!
//! On their side:
//!
//! - Client scopes: create `mcp:read` and so on, type *Optional*, and add to each a mapper *Audience* whose *Included Custom Audience* is the URL
//!   of `resource`. A client that asks for such a scope gets that `aud`.
//! - Or start Keycloak with `--features=resource-indicators` (experimental in 26.8): then it takes the parameter `resource`, for clients whose
//!   attribute `resource_url` names it, and `aud` holds just that.
//! - Set `hostname`, so that the issuer does not follow the name by which somebody reached it.
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
//! **The trap:** without a mapper there is no `aud`, or `account`. Such a token is good for every service of the realm that does not look.
//!
//! - `"keycloak": true` looks at the claim `typ`, which says `Bearer` in access tokens, `ID` and `Refresh` in others, whose header says `JWT` all
//!   the same.
//! - Older versions have `/auth` before `/realms`. No slash at the end.
//! - *Lightweight* access tokens leave claims out; a mapper has to say *Add to lightweight access token*, the audience mapper first of all.
//! - Roles are in `realm_access` and `resource_access`, not in the scopes.
//! - The realm's key set also holds an encryption key (`RSA-OAEP`), which is skipped and logged.
//!
//! # Amazon Cognito
//!
//! On their side:
//!
//! - In the user pool, create a *resource server* whose identifier is the URL of `resource`, with custom scopes such as `read`.
//! - An app client of its own for each MCP server, with authorization code and PKCE, allowed to ask for those scopes. MCP clients must be told
//!   its id; we found no dynamic client registration.
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
//! **The trap:** access tokens carry no `aud`. `cognito` looks at `client_id` in its place, and at `token_use`, which must be `access`. So
//! whatever accepts the same app client accepts the same tokens: never share one between two servers.
//!
//! - *Resource binding* mends it: with the Essentials or Plus plan, a client that signs in through managed login and sends `resource` gets that
//!   as `aud`. The documentation names the authorization code and implicit grants. Then leave `cognito` out. With it, an `aud` that is there
//!   must match all the same.
//! - Scopes come with the identifier of their resource server before them, `https://mcp.example.com/mcp/read`. Write them so everywhere.
//! - Tokens that were not asked for at the pool's OAuth endpoints (`InitiateAuth`, say) carry none of your scopes.
//! - The issuer is the pool's, not the domain on which users sign in.
//!
//! # WorkOS AuthKit
//!
//! On their side:
//!
//! - Connect, Configuration: add the URL of `resource` as *MCP resource indicator*, and turn on client id metadata documents, and dynamic client
//!   registration for older clients.
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
//! **The trap:** without a `resource`, `aud` is the client id of the *environment*, `client_..`, which is the same for all applications in it.
//! Listing that in `audience` makes tokens that were meant for any of them good here. Tokens of machines (client credentials) always carry
//! it: where you need them, check `client_id` as well, in a [`check`](crate::JwtAuthConfigBuilder::check).
//!
//! - The tokens of AuthKit *sessions* are others: issued by `https://api.workos.com`, without an `aud`. They are refused.
//! - `org_id` says for which organization the user signed in: check it, if your data belongs to one.
//! - The metadata of AuthKit lists `email`, `offline_access`, `openid` and `profile` as scopes. We could not confirm that scopes of your own are
//!   granted, so none are required above.
//!
//! # Google
//!
//! **The trap:** access tokens of Google are opaque. They cannot be verified here, and nothing on Google's side changes that. Nor does it
//! register MCP clients. So a server where people sign in with Google needs an authorization server in between, one of those above, with Google
//! as its upstream; clients then get that server's tokens, and its section applies.
//!
//! What Google does issue as JWT are *ID tokens*. They say who signed in to your client, and nothing about what the client may do. To take
//! them is a decision of its own, for a client that is yours too, and no MCP client sends them by itself:
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
//! - No `resource`: with it the metadata would send MCP clients to Google, from where they return with an opaque token.
//! - No `required_scopes`: there are none in an ID token.
//! - Anybody with a Google account can get one for your client. For a Workspace domain check `hd`, by a
//!   [`check`](crate::JwtAuthConfigBuilder::check); an address that merely ends with your domain is no proof.
//! - Google also documents `accounts.google.com`, without a scheme, as issuer. That one would be an entry of its own in `issuers`, with
//!   `"jwks_uri": "https://www.googleapis.com/oauth2/v3/certs"`.
//! - Its keys are on another host than the issuer: leave `pin_jwks_host` off.
//!
//! # Others
//!
//! Anything that publishes RFC 8414 or OpenID metadata and signs its access tokens works with `resource` and `issuer` alone; keys are found by
//! discovery, or set with `jwks_uri`. Where a provider's tokens say nothing that could be checked beyond `iss`, do not add
//! `danger_allow_any_audience`: then any token of that provider opens the server.
