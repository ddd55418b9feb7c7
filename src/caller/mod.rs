//! The verified caller: [`AuthInfo`], and the ways in which code behind the layer gets it.
//!
//! The verifier makes an `AuthInfo`; the layer puts it into the request; inner layers, the axum
//! extractors and handlers read it. It holds the claims of the token, the header that it came in,
//! and the `Answers` for this caller, so that inner layers reject as the outer one would.
//! `required` returns the caller of a request or the right rejection. `extract` does so for axum,
//! `ext` for frameworks that pass on only the parts of the request.

mod claims;
mod ext;

#[cfg(feature = "axum")]
mod extract;

mod principal;
mod required;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use claims::{all_claims, one_claim};
use http::HeaderValue;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::base::scopes::{ScopeHierarchy, ScopeSet};
use crate::token::Confirmation;
use crate::token::verified::Verified;
use crate::wire::answers::Answers;
use crate::wire::credentials::{Credentials, Scheme};
use crate::wire::rejection::Rejection;
use crate::wire::stream_expiry::{EndsWith, ListenMark, StreamEnd};

pub use claims::ClaimsError;
pub use ext::AuthInfoExt;
#[cfg(feature = "axum")]
pub use extract::Claims;
pub use principal::Principal;
pub(crate) use required::{answers_in, require_caller};

/// A caller whose token passed every check. Only the verifier creates one, so holding one proves
/// the verification.
///
/// With axum it is an extractor, also as `Option<AuthInfo>`, and [`Claims<T>`](struct.Claims.html)
/// gives the claims as your type. Without the layer both respond with 500.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use tower_jwt_auth::AuthInfo;
///
/// async fn handler(auth: AuthInfo) -> String {
///     format!("hello {}", auth.subject().unwrap_or(auth.client_id()))
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(handler));
/// # }
/// ```
///
/// Without axum it is in the extensions of the request. [`mcp::AuthInfoExt`](crate::mcp::AuthInfoExt)
/// reads it where a framework passes on only the parts of a request, as rmcp does.
///
/// | you want | use |
/// | --- | --- |
/// | who it is | [`subject`](Self::subject), the user; [`client_id`](Self::client_id), the program; [`issuer`](Self::issuer) |
/// | a key for what one client has started, such as a session | [`principal`](Self::principal) |
/// | a key for the data of a user | issuer and subject; [`principal`](Self::principal) shows how, and why |
/// | what the caller may do | [`has_scope`](Self::has_scope), [`scopes`](Self::scopes) |
/// | any other claim | [`claim_as`](Self::claim_as), [`claims`](Self::claims) |
/// | when the token expires | [`expires_at`](Self::expires_at) |
/// | a name for the log | [`jti`](Self::jti), [`subject`](Self::subject), [`client_id`](Self::client_id) |
/// | the token, for token exchange | [`token`](Self::token) |
/// | one for a test | [`for_tests`](#method.for_tests), with the feature `test-util`; see [`guide::testing`](crate::guide::testing) |
///
/// `Debug` hides the token and `Serialize` omits it, so that neither a log nor a response can leak
/// it. Cloning copies pointers: to the claims, and to the header with the token, whose buffer lives
/// as long as the last clone. A clone may be kept for hours: it holds no keys and no list of
/// revocations.
#[derive(Clone)]
pub struct AuthInfo {
    verified: Arc<Verified>,
    credentials: Credentials,
    /// Kept so that inner layers and handlers reject as the layer would.
    answers: Arc<Answers>,
    /// Boxed, because few requests have one.
    dpop_nonce: Option<Box<HeaderValue>>,
    /// What ends the event stream in the response to this request, if its body says that it only
    /// listens.
    if_listening: Option<EndsWith>,
}

impl AuthInfo {
    #[inline]
    pub(crate) const fn new(
        verified: Arc<Verified>,
        credentials: Credentials,
        answers: Arc<Answers>,
    ) -> Self {
        Self {
            verified,
            credentials,
            answers,
            dpop_nonce: None,
            if_listening: None,
        }
    }

    pub(crate) fn with_dpop_nonce(mut self, nonce: Option<HeaderValue>) -> Self {
        self.dpop_nonce = nonce.map(Box::new);
        self
    }

    /// The token itself. It was issued for this server alone; never pass it on to another server
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

    /// `jti`: the identifier of this token, for example for a deny list. Optional outside RFC 9068.
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.verified.jti()
    }

    /// The key that the token is bound to (RFC 7800 §3.1). The caller has proven for this request
    /// that it holds the key: a bound token without its proof never gets here. `None` for a bearer
    /// token.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use tower_jwt_auth::AuthInfo;
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({
    ///     "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
    /// }));
    /// let jkt = auth.confirmation().and_then(|confirmation| confirmation.jkt());
    /// assert_eq!(jkt, Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
    /// # }
    /// ```
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.verified.confirmation()
    }

    /// Whether the token is bound to a key: see [`confirmation`](Self::confirmation).
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.confirmation().is_some()
    }

    /// The value of the header `DPoP-Nonce` that the response should carry (RFC 9449 §8.2): the
    /// nonce of the client is good, but there is a newer one.
    ///
    /// The layer adds the header itself. You need this only with
    /// [`JwtVerifier::verify_request`](crate::JwtVerifier::verify_request), and a response with the
    /// header must not be cached.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<&HeaderValue> {
        self.dpop_nonce.as_deref()
    }

    /// `iss`, byte for byte one of the configured issuers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.verified.issuer()
    }

    /// All values of `aud`.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        self.verified.audience()
    }

    /// The scopes in `scope` and `scp`, in the token's order and without duplicates. Roles and
    /// permissions are not scopes; read them with [`claim`](Self::claim).
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

    #[inline]
    pub(crate) fn satisfies(&self, needed: &ScopeSet, hierarchy: Option<&ScopeHierarchy>) -> bool {
        let hierarchy = hierarchy.or(self.answers.resource().hierarchy.as_ref());
        let mut needed = needed.as_slice().iter();
        needed.all(|scope| self.verified.grants(scope, hierarchy))
    }

    /// The scheme with which the token came, which a challenge answers.
    pub(crate) const fn scheme(&self) -> Scheme {
        self.credentials.scheme()
    }

    pub(crate) fn insufficient_scope(&self, scopes: &ScopeSet) -> Rejection {
        self.answers.insufficient_scope(self.scheme(), scopes)
    }

    /// Counts an accepted request.
    #[inline]
    pub(crate) fn count(&self) {
        self.answers.resource().accepted.count();
    }

    /// Makes the rejections for this caller.
    pub(crate) const fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// `exp`, rounded down to a second. The leeway is not added.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        let since_epoch = Duration::from_secs(self.expires_at_seconds());
        // Both are below 2^53 seconds, which the time type of every platform can hold.
        UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH)
    }

    fn expires_at_seconds(&self) -> u64 {
        self.verified.times().exp.unix_seconds()
    }

    /// An event stream in the response to this request ends with the trust in its issuer.
    pub(crate) fn stream_end(&self) -> StreamEnd {
        StreamEnd::with_trust(self.answers.clone())
    }

    /// It ends with the token too.
    pub(crate) fn stream_end_with_token(&self, with: EndsWith) -> StreamEnd {
        self.stream_end().or_with_token(self.verified.clone(), with)
    }

    /// The event stream ends with the token if the body says that the request only listens.
    pub(crate) const fn end_streams_if_listening(&mut self, with: EndsWith) {
        self.if_listening = Some(with);
    }

    /// For a layer that reads the body: what ends the event stream, and what has to be set before
    /// the response comes. `None` if nothing depends on the body.
    pub(crate) fn stream_end_if_listening(&self) -> Option<(StreamEnd, ListenMark)> {
        let end = self.stream_end_with_token(self.if_listening?);
        let mark = ListenMark::default();
        Some((end.if_listening(mark.clone()), mark))
    }

    /// The accepted audience that `aud` contains. `None` only under `danger_allow_any_audience`,
    /// and for tokens of [`cognito`](crate::config::JwtAuthConfigBuilder::cognito) without an
    /// `aud`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.verified.matched()
    }

    /// All claims as `T`. Each call parses the whole payload.
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
        all_claims(self.verified.payload())
    }

    /// One claim by name as any JSON value, `None` when the token does not have it. Each call
    /// parses the payload; [`claim_as`](Self::claim_as) returns the type that you need directly.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        self.claim_as(name).ok()?
    }

    /// One claim by name as `T`, `None` when the token does not have it. Each call parses the
    /// payload and skips the other claims without allocating values for them.
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
        let fields = if self.is_bound() { 7 } else { 6 };
        let mut fields = serializer.serialize_struct("AuthInfo", fields)?;
        fields.serialize_field("client_id", self.client_id())?;
        fields.serialize_field("subject", &self.subject())?;
        fields.serialize_field("issuer", self.issuer())?;
        fields.serialize_field("audience", self.audience())?;
        fields.serialize_field("scopes", self.scopes())?;
        // Unix seconds, as in the token.
        fields.serialize_field("expires_at", &self.expires_at_seconds())?;
        match self.confirmation() {
            Some(confirmation) => fields.serialize_field("confirmation", confirmation)?,
            None => fields.skip_field("confirmation")?,
        }
        fields.end()
    }
}

/// Returned by `client_id()` for a token that names no client.
const UNKNOWN_CLIENT: &str = "jwt";

#[cfg(all(test, feature = "test-util"))]
mod tests;
