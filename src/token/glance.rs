//! A first glance at large claims, before their signature is verified.
//!
//! It reads the first kibibyte: most issuers put `iss`, `aud` and the times there. What it finds
//! can refuse the token, or name its issuer. What it does not find says nothing, and nor does a
//! fault. A glance accepts nothing: only [`HeaderRead::parse`](super::stages::HeaderRead::parse)
//! reads claims that count, and it refuses every token that a glance refuses.

use std::borrow::Cow;
use std::mem;

use serde::de::MapAccess;

use super::claims::Claims;
use super::compact::{Compact, StartBuffer};
use super::error::{TokenError, TokenErrorKind};
use super::header::Header;
use super::json::{Members, Text, Value, read_object};
use super::policy::ValidationPolicy;
use crate::base::numeric_date::{NumericDate, TokenTimes};

/// What the start of large claims says.
#[derive(Debug, Default)]
pub(crate) struct Glance<'a> {
    /// The members that were found. They never leave this type: a check that could accept a token
    /// would take any other claim for absent.
    found: Claims<'a>,
    is_repeated: bool,
}

impl<'a> Glance<'a> {
    pub(crate) fn at(compact: Compact<'_>, buffer: &'a mut StartBuffer) -> Self {
        Self::of(compact.start_of_claims(buffer))
    }

    /// `start` ends in the middle of an object, behind a comma.
    fn of(start: &'a str) -> Self {
        let mut glance = Self::default();
        // It always fails, at the end if not before.
        let _ = read_object(start, &mut glance);
        match glance.is_repeated {
            // No member that is repeated is believed.
            true => Self::default(),
            false => glance,
        }
    }

    /// The issuer, if it was found.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.found.iss.as_deref()
    }

    /// Steps 5 to 7 for what was found. All of them follow once more when the claims are read.
    pub(super) fn check(
        &self,
        header: &Header<'_>,
        policy: &ValidationPolicy,
        now: NumericDate,
    ) -> Result<(), TokenError> {
        let Self { found, .. } = self;
        policy.check_header(header)?;
        found.check_events()?;
        if found.iss.is_some() {
            policy.check_issuer(found)?;
        }
        if found.aud.is_some() {
            policy.check_audience(found)?;
        }
        let Some(exp) = found.exp else {
            return Ok(());
        };
        let (iat, nbf) = (found.iat, found.nbf);
        match policy.check_times(&TokenTimes { exp, iat, nbf }, now) {
            // An `iat` may follow.
            Err(error) if error.kind() == TokenErrorKind::MissingClaim => Ok(()),
            checked => checked,
        }
    }
}

impl<'a> Members<'a> for Glance<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        let Self { found, is_repeated } = self;
        *is_repeated |= match name {
            "aud" => found.aud.replace(value.read("aud")?).is_some(),
            "events" => {
                value.skip()?;
                mem::replace(&mut found.has_events, true)
            }
            "exp" => found.exp.replace(value.read("exp")?).is_some(),
            "iat" => found.iat.replace(value.read("iat")?).is_some(),
            "iss" => {
                let Text(issuer) = value.read("iss")?;
                found.iss.replace(issuer).is_some()
            }
            "nbf" => found.nbf.replace(value.read("nbf")?).is_some(),
            _ => {
                value.skip()?;
                false
            }
        };
        Ok(())
    }
}

/// The `iss` of a token that nobody has verified: it says only whom to ask. Large claims are not
/// read if their start names an issuer for which `is_asked` returns `false`.
pub(crate) fn claimed_issuer(
    compact: Compact<'_>,
    is_asked: impl FnOnce(&str) -> bool,
) -> Option<String> {
    if compact.has_large_claims() {
        let mut start = StartBuffer::new();
        let glance = Glance::at(compact, &mut start);
        if glance.issuer().is_some_and(|issuer| !is_asked(issuer)) {
            return None;
        }
    }
    let json = compact.claims().ok()?;
    let claims = Claims::parse(&json, &[]).ok()?;
    claims.iss.map(Cow::into_owned)
}

#[cfg(test)]
mod tests;
