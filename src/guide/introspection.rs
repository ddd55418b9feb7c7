//! Opaque tokens, and tokens that can be revoked: let the issuer say what a token is (RFC 7662).
//!
//! Without this, only JWTs are accepted, and a token works until `exp`. Turn it on when your issuer
//! gives out opaque tokens, or when a revoked token must stop working within a minute. Otherwise
//! leave it off: each new token then costs a call, and your server depends on the issuer's server.
//!
//! ```
//! # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
//! use tower_jwt_auth::JwtAuthConfig;
//! use tower_jwt_auth::introspection::Introspection;
//!
//! # let secret = "s3cr3t";
//! let config = JwtAuthConfig::builder()
//!     .resource("https://mcp.example.com/mcp")
//!     .issuer("https://idp.example.com")
//!     .introspection(Introspection::new("mcp-server", secret))
//!     .build()?;
//! # }
//! # Ok::<(), tower_jwt_auth::ConfigError>(())
//! ```
//!
//! The same as a part of a file, which keeps the secret in another:
//!
//! ```json
//! {"introspection": {"client_id": "mcp-server", "client_secret_file": "/run/secrets/introspection"}}
//! ```
//!
//! On the side of the issuer, register a client for this server, and let it ask about the tokens of
//! your audience. The endpoint is found in the issuer's metadata if it is on the issuer's own
//! origin; otherwise set `endpoint`. In place of `client_secret_file`, `private_key_file` signs the
//! calls (`private_key_jwt`), and `"auth": "post"` sends the secret in the body.
//! [`Introspection`](crate::introspection::Introspection) has the other settings.
//!
//! # Which tokens are asked about
//!
//! | `tokens` | opaque tokens | JWTs | choose it when |
//! | --- | --- | --- | --- |
//! | `"opaque"`, the default | asked about | verified here, shown to nobody | clients have both kinds |
//! | `"also_jwts"` | asked about | verified here, then asked about too | JWTs must be revocable |
//! | `"only"` | asked about | asked about, not verified here | the issuer publishes no keys |
//!
//! A token is shown to its own issuer and to nobody else. With several issuers, each that is asked
//! needs a `token_prefix`, by which its opaque tokens are told from those of others.
//!
//! # What an answer must say
//!
//! - `active` is `true`, and `aud` names this server.
//! - `exp`, `nbf`, `iat`, if they are there, hold as for a JWT. Without `exp`, `max_age` alone
//!   bounds the answer.
//! - It is about an access token. Some endpoints call refresh tokens active too.
//! - `iss`, if it is there, is the issuer.
//!
//! An answer without `aud` is refused, although RFC 7662 allows it: a token of another service
//! would work here. If your issuer cannot add `aud`, `danger_allow_missing_audience` says what you
//! give up. Handlers see the answer as if it were the claims of a JWT:
//! [`AuthInfo`](crate::AuthInfo) has no other methods for it.
//!
//! # How long an answer counts
//!
//! | answer | counts for | because |
//! | --- | --- | --- |
//! | active | `max_age`, 60 s; never past `exp` | the longest that a revoked token goes on working |
//! | not active | `negative_max_age`, 5 s | a new token may not have reached every replica of the issuer |
//! | none, or a fault | not at all | the next request asks again |
//!
//! While an answer counts, requests cost no call. Before it ends it is renewed in the background,
//! so callers that come often never wait. All requests with the same token share one call. To end a
//! token at once, use a [`check`](crate::config::JwtAuthConfigBuilder::check) against a list of
//! your own, or `max_age` of `"0s"`, which asks for each request.
//!
//! # When the endpoint fails
//!
//! | what happens | response | what to do |
//! | --- | --- | --- |
//! | no answer, 429, 5xx | 503 with `Retry-After`; calls pause for 1 s, doubling to 30 s | The event `introspection_failed` names the cause. JWTs, other issuers and tokens whose answer counts are not affected |
//! | 401 or 403 of the endpoint | 503 | `introspection_refused`: this server's own credentials are wrong. Secret files are read again first |
//! | no endpoint in the metadata, or one on another origin | 503 | `introspection_refused`, with this reason: set `endpoint` |
//! | "not active" for tokens that are good | 401, `token_not_active` | The client `mcp-server` may not see such tokens: look at its set-up at the issuer |
//! | an answer without `aud` | 401, `claim_missing` | Let the issuer add it |
//!
//! It is never 401 for what was not asked: clients would throw good tokens away.
//! `danger_max_stale` serves old answers during an outage, at the price that a revoked token works
//! on.
//!
//! # Signed answers
//!
//! With `"jwt_response": "required"` the endpoint must sign its answers (RFC 9701), with a key of
//! the issuer, for this server. A plain answer is then a fault of the endpoint.
//!
//! # At the providers
//!
//! | provider | the client for this server | what to know |
//! | --- | --- | --- |
//! | Keycloak | a confidential client of the realm, with client id and secret | The answer holds what a token would hold: the audience mapper needs *Add to token introspection*. It helps with *lightweight* tokens, which leave claims out |
//! | Okta | a client of the same custom authorization server, with client id and secret | Tokens are JWTs anyway, so this is for revocation: `"tokens": "also_jwts"`. `aud` is the server's audience |
//! | Zitadel | an application of the type *API* in the project, with *Basic* or *private key JWT* | `aud` lists the project's id. Tokens of another project are "not active" for it, unless the client requested your project's audience |
//! | django-oauth-toolkit ✓ | a confidential application, or a token with the scope `introspection` | Its metadata does not name the endpoint: set `"endpoint": "https://HOST/o/introspect/"` |
//! | glewlwyd ✓ | a confidential client, with `introspection-revocation-allowed` and `introspection-revocation-allow-target-client` in the plugin | Tokens are JWTs: `"tokens": "also_jwts"` |
//! | oidc-provider ✓ | a client without grants; `introspection_signed_response_alg` for signed answers | Nothing: the endpoint is in its metadata |
//! | GitHub and the like | none: there is no endpoint of RFC 7662 | Implement [`Introspector`](crate::introspection::Introspector) with the provider's own call (`POST /applications/CLIENT_ID/token` at GitHub), and answer with `aud` only for tokens of your own application |
//!
//! ✓ means that the provider ran in front of the example of this repository, in November 2026: its
//! tokens, and a revocation at its endpoint. The other rows follow the providers' documentation.
