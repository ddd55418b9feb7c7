use std::fmt;
use std::sync::Arc;

use crate::caller::AuthInfo;
use crate::token::TokenErrorKind;
use crate::wire::answers::Answers;
use crate::wire::rejection::Rejection;

/// The reason why a [check](crate::config::JwtAuthConfigBuilder::check) of the application rejects
/// a caller whose token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckError {
    /// 403 without a challenge: this caller has no access, and another token would not change that.
    Forbidden,
    /// 401 `invalid_token`, as for any invalid token: for example, it was revoked, and the client
    /// should get a new one (RFC 6750 §3.1).
    InvalidToken,
}

/// Checks of the application. All of them must pass; they can only reject, never admit.
#[derive(Clone, Default)]
pub(crate) struct CustomChecks(Vec<Arc<Check>>);

type Check = dyn Fn(&AuthInfo) -> Result<(), CheckError> + Send + Sync;

impl CustomChecks {
    pub(crate) fn add(
        &mut self,
        check: impl Fn(&AuthInfo) -> Result<(), CheckError> + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(check));
    }

    #[inline]
    pub(crate) fn run(&self, auth: &AuthInfo, answers: &Answers) -> Result<(), Rejection> {
        self.0
            .iter()
            .try_for_each(|check| check(auth))
            .map_err(|error| match error {
                CheckError::Forbidden => answers.access_denied(),
                CheckError::InvalidToken => answers
                    .invalid_token(auth.scheme(), Some(TokenErrorKind::RefusedByCheck.into())),
            })
    }
}

impl fmt::Debug for CustomChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CustomChecks").field(&self.0.len()).finish()
    }
}
