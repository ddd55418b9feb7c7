//! django-oauth-toolkit: a generator that writes JWTs.
//!
//! On their side, in `OAUTH2_PROVIDER` of the Django settings:
//!
//! - `ACCESS_TOKEN_GENERATOR` names a function of yours that takes the request and returns the
//!   token. Below is one for version 3.4.
//! - `REFRESH_TOKEN_GENERATOR` is `"oauthlib.oauth2.rfc6749.tokens.random_token_generator"`.
//! - `OIDC_ENABLED` is `True`, with a key in `OIDC_RSA_PRIVATE_KEY`: the key set and the metadata
//!   come with OpenID Connect.
//! - `OIDC_ISS_ENDPOINT` is the URL under which `oauth2_provider.urls` are mounted, without a slash
//!   at the end. Left empty, it follows the host name of each request.
//!
//! ```python
//! def access_token(request):
//!     key = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
//!     now = int(time.time())
//!     claims = {
//!         "iss": oauth2_settings.OIDC_ISS_ENDPOINT,
//!         "sub": str(request.user.pk) if request.user else request.client.client_id,
//!         "aud": request.resource,
//!         "client_id": request.client.client_id,
//!         "scope": " ".join(request.scopes),
//!         "iat": now,
//!         "exp": now + request.expires_in,
//!         "jti": str(uuid.uuid4()),
//!     }
//!     header = {"alg": "RS256", "typ": "at+jwt", "kid": key.thumbprint()}
//!     token = jwcrypto.jwt.JWT(header=header, claims=claims)
//!     token.make_signed_token(key)
//!     return token.serialize()
//! ```
//!
//! ```json
//! {
//!   "resource": "https://mcp.example.com/mcp",
//!   "issuer": "https://auth.example.com/o",
//!   "rfc9068": true,
//!   "required_scopes": ["mcp:read"]
//! }
//! ```
//!
//! **The pitfall:** without a generator of yours, access tokens are random texts, whatever else is
//! set. With one, but without `REFRESH_TOKEN_GENERATOR`, it makes the refresh tokens too: they are
//! then valid access tokens.
//!
//! - The toolkit compares `resource` with the user's grant only after the generator has run. A
//!   request that fails this check returns no token.
//! - A client that does not repeat `resource` at the token endpoint gets a token whose `aud` is
//!   null from this generator, which is rejected. MCP clients repeat it.
//! - To rotate keys, move the old key to `OIDC_RSA_PRIVATE_KEYS_INACTIVE` and restart Django.
//! - Clients register by themselves with `DCR_ENABLED` and `CIMD_ENABLED`, both off by default. The
//!   metadata of RFC 8414 must be at the root of the host for some clients: mount
//!   `metadata_urlpatterns` there.
//! - DPoP: we found no support for it in November 2026. Its tokens are bound to no key.
