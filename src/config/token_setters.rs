//! Setters that the builder and an issuer share, documented once for both: which tokens are
//! accepted. Each macro has the setters of one heading; `$path` leads to the settings. Long,
//! because each setter documents its effect, default and errors.

macro_rules! audience_setters {
    ($($path:ident).+) => {
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder()
        ///     .audience("https://api.example.com")
        ///     .audience("api://notes"); // either of them
        /// ```
        pub fn audience(mut self, audience: impl Into<String>) -> Self {
            self.$($path).+.audience.get_or_insert_default().push(audience.into());
            self
        }
    };
}
pub(super) use audience_setters;

macro_rules! token_setters {
    ($($path:ident).+) => {
        /// Accepts only tokens signed with one of these algorithms.
        ///
        /// Default: every asymmetric algorithm that this crate supports. The key restricts them
        /// further: an EC key never verifies an `RS256` token (RFC 8725 §3.1).
        ///
        /// # Errors
        ///
        /// `build` rejects an empty list, an algorithm that is not supported, and `HS*` unless
        /// the key is a static secret.
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().algorithms(["RS256", "ES256"]);
        /// ```
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().required_scopes(["notes:read"]);
        /// ```
        pub fn required_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
            self.$($path).+.required_scopes = Some(scopes.into_iter().map(Into::into).collect());
            self
        }

        /// Reads the scopes of a token from these claims. Each is a string of scopes separated by
        /// spaces, or a list of scopes, and the token has the scopes of all of them. An entry of
        /// a list that has a space, such as the name of a group, is not a scope; in `scope` and
        /// `scp` it is split.
        ///
        /// Default: `scope` (RFC 9068 §2.2.3) and `scp`. Name them too if you set this:
        /// `["scope", "scp", "roles"]`. Entra ID puts the permissions of applications into
        /// `roles`; Auth0 puts the permissions of users into `permissions`. A claim with another
        /// type makes the token malformed.
        ///
        /// # Errors
        ///
        /// `build` rejects an empty list, and claims that have another meaning, such as `sub`
        /// or `aud`.
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().scope_claims(["scope", "scp", "roles"]);
        /// ```
        pub fn scope_claims<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
            self.$($path).+.scope_claims = Some(names.into_iter().map(Into::into).collect());
            self
        }

        /// Tolerates this much clock difference when checking `exp`, `nbf` and `iat`.
        ///
        /// Default: [60 seconds](crate::limits::DEFAULT_LEEWAY). A larger value lets expired
        /// tokens live longer (RFC 7519 §4.1.4).
        ///
        /// With a [`Fleet`](crate::fleet::Fleet), it must cover the difference between any two
        /// clocks of its processes and of the servers of its store: beyond it, a DPoP proof may
        /// work twice.
        ///
        /// # Errors
        ///
        /// `build` rejects more than [5 minutes](crate::limits::MAX_LEEWAY).
        ///
        /// ```
        /// use std::time::Duration;
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().leeway(Duration::from_secs(30));
        /// ```
        pub fn leeway(mut self, leeway: std::time::Duration) -> Self {
            self.$($path).+.leeway = Some(leeway);
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
        ///
        /// ```
        /// use std::time::Duration;
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().max_token_age(Duration::from_secs(3600));
        /// ```
        pub fn max_token_age(mut self, age: std::time::Duration) -> Self {
            self.$($path).+.max_token_age = Some(age);
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder()
        ///     .issuer("https://cognito-idp.eu-central-1.amazonaws.com/POOL_ID")
        ///     .cognito(["APP_CLIENT_ID"]);
        /// ```
        pub fn cognito<S: Into<String>>(mut self, client_ids: impl IntoIterator<Item = S>) -> Self {
            self.$($path).+.cognito = Some(client_ids.into_iter().map(Into::into).collect());
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
    };
}
pub(super) use token_setters;

macro_rules! listing_setters {
    ($($path:ident).+) => {
        /// Whether the resource metadata lists the issuer as an authorization server, where
        /// users sign in.
        ///
        /// Default: `true`. Set it to `false` for an issuer at which no user signs in, such as
        /// one of CI tokens: MCP clients may choose any that is listed.
        pub const fn advertise(mut self, advertise: bool) -> Self {
            self.$($path).+.advertise = Some(advertise);
            self
        }
    };
}
pub(super) use listing_setters;
