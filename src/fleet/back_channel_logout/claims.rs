//! What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4). Nothing in it is trusted
//! before its signature is verified.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::MapAccess;

use crate::base::numeric_date::NumericDate;
use crate::limits::MAX_LOGOUT_AGE;
use crate::token::json::{JsonError, Members, Text, Value, read_object};
use crate::token::json_values::{OneOrMany, RawObject};

/// The claims that are read. Their types are checked, their values are not.
#[derive(Default)]
pub(super) struct LogoutClaims<'a> {
    aud: OneOrMany<'a>,
    events: Option<&'a str>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    pub(super) iss: Option<Cow<'a, str>>,
    nbf: Option<NumericDate>,
    has_nonce: bool,
    pub(super) sid: Option<Cow<'a, str>>,
    pub(super) sub: Option<Cow<'a, str>>,
}

impl<'a> LogoutClaims<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, JsonError> {
        let mut claims = Self::default();
        read_object(json, &mut claims)?;
        Ok(claims)
    }

    /// What needs neither an issuer nor the time. The error says what is wrong.
    pub(super) fn check(&self, clients: &[String]) -> Result<(), &'static str> {
        let is_ours = |aud: &Cow<'_, str>| clients.iter().any(|client| *client == **aud);
        if !self.aud.as_slice().iter().any(is_ours) {
            return Err("aud names no client of this endpoint");
        }
        if self.has_nonce {
            return Err("nonce is not allowed in a logout token");
        }
        let mut names = [&self.sub, &self.sid].into_iter().flatten().peekable();
        if names.peek().is_none() {
            return Err("neither sub nor sid is there");
        }
        if names.any(|name| name.is_empty()) {
            return Err("sub or sid is empty");
        }
        let mut event = LogoutEvent::default();
        let events = self.events.map(|events| read_object(events, &mut event));
        match events {
            Some(Ok(())) if event.is_there => Ok(()),
            _ => Err("events has no object for the logout event"),
        }
    }

    /// The time of the logout.
    pub(super) fn time(
        &self,
        now: NumericDate,
        leeway: Duration,
    ) -> Result<NumericDate, &'static str> {
        let iat = self.iat.ok_or("iat is missing")?;
        if iat.since(now) > leeway {
            return Err("iat is in the future: it is a time in seconds");
        }
        if self.nbf.is_some_and(|nbf| nbf.since(now) > leeway) {
            return Err("nbf is in the future");
        }
        match self.exp {
            Some(exp) if exp.plus(leeway) <= now => Err("exp has passed"),
            None if now.since(iat) > MAX_LOGOUT_AGE.saturating_add(leeway) => {
                Err("iat is too old for a token without exp")
            }
            _ => Ok(iat),
        }
    }
}

impl<'a> Members<'a> for LogoutClaims<'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        match name {
            "aud" => self.aud = value.read("aud")?,
            "events" => self.events = Some(value.read::<RawObject<'a>>("events")?.0),
            "exp" => self.exp = Some(value.read("exp")?),
            "iat" => self.iat = Some(value.read("iat")?),
            "iss" => self.iss = Some(value.read::<Text<'a>>("iss")?.0),
            "nbf" => self.nbf = Some(value.read("nbf")?),
            "nonce" => {
                self.has_nonce = true;
                value.skip()?;
            }
            "sid" => self.sid = Some(value.read::<Text<'a>>("sid")?.0),
            "sub" => self.sub = Some(value.read::<Text<'a>>("sub")?.0),
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// The members of `events`. Other events are passed over.
#[derive(Default)]
struct LogoutEvent {
    is_there: bool,
}

impl<'a> Members<'a> for LogoutEvent {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        if name != LOGOUT_EVENT {
            return value.skip();
        }
        let RawObject(_) = value.read("events")?;
        self.is_there = true;
        Ok(())
    }
}

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
