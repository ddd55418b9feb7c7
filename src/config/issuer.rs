use super::settings::Settings;

/// One of several issuers: whose tokens are accepted, and where its keys come from.
///
/// What is not set here is taken from the [builder](crate::config::JwtAuthConfigBuilder): audience,
/// algorithms, required scopes, leeway, bounds on age, cache times, and the rules `rfc9068`,
/// `cognito` and `keycloak`. Keys are never shared: the `iss` of a token chooses one issuer, and
/// only that issuer's keys count.
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
    /// Trusts `issuer`, compared byte for byte with the `iss` of tokens.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            ..Self::default()
        }
    }
}

/// The setters that the builder and an issuer share; one text for both.
macro_rules! issuer_setters {
    ($type:ty, $($path:ident).+) => {
        impl $type {
            /// Accepts tokens that name `audience` in `aud`, byte for byte; any match passes. May
            /// be called several times.
            ///
            /// Default: `resource`. List both spellings when the issuer's differs from it.
            pub fn audience(mut self, audience: impl Into<String>) -> Self {
                self.$($path).+.audience.get_or_insert_default().push(audience.into());
                self
            }

            /// Accepts only tokens signed with one of these.
            ///
            /// Default: every asymmetric algorithm that we support. The key bounds it further: an
            /// EC key never verifies an `RS256` token (RFC 8725 §3.1).
            ///
            /// # Errors
            ///
            /// `build` refuses an empty list, an algorithm that is not supported, and `HS*` unless
            /// the key is a static secret.
            pub fn algorithms<A>(mut self, algorithms: impl IntoIterator<Item = A>) -> Self
            where
                A: TryInto<$crate::Algorithm, Error: Into<$crate::error::UnsupportedAlgorithm>>,
            {
                let read = |algorithm: A| algorithm.try_into().map_err(Into::into);
                self.$($path).+.algorithms = Some(algorithms.into_iter().map(read).collect());
                self
            }

            /// Every operation needs these scopes: a good token without them gets 403.
            ///
            /// Default: none. Challenges and the resource metadata list them.
            ///
            /// # Errors
            ///
            /// `build` refuses an empty list, and scopes that a challenge cannot carry.
            pub fn required_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.required_scopes = Some(scopes.into_iter().map(Into::into).collect());
                self
            }

            /// Tolerates this much clock difference on `exp`, `nbf` and `iat`.
            ///
            /// Default: [60 seconds](crate::limits::DEFAULT_LEEWAY). A larger value lets expired
            /// tokens live longer (RFC 7519 §4.1.4).
            ///
            /// # Errors
            ///
            /// `build` refuses more than [5 minutes](crate::limits::MAX_LEEWAY).
            pub fn leeway(mut self, leeway: std::time::Duration) -> Self {
                self.$($path).+.leeway = Some(leeway);
                self
            }
            /// When keys are fetched and how long they serve. What `times` leaves unset stays as it
            /// was.
            pub fn jwks_cache(mut self, times: $crate::config::JwksCache) -> Self {
                let old = self.$($path).+.jwks_cache;
                self.$($path).+.jwks_cache = times.or(old);
                self
            }

            /// Accepts only tokens that follow RFC 9068 to the letter: `typ` is `at+jwt`, and
            /// `sub`, `client_id`, `iat` and `jti` are there.
            ///
            /// Default: off, because Auth0, Entra ID, Keycloak and Okta issue other tokens unless
            /// told.
            pub fn rfc9068(mut self) -> Self {
                self.$($path).+.rfc9068 = true;
                self
            }

            /// Accepts access tokens of an Amazon Cognito user pool that were issued to one of
            /// these app clients.
            ///
            /// Cognito puts no `aud` into an access token unless a resource was asked for. So
            /// `client_id` must be listed here, and `token_use` be `access`; an `aud` that is there
            /// must match as usual. Any server that lists the same client accepts the same tokens:
            /// use an app client of its own for each.
            ///
            /// Default: off; a token without `aud` is refused.
            ///
            /// # Errors
            ///
            /// `build` refuses an empty list, and `keycloak` or `rfc9068` beside it.
            pub fn cognito<S: Into<String>>(mut self, client_ids: impl IntoIterator<Item = S>) -> Self {
                self.$($path).+.cognito = Some(client_ids.into_iter().map(Into::into).collect());
                self
            }

            /// Accepts only tokens whose claim `typ` is `Bearer`, as the access tokens of Keycloak
            /// are; its ID, refresh and logout tokens say something else there and nothing in the
            /// header.
            ///
            /// Default: off; `aud` alone keeps them out.
            ///
            /// # Errors
            ///
            /// `build` refuses `cognito` beside it.
            pub fn keycloak(mut self) -> Self {
                self.$($path).+.keycloak = true;
                self
            }

            /// Refuses tokens whose `iat` is longer ago than this, however late they expire, and
            /// tokens without `iat`. The leeway is added.
            ///
            /// Default: none; `exp` alone decides.
            ///
            /// # Errors
            ///
            /// `build` refuses less than 1 second.
            pub fn max_token_age(mut self, age: std::time::Duration) -> Self {
                self.$($path).+.max_token_age = Some(age);
                self
            }

            /// Fetches keys from this URL. It wins over every other source but a `key_source`.
            ///
            /// Default: found through the issuer's metadata (RFC 8414, OpenID Connect Discovery).
            ///
            /// # Errors
            ///
            /// `build` refuses what is not https, or http on a loopback host.
            pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
                self.$($path).+.keys.jwks_uri = Some(uri.into());
                self
            }

            /// Uses this key set, which never changes.
            pub fn jwks(mut self, jwks: impl Into<$crate::keys::JwkSet>) -> Self {
                self.$($path).+.keys.jwks = Some(jwks.into().0);
                self
            }

            /// Uses this one key, which never changes. Without a `kid` of its own it fits tokens of
            /// any `kid`.
            pub fn jwk(mut self, jwk: impl Into<$crate::keys::Jwk>) -> Self {
                self.$($path).+.keys.jwk = Some(jwk.into().0);
                self
            }

            /// Uses this one public key, PEM text of RSA, EC or Ed25519, which never changes.
            pub fn public_key_pem(mut self, pem: impl Into<String>) -> Self {
                self.$($path).+.keys.public_key_pem = Some(pem.into());
                self
            }

            /// Gets keys from a source of your own. It wins over every other setting.
            pub fn key_source(mut self, source: impl $crate::keys::KeySource) -> Self {
                self.$($path).+.keys.source = Some(std::sync::Arc::new(source));
                self
            }

            /// Serves with these keys until the first fetch, which happens as soon as it would
            /// without them: for a process that starts while its issuer is down.
            ///
            /// A [`KeySnapshot`](crate::keys::KeySnapshot) keeps its age, and is passed over once
            /// it is older than `max_stale`; a plain set counts as fetched when the layer is made.
            ///
            /// Default: none. It means nothing to static keys.
            ///
            /// # Errors
            ///
            /// `build` refuses a set without a usable key, and a snapshot of another issuer.
            pub fn initial_jwks(mut self, keys: impl Into<$crate::config::InitialJwks>) -> Self {
                self.$($path).+.keys.initial = Some(keys.into());
                self
            }

            /// Keeps each good key set in this file, and starts with it: so that a process that is
            /// restarted while its issuer is down comes up serving.
            ///
            /// The file is replaced as a whole and carries a checksum. It is read when the layer is
            /// made, and passed over when it is damaged, older than `max_stale`, or of another
            /// issuer. Each issuer needs a file of its own. Whoever can write it decides whose
            /// tokens are good.
            ///
            /// Default: none; keys do not outlive the process.
            pub fn snapshot_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
                self.$($path).+.keys.snapshot_file = Some(path.into());
                self
            }

            /// Takes keys only from the host of the issuer, whatever its metadata says.
            ///
            /// Default: off, because Google and others keep them on another host. It means nothing
            /// where `jwks_uri` is set.
            pub fn pin_jwks_host(mut self) -> Self {
                self.$($path).+.keys.pin_jwks_host = true;
                self
            }

            /// Accepts tokens whomever they are for, as long as they carry an `aud`.
            ///
            /// What is lost: a token that a user gave to another service of the same issuer works
            /// here too. The MCP authorization spec forbids it.
            pub fn danger_allow_any_audience(mut self) -> Self {
                self.$($path).+.allow_any_audience = true;
                self
            }
        }
    };
}
pub(super) use issuer_setters;

issuer_setters!(Issuer, settings);
