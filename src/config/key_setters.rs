//! Setters that the builder and an issuer share, documented once for both: where keys come from.
//! Each macro has the setters of one heading; `$path` leads to the settings. Long, because each
//! setter documents its effect, default and errors.

macro_rules! key_setters {
    ($($path:ident).+) => {
        /// Fetches keys from this URL. It takes precedence over every other source except
        /// `key_source`.
        ///
        /// Default: the URL in the issuer's metadata (RFC 8414, OpenID Connect Discovery).
        ///
        /// # Errors
        ///
        /// `build` rejects a URL that is not https (http is allowed on a loopback host), and
        /// with `pin_jwks_host` a URL on another host than the issuer's.
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder()
        ///     .issuer("https://idp.example.com")
        ///     .jwks_uri("https://idp.example.com/jwks");
        /// ```
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().jwk(serde_json::json!({
        ///     "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        /// }));
        /// ```
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// # fn builder() -> std::io::Result<tower_jwt_auth::config::JwtAuthConfigBuilder> {
        /// let pem = std::fs::read_to_string("issuer.pem")?;
        /// let builder = JwtAuthConfig::builder().public_key_pem(pem);
        /// # Ok(builder)
        /// # }
        /// ```
        pub fn public_key_pem(mut self, pem: impl Into<String>) -> Self {
            self.$($path).+.keys.public_key_pem = Some(pem.into());
            self
        }

        /// Gets keys from your own source. It takes precedence over every other setting.
        ///
        /// Default: none. See [`KeySource`](crate::keys::KeySource) for an example.
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
        ///
        /// ```
        /// use tower_jwt_auth::JwtAuthConfig;
        ///
        /// let builder = JwtAuthConfig::builder().snapshot_file("/var/lib/notes/keys.json");
        /// ```
        pub fn snapshot_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.$($path).+.keys.snapshot_file = Some(path.into());
            self
        }

        /// Sets when keys are fetched and how long they are used. Times that `times` leaves
        /// unset keep the value of an earlier call.
        ///
        /// ```
        /// use std::time::Duration;
        /// use tower_jwt_auth::JwtAuthConfig;
        /// use tower_jwt_auth::config::JwksCache;
        ///
        /// let times = JwksCache::new().max_age(Duration::from_secs(300));
        /// let builder = JwtAuthConfig::builder().jwks_cache(times);
        /// ```
        pub fn jwks_cache(mut self, times: $crate::config::JwksCache) -> Self {
            let old = self.$($path).+.jwks_cache;
            self.$($path).+.jwks_cache = times.or(old);
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
    };
}
pub(super) use key_setters;
