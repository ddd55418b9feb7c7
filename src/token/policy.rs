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
    /// `resource` in one of these spellings, for `AuthInfo::resource` always the configured one.
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
        // RFC 8725 §3.1: the list decides, not the header.
        if !self.algorithms.contains(&header.algorithm) {
            return Err(TokenErrorKind::AlgorithmNotAllowed.into());
        }
        if !self.profile.allows_type(header.typ.as_deref()) {
            return Err(TokenErrorKind::WrongType.into());
        }
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
mod tests {
    use super::*;

    const NOW: f64 = 1_700_000_000.0;
    const ISSUER: &str = "https://idp.example.com";

    fn policy() -> ValidationPolicy {
        ValidationPolicy {
            issuer: ISSUER.into(),
            audience: AudienceRule::AnyOf(vec!["https://mcp.example/mcp".to_owned()]),
            algorithms: vec![Algorithm::ES256],
            profile: Profile::Common,
            provider: None,
            leeway: Duration::ZERO,
            max_token_age: None,
            clients_without_audience: Vec::new(),
            scope_claims: ScopeClaim::USUAL.to_vec(),
            key_proofs: KeyProofs::default(),
        }
    }

    /// The verdict on a valid token with some claims replaced (JSON text) or removed (empty).
    fn verdict(
        policy: &ValidationPolicy,
        header: &str,
        changed: &[(&str, &str)],
    ) -> Result<(), TokenErrorKind> {
        let mut claims = vec![
            ("iss", r#""https://idp.example.com""#),
            ("aud", r#""https://mcp.example/mcp""#),
            ("exp", "1700000300"),
        ];
        claims.retain(|(name, _)| !changed.iter().any(|(c, _)| c == name));
        claims.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        let json = claims
            .iter()
            .map(|(n, v)| format!("{n:?}:{v}"))
            .collect::<Vec<_>>()
            .join(",");
        let json = format!("{{{json}}}");
        let claims = Claims::parse(&json, &[]).map_err(|e| e.kind())?;
        let header = Header::parse(header).map_err(|e| e.kind())?;
        let now = NumericDate::new(NOW).unwrap();
        policy
            .check(&header, &claims, now)
            .map(drop)
            .map_err(|e| e.kind())
    }

    const HEADER: &str = r#"{"alg":"ES256"}"#;

    #[test]
    fn audience_and_issuer() {
        use TokenErrorKind::{MalformedClaims, MissingClaim, WrongAudience, WrongIssuer};
        let cases = [
            ("aud", r#""https://mcp.example/mcp""#, Ok(())),
            ("aud", r#"["https://a","https://mcp.example/mcp"]"#, Ok(())),
            ("aud", r#""http://mcp.example/mcp""#, Err(WrongAudience)),
            ("aud", r#""https://mcp.example/mcp/""#, Err(WrongAudience)),
            ("aud", r#""https://MCP.example/mcp""#, Err(WrongAudience)),
            (
                "aud",
                r#""https://mcp.example:443/mcp""#,
                Err(WrongAudience),
            ),
            // `starts_with` would accept this one, `contains` the next.
            (
                "aud",
                r#""https://mcp.example/mcp-evil""#,
                Err(WrongAudience),
            ),
            ("aud", r#""x https://mcp.example/mcp""#, Err(WrongAudience)),
            ("aud", "[]", Err(WrongAudience)),
            ("aud", r#"[""]"#, Err(WrongAudience)),
            ("aud", "null", Err(MalformedClaims)),
            ("aud", "", Err(MissingClaim)),
            ("iss", r#""https://idp.example.com""#, Ok(())),
            ("iss", r#""https://idp.example.com/""#, Err(WrongIssuer)),
            ("iss", r#""https://IDP.example.com""#, Err(WrongIssuer)),
            ("iss", r#""http://idp.example.com""#, Err(WrongIssuer)),
            ("iss", r#""https://idp.example.com.evil""#, Err(WrongIssuer)),
            ("iss", r#""https://idp.example.com@evil""#, Err(WrongIssuer)),
            (
                "iss",
                r#"["https://idp.example.com"]"#,
                Err(MalformedClaims),
            ),
            ("iss", "", Err(MissingClaim)),
        ];
        for (claim, value, want) in cases {
            assert_eq!(
                verdict(&policy(), HEADER, &[(claim, value)]),
                want,
                "{claim}: {value}"
            );
        }
    }

    #[test]
    fn times() {
        use TokenErrorKind::{
            Expired, InconsistentTimes, IssuedInTheFuture, MalformedClaims, MissingClaim,
            NotYetValid,
        };
        let exact = policy();
        let lenient = ValidationPolicy {
            leeway: Duration::from_secs(60),
            ..policy()
        };
        let cases: &[(&ValidationPolicy, &[(&str, &str)], _)] = &[
            (&exact, &[("exp", "1700000001")], Ok(())),
            (&exact, &[("exp", "1700000000")], Err(Expired)),
            (&exact, &[("exp", "1700000000.1")], Ok(())),
            (&exact, &[("exp", "1699999999.9")], Err(Expired)),
            (&exact, &[("exp", "17000000001e-1")], Ok(())),
            (&exact, &[("exp", "")], Err(MissingClaim)),
            (&exact, &[("exp", "0")], Err(Expired)),
            (&exact, &[("exp", "-0.0")], Err(Expired)),
            (&exact, &[("exp", "-1")], Err(Expired)),
            (&exact, &[("exp", "1e308")], Err(MalformedClaims)),
            (
                &exact,
                &[("exp", "9223372036854775807")],
                Err(MalformedClaims),
            ),
            (&exact, &[("exp", "9007199254740991")], Ok(())),
            (&lenient, &[("exp", "1699999941")], Ok(())),
            (&lenient, &[("exp", "1699999940")], Err(Expired)),
            (&exact, &[("nbf", "1700000000")], Ok(())),
            (&exact, &[("nbf", "1700000000.5")], Err(NotYetValid)),
            (&lenient, &[("nbf", "1700000060")], Ok(())),
            (&lenient, &[("nbf", "1700000061")], Err(NotYetValid)),
            (&exact, &[("iat", "1700000000")], Ok(())),
            (&exact, &[("iat", "1700000001")], Err(IssuedInTheFuture)),
            (&lenient, &[("iat", "1700000060")], Ok(())),
            (&lenient, &[("iat", "1700000061")], Err(IssuedInTheFuture)),
            (
                &lenient,
                &[("exp", "1700000010"), ("nbf", "1700000010")],
                Ok(()),
            ),
            (
                &lenient,
                &[("exp", "1700000010"), ("nbf", "1700000011")],
                Err(InconsistentTimes),
            ),
            (
                &lenient,
                &[("exp", "1700000010"), ("iat", "1700000011")],
                Err(InconsistentTimes),
            ),
        ];
        for (policy, changed, want) in cases {
            assert_eq!(
                verdict(policy, HEADER, changed),
                *want,
                "{changed:?}, leeway {:?}",
                policy.leeway
            );
        }
    }

    #[test]
    fn header_rules() {
        use TokenErrorKind::{AlgorithmNotAllowed, WrongType};
        let strict = ValidationPolicy {
            profile: Profile::Rfc9068,
            ..policy()
        };
        let full = [
            ("sub", r#""s""#),
            ("client_id", r#""c""#),
            ("jti", r#""j""#),
            ("iat", "1700000000"),
        ];
        let cases = [
            (r#"{"alg":"ES256"}"#, Ok(()), Err(WrongType)),
            (r#"{"alg":"ES256","typ":"JWT"}"#, Ok(()), Err(WrongType)),
            (r#"{"alg":"ES256","typ":"jwt"}"#, Ok(()), Err(WrongType)),
            (r#"{"alg":"ES256","typ":"at+jwt"}"#, Ok(()), Ok(())),
            (r#"{"alg":"ES256","typ":"AT+JWT"}"#, Ok(()), Ok(())),
            (
                r#"{"alg":"ES256","typ":"Application/at+jwt"}"#,
                Ok(()),
                Ok(()),
            ),
            (
                r#"{"alg":"ES256","typ":"application/jwt"}"#,
                Err(WrongType),
                Err(WrongType),
            ),
            (
                r#"{"alg":"ES256","typ":""}"#,
                Err(WrongType),
                Err(WrongType),
            ),
            (
                r#"{"alg":"ES256","typ":"dpop+jwt"}"#,
                Err(WrongType),
                Err(WrongType),
            ),
            (
                r#"{"alg":"ES256","typ":"logout+jwt"}"#,
                Err(WrongType),
                Err(WrongType),
            ),
            (
                r#"{"alg":"ES256","typ":"oauth-id-jag+jwt"}"#,
                Err(WrongType),
                Err(WrongType),
            ),
            (
                r#"{"alg":"ES384","typ":"at+jwt"}"#,
                Err(AlgorithmNotAllowed),
                Err(AlgorithmNotAllowed),
            ),
            (
                r#"{"alg":"HS256","typ":"at+jwt"}"#,
                Err(AlgorithmNotAllowed),
                Err(AlgorithmNotAllowed),
            ),
        ];
        for (header, common, rfc9068) in cases {
            assert_eq!(verdict(&policy(), header, &full), common, "{header}");
            assert_eq!(verdict(&strict, header, &full), rfc9068, "{header}, strict");
        }
    }

    #[test]
    fn required_by_rfc9068() {
        let strict = ValidationPolicy {
            profile: Profile::Rfc9068,
            ..policy()
        };
        let header = r#"{"alg":"ES256","typ":"at+jwt"}"#;
        let full = [
            ("sub", r#""s""#),
            ("client_id", r#""c""#),
            ("jti", r#""j""#),
            ("iat", "1700000000"),
        ];
        assert_eq!(verdict(&strict, header, &full), Ok(()));
        for (without, _) in full {
            let rest: Vec<_> = full
                .into_iter()
                .filter(|(name, _)| *name != without)
                .collect();
            assert_eq!(
                verdict(&strict, header, &rest),
                Err(TokenErrorKind::MissingClaim),
                "{without}"
            );
            assert_eq!(verdict(&policy(), header, &rest), Ok(()), "{without}");
        }
    }

    #[test]
    fn tokens_that_are_bound_to_a_key() {
        use TokenErrorKind::{BoundToKey, MalformedClaims, UnsupportedConfirmation};
        let hash = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let jkt = format!(r#"{{"jkt":"{hash}"}}"#);
        let x5t = format!(r#"{{"x5t#S256":"{hash}"}}"#);
        let both = format!(r#"{{"jkt":"{hash}","x5t#S256":"{hash}"}}"#);
        let policies = [
            KeyProofs::default(),
            KeyProofs {
                dpop: true,
                mtls: false,
            },
            KeyProofs {
                dpop: false,
                mtls: true,
            },
            KeyProofs {
                dpop: true,
                mtls: true,
            },
        ];
        let verdicts = |cnf: &str| {
            policies.map(|key_proofs| {
                let policy = ValidationPolicy {
                    key_proofs,
                    ..policy()
                };
                verdict(&policy, HEADER, &[("cnf", cnf)])
            })
        };
        let bound = Err(BoundToKey);
        assert_eq!(verdicts(&jkt), [bound, Ok(()), bound, Ok(())]);
        assert_eq!(verdicts(&x5t), [bound, bound, Ok(()), Ok(())]);
        assert_eq!(verdicts(&both), [bound, bound, bound, Ok(())]);
        // What another member means is not known, but the key is proven (W25).
        let more = format!(r#"{{"jkt":"{hash}","kc-jkt-type":1,"new":{{"a":[1]}}}}"#);
        assert_eq!(verdicts(&more), [bound, Ok(()), bound, Ok(())]);

        let unusable = [
            "null".to_owned(),
            "7".to_owned(),
            r#""text""#.to_owned(),
            format!(r#"["{hash}"]"#),
            "{}".to_owned(),
            r#"{"new":"x"}"#.to_owned(),
            r#"{"jkt":1}"#.to_owned(),
            r#"{"jkt":null}"#.to_owned(),
            r#"{"jkt":""}"#.to_owned(),
            format!(r#"{{"jkt":"{hash}="}}"#),
            // The last character has two spare bits, which must be zero.
            format!(r#"{{"jkt":"{}J"}}"#, &hash[..42]),
            format!(r#"{{"jkt":"{}"}}"#, &hash[..42]),
            format!(r#"{{"jkt":"{}"}}"#, hash.replace('-', "+")),
            // SHA-1 and SHA-512 of the same length of text do not exist.
            r#"{"jkt":"47DEQpj8HBSa-_TImW-5JCeuQeQ"}"#.to_owned(),
            format!(r#"{{"x5t#S256":"{hash}="}}"#),
            format!(r#"{{"x5t":"{hash}"}}"#),
            format!(r#"{{"x5t#S512":"{hash}"}}"#),
            r#"{"kid":"1"}"#.to_owned(),
            format!(r#"{{"jkt":"{hash}","x5t#S256":""}}"#),
        ];
        let beside = [
            "jwk", "jwe", "jku", "kid", "osc", "ckt", "x5t", "x5u", "x5c",
        ]
        .map(|name| format!(r#"{{"jkt":"{hash}","{name}":"x"}}"#));
        for cnf in unusable.iter().chain(&beside) {
            assert_eq!(verdicts(cnf), [Err(UnsupportedConfirmation); 4], "{cnf}");
        }
        for cnf in [
            format!(r#"{{"jkt":"{hash}","jkt":"{hash}"}}"#),
            format!(r#"{{"jkt":"{hash}","a":1,"a":1}}"#),
        ] {
            assert_eq!(verdicts(&cnf), [Err(MalformedClaims); 4], "{cnf}");
        }
        assert_eq!(verdict(&policy(), HEADER, &[("cnfx", "{}")]), Ok(()));
    }

    #[test]
    fn pop_p94_keycloak_names_the_type_by_the_binding() {
        let keycloak = ValidationPolicy {
            provider: Some(ProviderRule::Keycloak),
            key_proofs: KeyProofs {
                dpop: true,
                mtls: true,
            },
            ..policy()
        };
        let hash = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let jkt = format!(r#"{{"jkt":"{hash}"}}"#);
        let x5t = format!(r#"{{"x5t#S256":"{hash}"}}"#);
        let wrong = Err(TokenErrorKind::WrongType);
        let cases = [
            ("", r#""Bearer""#, Ok(())),
            ("", r#""DPoP""#, wrong),
            (&jkt, r#""DPoP""#, Ok(())),
            (&jkt, r#""Bearer""#, wrong),
            (&x5t, r#""Bearer""#, Ok(())),
            (&x5t, r#""DPoP""#, wrong),
        ];
        for (cnf, typ, want) in cases {
            let claims = [("cnf", cnf), ("typ", typ)];
            assert_eq!(verdict(&keycloak, HEADER, &claims), want, "{cnf} {typ}");
        }
    }

    #[test]
    fn any_audience_still_wants_one() {
        let any = ValidationPolicy {
            audience: AudienceRule::Any,
            ..policy()
        };
        assert_eq!(verdict(&any, HEADER, &[("aud", r#""elsewhere""#)]), Ok(()));
        assert_eq!(
            verdict(&any, HEADER, &[("aud", "")]),
            Err(TokenErrorKind::MissingClaim)
        );
        assert_eq!(
            verdict(&any, HEADER, &[("aud", "[]")]),
            Err(TokenErrorKind::WrongAudience)
        );
    }

    #[test]
    fn n86_max_token_age() {
        use TokenErrorKind::{IssuedInTheFuture, MissingClaim, TooOld};
        let hour = ValidationPolicy {
            max_token_age: Some(Duration::from_secs(3600)),
            ..policy()
        };
        let lenient = ValidationPolicy {
            leeway: Duration::from_secs(60),
            ..hour.clone()
        };
        let cases: [(&ValidationPolicy, &str, _); 9] = [
            (&hour, "1700000000", Ok(())),
            (&hour, "1699996401", Ok(())),
            (&hour, "1699996400", Err(TooOld)),
            (&hour, "1699996400.5", Ok(())),
            (&hour, "-1", Err(TooOld)),
            (&hour, "1700000001", Err(IssuedInTheFuture)),
            (&hour, "", Err(MissingClaim)),
            (&lenient, "1699996341", Ok(())),
            (&lenient, "1699996340", Err(TooOld)),
        ];
        for (policy, iat, want) in cases {
            assert_eq!(verdict(policy, HEADER, &[("iat", iat)]), want, "{iat}");
        }
        assert_eq!(verdict(&policy(), HEADER, &[("iat", "-1")]), Ok(()));
    }

    #[test]
    fn cognito_access_tokens() {
        use TokenErrorKind::{MissingClaim, WrongAudience, WrongClient, WrongType};
        let cognito = ValidationPolicy {
            clients_without_audience: vec!["app-1".to_owned(), "app-2".to_owned()],
            provider: Some(ProviderRule::Cognito {
                client_ids: vec!["app-1".to_owned(), "app-2".to_owned()],
            }),
            ..policy()
        };
        let good = [
            ("aud", ""),
            ("client_id", r#""app-2""#),
            ("token_use", r#""access""#),
        ];
        let cases = [
            ("client_id", r#""app-1""#, Ok(())),
            ("client_id", r#""app-3""#, Err(WrongClient)),
            ("client_id", r#""app-""#, Err(WrongClient)),
            ("client_id", "", Err(MissingClaim)),
            ("token_use", r#""id""#, Err(WrongType)),
            ("token_use", r#""Access""#, Err(WrongType)),
            ("token_use", "", Err(MissingClaim)),
            ("token_use", "true", Err(MissingClaim)),
            // A token with `aud` is valid only for the resource that `aud` names.
            ("aud", r#""https://mcp.example/mcp""#, Ok(())),
            ("aud", r#""https://other.example""#, Err(WrongAudience)),
            ("aud", "[]", Err(WrongAudience)),
        ];
        assert_eq!(verdict(&cognito, HEADER, &good), Ok(()));
        assert_eq!(verdict(&policy(), HEADER, &good), Err(MissingClaim));
        for (claim, value, want) in cases {
            let changed = good.map(|(name, old)| (name, if name == claim { value } else { old }));
            assert_eq!(
                verdict(&cognito, HEADER, &changed),
                want,
                "{claim}: {value}"
            );
        }
    }

    #[test]
    fn field_f05_tokens_without_audience() {
        use TokenErrorKind::{MissingClaim, WrongAudience};
        let listed = ValidationPolicy {
            clients_without_audience: vec!["c1".to_owned(), "c2".to_owned()],
            ..policy()
        };
        let cases: [(&[(&str, &str)], _); 15] = [
            (&[("aud", ""), ("client_id", r#""c1""#)], Ok(())),
            (&[("aud", ""), ("azp", r#""c1""#)], Ok(())),
            (&[("aud", ""), ("cid", r#""c2""#)], Ok(())),
            (&[("aud", ""), ("appid", r#""c2""#)], Ok(())),
            (
                &[("aud", ""), ("azp", r#""c1""#), ("client_id", r#""c2""#)],
                Ok(()),
            ),
            (
                &[("aud", ""), ("azp", r#""c1""#), ("client_id", r#""other""#)],
                Err(MissingClaim),
            ),
            (
                &[("aud", ""), ("azp", r#""other""#), ("client_id", r#""c1""#)],
                Err(MissingClaim),
            ),
            // An origin is no client, and says nothing.
            (
                &[
                    ("aud", ""),
                    ("azp", r#""https://app.example""#),
                    ("client_id", r#""c1""#),
                ],
                Ok(()),
            ),
            (&[("aud", ""), ("client_id", r#""C1""#)], Err(MissingClaim)),
            (&[("aud", ""), ("client_id", r#""c""#)], Err(MissingClaim)),
            (
                &[("aud", ""), ("client_id", r#"["c1"]"#)],
                Err(MissingClaim),
            ),
            (&[("aud", ""), ("sub", r#""c1""#)], Err(MissingClaim)),
            (&[("aud", "")], Err(MissingClaim)),
            // A token with an audience must name this server, whoever its client is.
            (
                &[("aud", r#""https://other""#), ("client_id", r#""c1""#)],
                Err(WrongAudience),
            ),
            (
                &[("aud", "[]"), ("client_id", r#""c1""#)],
                Err(WrongAudience),
            ),
        ];
        for (changed, want) in cases {
            assert_eq!(verdict(&listed, HEADER, changed), want, "{changed:?}");
        }
        let good = [("aud", ""), ("client_id", r#""c1""#)];
        assert_eq!(verdict(&policy(), HEADER, &good), Err(MissingClaim));
    }

    #[test]
    fn keycloak_access_tokens() {
        use TokenErrorKind::{MissingClaim, WrongType};
        let keycloak = ValidationPolicy {
            provider: Some(ProviderRule::Keycloak),
            ..policy()
        };
        let cases = [
            (r#""Bearer""#, Ok(())),
            (r#""bearer""#, Err(WrongType)),
            (r#""ID""#, Err(WrongType)),
            (r#""Refresh""#, Err(WrongType)),
            (r#""Logout""#, Err(WrongType)),
            (r#"["Bearer"]"#, Err(MissingClaim)),
            ("", Err(MissingClaim)),
        ];
        for (typ, want) in cases {
            assert_eq!(verdict(&keycloak, HEADER, &[("typ", typ)]), want, "{typ}");
            assert_eq!(verdict(&policy(), HEADER, &[("typ", typ)]), Ok(()), "{typ}");
        }
    }
}
