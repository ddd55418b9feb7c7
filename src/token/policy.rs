use std::sync::Arc;
use std::time::Duration;

use super::claims::{Claims, ScopeClaim};
use super::cnf::Cnf;
use super::confirmation::Confirmation;
use super::error::{TokenError, TokenErrorKind};
use super::header::{Header, without_application};
use crate::base::numeric_date::{NumericDate, TokenTimes};
use crate::crypto::Algorithm;

/// The rules for the tokens of one issuer. All of them are checked before a key is looked up.
#[derive(Clone, Debug)]
pub(crate) struct ValidationPolicy {
    pub(crate) issuer: Arc<str>,
    pub(crate) audience: AudienceRule,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) profile: Profile,
    pub(crate) provider: Option<ProviderRule>,
    pub(crate) leeway: Duration,
    pub(crate) max_token_age: Option<Duration>,
    /// Clients whose tokens may lack `aud`.
    pub(crate) clients_without_audience: Vec<String>,
    /// The claims that hold scopes.
    pub(crate) scope_claims: Vec<ScopeClaim>,
    pub(crate) key_proofs: KeyProofs,
}

/// The ways in which a caller can prove here that it holds the key of its token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyProofs {
    pub(crate) dpop: bool,
    pub(crate) mtls: bool,
}

impl KeyProofs {
    /// RFC 9449 §7.2, RFC 8705 §3: without proof of possession, the token may be a stolen one. The
    /// proof itself is checked for each request, by `proof`.
    pub(super) fn check(self, cnf: &Cnf) -> Result<(), TokenError> {
        match cnf {
            Cnf::Absent => Ok(()),
            Cnf::Unusable => Err(TokenErrorKind::UnsupportedConfirmation.into()),
            Cnf::Bound(Confirmation { jkt, x5t_s256 }) => {
                let is_provable = (self.dpop || jkt.is_none()) && (self.mtls || x5t_s256.is_none());
                match is_provable {
                    true => Ok(()),
                    false => Err(TokenErrorKind::BoundToKey.into()),
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum AudienceRule {
    /// `danger_allow_any_audience`: the claim must still be present.
    Any,
    AnyOf(Vec<String>),
    /// `resource` in one of these spellings. `AuthInfo::resource` returns the configured one.
    Resource {
        resource: String,
        spellings: Vec<String>,
    },
}

impl AudienceRule {
    /// The values of `aud` that are accepted, for the log.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &str> {
        let accepted = match self {
            Self::Any => &[],
            Self::AnyOf(ours) => ours.as_slice(),
            Self::Resource { spellings, .. } => spellings,
        };
        accepted.iter().map(String::as_str)
    }
}

/// Which members a token must carry beyond `iss`, `aud` and `exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// No others: identity providers often omit them in practice.
    Common,
    /// All members that RFC 9068 §2.2 requires.
    Rfc9068,
}

/// Distinguishes the access tokens of one provider from its other tokens where `aud` and `typ` do
/// not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderRule {
    /// Its access tokens carry no `aud` unless the client requested a resource.
    Cognito { client_ids: Vec<String> },
    /// It puts the kind of each token into the claim `typ`.
    Keycloak,
}

impl ValidationPolicy {
    /// Returns the accepted audience as it is configured, for `AuthInfo::resource`.
    pub(super) fn check<'p>(
        &'p self,
        header: &Header<'_>,
        claims: &Claims<'_>,
        now: NumericDate,
    ) -> Result<Option<&'p str>, TokenError> {
        self.check_header(header)?;
        claims.check_events()?;
        self.check_issuer(claims)?;
        let resource = self.check_audience(claims)?;
        self.check_times(&claims.times()?, now)?;
        self.check_profile(claims)?;
        self.check_provider(claims)?;
        if claims.has_malformed_scopes(&self.scope_claims) {
            return Err(TokenError::at(
                TokenErrorKind::MalformedClaims,
                Some("scope_claims"),
            ));
        }
        self.key_proofs.check(&claims.cnf)?;
        Ok(resource)
    }

    pub(super) fn check_header(&self, header: &Header<'_>) -> Result<(), TokenError> {
        // RFC 8725 §3.1: the list decides, not the header.
        if !self.algorithms.contains(&header.algorithm) {
            return Err(TokenErrorKind::AlgorithmNotAllowed.into());
        }
        match self.profile.allows_type(header.typ.as_deref()) {
            true => Ok(()),
            false => Err(TokenErrorKind::WrongType.into()),
        }
    }

    /// RFC 8414 §2 and RFC 9068 §4: `iss` must equal the configured issuer, without normalisation.
    pub(super) fn check_issuer(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        match &claims.iss {
            None => Err(missing("iss")),
            Some(iss) if **iss == *self.issuer => Ok(()),
            Some(_) => Err(TokenErrorKind::WrongIssuer.into()),
        }
    }

    /// RFC 7519 §4.1.3, RFC 8707 §2: `aud` is compared byte for byte; a prefix or another spelling
    /// is a different audience.
    pub(super) fn check_audience(&self, claims: &Claims<'_>) -> Result<Option<&str>, TokenError> {
        let Some(aud) = &claims.aud else {
            return self.check_client_without_audience(claims).map(|()| None);
        };
        let aud = aud.as_slice();
        let is_named = |own: &&String| aud.iter().any(|theirs| *theirs == own.as_str());
        let named = match &self.audience {
            AudienceRule::Any => {
                return match aud.is_empty() {
                    true => Err(TokenErrorKind::WrongAudience.into()),
                    false => Ok(None),
                };
            }
            AudienceRule::AnyOf(ours) => ours.iter().find(is_named),
            AudienceRule::Resource {
                resource,
                spellings,
            } => spellings.iter().find(is_named).map(|_| resource),
        };
        let named = named.ok_or(TokenErrorKind::WrongAudience)?;
        Ok(Some(named))
    }

    /// A token without `aud` passes if its client is listed. If `azp` and `client_id` differ, both
    /// must be: either may be the one that the issuer means.
    fn check_client_without_audience(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        let is_listed = |client: &str| {
            self.clients_without_audience
                .iter()
                .any(|ours| ours == client)
        };
        let is_cognito = matches!(self.provider, Some(ProviderRule::Cognito { .. }));
        match claims.client() {
            None if is_cognito => Err(missing("client_id")),
            Some(client) if is_listed(client) && claims.every_client_is(is_listed) => Ok(()),
            Some(_) if is_cognito => Err(TokenErrorKind::WrongClient.into()),
            _ => Err(missing("aud")),
        }
    }

    /// All checks that depend on the clock. A cached token must pass them again each time it is
    /// used.
    pub(crate) fn check_times(
        &self,
        times: &TokenTimes,
        now: NumericDate,
    ) -> Result<(), TokenError> {
        let TokenTimes { exp, iat, nbf } = *times;
        // RFC 7519 §4.1.4: "on or after" is expired.
        if now >= self.expired_from(times) {
            return Err(TokenErrorKind::Expired.into());
        }
        let latest_start = now.plus(self.leeway);
        if nbf.is_some_and(|nbf| latest_start < nbf) {
            return Err(TokenErrorKind::NotYetValid.into());
        }
        if iat.is_some_and(|iat| latest_start < iat) {
            return Err(TokenErrorKind::IssuedInTheFuture.into());
        }
        // This can happen only within the leeway; such a token was never valid.
        if [nbf, iat].into_iter().flatten().any(|start| exp < start) {
            return Err(TokenErrorKind::InconsistentTimes.into());
        }
        if self.max_token_age.is_some() && iat.is_none() {
            return Err(missing("iat"));
        }
        match self.too_old_from(times) {
            Some(too_old) if now >= too_old => Err(TokenErrorKind::TooOld.into()),
            _ => Ok(()),
        }
    }

    /// The time from which [`check_times`](Self::check_times) no longer accepts the token.
    pub(super) fn not_after(&self, times: &TokenTimes) -> NumericDate {
        let expired = self.expired_from(times);
        let too_old = self.too_old_from(times);
        too_old
            .filter(|too_old| *too_old < expired)
            .unwrap_or(expired)
    }

    fn expired_from(&self, times: &TokenTimes) -> NumericDate {
        times.exp.plus(self.leeway)
    }

    fn too_old_from(&self, times: &TokenTimes) -> Option<NumericDate> {
        let (age, iat) = self.max_token_age.zip(times.iat)?;
        Some(iat.plus(age).plus(self.leeway))
    }

    fn check_profile(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        if self.profile == Profile::Common {
            return Ok(());
        }
        // RFC 9068 §2.2
        let required = [
            ("client_id", claims.client_id.is_some()),
            ("iat", claims.iat.is_some()),
            ("jti", claims.jti.is_some()),
            ("sub", claims.sub.is_some()),
        ];
        match required.into_iter().find(|(_, present)| !present) {
            Some((name, _)) => Err(missing(name)),
            None => Ok(()),
        }
    }

    fn check_provider(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        let (claim, value, wanted) = match &self.provider {
            None => return Ok(()),
            Some(ProviderRule::Cognito { client_ids }) => {
                let client = claims.client_id.as_deref().ok_or(missing("client_id"))?;
                if !client_ids.iter().any(|ours| ours == client) {
                    return Err(TokenErrorKind::WrongClient.into());
                }
                ("token_use", &claims.token_use, "access")
            }
            Some(ProviderRule::Keycloak) => {
                // Keycloak names the type by how the token may be used.
                let has_jkt = |cnf: &Confirmation| cnf.jkt.is_some();
                let wanted = match claims.cnf.confirmation().is_some_and(has_jkt) {
                    true => "DPoP",
                    false => "Bearer",
                };
                ("typ", &claims.typ, wanted)
            }
        };
        match value.as_deref() {
            Some(value) if value == wanted => Ok(()),
            Some(_) => Err(TokenError::at(TokenErrorKind::WrongType, Some(claim))),
            None => Err(missing(claim)),
        }
    }
}

impl Profile {
    /// The values of `typ` that are accepted, for the log.
    pub(crate) const fn types(self) -> &'static [&'static str] {
        match self {
            Self::Common => &["JWT", "at+jwt"],
            Self::Rfc9068 => &["at+jwt"],
        }
    }

    /// RFC 8725 §3.11: a logout token, an id-jag or a DPoP proof must not pass for an access token.
    fn allows_type(self, typ: Option<&str>) -> bool {
        match typ {
            None => self == Self::Common,
            Some(typ) if typ.eq_ignore_ascii_case("JWT") => self == Self::Common,
            // RFC 9068 §4
            Some(typ) => without_application(typ).eq_ignore_ascii_case("at+jwt"),
        }
    }
}

pub(super) const fn missing(claim: &'static str) -> TokenError {
    TokenError::at(TokenErrorKind::MissingClaim, Some(claim))
}

#[cfg(test)]
mod tests;
