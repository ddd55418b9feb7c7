//! The settings of one issuer.

use super::credentials::credential_setters;
use super::key_setters::key_setters;
use super::settings::Settings;
use super::token_setters::{audience_setters, listing_setters, token_setters};

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

/// # Which tokens are accepted
impl Issuer {
    audience_setters!(settings);
    token_setters!(settings);
}

/// # Where keys come from
impl Issuer {
    key_setters!(settings);
    credential_setters!(settings);
}

/// # What clients are told
impl Issuer {
    listing_setters!(settings);
}
