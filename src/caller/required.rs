use std::sync::Arc;

use http::Extensions;

use crate::base::scopes::ScopeSet;
use crate::caller::AuthInfo;
use crate::telemetry;
use crate::wire::answers::Answers;
use crate::wire::rejection::Rejection;

/// The verified caller, or the rejection if there is none: the request has no token, or the layer
/// is missing. `who_asks` names the code that needs the caller, in the event for the operator.
pub(crate) fn require_caller<'e>(
    extensions: &'e Extensions,
    who_asks: &str,
) -> Result<&'e AuthInfo, Rejection> {
    extensions
        .get::<AuthInfo>()
        .ok_or_else(|| match answers_in(extensions) {
            Some(answers) => answers.missing_token(),
            None => {
                telemetry::layer_missing(who_asks);
                Rejection::layer_missing()
            }
        })
}

/// The `Answers` for this request; `None` without the layer.
pub(crate) fn answers_in(extensions: &Extensions) -> Option<&Arc<Answers>> {
    let auth = extensions.get::<AuthInfo>();
    auth.map(AuthInfo::answers).or_else(|| extensions.get())
}

// Here rather than next to the type, because `wire` must not depend on `AuthInfo`.
impl Rejection {
    /// 403 with a challenge that names the scopes that the operation needs, for a handler that
    /// finds that `auth` lacks one of them (RFC 6750 §3.1).
    ///
    /// Clients then ask their user for these scopes and try again ("step-up"). Like the challenges
    /// of the layer, this one also lists the scopes that every operation needs. The rejection is
    /// counted and logged when it is made.
    ///
    /// ```
    /// # #[cfg(feature = "test-util")] {
    /// use tower_jwt_auth::{AuthInfo, Rejection};
    ///
    /// fn delete_note(auth: &AuthInfo) -> Result<(), Rejection> {
    ///     match auth.has_scope("notes:delete") {
    ///         true => Ok(()),
    ///         false => Err(Rejection::insufficient_scope(auth, ["notes:delete"])),
    ///     }
    /// }
    ///
    /// let auth = AuthInfo::for_tests(serde_json::json!({"scope": "notes:read"}));
    /// let rejection = delete_note(&auth).unwrap_err();
    /// assert_eq!(rejection.status(), 403);
    /// # }
    /// ```
    #[must_use]
    pub fn insufficient_scope<S: AsRef<str>>(
        auth: &AuthInfo,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        let rejection = auth
            .answers()
            .insufficient_scope(auth.scheme(), &ScopeSet::required(scopes));
        rejection.report();
        rejection
    }
}
