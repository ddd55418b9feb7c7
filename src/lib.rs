//! A tower layer that turns any HTTP service into an OAuth 2.1 resource server.

mod auth_info;
mod authn;
mod authz;
mod bearer;
mod body;
mod challenge;
mod config;
#[cfg(feature = "axum")]
mod extract;
mod jwks;
mod keys;
pub mod limits;
mod numeric_date;
mod protected_resource;
mod rejection;
mod resource_metadata;
mod scopes;
mod telemetry;
#[cfg(feature = "test-util")]
pub mod test_util;
mod time;
mod token;
mod url_rules;
mod verifier;

// The public interface.
pub use auth_info::{AuthInfo, ClaimsError};
pub use authn::{JwtAuth, JwtAuthLayer, ResponseFuture};
pub use authz::{RequireScopes, RequireScopesFuture, RequireScopesLayer};
pub use body::ResponseBody;
pub use config::{
    ConfigError, Issuer, Jwk, JwkSet, JwksCache, JwtAuthConfig, JwtAuthConfigBuilder, KeyFault,
};
#[cfg(feature = "axum")]
pub use extract::Claims;
pub use jwks::{KeySetError, SkipReason};
pub use keys::{FetchError, FetchFuture, Fetched, IssuerHealth, KeySource, SkippedKey, Validators};
pub use rejection::{Rejection, RejectionKind};
pub use resource_metadata::ResourceMetadata;
pub use token::{Algorithm, TokenError, TokenErrorKind};
pub use url_rules::UrlFault;
pub use verifier::{JwtVerifier, KeysHealth};
