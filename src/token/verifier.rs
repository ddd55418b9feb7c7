use super::algorithm::Algorithm;
use super::claims::Claims;
use super::compact::Compact;
use super::error::{TokenError, TokenErrorKind};
use super::header::Header;
use super::policy::ValidationPolicy;
use crate::auth_info::{AuthInfo, Verified};
use crate::jwks::{KeyMiss, KeySet};
use crate::numeric_date::NumericDate;

/// A token whose segments decode (steps 1 and 2). Owns what [`Parsed`] borrows from.
#[derive(Debug)]
pub(crate) struct Unverified<'t> {
    token: &'t str,
    compact: Compact<'t>,
}

impl<'t> Unverified<'t> {
    pub(crate) fn split(token: &'t str) -> Result<Self, TokenError> {
        Ok(Self {
            token,
            compact: Compact::split(token)?,
        })
    }

    /// Steps 3 and 4.
    pub(crate) fn parse(&self) -> Result<Parsed<'_>, TokenError> {
        let header = Header::parse(&self.compact.header)?;
        let algorithm = header.algorithm()?;
        let payload = std::str::from_utf8(&self.compact.payload)
            .map_err(|_| TokenErrorKind::MalformedClaims)?;
        let claims = Claims::parse(payload)?;
        Ok(Parsed {
            token: self.token,
            compact: &self.compact,
            header,
            algorithm,
            payload,
            claims,
        })
    }
}

/// A token that could be read (steps 1 to 4). Nothing in it is believed yet.
#[derive(Debug)]
pub(crate) struct Parsed<'u> {
    token: &'u str,
    compact: &'u Compact<'u>,
    header: Header<'u>,
    algorithm: Algorithm,
    payload: &'u str,
    claims: Claims<'u>,
}

impl<'u> Parsed<'u> {
    /// Chooses the policy and the keys; [`check`](Self::check) then compares it again.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// Steps 5 to 8.
    pub(crate) fn check<'p>(
        self,
        policy: &'p ValidationPolicy,
        now: NumericDate,
    ) -> Result<Checked<'u, 'p>, TokenError> {
        let audience = policy.check(&self.header, self.algorithm, &self.claims, now)?;
        Ok(Checked {
            parsed: self,
            policy,
            audience,
        })
    }
}

/// A token that passed everything but its signature (steps 1 to 8). Only one of these may ask for
/// fresh keys.
#[derive(Debug)]
pub(crate) struct Checked<'u, 'p> {
    parsed: Parsed<'u>,
    policy: &'p ValidationPolicy,
    audience: Option<&'p str>,
}

impl Checked<'_, '_> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.parsed.header.kid.as_deref()
    }

    /// Steps 9 and 10; the only place that makes an [`AuthInfo`].
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<AuthInfo, TokenError> {
        let Parsed {
            token,
            compact,
            algorithm,
            payload,
            claims,
            ..
        } = &self.parsed;
        let signed = compact.signing_input.as_bytes();
        keys.verify(self.kid(), *algorithm, signed, &compact.signature)
            .map_err(key_error)?;
        Ok(AuthInfo::assertion(Verified {
            token: (*token).into(),
            payload: (*payload).into(),
            issuer: self.policy.issuer.clone(),
            matched: self.audience.map(Into::into),
            resource: self.policy.resource.clone(),
            audience: claims.audience(),
            client_id: claims.client().into(),
            expires_at: claims.exp.ok_or(TokenErrorKind::MissingClaim)?,
            scopes: claims.scopes(),
            subject: claims.sub.as_deref().map(Into::into),
        }))
    }
}

const fn key_error(miss: KeyMiss) -> TokenError {
    TokenError::new(match miss {
        KeyMiss::Ambiguous => TokenErrorKind::AmbiguousKey,
        KeyMiss::BadSignature => TokenErrorKind::BadSignature,
        KeyMiss::NoFit => TokenErrorKind::KeyMismatch,
        KeyMiss::UnknownKid => TokenErrorKind::UnknownKey,
    })
}

/// Steps 1, 2, 3, 9 and 10 alone, for test vectors whose payloads are no claims.
#[cfg(feature = "test-util")]
pub(crate) fn verify_jws(token: &str, keys: &KeySet) -> Result<Vec<u8>, TokenError> {
    let compact = Compact::split(token)?;
    let header = Header::parse(&compact.header)?;
    let signed = compact.signing_input.as_bytes();
    keys.verify(
        header.kid.as_deref(),
        header.algorithm()?,
        signed,
        &compact.signature,
    )
    .map_err(key_error)?;
    Ok(compact.payload)
}

/// Steps 9 and 10 alone, for test vectors that are no tokens.
#[cfg(feature = "test-util")]
pub(crate) fn verify_raw(
    keys: &KeySet,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), TokenError> {
    keys.verify(None, algorithm, message, signature)
        .map_err(key_error)
}

/// What [`Checked::verify`] would say of these claims, without a token.
#[cfg(feature = "test-util")]
pub(crate) fn auth_info_of_claims(json: &str) -> Result<AuthInfo, TokenError> {
    let claims = Claims::parse(json)?;
    let audience = claims.audience();
    Ok(AuthInfo::assertion(Verified {
        token: "".into(),
        payload: json.into(),
        issuer: claims
            .iss
            .as_deref()
            .ok_or(TokenErrorKind::MissingClaim)?
            .into(),
        matched: audience.first().map(|aud| aud.as_str().into()),
        resource: Default::default(),
        client_id: claims.client().into(),
        expires_at: claims.exp.ok_or(TokenErrorKind::MissingClaim)?,
        scopes: claims.scopes(),
        subject: claims.sub.as_deref().map(Into::into),
        audience,
    }))
}
