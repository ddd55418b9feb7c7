//! The settings of one issuer, and their setters. Long, because each setter documents its effect,
//! default and errors.

use super::credentials::credential_setters;
use super::settings::Settings;

/// One of several trusted issuers: the rules for its tokens, and where its keys come from.
///
/// Settings that are absent here are taken from the
/// [builder](crate::config::JwtAuthConfigBuilder): audience, clients without audience, algorithms,
/// required scopes, scope claims, whether it is advertised, leeway, maximum token age, cache times,
/// and the rules `rfc9068`, `cognito`, `keycloak`, `pin_jwks_host` and `require_bound_tokens`. Keys
/// are never shared: the `iss` of a token selects one issuer, and only that issuer's keys verify
/// it. Nor is `introspection`, if there are several issuers.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
/// use tower_jwt_auth::config::Issuer;
///
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .add_issuer(Issuer::new("https://users.example.com"))
///     .add_issuer(Issuer::new("https://machines.example.com").audience("api://mcp"))
///     .build()?;
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Issuer {
    pub(super) issuer: String,
    pub(super) settings: Settings,
}

impl Issuer {
    /// Trusts `issuer`. It is compared byte for byte with the `iss` of tokens.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            ..Self::default()
        }
    }
}

/// The setters that the builder and an issuer share, documented once for both.
macro_rules! issuer_setters {
    ($type:ty, $($path:ident).+) => {
        impl $type {
            /// Accepts tokens that name `audience` in `aud`, compared byte for byte. May be called
            /// several times; a token must name at least one of the audiences.
            ///
            /// Default: `resource`. If the issuer spells it differently, list both spellings. An
            /// [`Issuer`](crate::config::Issuer) with audiences of its own uses only these,
            /// whatever the builder sets.
            ///
            /// # Errors
            ///
            /// `build` rejects an empty audience, and a combination with
            /// `danger_allow_any_audience` on the same builder or issuer.
            pub fn audience(mut self, audience: impl Into<String>) -> Self {
                self.$($path).+.audience.get_or_insert_default().push(audience.into());
                self
            }

            /// Accepts only tokens signed with one of these algorithms.
            ///
            /// Default: every asymmetric algorithm that this crate supports. The key restricts them
            /// further: an EC key never verifies an `RS256` token (RFC 8725 §3.1).
            ///
            /// Names as text work too: `.algorithms(["RS256", "ES256"])`.
            ///
            /// # Errors
            ///
            /// `build` rejects an empty list, an algorithm that is not supported, and `HS*` unless
            /// the key is a static secret.
            pub fn algorithms<A>(mut self, algorithms: impl IntoIterator<Item = A>) -> Self
            where
                A: TryInto<$crate::Algorithm, Error: Into<$crate::error::UnsupportedAlgorithm>>,
            {
                let read = |algorithm: A| algorithm.try_into().map_err(Into::into);
                self.$($path).+.algorithms = Some(algorithms.into_iter().map(read).collect());
                self
            }

            /// Requires these scopes for every operation: a request whose valid token lacks one of
            /// them gets 403. Challenges and the resource metadata list the scopes.
            ///
            /// Default: none.
            ///
            /// # Errors
            ///
            /// `build` rejects an empty list, `offline_access`, and scopes that a challenge cannot
            /// carry.
            pub fn required_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.required_scopes = Some(scopes.into_iter().map(Into::into).collect());
                self
            }

            /// Tolerates this much clock difference when checking `exp`, `nbf` and `iat`.
            ///
            /// Default: [60 seconds](crate::limits::DEFAULT_LEEWAY). A larger value lets expired
            /// tokens live longer (RFC 7519 §4.1.4).
            ///
            /// # Errors
            ///
            /// `build` rejects more than [5 minutes](crate::limits::MAX_LEEWAY).
            pub fn leeway(mut self, leeway: std::time::Duration) -> Self {
                self.$($path).+.leeway = Some(leeway);
                self
            }
            /// Sets when keys are fetched and how long they are used. Times that `times` leaves
            /// unset keep the value of an earlier call.
            pub fn jwks_cache(mut self, times: $crate::config::JwksCache) -> Self {
                let old = self.$($path).+.jwks_cache;
                self.$($path).+.jwks_cache = times.or(old);
                self
            }

            /// Accepts only tokens that follow RFC 9068 strictly: `typ` is `at+jwt`, and `sub`,
            /// `client_id`, `iat` and `jti` are present.
            ///
            /// Default: off, because Auth0, Entra ID, Keycloak and Okta issue other tokens unless
            /// configured to follow it.
            pub fn rfc9068(mut self) -> Self {
                self.$($path).+.rfc9068 = true;
                self
            }

            /// Accepts access tokens of an Amazon Cognito user pool that were issued to one of
            /// these app clients.
            ///
            /// Cognito puts no `aud` into an access token unless the client requested a resource.
            /// Therefore the token's `client_id` must be listed here and its `token_use` must be
            /// `access`; an `aud`, if present, must match as usual. Every server that lists the
            /// same app client accepts the same tokens, so use a separate one for each server.
            ///
            /// Default: off; a token without `aud` is rejected.
            ///
            /// # Errors
            ///
            /// `build` rejects an empty list, and a combination with `keycloak` or `rfc9068`.
            pub fn cognito<S: Into<String>>(mut self, client_ids: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.cognito = Some(client_ids.into_iter().map(Into::into).collect());
                self
            }

            /// Accepts tokens without `aud` if they were issued to one of these clients.
            ///
            /// Clerk and some set-ups of Keycloak issue such tokens. Each client must be one of
            /// yours, because a token without `aud` works at every server that accepts its client.
            /// The client of a token is the first of `azp`, `client_id`, `cid` and `appid` that is
            /// not empty, without an `azp` that is a web origin. If `azp` and `client_id` differ,
            /// both must be listed. A token with an `aud` must name this server as usual.
            ///
            /// Default: none; a token without `aud` is rejected (RFC 7519 §4.1.3).
            ///
            /// # Errors
            ///
            /// `build` rejects an empty list, and a combination with `rfc9068`, which requires
            /// `aud`.
            pub fn danger_missing_audience_for_clients<S: Into<String>>(mut self, client_ids: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.clients_without_audience = Some(client_ids.into_iter().map(Into::into).collect());
                self
            }

            /// Reads the scopes of a token from these claims: each a string of scopes separated by
            /// spaces, or a list of scopes. The scopes of the token are all of them together. An
            /// entry of a list that has a space, such as the name of a group, is no scope; in
            /// `scope` and `scp` it is split.
            ///
            /// Default: `scope` (RFC 9068 §2.2.3) and `scp`. Name them too if you set this:
            /// `["scope", "scp", "roles"]`. Entra ID puts the permissions of applications into
            /// `roles`, Auth0 those of users into `permissions`. A claim with another type makes
            /// the token malformed.
            ///
            /// # Errors
            ///
            /// `build` rejects an empty list, and claims that have another meaning, such as `sub`
            /// or `aud`.
            pub fn scope_claims<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.scope_claims = Some(names.into_iter().map(Into::into).collect());
                self
            }

            /// Whether the resource metadata lists the issuer as an authorization server, where
            /// users sign in.
            ///
            /// Default: `true`. Set it to `false` for an issuer at which no user signs in, such as
            /// one of CI tokens: MCP clients may choose any that is listed.
            pub const fn advertise(mut self, advertise: bool) -> Self {
                self.$($path).+.advertise = Some(advertise);
                self
            }

            /// Asks the issuer about tokens that are no JWT, and what they may do (RFC 7662).
            ///
            /// Default: off; only JWTs are accepted. An [`Issuer`](crate::config::Issuer) never
            /// takes it from the builder if there are several.
            ///
            /// # Errors
            ///
            /// `build` rejects the setting on the builder together with several issuers, two
            /// issuers whose tokens cannot be told apart, and what the setters of
            /// [`Introspection`](crate::introspection::Introspection) say.
            ///
            /// See [`Introspection`](crate::introspection::Introspection) for an example.
            pub fn introspection(mut self, introspection: $crate::introspection::Introspection) -> Self {
                self.$($path).+.introspection = Some(introspection);
                self
            }

            /// Whether tokens must be bound to a key or a certificate (`cnf`, RFC 9449 §6, RFC 8705
            /// §3). A stolen token that is not bound works for whoever has it.
            ///
            /// Default: `false`. Bound tokens then need their proof, and plain bearer tokens go on
            /// working, because not every client can make proofs.
            ///
            /// # Errors
            ///
            /// `build` rejects `true` without `dpop` and without `mtls`: no token could be
            /// accepted.
            ///
            /// ```
            /// use tower_jwt_auth::JwtAuthConfig;
            /// use tower_jwt_auth::proof::Dpop;
            ///
            /// let builder = JwtAuthConfig::builder().dpop(Dpop::new()).require_bound_tokens(true);
            /// ```
            pub const fn require_bound_tokens(mut self, required: bool) -> Self {
                self.$($path).+.require_bound_tokens = Some(required);
                self
            }

            /// Accepts only tokens whose claim `typ` is `Bearer`, as in Keycloak's access tokens.
            /// Keycloak's ID, refresh and logout tokens have another value in this claim, and
            /// nothing in the header that distinguishes them.
            ///
            /// Default: off; only `aud` keeps those other tokens out.
            ///
            /// # Errors
            ///
            /// `build` rejects a combination with `cognito`.
            pub fn keycloak(mut self) -> Self {
                self.$($path).+.keycloak = true;
                self
            }

            /// Rejects tokens whose `iat` is longer ago than this, even if they have not expired,
            /// and tokens without `iat`. The leeway is added.
            ///
            /// Default: none; `exp` alone decides.
            ///
            /// # Errors
            ///
            /// `build` rejects less than 1 second.
            pub fn max_token_age(mut self, age: std::time::Duration) -> Self {
                self.$($path).+.max_token_age = Some(age);
                self
            }

            /// Fetches keys from this URL. It takes precedence over every other source except
            /// `key_source`.
            ///
            /// Default: the URL in the issuer's metadata (RFC 8414, OpenID Connect Discovery).
            ///
            /// # Errors
            ///
            /// `build` rejects a URL that is not https (http is allowed on a loopback host), and
            /// with `pin_jwks_host` a URL on another host than the issuer's.
            pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
                self.$($path).+.keys.jwks_uri = Some(uri.into());
                self
            }

            /// Uses this key set, which never changes.
            ///
            /// # Errors
            ///
            /// `build` rejects a set without a usable key, and says what was given if it is not a
            /// set.
            pub fn jwks(mut self, jwks: impl Into<$crate::keys::JwkSet>) -> Self {
                self.$($path).+.keys.jwks = Some(jwks.into().0);
                self
            }

            /// Uses this one key, which never changes. If the key has no `kid`, it fits tokens with
            /// any `kid`. [`Jwk::secret`](crate::keys::Jwk::secret) makes one from a shared secret.
            ///
            /// # Errors
            ///
            /// `build` rejects a key that cannot be used, and says what was given if it is not a
            /// key.
            pub fn jwk(mut self, jwk: impl Into<$crate::keys::Jwk>) -> Self {
                self.$($path).+.keys.jwk = Some(jwk.into().0);
                self
            }

            /// Uses this one public key, which never changes: an RSA, EC or Ed25519 key as PEM
            /// text, which begins with `-----BEGIN PUBLIC KEY-----`.
            ///
            /// # Errors
            ///
            /// `build` rejects any other text, and says what was given: a private key, a
            /// certificate (whose expiry would never be checked), the path of a file, text with
            /// `\n` in place of line breaks.
            pub fn public_key_pem(mut self, pem: impl Into<String>) -> Self {
                self.$($path).+.keys.public_key_pem = Some(pem.into());
                self
            }

            /// Gets keys from your own source. It takes precedence over every other setting.
            pub fn key_source(mut self, source: impl $crate::keys::KeySource) -> Self {
                self.$($path).+.keys.source = Some(std::sync::Arc::new(source));
                self
            }

            /// Starts with these keys, for a process that may start while its issuer is down. They
            /// are used until the first successful fetch and do not delay it.
            ///
            /// A [`KeySnapshot`](crate::keys::KeySnapshot) keeps its age, and is ignored once it is
            /// older than `max_stale`. A plain set counts as fetched when the layer is made.
            ///
            /// Default: none. It has no effect with static keys.
            ///
            /// # Errors
            ///
            /// `build` rejects a set without a usable key, and a snapshot of another issuer.
            pub fn initial_jwks(mut self, keys: impl Into<$crate::config::InitialJwks>) -> Self {
                self.$($path).+.keys.initial = Some(keys.into());
                self
            }

            /// Saves each usable key set to this file and starts with it, so that a process that
            /// restarts while its issuer is down can serve requests.
            ///
            /// The file is replaced as a whole, and only the user of the process may read it (mode
            /// 0600). If it is a symbolic link, the file that it points to is replaced. It is read
            /// when the layer is made, and ignored if it is damaged, older than `max_stale`, or
            /// from another issuer. Anyone who can write to the file decides which keys are
            /// trusted.
            ///
            /// If the file cannot be written, for example because its folder is missing, the event
            /// `snapshot_not_written` says so, and
            /// [`IssuerHealth::snapshot_error`](crate::keys::IssuerHealth::snapshot_error). The
            /// next set is written again.
            ///
            /// Default: none; keys do not outlive the process.
            ///
            /// # Errors
            ///
            /// `build` rejects a folder, and one file for two issuers.
            pub fn snapshot_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
                self.$($path).+.keys.snapshot_file = Some(path.into());
                self
            }

            /// Fetches keys only from the issuer's host, whatever URL its metadata names.
            ///
            /// Default: off, because Google and others publish keys on another host. If the builder
            /// sets it, it holds for every [`Issuer`](crate::config::Issuer).
            ///
            /// # Errors
            ///
            /// `build` rejects a `jwks_uri` on another host.
            pub fn pin_jwks_host(mut self) -> Self {
                self.$($path).+.keys.pin_jwks_host = true;
                self
            }

            /// Accepts tokens for any audience, as long as they carry an `aud`.
            ///
            /// The risk: a token that a user gave to another service of the same issuer works here
            /// too. The MCP authorization spec forbids this.
            ///
            /// If the builder sets it, it holds for each [`Issuer`](crate::config::Issuer) that has
            /// no `audience` of its own.
            ///
            /// # Errors
            ///
            /// `build` rejects a combination with `audience` on the same builder or issuer.
            pub fn danger_allow_any_audience(mut self) -> Self {
                self.$($path).+.allow_any_audience = true;
                self
            }
        }
    };
}
pub(super) use issuer_setters;

issuer_setters!(Issuer, settings);
credential_setters!(Issuer, settings);
