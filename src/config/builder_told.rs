//! The setters of the builder about challenges, the resource metadata and what the service sees.

use super::builder::JwtAuthConfigBuilder;
use super::token_setters::listing_setters;

/// # What clients and the service are told
impl JwtAuthConfigBuilder {
    /// Lists these scopes in the resource metadata (RFC 9728 §2 `scopes_supported`). Clients
    /// request them at first, so list the scopes that basic use of the server needs, not every
    /// scope that exists.
    ///
    /// Default: `required_scopes`.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, `offline_access`, and scopes that a challenge cannot carry.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .required_scopes(["notes:read"]) // every operation needs it
    ///     .scopes_supported(["notes:read", "notes:write"]); // clients request both at first
    /// ```
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.details.scopes_supported = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Lists these scopes in the challenge of every 401: what a client asks its user for at first.
    ///
    /// Default: `scopes_supported` if that is set, else `required_scopes`. Clients prefer the
    /// challenge to the metadata, and some never ask for more than they asked for at first. List
    /// the scopes of all tools that such a client shall reach.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty list, `offline_access`, and scopes that a challenge cannot carry.
    pub fn initial_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.initial_scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Lists only the scopes of the operation in the challenge of a 403, without `required_scopes`.
    ///
    /// Default: off. MCP clients from before 2026-07-28 next request exactly the scopes that the
    /// challenge lists, and lose the scopes that they had. Later clients combine the two
    /// themselves. Both work with the longer list.
    pub fn challenge_operation_scopes_only(mut self) -> Self {
        self.challenge_operation_scopes_only = true;
        self
    }

    listing_setters!(shared);

    /// Publishes these authorization servers in the resource metadata (RFC 9728 §2), instead of the
    /// issuers: for a proxy that registers clients, or an issuer whose tokens name another one.
    ///
    /// Default: the issuers that are https URLs, or http URLs on a loopback host, in the order of
    /// the configuration, without those that [`advertise`](Self::advertise) leaves out. Clients
    /// refuse a document that lists anything else. If nothing is left, the document has no
    /// `authorization_servers`, and `build` emits the event `authorization_servers_empty`: clients
    /// then do not learn where to sign in.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host), that has a
    /// query, or that is the URL of a document, as for an issuer whose keys are discovered.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .issuer("http://adfs.example.com/adfs/services/trust")
    ///     .authorization_servers(["https://adfs.example.com/adfs"]);
    /// ```
    pub fn authorization_servers<S: Into<String>>(
        mut self,
        urls: impl IntoIterator<Item = S>,
    ) -> Self {
        self.authorization_servers = Some(urls.into_iter().map(Into::into).collect());
        self
    }

    /// Publishes a human-readable name of this server in the resource metadata (RFC 9728 §2
    /// `resource_name`).
    ///
    /// Default: none.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.details.name = Some(name.into());
        self
    }

    /// Publishes the URL of a page for developers in the resource metadata (RFC 9728 §2
    /// `resource_documentation`).
    ///
    /// Default: none.
    ///
    /// # Errors
    ///
    /// `build` rejects a URL that is not https (http is allowed on a loopback host). The same rule
    /// applies to the other URLs in the metadata.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthConfig;
    ///
    /// let builder = JwtAuthConfig::builder()
    ///     .resource_name("Notes")
    ///     .resource_documentation("https://docs.example.com/notes");
    /// ```
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.details.documentation = Some(url.into());
        self
    }

    /// Publishes the URL of a page about how clients may use the data, in the resource metadata
    /// (RFC 9728 §2 `resource_policy_uri`).
    ///
    /// Default: none.
    pub fn resource_policy_uri(mut self, url: impl Into<String>) -> Self {
        self.details.policy_uri = Some(url.into());
        self
    }

    /// Publishes the URL of the terms of service in the resource metadata (RFC 9728 §2
    /// `resource_tos_uri`).
    ///
    /// Default: none.
    pub fn resource_tos_uri(mut self, url: impl Into<String>) -> Self {
        self.details.tos_uri = Some(url.into());
        self
    }

    /// Publishes the URL of this server's own keys in the resource metadata (RFC 9728 §2
    /// `jwks_uri`). Tokens are not verified with these keys, but with the issuer's.
    ///
    /// Default: none.
    pub fn resource_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.details.jwks_uri = Some(url.into());
        self
    }

    /// Sets the realm that challenges name (RFC 9110 §11.5).
    ///
    /// Default: none; `mcp` when no `resource` is set, because a challenge then has no metadata to
    /// point to.
    ///
    /// # Errors
    ///
    /// `build` rejects an empty realm, and characters that a challenge cannot carry.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Removes the `Authorization` header of admitted requests, and the token in each of the
    /// [`token_sources`](Self::token_sources), so that inner services cannot forward it.
    ///
    /// Default: off; the header stays and is marked sensitive, so that `Debug` does not print it.
    pub fn strip_authorization(mut self) -> Self {
        self.strip_authorization = true;
        self
    }
}
