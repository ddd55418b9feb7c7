//! The answer of an introspection endpoint (RFC 7662 §2.2), read as strictly as the claims of a JWT
//! and judged by the same policy.
//!
//! The checks run in this order:
//!
//! 1. one JSON object, no repeated member, within the limits; `active` is a boolean: otherwise the
//!    endpoint is at fault, which says nothing about the token
//! 2. `active` is true
//! 3. the types of the other members; `null` counts as absent where the claims of a JWT forbid it
//! 4. `iss` if present, and `aud`
//! 5. `exp`, `nbf` and `iat` where present, and the age of the token if it is limited
//! 6. no `events`, which only security event tokens have; `token_type`, `token_use` and `typ` where
//!    present, because the issuer calls refresh tokens and ID tokens active too
//! 7. `cnf`, as in a JWT

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::MapAccess;

use super::claims::{Claims, Reader};
use super::confirmation::Confirmation;
use super::error::{TokenError, TokenErrorKind};
use super::json::{JsonError, Members, Text, Value, read_object_of};
use super::json_values::{MaybeOneOrMany, MaybeText, OrNull};
use super::policy::ValidationPolicy;
use super::read_options::ReadOptions;
use super::verified::Verified;
use crate::base::numeric_date::{NumericDate, TokenTimes};
use crate::base::scopes::ScopeSet;
use crate::limits::MAX_INTROSPECTION_VALUES;

/// How the answers about the tokens of one issuer are judged.
#[derive(Clone, Debug)]
pub(crate) struct AnswerRules {
    pub(crate) policy: ValidationPolicy,
    pub(crate) options: Arc<ReadOptions>,
    /// `danger_allow_missing_audience`.
    pub(crate) allow_missing_audience: bool,
    /// The time for which an answer without `exp` counts.
    pub(crate) max_age: Duration,
}

/// A token that its issuer calls active and that is meant for this server.
#[derive(Clone, Debug)]
pub(crate) struct Vouched {
    pub(crate) verified: Arc<Verified>,
    /// For a comparison with the clock at each use. Without `exp` in the answer, it is
    /// [`NumericDate::FAR_FUTURE`].
    pub(crate) times: TokenTimes,
}

/// Why an answer admits no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerError {
    /// The endpoint is at fault: nothing is known about the token.
    Fault(AnswerFault),
    /// The token is not active, or not for this server.
    Refused(TokenError),
}

/// What is wrong with an answer. The text contains no bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerFault {
    NoActive,
    NotAnObject,
    /// This member is a number, and too large for a time.
    OutOfRange(&'static str),
    TooManyValues,
    /// This member has a wrong type.
    WrongType(&'static str),
}

/// Judges `json`. `jwt` is the token itself if it is a JWT that was verified here: a member that
/// the answer lacks is taken from the JWT, and the answer can only restrict the JWT.
pub(crate) fn judge(
    json: String,
    rules: &AnswerRules,
    jwt: Option<&Verified>,
    now: NumericDate,
) -> Result<Vouched, AnswerError> {
    if !is_active(&json)? {
        return Err(TokenErrorKind::NotActive.into());
    }
    let mut answer = Answer::parse(&json, &rules.options.scope_claims)?;
    answer.check_scopes(&rules.policy)?;
    answer.check_issuer(&rules.policy)?;
    let resource = answer.check_audience(rules, jwt)?;
    let times = answer.times(jwt);
    rules.policy.check_times(&times, now)?;
    let confirmation = answer.check_confirmation(&rules.policy, jwt)?;
    answer.check_kind(confirmation.as_ref())?;
    let not_after = rules.policy.not_after(&times);
    let verified = match jwt {
        Some(jwt) => {
            let granted = answer.has_scopes.then(|| answer.scopes(&rules.policy));
            jwt.narrowed(granted.as_ref(), confirmation, not_after)
        }
        None => {
            let claims = &mut answer.claims;
            // Without `exp` the issuer vouches anew each time.
            claims.exp.get_or_insert(now.plus(rules.max_age));
            claims
                .iss
                .get_or_insert(Cow::Borrowed(&*rules.policy.issuer));
            let spans = claims.spans(&json, resource, &rules.policy.scope_claims)?;
            Verified::assertion(json, spans, not_after)
        }
    };
    let verified = Arc::new(verified);
    Ok(Vouched { verified, times })
}

/// Reads `active`, which decides whether the other members are read.
fn is_active(json: &str) -> Result<bool, AnswerError> {
    #[derive(Default)]
    struct Active(Option<bool>);

    impl<'a> Members<'a> for Active {
        fn member<D: MapAccess<'a>>(
            &mut self,
            name: &str,
            value: Value<'_, D>,
        ) -> Result<(), D::Error> {
            match name {
                "active" => self.0 = Some(value.read("active")?),
                _ => value.skip()?,
            }
            Ok(())
        }
    }

    let mut active = Active::default();
    let read = read_object_of(json, MAX_INTROSPECTION_VALUES, &mut active);
    match (read, active.0) {
        (Ok(()), Some(active)) => Ok(active),
        (Ok(()), None) | (Err(JsonError::Malformed(Some(_)) | JsonError::OutOfRange(_)), _) => {
            Err(AnswerFault::NoActive.into())
        }
        (Err(JsonError::Malformed(None)), _) => Err(AnswerFault::NotAnObject.into()),
        (Err(JsonError::TooMuch), _) => Err(AnswerFault::TooManyValues.into()),
    }
}

/// The members of an answer "active".
struct Answer<'a> {
    claims: Claims<'a>,
    /// The inner `None` stands for a value that is not a string.
    token_type: Option<Option<Cow<'a, str>>>,
    /// Whether a member holds scopes, even none.
    has_scopes: bool,
}

impl<'a> Answer<'a> {
    fn parse(json: &'a str, scope_claims: &[String]) -> Result<Self, AnswerError> {
        let claims = Claims::default();
        let mut reader = AnswerReader {
            reader: Reader {
                claims,
                scope_claims,
            },
            token_type: None,
            has_scopes: false,
        };
        match read_object_of(json, MAX_INTROSPECTION_VALUES, &mut reader) {
            Ok(()) => Ok(Self {
                claims: reader.reader.claims,
                token_type: reader.token_type,
                has_scopes: reader.has_scopes,
            }),
            // Whoever issues a token decides whom it is for and must say so in the right form.
            Err(JsonError::Malformed(Some(member @ ("aud" | "cnf" | "iss")))) => {
                let kind = TokenErrorKind::MalformedClaims;
                Err(TokenError::at(kind, Some(member)).into())
            }
            Err(JsonError::Malformed(Some(member))) => Err(AnswerFault::WrongType(member).into()),
            Err(JsonError::Malformed(None)) => Err(AnswerFault::NotAnObject.into()),
            Err(JsonError::OutOfRange(member)) => Err(AnswerFault::OutOfRange(member).into()),
            Err(JsonError::TooMuch) => Err(AnswerFault::TooManyValues.into()),
        }
    }

    fn check_scopes(&self, policy: &ValidationPolicy) -> Result<(), AnswerError> {
        match self.claims.has_malformed_scopes(&policy.scope_claims) {
            true => Err(AnswerFault::WrongType("scope_claims").into()),
            false => Ok(()),
        }
    }

    fn check_issuer(&self, policy: &ValidationPolicy) -> Result<(), TokenError> {
        match self.claims.iss {
            None => Ok(()),
            Some(_) => policy.check_issuer(&self.claims),
        }
    }

    /// RFC 7662 §2.2 makes `aud` optional. Without it, a token that the user gave to another
    /// service of the issuer would work here.
    fn check_audience<'p>(
        &self,
        rules: &'p AnswerRules,
        jwt: Option<&Verified>,
    ) -> Result<Option<&'p str>, TokenError> {
        let may_be_absent = rules.allow_missing_audience || jwt.is_some();
        match self.claims.aud {
            None if may_be_absent => Ok(None),
            _ => rules.policy.check_audience(&self.claims),
        }
    }

    fn times(&self, jwt: Option<&Verified>) -> TokenTimes {
        let of_jwt = jwt.map(Verified::times);
        let exp = self.claims.exp.or(of_jwt.map(|times| times.exp));
        TokenTimes {
            exp: exp.unwrap_or(NumericDate::FAR_FUTURE),
            iat: self.claims.iat.or_else(|| of_jwt?.iat),
            nbf: self.claims.nbf.or_else(|| of_jwt?.nbf),
        }
    }

    /// The key that the caller must prove: the answer and the JWT may each name one.
    fn check_confirmation(
        &self,
        policy: &ValidationPolicy,
        jwt: Option<&Verified>,
    ) -> Result<Option<Confirmation>, TokenError> {
        policy.key_proofs.check(&self.claims.cnf)?;
        let here = self.claims.cnf.confirmation();
        match (here, jwt.and_then(Verified::confirmation)) {
            (None, other) | (other, None) => Ok(other.cloned()),
            (Some(one), Some(other)) => {
                let both = one.combined_with(other);
                let error = TokenErrorKind::UnsupportedConfirmation;
                both.map(Some).ok_or_else(|| error.into())
            }
        }
    }

    fn check_kind(&self, confirmation: Option<&Confirmation>) -> Result<(), TokenError> {
        self.claims.check_events()?;
        let wrong = |member| Err(TokenError::at(TokenErrorKind::WrongType, Some(member)));
        let is = |text: &str, names: &[&str]| names.iter().any(|it| it.eq_ignore_ascii_case(text));
        let is_proven = confirmation.is_some_and(|confirmation| confirmation.jkt.is_some());
        match self.token_type.as_ref().map(Option::as_deref) {
            None => {}
            // RFC 9449 §6.2: such a token is bound to a key.
            Some(Some(text)) if is(text, &["DPoP"]) && is_proven => {}
            Some(Some(text)) if is(text, &["Bearer", "access_token"]) => {}
            Some(_) => return wrong("token_type"),
        }
        let Claims { token_use, typ, .. } = &self.claims;
        for (member, kind) in [("token_use", token_use), ("typ", typ)] {
            if kind.as_deref().is_some_and(|kind| is(kind, &OTHER_TOKENS)) {
                return wrong(member);
            }
        }
        Ok(())
    }

    fn scopes(&self, policy: &ValidationPolicy) -> ScopeSet {
        self.claims.scopes(&policy.scope_claims).collect()
    }
}

/// Fills the members from their JSON. Most of them are read as in a JWT.
struct AnswerReader<'n, 'a> {
    reader: Reader<'n, 'a>,
    token_type: Option<Option<Cow<'a, str>>>,
    has_scopes: bool,
}

impl<'a> Members<'a> for AnswerReader<'_, 'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        let claims = &mut self.reader.claims;
        match name {
            "iss" => claims.iss = text(value, "iss")?,
            "jti" => claims.jti = text(value, "jti")?,
            "sub" => claims.sub = text(value, "sub")?,
            "token_type" => {
                let OrNull(kind) = value.read::<OrNull<MaybeText<'a>>>("token_type")?;
                self.token_type = kind.map(|MaybeText(text)| text);
            }
            "scope" => {
                if let OrNull(Some(scopes)) = value.read("scope")? {
                    (claims.scope, self.has_scopes) = (scopes, true);
                }
            }
            "scp" => {
                if let OrNull(Some(scopes)) = value.read("scp")? {
                    (claims.scp, self.has_scopes) = (scopes, true);
                }
            }
            _ => {
                let mut names = self.reader.scope_claims.iter();
                let Some(index) = names.position(|other| other == name) else {
                    return self.reader.member(name, value);
                };
                if let OrNull(Some(MaybeOneOrMany(scopes))) = value.read("scope_claims")? {
                    claims.other_scopes.push((index, scopes));
                    self.has_scopes = true;
                }
            }
        }
        Ok(())
    }
}

fn text<'a, D: MapAccess<'a>>(
    value: Value<'_, D>,
    name: &'static str,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    let OrNull(text) = value.read::<OrNull<Text<'a>>>(name)?;
    Ok(text.map(|Text(text)| text))
}

impl From<AnswerFault> for AnswerError {
    fn from(fault: AnswerFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<TokenError> for AnswerError {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl From<TokenErrorKind> for AnswerError {
    fn from(kind: TokenErrorKind) -> Self {
        Self::Refused(kind.into())
    }
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoActive => f.write_str("active is no boolean, or is absent"),
            Self::NotAnObject => f.write_str("it is not one JSON object, or repeats a member"),
            Self::OutOfRange(member) => write!(f, "{member} is out of range"),
            Self::TooManyValues => f.write_str("it has more members or values than are read"),
            Self::WrongType(member) => write!(f, "{member} has a wrong type"),
        }
    }
}

/// What providers call the tokens that are not access tokens.
const OTHER_TOKENS: [&str; 6] = [
    "ID",
    "id_token",
    "Logout",
    "Offline",
    "Refresh",
    "refresh_token",
];

#[cfg(all(test, feature = "test-util"))]
mod tests;
