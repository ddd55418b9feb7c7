//! What an application may do with the issuers that are asked.

use std::fmt;
use std::sync::Arc;

use super::health::IntrospectionHealth;
use super::introspected::Introspected;

/// The issuers that a layer asks about tokens, as
/// [`JwtAuthLayer::introspection`](crate::JwtAuthLayer::introspection) gives them.
///
/// ```
/// # #[cfg(all(feature = "aws_lc_rs", feature = "reqwest"))] {
/// use tower_jwt_auth::introspection::Introspection;
/// use tower_jwt_auth::{JwtAuthConfig, JwtAuthLayer};
///
/// # let secret = "s3cr3t";
/// let config = JwtAuthConfig::builder()
///     .resource("https://mcp.example.com/mcp")
///     .issuer("https://idp.example.com")
///     .introspection(Introspection::new("mcp-server", secret))
///     .build()?;
/// let layer = JwtAuthLayer::new(config);
/// for issuer in layer.introspection().health() {
///     println!("{}: {:?}", issuer.issuer, issuer.last_error);
/// }
/// // The issuer has announced that this token is revoked:
/// layer.introspection().forget("2YotnFZFEjr1zCsicMWpAA");
/// # }
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
///
/// It follows [`replace_issuers`](crate::JwtAuthLayer::replace_issuers).
#[derive(Clone)]
pub struct Introspections(Arc<dyn Fn() -> Vec<Arc<Introspected>> + Send + Sync>);

impl Introspections {
    /// `asked` gives those that are asked now.
    pub(crate) fn new(asked: impl Fn() -> Vec<Arc<Introspected>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    /// The state of each issuer that is asked, by name. Empty if none is.
    #[must_use]
    pub fn health(&self) -> Vec<IntrospectionHealth> {
        let mut all: Vec<_> = (self.0)().iter().map(|asked| asked.health()).collect();
        all.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        all
    }

    /// Drops what is known of `token`, so that its next use asks its issuer: for issuers that
    /// announce revocations. An open event stream does not end.
    pub fn forget(&self, token: &str) {
        for asked in (self.0)() {
            asked.forget(token.as_bytes());
        }
    }
}

impl fmt::Debug for Introspections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspections").finish_non_exhaustive()
    }
}
