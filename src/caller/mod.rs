//! Who calls: [`AuthInfo`], and how code behind the layer asks for it.
//!
//! The verifier makes an `AuthInfo`; the tower layers, the axum extractors and handlers read it. It
//! carries the verified token, the credentials that it came in, and the answers for this caller, so
//! that inner layers answer as the outer one would. `required` is how code asks for a caller: it
//! gets one, or the right rejection. `extract` does so for axum, `ext` for frameworks that hand on
//! parts of the request.

mod claims;
mod ext;
#[cfg(feature = "axum")]
mod extract;
mod principal;
mod required;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::base::numeric_date::NumericDate;
use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::token::verified::Verified;
use crate::wire::answers::Answers;
use crate::wire::credentials::Credentials;

pub use claims::ClaimsError;
use claims::one_claim;
pub use ext::AuthInfoExt;
#[cfg(feature = "axum")]
pub use extract::Claims;
pub use principal::Principal;
pub(crate) use required::{answers_in, require_caller};

/// A caller whose token passed every check. Holding one is the proof: only the verifier makes it.
///
/// Cloning copies pointers: to what the token says, and to the header that it came in, whose buffer
/// lives as long as the last clone. `Debug` hides the token and `Serialize` leaves it out, so that
/// neither a log nor a response can leak it.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::Extension;
/// use tower_jwt_auth::AuthInfo;
///
/// async fn handler(Extension(auth): Extension<AuthInfo>) -> String {
///     format!("hello {}", auth.subject().unwrap_or(auth.client_id()))
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct AuthInfo {
    verified: Arc<Verified>,
    credentials: Credentials,
    /// Carried so that inner layers and handlers answer as the layer would.
    answers: Arc<Answers>,
}

impl AuthInfo {
    pub(crate) const fn new(
        verified: Arc<Verified>,
        credentials: Credentials,
        answers: Arc<Answers>,
    ) -> Self {
        Self {
            verified,
            credentials,
            answers,
        }
    }

    /// The token itself. It was issued for this server alone: never pass it on to another
    /// (MCP authorization, "Access Token Privilege Restriction").
    #[must_use]
    pub fn token(&self) -> &str {
        self.credentials.token()
    }

    /// The OAuth client that the token was issued to: the first non-empty string among `azp`
    /// (unless it is a bare web origin), `client_id`, `cid` and `appid`; `"jwt"` when the token
    /// names none.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.verified.client().unwrap_or(UNKNOWN_CLIENT)
    }

    /// `sub`: the user, or for machine clients often the client itself. Optional outside RFC 9068.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.verified.subject()
    }

    /// `jti`: the identifier of this token, by which one can be revoked. Optional outside RFC 9068.
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.verified.jti()
    }

    /// `iss`, byte for byte one of the configured issuers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.verified.issuer()
    }

    /// `aud`, all of it.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        self.verified.audience()
    }

    /// What `scope` and `scp` grant, in the token's order without repeats. Roles and permissions
    /// are not scopes; read them with [`claim`](Self::claim).
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        self.verified.scopes().as_slice()
    }

    /// Whether `scope` is granted, directly or through the configured scope hierarchy.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        let hierarchy = self.answers.resource().hierarchy.as_ref();
        self.verified.grants(scope, hierarchy)
    }

    pub(crate) fn satisfies(&self, needed: &ScopeSet, hierarchy: Option<&ScopeHierarchy>) -> bool {
        let hierarchy = hierarchy.or(self.answers.resource().hierarchy.as_ref());
        let mut needed = needed.as_slice().iter();
        needed.all(|scope| self.verified.grants(scope, hierarchy))
    }

    /// Makes the rejections for this caller.
    pub(crate) const fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// `exp`, rounded down to a second. The leeway is not added.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        let since_epoch = Duration::from_secs(self.expires_at_seconds());
        // Both are below 2^53 seconds, which every platform's time can hold.
        UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH)
    }

    fn expires_at_seconds(&self) -> u64 {
        self.verified.times().exp.unix_seconds()
    }

    /// When the token is no longer accepted: at `exp`, or when it is too old, plus the leeway.
    pub(crate) fn not_after(&self) -> NumericDate {
        self.verified.not_after()
    }

    /// The accepted audience that `aud` named. `None` only under `danger_allow_any_audience`, and
    /// for tokens of [`cognito`](crate::config::JwtAuthConfigBuilder::cognito) without an `aud`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.verified.matched()
    }

    /// All claims as `T`. Reads the whole payload at each call.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] when the claims do not fit `T`.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use serde::Deserialize;
    /// use tower_jwt_auth::AuthInfo;
    ///
    /// #[derive(Deserialize)]
    /// struct Tenant {
    ///     tid: String,
    /// }
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({"tid": "t-1"}));
    /// assert_eq!(auth.claims::<Tenant>()?.tid, "t-1");
    /// # }
    /// # Ok::<(), tower_jwt_auth::error::ClaimsError>(())
    /// ```
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        serde_json::from_str(self.verified.payload()).map_err(ClaimsError)
    }

    /// One claim by name as any JSON value, `None` when the token does not carry it. Reads the
    /// payload at each call; [`claim_as`](Self::claim_as) makes the type that you need directly.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        self.claim_as(name).ok()?
    }

    /// One claim by name as `T`, `None` when the token does not carry it. Reads the payload at each
    /// call, and skips the other claims without making values of them.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] when the claim does not fit `T`.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use tower_jwt_auth::AuthInfo;
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({"roles": ["admin"]}));
    /// let roles: Vec<String> = auth.claim_as("roles")?.unwrap_or_default();
    /// assert_eq!(roles, ["admin"]);
    /// # }
    /// # Ok::<(), tower_jwt_auth::error::ClaimsError>(())
    /// ```
    pub fn claim_as<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimsError> {
        one_claim(self.verified.payload(), name)
    }

    /// The claims as JSON, byte for byte as the issuer wrote them.
    #[must_use]
    pub fn claims_json(&self) -> &str {
        self.verified.payload()
    }
}

impl fmt::Debug for AuthInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthInfo")
            .field("client_id", &self.client_id())
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("audience", &self.audience())
            .field("scopes", &self.scopes())
            .field("expires_at", &self.expires_at_seconds())
            .finish_non_exhaustive()
    }
}

impl Serialize for AuthInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("AuthInfo", 6)?;
        fields.serialize_field("client_id", self.client_id())?;
        fields.serialize_field("subject", &self.subject())?;
        fields.serialize_field("issuer", self.issuer())?;
        fields.serialize_field("audience", self.audience())?;
        fields.serialize_field("scopes", self.scopes())?;
        // Unix seconds, as in the token.
        fields.serialize_field("expires_at", &self.expires_at_seconds())?;
        fields.end()
    }
}

/// What `client_id()` says of a token that names no client.
const UNKNOWN_CLIENT: &str = "jwt";

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn neither_debug_nor_json_hold_the_token() {
        let mut verified = AuthInfo::for_tests(serde_json::json!({"sub": "alice", "scope": "a"}));
        verified.credentials = Credentials::new(HeaderValue::from_static("Bearer SECRET"), 7);
        assert_eq!(verified.token(), "SECRET");
        assert!(!format!("{verified:?}").contains("SECRET"));
        let json = serde_json::to_value(&verified).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "client_id": "jwt",
                "subject": "alice",
                "issuer": "https://issuer.test",
                "audience": ["https://resource.test"],
                "scopes": ["a"],
                "expires_at": 4_102_444_800_u64,
            })
        );
    }

    #[test]
    fn claims_are_typed_or_by_name() {
        let auth = AuthInfo::for_tests(serde_json::json!({"roles": ["admin"]}));
        assert_eq!(auth.claim("roles"), Some(serde_json::json!(["admin"])));
        assert_eq!(auth.claim("role"), None);
        assert_eq!(
            auth.claim_as::<Vec<String>>("roles").unwrap().unwrap(),
            ["admin"]
        );
        assert_eq!(auth.claim_as::<Vec<String>>("role").unwrap(), None);
        assert!(auth.claim_as::<Vec<u64>>("roles").is_err());
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(auth.claims_json()).unwrap()["roles"],
            serde_json::json!(["admin"])
        );
        assert!(auth.claims::<Vec<String>>().is_err());
    }
}
