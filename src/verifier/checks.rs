use std::fmt;
use std::sync::Arc;

use crate::caller::AuthInfo;
use crate::token::TokenErrorKind;
use crate::wire::answers::Answers;
use crate::wire::rejection::Rejection;

/// What a [check](crate::config::JwtAuthConfigBuilder::check) of the application says against a
/// caller whose token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckError {
    /// 403 without a challenge: this caller may not come in, and no other token changes that.
    Forbidden,
    /// 401 `invalid_token`, like any other bad token: it was revoked, say, and the client should
    /// get a new one (RFC 6750 §3.1).
    InvalidToken,
}

/// Checks of the application; all of them must agree. They cannot let anything in.
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

    pub(crate) fn run(&self, auth: &AuthInfo, answers: &Answers) -> Result<(), Rejection> {
        self.0
            .iter()
            .try_for_each(|check| check(auth))
            .map_err(|error| match error {
                CheckError::Forbidden => answers.access_denied(),
                CheckError::InvalidToken => {
                    answers.invalid_token(Some(TokenErrorKind::RefusedByCheck.into()))
                }
            })
    }
}

impl fmt::Debug for CustomChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CustomChecks").field(&self.0.len()).finish()
    }
}
