//! The finished configuration, and the layer and the verifier made from it.

use std::fmt;
use std::sync::Arc;

use super::builder::JwtAuthConfigBuilder;
use crate::authn::JwtAuthLayer;
use crate::base::clock::Clock;
use crate::jwks::KeySet;
use crate::keys::{KeyConfiguration, KeyOrigin, LiveKeys};
use crate::telemetry::CacheSize;
use crate::token::{ReadOptions, ValidationPolicy};
use crate::verifier::cache::TokenCache;
use crate::verifier::checks::CustomChecks;
use crate::verifier::{JwtVerifier, TrustedIssuer};
use crate::wire::answers::Answers;
use crate::wire::metadata::ResourceMetadata;
use crate::wire::stream_expiry::StreamExpiry;

/// A configuration whose settings have all been checked; [`JwtAuthLayer::new`] takes it.
///
/// It is made with [`builder`](Self::builder), or deserialized, for example from JSON. In a file,
/// every name may also be written in camelCase, unknown names are rejected, and durations are
/// strings such as `"30s"` or `"10m"`. Numbers and booleans may also be strings, `"16384"` and
/// `"true"`, as variables of the environment are. `"$schema"` may name the JSON Schema of the file,
/// which is `docs/config.schema.json` in the repository.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::JwtAuthConfig;
///
/// let config: JwtAuthConfig = serde_json::from_str(
///     r#"{
///         "resource": "https://mcp.example.com/mcp",
///         "issuer": "https://idp.example.com",
///         "jwksUri": "https://idp.example.com/jwks",
///         "required_scopes": ["mcp:read"],
///         "jwks_cache": {"max_age": "5m"}
///     }"#,
/// )?;
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A file cannot contain functions or clients. To add them, deserialize the builder instead:
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::config::JwtAuthConfigBuilder;
/// use tower_jwt_auth::error::CheckError;
///
/// let builder: JwtAuthConfigBuilder = serde_json::from_str(
///     r#"{"resource": "https://mcp.example.com/mcp", "issuer": "https://idp.example.com"}"#,
/// )?;
/// let config = builder
///     .check(|auth| match auth.subject() {
///         Some("mallory") => Err(CheckError::Forbidden),
///         _ => Ok(()),
///     })
///     .build()?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JwtAuthConfig(pub(super) Arc<Checked>);

pub(super) struct Checked {
    pub(super) issuers: Vec<CheckedIssuer>,
    pub(super) options: Arc<ReadOptions>,
    pub(super) answers: Arc<Answers>,
    pub(super) metadata: Option<ResourceMetadata>,
    pub(super) strip_authorization: bool,
    pub(super) checks: CustomChecks,
    pub(super) token_cache_entries: usize,
    pub(super) token_cache_size: CacheSize,
    pub(super) clock: Clock,
}

pub(super) struct CheckedIssuer {
    pub(super) policy: ValidationPolicy,
    pub(super) keys: Keys,
    pub(super) configured: Arc<KeyConfiguration>,
    pub(super) answers: Arc<Answers>,
}

#[derive(Clone)]
pub(super) enum Keys {
    Fixed(Arc<KeySet>),
    Fetched(KeyOrigin),
    /// Those of another layer.
    Shared(LiveKeys),
}

impl JwtAuthConfig {
    /// Returns a builder with nothing set.
    pub fn builder() -> JwtAuthConfigBuilder {
        JwtAuthConfigBuilder::default()
    }

    fn verifier(&self) -> JwtVerifier {
        let Checked {
            issuers,
            options,
            answers,
            checks,
            token_cache_entries,
            token_cache_size,
            clock,
            ..
        } = &*self.0;
        let issuers = issuers.iter().map(
            |CheckedIssuer {
                 policy,
                 keys,
                 configured,
                 answers,
             }| TrustedIssuer {
                policy: policy.clone(),
                answers: answers.clone(),
                keys: match keys.clone() {
                    Keys::Fixed(keys) => LiveKeys::fixed(&policy.issuer, keys, configured.clone()),
                    Keys::Fetched(origin) => {
                        LiveKeys::refreshed(origin, clock.clone(), configured.clone())
                    }
                    Keys::Shared(keys) => keys,
                },
            },
        );
        let cache = TokenCache::new(*token_cache_entries);
        let cache = cache.map(|cache| cache.shown_by(token_cache_size.clone()));
        JwtVerifier::assemble(
            issuers,
            options.clone(),
            answers.clone(),
            checks.clone(),
            cache,
            clock.clone(),
        )
    }
}

impl JwtAuthLayer {
    /// Creates the layer for `config`. Fetches nothing, starts nothing and needs no runtime: the
    /// keys are fetched when the first token arrives, or with
    /// [`wait_for_keys`](Self::wait_for_keys).
    pub fn new(config: JwtAuthConfig) -> Self {
        Self::assemble(
            config.verifier(),
            config.0.metadata.clone(),
            config.0.strip_authorization,
        )
    }
}

impl JwtAuthLayer {
    /// Creates the layer for `config` with the settings recommended for MCP servers: the token is
    /// not forwarded (`Authorization` is removed, since a server must not pass the token on), and
    /// streams that only deliver notifications end when their token expires
    /// ([`StreamExpiry::ListenOnly`]).
    ///
    /// Set `resource`: clients find the issuer through it. For scopes per tool, add
    /// [`McpScopesLayer`](crate::mcp::McpScopesLayer), and for sessions
    /// [`SessionBindingLayer`](crate::mcp::SessionBindingLayer); both go inside this layer.
    ///
    /// ```
    /// # #[cfg(all(feature = "axum", feature = "aws_lc_rs", feature = "reqwest"))] {
    /// use axum::{Router, routing::any};
    /// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
    /// use tower_jwt_auth::mcp::{McpScopesLayer, SessionBindingLayer};
    ///
    /// let config = JwtAuthConfig::builder()
    ///     .resource("https://mcp.example.com/mcp")
    ///     .issuer("https://idp.example.com")
    ///     .required_scopes(["mcp:read"])
    ///     .build()?;
    /// let mcp: Router = Router::new()
    ///     .route("/mcp", any(|| async { "the MCP server" }))
    ///     .route_layer(McpScopesLayer::new().tool("add_note", ["mcp:write"]))
    ///     .route_layer(SessionBindingLayer::new());
    /// let app = JwtAuthLayer::for_mcp(config).protect(mcp);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn for_mcp(config: JwtAuthConfig) -> Self {
        Self::new(config)
            .strip_authorization()
            .stream_expiry(StreamExpiry::ListenOnly)
    }
}

impl JwtVerifier {
    /// Creates the verifier for `config`. Fetches nothing, starts nothing and needs no runtime.
    #[must_use]
    pub fn new(config: JwtAuthConfig) -> Self {
        config.verifier()
    }
}

impl fmt::Debug for JwtAuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies: Vec<_> = self.0.issuers.iter().map(|issuer| &issuer.policy).collect();
        f.debug_struct("JwtAuthConfig")
            .field("issuers", &policies)
            .finish_non_exhaustive()
    }
}
