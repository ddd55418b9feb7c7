use std::borrow::Cow;

use serde::de::MapAccess;

use super::cnf::Cnf;
use super::confirmation::Confirmation;
use super::error::{TokenError, TokenErrorKind};
use super::json::{Members, Text, Value, read_object};
use super::json_values::{MaybeOneOrMany, MaybeText, OneOrMany};
use crate::base::numeric_date::{NumericDate, TokenTimes};
use crate::token::verified::{ClaimSpans, Span};

/// The claims that this crate reads (RFC 7519 §4.1, RFC 9068 §2.2). Their types are already
/// checked, their values are not.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(super) aud: Option<OneOrMany<'a>>,
    pub(super) cnf: Cnf,
    /// Whether the token has the claim `events` (RFC 8417 §2.2), whatever it holds.
    pub(super) has_events: bool,
    pub(super) exp: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
    pub(super) iss: Option<Cow<'a, str>>,
    pub(super) jti: Option<Cow<'a, str>>,
    pub(super) nbf: Option<NumericDate>,
    #[cfg(feature = "redis")]
    sid: Option<Cow<'a, str>>,
    pub(super) sub: Option<Cow<'a, str>>,
    pub(super) token_use: Option<Cow<'a, str>>,
    pub(super) typ: Option<Cow<'a, str>>,
    appid: Option<Cow<'a, str>>,
    azp: Option<Cow<'a, str>>,
    cid: Option<Cow<'a, str>>,
    pub(super) client_id: Option<Cow<'a, str>>,
    pub(super) scope: OneOrMany<'a>,
    pub(super) scp: OneOrMany<'a>,
    /// Other claims that hold scopes: the index of the name in the list that was passed to `parse`,
    /// and the scopes, or `None` for a value of another type.
    pub(super) other_scopes: Vec<(usize, Option<OneOrMany<'a>>)>,
}

/// A claim that holds scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeClaim {
    /// RFC 9068 §2.2.3
    Scope,
    /// Of Okta and Entra ID.
    Scp,
    /// The index of its name in [`ReadOptions::scope_claims`](super::ReadOptions).
    Other(usize),
}

impl ScopeClaim {
    /// The claims that hold scopes unless configured.
    pub(crate) const USUAL: [Self; 2] = [Self::Scope, Self::Scp];
}

impl<'a> Claims<'a> {
    /// `scope_claims` are the names of claims that hold scopes, besides `scope` and `scp`.
    pub(super) fn parse(json: &'a str, scope_claims: &[String]) -> Result<Self, TokenError> {
        let claims = Self::default();
        let mut reader = Reader {
            claims,
            scope_claims,
        };
        read_object(json, &mut reader)
            .map_err(|error| error.of(TokenErrorKind::MalformedClaims))?;
        Ok(reader.claims)
    }

    /// RFC 8725 §3.12: many issuers sign logout tokens with the same keys and without a `typ` of
    /// their own. Only the claim `events` tells them from access tokens.
    pub(super) fn check_events(&self) -> Result<(), TokenError> {
        match self.has_events {
            true => Err(TokenErrorKind::SecurityEvent.into()),
            false => Ok(()),
        }
    }

    /// The client that the token was issued to. Providers use different claims for it, so this is
    /// the first one that is not empty. Never `sub` or `aud`, which identify other parties.
    pub(super) fn client(&self) -> Option<&Cow<'a, str>> {
        // Clerk puts the browser's origin into `azp`, and an origin does not identify a client.
        let azp = self.azp.as_ref().filter(|azp| !is_web_origin(azp));
        let named = [
            azp,
            self.client_id.as_ref(),
            self.cid.as_ref(),
            self.appid.as_ref(),
        ];
        named.into_iter().flatten().find(|id| !id.is_empty())
    }

    /// Whether each of `azp` and `client_id` that the token has satisfies `is_listed`. An `azp`
    /// that is an origin does not count.
    pub(super) fn every_client_is(&self, is_listed: impl Fn(&str) -> bool) -> bool {
        let azp = self.azp.as_ref().filter(|azp| !is_web_origin(azp));
        let named = [azp, self.client_id.as_ref()].into_iter().flatten();
        named.filter(|id| !id.is_empty()).all(|id| is_listed(id))
    }

    pub(super) fn confirmation(&self) -> Option<&Confirmation> {
        self.cnf.confirmation()
    }

    pub(super) fn audience(&self) -> &[Cow<'a, str>] {
        self.aud.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// The claims that `AuthInfo` exposes, as byte ranges of `payload`, from which these claims
    /// were parsed. `resource` is the accepted audience, as it is configured.
    pub(super) fn spans(
        &self,
        payload: &str,
        resource: Option<&str>,
        scope_claims: &[ScopeClaim],
    ) -> Result<ClaimSpans, TokenError> {
        let place = |text: &Cow<'a, str>| Span::of(text, payload);
        let missing = TokenError::at(TokenErrorKind::MissingClaim, Some("iss"));
        // Where the token spells it in the same way, its own text is kept.
        let same = |resource: &str| {
            let same = self.audience().iter().find(|text| **text == resource);
            same.map_or_else(|| Span::Copy(resource.into()), place)
        };
        Ok(ClaimSpans {
            audience: self.audience().iter().map(place).collect(),
            client: self.client().map(place),
            confirmation: self.confirmation().cloned().map(Box::new),
            jti: self.jti.as_ref().map(place),
            issuer: self.iss.as_ref().map(place).ok_or(missing)?,
            matched: resource.map(same),
            scopes: self.scopes(scope_claims).map(place).collect(),
            #[cfg(feature = "redis")]
            sid: self.sid.as_ref().map(place),
            subject: self.sub.as_ref().map(place),
            times: self.times()?,
        })
    }

    pub(super) fn times(&self) -> Result<TokenTimes, TokenError> {
        let missing = TokenError::at(TokenErrorKind::MissingClaim, Some("exp"));
        Ok(TokenTimes {
            exp: self.exp.ok_or(missing)?,
            iat: self.iat,
            nbf: self.nbf,
        })
    }

    pub(super) fn scopes<'c>(
        &'c self,
        scope_claims: &'c [ScopeClaim],
    ) -> impl Iterator<Item = &'c Cow<'a, str>> {
        scope_claims.iter().flat_map(|claim| {
            let (texts, is_of_names) = match claim {
                ScopeClaim::Scope => (self.scope.as_slice(), false),
                ScopeClaim::Scp => (self.scp.as_slice(), false),
                ScopeClaim::Other(wanted) => {
                    let mut others = self.other_scopes.iter();
                    match others.find(|(index, _)| index == wanted) {
                        Some((_, Some(scopes))) => {
                            (scopes.as_slice(), matches!(scopes, OneOrMany::Many(_)))
                        }
                        _ => (&[][..], false),
                    }
                }
            };
            // A role or group whose name has a space is not a list of scopes.
            let is_scope = move |text: &&Cow<'a, str>| !is_of_names || !text.contains(' ');
            texts.iter().filter(is_scope)
        })
    }

    /// Whether one of these claims holds something other than scopes.
    pub(super) fn has_malformed_scopes(&self, scope_claims: &[ScopeClaim]) -> bool {
        let malformed = self
            .other_scopes
            .iter()
            .filter(|(_, scopes)| scopes.is_none());
        malformed
            .into_iter()
            .any(|(index, _)| scope_claims.contains(&ScopeClaim::Other(*index)))
    }
}

/// Fills the claims from their JSON.
pub(super) struct Reader<'n, 'a> {
    pub(super) claims: Claims<'a>,
    pub(super) scope_claims: &'n [String],
}

impl<'a> Members<'a> for Reader<'_, 'a> {
    fn member<D: MapAccess<'a>>(
        &mut self,
        name: &str,
        value: Value<'_, D>,
    ) -> Result<(), D::Error> {
        let claims = &mut self.claims;
        match name {
            "appid" => claims.appid = value.read::<MaybeText<'a>>("appid")?.0,
            "aud" => claims.aud = Some(value.read("aud")?),
            "azp" => claims.azp = value.read::<MaybeText<'a>>("azp")?.0,
            "cid" => claims.cid = value.read::<MaybeText<'a>>("cid")?.0,
            "client_id" => claims.client_id = value.read::<MaybeText<'a>>("client_id")?.0,
            "cnf" => claims.cnf = value.read("cnf")?,
            "events" => {
                claims.has_events = true;
                value.skip()?;
            }
            "exp" => claims.exp = Some(value.read("exp")?),
            "iat" => claims.iat = Some(value.read("iat")?),
            "iss" => claims.iss = Some(value.read::<Text<'a>>("iss")?.0),
            "jti" => claims.jti = Some(value.read::<Text<'a>>("jti")?.0),
            "nbf" => claims.nbf = Some(value.read("nbf")?),
            "scope" => claims.scope = value.read("scope")?,
            "scp" => claims.scp = value.read("scp")?,
            // A value that is not a string is no error: `sid` decides only which revocations name
            // the token.
            #[cfg(feature = "redis")]
            "sid" => claims.sid = value.read::<MaybeText<'a>>("sid")?.0,
            "sub" => claims.sub = Some(value.read::<Text<'a>>("sub")?.0),
            "token_use" => claims.token_use = value.read::<MaybeText<'a>>("token_use")?.0,
            "typ" => claims.typ = value.read::<MaybeText<'a>>("typ")?.0,
            _ => match self.scope_claims.iter().position(|other| other == name) {
                None => value.skip()?,
                Some(index) => {
                    let MaybeOneOrMany(scopes) = value.read("scope_claims")?;
                    claims.other_scopes.push((index, scopes));
                }
            },
        }
        Ok(())
    }
}

/// Whether `text` is a scheme and an authority and nothing more (RFC 6454 §6.2).
fn is_web_origin(text: &str) -> bool {
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#']))
}

#[cfg(test)]
mod tests;
