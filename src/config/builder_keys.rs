//! The setters of the builder about keys. Those that it shares with an issuer come first.

use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use super::credentials::credential_setters;
use super::key_setters::key_setters;
use crate::authn::JwtAuthLayer;
use crate::keys::HttpTransport;

/// # Where keys come from
///
/// Keys are discovered from the issuer's metadata unless one of these says otherwise. Several
/// sources are not an error. The first of this order is used: `key_source`, `jwks_uri`, `jwks`,
/// `jwk`, `public_key_pem`, discovery.
impl JwtAuthConfigBuilder {
    key_setters!(shared);

    credential_setters!(shared);

    /// Fetches keys and metadata, and asks about tokens, with this client, for example with a proxy
    /// of its own. Certificates and tokens that rotate are simpler as `ca_file`,
    /// `client_certificate_file` and `bearer_token_file`.
    ///
    /// The client's own settings apply: turn redirects off and set a connect timeout. The fetch
    /// timeout and the size limit apply to it as well.
    ///
    /// Default: a client that connects within 2 seconds, follows no redirect, keeps no connection
    /// open, and honours the proxy variables of the environment.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// # fn builder() -> reqwest::Result<tower_jwt_auth::config::JwtAuthConfigBuilder> {
    /// let client = reqwest::Client::builder()
    ///     .connect_timeout(Duration::from_secs(2))
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .build()?;
    /// let builder = JwtAuthConfig::builder().http_client(client);
    /// # Ok(builder)
    /// # }
    /// ```
    #[cfg(feature = "reqwest")]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        let transport = crate::keys::ReqwestTransport::with_client(client);
        self.http_transport = Some(("http_client", Arc::new(transport)));
        self
    }

    /// Fetches keys and metadata, and asks about tokens, through this transport, for an HTTP client
    /// other than reqwest or to fetch without the feature `reqwest`. This setter and [`http_client`](Self::http_client)
    /// replace each other: the last call counts.
    ///
    /// Default: reqwest, see [`http_client`](Self::http_client). Without the feature `reqwest`
    /// there is no default, and `build` rejects an issuer whose keys must be fetched.
    ///
    /// See [`HttpTransport`] for an example.
    pub fn http_transport(mut self, transport: impl HttpTransport) -> Self {
        self.http_transport = Some(("http_transport", Arc::new(transport)));
        self
    }

    /// Shares the keys of the issuers that `layer` names as well, for several layers in one
    /// process: there is then one task per issuer that fetches keys, with one set of budgets,
    /// instead of one for each layer. May be called several times; the first layer that names an
    /// issuer counts.
    ///
    /// Nothing else is shared. Each layer has its own audience, scopes and checks, and its own
    /// cache of verified tokens, because a token that is good for one server may be none for
    /// another.
    ///
    /// Default: each layer fetches its own keys.
    ///
    /// # Errors
    ///
    /// `build` rejects an issuer whose settings for keys differ from those in `layer`: where they
    /// come from, `jwks_cache`, `initial_jwks`, `snapshot_file`, and the HTTP client. Two clients
    /// or two key sources never count as the same, so make both layers from clones of one builder.
    ///
    /// ```
    /// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    ///
    /// let both = JwtAuthConfig::builder().issuer("https://idp.example.com");
    /// let notes = both.clone().resource("https://mcp.example.com/notes").build()?;
    /// let notes = JwtAuthLayer::new(notes);
    /// let mail = both.resource("https://mcp.example.com/mail").keys_of(&notes).build()?;
    /// let mail = JwtAuthLayer::new(mail);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn keys_of(mut self, layer: &JwtAuthLayer) -> Self {
        self.keys_of.extend(layer.verifier().keys());
        self
    }

    /// Asks `list` about each token, in tests.
    #[cfg(all(feature = "redis", feature = "test-util"))]
    #[doc(hidden)]
    pub fn revocations(mut self, list: &crate::test_util::internal::fleet::RevocationList) -> Self {
        self.revocations = Some(list.as_list());
        self
    }

    /// Uses `clock` as the wall clock, in tests.
    ///
    /// Default: the system's clock.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::test_util::FakeClock) -> Self {
        self.clock = clock.as_clock();
        self
    }

    /// Allows http on any host, for issuers and for this server.
    ///
    /// The risk: an attacker on the network can replace the keys, and then forge any token.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }
}
